-- The roles, groups and scopes of a user are read from one JSON document in its row, and the sort
-- values that equal fold keys are dropped. The tables of roles, groups and scopes keep what filters
-- compare. `memberships` is NULL if a user has none.
--
-- `JSON_ARRAYAGG` has no order in MySQL, and `JSON_OBJECT` encodes bytes in base64, so the documents
-- are concatenated from quoted strings.

SET SESSION group_concat_max_len = 1073741824;
ALTER TABLE `users` ADD COLUMN `memberships` MEDIUMBLOB;
UPDATE `users` AS u SET u.`memberships` = CONCAT(
    '{"roles":[', COALESCE((
        SELECT GROUP_CONCAT(CONCAT('{"id":', JSON_QUOTE(CONVERT(r.`role_id` USING utf8mb4)), ',"name":', JSON_QUOTE(CONVERT(r.`name` USING utf8mb4)), ',"type":', JSON_QUOTE(CONVERT(r.`kind` USING utf8mb4)), ',"level":', JSON_QUOTE(CONVERT(r.`level` USING utf8mb4)), '}') ORDER BY r.`idx` SEPARATOR ',')
        FROM `user_roles` AS r WHERE r.`tenant_id` = u.`tenant_id` AND r.`user_id` = u.`id`
    ), ''),
    '],"groups":[', COALESCE((
        SELECT GROUP_CONCAT(CONCAT('{"id":', JSON_QUOTE(CONVERT(g.`group_id` USING utf8mb4)), ',"name":', JSON_QUOTE(CONVERT(g.`name` USING utf8mb4)), ',"providerType":', COALESCE(JSON_QUOTE(CONVERT(g.`provider_type` USING utf8mb4)), 'null'), ',"assignedRoles":[', COALESCE((
            SELECT GROUP_CONCAT(CONCAT('{"id":', JSON_QUOTE(CONVERT(r.`role_id` USING utf8mb4)), ',"name":', JSON_QUOTE(CONVERT(r.`name` USING utf8mb4)), ',"type":', JSON_QUOTE(CONVERT(r.`kind` USING utf8mb4)), ',"level":', JSON_QUOTE(CONVERT(r.`level` USING utf8mb4)), '}') ORDER BY r.`idx` SEPARATOR ',')
            FROM `user_group_roles` AS r
            WHERE r.`tenant_id` = g.`tenant_id` AND r.`user_id` = g.`user_id` AND r.`group_idx` = g.`idx`
        ), ''), ']}') ORDER BY g.`idx` SEPARATOR ',')
        FROM `user_groups` AS g WHERE g.`tenant_id` = u.`tenant_id` AND g.`user_id` = u.`id`
    ), ''),
    '],"scopes":[', COALESCE((
        SELECT GROUP_CONCAT(JSON_QUOTE(CONVERT(s.`scope` USING utf8mb4)) ORDER BY s.`idx` SEPARATOR ',')
        FROM `user_scopes` AS s WHERE s.`tenant_id` = u.`tenant_id` AND s.`user_id` = u.`id`
    ), ''),
    ']}'
)
WHERE EXISTS (SELECT 1 FROM `user_roles` AS r WHERE r.`tenant_id` = u.`tenant_id` AND r.`user_id` = u.`id`)
    OR EXISTS (SELECT 1 FROM `user_groups` AS g WHERE g.`tenant_id` = u.`tenant_id` AND g.`user_id` = u.`id`)
    OR EXISTS (SELECT 1 FROM `user_scopes` AS s WHERE s.`tenant_id` = u.`tenant_id` AND s.`user_id` = u.`id`);

ALTER TABLE `user_roles` DROP COLUMN `role_id`, DROP COLUMN `kind`, DROP COLUMN `level`;
ALTER TABLE `user_groups` DROP COLUMN `group_id`, DROP COLUMN `name`, DROP COLUMN `provider_type`;
ALTER TABLE `user_group_roles` DROP COLUMN `group_idx`, DROP COLUMN `role_id`, DROP COLUMN `kind`, DROP COLUMN `level`;
ALTER TABLE `user_scopes` DROP COLUMN `scope`;

ALTER TABLE `users`
    DROP INDEX `users_id_sort`, DROP INDEX `users_subject_sort`, DROP INDEX `users_name_sort`,
    DROP INDEX `users_status_sort`, DROP INDEX `users_created_at_sort`,
    DROP INDEX `users_id_f`, DROP INDEX `users_subject_f`, DROP INDEX `users_name_f`, DROP INDEX `users_status_f`,
    DROP COLUMN `id_sort`, DROP COLUMN `subject_sort`, DROP COLUMN `name_sort`, DROP COLUMN `status_sort`, DROP COLUMN `created_at_sort`,
    ADD INDEX `users_id_f` (`tenant_id`, `id_f`, `id`),
    ADD INDEX `users_subject_f` (`tenant_id`, `subject_f`, `id`),
    ADD INDEX `users_name_f` (`tenant_id`, `name_f`, `id`),
    ADD INDEX `users_status_f` (`tenant_id`, `status_f`, `id`),
    ADD INDEX `users_created_at` (`tenant_id`, `created_at`, `id`);
