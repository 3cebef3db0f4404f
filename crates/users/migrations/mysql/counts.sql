-- The numbers of users of each tenant, and of those who are not deleted, which triggers maintain. Not a
-- migration: the store also works without triggers, which need a privilege if there is a binary log.
-- A number is the sum of eight rows, so that concurrent transactions seldom wait for one another, and
-- of row -1: what the others lack. A row can be negative.

CREATE TABLE IF NOT EXISTS `user_counts` (
    `tenant` INT NOT NULL,
    `slot` INT NOT NULL,
    `users` BIGINT NOT NULL,
    `live` BIGINT NOT NULL,
    PRIMARY KEY (`tenant`, `slot`)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

DROP TRIGGER IF EXISTS `users_count_insert`;
DELETE FROM `scieve_settings` WHERE `name` = 'user_counts';
CREATE TRIGGER `users_count_insert` AFTER INSERT ON `users` FOR EACH ROW
INSERT INTO `user_counts` (`tenant`, `slot`, `users`, `live`)
VALUES (NEW.`tenant`, CONNECTION_ID() % 8, 1, NEW.`status` <> 'deleted')
ON DUPLICATE KEY UPDATE `users` = `users` + 1, `live` = `live` + VALUES(`live`);
DROP TRIGGER IF EXISTS `users_count_delete`;
CREATE TRIGGER `users_count_delete` AFTER DELETE ON `users` FOR EACH ROW
INSERT INTO `user_counts` (`tenant`, `slot`, `users`, `live`)
VALUES (OLD.`tenant`, CONNECTION_ID() % 8, -1, -(OLD.`status` <> 'deleted'))
ON DUPLICATE KEY UPDATE `users` = `users` - 1, `live` = `live` + VALUES(`live`);
DROP TRIGGER IF EXISTS `users_count_update`;
CREATE TRIGGER `users_count_update` AFTER UPDATE ON `users` FOR EACH ROW
IF (OLD.`status` = 'deleted') <> (NEW.`status` = 'deleted') THEN
    INSERT INTO `user_counts` (`tenant`, `slot`, `users`, `live`)
    VALUES (NEW.`tenant`, CONNECTION_ID() % 8, 0, (OLD.`status` = 'deleted') - (NEW.`status` = 'deleted'))
    ON DUPLICATE KEY UPDATE `live` = `live` + VALUES(`live`);
END IF;

-- One statement that reads committed rows reads one state of both tables, without locks.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
INSERT INTO `user_counts` (`tenant`, `slot`, `users`, `live`)
SELECT c.`tenant`, -1, SUM(c.`users`), SUM(c.`live`) FROM (
    SELECT `tenant`, COUNT(*) AS `users`, SUM(`status` <> 'deleted') AS `live` FROM `users` GROUP BY `tenant`
    UNION ALL
    SELECT `tenant`, -`users`, -`live` FROM `user_counts`
) AS c GROUP BY c.`tenant`
ON DUPLICATE KEY UPDATE
    `users` = `user_counts`.`users` + VALUES(`users`), `live` = `user_counts`.`live` + VALUES(`live`);
INSERT INTO `scieve_settings` (`name`, `value`) VALUES ('user_counts', 'complete');
