//! One test of one column, positive or negative. Negative is not `NOT`: a NULL in the column has to make it true.

use super::chain::{Join, Part};
use super::dialect::{Dialect, Place};
use super::error::SqlError;
use super::mapping::{Native, Text};
use super::names::Field;
use crate::plan::{Predicate, Test};
use crate::schema::Attribute;
use crate::value::{Case, Kind, Value, successor};
use sea_query::{BinOper, DynIden, Expr, ExprTrait, Func, Value as Bound};

/// A column, as the values of one attribute are compared with it.
pub(super) struct Leaf<'a> {
    dialect: Dialect,
    expr: Expr,
    nullable: bool,
    how: How,
    parameters: &'a mut usize,
}

/// How the column is compared.
#[derive(Clone, Copy, PartialEq)]
enum How {
    /// By its bytes.
    Bytes,
    /// As the number, Boolean or bytes that it is.
    Typed,
    /// `lower(...)` or a column that holds as much.
    Lower,
    /// As the collation of the column says.
    Collation,
}

impl<'a> Leaf<'a> {
    /// The column of `table` that tests of `attribute` look at.
    pub(super) fn new(
        dialect: Dialect,
        table: DynIden,
        field: &Field,
        attribute: &Attribute,
        case: Case,
        parameters: &'a mut usize,
    ) -> Result<Self, SqlError> {
        let refuse = |kind| Err(SqlError::about(kind, attribute));
        let column = &field.column;
        let (name, how) = match (attribute.kind(), case, &column.text) {
            (Kind::Any | Kind::Complex, ..) => return refuse(SqlError::Untyped),
            (Kind::String | Kind::Reference, Case::Exact, Text::Native(Native::CaseInsensitive)) => return refuse(SqlError::NotExact),
            (Kind::String | Kind::Reference, Case::Exact, _) => (&field.own, How::Bytes),
            (Kind::String | Kind::Reference, Case::Ignore, Text::Exact) => return refuse(SqlError::NoKey),
            (Kind::String | Kind::Reference, Case::Ignore, Text::Key(_)) => (&field.folded, How::Bytes),
            (Kind::String | Kind::Reference, Case::Ignore, Text::Native(native)) => match native {
                Native::Lower | Native::LowerColumn(_) => (&field.folded, How::Lower),
                Native::CaseInsensitive => (&field.own, How::Collation),
            },
            _ => (&field.own, How::Typed),
        };
        let expr = Expr::col((table, name.clone()));
        let expr = match &column.text {
            Text::Native(Native::Lower) if how == How::Lower => Func::lower(expr).into(),
            _ => expr,
        };
        Ok(Self { dialect, expr, nullable: column.nullable, how, parameters })
    }

    /// The same column in rows where it is not NULL.
    pub(super) fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// The condition that is true where the test is (or is not, unless `positive`), and never where the other is.
    pub(super) fn test(mut self, test: &Test, positive: bool) -> Part {
        use BinOper::{GreaterThan, GreaterThanOrEqual, SmallerThan, SmallerThanOrEqual};
        match &test.predicate {
            Predicate::Present => self.present(positive),
            Predicate::Equal(value) => self.equal(value, positive),
            Predicate::Differs(value) => self.equal(value, !positive),
            Predicate::In(values) => {
                // An array is one value, a list is one each.
                let values: Vec<Bound> = match self.dialect {
                    Dialect::Postgres => {
                        *self.parameters += 1;
                        values.iter().map(|value| self.value(value)).collect()
                    }
                    Dialect::MySql | Dialect::Sqlite => values.iter().map(|value| self.bind(value)).collect(),
                };
                let expr = self.dialect.one_of(self.expr.clone(), values, positive);
                self.or_null(expr, positive)
            }
            Predicate::Less(value) => self.ordered(value, SmallerThan, GreaterThanOrEqual, positive),
            Predicate::LessOrEqual(value) => self.ordered(value, SmallerThanOrEqual, GreaterThan, positive),
            Predicate::Greater(value) => self.ordered(value, GreaterThan, SmallerThanOrEqual, positive),
            Predicate::GreaterOrEqual(value) => self.ordered(value, GreaterThanOrEqual, SmallerThan, positive),
            Predicate::Contains(needle) => self.part(needle.as_str(), Place::Within, positive),
            Predicate::EndsWith(end) => self.part(end, Place::End, positive),
            Predicate::StartsWith(start) if self.how == How::Bytes => self.range(start, positive),
            Predicate::StartsWith(start) => self.part(start, Place::Start, positive),
            // Elements are rows and not columns, and untyped attributes have no column.
            Predicate::Never | Predicate::Element(_) | Predicate::Loose(..) => Part::constant(!positive),
        }
    }

    fn present(self, positive: bool) -> Part {
        match (self.nullable, positive) {
            (false, _) => Part::constant(positive),
            (true, true) => Part::leaf(self.expr.is_not_null()),
            (true, false) => Part::leaf(self.expr.is_null()),
        }
    }

    fn equal(mut self, value: &Value, positive: bool) -> Part {
        let (column, value) = (self.expr.clone(), self.bind(value));
        let expr = if positive { column.eq(value) } else { column.ne(value) };
        self.or_null(expr, positive)
    }

    fn ordered(mut self, value: &Value, holds: BinOper, fails: BinOper, positive: bool) -> Part {
        let (column, value) = (self.in_order(), self.bind(value));
        let expr = column.binary(if positive { holds } else { fails }, value);
        self.or_null(expr, positive)
    }

    /// `sw` as a half-open range, which any index serves under any plan, and which has no wildcards.
    fn range(mut self, start: &str, positive: bool) -> Part {
        let from = self.bind_text(start);
        let to = successor(start).map(|end| self.bind_text(&end));
        let column = self.in_order();
        let mut leaves = Vec::new();
        if !positive && self.nullable {
            leaves.push(self.expr.is_null());
        }
        leaves.push(if positive { column.clone().gte(from) } else { column.clone().lt(from) });
        leaves.extend(to.map(|to| if positive { column.lt(to) } else { column.gte(to) }));
        Part::pair(self.dialect, if positive { Join::And } else { Join::Or }, leaves)
    }

    fn part(self, part: &str, place: Place, positive: bool) -> Part {
        // The longest of these binds the part and its length.
        *self.parameters += 2;
        // A collation that ignores case does so in no function of SQLite's.
        let column = match (self.dialect, self.how) {
            (Dialect::Sqlite, How::Collation) => Func::lower(self.expr.clone()).into(),
            _ => self.expr.clone(),
        };
        let expr = self.dialect.finds(column, part, place, &|text| self.text(text), positive);
        self.or_null(expr, positive)
    }

    /// The column in the order of its bytes; numbers, and what a collation orders, as they are.
    fn in_order(&self) -> Expr {
        match self.how {
            How::Bytes | How::Lower => self.dialect.ordered(self.expr.clone()),
            How::Typed | How::Collation => self.expr.clone(),
        }
    }

    fn or_null(self, expr: Expr, positive: bool) -> Part {
        match self.nullable && !positive {
            true => Part::pair(self.dialect, Join::Or, [self.expr.is_null(), expr]),
            false => Part::leaf(expr),
        }
    }

    fn bind(&mut self, value: &Value) -> Bound {
        *self.parameters += 1;
        self.value(value)
    }

    fn bind_text(&mut self, text: &str) -> Bound {
        *self.parameters += 1;
        self.text(text)
    }

    fn value(&self, value: &Value) -> Bound {
        match value {
            Value::Text(text) => self.text(text),
            Value::Boolean(boolean) => (*boolean).into(),
            Value::Integer(number) | Value::DateTime(number) => (*number).into(),
            Value::Decimal(number) => (*number).into(),
            Value::Binary(bytes) => bytes.to_vec().into(),
        }
    }

    fn text(&self, text: &str) -> Bound {
        match self.how {
            How::Bytes => self.dialect.bytewise(text),
            How::Typed | How::Lower | How::Collation => text.into(),
        }
    }
}
