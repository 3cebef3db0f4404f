//! One test on one column, positive or negated. The negation is not `NOT`: it has to be true if the
//! column is NULL.

use super::dialect::{Dialect, Position};
use super::error::SqlError;
use super::expr::{Connective, SqlExpr};
use super::mapping::{NativeComparison, StringComparison};
use super::names::MappedColumn;
use super::values::{Param, Values};
use crate::plan::{Predicate, Test};
use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity, Value, successor};
use sea_query::{BinOper, DynIden, Expr, ExprTrait, Func};

/// A column that the values of an attribute are compared with.
pub(super) struct ColumnTest<'a> {
    dialect: Dialect,
    expr: Expr,
    nullable: bool,
    comparison: Comparison,
    values: &'a mut Values,
}

/// The comparison that the database performs on the column.
#[derive(Clone, Copy, PartialEq)]
enum Comparison {
    /// Byte by byte.
    Bytes,
    /// By the type of the column: number, Boolean or binary.
    Typed,
    /// Of `lower(column)`, or of a column that contains it.
    Lower,
    /// By the collation of the column.
    Collation,
}

impl<'a> ColumnTest<'a> {
    /// Selects the column of `table` that tests of `attribute` compare.
    pub(super) fn new(
        dialect: Dialect,
        table: DynIden,
        mapped: &MappedColumn,
        attribute: &Attribute,
        case: CaseSensitivity,
        values: &'a mut Values,
    ) -> Result<Self, SqlError> {
        let error = |kind| Err(SqlError::about(kind, attribute));
        let column = &mapped.column;
        let (name, comparison) = match (attribute.attribute_type(), case, &column.text) {
            (AttributeType::Any | AttributeType::Complex, ..) => return error(SqlError::Untyped),
            (
                AttributeType::String | AttributeType::Reference,
                CaseSensitivity::Exact,
                StringComparison::Native(NativeComparison::CaseInsensitive),
            ) => return error(SqlError::NotExact),
            (AttributeType::String | AttributeType::Reference, CaseSensitivity::Exact, _) => {
                (&mapped.own, Comparison::Bytes)
            }
            (AttributeType::String | AttributeType::Reference, _, StringComparison::Exact) => {
                return error(SqlError::NoKey);
            }
            (AttributeType::String | AttributeType::Reference, _, StringComparison::FoldKey(_)) => {
                (&mapped.folded, Comparison::Bytes)
            }
            (
                AttributeType::String | AttributeType::Reference,
                _,
                StringComparison::Native(native),
            ) => match native {
                NativeComparison::Lower | NativeComparison::LowerColumn(_) => {
                    (&mapped.folded, Comparison::Lower)
                }
                NativeComparison::CaseInsensitive => (&mapped.own, Comparison::Collation),
            },
            _ => (&mapped.own, Comparison::Typed),
        };
        let expr = Expr::col((table, name.clone()));
        let expr = match &column.text {
            StringComparison::Native(NativeComparison::Lower)
                if comparison == Comparison::Lower =>
            {
                Func::lower(expr).into()
            }
            _ => expr,
        };
        Ok(Self { dialect, expr, nullable: column.nullable, comparison, values })
    }

    /// Restricts the test to rows whose column is not NULL.
    pub(super) fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    /// A condition that is true if the test is (or is not, unless `positive`), and never NULL for a
    /// row for which the test is false (or true).
    pub(super) fn test(self, test: &Test, positive: bool) -> SqlExpr {
        use BinOper::{GreaterThan, GreaterThanOrEqual, SmallerThan, SmallerThanOrEqual};
        match &test.predicate {
            Predicate::Present => self.present(positive),
            Predicate::Equal(value) => self.equal(value, positive),
            Predicate::Differs(value) => self.equal(value, !positive),
            Predicate::In(list) => {
                let (dialect, comparison) = (self.dialect, self.comparison);
                let list = list.iter().map(|value| param(dialect, comparison, value));
                self.compare(positive, |column, values| {
                    dialect.in_list(column, list, values, positive)
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
            Predicate::Contains(substring) => {
                self.substring(substring.as_str(), Position::Anywhere, positive)
            }
            Predicate::EndsWith(suffix) => self.substring(suffix, Position::End, positive),
            Predicate::StartsWith(prefix) if self.comparison == Comparison::Bytes => {
                self.prefix_range(prefix, positive)
            }
            Predicate::StartsWith(prefix) => self.substring(prefix, Position::Start, positive),
            // An element is a row, not a column, and an untyped attribute has no column.
            Predicate::Never | Predicate::Element(_) | Predicate::Untyped(..) => {
                SqlExpr::constant(!positive)
            }
        }
    }

    fn present(self, positive: bool) -> SqlExpr {
        match (self.nullable, positive) {
            (false, _) => SqlExpr::constant(positive),
            (true, true) => SqlExpr::leaf(self.expr.is_not_null()),
            (true, false) => SqlExpr::leaf(self.expr.is_null()),
        }
    }

    fn equal(self, value: &Value, positive: bool) -> SqlExpr {
        let value = param(self.dialect, self.comparison, value);
        self.compare(positive, |column, values| {
            let value = values.bind(value);
            if positive { column.eq(value) } else { column.ne(value) }
        })
    }

    fn ordered(
        self,
        value: &Value,
        operator: BinOper,
        negated: BinOper,
        positive: bool,
    ) -> SqlExpr {
        let (dialect, comparison) = (self.dialect, self.comparison);
        let value = param(dialect, comparison, value);
        self.compare(positive, |column, values| {
            comparison
                .ordered(dialect, column)
                .binary(if positive { operator } else { negated }, values.bind(value))
        })
    }

    /// `sw` as a half-open range. Every plan can use an index for it, and there are no wildcards to
    /// escape.
    fn prefix_range(self, prefix: &str, positive: bool) -> SqlExpr {
        let from = self.values.bind(string_param(self.dialect, self.comparison, prefix));
        let to = successor(prefix)
            .map(|end| self.values.bind(string_param(self.dialect, self.comparison, &end)));
        let column = self.comparison.ordered(self.dialect, self.expr.clone());
        let mut comparisons = Vec::new();
        if !positive && self.nullable {
            comparisons.push(self.expr.is_null());
        }
        comparisons.push(if positive { column.clone().gte(from) } else { column.clone().lt(from) });
        comparisons.extend(to.map(|to| if positive { column.lt(to) } else { column.gte(to) }));
        let connective = if positive { Connective::And } else { Connective::Or };
        SqlExpr::pair(self.dialect, connective, comparisons)
    }

    fn substring(self, substring: &str, position: Position, positive: bool) -> SqlExpr {
        // SQLite's form binds the string and its length.
        self.values.count += 2;
        let (dialect, comparison) = (self.dialect, self.comparison);
        self.compare(positive, |column, values| {
            // SQLite's functions ignore the collation of the column.
            let column = match (dialect, comparison) {
                (Dialect::Sqlite, Comparison::Collation) => Func::lower(column).into(),
                _ => column,
            };
            let bind = |string: &str| string_param(dialect, comparison, string);
            dialect.substring_test(column, substring, position, &bind, values, positive)
        })
    }

    /// Applies a comparison; if it is negated, NULL satisfies it too.
    fn compare(self, positive: bool, compare: impl FnOnce(Expr, &mut Values) -> Expr) -> SqlExpr {
        if positive || !self.nullable {
            return SqlExpr::leaf(compare(self.expr, self.values));
        }
        let compared = compare(self.expr.clone(), self.values);
        SqlExpr::pair(self.dialect, Connective::Or, [self.expr.is_null(), compared])
    }
}

impl Comparison {
    /// The column in the order of its bytes, unless its type or collation determines the order.
    fn ordered(self, dialect: Dialect, column: Expr) -> Expr {
        match self {
            Self::Bytes | Self::Lower => dialect.byte_ordered(column),
            Self::Typed | Self::Collation => column,
        }
    }
}

fn param(dialect: Dialect, comparison: Comparison, value: &Value) -> Param {
    Param::of(value, |string| string_param(dialect, comparison, string))
}

fn string_param(dialect: Dialect, comparison: Comparison, string: &str) -> Param {
    match comparison {
        Comparison::Bytes => dialect.bytewise(string),
        Comparison::Typed | Comparison::Lower | Comparison::Collation => {
            Param::Text(string.to_owned())
        }
    }
}
