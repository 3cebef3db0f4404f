//! `scieve backup`: copies the database of a running or stopped server.

use crate::exit::{CliError, ExitStatus};
use crate::output::Output;
use scieve_users::SqlStore;
use std::path::{Path, PathBuf};

/// Back up an SQLite database, or print the command for a database server
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  scieve backup --store sqlite:users.db backup.db

A server may use the SQLite database meanwhile. For PostgreSQL, MySQL and MariaDB, the command of \
the database's own program is printed and nothing is backed up.
Exit status: 0 success, 2 wrong usage or no backup")]
pub(crate) struct Backup {
    /// Store to back up: `sqlite:FILE`, `postgres://...` or `mysql://...`
    #[arg(long, value_name = "STORE", env = "SCIEVE_STORE", hide_env_values = true)]
    store: String,
    /// File to create
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Backup {
    pub(crate) fn run(&self, output: &mut Output) -> Result<ExitStatus, CliError> {
        match self.store.split(':').next().unwrap_or_default() {
            "sqlite" => {
                super::serve::runtime()?
                    .block_on(SqlStore::back_up_sqlite(&self.store, &self.file))
                    .map_err(|error| CliError::Failed(format!("cannot back up: {error}")))?;
            }
            "postgres" | "postgresql" => output.line(&pg_dump(&self.store, &self.file))?,
            "mysql" | "mariadb" => output.line(&mariadb_dump(&self.store, &self.file))?,
            "memory" => return CliError::fail("the store `memory` cannot be backed up"),
            _ => {
                return CliError::fail(
                    "`--store`: expected `sqlite:FILE`, `postgres://...` or `mysql://...`",
                );
            }
        }
        Ok(ExitStatus::Success)
    }
}

/// The parts of the URL of a database server, without the password and the parameters.
struct Server<'a> {
    user: &'a str,
    /// Host and port.
    address: &'a str,
    database: &'a str,
}

impl<'a> Server<'a> {
    fn parse(url: &'a str) -> Self {
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        // A password may contain an unescaped `/` or `@`.
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (address, database) = rest.split_once('/').unwrap_or((rest, ""));
        let user = login.split(':').next().unwrap_or_default();
        Self { user, address, database }
    }
}

fn pg_dump(url: &str, file: &Path) -> String {
    let Server { user, address, database } = Server::parse(url);
    let login = if user.is_empty() { String::new() } else { format!("{user}@") };
    let url = format!("postgresql://{login}{address}/{database}");
    format!("pg_dump --format=custom --file={} {}", quoted(&file.to_string_lossy()), quoted(&url))
}

fn mariadb_dump(url: &str, file: &Path) -> String {
    let Server { user, address, database } = Server::parse(url);
    let (host, port) = address.split_once(':').unwrap_or((address, "3306"));
    format!(
        "mariadb-dump --single-transaction --host={} --port={} --user={} --password --result-file={} {}",
        quoted(host),
        quoted(port),
        quoted(user),
        quoted(&file.to_string_lossy()),
        quoted(database)
    )
}

/// Quotes a word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{mariadb_dump, pg_dump};
    use std::path::Path;

    #[test]
    fn commands_contain_no_password() {
        let file = Path::new("a b.dump");
        assert_eq!(
            pg_dump("postgres://ann:se/c@ret@db.example:5433/users?sslmode=require", file),
            "pg_dump --format=custom --file='a b.dump' postgresql://ann@db.example:5433/users"
        );
        assert_eq!(
            pg_dump("postgres://db.example/users", Path::new("x")),
            "pg_dump --format=custom --file=x postgresql://db.example/users"
        );
        assert_eq!(
            mariadb_dump("mysql://ann:secret@db.example/users", Path::new("it's.sql")),
            r"mariadb-dump --single-transaction --host=db.example --port=3306 --user=ann --password --result-file='it'\''s.sql' users"
        );
    }
}
