//! A connection to a live database: its columns and query plans.

use scieve::sql::{Dialect, Statement};
use sqlx::{
    AssertSqlSafe, Connection as _, MySql, MySqlConnection, PgConnection, Postgres, Row as _,
    Sqlite, SqliteConnection,
};

/// A connection that only reads.
pub(crate) enum Catalogue {
    Postgres(PgConnection),
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

/// A column of the database.
pub(crate) struct LiveColumn {
    pub(crate) name: String,
    pub(crate) type_name: String,
    pub(crate) nullable: bool,
    /// True if the column has a nondeterministic collation of PostgreSQL.
    pub(crate) nondeterministic: bool,
}

impl Catalogue {
    pub(crate) async fn connect(url: &str) -> Result<Self, String> {
        let connected = match url.split(':').next() {
            Some("postgres" | "postgresql") => PgConnection::connect(url).await.map(Self::Postgres),
            Some("mysql" | "mariadb") => MySqlConnection::connect(url).await.map(Self::MySql),
            Some("sqlite") => SqliteConnection::connect(url).await.map(Self::Sqlite),
            _ => return Err("expected a URL with `postgres`, `mysql` or `sqlite`".to_owned()),
        };
        let mut catalogue = connected.map_err(|error| error.to_string())?;
        if let Self::Postgres(connection) = &mut catalogue {
            // A small table would be scanned although there is an index.
            sqlx::query("SET enable_seqscan = off")
                .execute(connection)
                .await
                .map_err(|error| error.to_string())?;
        }
        Ok(catalogue)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::MySql(_) => Dialect::MySql,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Returns the columns of a table; none if the table does not exist.
    pub(crate) async fn columns(
        &mut self,
        schema: Option<&str>,
        table: &str,
    ) -> Result<Vec<LiveColumn>, String> {
        match self {
            Self::Postgres(connection) => {
                let rows = sqlx::query(
                    "SELECT column_name::text, udt_name::text, is_nullable::text, EXISTS (SELECT \
                     FROM pg_collation JOIN pg_namespace ON pg_namespace.oid = collnamespace \
                     WHERE collname = collation_name AND nspname = collation_schema \
                     AND NOT collisdeterministic) \
                     FROM information_schema.columns WHERE table_name = $1 \
                     AND table_schema = COALESCE($2, current_schema())",
                )
                .bind(table)
                .bind(schema)
                .fetch_all(connection)
                .await
                .map_err(|error| error.to_string())?;
                let column = |row: &sqlx::postgres::PgRow| LiveColumn {
                    name: row.get(0),
                    type_name: row.get(1),
                    nullable: row.get::<String, _>(2) == "YES",
                    nondeterministic: row.get(3),
                };
                Ok(rows.iter().map(column).collect())
            }
            Self::MySql(connection) => {
                let rows = sqlx::query(
                    "SELECT CAST(column_name AS CHAR), CAST(data_type AS CHAR), \
                     CAST(is_nullable AS CHAR) FROM information_schema.columns \
                     WHERE table_name = ? AND table_schema = COALESCE(?, DATABASE())",
                )
                .bind(table)
                .bind(schema)
                .fetch_all(connection)
                .await
                .map_err(|error| error.to_string())?;
                let column = |row: &sqlx::mysql::MySqlRow| LiveColumn {
                    name: row.get(0),
                    type_name: row.get(1),
                    nullable: row.get::<String, _>(2) == "YES",
                    nondeterministic: false,
                };
                Ok(rows.iter().map(column).collect())
            }
            Self::Sqlite(connection) => {
                let rows =
                    sqlx::query("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)")
                        .bind(table)
                        .fetch_all(connection)
                        .await
                        .map_err(|error| error.to_string())?;
                let column = |row: &sqlx::sqlite::SqliteRow| LiveColumn {
                    name: row.get(0),
                    type_name: row.get::<String, _>(1).to_lowercase(),
                    nullable: row.get::<i64, _>(2) == 0 && row.get::<i64, _>(3) == 0,
                    nondeterministic: false,
                };
                Ok(rows.iter().map(column).collect())
            }
        }
    }

    /// Returns the version of Unicode of PostgreSQL 18.
    pub(crate) async fn unicode_version(&mut self) -> Option<String> {
        let Self::Postgres(connection) = self else { return None };
        let row = sqlx::query("SELECT unicode_version()::text").fetch_one(connection).await.ok()?;
        row.try_get(0).ok()
    }

    /// Returns whether the database reads rows of the statement from an index by its condition.
    pub(crate) async fn uses_index(&mut self, statement: &Statement) -> Result<bool, String> {
        let error = |error: sqlx::Error| error.to_string();
        let bound = |error: sqlx::error::BoxDynError| error.to_string();
        match self {
            Self::Postgres(connection) => {
                let sql = AssertSqlSafe(format!("EXPLAIN {}", statement.sql));
                let arguments = statement.arguments::<Postgres>().map_err(bound)?;
                let rows = sqlx::query_with(sql, arguments).fetch_all(connection).await;
                let lines = rows.map_err(error)?;
                Ok(lines.iter().any(|row| row.get::<String, _>(0).contains("Index Cond")))
            }
            Self::MySql(connection) => {
                let sql = AssertSqlSafe(format!("EXPLAIN {}", statement.sql));
                let arguments = statement.arguments::<MySql>().map_err(bound)?;
                let rows = sqlx::query_with(sql, arguments).fetch_all(connection).await;
                let access = |row: &sqlx::mysql::MySqlRow| {
                    let name = row.try_get_unchecked::<Option<String>, _>("type").ok().flatten();
                    matches!(
                        name.as_deref(),
                        Some("const" | "eq_ref" | "ref" | "range" | "ref_or_null" | "index_merge")
                    )
                };
                Ok(rows.map_err(error)?.iter().any(access))
            }
            Self::Sqlite(connection) => {
                let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sql));
                let arguments = statement.arguments::<Sqlite>().map_err(bound)?;
                let rows = sqlx::query_with(sql, arguments).fetch_all(connection).await;
                let searches = |row: &sqlx::sqlite::SqliteRow| {
                    row.get::<String, _>("detail").starts_with("SEARCH")
                };
                Ok(rows.map_err(error)?.iter().any(searches))
            }
        }
    }
}
