//! The order of rows by an attribute without a sort column.
//!
//! Rows without a value come last in ascending order and first in descending order (RFC 7644
//! section 3.4.2.3), whatever the database does with NULL.

use super::checked_mapping::CheckedMapping;
use super::column_test::ColumnTest;
use super::condition::Compiler;
use super::error::SqlError;
use super::names::MappedColumn;
use super::order::sort_order;
use super::place::{Place, Rows};
use crate::plan::{Node, Predicate, Test};
use crate::schema::Attribute;
use crate::value::{
    AttributeType, CaseSensitivity, DateTime, IntegerLiteral, Text, Value, base64, number,
};
use sea_query::{DynIden, Expr};

impl Compiler<'_> {
    /// The value of a single-valued attribute in the order of values, with whether it may be NULL.
    pub(super) fn sort_expr(&mut self, attribute: &Attribute) -> Result<(Expr, bool), SqlError> {
        let refuse = || SqlError::about(SqlError::NotSortable, attribute);
        if attribute.yields_many() || attribute.attribute_type() == AttributeType::Complex {
            return Err(refuse());
        }
        let mapping: &CheckedMapping = self.mapping;
        let alias = mapping.names().alias.clone();
        match mapping.place(self.own(attribute)?).ok_or_else(refuse)? {
            Place::Column(column) if column.element.is_some() => Err(refuse()),
            Place::Column(column) => {
                let nullable = column.column.nullable;
                Ok((self.column_order(alias, column, attribute)?, nullable))
            }
            Place::Json(place) => {
                let stored = place.entry.and_then(|entry| entry.column.stored.as_ref());
                let value = mapping.json_value(self.dialect, &place);
                Ok((value.sort_expr(attribute, stored, self.values)?, true))
            }
            Place::Related(join, column) => {
                let alias = mapping.join_alias();
                let value = self.column_order(alias, column, attribute)?;
                Ok((self.related_value(&Rows::Related(join), value), true))
            }
        }
    }

    fn column_order(
        &mut self,
        table: DynIden,
        column: &MappedColumn,
        attribute: &Attribute,
    ) -> Result<Expr, SqlError> {
        if let Some(storage) = &column.column.stored {
            storage.check(attribute, self.dialect)?;
            if !storage.is_text() {
                let own = Expr::col((table, column.own.clone()));
                return Ok(sort_order(self.dialect, storage, attribute, own, self.values));
            }
        }
        let case = attribute.case();
        let test = ColumnTest::new(self.dialect, table, column, attribute, case, self.values)?;
        Ok(test.into_sort_expr())
    }
}

/// The nodes that are true of rows whose value is beyond that of a position, equal to it, and
/// absent. The text is that of [`super::sort_text`], not folded.
pub(super) struct Beyond {
    pub(super) greater: Node,
    pub(super) less: Node,
    pub(super) same: Node,
    pub(super) absent: bool,
}

impl Beyond {
    pub(super) fn of(attribute: &Attribute, text: &str) -> Option<Self> {
        let (id, case) = (attribute.id(), attribute.case());
        let node = |predicate| Node::Test(Test::new(id, case, predicate));
        let present = || node(Predicate::Present);
        let Some(text) = text.strip_prefix('1') else {
            return (text == "2").then(|| Self {
                greater: node(Predicate::Never),
                less: present(),
                same: Node::Not(Box::new(present())),
                absent: true,
            });
        };
        let value = value(attribute.attribute_type(), text, case)?;
        let never = || node(Predicate::Never);
        let equal = |boolean| node(Predicate::Equal(Value::Boolean(boolean)));
        let (greater, less) = match value {
            Value::Boolean(true) => (never(), equal(false)),
            Value::Boolean(false) => (equal(true), never()),
            _ => (node(Predicate::Greater(value.clone())), node(Predicate::Less(value.clone()))),
        };
        Some(Self { greater, less, same: node(Predicate::Equal(value)), absent: false })
    }
}

/// Parses a value of the attribute type, as in filters.
fn value(attribute_type: AttributeType, text: &str, case: CaseSensitivity) -> Option<Value> {
    Some(match attribute_type {
        AttributeType::String | AttributeType::Reference => Value::Text(Text::operand(text, case)),
        AttributeType::Boolean => Value::Boolean(text.parse().ok()?),
        AttributeType::Integer => match number::integer(text) {
            IntegerLiteral::Exact(number) => Value::Integer(number),
            _ => return None,
        },
        AttributeType::Decimal => Value::Decimal(number::decimal(text)?),
        AttributeType::DateTime => Value::DateTime(DateTime::parse(text)?.into_owned()),
        AttributeType::Binary => Value::Binary(base64::decode(text)?.into()),
        AttributeType::Complex | AttributeType::Any => return None,
    })
}
