//! The few questions that databases answer differently.

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
    pub(super) fn bytewise(self, text: &str) -> Param {
        match self {
            Self::MySql => Param::TextBytes(text.to_owned()),
            Self::Postgres | Self::Sqlite => Param::Text(text.to_owned()),
        }
    }

    /// The same text in the order of its bytes, whatever the collation of the column or the database.
    pub(super) fn ordered(self, text: Expr) -> Expr {
        match self {
            Self::Postgres => {
                text.binary(BinOper::Custom("COLLATE"), Expr::custom_keyword("\"C\""))
            }
            Self::MySql | Self::Sqlite => text,
        }
    }

    /// `= ANY(array)` takes one value however long the list is.
    pub(super) fn one_of(
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

    /// Where the text holds the part, which is not empty, in that place. `bind` makes of a text a value that `text` can be compared with.
    pub(super) fn finds(
        self,
        text: Expr,
        part: &str,
        place: Place,
        bind: &dyn Fn(&str) -> Param,
        values: &mut Values,
        positive: bool,
    ) -> Expr {
        let (before, after) = match place {
            Place::Start => ("", "%"),
            Place::Within => ("%", "%"),
            Place::End => ("%", ""),
        };
        let number = |number: i32| Expr::Constant(number.into());
        match (self, place) {
            (Self::Postgres | Self::MySql, _) => {
                let pattern = values.put(bind(&format!("{before}{}{after}", escaped(part))));
                let pattern =
                    Expr::from(pattern).binary(BinOper::Escape, Expr::Constant('!'.into()));
                text.binary(if positive { BinOper::Like } else { BinOper::NotLike }, pattern)
            }
            // SQLite's LIKE folds ASCII, limits the pattern and does not look into blobs.
            (Self::Sqlite, Place::Within) => {
                let found: Expr =
                    Func::cust("instr").args([text, values.put(bind(part)).into()]).into();
                found
                    .binary(if positive { BinOper::GreaterThan } else { BinOper::Equal }, number(0))
            }
            (Self::Sqlite, Place::Start | Place::End) => {
                let length = i64::try_from(part.chars().count()).unwrap_or(i64::MAX);
                let cut = match place {
                    Place::End => vec![text, values.put(Param::Integer(-length)).into()],
                    _ => vec![text, number(1), values.put(Param::Integer(length)).into()],
                };
                let cut: Expr = Func::cust("substr").args(cut).into();
                cut.binary(
                    if positive { BinOper::Equal } else { BinOper::NotEqual },
                    values.put(bind(part)),
                )
            }
        }
    }
}

/// Where in a text a part of it is looked for.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Start,
    Within,
    End,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
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
