//! The traits of fields.

use super::description::Description;
use crate::schema::{Attribute, Record};
use crate::value::{AttributeType, ValueRef};

/// A type of fields of structs with `#[derive(Record)]`.
///
/// The attribute of the field has the number 0, its sub-attributes have the following numbers.
///
/// ```
/// use scieve::derive::Field;
/// use scieve::{AttributeType, Record, ValueRef};
///
/// struct Celsius(f64);
///
/// impl Field for Celsius {
///     const TYPE: AttributeType = AttributeType::Decimal;
///
///     fn any_value(&self, _: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
///         test(ValueRef::Decimal(self.0))
///     }
/// }
///
/// #[derive(Record)]
/// struct Room {
///     temperature: Celsius,
/// }
///
/// assert!(Room::policy()?.parse("temperature gt 20")?.matches(&Room { temperature: Celsius(21.5) }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Field {
    /// The type of the attribute.
    const TYPE: AttributeType;
    /// True if there can be several values.
    const MULTI_VALUED: bool = false;
    /// The number of attributes: 1 and the number of sub-attributes.
    const SLOTS: u32 = 1;
    /// True if [`Field::single_text`] returns the value of every field of the type.
    const IS_TEXT: bool = false;

    /// Returns the canonical values.
    #[must_use]
    fn canonical_values() -> &'static [&'static str] {
        &[]
    }

    /// Adds the sub-attributes.
    fn describe(description: &mut Description<'_>) {
        let _ = description;
    }

    /// Passes each value of an attribute to `test` until it returns true. Returns whether it did.
    fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool;

    /// Returns the only value if it is a string, as [`Record::single_text`] does.
    fn single_text(&self, slot: u32) -> Option<Option<&str>> {
        let _ = slot;
        None
    }

    /// Passes each element of a multi-valued complex attribute to `test`, as
    /// [`Record::any_element`] does. `first` is [`Attribute::slot`] of the attribute.
    fn any_element(
        &self,
        slot: u32,
        first: u32,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        let _ = (slot, first, test);
        false
    }

    /// The type of the attribute of a list of these values.
    #[doc(hidden)]
    const LIST_TYPE: AttributeType = Self::TYPE;
    /// True if a list of these values is multi-valued. That of bytes is one binary value.
    #[doc(hidden)]
    const LIST_MULTI_VALUED: bool = true;

    /// Passes each value of a list to `test`.
    #[doc(hidden)]
    fn any_value_of_list(
        list: &[Self],
        slot: u32,
        test: &mut dyn FnMut(ValueRef<'_>) -> bool,
    ) -> bool
    where
        Self: Sized,
    {
        list.iter().any(|value| value.any_value(slot, test))
    }
}

/// Reads fields of a type that does not implement [`Field`], for `#[scieve(with = ...)]`.
///
/// ```
/// use scieve::derive::FieldAdapter;
/// use scieve::{AttributeType, Record, ValueRef};
/// use std::net::IpAddr;
///
/// struct AsText;
///
/// impl FieldAdapter<IpAddr> for AsText {
///     const TYPE: AttributeType = AttributeType::String;
///
///     fn any_value(
///         field: &IpAddr,
///         _: u32,
///         test: &mut dyn FnMut(ValueRef<'_>) -> bool,
///     ) -> bool {
///         test(ValueRef::text(&field.to_string()))
///     }
/// }
///
/// #[derive(Record)]
/// struct Host {
///     #[scieve(with = AsText)]
///     address: IpAddr,
/// }
///
/// let host = Host { address: IpAddr::from([127, 0, 0, 1]) };
/// assert!(Host::policy()?.parse(r#"address sw "127.""#)?.matches(&host));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait FieldAdapter<T: ?Sized> {
    /// See [`Field::TYPE`].
    const TYPE: AttributeType;
    /// See [`Field::MULTI_VALUED`].
    const MULTI_VALUED: bool = false;
    /// See [`Field::SLOTS`].
    const SLOTS: u32 = 1;

    /// See [`Field::canonical_values`].
    #[must_use]
    fn canonical_values() -> &'static [&'static str] {
        &[]
    }

    /// See [`Field::describe`].
    fn describe(description: &mut Description<'_>) {
        let _ = description;
    }

    /// See [`Field::any_value`].
    fn any_value(field: &T, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool;

    /// See [`Field::single_text`].
    fn single_text(field: &T, slot: u32) -> Option<Option<&str>> {
        let _ = (field, slot);
        None
    }

    /// See [`Field::any_element`].
    fn any_element(
        field: &T,
        slot: u32,
        first: u32,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        let _ = (field, slot, first, test);
        false
    }
}

/// The fields of a struct. Implemented by `#[derive(Record)]`.
///
/// The attributes are numbered from 0 in the order of their description.
pub trait Fields {
    /// The number of attributes, sub-attributes included.
    const SLOTS: u32;

    /// Adds the attributes.
    fn describe(description: &mut Description<'_>);

    /// Passes each value of an attribute to `test` until it returns true. Returns whether it did.
    fn any_value(&self, slot: u32, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool;

    /// Returns the only value if it is a string, as [`Record::single_text`] does.
    fn single_text(&self, slot: u32) -> Option<Option<&str>>;

    /// Passes each element to `test`, as [`Field::any_element`] does.
    fn any_element(&self, slot: u32, first: u32, test: &mut dyn FnMut(&dyn Record) -> bool)
    -> bool;
}

/// Passes the values of a struct that is a complex attribute to `test`, as [`Field::any_value`]
/// does.
#[inline]
pub fn complex_value<T: Fields>(
    value: &T,
    slot: u32,
    test: &mut dyn FnMut(ValueRef<'_>) -> bool,
) -> bool {
    match slot.checked_sub(1) {
        Some(sub) => value.any_value(sub, test),
        // Assigned if a sub-attribute is (RFC 7643 section 2.5).
        None => {
            (0..T::SLOTS).any(|sub| value.any_value(sub, &mut |_| true)) && test(ValueRef::Complex)
        }
    }
}

/// An element of a multi-valued complex attribute.
pub(super) struct Element<'a, T: ?Sized> {
    pub(super) value: &'a T,
    /// The slot of the complex attribute.
    pub(super) first: u32,
}

impl<T: Field + ?Sized> Record for Element<'_, T> {
    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        self.value.single_text(attribute.slot().checked_sub(self.first)?)
    }

    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool {
        let slot = attribute.slot().checked_sub(self.first);
        slot.is_some_and(|slot| self.value.any_value(slot, test))
    }
}
