-- The numbers of users of each tenant, and of those who are not deleted, which triggers maintain.

CREATE TABLE "user_counts" (
    "tenant" INTEGER PRIMARY KEY,
    "users" INTEGER NOT NULL,
    "live" INTEGER NOT NULL
);
INSERT INTO "user_counts" ("tenant", "users", "live")
SELECT "tenant", COUNT(*), COUNT(*) FILTER (WHERE "status" <> 'deleted') FROM "users" GROUP BY "tenant";

CREATE TRIGGER "users_count_insert" AFTER INSERT ON "users" BEGIN
    INSERT INTO "user_counts" ("tenant", "users", "live") VALUES (NEW."tenant", 1, NEW."status" <> 'deleted')
    ON CONFLICT ("tenant") DO UPDATE SET "users" = "users" + 1, "live" = "live" + excluded."live";
END;
CREATE TRIGGER "users_count_delete" AFTER DELETE ON "users" BEGIN
    UPDATE "user_counts" SET "users" = "users" - 1, "live" = "live" - (OLD."status" <> 'deleted')
    WHERE "tenant" = OLD."tenant";
    DELETE FROM "user_counts" WHERE "tenant" = OLD."tenant" AND "users" = 0;
END;
CREATE TRIGGER "users_count_update" AFTER UPDATE OF "status" ON "users"
WHEN (OLD."status" = 'deleted') <> (NEW."status" = 'deleted')
BEGIN
    UPDATE "user_counts" SET "live" = "live" + (NEW."status" <> 'deleted') - (OLD."status" <> 'deleted')
    WHERE "tenant" = NEW."tenant";
END;
