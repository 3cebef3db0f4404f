//! Comparisons that a policy allows and a mapping cannot express, or only by reading every row.

use super::checked_mapping::CheckedMapping;
use super::column::{NativeComparison, StringComparison};
use super::condition::Compiler;
use super::dialect::Dialect;
use super::error::SqlError;
use super::names::MappedColumn;
use super::place::{Cell, Place};
use super::storage::Storage;
use super::values::Values;
use crate::operator::Operator;
use crate::plan::{Node, Predicate, Test};
use crate::policy::Policy;
use crate::schema::{Attribute, Schema};
use crate::value::{AttributeType, CaseSensitivity, DateTime, Substring, Text, Value};

/// A comparison that a policy allows, and that a mapping does not express or not with an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The path of the attribute.
    pub attribute: String,
    /// The operator.
    pub operator: Operator,
    /// The database.
    pub dialect: Dialect,
    /// What is missing.
    pub kind: GapKind,
}

/// The part of a mapping that a comparison lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapKind {
    /// The comparison is an error.
    Error(SqlError),
    /// No index can support the comparison.
    NoIndex,
}

impl CheckedMapping {
    /// Returns the comparisons that the policy allows and the mapping does not express, or only in
    /// a form that no index can support, in each database. Call it at start-up.
    ///
    /// ```
    /// use scieve::sql::{Column, Dialect, GapKind, Mapping};
    /// use scieve::{Attribute, AttributeType, Policy, Schema};
    ///
    /// # struct User;
    /// # impl scieve::Record for User {
    /// #     fn any_value(
    /// #         &self,
    /// #         _: &Attribute,
    /// #         _: &mut dyn FnMut(scieve::ValueRef<'_>) -> bool,
    /// #     ) -> bool {
    /// #         false
    /// #     }
    /// # }
    /// let schema = Schema::new(
    ///     None,
    ///     [
    ///         Attribute::new("active", AttributeType::Boolean),
    ///         Attribute::new("age", AttributeType::Integer),
    ///     ],
    /// )?;
    /// let policy: Policy<User> = Policy::new(schema)?;
    /// let mapping = Mapping::new("employees", "id").attribute("age", Column::new("age")).check()?;
    ///
    /// let gaps = mapping.covers(&policy);
    /// assert!(gaps.iter().all(|gap| gap.attribute == "active"));
    /// assert!(matches!(gaps[0].kind, GapKind::Error(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn covers<R: ?Sized>(&self, policy: &Policy<R>) -> Vec<Gap> {
        let mut gaps = Vec::new();
        // The tenant has no effect on what can be expressed.
        let mut mapping = self.mapping().clone();
        (mapping.tenant_column, mapping.tenant_stored) = (None, None);
        let mapping = Self::new(mapping);
        for dialect in Dialect::ALL {
            for attribute in policy.schema().attributes() {
                let Some(rule) = policy.rule(attribute.id()) else { continue };
                let allowed = |operator: &Operator| rule.operators.contains(*operator);
                for operator in Operator::ALL.into_iter().filter(allowed) {
                    let kind = mapping.gap(policy.schema(), attribute, operator, dialect);
                    gaps.extend(kind.map(|kind| Gap {
                        attribute: attribute.to_string(),
                        operator,
                        dialect,
                        kind,
                    }));
                }
            }
        }
        gaps
    }

    fn gap(
        &self,
        schema: &Schema,
        attribute: &Attribute,
        operator: Operator,
        dialect: Dialect,
    ) -> Option<GapKind> {
        let predicate = sample(attribute, operator)?;
        let node = Node::Test(Test::new(attribute.id(), attribute.case(), predicate));
        let mut values = Values::in_place();
        let compiled = Compiler::new(schema, self, dialect, &mut values)
            .and_then(|mut compiler| compiler.whole(&node));
        match compiled {
            Err(error) => Some(GapKind::Error(error)),
            Ok(_) if self.can_use_index(schema, attribute, operator, dialect) => None,
            Ok(_) => Some(GapKind::NoIndex),
        }
    }

    /// Returns true if an index of an ordinary kind can support the comparison.
    fn can_use_index(
        &self,
        schema: &Schema,
        attribute: &Attribute,
        operator: Operator,
        dialect: Dialect,
    ) -> bool {
        if matches!(operator, Operator::Pr | Operator::Ne) {
            return true;
        }
        let exact = attribute.case() == CaseSensitivity::Exact;
        let parent = attribute.parent().and_then(|parent| schema.attribute(parent));
        let column = match attribute.yields_many() {
            true => match self.value_rows(attribute, parent) {
                Some((super::place::Rows::Array(_), _)) => {
                    return operator == Operator::Eq && exact;
                }
                Some((_, Cell::Column(column))) => column,
                Some((_, Cell::Json(..))) => {
                    let listed = matches!(
                        attribute.attribute_type(),
                        AttributeType::String | AttributeType::Reference
                    );
                    return dialect == Dialect::Postgres && operator == Operator::Eq && listed;
                }
                None => return false,
            },
            false => match self.place(attribute) {
                Some(Place::Column(column) | Place::Related(_, column)) => column,
                Some(Place::Json(_)) => {
                    return operator == Operator::Eq && dialect != Dialect::MySql;
                }
                None => return false,
            },
        };
        column_can_use_index(column, attribute, operator, dialect)
    }
}

fn column_can_use_index(
    column: &MappedColumn,
    attribute: &Attribute,
    operator: Operator,
    dialect: Dialect,
) -> bool {
    let string =
        matches!(attribute.attribute_type(), AttributeType::String | AttributeType::Reference);
    match &column.column.stored {
        Some(Storage::Enum { .. }) => return true,
        Some(storage) if !storage.is_text() => {
            return operator == Operator::Eq || !string;
        }
        _ => {}
    }
    if !string || operator == Operator::Eq {
        return true;
    }
    let ignores_case = attribute.case() != CaseSensitivity::Exact;
    let bytes = match &column.column.text {
        StringComparison::FoldKey(_) => column.column.stored.is_none(),
        StringComparison::Exact => true,
        StringComparison::Native(NativeComparison::CaseFold) => true,
        _ => !ignores_case && dialect != Dialect::MySql,
    };
    match operator {
        // With the extension pg_trgm.
        Operator::Co | Operator::Ew => dialect == Dialect::Postgres,
        Operator::Sw => bytes || dialect == Dialect::Postgres,
        _ => bytes,
    }
}

/// A predicate of the operator, with a value of the type of the attribute.
fn sample(attribute: &Attribute, operator: Operator) -> Option<Predicate> {
    let text = "00000000-0000-0000-0000-000000000000";
    let value = match attribute.attribute_type() {
        AttributeType::String | AttributeType::Reference => Value::Text(Text::from(text)),
        AttributeType::Boolean => Value::Boolean(true),
        AttributeType::Integer => Value::Integer(1),
        AttributeType::Decimal => Value::Decimal(1.0),
        AttributeType::DateTime => Value::DateTime(DateTime::from_micros(0).into_owned()),
        AttributeType::Binary => Value::Binary(Box::from([0])),
        AttributeType::Complex | AttributeType::Any if operator == Operator::Pr => {
            return Some(Predicate::Present);
        }
        AttributeType::Complex | AttributeType::Any => return None,
    };
    Some(match operator {
        Operator::Pr => Predicate::Present,
        Operator::Eq => Predicate::Equal(value),
        Operator::Ne => Predicate::Differs(value),
        Operator::Lt => Predicate::Less(value),
        Operator::Le => Predicate::LessOrEqual(value),
        Operator::Gt => Predicate::Greater(value),
        Operator::Ge => Predicate::GreaterOrEqual(value),
        Operator::Co => {
            Predicate::Contains(Box::new(Substring::new(text.into(), attribute.case())))
        }
        Operator::Sw => Predicate::StartsWith(text.into()),
        Operator::Ew => Predicate::EndsWith(text.into()),
    })
}
