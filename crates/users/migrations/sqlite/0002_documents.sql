-- The roles, groups and scopes of a user are read from one JSON document in its row, and the sort
-- values that equal fold keys are dropped. The tables of roles, groups and scopes keep what filters
-- compare. `memberships` is NULL if a user has none.

ALTER TABLE "users" ADD COLUMN "memberships" TEXT;
UPDATE "users" SET "memberships" = json_object(
    'roles', (
        SELECT json_group_array(json_object('id', r."role_id", 'name', r."name", 'type', r."kind", 'level', r."level") ORDER BY r."idx")
        FROM "user_roles" AS r WHERE r."tenant_id" = "users"."tenant_id" AND r."user_id" = "users"."id"
    ),
    'groups', (
        SELECT json_group_array(json_object('id', g."group_id", 'name', g."name", 'providerType', g."provider_type", 'assignedRoles', (
            SELECT json_group_array(json_object('id', r."role_id", 'name', r."name", 'type', r."kind", 'level', r."level") ORDER BY r."idx")
            FROM "user_group_roles" AS r
            WHERE r."tenant_id" = g."tenant_id" AND r."user_id" = g."user_id" AND r."group_idx" = g."idx"
        )) ORDER BY g."idx")
        FROM "user_groups" AS g WHERE g."tenant_id" = "users"."tenant_id" AND g."user_id" = "users"."id"
    ),
    'scopes', (
        SELECT json_group_array(s."scope" ORDER BY s."idx")
        FROM "user_scopes" AS s WHERE s."tenant_id" = "users"."tenant_id" AND s."user_id" = "users"."id"
    )
)
WHERE ("tenant_id", "id") IN (
    SELECT "tenant_id", "user_id" FROM "user_roles"
    UNION SELECT "tenant_id", "user_id" FROM "user_groups"
    UNION SELECT "tenant_id", "user_id" FROM "user_scopes"
);

ALTER TABLE "user_roles" DROP COLUMN "role_id";
ALTER TABLE "user_roles" DROP COLUMN "kind";
ALTER TABLE "user_roles" DROP COLUMN "level";
ALTER TABLE "user_groups" DROP COLUMN "group_id";
ALTER TABLE "user_groups" DROP COLUMN "name";
ALTER TABLE "user_groups" DROP COLUMN "provider_type";
ALTER TABLE "user_group_roles" DROP COLUMN "group_idx";
ALTER TABLE "user_group_roles" DROP COLUMN "role_id";
ALTER TABLE "user_group_roles" DROP COLUMN "kind";
ALTER TABLE "user_group_roles" DROP COLUMN "level";
ALTER TABLE "user_scopes" DROP COLUMN "scope";

DROP INDEX "users_id_sort";
DROP INDEX "users_subject_sort";
DROP INDEX "users_name_sort";
DROP INDEX "users_status_sort";
DROP INDEX "users_created_at_sort";
ALTER TABLE "users" DROP COLUMN "id_sort";
ALTER TABLE "users" DROP COLUMN "subject_sort";
ALTER TABLE "users" DROP COLUMN "name_sort";
ALTER TABLE "users" DROP COLUMN "status_sort";
ALTER TABLE "users" DROP COLUMN "created_at_sort";
DROP INDEX "users_id_f";
DROP INDEX "users_subject_f";
DROP INDEX "users_name_f";
DROP INDEX "users_status_f";
CREATE INDEX "users_id_f" ON "users" ("tenant_id", "id_f", "id");
CREATE INDEX "users_subject_f" ON "users" ("tenant_id", "subject_f", "id");
CREATE INDEX "users_name_f" ON "users" ("tenant_id", "name_f", "id");
CREATE INDEX "users_status_f" ON "users" ("tenant_id", "status_f", "id");
CREATE INDEX "users_created_at" ON "users" ("tenant_id", "created_at", "id");
