//! Mutants of the generated SQL: each removes one decision that keeps the results equal, by
//! rewriting tables or statements. The comparison has to detect all of them.

use regex::Regex;
use scieve::sql::{
    CheckedMapping, Dialect, Mapping, NativeComparison, Param, Statement, StringComparison,
};
use std::sync::LazyLock;

/// A way in which the SQL is worse than that of scieve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mutant {
    /// `NOT (condition)`, which is NULL if the condition is.
    NaiveNot,
    /// `<>` and similar operators without `IS NULL OR`.
    BareDiffers,
    /// `lower(column)` instead of columns of fold keys.
    Lower,
    /// LIKE without escaping `%`, `_` and `!` in the substring.
    UnescapedLike,
    /// A collation of MariaDB that ignores trailing spaces (PAD SPACE).
    PaddedCollation,
    /// A linguistic collation of PostgreSQL instead of the order of bytes.
    LanguageOrder,
    /// LIKE for `co` in SQLite, which ignores the case of ASCII letters alone.
    SqliteLike,
    /// Integers bound as floating-point numbers.
    FloatIntegers,
    /// Child tables joined without the tenant; see [`Mutant::OF_TENANTS`].
    EveryTenant,
}

impl Mutant {
    /// The mutant for tables with several tenants.
    pub(crate) const OF_TENANTS: Self = Self::EveryTenant;

    pub(crate) fn of(dialect: Dialect) -> Vec<Self> {
        use Mutant::{
            BareDiffers, FloatIntegers, LanguageOrder, Lower, NaiveNot, PaddedCollation,
            SqliteLike, UnescapedLike,
        };
        let mut mutants = vec![NaiveNot, BareDiffers, Lower, FloatIntegers];
        mutants.extend(match dialect {
            Dialect::Postgres => [UnescapedLike, LanguageOrder].as_slice(),
            Dialect::MySql => &[UnescapedLike, PaddedCollation],
            Dialect::Sqlite => &[SqliteLike],
        });
        mutants
    }

    /// Returns the mapping with `lower(...)` instead of each column of fold keys.
    pub(crate) fn lower(mut mapping: Mapping) -> CheckedMapping {
        let children = mapping
            .children
            .values_mut()
            .flat_map(|child| child.value.iter_mut().chain(child.columns.values_mut()));
        for column in mapping.attributes.values_mut().chain(children) {
            // `link` is compared exactly, although it has a column of fold keys.
            if matches!(column.text, StringComparison::FoldKey(_)) && column.column != "link" {
                column.text = StringComparison::Native(NativeComparison::Lower);
            }
        }
        mapping.check().unwrap()
    }

    pub(crate) fn ddl(self, statement: String) -> String {
        static STRINGS: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"VARBINARY\((255|102\d)\)").unwrap());
        match self {
            Self::PaddedCollation => {
                // Longer strings do not fit into an index.
                let text = |line: &str| match line.contains("`cert`") {
                    true => line.to_owned(),
                    false => STRINGS
                        .replace_all(line, "VARCHAR($1) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
                        .into_owned(),
                };
                if statement.starts_with("CREATE INDEX") {
                    return String::from("-- none");
                }
                statement.lines().map(text).collect::<Vec<_>>().join("\n")
            }
            Self::LanguageOrder => statement.replace("COLLATE \"C\"", "COLLATE \"und-x-icu\""),
            _ => statement,
        }
    }

    pub(crate) fn not(mapping: &Mapping, dialect: Dialect, inner: Statement) -> Statement {
        let (quote, mut statement) = (if dialect == Dialect::Postgres { '"' } else { '`' }, inner);
        let Mapping { table, key, .. } = mapping;
        let name = |name: &str| format!("{quote}{name}{quote}");
        let order = if dialect == Dialect::Postgres { " COLLATE \"C\"" } else { "" };
        let (table, key) = (name(table), format!("u.{}", name(key)));
        statement.sql = format!(
            "SELECT {key} FROM {table} AS u WHERE NOT ({}) ORDER BY {key}{order}",
            statement.sql
        );
        statement
    }

    pub(crate) fn statement(self, dialect: Dialect, mut statement: Statement) -> Statement {
        static NULL: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r#"[`"]?\w+[`"]?\.[`"]?\w+[`"]? IS NULL OR "#).unwrap());
        static INSTR: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"instr\((\S+), \?\) (>|=) 0").unwrap());
        static TENANT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"[`"]e[`"]\.[`"]tenant[`"] = (\(CAST\(\$\d+ AS "int8"\)\)|\$\d+|\?)"#)
                .unwrap()
        });
        match self {
            Self::BareDiffers => statement.sql = NULL.replace_all(&statement.sql, "").into_owned(),
            Self::UnescapedLike => unescape(dialect, &mut statement),
            Self::PaddedCollation => {
                for param in &mut statement.params {
                    if let Param::TextBytes(text) = param {
                        *param = Param::Text(std::mem::take(text));
                    }
                }
            }
            Self::LanguageOrder => {
                statement.sql = statement.sql.replace("COLLATE \"C\"", "COLLATE \"und-x-icu\"")
            }
            Self::SqliteLike => {
                let like = |found: &regex::Captures<'_>| {
                    format!(
                        "{} {} '%' || ? || '%'",
                        &found[1],
                        if &found[2] == ">" { "LIKE" } else { "NOT LIKE" }
                    )
                };
                statement.sql = INSTR.replace_all(&statement.sql, like).into_owned();
            }
            Self::EveryTenant => {
                statement.sql = TENANT.replace_all(&statement.sql, "$1 IS NOT NULL").into_owned()
            }
            Self::FloatIntegers => statement.params.iter_mut().for_each(float),
            Self::NaiveNot | Self::Lower => {}
        }
        statement
    }
}

fn float(param: &mut Param) {
    match param {
        Param::Integer(number) => *param = Param::Decimal(*number as f64),
        Param::List(list) => list.iter_mut().for_each(float),
        _ => {}
    }
}

/// Removes the escapes from the parameters that follow LIKE.
fn unescape(dialect: Dialect, statement: &mut Statement) {
    static MARK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(LIKE )?(?:\$(\d+)|\?)").unwrap());
    let plain = |text: &str| text.replace("!%", "%").replace("!_", "_").replace("!!", "!");
    for (at, mark) in MARK.captures_iter(&statement.sql).enumerate() {
        if mark.get(1).is_some() {
            let index = if dialect == Dialect::Postgres {
                mark[2].parse::<usize>().unwrap() - 1
            } else {
                at
            };
            if let Param::Text(text) | Param::TextBytes(text) = &mut statement.params[index] {
                *text = plain(text);
            }
        }
    }
    statement.sql = statement.sql.replace(" ESCAPE '!'", "");
}
