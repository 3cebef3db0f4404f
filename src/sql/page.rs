//! A whole statement: the rows of a plan, sorted, a page at a time.
//!
//! Where an unindexable `co` stands at the top of a filter with few matches, MariaDB and SQLite walk the whole sort index; taking the order
//! away from them (`ORDER BY +sort`, `IGNORE INDEX FOR ORDER BY`) was measured to be ten times faster. That is left to the caller, who knows
//! the indexes; the store of users does it.

use super::columns::CheckedMapping;
use super::dialect::Dialect;
use super::error::SqlError;
use super::mapping::is_identifier;
use super::statement::Statement;
use super::values::{Param, Values};
use crate::plan::Plan;
use crate::value::{AttributeType, Value, fold_key};
use sea_query::{
    BinOper, Condition, Expr, ExprTrait, LogicalChainOper, Order, Query, SelectStatement,
};

/// Which way rows are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Direction {
    /// From the least up; rows without a value last (RFC 7644 section 3.4.2.3).
    #[default]
    Ascending,
    /// From the greatest down; rows without a value first.
    Descending,
}

impl Direction {
    fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// What [`super::Column::sort`] holds: `1` and the key of the text, or `2` where there is none. So one column, never NULL, has the order
/// of RFC 7644 section 3.4.2.3 in both directions in every database.
///
/// ```
/// use scieve::sql::sort_text;
///
/// assert_eq!(sort_text(Some("Ödön")), "1ödön");
/// assert_eq!(sort_text(None), "2");
/// ```
#[must_use]
pub fn sort_text(text: Option<&str>) -> String {
    match text {
        Some(text) => format!("1{}", fold_key(text)),
        None => "2".to_owned(),
    }
}

/// The place of a row among the sorted ones. It holds values, so it is good even after the row was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seek {
    /// What the row's sort column holds; not looked at where the statement sorts by the key alone.
    pub sort: String,
    /// The row's key: a text or an integer, as the mapping says.
    pub key: Value,
}

/// Which rows of a plan, in which order, with which columns. The default is all of them, by key, with the key alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Select {
    columns: Vec<String>,
    sort: Option<String>,
    direction: Direction,
    limit: Option<u64>,
    seek: Option<(Side, Seek)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    After,
    Before,
}

impl Select {
    /// The same with these columns of the mapping's own table.
    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The same, sorted by the attribute of that path, as the mapping writes it, and then by the key. Whether the caller may see that
    /// attribute is not asked here.
    #[must_use]
    pub fn sort(mut self, path: impl Into<String>, direction: Direction) -> Self {
        (self.sort, self.direction) = (Some(path.into()), direction);
        self
    }

    /// The same, with so many rows at most. Ask for one more than a page holds: it tells whether there is a further page.
    #[must_use]
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// The same, of the rows after that place.
    #[must_use]
    pub fn after(mut self, place: Seek) -> Self {
        self.seek = Some((Side::After, place));
        self
    }

    /// The same, of the rows before that place, **the nearest first**: turn them round to show them.
    #[must_use]
    pub fn before(mut self, place: Seek) -> Self {
        self.seek = Some((Side::Before, place));
        self
    }
}

impl<R: ?Sized> Plan<R> {
    /// The statement that finds the rows of the plan.
    ///
    /// # Errors
    /// What [`Plan::to_condition`] refuses; a sort attribute without a sort column; a column that is no identifier.
    pub fn to_select(
        &self,
        columns: &CheckedMapping,
        dialect: Dialect,
        select: &Select,
    ) -> Result<SelectStatement, SqlError> {
        let (mut statement, condition) =
            self.select(columns, dialect, select, &mut Values::in_place())?;
        statement.cond_where(condition);
        Ok(statement)
    }

    /// The statement without its WHERE, and the condition for that.
    fn select(
        &self,
        columns: &CheckedMapping,
        dialect: Dialect,
        select: &Select,
        values: &mut Values,
    ) -> Result<(SelectStatement, Condition), SqlError> {
        let mapping = columns.mapping();
        let names = columns.names();
        let alias = &names.alias;
        let key = Expr::col((alias.clone(), names.key.clone()));
        let key =
            if mapping.key_type == AttributeType::String { dialect.ordered(key) } else { key };
        let sort = match &select.sort {
            Some(path) => {
                let column = columns
                    .sort_column(path)
                    .ok_or_else(|| SqlError::NotSortable(path.as_str().into()))?;
                Some(dialect.ordered(Expr::col((alias.clone(), column.clone()))))
            }
            None => None,
        };

        let mut statement = Query::select();
        if select.columns.is_empty() {
            statement.column((alias.clone(), names.key.clone()));
        }
        for column in &select.columns {
            if !is_identifier(column) {
                return Err(SqlError::BadIdentifier(column.as_str().into()));
            }
            statement.column((alias.clone(), column.clone()));
        }
        statement.from_as(names.table.clone(), alias.clone());
        let mut condition = self.condition(columns, dialect, values)?;

        let mut direction = select.direction;
        if let Some((side, place)) = &select.seek {
            if *side == Side::Before {
                direction = direction.reversed();
            }
            condition =
                seek(condition, dialect, sort.clone(), key.clone(), place, direction, values);
        }
        let order = if direction == Direction::Ascending { Order::Asc } else { Order::Desc };
        for expr in sort.into_iter().chain([key]) {
            statement.order_by_expr(expr, order.clone());
        }
        if let Some(limit) = select.limit {
            statement.limit(limit);
        }
        Ok((statement, condition))
    }

    /// The same as text, with the values in the order of its placeholders.
    ///
    /// # Errors
    /// What [`Plan::to_select`] refuses.
    pub fn to_sql(
        &self,
        columns: &CheckedMapping,
        dialect: Dialect,
        select: &Select,
    ) -> Result<Statement, SqlError> {
        let mut values = Values::apart();
        let (mut statement, condition) = self.select(columns, dialect, select, &mut values)?;
        // Whatever other functions make a WHERE of is copied before it is written.
        statement.and_or_where(LogicalChainOper::And(condition.into()));
        Ok(Statement::of_select(&statement, dialect, values))
    }

    /// [`Plan::to_condition`] as text, without `WHERE`.
    ///
    /// # Errors
    /// What [`Plan::to_condition`] refuses.
    pub fn to_where(
        &self,
        columns: &CheckedMapping,
        dialect: Dialect,
    ) -> Result<Statement, SqlError> {
        let mut values = Values::apart();
        let condition = self.condition(columns, dialect, &mut values)?;
        Ok(Statement::of_condition(condition, dialect, values))
    }
}

/// `condition AND sort >= ? AND (sort > ? OR key > ?)`: the only form that every database answers from the index without reading the rows before.
fn seek(
    condition: Condition,
    dialect: Dialect,
    sort: Option<Expr>,
    key: Expr,
    place: &Seek,
    direction: Direction,
    values: &mut Values,
) -> Condition {
    let (beyond, from) = match direction {
        Direction::Ascending => (BinOper::GreaterThan, BinOper::GreaterThanOrEqual),
        Direction::Descending => (BinOper::SmallerThan, BinOper::SmallerThanOrEqual),
    };
    let key_value = match &place.key {
        Value::Text(text) => dialect.bytewise(text),
        Value::Integer(number) | Value::DateTime(number) => Param::Integer(*number),
        Value::Boolean(boolean) => Param::Boolean(*boolean),
        Value::Decimal(number) => Param::Decimal(*number),
        Value::Binary(bytes) => Param::Bytes(bytes.to_vec()),
    };
    let key = key.binary(beyond, values.put(key_value));
    let Some(sort) = sort else { return condition.add(key) };
    let mut place = || values.put(dialect.bytewise(&place.sort));
    condition
        .add(sort.clone().binary(from, place()))
        .add(Condition::any().add(sort.binary(beyond, place())).add(key))
}
