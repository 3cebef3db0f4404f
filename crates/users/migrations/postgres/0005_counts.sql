-- The numbers of users of each tenant, and of those who are not deleted, which triggers maintain. A
-- number is the sum of eight rows, so that concurrent transactions seldom wait for one another. A row
-- can be negative.

CREATE TABLE "user_counts" (
    "users" bigint NOT NULL,
    "live" bigint NOT NULL,
    "tenant" integer NOT NULL,
    "slot" integer NOT NULL,
    PRIMARY KEY ("tenant", "slot")
) WITH (fillfactor = 50);
INSERT INTO "user_counts" ("tenant", "slot", "users", "live")
SELECT "tenant", 0, COUNT(*), COUNT(*) FILTER (WHERE "status" <> 'deleted') FROM "users" GROUP BY "tenant";

-- With the privileges of the owner, so that a role that changes users needs none on the counts.
CREATE FUNCTION "add_user_counts" (integer, bigint, bigint) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    INSERT INTO "user_counts" AS c ("tenant", "slot", "users", "live")
    VALUES ($1, pg_backend_pid() % 8, $2, $3)
    ON CONFLICT ("tenant", "slot") DO UPDATE
    SET "users" = c."users" + EXCLUDED."users", "live" = c."live" + EXCLUDED."live";
$$;
REVOKE EXECUTE ON FUNCTION "add_user_counts" (integer, bigint, bigint) FROM PUBLIC;
CREATE FUNCTION "count_users_insert" () RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM "add_user_counts"("tenant", COUNT(*), COUNT(*) FILTER (WHERE "status" <> 'deleted'))
    FROM "inserted" GROUP BY "tenant" ORDER BY "tenant";
    RETURN NULL;
END $$;
CREATE FUNCTION "count_users_delete" () RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM "add_user_counts"("tenant", -COUNT(*), -COUNT(*) FILTER (WHERE "status" <> 'deleted'))
    FROM "removed" GROUP BY "tenant" ORDER BY "tenant";
    DELETE FROM "user_counts" AS c USING "removed" AS r
    WHERE c."tenant" = r."tenant" AND c."slot" = pg_backend_pid() % 8 AND c."users" = 0 AND c."live" = 0;
    RETURN NULL;
END $$;
CREATE FUNCTION "count_users_update" () RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM "add_user_counts"(NEW."tenant", 0, CASE WHEN NEW."status" = 'deleted' THEN -1 ELSE 1 END);
    RETURN NULL;
END $$;
CREATE TRIGGER "users_count_insert" AFTER INSERT ON "users" REFERENCING NEW TABLE AS "inserted"
    FOR EACH STATEMENT EXECUTE FUNCTION "count_users_insert"();
CREATE TRIGGER "users_count_delete" AFTER DELETE ON "users" REFERENCING OLD TABLE AS "removed"
    FOR EACH STATEMENT EXECUTE FUNCTION "count_users_delete"();
CREATE TRIGGER "users_count_update" AFTER UPDATE OF "status" ON "users"
    FOR EACH ROW WHEN ((OLD."status" = 'deleted') <> (NEW."status" = 'deleted'))
    EXECUTE FUNCTION "count_users_update"();

-- Roles that can read the users can read their number.
DO $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('GRANT SELECT ON "user_counts" TO %s',
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
        FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.oid = 'users'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
    LOOP
        EXECUTE command;
    END LOOP;
END $$;
