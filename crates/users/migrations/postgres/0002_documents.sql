-- The roles, groups and scopes of a user are read from one JSON document in its row, and the sort
-- values that equal fold keys are dropped. The tables of roles, groups and scopes keep what filters
-- compare. `memberships` is NULL if a user has none.

ALTER TABLE "users" ADD COLUMN "memberships" text COLLATE "C";
UPDATE "users" AS u SET "memberships" = json_build_object(
    'roles', COALESCE((
        SELECT json_agg(json_build_object('id', r."role_id", 'name', r."name", 'type', r."kind", 'level', r."level") ORDER BY r."idx")
        FROM "user_roles" AS r WHERE r."tenant_id" = u."tenant_id" AND r."user_id" = u."id"
    ), '[]'),
    'groups', COALESCE((
        SELECT json_agg(json_build_object('id', g."group_id", 'name', g."name", 'providerType', g."provider_type", 'assignedRoles', COALESCE((
            SELECT json_agg(json_build_object('id', r."role_id", 'name', r."name", 'type', r."kind", 'level', r."level") ORDER BY r."idx")
            FROM "user_group_roles" AS r
            WHERE r."tenant_id" = g."tenant_id" AND r."user_id" = g."user_id" AND r."group_idx" = g."idx"
        ), '[]')) ORDER BY g."idx")
        FROM "user_groups" AS g WHERE g."tenant_id" = u."tenant_id" AND g."user_id" = u."id"
    ), '[]'),
    'scopes', COALESCE((
        SELECT json_agg(s."scope" ORDER BY s."idx")
        FROM "user_scopes" AS s WHERE s."tenant_id" = u."tenant_id" AND s."user_id" = u."id"
    ), '[]')
)::text
WHERE (u."tenant_id", u."id") IN (
    SELECT "tenant_id", "user_id" FROM "user_roles"
    UNION SELECT "tenant_id", "user_id" FROM "user_groups"
    UNION SELECT "tenant_id", "user_id" FROM "user_scopes"
);

ALTER TABLE "user_roles" DROP COLUMN "role_id", DROP COLUMN "kind", DROP COLUMN "level";
ALTER TABLE "user_groups" DROP COLUMN "group_id", DROP COLUMN "name", DROP COLUMN "provider_type";
ALTER TABLE "user_group_roles" DROP COLUMN "group_idx", DROP COLUMN "role_id", DROP COLUMN "kind", DROP COLUMN "level";
ALTER TABLE "user_scopes" DROP COLUMN "scope";

-- With a column, PostgreSQL drops its indexes.
ALTER TABLE "users" DROP COLUMN "id_sort", DROP COLUMN "subject_sort", DROP COLUMN "name_sort", DROP COLUMN "status_sort", DROP COLUMN "created_at_sort";
DROP INDEX "users_id_f", "users_subject_f", "users_name_f", "users_status_f";
CREATE INDEX "users_id_f" ON "users" ("tenant_id", "id_f", "id");
CREATE INDEX "users_subject_f" ON "users" ("tenant_id", "subject_f", "id");
CREATE INDEX "users_name_f" ON "users" ("tenant_id", "name_f", "id");
CREATE INDEX "users_status_f" ON "users" ("tenant_id", "status_f", "id");
CREATE INDEX "users_created_at" ON "users" ("tenant_id", "created_at", "id");
