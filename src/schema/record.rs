//! The interface between records and plans.

use super::Attribute;
use crate::value::{AttributeType, ValueRef};

/// A record that can be filtered: a source of attribute values.
///
/// Plans call [`any_value`](Record::any_value) and [`any_element`](Record::any_element), which pass
/// the values of an attribute to a closure, one at a time, until the closure returns true. They
/// return whether it did. Only assigned values are passed: `null` and empty arrays are not values
/// (RFC 7643 section 2.5), an empty string is one.
///
/// The other methods have defaults; they make matching faster. With feature `serde`,
/// `serde_json::Value` implements this trait, and `#[derive(Record)]` (feature `derive`) implements it
/// for structs.
///
/// A mistake in an implementation, such as a misspelt name, makes conditions silently false. Call
/// [`Policy::self_test`](crate::Policy::self_test) in a test of each implementation.
///
/// # Example
///
/// A record with a single-valued, a multi-valued and a complex multi-valued attribute:
///
/// ```
/// use scieve::{Attribute, AttributeType, Policy, Record, Schema, ValueRef};
///
/// struct Employee {
///     name: String,
///     nickname: Option<String>,
///     desks: Vec<i64>,
///     phones: Vec<Phone>,
/// }
///
/// struct Phone {
///     kind: String,
///     number: String,
/// }
///
/// /// The paths of the attributes. The slot of an attribute is its position.
/// const PATHS: [&str; 6] =
///     ["name", "nickname", "desks", "phones", "phones.type", "phones.number"];
///
/// impl Record for Employee {
///     fn slot(attribute: &Attribute) -> Option<u32> {
///         let position =
///             PATHS.iter().position(|path| path.eq_ignore_ascii_case(attribute.path()))?;
///         u32::try_from(position).ok()
///     }
///
///     fn any_value(
///         &self,
///         attribute: &Attribute,
///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
///     ) -> bool {
///         match attribute.slot() {
///             0 => test(ValueRef::text(&self.name)),
///             1 => self.nickname.iter().any(|nickname| test(ValueRef::text(nickname))),
///             2 => self.desks.iter().any(|desk| test(ValueRef::Integer(*desk))),
///             3 => self.phones.iter().any(|_| test(ValueRef::Complex)),
///             _ => self.phones.iter().any(|phone| phone.any_value(attribute, test)),
///         }
///     }
///
///     // Optional: compares the name without calls through `dyn FnMut`.
///     fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
///         match attribute.slot() {
///             0 => Some(Some(&self.name)),
///             1 => Some(self.nickname.as_deref()),
///             _ => None,
///         }
///     }
///
///     fn any_element(
///         &self,
///         attribute: &Attribute,
///         test: &mut dyn FnMut(&dyn Record) -> bool,
///     ) -> bool {
///         attribute.slot() == 3 && self.phones.iter().any(|phone| test(phone))
///     }
/// }
///
/// /// An element, whose attributes are the sub-attributes of `phones`.
/// impl Record for Phone {
///     fn any_value(
///         &self,
///         attribute: &Attribute,
///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
///     ) -> bool {
///         match attribute.slot() {
///             4 => test(ValueRef::text(&self.kind)),
///             5 => test(ValueRef::text(&self.number)),
///             _ => false,
///         }
///     }
/// }
///
/// let schema = Schema::new(
///     None,
///     [
///         Attribute::new("name", AttributeType::String),
///         Attribute::new("nickname", AttributeType::String),
///         Attribute::new("desks", AttributeType::Integer).multi_valued(),
///         Attribute::new("phones", AttributeType::Complex).multi_valued(),
///         Attribute::new("phones.type", AttributeType::String),
///         Attribute::new("phones.number", AttributeType::String),
///     ],
/// )?;
/// let policy: Policy<Employee> = Policy::new(schema)?;
///
/// let ada = Employee {
///     name: "Ada".into(),
///     nickname: None,
///     desks: vec![7, 12],
///     phones: vec![Phone { kind: "work".into(), number: "555-0100".into() }],
/// };
/// let matches = |filter| policy.parse(filter).map(|plan| plan.matches(&ada));
/// assert!(matches(r#"name eq "ADA" and not (nickname pr)"#)?);
/// assert!(matches(r#"desks gt 10 and phones[type eq "work" and number sw "555"]"#)?);
/// assert!(matches("desks[value gt 10 and value lt 20]")?);
/// assert!(!matches(r#"phones.type eq "home""#)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Record {
    /// Returns a number by which the record identifies the attribute, for example the index of a
    /// field, or `None` to reject the attribute.
    ///
    /// Called once per attribute when a policy is created. [`Attribute::slot`] then returns the
    /// number, so that matching compares no names. The default returns 0 for every attribute; such
    /// records identify attributes by [`Attribute::path`].
    #[must_use]
    fn slot(attribute: &Attribute) -> Option<u32>
    where
        Self: Sized,
    {
        let _ = attribute;
        Some(0)
    }

    /// Returns the only value of `attribute` if it is a string, `Some(None)` if the attribute has
    /// no value, and `None` if it can have other or several values.
    ///
    /// The result has to agree with [`Record::any_value`], which is used if this returns `None`, as
    /// the default does. Comparisons with the returned string take no dynamic calls.
    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        let _ = attribute;
        None
    }

    /// Passes each value of `attribute` to `test` until it returns true. Returns whether it did.
    ///
    /// The values of a sub-attribute of a multi-valued attribute are those of all elements. For
    /// each value of a complex attribute with an assigned sub-attribute, pass
    /// [`ValueRef::Complex`].
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool;

    /// Passes each element of a multi-valued complex attribute to `test`, as a record, until it
    /// returns true. Returns whether it did. Used for value paths, such as
    /// `emails[type eq "work"]`.
    ///
    /// Plans then query the sub-attributes of `attribute` on the elements. The elements of other
    /// attributes are the values of [`Record::any_value`]. The default has no elements that are
    /// complex.
    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        // Without a schema, the attribute can have simple values.
        attribute.attribute_type() == AttributeType::Any
            && self.any_value(attribute, &mut |value| {
                value != ValueRef::Complex && test(&SimpleElement(value))
            })
    }
}

/// An element that is a simple value, inside brackets: the value of the attribute before them and
/// of its sub-attribute `value`.
pub(crate) struct SimpleElement<'a>(pub(crate) ValueRef<'a>);

impl Record for SimpleElement<'_> {
    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        match self.0 {
            ValueRef::Text { text, key: None } if is_element(attribute) => Some(Some(text)),
            _ => None,
        }
    }

    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        is_element(attribute) && test(self.0)
    }
}

/// Returns whether this attribute of an element is the element.
fn is_element(attribute: &Attribute) -> bool {
    attribute.sub_attribute().is_none_or(|sub| {
        attribute.attribute_type() != AttributeType::Any || sub.eq_ignore_ascii_case("value")
    })
}
