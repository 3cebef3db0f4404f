-- A trigram index for `co` (https://www.sqlite.org/fts5.html#the_trigram_tokenizer): for each three
-- adjacent characters of a fold key, the numbers of users. It has no content and no columns, because
-- conditions on the rows of the users found decide. Fold keys need no folding.

CREATE VIRTUAL TABLE "users_trigrams" USING fts5 (
    "name", "email", "subject",
    tokenize = 'trigram case_sensitive 1', content = '', columnsize = 0, detail = 'none'
);
INSERT INTO "users_trigrams" (rowid, "name", "email", "subject")
SELECT "number", "name_f", "email_f", "subject_f" FROM "users" ORDER BY "number";

CREATE TRIGGER "users_trigrams_insert" AFTER INSERT ON "users" BEGIN
    INSERT INTO "users_trigrams" (rowid, "name", "email", "subject")
    VALUES (NEW."number", NEW."name_f", NEW."email_f", NEW."subject_f");
END;
-- A table without content is told what it contained.
CREATE TRIGGER "users_trigrams_delete" AFTER DELETE ON "users" BEGIN
    INSERT INTO "users_trigrams" ("users_trigrams", rowid, "name", "email", "subject")
    VALUES ('delete', OLD."number", OLD."name_f", OLD."email_f", OLD."subject_f");
END;
CREATE TRIGGER "users_trigrams_update" AFTER UPDATE OF "number", "name_f", "email_f", "subject_f" ON "users"
WHEN OLD."number" <> NEW."number" OR OLD."name_f" <> NEW."name_f"
    OR OLD."email_f" IS NOT NEW."email_f" OR OLD."subject_f" <> NEW."subject_f"
BEGIN
    INSERT INTO "users_trigrams" ("users_trigrams", rowid, "name", "email", "subject")
    VALUES ('delete', OLD."number", OLD."name_f", OLD."email_f", OLD."subject_f");
    INSERT INTO "users_trigrams" (rowid, "name", "email", "subject")
    VALUES (NEW."number", NEW."name_f", NEW."email_f", NEW."subject_f");
END;
