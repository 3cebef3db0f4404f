-- Users of many tenants, with their roles, groups and scopes. Ids are unique within a tenant only:
-- `tenant_id` is the first column of every key and index, and no foreign key crosses tenants.
--
-- `x_f` is `scieve::fold_key` of `x`, and `x_sort` the sort value (`scieve_users::SortKey::of`).
-- The store computes both, as SQL cannot. `live_subject` is the subject unless the user is deleted:
-- it is unique within a tenant. Strings are stored as UTF-8 bytes: MySQL and MariaDB have no
-- collation in common that neither pads nor folds.

CREATE TABLE `users` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `id` VARBINARY(255) NOT NULL,
    `id_f` VARBINARY(1020) NOT NULL,
    `id_sort` VARBINARY(1021) NOT NULL,
    `subject` VARBINARY(1020) NOT NULL,
    `subject_f` VARBINARY(1020) NOT NULL,
    `subject_sort` VARBINARY(1021) NOT NULL,
    `live_subject` VARBINARY(1020),
    `name` VARBINARY(1020) NOT NULL,
    `name_f` VARBINARY(1020) NOT NULL,
    `name_sort` VARBINARY(1021) NOT NULL,
    `email` VARBINARY(1020),
    `email_f` VARBINARY(1020),
    `email_sort` VARBINARY(1021) NOT NULL,
    `status` VARBINARY(32) NOT NULL,
    `status_f` VARBINARY(32) NOT NULL,
    `status_sort` VARBINARY(32) NOT NULL,
    `client_id` VARBINARY(1020),
    `client_id_f` VARBINARY(1020),
    `client_id_sort` VARBINARY(1021) NOT NULL,
    `picture` BLOB,
    `locale` BLOB,
    `zoneinfo` BLOB,
    `preferred_locale` BLOB,
    `preferred_zoneinfo` BLOB,
    `created_at` BIGINT NOT NULL,
    `created_at_sort` VARBINARY(32) NOT NULL,
    `last_updated_at` BIGINT NOT NULL,
    `invite_expiry` BIGINT,
    `invite_expiry_sort` VARBINARY(32) NOT NULL,
    PRIMARY KEY (`tenant_id`, `id`),
    CONSTRAINT `users_live_subject` UNIQUE (`tenant_id`, `live_subject`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
CREATE INDEX `users_id_f` ON `users` (`tenant_id`, `id_f`);
CREATE INDEX `users_subject_f` ON `users` (`tenant_id`, `subject_f`);
CREATE INDEX `users_name_f` ON `users` (`tenant_id`, `name_f`);
CREATE INDEX `users_email_f` ON `users` (`tenant_id`, `email_f`);
CREATE INDEX `users_status_f` ON `users` (`tenant_id`, `status_f`);
CREATE INDEX `users_client_id_f` ON `users` (`tenant_id`, `client_id_f`);
CREATE INDEX `users_id_sort` ON `users` (`tenant_id`, `id_sort`, `id`);
CREATE INDEX `users_subject_sort` ON `users` (`tenant_id`, `subject_sort`, `id`);
CREATE INDEX `users_name_sort` ON `users` (`tenant_id`, `name_sort`, `id`);
CREATE INDEX `users_email_sort` ON `users` (`tenant_id`, `email_sort`, `id`);
CREATE INDEX `users_status_sort` ON `users` (`tenant_id`, `status_sort`, `id`);
CREATE INDEX `users_client_id_sort` ON `users` (`tenant_id`, `client_id_sort`, `id`);
CREATE INDEX `users_created_at_sort` ON `users` (`tenant_id`, `created_at_sort`, `id`);
CREATE INDEX `users_invite_expiry_sort` ON `users` (`tenant_id`, `invite_expiry_sort`, `id`);

-- Roles assigned to users directly: copies from the time of assignment.
CREATE TABLE `user_roles` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `user_id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `role_id` VARBINARY(255) NOT NULL,
    `role_id_f` VARBINARY(1020) NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `name_f` VARBINARY(1020) NOT NULL,
    `kind` VARBINARY(32) NOT NULL,
    `level` VARBINARY(32) NOT NULL,
    PRIMARY KEY (`tenant_id`, `user_id`, `idx`),
    FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
CREATE INDEX `user_roles_role_id_f` ON `user_roles` (`tenant_id`, `role_id_f`, `user_id`);
CREATE INDEX `user_roles_name_f` ON `user_roles` (`tenant_id`, `name_f`, `user_id`);

-- Groups of users: copies from the time of assignment.
CREATE TABLE `user_groups` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `user_id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `group_id` VARBINARY(255) NOT NULL,
    `group_id_f` VARBINARY(1020) NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `provider_type` VARBINARY(32),
    PRIMARY KEY (`tenant_id`, `user_id`, `idx`),
    FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
CREATE INDEX `user_groups_group_id_f` ON `user_groups` (`tenant_id`, `group_id_f`, `user_id`);

-- Roles of these groups; `group_idx` is `user_groups.idx` of the group.
CREATE TABLE `user_group_roles` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `user_id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `group_idx` INTEGER NOT NULL,
    `role_id` VARBINARY(255) NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `name_f` VARBINARY(1020) NOT NULL,
    `kind` VARBINARY(32) NOT NULL,
    `level` VARBINARY(32) NOT NULL,
    PRIMARY KEY (`tenant_id`, `user_id`, `idx`),
    FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
CREATE INDEX `user_group_roles_name_f` ON `user_group_roles` (`tenant_id`, `name_f`, `user_id`);

-- OAuth scopes of users.
CREATE TABLE `user_scopes` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `user_id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `scope` VARBINARY(1020) NOT NULL,
    `scope_f` VARBINARY(1020) NOT NULL,
    PRIMARY KEY (`tenant_id`, `user_id`, `idx`),
    FOREIGN KEY (`tenant_id`, `user_id`) REFERENCES `users` (`tenant_id`, `id`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
CREATE INDEX `user_scopes_scope_f` ON `user_scopes` (`tenant_id`, `scope_f`, `user_id`);

-- Roles that a tenant can assign.
CREATE TABLE `roles` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `kind` VARBINARY(32) NOT NULL,
    `level` VARBINARY(32) NOT NULL,
    PRIMARY KEY (`tenant_id`, `id`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Groups of a tenant.
CREATE TABLE `groups` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `provider_type` VARBINARY(32),
    PRIMARY KEY (`tenant_id`, `id`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Roles of these groups.
CREATE TABLE `group_roles` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `group_id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `role_id` VARBINARY(255) NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `kind` VARBINARY(32) NOT NULL,
    `level` VARBINARY(32) NOT NULL,
    PRIMARY KEY (`tenant_id`, `group_id`, `idx`),
    FOREIGN KEY (`tenant_id`, `group_id`) REFERENCES `groups` (`tenant_id`, `id`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- One row per tenant. Operations on several users of a tenant update it, which serialises them.
CREATE TABLE `tenants` (
    `tenant_id` VARBINARY(255) NOT NULL,
    `version` BIGINT NOT NULL,
    PRIMARY KEY (`tenant_id`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Settings of the database: the fold version of the `x_f` columns, and the secret of cursors.
CREATE TABLE scieve_settings (
    name VARBINARY(64) PRIMARY KEY,
    value VARBINARY(255) NOT NULL
) ENGINE = InnoDB;
