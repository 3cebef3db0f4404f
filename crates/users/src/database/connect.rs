//! Opening a store: which database, its tables, and whether it can be trusted.

use super::fault::ConnectError;
use super::link::Engine;
use super::{SqlOptions, SqlStore, TRIES, migrate, probe};
use crate::cursor::CursorKey;
use crate::id::Ids;
use scieve::sql::Dialect;

impl SqlStore {
    /// Opens the database of that URL: `sqlite:FILE`, `postgres://USER:PASSWORD@HOST/DATABASE` or `mysql://USER:PASSWORD@HOST/DATABASE`,
    /// each with its feature. MariaDB is `mysql`. What may stand behind a `?` is what sqlx knows.
    ///
    /// Missing tables are made, and tables of earlier versions brought up to date; servers that start at once do so one after the other.
    /// A file of SQLite is made where it is not there. In PostgreSQL the extension `pg_trgm` is added where that is allowed, as no other
    /// index serves `co`; where it is not, the log says so.
    ///
    /// # Errors
    /// Another scheme, or one whose feature is missing; a database that cannot be reached; tables of a newer scieve or changed migrations;
    /// keys made by another [`scieve::FOLD_VERSION`]; a database whose encoding is not UTF-8, and columns that do not compare texts by
    /// their bytes, which would answer wrongly.
    pub async fn connect(url: &str, options: SqlOptions) -> Result<Self, ConnectError> {
        let shown = shown(url);
        let named = |error: ConnectError| ConnectError::new(format!("{shown}: {error}"));
        let engine = open(url, &options).await.map_err(named)?;
        let cursors = prepare(&*engine).await.map_err(named)?;
        Ok(Self { engine, ids: Ids::new(), options, cursors })
    }
}

async fn open(url: &str, options: &SqlOptions) -> Result<Box<dyn Engine>, ConnectError> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    #[cfg(feature = "sqlite")]
    if scheme == "sqlite" {
        return Ok(Box::new(super::sqlite::open(url, options).await?));
    }
    #[cfg(feature = "postgres")]
    if matches!(scheme, "postgres" | "postgresql") {
        return Ok(Box::new(super::postgres::open(url, options).await?));
    }
    #[cfg(feature = "mysql")]
    if matches!(scheme, "mysql" | "mariadb") {
        return Ok(Box::new(super::mysql::open(url, options).await?));
    }
    let feature = match scheme {
        "sqlite" => "sqlite",
        "postgres" | "postgresql" => "postgres",
        "mysql" | "mariadb" => "mysql",
        _ => {
            return Err(ConnectError::new(
                "expected `sqlite:FILE`, `postgres://...` or `mysql://...`",
            ));
        }
    };
    Err(ConnectError::new(format!("this needs a scieve with the feature `{feature}`")))
}

async fn prepare(engine: &dyn Engine) -> Result<CursorKey, ConnectError> {
    probe::encoding(engine).await?;
    let secret = migrate::migrate(engine).await?;
    let mut tries = 1;
    while let Err(error) = probe::columns(engine).await {
        if !error.conflict || tries == TRIES {
            return Err(error);
        }
        tries += 1;
    }
    if engine.dialect() == Dialect::Sqlite {
        // Another server may be at it; the store does without.
        let _ = migrate::analyze(engine).await;
    }
    if engine.dialect() == Dialect::Postgres
        && let Err(fault) = migrate::trigrams(engine).await
    {
        let cause = fault.to_string();
        tracing::warn!(
            cause,
            "no index for `co`, which looks at every user of a tenant: the extension pg_trgm is missing and not allowed"
        );
    }
    Ok(CursorKey::new(secret.as_bytes()))
}

/// The URL without user, password and parameters.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) if scheme != "sqlite" => {
            // A password may hold an unescaped `/` or `@`.
            format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn passwords_are_not_shown() {
        for (url, expected) in [
            (
                "postgres://ann:se/c@ret@db.example:5432/users?password=secret",
                "postgres://db.example:5432/users",
            ),
            ("mysql://ann@db.example/users", "mysql://db.example/users"),
            ("postgres:///users?host=/run", "postgres:///users"),
            ("sqlite:/var/lib/users.db?mode=rw", "sqlite:/var/lib/users.db"),
            ("sqlite://a@b.db", "sqlite://a@b.db"),
            ("secret", "secret"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
