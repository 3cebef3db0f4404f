//! SQL as text, with its values beside it.

use super::dialect::Dialect;
use sea_query::{
    Condition, EscapeBuilder, ExplainStatement, Expr, MysqlQueryBuilder, Oper, OperLeftAssocDecider, PostgresQueryBuilder,
    PrecedenceDecider, QueryBuilder, Quote, QuotedBuilder, SelectInto, SelectStatement, SqlWriter, SqlWriterValues, SqliteQueryBuilder,
    SubQueryStatement, TableRefBuilder, Value,
};

/// A statement, or a condition, as text with its values.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Statement {
    /// The text, with `$1`, `$2` (PostgreSQL) or `?` where a value goes.
    pub sql: String,
    /// The values, in order.
    pub params: Vec<Param>,
}

/// A value bound to a statement.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
#[non_exhaustive]
pub enum Param {
    /// `NULL`; no filter makes one.
    Null,
    /// A Boolean.
    Boolean(bool),
    /// A 64-bit integer.
    Integer(i64),
    /// A binary64 number.
    Decimal(f64),
    /// A text.
    Text(String),
    /// The bytes of a text, to be bound as bytes: MySQL compares texts as such. As JSON the text. (Bytes of a binary column in MySQL that
    /// happen to be UTF-8 are shown so too.)
    TextBytes(String),
    /// Bytes. As JSON `{"base64": "..."}`.
    Bytes(#[cfg_attr(feature = "serde", serde(serialize_with = "serialize_bytes"))] Vec<u8>),
    /// An array, in PostgreSQL.
    List(Vec<Param>),
}

#[cfg(feature = "serde")]
fn serialize_bytes<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map([("base64", crate::value::base64::encode(bytes))])
}

impl Statement {
    pub(super) fn of_select(select: &SelectStatement, dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres => Self::write(PostgresQueryBuilder, |builder, sql| builder.prepare_select_statement(select, sql)),
            Dialect::MySql => {
                Self::write(MysqlQueryBuilder, |builder, sql| builder.prepare_select_statement(select, sql)).with_text_bytes()
            }
            Dialect::Sqlite => Self::write(Backticks, |builder, sql| builder.prepare_select_statement(select, sql)),
        }
    }

    pub(super) fn of_condition(condition: Condition, dialect: Dialect) -> Self {
        let expr = Expr::from(condition);
        match dialect {
            Dialect::Postgres => Self::write(PostgresQueryBuilder, |builder, sql| builder.prepare_expr(&expr, sql)),
            Dialect::MySql => Self::write(MysqlQueryBuilder, |builder, sql| builder.prepare_expr(&expr, sql)).with_text_bytes(),
            Dialect::Sqlite => Self::write(Backticks, |builder, sql| builder.prepare_expr(&expr, sql)),
        }
    }

    fn write<B: QueryBuilder>(builder: B, write: impl FnOnce(&B, &mut SqlWriterValues)) -> Self {
        let (placeholder, numbered) = builder.placeholder();
        let mut sql = SqlWriterValues::new(placeholder, numbered);
        write(&builder, &mut sql);
        let (sql, values) = sql.into_parts();
        Self { sql, params: values.into_iter().map(Param::from).collect() }
    }

    fn with_text_bytes(mut self) -> Self {
        for param in &mut self.params {
            if let Param::Bytes(bytes) = param
                && let Ok(text) = std::str::from_utf8(bytes)
            {
                *param = Param::TextBytes(text.to_owned());
            }
        }
        self
    }
}

impl From<Value> for Param {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(Some(boolean)) => Self::Boolean(boolean),
            Value::BigInt(Some(number)) => Self::Integer(number),
            // The bound of LIMIT, which sea-query binds as what it was given as.
            Value::BigUnsigned(Some(number)) => Self::Integer(i64::try_from(number).unwrap_or(i64::MAX)),
            Value::Double(Some(number)) => Self::Decimal(number),
            Value::String(Some(text)) => Self::Text(text),
            Value::Bytes(Some(bytes)) => Self::Bytes(bytes),
            Value::Array(_, Some(values)) => Self::List(values.into_iter().map(Self::from).collect()),
            _ => Self::Null,
        }
    }
}

/// SQLite with backticks for its identifiers: a misspelt one is an error everywhere, while between double quotes it would be a text
/// where no table stands before it.
struct Backticks;

impl QuotedBuilder for Backticks {
    fn quote(&self) -> Quote {
        Quote::new(b'`')
    }
}

impl EscapeBuilder for Backticks {}

impl TableRefBuilder for Backticks {}

impl PrecedenceDecider for Backticks {
    fn inner_expr_well_known_greater_precedence(&self, inner: &Expr, outer_oper: &Oper) -> bool {
        SqliteQueryBuilder.inner_expr_well_known_greater_precedence(inner, outer_oper)
    }
}

impl OperLeftAssocDecider for Backticks {
    fn well_known_left_associative(&self, op: &sea_query::BinOper) -> bool {
        SqliteQueryBuilder.well_known_left_associative(op)
    }
}

impl QueryBuilder for Backticks {
    fn prepare_query_statement(&self, query: &SubQueryStatement, sql: &mut impl SqlWriter) {
        // No other statement stands inside one of ours.
        if let SubQueryStatement::SelectStatement(select) = query {
            self.prepare_select_statement(select, sql);
        }
    }

    fn prepare_select_into(&self, _: &SelectInto, _: &mut impl SqlWriter) {}

    fn prepare_explain_statement(&self, _: &ExplainStatement, _: &mut impl SqlWriter) {}

    fn prepare_value(&self, value: Value, sql: &mut impl SqlWriter) {
        sql.push_param(value, self);
    }
}
