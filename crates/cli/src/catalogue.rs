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
    /// The schema of the type, in PostgreSQL.
    pub(crate) type_schema: String,
    /// The labels of an enumerated type.
    pub(crate) labels: Vec<String>,
    /// The collation of strings, in MySQL, and in lowercase in SQLite.
    pub(crate) collation: Option<String>,
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
        let mut catalogue = connected.map_err(|error| message(&error))?;
        if let Self::Postgres(connection) = &mut catalogue {
            // A small table would be scanned although there is an index.
            sqlx::query("SET enable_seqscan = off")
                .execute(connection)
                .await
                .map_err(|error| message(&error))?;
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
                     AND NOT collisdeterministic), udt_schema::text, ARRAY(SELECT \
                     enumlabel::text FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid \
                     JOIN pg_namespace ON pg_namespace.oid = typnamespace \
                     WHERE typname = udt_name AND nspname = udt_schema) \
                     FROM information_schema.columns WHERE table_name = $1 \
                     AND table_schema = COALESCE($2, current_schema())",
                )
                .bind(table)
                .bind(schema)
                .fetch_all(connection)
                .await
                .map_err(|error| message(&error))?;
                let column = |row: &sqlx::postgres::PgRow| LiveColumn {
                    name: row.get(0),
                    type_name: row.get(1),
                    nullable: row.get::<String, _>(2) == "YES",
                    nondeterministic: row.get(3),
                    type_schema: row.get(4),
                    labels: row.get(5),
                    collation: None,
                };
                Ok(rows.iter().map(column).collect())
            }
            Self::MySql(connection) => {
                let rows = sqlx::query(
                    "SELECT CAST(column_name AS CHAR), CAST(data_type AS CHAR), \
                     CAST(is_nullable AS CHAR), CAST(collation_name AS CHAR), \
                     CAST(column_type AS CHAR) FROM information_schema.columns \
                     WHERE table_name = ? AND table_schema = COALESCE(?, DATABASE())",
                )
                .bind(table)
                .bind(schema)
                .fetch_all(connection)
                .await
                .map_err(|error| message(&error))?;
                let column = |row: &sqlx::mysql::MySqlRow| LiveColumn {
                    name: row.get(0),
                    type_name: row.get(1),
                    nullable: row.get::<String, _>(2) == "YES",
                    nondeterministic: false,
                    type_schema: String::new(),
                    labels: enum_labels(row.get::<String, _>(4).as_str()),
                    collation: row.get(3),
                };
                Ok(rows.iter().map(column).collect())
            }
            Self::Sqlite(connection) => {
                let rows =
                    sqlx::query("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)")
                        .bind(table)
                        .fetch_all(&mut *connection)
                        .await
                        .map_err(|error| message(&error))?;
                let column = |row: &sqlx::sqlite::SqliteRow| LiveColumn {
                    name: row.get(0),
                    type_name: row.get::<String, _>(1).to_lowercase(),
                    nullable: row.get::<i64, _>(2) == 0 && row.get::<i64, _>(3) == 0,
                    nondeterministic: false,
                    type_schema: String::new(),
                    labels: Vec::new(),
                    collation: None,
                };
                let mut columns: Vec<LiveColumn> = rows.iter().map(column).collect();
                for column in &mut columns {
                    column.collation =
                        Some(sqlite_collation(connection, table, &column.name).await?);
                }
                Ok(columns)
            }
        }
    }

    /// Returns the types of the values in the first rows of a table of SQLite, whose columns can
    /// contain values of any type.
    pub(crate) async fn stored_types(
        &mut self,
        table: &str,
        column: &str,
    ) -> Result<Option<Vec<String>>, String> {
        const ROWS: u32 = 1000;
        let Self::Sqlite(connection) = self else { return Ok(None) };
        let (table, column) = (sqlite_name(table), sqlite_name(column));
        let sql = format!(
            "SELECT DISTINCT typeof({column}) FROM (SELECT {column} FROM {table} \
             WHERE {column} IS NOT NULL LIMIT {ROWS})"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await;
        let rows = rows.map_err(|error| message(&error))?;
        Ok(Some(rows.iter().map(|row| row.get(0)).collect()))
    }

    /// Returns the version of Unicode of PostgreSQL 18.
    pub(crate) async fn unicode_version(&mut self) -> Option<String> {
        let Self::Postgres(connection) = self else { return None };
        let row = sqlx::query("SELECT unicode_version()::text").fetch_one(connection).await.ok()?;
        row.try_get(0).ok()
    }

    /// Returns whether the database reads rows of the statement from an index by its condition.
    pub(crate) async fn uses_index(&mut self, statement: &Statement) -> Result<bool, String> {
        let error = |error: sqlx::Error| message(&error);
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

/// Returns the message of the database, without the place in its source code.
fn message(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}

/// Returns the labels of `enum('a','b')`.
fn enum_labels(column_type: &str) -> Vec<String> {
    let Some(list) = column_type.strip_prefix("enum('").and_then(|it| it.strip_suffix("')")) else {
        return Vec::new();
    };
    list.split("','").map(|label| label.replace("''", "'")).collect()
}

fn sqlite_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Returns the collation of a column, which decides how two strings compare.
async fn sqlite_collation(
    connection: &mut SqliteConnection,
    table: &str,
    column: &str,
) -> Result<String, String> {
    // The left operand determines the collation; the table need not have rows.
    let column = sqlite_name(column);
    let sql = format!(
        "SELECT ({column} = 'A') + 2 * ({column} = 'a ') FROM (SELECT {column} FROM {} WHERE 0 \
         UNION ALL SELECT 'a')",
        sqlite_name(table)
    );
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(connection).await;
    let equal: i64 = row.map_err(|error| message(&error))?.get(0);
    Ok(match equal {
        0 => "binary",
        1 => "nocase",
        _ => "rtrim",
    }
    .to_owned())
}
