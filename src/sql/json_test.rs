//! Tests on values inside JSON columns.
//!
//! A value of another JSON type than that of its attribute is present and equals nothing, so every
//! comparison is guarded by the JSON type. JSON `null`, `[]` and `{}` are no values.

use super::column_test::ColumnTest;
use super::dialect::{Dialect, literal};
use super::error::SqlError;
use super::expr::{Connective, SqlExpr};
use super::json_value::{JsonValue, verbatim};
use super::literal::utf8_bytes;
use super::order::sort_order;
use super::storage::Storage;
use super::stored_value::StoredValue;
use super::values::Values;
use crate::plan::{Predicate, Test};
use crate::schema::Attribute;
use crate::value::{AttributeType, CaseSensitivity};
use sea_query::{BinOper, CaseStatement, Expr, ExprTrait, Func};

impl JsonValue {
    /// True if the value is assigned; unless `positive`, if it is not.
    pub(super) fn present(&self, positive: bool) -> SqlExpr {
        let (dialect, node, kind) = (self.dialect, self.node.expr(), self.kind.expr());
        let empty = match dialect {
            Dialect::Postgres => {
                let empty = ["'null'", "'[]'", "'{}'"];
                let stripped: Expr = Func::cust("jsonb_strip_nulls").arg(node.clone()).into();
                stripped.is_in(empty.map(|json| Expr::from(Func::cast_as(verbatim(json), "jsonb"))))
            }
            Dialect::MySql => Expr::cust_with_exprs(
                "CASE ? WHEN 'NULL' THEN TRUE WHEN 'ARRAY' THEN JSON_LENGTH(?) = 0 \
                 WHEN 'OBJECT' THEN JSON_LENGTH(JSON_MERGE_PATCH('{}', ?)) = 0 ELSE FALSE END",
                [kind.clone(), node.clone(), node.clone()],
            ),
            Dialect::Sqlite => Expr::cust_with_exprs(
                "CASE ? WHEN 'null' THEN TRUE WHEN 'array' THEN json_array_length(?) = 0 \
                 WHEN 'object' THEN json_patch('{}', ?) = '{}' ELSE FALSE END",
                [kind.clone(), node.clone(), node.clone()],
            ),
        };
        let own = if dialect == Dialect::Postgres { node } else { kind };
        match positive {
            true => SqlExpr::chain(
                dialect,
                Connective::And,
                vec![SqlExpr::leaf(own.is_not_null()), SqlExpr::leaf(not(dialect, empty))],
            ),
            false => SqlExpr::chain(
                dialect,
                Connective::Or,
                vec![SqlExpr::leaf(own.is_null()), SqlExpr::leaf(parentheses(dialect, empty))],
            ),
        }
    }

    /// A condition as [`ColumnTest::test`] returns.
    pub(super) fn test(
        &self,
        attribute: &Attribute,
        stored: Option<&Storage>,
        test: &Test,
        values: &mut Values,
        positive: bool,
    ) -> Result<SqlExpr, SqlError> {
        if matches!(test.predicate, Predicate::Present) {
            return Ok(self.present(positive));
        }
        if matches!(test.predicate, Predicate::Never) {
            return Ok(SqlExpr::constant(!positive));
        }
        if let Predicate::Differs(value) = &test.predicate {
            let equal = Test::new(test.attribute, test.case, Predicate::Equal(value.clone()));
            return self.test(attribute, stored, &equal, values, !positive);
        }
        let dialect = self.dialect;
        let Comparable { raw, guard, storage } = self.comparable(attribute, stored, test.case)?;
        // Every row without a value of the type satisfies the negation. A conversion that may fail
        // is guarded in any case.
        let (expr, guard) = match raw {
            Raw::Safe(expr) if positive => (expr, Some(guard)),
            Raw::Safe(expr) | Raw::Conversion(expr) => (guarded(expr, guard), None),
        };
        let nullable = true;
        let compared = match &storage {
            None => ColumnTest::of_text(dialect, expr, nullable, values).test(test, positive),
            Some(storage) => {
                StoredValue { dialect, expr, nullable, storage, values }.test(test, positive)
            }
        };
        Ok(match guard {
            Some(guard) => {
                SqlExpr::chain(dialect, Connective::And, vec![compared, SqlExpr::leaf(guard)])
            }
            None => compared,
        })
    }

    /// The value in the order of values, NULL if there is none of the type.
    pub(super) fn sort_expr(
        &self,
        attribute: &Attribute,
        stored: Option<&Storage>,
        values: &mut Values,
    ) -> Result<Expr, SqlError> {
        let dialect = self.dialect;
        let Comparable { raw, guard, storage } =
            self.comparable(attribute, stored, attribute.case())?;
        let (Raw::Safe(expr) | Raw::Conversion(expr)) = raw;
        let expr = guarded(expr, guard);
        Ok(match &storage {
            None => dialect.byte_ordered(expr),
            Some(storage) => sort_order(dialect, storage, attribute, expr, values),
        })
    }

    /// The value as an expression of a type that databases compare.
    fn comparable(
        &self,
        attribute: &Attribute,
        stored: Option<&Storage>,
        case: CaseSensitivity,
    ) -> Result<Comparable, SqlError> {
        let dialect = self.dialect;
        let refuse = |what: &str| {
            Err(SqlError::Storage(
                format!("`{attribute}` is {what}, which cannot be compared inside JSON").into(),
            ))
        };
        Ok(match (attribute.attribute_type(), stored) {
            (AttributeType::String | AttributeType::Reference, _) => {
                let text = match case {
                    CaseSensitivity::Exact => self.text.expr(),
                    _ => self.text.call("LOWER").into(),
                };
                let text = if dialect == Dialect::MySql { utf8_bytes(text) } else { text };
                Comparable {
                    raw: Raw::Safe(text),
                    guard: is_string(dialect, self.kind.expr()),
                    storage: None,
                }
            }
            (AttributeType::Boolean, Some(storage @ Storage::BooleanText(_))) => Comparable {
                raw: Raw::Safe(self.text.expr()),
                guard: is_string(dialect, self.kind.expr()),
                storage: Some(storage.clone()),
            },
            (AttributeType::Boolean, _) => {
                let (raw, guard) = match dialect {
                    Dialect::Postgres => (self.text.expr(), self.kind.expr().eq(verbatim("'boolean'"))),
                    Dialect::MySql => (self.text.expr(), self.kind.expr().eq(verbatim("'BOOLEAN'"))),
                    // In SQLite the name of the type is the value.
                    Dialect::Sqlite => (
                        self.kind.expr(),
                        self.kind.expr().is_in(["'true'", "'false'"].map(verbatim)),
                    ),
                };
                Comparable {
                    raw: Raw::Safe(raw),
                    guard,
                    storage: Some(Storage::BooleanText(["true".to_owned(), "false".to_owned()])),
                }
            }
            (AttributeType::Integer, _) => Comparable {
                raw: self.number(),
                guard: self.is_integer(),
                storage: Some(Storage::Numeric),
            },
            (AttributeType::Decimal, _) => Comparable {
                raw: self.number(),
                guard: self.is_number(),
                storage: Some(Storage::Numeric),
            },
            (AttributeType::DateTime, Some(storage @ Storage::Iso8601(_))) => Comparable {
                raw: Raw::Safe(self.text.expr()),
                guard: is_string(dialect, self.kind.expr()),
                storage: Some(storage.clone()),
            },
            (
                AttributeType::DateTime,
                Some(storage @ (Storage::UnixSeconds | Storage::UnixMillis | Storage::UnixMicros)),
            ) => Comparable {
                raw: self.number(),
                guard: self.is_number(),
                storage: Some(storage.clone()),
            },
            (AttributeType::DateTime, None) if dialect == Dialect::Postgres => Comparable {
                raw: Raw::Conversion(instant(self.text.expr())),
                guard: operator(self.text.expr(), "~", Expr::cust(literal(INSTANT))),
                storage: Some(Storage::TimestampTz),
            },
            (AttributeType::DateTime, None) => Comparable {
                raw: Raw::Conversion(micros(dialect, &self.text.expr())),
                guard: match dialect {
                    // `strftime` accepts dates without a time, and days that do not exist.
                    Dialect::Sqlite => is_string(dialect, self.kind.expr()).and(Expr::cust_with_exprs(
                        "(? GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][Tt][0-9][0-9]:[0-9][0-9]:[0-9][0-9]*' \
                         AND date(substr(?, 1, 10)) = substr(?, 1, 10))",
                        [self.text.expr(), self.text.expr(), self.text.expr()],
                    )),
                    _ => is_string(dialect, self.kind.expr()),
                },
                storage: Some(Storage::UnixMicros),
            },
            (AttributeType::DateTime, Some(_)) => {
                return refuse("a date-time of a storage other than `iso8601` and `unix_...`");
            }
            (AttributeType::Binary, _) => return refuse("binary"),
            (AttributeType::Complex | AttributeType::Any, _) => {
                return Err(SqlError::about(SqlError::Untyped, attribute));
            }
        })
    }

    fn is_number(&self) -> Expr {
        match self.dialect {
            Dialect::Postgres => self.kind.expr().eq(verbatim("'number'")),
            Dialect::MySql => self
                .kind
                .expr()
                .is_in(["'INTEGER'", "'UNSIGNED INTEGER'", "'DOUBLE'", "'DECIMAL'"].map(verbatim)),
            Dialect::Sqlite => self.kind.expr().is_in(["'integer'", "'real'"].map(verbatim)),
        }
    }

    /// A number without a fraction.
    fn is_integer(&self) -> Expr {
        let whole = match self.dialect {
            Dialect::Postgres => {
                operator(self.text.expr(), "~", Expr::cust(r"'^-?[0-9]+(\.0+)?$'"))
            }
            Dialect::MySql => {
                Expr::cust_with_exprs(
                    // `MOD` of MariaDB is wrong for negative numbers of this type.
                    "TRUNCATE(CAST(? AS DECIMAL(65, 30)), 0) = CAST(? AS DECIMAL(65, 30))",
                    [self.text.expr(), self.text.expr()],
                )
            }
            Dialect::Sqlite => Expr::cust_with_exprs(
                "(? = 'integer' OR ? = round(?))",
                [self.kind.expr(), self.node.expr(), self.node.expr()],
            ),
        };
        self.is_number().and(whole)
    }

    fn number(&self) -> Raw {
        match self.dialect {
            Dialect::Postgres => Raw::Conversion(Func::cast_as(self.text.expr(), "numeric").into()),
            Dialect::MySql => {
                Raw::Conversion(Func::cast_as(self.text.expr(), "DECIMAL(65, 30)").into())
            }
            Dialect::Sqlite => Raw::Safe(self.node.expr()),
        }
    }
}

/// A value of a JSON document to compare.
struct Comparable {
    raw: Raw,
    /// True if the value has the type: a comparison, or a conjunction.
    guard: Expr,
    /// The type of the expression, if it is not text that is compared byte by byte.
    storage: Option<Storage>,
}

enum Raw {
    /// An expression that is never an error, which an index can support.
    Safe(Expr),
    /// A conversion that may fail for values of another type.
    Conversion(Expr),
}

/// True if the name of a JSON type is that of strings.
fn is_string(dialect: Dialect, kind: Expr) -> Expr {
    kind.eq(verbatim(match dialect {
        Dialect::Postgres => "'string'",
        Dialect::MySql => "'STRING'",
        Dialect::Sqlite => "'text'",
    }))
}

/// The value if the guard is true, else NULL.
fn guarded(expr: Expr, guard: Expr) -> Expr {
    Expr::Case(Box::new(CaseStatement::new().case(guard, expr)))
}

/// Date-times of RFC 3339 that PostgreSQL can convert: days that exist, offsets below 16 hours.
const INSTANT: &str = concat!(
    "^(?!0000)([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)",
    "|02-(0[1-9]|1[0-9]|2[0-8]))",
    "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)",
    "[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?([Zz]|[+-](0[0-9]|1[0-5]):[0-5][0-9])?$"
);

/// An instant with all digits that PostgreSQL stores, in UTC if it has no offset.
fn instant(text: Expr) -> Expr {
    let digits =
        Expr::cust_with_exprs(r"regexp_replace($1, '([.][0-9]{6})[0-9]+', '\1')", [text.clone()]);
    let zoned = operator(text, "~", Expr::cust("'([Zz]|[+-][0-9]{2}:[0-9]{2})$'"));
    let whole = CaseStatement::new().case(zoned, digits.clone()).finally(operator(
        digits,
        "||",
        Expr::cust("'Z'"),
    ));
    Func::cast_as(whole, "timestamp with time zone").into()
}

fn operator(left: Expr, operator: &'static str, right: Expr) -> Expr {
    left.binary(BinOper::Custom(operator), right)
}

fn not(dialect: Dialect, expr: Expr) -> Expr {
    Expr::cust_with_exprs(format!("NOT ({})", dialect.placeholder(0)), [expr])
}

fn parentheses(dialect: Dialect, expr: Expr) -> Expr {
    Expr::cust_with_exprs(format!("({})", dialect.placeholder(0)), [expr])
}

/// The microseconds since 1970 of a date-time of RFC 3339 in MySQL and SQLite, NULL for any other
/// string.
fn micros(dialect: Dialect, text: &Expr) -> Expr {
    let template = match dialect {
        Dialect::Sqlite => concat!(
            "(CAST(strftime('%s', upper(substr(?, 1, 19) || ",
            "CASE WHEN ? GLOB '*[+-][0-9][0-9]:[0-9][0-9]' THEN substr(?, -6) ELSE '' END)) ",
            "AS INTEGER) * 1000000 + CASE WHEN substr(?, 20, 1) = '.' ",
            "THEN CAST(round(CAST('0' || substr(?, 20, 7) AS REAL) * 1000000) AS INTEGER) ",
            "ELSE 0 END)"
        ),
        Dialect::MySql | Dialect::Postgres => concat!(
            "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', CAST(REPLACE(UPPER(REGEXP_SUBSTR(?, ",
            "'^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6}){0,1}'",
            ")), 'T', ' ') AS DATETIME(6))) - IF(? REGEXP '[+-][0-9]{2}:[0-9]{2}$', ",
            "IF(LEFT(RIGHT(?, 6), 1) = '-', -1, 1) * TIME_TO_SEC(RIGHT(?, 5)) * 1000000, 0))"
        ),
    };
    // Each mark is one value: none may occur inside a literal.
    let marks = template.matches('?').count();
    Expr::cust_with_exprs(template, std::iter::repeat_n(text.clone(), marks))
}
