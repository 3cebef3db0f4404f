//! Rendered SQL with its bound values.

use super::dialect::Dialect;
use super::values::{Param, Values};
use sea_query::{
    Condition, EscapeBuilder, ExplainStatement, Expr, MysqlQueryBuilder, Oper,
    OperLeftAssocDecider, PostgresQueryBuilder, PrecedenceDecider, QueryBuilder, Quote,
    QuotedBuilder, SelectInto, SelectStatement, SqlWriter, SqlWriterValues, SqliteQueryBuilder,
    SubQueryStatement, TableRefBuilder, Value,
};

/// A statement or a condition, with its bound values. [`crate::Plan::to_sql`] has an example.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Statement {
    /// The SQL, with placeholders `$1`, `$2`, ... (PostgreSQL) or `?`.
    pub sql: String,
    /// The values, in the order of the placeholders.
    pub params: Vec<Param>,
}

impl Statement {
    /// Wraps SQL from another source, to use it where the statement of a plan is expected.
    #[must_use]
    pub fn new(sql: String, params: Vec<Param>) -> Self {
        Self { sql, params }
    }

    /// Renumbers the placeholders of PostgreSQL from `$first`, to insert the SQL into a statement
    /// with parameters of its own before it. Other databases have no numbers.
    ///
    /// ```
    /// use scieve::sql::{Param, Statement};
    ///
    /// let statement = Statement::new(r#""u"."age" > $1"#.into(), vec![Param::Integer(5)]);
    /// assert_eq!(statement.with_first_placeholder(3).sql, r#""u"."age" > $3"#);
    /// ```
    #[must_use]
    pub fn with_first_placeholder(mut self, first: usize) -> Self {
        let (mut renumbered, mut rest) = (String::with_capacity(self.sql.len() + 8), &*self.sql);
        let mut quote = None;
        while let Some(at) = rest.find(['"', '\'', '`', '$']) {
            let (before, from) = rest.split_at(at);
            let mut chars = from.chars();
            let found = chars.next().unwrap_or_default();
            rest = chars.as_str();
            renumbered.push_str(before);
            renumbered.push(found);
            match quote {
                Some(open) if open == found => quote = None,
                Some(_) => {}
                None if found != '$' => quote = Some(found),
                None => {
                    let end = rest.find(|digit: char| !digit.is_ascii_digit());
                    let (digits, after) = rest.split_at(end.unwrap_or(rest.len()));
                    match digits.parse::<usize>() {
                        Ok(number) => {
                            renumbered.push_str(&(number + first).saturating_sub(1).to_string());
                        }
                        Err(_) => renumbered.push_str(digits),
                    }
                    rest = after;
                }
            }
        }
        renumbered.push_str(rest);
        self.sql = renumbered;
        self
    }

    pub(super) fn of_select(select: &SelectStatement, dialect: Dialect, values: Values) -> Self {
        match dialect {
            Dialect::Postgres => Self::render(PostgresQueryBuilder, values, |builder, sql| {
                builder.prepare_select_statement(select, sql)
            }),
            Dialect::MySql => Self::render(MysqlQueryBuilder, values, |builder, sql| {
                builder.prepare_select_statement(select, sql)
            })
            .with_text_bytes(),
            Dialect::Sqlite => Self::render(BacktickBuilder, values, |builder, sql| {
                builder.prepare_select_statement(select, sql)
            }),
        }
    }

    pub(super) fn of_condition(condition: Condition, dialect: Dialect, values: Values) -> Self {
        let expr = Expr::from(condition);
        match dialect {
            Dialect::Postgres => Self::render(PostgresQueryBuilder, values, |builder, sql| {
                builder.prepare_expr(&expr, sql)
            }),
            Dialect::MySql => Self::render(MysqlQueryBuilder, values, |builder, sql| {
                builder.prepare_expr(&expr, sql)
            })
            .with_text_bytes(),
            Dialect::Sqlite => Self::render(BacktickBuilder, values, |builder, sql| {
                builder.prepare_expr(&expr, sql)
            }),
        }
    }

    fn render<B: QueryBuilder>(
        builder: B,
        values: Values,
        render: impl FnOnce(&B, &mut SqlWriterValues),
    ) -> Self {
        let (placeholder, numbered) = builder.placeholder();
        let mut sql = SqlWriterValues::new(placeholder, numbered);
        render(&builder, &mut sql);
        let (sql, written) = sql.into_parts();
        Self { sql, params: values.in_order_of(written.0) }
    }

    fn with_text_bytes(mut self) -> Self {
        for param in &mut self.params {
            if let Param::Bytes(bytes) = param
                && let Ok(string) = std::str::from_utf8(bytes)
            {
                *param = Param::TextBytes(string.to_owned());
            }
        }
        self
    }
}

/// SQLite with backticks as identifier quotes. A misspelt name in backticks is always an error; in
/// double quotes it would be a string literal if it is not qualified by a table.
struct BacktickBuilder;

impl QuotedBuilder for BacktickBuilder {
    fn quote(&self) -> Quote {
        Quote::new(b'`')
    }
}

impl EscapeBuilder for BacktickBuilder {}

impl TableRefBuilder for BacktickBuilder {}

impl PrecedenceDecider for BacktickBuilder {
    fn inner_expr_well_known_greater_precedence(&self, inner: &Expr, outer_oper: &Oper) -> bool {
        SqliteQueryBuilder.inner_expr_well_known_greater_precedence(inner, outer_oper)
    }
}

impl OperLeftAssocDecider for BacktickBuilder {
    fn well_known_left_associative(&self, op: &sea_query::BinOper) -> bool {
        SqliteQueryBuilder.well_known_left_associative(op)
    }
}

impl QueryBuilder for BacktickBuilder {
    fn prepare_query_statement(&self, query: &SubQueryStatement, sql: &mut impl SqlWriter) {
        // All subqueries of plans are SELECT statements.
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
