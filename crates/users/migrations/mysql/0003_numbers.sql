-- Tenants and users have numbers, which keys and indexes repeat instead of ids: `tenants.number` and
-- `users.number`. The documents of `memberships` are arrays instead of objects:
-- [[role, ...], [[id, name, provider type, [role, ...]], ...], [scope, ...]], where a role is
-- [id, name, type, level].
--
-- The first column of every index is the tenant. A subject is unique among the users of a tenant who
-- are not deleted. The key of users is the tenant with the id, so that users of a tenant are adjacent.

SET SESSION group_concat_max_len = 1073741824;

CREATE TABLE `new_tenants` (
    `number` INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    `tenant_id` VARBINARY(255) NOT NULL UNIQUE,
    `version` BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_tenants` (`tenant_id`, `version`)
SELECT a.`tenant_id`, COALESCE(t.`version`, 0)
FROM (
    SELECT `tenant_id` FROM `users` UNION SELECT `tenant_id` FROM `roles`
    UNION SELECT `tenant_id` FROM `groups` UNION SELECT `tenant_id` FROM `tenants`
) AS a LEFT JOIN `tenants` AS t ON t.`tenant_id` = a.`tenant_id`
ORDER BY a.`tenant_id`;

CREATE TABLE `new_users` (
    `number` BIGINT NOT NULL AUTO_INCREMENT UNIQUE,
    `tenant` INT NOT NULL,
    `id` VARBINARY(255) NOT NULL,
    `id_f` VARBINARY(1020) NOT NULL,
    `subject` VARBINARY(1020) NOT NULL,
    `subject_f` VARBINARY(1020) NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `name_f` VARBINARY(1020) NOT NULL,
    `email` VARBINARY(1020),
    `email_f` VARBINARY(1020),
    `email_sort` VARBINARY(1021) NOT NULL,
    `status` VARBINARY(32) NOT NULL,
    `client_id` VARBINARY(1020),
    `client_id_f` VARBINARY(1020),
    `client_id_sort` VARBINARY(1021) NOT NULL,
    `picture` BLOB,
    `locale` BLOB,
    `zoneinfo` BLOB,
    `preferred_locale` BLOB,
    `preferred_zoneinfo` BLOB,
    `created_at` BIGINT NOT NULL,
    `last_updated_at` BIGINT NOT NULL,
    `invite_expiry` BIGINT,
    `invite_expiry_sort` VARBINARY(32) NOT NULL,
    `memberships` MEDIUMBLOB,
    `live_subject` VARBINARY(1020) GENERATED ALWAYS AS (CASE WHEN `status` <> X'64656C65746564' THEN `subject` END) VIRTUAL,
    PRIMARY KEY (`tenant`, `id`),
    UNIQUE `users_live_subject` (`tenant`, `live_subject`),
    INDEX `users_id_f` (`tenant`, `id_f`, `id`),
    INDEX `users_subject_f` (`tenant`, `subject_f`, `id`),
    INDEX `users_name_f` (`tenant`, `name_f`, `id`),
    INDEX `users_status` (`tenant`, `status`, `id`),
    INDEX `users_email_f` (`tenant`, `email_f`),
    INDEX `users_client_id_f` (`tenant`, `client_id_f`),
    INDEX `users_email_sort` (`tenant`, `email_sort`, `id`),
    INDEX `users_client_id_sort` (`tenant`, `client_id_sort`, `id`),
    INDEX `users_created_at` (`tenant`, `created_at`, `id`),
    INDEX `users_invite_expiry_sort` (`tenant`, `invite_expiry_sort`, `id`),
    FOREIGN KEY (`tenant`) REFERENCES `new_tenants` (`number`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_users` (
    `tenant`, `id`, `id_f`, `subject`, `subject_f`, `name`, `name_f`, `email`, `email_f`, `email_sort`,
    `status`, `client_id`, `client_id_f`, `client_id_sort`, `picture`, `locale`, `zoneinfo`,
    `preferred_locale`, `preferred_zoneinfo`, `created_at`, `last_updated_at`, `invite_expiry`,
    `invite_expiry_sort`, `memberships`
)
SELECT t.`number`, u.`id`, u.`id_f`, u.`subject`, u.`subject_f`, u.`name`, u.`name_f`, u.`email`,
    u.`email_f`, u.`email_sort`, u.`status`, u.`client_id`, u.`client_id_f`, u.`client_id_sort`,
    u.`picture`, u.`locale`, u.`zoneinfo`, u.`preferred_locale`, u.`preferred_zoneinfo`,
    u.`created_at`, u.`last_updated_at`, u.`invite_expiry`, u.`invite_expiry_sort`,
    CONCAT('[[', COALESCE((
        SELECT GROUP_CONCAT(CONCAT('[', JSON_QUOTE(r.id), ',', JSON_QUOTE(r.name), ',', JSON_QUOTE(r.kind), ',', JSON_QUOTE(r.level), ']') ORDER BY r.n SEPARATOR ',')
        FROM JSON_TABLE(CONVERT(u.`memberships` USING utf8mb4), '$.roles[*]' COLUMNS (n FOR ORDINALITY, id VARCHAR(255) CHARACTER SET utf8mb4 PATH '$.id', name VARCHAR(1020) CHARACTER SET utf8mb4 PATH '$.name', kind VARCHAR(32) CHARACTER SET utf8mb4 PATH '$.type', level VARCHAR(32) CHARACTER SET utf8mb4 PATH '$.level')) AS r
    ), ''), '],[', COALESCE((
        SELECT GROUP_CONCAT(CONCAT('[', JSON_QUOTE(g.id), ',', JSON_QUOTE(g.name), ',', COALESCE(JSON_QUOTE(g.provider_type), 'null'), ',[', COALESCE((
            SELECT GROUP_CONCAT(CONCAT('[', JSON_QUOTE(r.id), ',', JSON_QUOTE(r.name), ',', JSON_QUOTE(r.kind), ',', JSON_QUOTE(r.level), ']') ORDER BY r.n SEPARATOR ',')
            FROM JSON_TABLE(JSON_EXTRACT(CONVERT(u.`memberships` USING utf8mb4), CONCAT('$.groups[', g.n - 1, '].assignedRoles')), '$[*]' COLUMNS (n FOR ORDINALITY, id VARCHAR(255) CHARACTER SET utf8mb4 PATH '$.id', name VARCHAR(1020) CHARACTER SET utf8mb4 PATH '$.name', kind VARCHAR(32) CHARACTER SET utf8mb4 PATH '$.type', level VARCHAR(32) CHARACTER SET utf8mb4 PATH '$.level')) AS r
        ), ''), ']]') ORDER BY g.n SEPARATOR ',')
        FROM JSON_TABLE(CONVERT(u.`memberships` USING utf8mb4), '$.groups[*]' COLUMNS (n FOR ORDINALITY, id VARCHAR(255) CHARACTER SET utf8mb4 PATH '$.id', name VARCHAR(1020) CHARACTER SET utf8mb4 PATH '$.name', provider_type VARCHAR(32) CHARACTER SET utf8mb4 PATH '$.providerType')) AS g
    ), ''), '],[', COALESCE((
        SELECT GROUP_CONCAT(JSON_QUOTE(s.scope) ORDER BY s.n SEPARATOR ',')
        FROM JSON_TABLE(CONVERT(u.`memberships` USING utf8mb4), '$.scopes[*]' COLUMNS (n FOR ORDINALITY, scope VARCHAR(1020) CHARACTER SET utf8mb4 PATH '$')) AS s
    ), ''), ']]', LEFT(u.`memberships`, 0))
FROM `users` AS u JOIN `new_tenants` AS t ON t.`tenant_id` = u.`tenant_id`
ORDER BY u.`tenant_id`, u.`id`;

CREATE TABLE `new_user_roles` (
    `user_number` BIGINT NOT NULL,
    `tenant` INT NOT NULL,
    `idx` INTEGER NOT NULL,
    `role_id_f` VARBINARY(1020) NOT NULL,
    `name_f` VARBINARY(1020) NOT NULL,
    PRIMARY KEY (`user_number`, `idx`),
    INDEX `user_roles_role_id_f` (`tenant`, `role_id_f`, `user_number`),
    INDEX `user_roles_name_f` (`tenant`, `name_f`, `user_number`),
    FOREIGN KEY (`user_number`) REFERENCES `new_users` (`number`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_user_roles`
SELECT u.`number`, u.`tenant`, e.`idx`, e.`role_id_f`, e.`name_f`
FROM `user_roles` AS e JOIN `new_tenants` AS t ON t.`tenant_id` = e.`tenant_id`
JOIN `new_users` AS u ON u.`tenant` = t.`number` AND u.`id` = e.`user_id`;

CREATE TABLE `new_user_groups` (
    `user_number` BIGINT NOT NULL,
    `tenant` INT NOT NULL,
    `idx` INTEGER NOT NULL,
    `group_id_f` VARBINARY(1020) NOT NULL,
    PRIMARY KEY (`user_number`, `idx`),
    INDEX `user_groups_group_id_f` (`tenant`, `group_id_f`, `user_number`),
    FOREIGN KEY (`user_number`) REFERENCES `new_users` (`number`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_user_groups`
SELECT u.`number`, u.`tenant`, e.`idx`, e.`group_id_f`
FROM `user_groups` AS e JOIN `new_tenants` AS t ON t.`tenant_id` = e.`tenant_id`
JOIN `new_users` AS u ON u.`tenant` = t.`number` AND u.`id` = e.`user_id`;

CREATE TABLE `new_user_group_roles` (
    `user_number` BIGINT NOT NULL,
    `tenant` INT NOT NULL,
    `idx` INTEGER NOT NULL,
    `name_f` VARBINARY(1020) NOT NULL,
    PRIMARY KEY (`user_number`, `idx`),
    INDEX `user_group_roles_name_f` (`tenant`, `name_f`, `user_number`),
    FOREIGN KEY (`user_number`) REFERENCES `new_users` (`number`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_user_group_roles`
SELECT u.`number`, u.`tenant`, e.`idx`, e.`name_f`
FROM `user_group_roles` AS e JOIN `new_tenants` AS t ON t.`tenant_id` = e.`tenant_id`
JOIN `new_users` AS u ON u.`tenant` = t.`number` AND u.`id` = e.`user_id`;

CREATE TABLE `new_user_scopes` (
    `user_number` BIGINT NOT NULL,
    `tenant` INT NOT NULL,
    `idx` INTEGER NOT NULL,
    `scope_f` VARBINARY(1020) NOT NULL,
    PRIMARY KEY (`user_number`, `idx`),
    INDEX `user_scopes_scope_f` (`tenant`, `scope_f`, `user_number`),
    FOREIGN KEY (`user_number`) REFERENCES `new_users` (`number`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_user_scopes`
SELECT u.`number`, u.`tenant`, e.`idx`, e.`scope_f`
FROM `user_scopes` AS e JOIN `new_tenants` AS t ON t.`tenant_id` = e.`tenant_id`
JOIN `new_users` AS u ON u.`tenant` = t.`number` AND u.`id` = e.`user_id`;

CREATE TABLE `new_roles` (
    `tenant` INT NOT NULL,
    `id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `kind` VARBINARY(32) NOT NULL,
    `level` VARBINARY(32) NOT NULL,
    PRIMARY KEY (`tenant`, `id`),
    FOREIGN KEY (`tenant`) REFERENCES `new_tenants` (`number`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_roles`
SELECT t.`number`, e.`id`, e.`idx`, e.`name`, e.`kind`, e.`level`
FROM `roles` AS e JOIN `new_tenants` AS t ON t.`tenant_id` = e.`tenant_id`;

CREATE TABLE `new_groups` (
    `tenant` INT NOT NULL,
    `id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `provider_type` VARBINARY(32),
    PRIMARY KEY (`tenant`, `id`),
    FOREIGN KEY (`tenant`) REFERENCES `new_tenants` (`number`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_groups`
SELECT t.`number`, e.`id`, e.`idx`, e.`name`, e.`provider_type`
FROM `groups` AS e JOIN `new_tenants` AS t ON t.`tenant_id` = e.`tenant_id`;

CREATE TABLE `new_group_roles` (
    `tenant` INT NOT NULL,
    `group_id` VARBINARY(255) NOT NULL,
    `idx` INTEGER NOT NULL,
    `role_id` VARBINARY(255) NOT NULL,
    `name` VARBINARY(1020) NOT NULL,
    `kind` VARBINARY(32) NOT NULL,
    `level` VARBINARY(32) NOT NULL,
    PRIMARY KEY (`tenant`, `group_id`, `idx`),
    FOREIGN KEY (`tenant`, `group_id`) REFERENCES `new_groups` (`tenant`, `id`) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT INTO `new_group_roles`
SELECT t.`number`, e.`group_id`, e.`idx`, e.`role_id`, e.`name`, e.`kind`, e.`level`
FROM `group_roles` AS e JOIN `new_tenants` AS t ON t.`tenant_id` = e.`tenant_id`;

DROP TABLE `user_roles`;
DROP TABLE `user_groups`;
DROP TABLE `user_group_roles`;
DROP TABLE `user_scopes`;
DROP TABLE `group_roles`;
DROP TABLE `groups`;
DROP TABLE `roles`;
DROP TABLE `users`;
DROP TABLE `tenants`;
-- Foreign keys follow the new names.
RENAME TABLE `new_tenants` TO `tenants`, `new_users` TO `users`, `new_user_roles` TO `user_roles`, `new_user_groups` TO `user_groups`, `new_user_group_roles` TO `user_group_roles`, `new_user_scopes` TO `user_scopes`, `new_roles` TO `roles`, `new_groups` TO `groups`, `new_group_roles` TO `group_roles`;
