//! Connections to SQLite, PostgreSQL and MariaDB with one interface.

use crate::databases::Database;
use crate::generators::random_values::Cell;
use crate::generators::rows::{Row, Value, rows};
use crate::generators::{RecordModel, TENANT};
use rusqlite::types::Value as Stored;
use scieve::AttributeType;
use scieve::sql::{Dialect, Param, Statement};
use sqlx::mysql::{MySqlArguments, MySqlConnectOptions};
use sqlx::postgres::PgArguments;
use sqlx::{
    Arguments as _, AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection,
    Row as _,
};
use std::collections::BTreeMap;

/// A connection and its database, which is deleted on drop.
#[allow(dead_code, reason = "the databases are held for their `Drop`")]
pub(crate) enum DbConnection {
    Sqlite(rusqlite::Connection, Option<Database>),
    Postgres(PgConnection, Database),
    MySql(MySqlConnection, Database),
}

/// Maximum number of values to insert with one statement: SQLite accepts 32,766 parameters.
const MAX_VALUES: usize = 30_000;

impl DbConnection {
    /// Creates an empty database and connects to it.
    pub(crate) async fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::Sqlite(rusqlite::Connection::open_in_memory().unwrap(), None),
            Dialect::Postgres => {
                let database = Database::postgres().await;
                Self::Postgres(PgConnection::connect(&database.url).await.unwrap(), database)
            }
            Dialect::MySql => {
                let database = Database::mysql().await;
                Self::MySql(mysql(&database).await, database)
            }
        }
    }

    /// Connects to an existing database.
    pub(crate) async fn open(database: Database) -> Self {
        match database.url.split_once(':') {
            Some(("sqlite", path)) => {
                Self::Sqlite(rusqlite::Connection::open(path).unwrap(), Some(database))
            }
            Some(("postgres", _)) => {
                Self::Postgres(PgConnection::connect(&database.url).await.unwrap(), database)
            }
            _ => Self::MySql(mysql(&database).await, database),
        }
    }

    /// Returns the query plan of a statement, one line per step.
    pub(crate) async fn explain(&mut self, statement: &Statement) -> Vec<String> {
        let before =
            if self.dialect() == Dialect::Sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
        let sql = AssertSqlSafe(format!("{before} {}", statement.sql));
        match self {
            Self::Sqlite(connection, _) => {
                let mut prepared = connection.prepare(sql.0.as_str()).unwrap();
                let params = rusqlite::params_from_iter(statement.params.iter().map(param_sqlite));
                prepared.query_map(params, |row| row.get(3)).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres(connection, _) => {
                let mut bound = PgArguments::default();
                statement.params.iter().for_each(|param| param_postgres(&mut bound, param));
                let rows = sqlx::query_with(sql, bound)
                    .persistent(false)
                    .fetch_all(connection)
                    .await
                    .unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Self::MySql(connection, _) => {
                let mut bound = MySqlArguments::default();
                statement.params.iter().for_each(|param| param_mysql(&mut bound, param));
                let rows = sqlx::query_with(sql, bound).fetch_all(connection).await.unwrap();
                let columns = |row: &sqlx::mysql::MySqlRow| {
                    // select_type, table, type, key, ref, Extra
                    let parts = [1, 2, 3, 5, 7, 9].map(|at| {
                        row.get_unchecked::<Option<String>, _>(at).unwrap_or_else(|| "-".to_owned())
                    });
                    parts.join(" | ")
                };
                rows.iter().map(columns).collect()
            }
        }
    }

    /// Runs a query and returns the number of rows.
    pub(crate) async fn count(&mut self, statement: &Statement) -> usize {
        let sql = AssertSqlSafe(statement.sql.as_str());
        match self {
            Self::Sqlite(connection, _) => {
                let mut prepared = connection.prepare(&statement.sql).unwrap();
                let mut rows = prepared
                    .query(rusqlite::params_from_iter(statement.params.iter().map(param_sqlite)))
                    .unwrap();
                let mut count = 0;
                while rows.next().unwrap().is_some() {
                    count += 1;
                }
                count
            }
            Self::Postgres(connection, _) => {
                let mut bound = PgArguments::default();
                statement.params.iter().for_each(|param| param_postgres(&mut bound, param));
                sqlx::query_with(sql, bound).fetch_all(connection).await.unwrap().len()
            }
            Self::MySql(connection, _) => {
                let mut bound = MySqlArguments::default();
                statement.params.iter().for_each(|param| param_mysql(&mut bound, param));
                sqlx::query_with(sql, bound).fetch_all(connection).await.unwrap().len()
            }
        }
    }

    /// Reconnects to MariaDB, which discards the statements prepared so far.
    pub(crate) async fn reconnect(&mut self) {
        if let Self::MySql(connection, database) = self {
            *connection = mysql(database).await;
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(..) => Dialect::Sqlite,
            Self::Postgres(..) => Dialect::Postgres,
            Self::MySql(..) => Dialect::MySql,
        }
    }

    /// Runs statements without parameters.
    pub(crate) async fn execute(&mut self, sql: &str) {
        let result = match self {
            Self::Sqlite(connection, _) => {
                connection.execute_batch(sql).map_err(|error| error.to_string())
            }
            Self::Postgres(connection, _) => {
                without_value(connection.execute(AssertSqlSafe(sql)).await)
            }
            Self::MySql(connection, _) => {
                without_value(connection.execute(AssertSqlSafe(sql)).await)
            }
        };
        result.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Replaces the content of the model's tables by these records.
    pub(crate) async fn fill<W: RecordModel>(&mut self, model: &W, records: &[W::Record]) {
        let (columns, schema) = (model.mapping(), model.policies()[0].schema());
        self.reconnect().await;
        self.execute("BEGIN").await;
        let quote = if self.dialect() == Dialect::Postgres { '"' } else { '`' };
        let children = columns.mapping().children.values().map(|child| &child.table);
        for table in children.chain([&columns.mapping().table]) {
            let empty =
                if self.dialect() == Dialect::Postgres { "TRUNCATE" } else { "DELETE FROM" };
            let cascade = if self.dialect() == Dialect::Postgres { " CASCADE" } else { "" };
            self.execute(&format!("{empty} {quote}{table}{quote}{cascade}")).await;
        }
        let mut tables: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        let ids: Vec<&str> = records.iter().map(|record| model.id(record)).collect();
        let mut add = |tenant: &str, id: &str, record: &W::Record| {
            for row in rows(columns, schema, tenant, id, record) {
                tables.entry(row.table.clone()).or_default().push(row);
            }
        };
        for (at, record) in records.iter().enumerate() {
            add(TENANT, ids[at], record);
            if columns.mapping().tenant_column.is_some() {
                // Another tenant, in which the same ids belong to other records.
                add("2", ids[(at + 1) % ids.len()], record);
            }
        }
        let own = tables.remove(&columns.mapping().table);
        for rows in own.into_iter().chain(tables.into_values()) {
            for some in rows.chunks(MAX_VALUES / rows[0].columns.len()) {
                self.insert(some).await;
            }
        }
        self.execute("COMMIT").await;
        if self.dialect() == Dialect::Postgres {
            self.execute("ANALYZE").await;
        }
    }

    /// Inserts rows into one table.
    pub(crate) async fn insert(&mut self, rows: &[Row]) {
        let first = &rows[0];
        let (quote, numbered) =
            if self.dialect() == Dialect::Postgres { ('"', true) } else { ('`', false) };
        let names: Vec<String> =
            first.columns.iter().map(|value| format!("{quote}{}{quote}", value.column)).collect();
        let mark = |at: usize| if numbered { format!("${}", at + 1) } else { "?".to_owned() };
        let marks = |row: usize| {
            (0..names.len()).map(|at| mark(row * names.len() + at)).collect::<Vec<_>>().join(", ")
        };
        let lines: Vec<String> = (0..rows.len()).map(|row| format!("({})", marks(row))).collect();
        let sql = format!(
            "INSERT INTO {quote}{}{quote} ({}) VALUES {}",
            first.table,
            names.join(", "),
            lines.join(", ")
        );
        let values = rows.iter().flat_map(|row| &row.columns);
        let result = match self {
            Self::Sqlite(connection, _) => {
                let result = connection.prepare(&sql).and_then(|mut prepared| {
                    prepared.execute(rusqlite::params_from_iter(values.map(stored)))
                });
                result.map(|_| ()).map_err(|error| error.to_string())
            }
            Self::Postgres(connection, _) => {
                let mut bound = PgArguments::default();
                values.for_each(|value| bind_postgres(&mut bound, value));
                without_value(
                    sqlx::query_with(AssertSqlSafe(sql), bound)
                        .persistent(false)
                        .execute(connection)
                        .await,
                )
            }
            Self::MySql(connection, _) => {
                let mut bound = MySqlArguments::default();
                values.for_each(|value| bind_mysql(&mut bound, value));
                without_value(
                    sqlx::query_with(AssertSqlSafe(sql), bound)
                        .persistent(false)
                        .execute(connection)
                        .await,
                )
            }
        };
        result.unwrap_or_else(|error| panic!("{first:?}: {error}"));
    }

    /// Runs a query and returns the first column.
    pub(crate) async fn ids(&mut self, statement: &Statement) -> Result<Vec<String>, String> {
        let sql = AssertSqlSafe(statement.sql.as_str());
        match self {
            Self::Sqlite(connection, _) => {
                ids(connection, statement).map_err(|error| error.to_string())
            }
            Self::Postgres(connection, _) => {
                let mut bound = PgArguments::default();
                statement.params.iter().for_each(|param| param_postgres(&mut bound, param));
                let rows =
                    sqlx::query_with(sql, bound).persistent(false).fetch_all(connection).await;
                rows.map(|rows| rows.iter().map(|row| row.get(0)).collect())
                    .map_err(|error| error.to_string())
            }
            Self::MySql(connection, _) => {
                let mut bound = MySqlArguments::default();
                statement.params.iter().for_each(|param| param_mysql(&mut bound, param));
                let rows = sqlx::query_with(sql, bound).fetch_all(connection).await;
                let text = |row: &sqlx::mysql::MySqlRow| {
                    String::from_utf8(row.get_unchecked::<Vec<u8>, _>(0)).unwrap()
                };
                rows.map(|rows| rows.iter().map(text).collect()).map_err(|error| error.to_string())
            }
        }
    }
}

/// Connects to MariaDB with a statement cache that is never full: after closing a prepared
/// statement, the next request is delayed by 40 ms (Nagle's algorithm, delayed acknowledgement).
async fn mysql(database: &Database) -> MySqlConnection {
    let options: MySqlConnectOptions = database.url.parse().unwrap();
    MySqlConnection::connect_with(&options.statement_cache_capacity(4_000)).await.unwrap()
}

fn without_value<T>(result: Result<T, sqlx::Error>) -> Result<(), String> {
    result.map(|_| ()).map_err(|error| error.to_string())
}

fn ids(connection: &rusqlite::Connection, statement: &Statement) -> rusqlite::Result<Vec<String>> {
    let mut prepared = connection.prepare(&statement.sql)?;
    prepared
        .query_map(rusqlite::params_from_iter(statement.params.iter().map(param_sqlite)), |row| {
            row.get(0)
        })?
        .collect()
}

fn stored(value: &Value) -> Stored {
    match &value.cell {
        None => Stored::Null,
        Some(Cell::Text(text)) => Stored::Text(text.clone()),
        Some(Cell::Boolean(boolean)) => Stored::Integer(i64::from(*boolean)),
        Some(Cell::Integer(number) | Cell::DateTime(number)) => Stored::Integer(*number),
        Some(Cell::Decimal(number)) => Stored::Real(*number),
        Some(Cell::Binary(bytes)) => Stored::Blob(bytes.clone()),
    }
}

/// Binds a value. PostgreSQL needs a type for NULL as well.
fn bind_postgres(to: &mut PgArguments, value: &Value) {
    let result = match (&value.cell, value.kind) {
        (Some(Cell::Text(text)), _) => to.add(text.as_str()),
        (Some(Cell::Boolean(boolean)), _) => to.add(*boolean),
        (Some(Cell::Integer(number) | Cell::DateTime(number)), _) => to.add(*number),
        (Some(Cell::Decimal(number)), _) => to.add(*number),
        (Some(Cell::Binary(bytes)), _) => to.add(bytes.as_slice()),
        (None, AttributeType::Boolean) => to.add(None::<bool>),
        (None, AttributeType::Integer | AttributeType::DateTime) => to.add(None::<i64>),
        (None, AttributeType::Decimal) => to.add(None::<f64>),
        (None, AttributeType::Binary) => to.add(None::<Vec<u8>>),
        (None, _) => to.add(None::<String>),
    };
    result.unwrap();
}

fn bind_mysql(to: &mut MySqlArguments, value: &Value) {
    let result = match &value.cell {
        None => to.add(None::<String>),
        Some(Cell::Text(text)) => to.add(text.as_str()),
        Some(Cell::Boolean(boolean)) => to.add(*boolean),
        Some(Cell::Integer(number) | Cell::DateTime(number)) => to.add(*number),
        Some(Cell::Decimal(number)) => to.add(*number),
        Some(Cell::Binary(bytes)) => to.add(bytes.as_slice()),
    };
    result.unwrap();
}

fn param_sqlite(param: &Param) -> Stored {
    match param {
        Param::Boolean(boolean) => Stored::Integer(i64::from(*boolean)),
        Param::Integer(number) => Stored::Integer(*number),
        Param::Decimal(number) => Stored::Real(*number),
        Param::Text(text) => Stored::Text(text.clone()),
        Param::Bytes(bytes) => Stored::Blob(bytes.clone()),
        other => panic!("SQLite has no {other:?}"),
    }
}

fn param_postgres(to: &mut PgArguments, param: &Param) {
    let result = match param {
        Param::Boolean(boolean) => to.add(*boolean),
        Param::Integer(number) => to.add(*number),
        Param::Decimal(number) => to.add(*number),
        Param::Text(text) => to.add(text.as_str()),
        Param::Bytes(bytes) => to.add(bytes.as_slice()),
        Param::List(list) => match &list[0] {
            Param::Boolean(_) => to.add(
                list.iter()
                    .map(|one| if let Param::Boolean(it) = one { *it } else { panic!("{one:?}") })
                    .collect::<Vec<_>>(),
            ),
            Param::Integer(_) => to.add(
                list.iter()
                    .map(|one| if let Param::Integer(it) = one { *it } else { panic!("{one:?}") })
                    .collect::<Vec<_>>(),
            ),
            Param::Decimal(_) => to.add(
                list.iter()
                    .map(|one| if let Param::Decimal(it) = one { *it } else { panic!("{one:?}") })
                    .collect::<Vec<_>>(),
            ),
            Param::Text(_) => {
                to.add(
                    list.iter()
                        .map(|one| {
                            if let Param::Text(it) = one { it.as_str() } else { panic!("{one:?}") }
                        })
                        .collect::<Vec<_>>(),
                )
            }
            Param::Bytes(_) => {
                to.add(
                    list.iter()
                        .map(|one| {
                            if let Param::Bytes(it) = one { it.clone() } else { panic!("{one:?}") }
                        })
                        .collect::<Vec<_>>(),
                )
            }
            other => panic!("no list of {other:?}"),
        },
        other => panic!("PostgreSQL has no {other:?}"),
    };
    result.unwrap();
}

fn param_mysql(to: &mut MySqlArguments, param: &Param) {
    let result = match param {
        Param::Boolean(boolean) => to.add(*boolean),
        Param::Integer(number) => to.add(*number),
        Param::Decimal(number) => to.add(*number),
        Param::Text(text) => to.add(text.as_str()),
        Param::TextBytes(text) => to.add(text.as_bytes()),
        Param::Bytes(bytes) => to.add(bytes.as_slice()),
        other => panic!("MySQL has no {other:?}"),
    };
    result.unwrap();
}
