//! One test of one column, positive or negative. Negative is not `NOT`: a NULL in the column has to make it true.

use super::chain::{Join, Part};
use super::dialect::{Dialect, Place};
use super::error::SqlError;
use super::mapping::{NativeComparison, StringComparison};
use super::names::Field;
use super::values::{Param, Values};
use crate::plan::{Predicate, Test};
use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity, Value, successor};
use sea_query::{BinOper, DynIden, Expr, ExprTrait, Func};

/// A column, as the values of one attribute are compared with it.
pub(super) struct Leaf<'a> {
    dialect: Dialect,
    expr: Expr,
    nullable: bool,
    how: How,
    values: &'a mut Values,
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
        case: CaseSensitivity,
        values: &'a mut Values,
    ) -> Result<Self, SqlError> {
        let refuse = |kind| Err(SqlError::about(kind, attribute));
        let column = &field.column;
        let (name, how) = match (attribute.kind(), case, &column.text) {
            (AttributeType::Any | AttributeType::Complex, ..) => return refuse(SqlError::Untyped),
            (
                AttributeType::String | AttributeType::Reference,
                CaseSensitivity::Exact,
                StringComparison::Native(NativeComparison::CaseInsensitive),
            ) => return refuse(SqlError::NotExact),
            (AttributeType::String | AttributeType::Reference, CaseSensitivity::Exact, _) => {
                (&field.own, How::Bytes)
            }
            (
                AttributeType::String | AttributeType::Reference,
                CaseSensitivity::Ignore,
                StringComparison::Exact,
            ) => return refuse(SqlError::NoKey),
            (
                AttributeType::String | AttributeType::Reference,
                CaseSensitivity::Ignore,
                StringComparison::FoldKey(_),
            ) => (&field.folded, How::Bytes),
            (
                AttributeType::String | AttributeType::Reference,
                CaseSensitivity::Ignore,
                StringComparison::Native(native),
            ) => match native {
                NativeComparison::Lower | NativeComparison::LowerColumn(_) => {
                    (&field.folded, How::Lower)
                }
                NativeComparison::CaseInsensitive => (&field.own, How::Collation),
            },
            _ => (&field.own, How::Typed),
        };
        let expr = Expr::col((table, name.clone()));
        let expr = match &column.text {
            StringComparison::Native(NativeComparison::Lower) if how == How::Lower => {
                Func::lower(expr).into()
            }
            _ => expr,
        };
        Ok(Self { dialect, expr, nullable: column.nullable, how, values })
    }

    /// The same column in rows where it is not NULL.
    pub(super) fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// The condition that is true where the test is (or is not, unless `positive`), and never where the other is.
    pub(super) fn test(self, test: &Test, positive: bool) -> Part {
        use BinOper::{GreaterThan, GreaterThanOrEqual, SmallerThan, SmallerThanOrEqual};
        match &test.predicate {
            Predicate::Present => self.present(positive),
            Predicate::Equal(value) => self.equal(value, positive),
            Predicate::Differs(value) => self.equal(value, !positive),
            Predicate::In(list) => {
                let (dialect, how) = (self.dialect, self.how);
                let list = list.iter().map(|value| param(dialect, how, value));
                self.compared(positive, |column, values| {
                    dialect.one_of(column, list, values, positive)
                })
            }
            Predicate::Less(value) => {
                self.ordered(value, SmallerThan, GreaterThanOrEqual, positive)
            }
            Predicate::LessOrEqual(value) => {
                self.ordered(value, SmallerThanOrEqual, GreaterThan, positive)
            }
            Predicate::Greater(value) => {
                self.ordered(value, GreaterThan, SmallerThanOrEqual, positive)
            }
            Predicate::GreaterOrEqual(value) => {
                self.ordered(value, GreaterThanOrEqual, SmallerThan, positive)
            }
            Predicate::Contains(needle) => self.part(needle.as_str(), Place::Within, positive),
            Predicate::EndsWith(end) => self.part(end, Place::End, positive),
            Predicate::StartsWith(start) if self.how == How::Bytes => self.range(start, positive),
            Predicate::StartsWith(start) => self.part(start, Place::Start, positive),
            // Elements are rows and not columns, and untyped attributes have no column.
            Predicate::Never | Predicate::Element(_) | Predicate::Untyped(..) => {
                Part::constant(!positive)
            }
        }
    }

    fn present(self, positive: bool) -> Part {
        match (self.nullable, positive) {
            (false, _) => Part::constant(positive),
            (true, true) => Part::leaf(self.expr.is_not_null()),
            (true, false) => Part::leaf(self.expr.is_null()),
        }
    }

    fn equal(self, value: &Value, positive: bool) -> Part {
        let value = self.param(value);
        self.compared(positive, |column, values| {
            let value = values.bind(value);
            if positive { column.eq(value) } else { column.ne(value) }
        })
    }

    fn ordered(self, value: &Value, holds: BinOper, fails: BinOper, positive: bool) -> Part {
        let (dialect, how, value) = (self.dialect, self.how, self.param(value));
        self.compared(positive, |column, values| {
            how.in_order(dialect, column)
                .binary(if positive { holds } else { fails }, values.bind(value))
        })
    }

    /// `sw` as a half-open range, which any index serves under any plan, and which has no wildcards.
    fn range(self, start: &str, positive: bool) -> Part {
        let from = self.values.bind(self.text(start));
        let to = successor(start).map(|end| self.values.bind(self.text(&end)));
        let column = self.how.in_order(self.dialect, self.expr.clone());
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
        self.values.count += 2;
        let (dialect, how) = (self.dialect, self.how);
        self.compared(positive, |column, values| {
            // A collation that ignores case does so in no function of SQLite's.
            let column = match (dialect, how) {
                (Dialect::Sqlite, How::Collation) => Func::lower(column).into(),
                _ => column,
            };
            dialect.finds(column, part, place, &|part| text(dialect, how, part), values, positive)
        })
    }

    /// What `compare` makes of the column, and where that is a negation, NULL besides.
    fn compared(self, positive: bool, compare: impl FnOnce(Expr, &mut Values) -> Expr) -> Part {
        if positive || !self.nullable {
            return Part::leaf(compare(self.expr, self.values));
        }
        let compared = compare(self.expr.clone(), self.values);
        Part::pair(self.dialect, Join::Or, [self.expr.is_null(), compared])
    }

    fn param(&self, value: &Value) -> Param {
        param(self.dialect, self.how, value)
    }

    fn text(&self, part: &str) -> Param {
        text(self.dialect, self.how, part)
    }
}

impl How {
    /// The column in the order of its bytes; numbers, and what a collation orders, as they are.
    fn in_order(self, dialect: Dialect, column: Expr) -> Expr {
        match self {
            Self::Bytes | Self::Lower => dialect.ordered(column),
            Self::Typed | Self::Collation => column,
        }
    }
}

fn param(dialect: Dialect, how: How, value: &Value) -> Param {
    match value {
        Value::Text(part) => text(dialect, how, part),
        Value::Boolean(boolean) => Param::Boolean(*boolean),
        Value::Integer(number) | Value::DateTime(number) => Param::Integer(*number),
        Value::Decimal(number) => Param::Decimal(*number),
        Value::Binary(bytes) => Param::Bytes(bytes.to_vec()),
    }
}

fn text(dialect: Dialect, how: How, text: &str) -> Param {
    match how {
        How::Bytes => dialect.bytewise(text),
        How::Typed | How::Lower | How::Collation => Param::Text(text.to_owned()),
    }
}
