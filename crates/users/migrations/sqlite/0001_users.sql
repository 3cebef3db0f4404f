-- Users of many tenants, with their roles, groups and scopes. Ids are unique within a tenant only:
-- `tenant_id` is the first column of every key and index, and no foreign key crosses tenants.
--
-- `x_f` is `scieve::fold_key` of `x`, and `x_sort` the sort value (`scieve_users::SortKey::of`).
-- The store computes both, as SQL cannot. `live_subject` is the subject unless the user is deleted:
-- it is unique within a tenant. Strings have the default collation BINARY, so that they compare by
-- their bytes, as in memory.

CREATE TABLE "users" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "id_f" TEXT NOT NULL,
    "id_sort" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "subject_f" TEXT NOT NULL,
    "subject_sort" TEXT NOT NULL,
    "live_subject" TEXT,
    "name" TEXT NOT NULL,
    "name_f" TEXT NOT NULL,
    "name_sort" TEXT NOT NULL,
    "email" TEXT,
    "email_f" TEXT,
    "email_sort" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "status_f" TEXT NOT NULL,
    "status_sort" TEXT NOT NULL,
    "client_id" TEXT,
    "client_id_f" TEXT,
    "client_id_sort" TEXT NOT NULL,
    "picture" TEXT,
    "locale" TEXT,
    "zoneinfo" TEXT,
    "preferred_locale" TEXT,
    "preferred_zoneinfo" TEXT,
    "created_at" INTEGER NOT NULL,
    "created_at_sort" TEXT NOT NULL,
    "last_updated_at" INTEGER NOT NULL,
    "invite_expiry" INTEGER,
    "invite_expiry_sort" TEXT NOT NULL,
    PRIMARY KEY ("tenant_id", "id"),
    CONSTRAINT "users_live_subject" UNIQUE ("tenant_id", "live_subject")
);
CREATE INDEX "users_id_f" ON "users" ("tenant_id", "id_f");
CREATE INDEX "users_subject_f" ON "users" ("tenant_id", "subject_f");
CREATE INDEX "users_name_f" ON "users" ("tenant_id", "name_f");
CREATE INDEX "users_email_f" ON "users" ("tenant_id", "email_f");
CREATE INDEX "users_status_f" ON "users" ("tenant_id", "status_f");
CREATE INDEX "users_client_id_f" ON "users" ("tenant_id", "client_id_f");
CREATE INDEX "users_id_sort" ON "users" ("tenant_id", "id_sort", "id");
CREATE INDEX "users_subject_sort" ON "users" ("tenant_id", "subject_sort", "id");
CREATE INDEX "users_name_sort" ON "users" ("tenant_id", "name_sort", "id");
CREATE INDEX "users_email_sort" ON "users" ("tenant_id", "email_sort", "id");
CREATE INDEX "users_status_sort" ON "users" ("tenant_id", "status_sort", "id");
CREATE INDEX "users_client_id_sort" ON "users" ("tenant_id", "client_id_sort", "id");
CREATE INDEX "users_created_at_sort" ON "users" ("tenant_id", "created_at_sort", "id");
CREATE INDEX "users_invite_expiry_sort" ON "users" ("tenant_id", "invite_expiry_sort", "id");

-- Roles assigned to users directly: copies from the time of assignment.
CREATE TABLE "user_roles" (
    "tenant_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "role_id" TEXT NOT NULL,
    "role_id_f" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "name_f" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    PRIMARY KEY ("tenant_id", "user_id", "idx"),
    FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX "user_roles_role_id_f" ON "user_roles" ("tenant_id", "role_id_f", "user_id");
CREATE INDEX "user_roles_name_f" ON "user_roles" ("tenant_id", "name_f", "user_id");

-- Groups of users: copies from the time of assignment.
CREATE TABLE "user_groups" (
    "tenant_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "group_id" TEXT NOT NULL,
    "group_id_f" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "provider_type" TEXT,
    PRIMARY KEY ("tenant_id", "user_id", "idx"),
    FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX "user_groups_group_id_f" ON "user_groups" ("tenant_id", "group_id_f", "user_id");

-- Roles of these groups; `group_idx` is `user_groups.idx` of the group.
CREATE TABLE "user_group_roles" (
    "tenant_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "group_idx" INTEGER NOT NULL,
    "role_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "name_f" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    PRIMARY KEY ("tenant_id", "user_id", "idx"),
    FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX "user_group_roles_name_f" ON "user_group_roles" ("tenant_id", "name_f", "user_id");

-- OAuth scopes of users.
CREATE TABLE "user_scopes" (
    "tenant_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "scope" TEXT NOT NULL,
    "scope_f" TEXT NOT NULL,
    PRIMARY KEY ("tenant_id", "user_id", "idx"),
    FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX "user_scopes_scope_f" ON "user_scopes" ("tenant_id", "scope_f", "user_id");

-- Roles that a tenant can assign.
CREATE TABLE "roles" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    PRIMARY KEY ("tenant_id", "id")
) WITHOUT ROWID;

-- Groups of a tenant.
CREATE TABLE "groups" (
    "tenant_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "provider_type" TEXT,
    PRIMARY KEY ("tenant_id", "id")
) WITHOUT ROWID;

-- Roles of these groups.
CREATE TABLE "group_roles" (
    "tenant_id" TEXT NOT NULL,
    "group_id" TEXT NOT NULL,
    "idx" INTEGER NOT NULL,
    "role_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    PRIMARY KEY ("tenant_id", "group_id", "idx"),
    FOREIGN KEY ("tenant_id", "group_id") REFERENCES "groups" ("tenant_id", "id") ON DELETE CASCADE
) WITHOUT ROWID;

-- One row per tenant. Operations on several users of a tenant update it, which serialises them.
CREATE TABLE "tenants" (
    "tenant_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    PRIMARY KEY ("tenant_id")
) WITHOUT ROWID;

-- Settings of the database: the fold version of the `x_f` columns, and the secret of cursors.
CREATE TABLE scieve_settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
