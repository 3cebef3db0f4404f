//! SQL as text, with its values beside it.

use super::dialect::Dialect;
use super::values::{Param, Values};
use sea_query::{
    Condition, EscapeBuilder, ExplainStatement, Expr, MysqlQueryBuilder, Oper,
    OperLeftAssocDecider, PostgresQueryBuilder, PrecedenceDecider, QueryBuilder, Quote,
    QuotedBuilder, SelectInto, SelectStatement, SqlWriter, SqlWriterValues, SqliteQueryBuilder,
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

impl Statement {
    /// A statement written by other means, to be handled like those of a plan.
    #[must_use]
    pub fn new(sql: String, params: Vec<Param>) -> Self {
        Self { sql, params }
    }

    pub(super) fn of_select(select: &SelectStatement, dialect: Dialect, values: Values) -> Self {
        match dialect {
            Dialect::Postgres => Self::write(PostgresQueryBuilder, values, |builder, sql| {
                builder.prepare_select_statement(select, sql)
            }),
            Dialect::MySql => Self::write(MysqlQueryBuilder, values, |builder, sql| {
                builder.prepare_select_statement(select, sql)
            })
            .with_text_bytes(),
            Dialect::Sqlite => Self::write(Backticks, values, |builder, sql| {
                builder.prepare_select_statement(select, sql)
            }),
        }
    }

    pub(super) fn of_condition(condition: Condition, dialect: Dialect, values: Values) -> Self {
        let expr = Expr::from(condition);
        match dialect {
            Dialect::Postgres => Self::write(PostgresQueryBuilder, values, |builder, sql| {
                builder.prepare_expr(&expr, sql)
            }),
            Dialect::MySql => Self::write(MysqlQueryBuilder, values, |builder, sql| {
                builder.prepare_expr(&expr, sql)
            })
            .with_text_bytes(),
            Dialect::Sqlite => {
                Self::write(Backticks, values, |builder, sql| builder.prepare_expr(&expr, sql))
            }
        }
    }

    fn write<B: QueryBuilder>(
        builder: B,
        values: Values,
        write: impl FnOnce(&B, &mut SqlWriterValues),
    ) -> Self {
        let (placeholder, numbered) = builder.placeholder();
        let mut sql = SqlWriterValues::new(placeholder, numbered);
        write(&builder, &mut sql);
        let (sql, written) = sql.into_parts();
        Self { sql, params: values.in_order_of(written.0) }
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
