-- Tenants and users have numbers, which keys and indexes repeat instead of ids: `tenants.number` and
-- `users.number`. The documents of `memberships` are arrays instead of objects:
-- [[role, ...], [[id, name, provider type, [role, ...]], ...], [scope, ...]], where a role is
-- [id, name, type, level].
--
-- The first column of every index is the tenant. A subject is unique among the users of a tenant who
-- are not deleted.

CREATE TABLE "new_tenants" (
    "number" INTEGER PRIMARY KEY,
    "tenant_id" TEXT NOT NULL UNIQUE,
    "version" INTEGER NOT NULL
);
INSERT INTO "new_tenants" ("tenant_id", "version")
SELECT a."tenant_id", COALESCE(t."version", 0)
FROM (
    SELECT "tenant_id" FROM "users" UNION SELECT "tenant_id" FROM "roles"
    UNION SELECT "tenant_id" FROM "groups" UNION SELECT "tenant_id" FROM "tenants"
) AS a LEFT JOIN "tenants" AS t ON t."tenant_id" = a."tenant_id"
ORDER BY a."tenant_id";

CREATE TABLE "new_users" (
    "number" INTEGER PRIMARY KEY,
    "tenant" INTEGER NOT NULL REFERENCES "new_tenants" ("number"),
    "id" TEXT NOT NULL,
    "id_f" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "subject_f" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "name_f" TEXT NOT NULL,
    "email" TEXT,
    "email_f" TEXT,
    "email_sort" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "client_id" TEXT,
    "client_id_f" TEXT,
    "client_id_sort" TEXT NOT NULL,
    "picture" TEXT,
    "locale" TEXT,
    "zoneinfo" TEXT,
    "preferred_locale" TEXT,
    "preferred_zoneinfo" TEXT,
    "created_at" INTEGER NOT NULL,
    "last_updated_at" INTEGER NOT NULL,
    "invite_expiry" INTEGER,
    "invite_expiry_sort" TEXT NOT NULL,
    "memberships" TEXT,
    UNIQUE ("tenant", "id")
);
INSERT INTO "new_users" (
    "tenant", "id", "id_f", "subject", "subject_f", "name", "name_f", "email", "email_f", "email_sort",
    "status", "client_id", "client_id_f", "client_id_sort", "picture", "locale", "zoneinfo",
    "preferred_locale", "preferred_zoneinfo", "created_at", "last_updated_at", "invite_expiry",
    "invite_expiry_sort", "memberships"
)
SELECT t."number", u."id", u."id_f", u."subject", u."subject_f", u."name", u."name_f", u."email",
    u."email_f", u."email_sort", u."status", u."client_id", u."client_id_f", u."client_id_sort",
    u."picture", u."locale", u."zoneinfo", u."preferred_locale", u."preferred_zoneinfo",
    u."created_at", u."last_updated_at", u."invite_expiry", u."invite_expiry_sort",
    CASE WHEN u."memberships" IS NOT NULL THEN json_array(
        json((
            SELECT json_group_array(json_array(r.value ->> 'id', r.value ->> 'name', r.value ->> 'type', r.value ->> 'level') ORDER BY r.key)
            FROM json_each(u."memberships", '$.roles') AS r
        )),
        json((
            SELECT json_group_array(json_array(g.value ->> 'id', g.value ->> 'name', g.value ->> 'providerType', json((
                SELECT json_group_array(json_array(r.value ->> 'id', r.value ->> 'name', r.value ->> 'type', r.value ->> 'level') ORDER BY r.key)
                FROM json_each(g.value, '$.assignedRoles') AS r
            ))) ORDER BY g.key)
            FROM json_each(u."memberships", '$.groups') AS g
        )),
        json(u."memberships" -> 'scopes')
    ) END
FROM "users" AS u JOIN "new_tenants" AS t ON t."tenant_id" = u."tenant_id"
ORDER BY u."tenant_id", u."id";

CREATE TABLE "new_user_roles" (
    "user_number" INTEGER NOT NULL REFERENCES "new_users" ("number") ON DELETE CASCADE,
    "tenant" INTEGER NOT NULL,
    "idx" INTEGER NOT NULL,
    "role_id_f" TEXT NOT NULL,
    "name_f" TEXT NOT NULL,
    PRIMARY KEY ("user_number", "idx")
) WITHOUT ROWID;
INSERT INTO "new_user_roles"
SELECT u."number", u."tenant", e."idx", e."role_id_f", e."name_f"
FROM "user_roles" AS e JOIN "new_tenants" AS t ON t."tenant_id" = e."tenant_id"
JOIN "new_users" AS u ON u."tenant" = t."number" AND u."id" = e."user_id";

CREATE TABLE "new_user_groups" (
    "user_number" INTEGER NOT NULL REFERENCES "new_users" ("number") ON DELETE CASCADE,
    "tenant" INTEGER NOT NULL,
    "idx" INTEGER NOT NULL,
    "group_id_f" TEXT NOT NULL,
    PRIMARY KEY ("user_number", "idx")
) WITHOUT ROWID;
INSERT INTO "new_user_groups"
SELECT u."number", u."tenant", e."idx", e."group_id_f"
FROM "user_groups" AS e JOIN "new_tenants" AS t ON t."tenant_id" = e."tenant_id"
JOIN "new_users" AS u ON u."tenant" = t."number" AND u."id" = e."user_id";

CREATE TABLE "new_user_group_roles" (
    "user_number" INTEGER NOT NULL REFERENCES "new_users" ("number") ON DELETE CASCADE,
    "tenant" INTEGER NOT NULL,
    "idx" INTEGER NOT NULL,
    "name_f" TEXT NOT NULL,
    PRIMARY KEY ("user_number", "idx")
) WITHOUT ROWID;
INSERT INTO "new_user_group_roles"
SELECT u."number", u."tenant", e."idx", e."name_f"
FROM "user_group_roles" AS e JOIN "new_tenants" AS t ON t."tenant_id" = e."tenant_id"
JOIN "new_users" AS u ON u."tenant" = t."number" AND u."id" = e."user_id";

CREATE TABLE "new_user_scopes" (
    "user_number" INTEGER NOT NULL REFERENCES "new_users" ("number") ON DELETE CASCADE,
    "tenant" INTEGER NOT NULL,
    "idx" INTEGER NOT NULL,
    "scope_f" TEXT NOT NULL,
    PRIMARY KEY ("user_number", "idx")
) WITHOUT ROWID;
INSERT INTO "new_user_scopes"
SELECT u."number", u."tenant", e."idx", e."scope_f"
FROM "user_scopes" AS e JOIN "new_tenants" AS t ON t."tenant_id" = e."tenant_id"
JOIN "new_users" AS u ON u."tenant" = t."number" AND u."id" = e."user_id";

CREATE TABLE "new_roles" (
    "tenant" INTEGER NOT NULL REFERENCES "new_tenants" ("number"),
    "id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    PRIMARY KEY ("tenant", "id")
) WITHOUT ROWID;
INSERT INTO "new_roles"
SELECT t."number", e."id", e."idx", e."name", e."kind", e."level"
FROM "roles" AS e JOIN "new_tenants" AS t ON t."tenant_id" = e."tenant_id";

CREATE TABLE "new_groups" (
    "tenant" INTEGER NOT NULL REFERENCES "new_tenants" ("number"),
    "id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "provider_type" TEXT,
    PRIMARY KEY ("tenant", "id")
) WITHOUT ROWID;
INSERT INTO "new_groups"
SELECT t."number", e."id", e."idx", e."name", e."provider_type"
FROM "groups" AS e JOIN "new_tenants" AS t ON t."tenant_id" = e."tenant_id";

CREATE TABLE "new_group_roles" (
    "tenant" INTEGER NOT NULL,
    "group_id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "role_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    PRIMARY KEY ("tenant", "group_id", "idx"),
    FOREIGN KEY ("tenant", "group_id") REFERENCES "new_groups" ("tenant", "id") ON DELETE CASCADE
) WITHOUT ROWID;
INSERT INTO "new_group_roles"
SELECT t."number", e."group_id", e."idx", e."role_id", e."name", e."kind", e."level"
FROM "group_roles" AS e JOIN "new_tenants" AS t ON t."tenant_id" = e."tenant_id";

DROP TABLE "user_roles";
DROP TABLE "user_groups";
DROP TABLE "user_group_roles";
DROP TABLE "user_scopes";
DROP TABLE "group_roles";
DROP TABLE "groups";
DROP TABLE "roles";
DROP TABLE "users";
DROP TABLE "tenants";
-- Foreign keys follow the new names.
ALTER TABLE "new_tenants" RENAME TO "tenants";
ALTER TABLE "new_users" RENAME TO "users";
ALTER TABLE "new_user_roles" RENAME TO "user_roles";
ALTER TABLE "new_user_groups" RENAME TO "user_groups";
ALTER TABLE "new_user_group_roles" RENAME TO "user_group_roles";
ALTER TABLE "new_user_scopes" RENAME TO "user_scopes";
ALTER TABLE "new_roles" RENAME TO "roles";
ALTER TABLE "new_groups" RENAME TO "groups";
ALTER TABLE "new_group_roles" RENAME TO "group_roles";

CREATE UNIQUE INDEX "users_live_subject" ON "users" ("tenant", "subject") WHERE "status" <> 'deleted';
CREATE INDEX "users_id_f" ON "users" ("tenant", "id_f", "id");
CREATE INDEX "users_subject_f" ON "users" ("tenant", "subject_f", "id");
CREATE INDEX "users_name_f" ON "users" ("tenant", "name_f", "id");
CREATE INDEX "users_status" ON "users" ("tenant", "status", "id");
CREATE INDEX "users_email_f" ON "users" ("tenant", "email_f");
CREATE INDEX "users_client_id_f" ON "users" ("tenant", "client_id_f");
CREATE INDEX "users_email_sort" ON "users" ("tenant", "email_sort", "id");
CREATE INDEX "users_client_id_sort" ON "users" ("tenant", "client_id_sort", "id");
CREATE INDEX "users_created_at" ON "users" ("tenant", "created_at", "id");
CREATE INDEX "users_invite_expiry_sort" ON "users" ("tenant", "invite_expiry_sort", "id");
CREATE INDEX "user_roles_role_id_f" ON "user_roles" ("tenant", "role_id_f", "user_number");
CREATE INDEX "user_roles_name_f" ON "user_roles" ("tenant", "name_f", "user_number");
CREATE INDEX "user_groups_group_id_f" ON "user_groups" ("tenant", "group_id_f", "user_number");
CREATE INDEX "user_group_roles_name_f" ON "user_group_roles" ("tenant", "name_f", "user_number");
CREATE INDEX "user_scopes_scope_f" ON "user_scopes" ("tenant", "scope_f", "user_number");
