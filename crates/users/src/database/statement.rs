//! Statements: text, with every value beside it.

use super::fault::Fault;
use scieve::sql::{self, Dialect, Param};

/// A value. A `NULL` knows its type, for PostgreSQL.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    /// An array, in PostgreSQL.
    Texts(Vec<String>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

/// A statement, or one that is being written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    dialect: Dialect,
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Statement {
    pub(super) fn new(dialect: Dialect, text: &str) -> Self {
        Self { dialect, text: String::with_capacity(256), values: Vec::new() }.push(text)
    }

    /// Appends text. Names stand between double quotes.
    pub(super) fn push(mut self, text: &str) -> Self {
        match self.dialect {
            Dialect::Postgres | Dialect::Sqlite => self.text.push_str(text),
            Dialect::MySql => {
                self.text.extend(text.chars().map(|c| if c == '"' { '`' } else { c }))
            }
        }
        self
    }

    /// Appends a value.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.add(value.into());
        self
    }

    fn add(&mut self, value: Value) {
        self.values.push(value);
        match self.dialect {
            Dialect::Postgres => self.text.push_str(&format!("${}", self.values.len())),
            Dialect::MySql | Dialect::Sqlite => self.text.push('?'),
        }
    }

    /// Appends a condition that a plan made. Its values are numbered from 1, so that no other may stand before it.
    pub(super) fn condition(mut self, condition: sql::Statement) -> Result<Self, Fault> {
        if !self.values.is_empty() {
            return Err(Fault::Broken("a condition stands behind a value".into()));
        }
        self.text.push('(');
        self.text.push_str(&condition.sql);
        self.text.push(')');
        self.values = condition.params.into_iter().map(value).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Appends `IN (...)`, or what is the same; the list is not empty.
    pub(super) fn one_of<'t>(mut self, texts: impl Iterator<Item = &'t str>) -> Self {
        if self.dialect == Dialect::Postgres {
            return self.push(" = ANY(").bind_list(texts.map(str::to_owned).collect()).push(")");
        }
        self = self.push(" IN (");
        for (place, text) in texts.enumerate() {
            self = self.push(if place == 0 { "" } else { ", " }).bind(text);
        }
        self.push(")")
    }

    fn bind_list(mut self, texts: Vec<String>) -> Self {
        self.add(Value::Texts(texts));
        self
    }

    /// Appends `(?, ?, ...), (?, ...)`.
    pub(super) fn tuples(mut self, rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        for (place, row) in rows.into_iter().enumerate() {
            self.text.push_str(if place == 0 { "(" } else { ", (" });
            for (place, value) in row.into_iter().enumerate() {
                self.text.push_str(if place == 0 { "" } else { ", " });
                self.add(value);
            }
            self.text.push(')');
        }
        self
    }
}

/// A plan on users binds texts alone, and lists of them.
fn value(param: Param) -> Result<Value, Fault> {
    match param {
        Param::Text(text) | Param::TextBytes(text) => Ok(Value::Text(Some(text))),
        Param::Integer(number) => Ok(Value::Integer(Some(number))),
        Param::List(params) => {
            let text = |param| match param {
                Param::Text(text) | Param::TextBytes(text) => Ok(text),
                other => {
                    Err(Fault::Broken(format!("a condition on users holds {other:?} in a list")))
                }
            };
            params.into_iter().map(text).collect::<Result<_, _>>().map(Value::Texts)
        }
        other => Err(Fault::Broken(format!("a condition on users holds {other:?}"))),
    }
}

impl From<Statement> for sql::Statement {
    fn from(statement: Statement) -> Self {
        let dialect = statement.dialect;
        let text = move |text| {
            if dialect == Dialect::MySql { Param::TextBytes(text) } else { Param::Text(text) }
        };
        let param = |value| match value {
            Value::Text(None) | Value::Integer(None) => Param::Null,
            Value::Text(Some(one)) => text(one),
            Value::Integer(Some(number)) => Param::Integer(number),
            Value::Texts(texts) => Param::List(texts.into_iter().map(text).collect()),
        };
        Self::new(statement.text, statement.values.into_iter().map(param).collect())
    }
}
