//! Whole queries: the rows of a plan, sorted, with keyset pagination.
//!
//! If a filter has a `co` or `ew` at the top that no index supports, and few matches, MariaDB and
//! SQLite walk the whole index of the sort column. Keeping them from it (`ORDER BY +sort`, `IGNORE
//! INDEX FOR ORDER BY`) was measured to be ten times as fast. It depends on the indexes, so it is
//! left to the caller; the store of scieve-users does it.

use super::checked_mapping::CheckedMapping;
use super::condition::Compiler;
use super::dialect::Dialect;
use super::error::SqlError;
use super::literal::{key_operand, key_order};
use super::mapping::is_identifier;
use super::rows::restrict;
use super::sort::Beyond;
use super::statement::Statement;
use super::storage::Storage;
use super::values::{Param, Values};
use crate::plan::{Node, Plan, Predicate, Test};
use crate::value::{AttributeType, Value, fold_key};
use sea_query::{BinOper, Condition, Expr, ExprTrait, Order, Query, SelectStatement};

/// The order of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Direction {
    /// The least first; rows without a value last (RFC 7644 section 3.4.2.3).
    #[default]
    Ascending,
    /// The greatest first; rows without a value first.
    Descending,
}

impl Direction {
    /// The comparison of the keys of rows beyond a position.
    fn beyond(self) -> BinOper {
        match self {
            Self::Ascending => BinOper::GreaterThan,
            Self::Descending => BinOper::SmallerThan,
        }
    }

    fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// Returns the value of [`super::Column::sort`]: `1` and [`fold_key`] of the string, or `2` if
/// there is none. One column that is never NULL thus has the order of RFC 7644 section 3.4.2.3, in
/// both directions and in every database.
///
/// ```
/// use scieve::sql::sort_text;
///
/// assert_eq!(sort_text(Some("Ödön")), "1ödön");
/// assert_eq!(sort_text(None), "2");
/// ```
#[must_use]
pub fn sort_text(string: Option<&str>) -> String {
    match string {
        Some(string) => format!("1{}", fold_key(string)),
        None => "2".to_owned(),
    }
}

/// The position of a row in the sort order, for keyset pagination. It consists of values, so it
/// remains valid if the row is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysetPosition {
    /// The value of the sort column ([`sort_text`]); without a sort column `1` and the value as in
    /// filters, such as `12011-05-13T04:42:34Z`, or `2` if there is none. Ignored if the query
    /// sorts by the key alone.
    pub sort: String,
    /// The key of the row: a string or an integer, according to the mapping.
    pub key: Value,
}

/// The columns, order and page of a query. The default selects the key of all rows, in the order of
/// the key.
///
/// ```
/// use scieve::Value;
/// use scieve::sql::{Direction, KeysetPosition, Select, sort_text};
///
/// // The page of 20 rows after row `42` with the name Bob, and one more to detect a further page.
/// let position = KeysetPosition { sort: sort_text(Some("Bob")), key: Value::Text("42".into()) };
/// let select = Select::default()
///     .columns(["id", "user_name"])
///     .sort("userName", Direction::Ascending)
///     .after(position)
///     .limit(21);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Select {
    columns: Vec<String>,
    sort: Option<String>,
    direction: Direction,
    limit: Option<u64>,
    start: Option<(Side, KeysetPosition)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    After,
    Before,
}

impl Select {
    /// Selects these columns of the mapping's own table instead of the key.
    #[must_use]
    pub fn columns(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sorts by the single-valued attribute with that path, and then by the key: by its sort
    /// column, or by its value. The attribute is not checked against a policy.
    #[must_use]
    pub fn sort(mut self, path: impl Into<String>, direction: Direction) -> Self {
        (self.sort, self.direction) = (Some(path.into()), direction);
        self
    }

    /// Sets the maximum number of rows. One more than the size of a page tells if there is a
    /// further page.
    #[must_use]
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Selects the rows after that position.
    #[must_use]
    pub fn after(mut self, position: KeysetPosition) -> Self {
        self.start = Some((Side::After, position));
        self
    }

    /// Selects the rows before that position, **the nearest first**: reverse them to show them.
    #[must_use]
    pub fn before(mut self, position: KeysetPosition) -> Self {
        self.start = Some((Side::Before, position));
        self
    }
}

impl<R: ?Sized> Plan<R> {
    /// Compiles the plan to a query that you can modify and render with sea-query.
    ///
    /// # Errors
    /// Those of [`Plan::to_condition`]; a sort attribute that is multi-valued or has no column; a
    /// column whose name is not an identifier.
    pub fn to_select(
        &self,
        mapping: &CheckedMapping,
        dialect: Dialect,
        select: &Select,
    ) -> Result<SelectStatement, SqlError> {
        let (mut statement, condition) =
            self.select(mapping, dialect, select, &mut Values::in_place())?;
        statement.cond_where(condition);
        Ok(statement)
    }

    /// The query without WHERE, and the condition for WHERE.
    fn select(
        &self,
        mapping: &CheckedMapping,
        dialect: Dialect,
        select: &Select,
        values: &mut Values,
    ) -> Result<(SelectStatement, Condition), SqlError> {
        let names = mapping.names();
        let alias = &names.alias;
        let key = Expr::col((alias.clone(), names.key.clone()));
        let key = match (&mapping.mapping().key_stored, mapping.mapping().key_type) {
            (Some(storage), _) => key_order(dialect, storage, key),
            (None, AttributeType::String) => dialect.byte_ordered(key),
            (None, _) => key,
        };
        // Values are numbered in the order of the statement, in which ORDER BY is last.
        let mut derived = None;
        let sort = match &select.sort {
            Some(path) => match mapping.sort_column(path) {
                Some(column) => {
                    Some(dialect.byte_ordered(Expr::col((alias.clone(), column.clone()))))
                }
                None => {
                    derived = Some(
                        self.schema()
                            .find_path(path)
                            .ok_or_else(|| SqlError::NotSortable(path.as_str().into()))?,
                    );
                    None
                }
            },
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
        let mut condition = self.condition(mapping, dialect, values)?;

        let mut direction = select.direction;
        if let Some((side, position)) = &select.start {
            if *side == Side::Before {
                direction = direction.reversed();
            }
            let (sort, key) = (sort.clone(), key.clone());
            if let Some(attribute) = derived {
                let beyond = Beyond::of(attribute, &position.sort)
                    .ok_or_else(|| SqlError::about(SqlError::NotSortable, attribute))?;
                let mut compiler = Compiler::new(self.schema(), mapping, dialect, values)?;
                let beyond = compiler.beyond(beyond, direction)?;
                let stored = mapping.mapping().key_stored.as_ref();
                let key_value = key_value(&position.key, stored, dialect, values);
                condition =
                    after_derived(condition, beyond, key.binary(direction.beyond(), key_value));
            } else {
                let stored = mapping.mapping().key_stored.as_ref();
                let key_value = key_value(&position.key, stored, dialect, values);
                condition =
                    beyond(condition, dialect, sort, (key, key_value), position, direction, values);
            }
        }
        let order = if direction == Direction::Ascending { Order::Asc } else { Order::Desc };
        if let Some(attribute) = derived {
            let mut compiler = Compiler::new(self.schema(), mapping, dialect, values)?;
            let (expr, nullable) = compiler.sort_expr(attribute)?;
            // PostgreSQL treats NULL as greater than every value, the others as less.
            if nullable && dialect != Dialect::Postgres {
                statement.order_by_expr(expr.clone().is_null(), order.clone());
            }
            statement.order_by_expr(expr, order.clone());
        }
        for expr in sort.into_iter().chain([key]) {
            statement.order_by_expr(expr, order.clone());
        }
        if let Some(limit) = select.limit {
            statement.limit(limit);
        }
        Ok((statement, condition))
    }

    /// Compiles the plan to a rendered query with its bound values.
    ///
    /// ```
    /// use scieve::sql::{Column, Dialect, Direction, Mapping, Param, Select};
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
    ///
    /// # struct User;
    /// # impl scieve::Record for User {
    /// #     fn any_value(
    /// #         &self,
    /// #         _: &Attribute,
    /// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
    /// #     ) -> bool {
    /// #         false
    /// #     }
    /// # }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let schema = Schema::new(None, [Attribute::new("userName", AttributeType::String)])?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let user_name = Column::keyed("user_name", "user_name_f").sorted_by("user_name_sort");
    /// let mapping = Mapping::new("users", "id").attribute("userName", user_name).check()?;
    ///
    /// let plan = policy.parse(r#"userName eq "Bob""#)?;
    /// let select = Select::default().sort("userName", Direction::Ascending).limit(21);
    /// let statement = plan.to_sql(&mapping, Dialect::Sqlite, &select)?;
    /// assert_eq!(
    ///     statement.sql,
    ///     "SELECT `u`.`id` FROM `users` AS `u` WHERE `u`.`user_name_f` = ? \
    ///      ORDER BY `u`.`user_name_sort` ASC, `u`.`id` ASC LIMIT ?"
    /// );
    /// assert_eq!(statement.params, [Param::Text("bob".into()), Param::Integer(21)]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Plan::to_select`].
    pub fn to_sql(
        &self,
        mapping: &CheckedMapping,
        dialect: Dialect,
        select: &Select,
    ) -> Result<Statement, SqlError> {
        let mut values = Values::separate();
        let (mut statement, condition) = self.select(mapping, dialect, select, &mut values)?;
        restrict(&mut statement, Some(condition.into()));
        Ok(Statement::of_select(&statement, dialect, values))
    }

    /// Compiles the plan to a rendered condition, without `WHERE`, with its bound values.
    ///
    /// # Errors
    /// Those of [`Plan::to_condition`].
    pub fn to_where(
        &self,
        mapping: &CheckedMapping,
        dialect: Dialect,
    ) -> Result<Statement, SqlError> {
        let mut values = Values::separate();
        let condition = self.condition(mapping, dialect, &mut values)?;
        Ok(Statement::of_condition(condition, dialect, values))
    }
}

/// `condition AND sort >= ? AND (sort > ? OR key > ?)`: the only form that every database answers
/// from the index without reading the rows before the position.
fn beyond(
    condition: Condition,
    dialect: Dialect,
    sort: Option<Expr>,
    (key, key_value): (Expr, Expr),
    position: &KeysetPosition,
    direction: Direction,
    values: &mut Values,
) -> Condition {
    let (beyond, from) = match direction {
        Direction::Ascending => (BinOper::GreaterThan, BinOper::GreaterThanOrEqual),
        Direction::Descending => (BinOper::SmallerThan, BinOper::SmallerThanOrEqual),
    };
    let key = key.binary(beyond, key_value);
    let Some(sort) = sort else { return condition.add(key) };
    let mut sort_value = || values.put(dialect.bytewise(&position.sort));
    condition
        .add(sort.clone().binary(from, sort_value()))
        .add(Condition::any().add(sort.binary(beyond, sort_value())).add(key))
}

impl Compiler<'_> {
    /// The condition on the value of rows beyond a position, and that on rows with the same value.
    fn beyond(
        &mut self,
        beyond: Beyond,
        direction: Direction,
    ) -> Result<(Condition, Condition), SqlError> {
        let Beyond { greater, less, same, absent } = beyond;
        let mut further = Condition::any();
        match direction {
            // Rows without a value are last.
            Direction::Ascending if !absent => {
                further = further.add(self.whole(&greater)?.into_expr());
                if let Node::Test(test) = &same {
                    let present = Test::new(test.attribute, test.case, Predicate::Present);
                    let none = Node::Not(Box::new(Node::Test(present)));
                    further = further.add(self.whole(&none)?.into_expr());
                }
            }
            Direction::Ascending => further = further.add(self.whole(&greater)?.into_expr()),
            Direction::Descending => further = further.add(self.whole(&less)?.into_expr()),
        }
        Ok((further, Condition::all().add(self.whole(&same)?.into_expr())))
    }
}

fn after_derived(
    condition: Condition,
    (further, same): (Condition, Condition),
    key: Expr,
) -> Condition {
    condition.add(Condition::any().add(further).add(same.add(key)))
}

/// The key of a position, to compare with [`key_order`].
fn key_value(key: &Value, stored: Option<&Storage>, dialect: Dialect, values: &mut Values) -> Expr {
    if let Some(storage) = stored {
        return key_operand(dialect, storage, key, values);
    }
    let param = Param::of(key, |string| dialect.bytewise(string));
    values.put(param).into()
}
