//! One test on one column, positive or negated. The negation is not `NOT`: it has to be true if the
//! column is NULL.

use super::column::{NativeComparison, StringComparison};
use super::dialect::{Dialect, Position};
use super::error::SqlError;
use super::expr::{Connective, SqlExpr};
use super::literal::{listed, utf8_bytes};
use super::names::MappedColumn;
use super::storage::Storage;
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
    indexed: Option<Box<IndexedColumn>>,
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
    /// Of the fold key that PostgreSQL computes.
    Folded,
    /// By the collation of the column.
    Collation,
}

/// The column of an expression, for which the database may have an index.
struct IndexedColumn {
    /// The column itself, which is NULL if the expression is.
    column: Expr,
    /// What an index serves: equality of it is true for every row for which equality of the
    /// expression is.
    expr: Expr,
    storage: Storage,
    /// True if both equalities are true for the same rows.
    exact: bool,
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
            (AttributeType::String | AttributeType::Reference, CaseSensitivity::Exact, _) => {
                (&mapped.own, Comparison::Bytes)
            }
            (
                AttributeType::String | AttributeType::Reference,
                _,
                StringComparison::Exact | StringComparison::Default,
            ) => return error(SqlError::NoKey),
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
                NativeComparison::CaseFold if dialect == Dialect::Postgres => {
                    (&mapped.own, Comparison::Folded)
                }
                NativeComparison::CaseFold => {
                    return Err(SqlError::Storage(
                        format!(
                            "`{attribute}` is compared by `casefold()`, which only PostgreSQL 18 has"
                        )
                        .into(),
                    ));
                }
                NativeComparison::CaseInsensitive => (&mapped.own, Comparison::Collation),
            },
            _ => (&mapped.own, Comparison::Typed),
        };
        let expr = Expr::col((table, name.clone()));
        let test =
            Self { dialect, expr, nullable: column.nullable, comparison, indexed: None, values };
        Ok(match (comparison, &column.text, &column.stored) {
            (Comparison::Typed, ..) | (Comparison::Bytes, StringComparison::FoldKey(_), None) => {
                test
            }
            (Comparison::Bytes, text, stored) => test.exact(text, stored.as_ref()),
            (Comparison::Lower, text, _) => test.lower(text),
            (Comparison::Folded, ..) => test.folded(),
            (Comparison::Collation, _, stored) => test.collated(stored.as_ref()),
        })
    }

    /// Compares a string expression byte by byte.
    pub(super) fn of_text(
        dialect: Dialect,
        expr: Expr,
        nullable: bool,
        values: &'a mut Values,
    ) -> Self {
        Self { dialect, expr, nullable, comparison: Comparison::Bytes, indexed: None, values }
    }

    /// Compares a column exactly whose own comparison may ignore case.
    fn exact(self, text: &StringComparison, stored: Option<&Storage>) -> Self {
        let ignores_case = *stored.unwrap_or(&Storage::Text) == Storage::Citext
            || *text == StringComparison::Native(NativeComparison::CaseInsensitive);
        let column = self.expr.clone();
        let (expr, storage) = match self.dialect {
            // The collation of the column would decide, also about `<>` with bytes.
            Dialect::MySql
                if stored.is_some()
                    || !matches!(text, StringComparison::Exact | StringComparison::FoldKey(_)) =>
            {
                (utf8_bytes(column), Storage::Text)
            }
            Dialect::Postgres if ignores_case && stored != Some(&Storage::Text) => {
                (Func::cast_as(column, "text").into(), Storage::Citext)
            }
            Dialect::Postgres if ignores_case => (self.dialect.byte_ordered(column), Storage::Text),
            Dialect::Sqlite if ignores_case => (
                column.binary(BinOper::Custom("COLLATE"), Expr::custom_keyword("BINARY")),
                Storage::Text,
            ),
            _ => return self,
        };
        self.through(expr, |column| column, storage, false)
    }

    /// Compares `lower(column)`. The collations of MySQL ignore trailing spaces, and most of them
    /// accents, so its bytes are compared.
    fn lower(self, text: &StringComparison) -> Self {
        let is_column = matches!(text, StringComparison::Native(NativeComparison::LowerColumn(_)));
        let lowered = |column: Expr| if is_column { column } else { Func::lower(column).into() };
        match self.dialect {
            Dialect::MySql => {
                let expr = utf8_bytes(lowered(self.expr.clone()));
                self.through(expr, lowered, Storage::Text, false)
            }
            Dialect::Postgres | Dialect::Sqlite => Self { expr: lowered(self.expr), ..self },
        }
    }

    /// Compares the fold key, byte by byte.
    fn folded(self) -> Self {
        Self { expr: fold_key_expr(self.expr), comparison: Comparison::Bytes, ..self }
    }

    /// Compares `lower(column)`, with equality by the collation of the column.
    fn collated(mut self, stored: Option<&Storage>) -> Self {
        let column = self.expr.clone();
        let (expr, storage, exact) = match (self.dialect, stored) {
            // `NOCASE` is exact for every operator but substrings.
            (Dialect::Sqlite, _) => return self,
            (Dialect::MySql, _) => (utf8_bytes(Func::lower(column).into()), Storage::Text, false),
            (Dialect::Postgres, Some(Storage::Text)) => {
                let deterministic =
                    column.binary(BinOper::Custom("COLLATE"), Expr::custom_keyword("\"default\""));
                (Func::lower(deterministic).into(), Storage::Text, true)
            }
            (Dialect::Postgres, _) => {
                (Func::lower(Func::cast_as(column, "text")).into(), Storage::Citext, true)
            }
        };
        self.comparison = Comparison::Lower;
        self.through(expr, |column| column, storage, exact)
    }

    /// Compares `expr`, computed from the column, with equality supported by an index on `indexed`.
    fn through(
        mut self,
        expr: Expr,
        indexed: impl FnOnce(Expr) -> Expr,
        storage: Storage,
        exact: bool,
    ) -> Self {
        let column = std::mem::replace(&mut self.expr, expr);
        let indexed = indexed(column.clone());
        self.indexed = Some(Box::new(IndexedColumn { column, expr: indexed, storage, exact }));
        self
    }

    /// The compared expression, in the order of the values.
    pub(super) fn into_sort_expr(self) -> Expr {
        self.comparison.ordered(self.dialect, self.expr)
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
                if self.indexed.is_some() {
                    return self.equal_indexed(list, positive);
                }
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
            (true, true) => SqlExpr::leaf(self.column().is_not_null()),
            (true, false) => SqlExpr::leaf(self.column().is_null()),
        }
    }

    /// The column that is NULL if there is no value.
    fn column(&self) -> Expr {
        self.indexed.as_ref().map_or(&self.expr, |indexed| &indexed.column).clone()
    }

    /// Equality with one of the values, supported by an index: its comparison of the column, then
    /// the exact one.
    #[cold]
    fn equal_indexed(mut self, list: &[Value], positive: bool) -> SqlExpr {
        let (dialect, mut operands) = (self.dialect, Vec::new());
        let texts = list.iter().filter_map(|value| match value {
            Value::Text(text) => Some(Param::Text(text.to_string())),
            _ => None,
        });
        let Some(indexed) = self.indexed.take() else { return SqlExpr::constant(!positive) };
        let IndexedColumn { column, expr, storage, exact } = *indexed;
        // MySQL cannot compare a column of a smaller character set with other characters.
        let comparable = dialect != Dialect::MySql || list.iter().all(is_ascii);
        if (positive && comparable) || exact {
            let texts = texts.collect();
            operands.push(listed(dialect, expr, &storage, texts, self.values, positive));
        }
        if !exact {
            let texts = list.iter().map(|value| param(dialect, self.comparison, value)).collect();
            operands.push(listed(dialect, self.expr, &Storage::Text, texts, self.values, positive));
        }
        if positive || !self.nullable {
            return SqlExpr::chain(
                dialect,
                Connective::And,
                operands.into_iter().map(SqlExpr::leaf).collect(),
            );
        }
        operands.insert(0, column.is_null());
        SqlExpr::pair(dialect, Connective::Or, operands)
    }

    fn equal(self, value: &Value, positive: bool) -> SqlExpr {
        if self.indexed.is_some() {
            return self.equal_indexed(std::slice::from_ref(value), positive);
        }
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
            comparisons.push(self.column().is_null());
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
        let column = self.column();
        let compared = compare(self.expr, self.values);
        SqlExpr::pair(self.dialect, Connective::Or, [column.is_null(), compared])
    }
}

impl Comparison {
    /// The column in the order of its bytes, unless its type or collation determines the order.
    fn ordered(self, dialect: Dialect, column: Expr) -> Expr {
        match self {
            Self::Bytes | Self::Lower | Self::Folded => dialect.byte_ordered(column),
            Self::Typed | Self::Collation => column,
        }
    }
}

fn param(dialect: Dialect, comparison: Comparison, value: &Value) -> Param {
    Param::of(value, |string| string_param(dialect, comparison, string))
}

fn string_param(dialect: Dialect, comparison: Comparison, string: &str) -> Param {
    match comparison {
        // In MySQL the bytes of `lower(column)` are compared.
        Comparison::Bytes | Comparison::Lower | Comparison::Folded => dialect.bytewise(string),
        Comparison::Typed | Comparison::Collation => Param::Text(string.to_owned()),
    }
}

fn is_ascii(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.is_ascii())
}

/// [`crate::fold_key`] in PostgreSQL 18.
fn fold_key_expr(column: Expr) -> Expr {
    Expr::cust_with_exprs(
        "normalize(casefold(normalize($1, NFD) COLLATE pg_unicode_fast), NFC)",
        [column],
    )
}
