//! The differences between databases.

use super::values::{Param, Values};
use sea_query::{BinOper, Expr, ExprTrait, Func};
use std::fmt;

/// A family of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Dialect {
    /// PostgreSQL and compatible databases, with a UTF-8 database.
    Postgres,
    /// MySQL and MariaDB in strict mode (`STRICT_TRANS_TABLES`). Tested on MariaDB 10.11; for MySQL
    /// only documented behaviour is relied on.
    MySql,
    /// SQLite 3.
    Sqlite,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::MySql, Self::Sqlite];

    /// Maximum number of bound values of a statement. Every database accepts that many: the lowest
    /// limit is 32,766 (SQLite).
    pub const MAX_PARAMETERS: usize = 32_000;

    /// Returns `postgres`, `mysql` or `sqlite`.
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

    /// Returns the dialect with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The identifier quote character. SQLite also accepts double quotes, but treats an unknown,
    /// unqualified name in them as a string literal
    /// (<https://www.sqlite.org/quirks.html#dblquote>).
    pub(super) fn quote(self) -> char {
        match self {
            Self::Postgres => '"',
            Self::MySql | Self::Sqlite => '`',
        }
    }

    /// An identifier in quotes.
    pub(super) fn quoted(self, name: &str) -> String {
        let mut quoted = String::with_capacity(name.len() + 2);
        push_in_quotes(&mut quoted, name, self.quote());
        quoted
    }

    /// A column of a table, in quotes.
    pub(super) fn qualified(self, table: &str, column: &str) -> String {
        let mut qualified = String::with_capacity(table.len() + column.len() + 5);
        push_in_quotes(&mut qualified, table, self.quote());
        qualified.push('.');
        push_in_quotes(&mut qualified, column, self.quote());
        qualified
    }

    /// The placeholder of a value in a template of sea-query, by index from 0.
    pub(super) fn placeholder(self, index: usize) -> String {
        match self {
            Self::Postgres => format!("${}", index + 1),
            Self::MySql | Self::Sqlite => "?".to_owned(),
        }
    }

    /// A string to compare with a column that is compared byte by byte. In MySQL this is a
    /// `VARBINARY` column: bytes do not depend on the character set of the connection.
    pub(super) fn bytewise(self, string: &str) -> Param {
        match self {
            Self::MySql => Param::TextBytes(string.to_owned()),
            Self::Postgres | Self::Sqlite => Param::Text(string.to_owned()),
        }
    }

    /// The string in the order of its bytes, whatever the collation of the column or the database.
    pub(super) fn byte_ordered(self, string: Expr) -> Expr {
        match self {
            Self::Postgres => {
                string.binary(BinOper::Custom("COLLATE"), Expr::custom_keyword("\"C\""))
            }
            Self::MySql | Self::Sqlite => string,
        }
    }

    /// `column IN (...)`; in PostgreSQL `column = ANY(array)`, which is one value whatever the
    /// length of the list.
    pub(super) fn in_list(
        self,
        column: Expr,
        list: impl Iterator<Item = Param>,
        values: &mut Values,
        positive: bool,
    ) -> Expr {
        match (self, positive) {
            (Self::Postgres, true) => {
                column.eq(Func::cust("ANY").arg(values.bind(Param::List(list.collect()))))
            }
            (Self::Postgres, false) => {
                column.ne(Func::cust("ALL").arg(values.bind(Param::List(list.collect()))))
            }
            (Self::MySql | Self::Sqlite, true) => {
                column.is_in(list.map(|param| values.bind(param)))
            }
            (Self::MySql | Self::Sqlite, false) => {
                column.is_not_in(list.map(|param| values.bind(param)))
            }
        }
    }

    /// Tests if `string` contains the non-empty `substring` at that position. `bind` converts a
    /// string to a value that `string` can be compared with.
    pub(super) fn substring_test(
        self,
        string: Expr,
        substring: &str,
        position: Position,
        bind: &dyn Fn(&str) -> Param,
        values: &mut Values,
        positive: bool,
    ) -> Expr {
        let (before, after) = match position {
            Position::Start => ("", "%"),
            Position::Anywhere => ("%", "%"),
            Position::End => ("%", ""),
        };
        let number = |number: i32| Expr::Constant(number.into());
        match (self, position) {
            (Self::Postgres | Self::MySql, _) => {
                let pattern = values.put(bind(&format!("{before}{}{after}", escaped(substring))));
                let pattern =
                    Expr::from(pattern).binary(BinOper::Escape, Expr::Constant('!'.into()));
                string.binary(if positive { BinOper::Like } else { BinOper::NotLike }, pattern)
            }
            // SQLite's LIKE folds ASCII, limits the length of the pattern, and does not match
            // blobs.
            (Self::Sqlite, Position::Anywhere) => {
                let found: Expr =
                    Func::cust("instr").args([string, values.put(bind(substring)).into()]).into();
                found
                    .binary(if positive { BinOper::GreaterThan } else { BinOper::Equal }, number(0))
            }
            (Self::Sqlite, Position::Start | Position::End) => {
                let length = i64::try_from(substring.chars().count()).unwrap_or(i64::MAX);
                let range = match position {
                    Position::End => vec![string, values.put(Param::Integer(-length)).into()],
                    _ => vec![string, number(1), values.put(Param::Integer(length)).into()],
                };
                let part: Expr = Func::cust("substr").args(range).into();
                part.binary(
                    if positive { BinOper::Equal } else { BinOper::NotEqual },
                    values.put(bind(substring)),
                )
            }
        }
    }
}

/// The position in a string at which a substring has to occur.
#[derive(Clone, Copy)]
pub(super) enum Position {
    Start,
    Anywhere,
    End,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A string literal. Names with a backslash are rejected by [`super::Mapping::check`].
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    push_in_quotes(&mut literal, text, '\'');
    literal
}

/// Appends text in quotes, which are doubled inside it.
fn push_in_quotes(sql: &mut String, text: &str, quote: char) {
    sql.push(quote);
    for (index, part) in text.split(quote).enumerate() {
        if index > 0 {
            sql.push(quote);
            sql.push(quote);
        }
        sql.push_str(part);
    }
    sql.push(quote);
}

/// Escapes the wildcards of LIKE with `!`. The meaning of a backslash differs between databases and
/// their settings.
fn escaped(string: &str) -> String {
    let mut pattern = String::with_capacity(string.len());
    for c in string.chars() {
        if matches!(c, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern
}
