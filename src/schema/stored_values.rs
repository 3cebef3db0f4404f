//! How records read stored values of another type than their attribute's.

/// How records read a stored value of another type than its attribute's, or in a form that cannot
/// be read, such as the string `"True"` of a Boolean.
///
/// A record reads [`Attribute::stored_values`](super::Attribute::stored_values); JSON values do.
/// A policy sets it for all attributes
/// ([`Policy::with_stored_values`](crate::Policy::with_stored_values)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum StoredValues {
    /// Such a value is present and equals nothing
    /// ([`ValueRef::Unreadable`](crate::ValueRef::Unreadable)).
    #[default]
    Typed,
    /// Common wrong forms are read as what they mean:
    ///
    /// - the strings `true` and `false` in any case for a Boolean
    /// - a number for a string, and a string with a JSON number for a number
    /// - a simple value for a complex one, as its sub-attribute `value`
    /// - a date and time with an offset without colon, such as `+0000`
    ///
    /// Without a schema, the literal of a comparison determines the type.
    ///
    /// Any other value is read as with [`StoredValues::Typed`].
    Coerced,
}
