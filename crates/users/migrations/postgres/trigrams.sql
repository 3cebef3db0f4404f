-- Indexes for `co`. Not a migration: the store also works without the extension pg_trgm.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX IF NOT EXISTS "users_name_trigrams" ON "users" USING gin ("name_f" gin_trgm_ops);
CREATE INDEX IF NOT EXISTS "users_email_trigrams" ON "users" USING gin ("email_f" gin_trgm_ops);
CREATE INDEX IF NOT EXISTS "users_subject_trigrams" ON "users" USING gin ("subject_f" gin_trgm_ops);
