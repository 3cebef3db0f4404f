//! SQL of the store, rendered by sea-query: values are bound, identifiers are constants.

use super::tenant::Tenant;
use crate::user::Status;
use scieve::sql::{self, Dialect, Param};
use sea_query::{
    Condition, Expr, ExprTrait as _, Func, MysqlQueryBuilder, PostgresQueryBuilder, QueryBuilder,
    QueryStatementWriter, SelectStatement, SqlWriter, SqlWriterValues, SqliteQueryBuilder, Value,
    Values,
};
use sqlx::error::BoxDynError;
use std::fmt::{self, Write};

/// Alias of the table `users`: that of [`crate::mapping`], whose conditions refer to it.
pub(super) const USERS: &str = "u";
/// The primary key of users in MySQL, which every index has too.
pub(super) const MYSQL_KEY: [&str; 2] = ["tenant", "id"];

/// SQL with its bound values, in the order of the placeholders.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Statement {
    /// Renders a query.
    pub(super) fn new(dialect: Dialect, query: &impl QueryStatementWriter) -> Self {
        Self::render(dialect, query, false)
    }

    /// Renders a query with its LIMIT as a constant. PostgreSQL then plans a prepared statement once.
    /// It estimates that a plan for any LIMIT costs more, and would plan each execution.
    pub(super) fn with_constant_limit(dialect: Dialect, query: &impl QueryStatementWriter) -> Self {
        Self::render(dialect, query, true)
    }

    fn render(
        dialect: Dialect,
        query: &impl QueryStatementWriter,
        is_limit_constant: bool,
    ) -> Self {
        fn build<B: QueryBuilder>(
            builder: B,
            query: &impl QueryStatementWriter,
            is_limit_constant: bool,
        ) -> (String, Values) {
            let (placeholder, numbered) = builder.placeholder();
            let sql = SqlWriterValues::new(placeholder, numbered);
            let mut writer = Writer { sql, is_limit_constant };
            query.build_collect_into(builder, &mut writer);
            writer.sql.into_parts()
        }
        let (sql, values) = match dialect {
            Dialect::Postgres => build(PostgresQueryBuilder, query, is_limit_constant),
            Dialect::MySql => build(MysqlQueryBuilder, query, is_limit_constant),
            Dialect::Sqlite => build(SqliteQueryBuilder, query, is_limit_constant),
        };
        Self { sql, values: values.0 }
    }

    /// A statement without values.
    pub(super) fn constant(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    /// The statement with values of the engine's type. MySQL compares strings as bytes.
    pub(super) fn into_engine(self, dialect: Dialect) -> sql::Statement {
        let param = |value| match (dialect, Param::from(value)) {
            (Dialect::MySql, Param::Text(string)) => Param::TextBytes(string),
            (Dialect::MySql, Param::Bytes(bytes)) => match String::from_utf8(bytes) {
                Ok(string) => Param::TextBytes(string),
                Err(error) => Param::Bytes(error.into_bytes()),
            },
            (_, param) => param,
        };
        sql::Statement::new(self.sql, self.values.into_iter().map(param).collect())
    }
}

/// Writes SQL. The only unsigned integers are those of LIMIT.
struct Writer {
    sql: SqlWriterValues,
    is_limit_constant: bool,
}

impl SqlWriter for Writer {
    fn push_param<B: QueryBuilder>(&mut self, value: Value, builder: &B) {
        let Value::BigUnsigned(Some(limit)) = value else {
            return self.sql.push_param(value, builder);
        };
        // Only MySQL accepts unsigned integers.
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match self.is_limit_constant {
            // Writing to a string does not fail.
            true => drop(write!(self.sql, "{limit}")),
            false => self.sql.push_param(limit.into(), builder),
        }
    }

    fn as_writer(&mut self) -> &mut dyn Write {
        &mut self.sql
    }
}

impl Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.sql.write_str(text)
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sql.fmt(formatter)
    }
}

/// `FROM table AS alias WHERE alias.tenant = ?`, without columns yet. Every table is restricted
/// by a constant: a database that distributes tenants over nodes then contacts only one.
pub(super) fn select_from(
    table: &'static str,
    alias: &'static str,
    tenant: Tenant<'_>,
) -> SelectStatement {
    let mut select = SelectStatement::new();
    select.from_as(table, alias).and_where(Expr::col((alias, "tenant")).eq(tenant.number));
    select
}

/// `FROM users AS u WHERE u.tenant = ?`, without columns yet.
pub(super) fn select_users(tenant: Tenant<'_>) -> SelectStatement {
    select_from("users", USERS, tenant)
}

/// The condition that a user is not deleted, with a constant: it is that of a partial index.
pub(super) fn is_live() -> Expr {
    user_column("status").ne(Expr::Constant(Status::Deleted.name().into()))
}

/// The condition that a user has this subject and is not deleted, which at most one user fulfils.
/// MySQL has no partial indexes, and a generated column instead.
pub(super) fn has_live_subject(dialect: Dialect, subject: &str) -> Condition {
    let condition = Condition::all().add(is_live());
    condition.add(live_subject(dialect).eq(subject))
}

/// The column of subjects that are unique among the users who are not deleted.
pub(super) fn live_subject(dialect: Dialect) -> Expr {
    user_column(if dialect == Dialect::MySql { "live_subject" } else { "subject" })
}

/// The condition that a user is that of a row with [`MYSQL_KEY`].
pub(super) fn is_row_of(alias: &'static str) -> Condition {
    let is_same = |column| Expr::col((alias, column)).equals((USERS, column));
    MYSQL_KEY.into_iter().map(is_same).fold(Condition::all(), Condition::add)
}

/// A column of `users`.
pub(super) fn user_column(name: &'static str) -> Expr {
    Expr::col((USERS, name))
}

/// The literal 1, for queries that only test whether a row exists.
pub(super) fn one() -> Expr {
    Expr::Constant(1.into())
}

/// `column IN (...)`; in PostgreSQL `column = ANY(array)`, which is one value and one prepared
/// statement whatever the length of the list.
pub(super) fn is_one_of<S: Into<String>>(
    dialect: Dialect,
    column: Expr,
    strings: impl IntoIterator<Item = S>,
) -> Expr {
    let strings = strings.into_iter().map(Into::<String>::into);
    match dialect {
        Dialect::Postgres => {
            let array: Value = strings.collect::<Vec<String>>().into();
            column.eq(Func::cust("ANY").arg(array))
        }
        Dialect::MySql | Dialect::Sqlite => column.is_in(strings),
    }
}

/// The strings of an array, to bind in PostgreSQL.
#[cfg(feature = "postgres")]
pub(super) fn strings(values: Vec<Value>) -> Result<Vec<String>, BoxDynError> {
    let string = |value| match value {
        Value::String(Some(string)) => Ok(string),
        other => Err(unsupported(&other)),
    };
    values.into_iter().map(string).collect()
}

/// The error for a value of a type that no statement of the store contains.
pub(super) fn unsupported(value: &Value) -> BoxDynError {
    format!("cannot bind {value:?}").into()
}
