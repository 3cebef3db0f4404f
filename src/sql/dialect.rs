//! The few questions that databases answer differently.

use sea_query::{ArrayType, BinOper, Expr, ExprTrait, Func, Value};
use std::fmt;

/// A family of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Dialect {
    /// PostgreSQL and what speaks its language, with a UTF-8 database.
    Postgres,
    /// MySQL and MariaDB, in strict mode (`STRICT_TRANS_TABLES`). `MySQL` works as its manual says; MariaDB 10.11 is what was measured.
    MySql,
    /// SQLite 3.
    Sqlite,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::MySql, Self::Sqlite];

    /// More bound values than this are refused: every database takes so many.
    pub const MAX_PARAMETERS: usize = 32_000;

    /// `postgres`, `mysql` or `sqlite`.
    ///
    /// ```
    /// use scieve::sql::Dialect;
    ///
    /// assert_eq!(Dialect::from_name("sqlite").map(Dialect::name), Some("sqlite"));
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// The dialect of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// What an identifier stands between. SQLite takes double quotes too, but reads an unknown name between them as a text where it is
    /// not qualified by a table.
    pub(super) fn quote(self) -> char {
        match self {
            Self::Postgres => '"',
            Self::MySql | Self::Sqlite => '`',
        }
    }

    /// The `at`-th value in a template of an expression, from 0.
    pub(super) fn placeholder(self, at: usize) -> String {
        match self {
            Self::Postgres => format!("${}", at + 1),
            Self::MySql | Self::Sqlite => "?".to_owned(),
        }
    }

    /// A text to compare with a column that is compared byte by byte. In MySQL that is a `VARBINARY`, and bytes do not depend on the
    /// character set of the connection.
    pub(super) fn bytewise(self, text: &str) -> Value {
        match self {
            Self::MySql => text.as_bytes().to_vec().into(),
            Self::Postgres | Self::Sqlite => text.into(),
        }
    }

    /// The same text in the order of its bytes, whatever the collation of the column or the database.
    pub(super) fn ordered(self, text: Expr) -> Expr {
        match self {
            Self::Postgres => text.binary(BinOper::Custom("COLLATE"), Expr::custom_keyword("\"C\"")),
            Self::MySql | Self::Sqlite => text,
        }
    }

    /// `= ANY(array)` takes one value however long the list is.
    pub(super) fn one_of(self, column: Expr, values: Vec<Value>, positive: bool) -> Expr {
        match (self, positive) {
            (Self::Postgres, true) => column.eq(Func::cust("ANY").arg(array(values))),
            (Self::Postgres, false) => column.ne(Func::cust("ALL").arg(array(values))),
            (Self::MySql | Self::Sqlite, true) => column.is_in(values),
            (Self::MySql | Self::Sqlite, false) => column.is_not_in(values),
        }
    }

    /// Where the text holds the part; `text` and the value that `bind` makes of a text fit together.
    pub(super) fn contains(self, text: Expr, part: &str, bind: &dyn Fn(&str) -> Value, positive: bool) -> Expr {
        match self {
            Self::Postgres | Self::MySql => like(text, bind(&format!("%{}%", escaped(part))), positive),
            Self::Sqlite => {
                let place: Expr = Func::cust("instr").args([text, bind(part).into()]).into();
                let zero = Expr::Constant(0.into());
                if positive { place.gt(zero) } else { place.eq(zero) }
            }
        }
    }

    /// Where the text ends with the part, which is not empty.
    pub(super) fn ends_with(self, text: Expr, part: &str, bind: &dyn Fn(&str) -> Value, positive: bool) -> Expr {
        match self {
            Self::Postgres | Self::MySql => like(text, bind(&format!("%{}", escaped(part))), positive),
            Self::Sqlite => {
                let end = Func::cust("substr").args([text, Value::from(-length(part)).into()]);
                same(end.into(), bind(part), positive)
            }
        }
    }

    /// Where the text starts with the part, for columns whose order is not that of their bytes.
    pub(super) fn starts_with(self, text: Expr, part: &str, bind: &dyn Fn(&str) -> Value, positive: bool) -> Expr {
        match self {
            Self::Postgres | Self::MySql => like(text, bind(&format!("{}%", escaped(part))), positive),
            Self::Sqlite => {
                let start = Func::cust("substr").args([text, Expr::Constant(1.into()), Value::from(length(part)).into()]);
                same(start.into(), bind(part), positive)
            }
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn same(left: Expr, right: Value, positive: bool) -> Expr {
    if positive { left.eq(right) } else { left.ne(right) }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

// SQLite has no part in this: its LIKE folds ASCII, limits the pattern and does not look into blobs.
fn like(text: Expr, pattern: Value, positive: bool) -> Expr {
    let pattern = Expr::from(pattern).binary(BinOper::Escape, Expr::Constant('!'.into()));
    text.binary(if positive { BinOper::Like } else { BinOper::NotLike }, pattern)
}

/// `!` escapes, as a backslash means something else in each database and under each of their settings.
fn escaped(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len());
    for c in part.chars() {
        if matches!(c, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern
}

fn array(values: Vec<Value>) -> Value {
    let kind = match values.first() {
        Some(Value::Bool(_)) => ArrayType::Bool,
        Some(Value::BigInt(_)) => ArrayType::BigInt,
        Some(Value::Double(_)) => ArrayType::Double,
        Some(Value::Bytes(_)) => ArrayType::Bytes,
        _ => ArrayType::String,
    };
    Value::Array(kind, Some(Box::new(values)))
}
