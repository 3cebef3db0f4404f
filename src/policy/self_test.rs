//! A test of records that implement [`Record`] by hand.

use super::Policy;
use crate::schema::{Attribute, Record, Schema};
use crate::value::{AttributeType, ValueRef};
use std::fmt;

/// A contradiction between a record and the schema of its policy. See [`Policy::self_test`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// The attribute, with its URN if it is in an extension.
    pub attribute: String,
    /// The kind of contradiction.
    pub kind: MismatchKind,
}

/// The kind of a [`Mismatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MismatchKind {
    /// [`Record::any_value`] passes no value: the record does not know the name, or the tested
    /// record has no value.
    NoValue,
    /// A value is not of the type of the attribute.
    WrongType,
    /// [`Record::any_value`] does not return that the test was true.
    ResultIgnored,
    /// [`Record::single_text`] returns another value than [`Record::any_value`] passes.
    SingleText,
    /// A single-valued attribute has several values.
    SeveralValues,
    /// [`Record::any_element`] passes no element, so value paths never match.
    NoElement,
    /// No element has a value of the sub-attribute.
    NoElementValue,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.kind {
            MismatchKind::NoValue => "the record has no value",
            MismatchKind::WrongType => "a value has another type than the schema",
            MismatchKind::ResultIgnored => "`any_value` ignores the result of the test",
            MismatchKind::SingleText => "`single_text` and `any_value` differ",
            MismatchKind::SeveralValues => "there are several values of a single-valued attribute",
            MismatchKind::NoElement => "`any_element` passes no element",
            MismatchKind::NoElementValue => "no element has a value",
        };
        write!(f, "attribute `{}`: {problem}", self.attribute)
    }
}

impl<R: Record> Policy<R> {
    /// Compares a record that has a value for every attribute with the schema.
    ///
    /// A name that [`Record::any_value`] does not know makes `eq` false and `not (...)` true for
    /// every record, and nothing reports it. Call this in a test of each hand-written [`Record`].
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, MismatchKind, Policy, Record, Schema, ValueRef};
    ///
    /// struct Employee {
    ///     user_name: String,
    /// }
    ///
    /// impl Record for Employee {
    ///     fn any_value(
    ///         &self,
    ///         attribute: &Attribute,
    ///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
    ///     ) -> bool {
    ///         match attribute.path() {
    ///             "username" => test(ValueRef::text(&self.user_name)),
    ///             _ => false,
    ///         }
    ///     }
    /// }
    ///
    /// let schema = Schema::new(None, [Attribute::new("userName", AttributeType::String)])?;
    /// let policy: Policy<Employee> = Policy::new(schema)?;
    /// let mismatches = policy.self_test(&Employee { user_name: "ada".into() });
    /// assert_eq!(mismatches[0].attribute, "userName");
    /// assert_eq!(mismatches[0].kind, MismatchKind::NoValue);
    /// # Ok::<(), scieve::SchemaError>(())
    /// ```
    #[must_use]
    pub fn self_test(&self, record: &R) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        for attribute in self.schema().attributes() {
            let kind = values(record, attribute)
                .err()
                .or_else(|| elements(record, attribute, self.schema(), &mut mismatches).err());
            mismatches.extend(kind.map(|kind| Mismatch { attribute: attribute.to_string(), kind }));
        }
        mismatches
    }
}

fn values<R: Record>(record: &R, attribute: &Attribute) -> Result<(), MismatchKind> {
    let (mut count, mut typed, mut first) = (0_usize, true, None);
    record.any_value(attribute, &mut |value| {
        count += 1;
        typed &= is_of_type(value, attribute.attribute_type());
        if let (ValueRef::Text { text, .. }, None) = (value, &first) {
            first = Some(text.to_owned());
        }
        false
    });
    let single = record.single_text(attribute);
    if count == 0 {
        // A single string that only `single_text` has.
        let is_reachable = matches!(single, Some(Some(_)));
        return Err(if is_reachable { MismatchKind::SingleText } else { MismatchKind::NoValue });
    }
    if !typed {
        return Err(MismatchKind::WrongType);
    }
    if count > 1 && !attribute.yields_many() {
        return Err(MismatchKind::SeveralValues);
    }
    if !record.any_value(attribute, &mut |_| true) {
        return Err(MismatchKind::ResultIgnored);
    }
    match single {
        Some(single) if single != first.as_deref() || count != 1 => Err(MismatchKind::SingleText),
        _ => Ok(()),
    }
}

/// Compares the elements of a multi-valued complex attribute.
fn elements<R: Record>(
    record: &R,
    attribute: &Attribute,
    schema: &Schema,
    mismatches: &mut Vec<Mismatch>,
) -> Result<(), MismatchKind> {
    let is_list =
        attribute.attribute_type() == AttributeType::Complex && attribute.is_multi_valued();
    if !is_list {
        return Ok(());
    }
    let is_sub = |sub: &&Attribute| sub.parent() == Some(attribute.id());
    let mut unseen: Vec<&Attribute> = schema.attributes().filter(is_sub).collect();
    let mut count = 0_usize;
    record.any_element(attribute, &mut |element| {
        count += 1;
        unseen.retain(|sub| !element.any_value(sub, &mut |_| true));
        false
    });
    if count == 0 {
        return Err(MismatchKind::NoElement);
    }
    // An element that the record does not have either is reported as such.
    let known = unseen.into_iter().filter(|sub| record.any_value(sub, &mut |_| true));
    mismatches.extend(
        known
            .map(|sub| Mismatch { attribute: sub.to_string(), kind: MismatchKind::NoElementValue }),
    );
    Ok(())
}

fn is_of_type(value: ValueRef<'_>, attribute_type: AttributeType) -> bool {
    matches!(
        (attribute_type, value),
        (AttributeType::Any, _)
            | (AttributeType::String | AttributeType::Reference, ValueRef::Text { .. })
            | (AttributeType::Boolean, ValueRef::Boolean(_))
            | (AttributeType::Integer, ValueRef::Integer(_) | ValueRef::Number(_))
            | (
                AttributeType::Decimal,
                ValueRef::Decimal(_) | ValueRef::Integer(_) | ValueRef::Number(_)
            )
            | (AttributeType::DateTime, ValueRef::DateTime(_))
            | (AttributeType::Binary, ValueRef::Binary(_))
            | (AttributeType::Complex, ValueRef::Complex)
    )
}
