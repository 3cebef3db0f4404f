//! Attributes and their names.

use super::StoredValues;
use crate::value::{AttributeType, CaseSensitivity};
use std::fmt;

/// The identifier of an attribute in its [`Schema`](super::Schema): its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(pub(super) u16);

impl AttributeId {
    /// Identifies no attribute: schemas have at most 65,535. Stands for a name that a policy treats
    /// as [`Absent`](crate::UnknownAttributes::Absent).
    pub(crate) const ABSENT: Self = Self(u16::MAX);

    /// Returns the position in [`Schema::attributes`](super::Schema::attributes).
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The changes that clients can make to the values of an attribute (RFC 7643 section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase"))]
pub enum Mutability {
    /// `readOnly`: none.
    ReadOnly,
    /// `readWrite`: any.
    #[default]
    ReadWrite,
    /// `immutable`: the value can be set once.
    Immutable,
    /// `writeOnly`: any, but the value is not returned.
    WriteOnly,
}

/// When a response contains an attribute (RFC 7643 section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Returned {
    /// `always`
    Always,
    /// `never`
    Never,
    /// `default`: unless a request excludes it or lists others.
    #[default]
    Default,
    /// `request`: if a request lists it.
    Request,
}

impl Mutability {
    /// Returns the name, such as `readOnly`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

/// An attribute of a resource type, or a sub-attribute of a complex attribute (RFC 7643 section 2).
///
/// ```
/// use scieve::{Attribute, AttributeType, CaseSensitivity};
///
/// let roles = Attribute::new("roles", AttributeType::String).multi_valued().case_exact(true);
/// assert_eq!((roles.path(), roles.case()), ("roles", CaseSensitivity::Exact));
///
/// let town = Attribute::new("address.town", AttributeType::String);
/// assert_eq!((town.name(), town.sub_attribute()), ("address", Some("town")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    id: AttributeId,
    parent: Option<AttributeId>,
    urn: Option<Box<str>>,
    path: Box<str>,
    dot: Option<usize>,
    attribute_type: AttributeType,
    case: CaseSensitivity,
    canonical_values: Box<[Box<str>]>,
    multi_valued: bool,
    many: bool,
    returned: Returned,
    mutability: Mutability,
    required: bool,
    stored_values: StoredValues,
    slot: u32,
}

impl Attribute {
    /// Creates an attribute of the core schema. The path of a sub-attribute has a dot, as in
    /// `name.familyName`.
    ///
    /// The attribute is single-valued. Strings are compared ignoring case, references and binary
    /// values exactly (RFC 7643 sections 2.2, 2.3.6 and 2.3.7).
    #[must_use]
    pub fn new(path: &str, attribute_type: AttributeType) -> Self {
        Self {
            id: AttributeId(0),
            parent: None,
            urn: None,
            path: path.into(),
            dot: path.find('.'),
            attribute_type,
            case: match attribute_type {
                AttributeType::Reference | AttributeType::Binary => CaseSensitivity::Exact,
                _ => CaseSensitivity::Ignore,
            },
            canonical_values: Box::default(),
            multi_valued: false,
            many: false,
            returned: Returned::Default,
            mutability: Mutability::ReadWrite,
            required: false,
            stored_values: StoredValues::Typed,
            slot: 0,
        }
    }

    /// Makes the attribute multi-valued.
    #[must_use]
    pub fn multi_valued(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    /// Sets whether comparisons are case-sensitive (`caseExact`, RFC 7643 section 2.2).
    #[must_use]
    pub fn case_exact(self, exact: bool) -> Self {
        self.with_case(if exact { CaseSensitivity::Exact } else { CaseSensitivity::Ignore })
    }

    /// Sets how strings are compared.
    ///
    /// ```
    /// use scieve::{Attribute, AttributeType, CaseSensitivity};
    ///
    /// let login = Attribute::new("login", AttributeType::String)
    ///     .with_case(CaseSensitivity::UsernameCaseMapped);
    /// assert_eq!(login.case().key("\u{ff22}ob"), "bob");
    /// ```
    #[must_use]
    pub fn with_case(mut self, case: CaseSensitivity) -> Self {
        self.case = case;
        self
    }

    /// Sets the suggested values (`canonicalValues`, RFC 7643 section 7). Other values are valid
    /// too.
    #[must_use]
    pub fn with_canonical_values<S: Into<Box<str>>>(
        mut self,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        self.canonical_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Moves the attribute to the extension schema with this URN. Filters have to name it with the
    /// URN, as in `urn:example:Desk:number`.
    #[must_use]
    pub fn in_extension(mut self, urn: &str) -> Self {
        self.urn = Some(urn.into());
        self
    }

    /// Marks the attribute as never returned to clients (RFC 7643 section 2.2), such as a password.
    ///
    /// A new policy hides it: filters could otherwise reveal its value (RFC 7644 section 7.5.2).
    #[must_use]
    pub fn never_returned(mut self) -> Self {
        self.returned = Returned::Never;
        self
    }

    /// Sets when the attribute is returned (`returned`, RFC 7643 section 2.2).
    #[must_use]
    pub fn with_returned(mut self, returned: Returned) -> Self {
        self.returned = returned;
        self
    }

    /// Sets the changes that clients can make (`mutability`, RFC 7643 section 2.2).
    #[must_use]
    pub fn with_mutability(mut self, mutability: Mutability) -> Self {
        self.mutability = mutability;
        self
    }

    /// Marks the attribute as required (RFC 7643 section 2.2): a resource always has a value.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Makes this an attribute of a schema.
    pub(super) fn insert(&mut self, id: AttributeId, parent: Option<&Self>) {
        self.id = id;
        self.parent = parent.map(Self::id);
        self.many = self.multi_valued || parent.is_some_and(Self::is_multi_valued);
    }

    pub(super) fn set_slot(&mut self, slot: u32) {
        self.slot = slot;
    }

    pub(crate) fn set_stored_values(&mut self, stored_values: StoredValues) {
        self.stored_values = stored_values;
    }

    /// Returns the identifier in the schema; 0 if the attribute is not part of a schema.
    #[must_use]
    #[inline]
    pub fn id(&self) -> AttributeId {
        self.id
    }

    /// Returns the complex attribute of a sub-attribute; `None` before it is part of a schema.
    #[must_use]
    #[inline]
    pub fn parent(&self) -> Option<AttributeId> {
        self.parent
    }

    /// Returns the URN of the extension schema, or `None` for the core schema.
    #[must_use]
    #[inline]
    pub fn urn(&self) -> Option<&str> {
        self.urn.as_deref()
    }

    /// Returns the name and sub-attribute, such as `name.familyName`.
    #[must_use]
    #[inline]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the path up to the dot.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &str {
        self.dot.and_then(|dot| self.path.get(..dot)).unwrap_or(&self.path)
    }

    /// Returns the path after the dot.
    #[must_use]
    #[inline]
    pub fn sub_attribute(&self) -> Option<&str> {
        self.dot.and_then(|dot| self.path.get(dot + 1..))
    }

    /// Returns whether the attribute has this path, ignoring ASCII case, in the extension schema
    /// `urn` or in the core schema.
    #[inline]
    pub(crate) fn is_named(&self, urn: Option<&str>, path: &str) -> bool {
        is_same_option(self.urn(), urn) && is_same(&self.path, path)
    }

    /// Returns whether both attributes have the same values and comparisons.
    pub(crate) fn has_same_values(&self, other: &Self) -> bool {
        let values = |attribute: &Self| {
            (
                attribute.attribute_type,
                attribute.case,
                attribute.multi_valued,
                attribute.stored_values,
                attribute.slot,
            )
        };
        values(self) == values(other)
    }

    /// Returns the type of the values.
    #[must_use]
    #[inline]
    pub fn attribute_type(&self) -> AttributeType {
        self.attribute_type
    }

    /// Returns how strings are compared.
    #[must_use]
    #[inline]
    pub fn case(&self) -> CaseSensitivity {
        self.case
    }

    /// Returns the suggested values (`canonicalValues`, RFC 7643 section 7).
    #[must_use]
    pub fn canonical_values(&self) -> &[Box<str>] {
        &self.canonical_values
    }

    /// Returns whether the attribute itself is multi-valued.
    #[must_use]
    #[inline]
    pub fn is_multi_valued(&self) -> bool {
        self.multi_valued
    }

    /// Returns whether a record can have several values of this path: the attribute or its complex
    /// attribute is multi-valued. Always false before it is part of a schema.
    #[must_use]
    #[inline]
    pub fn yields_many(&self) -> bool {
        self.many
    }

    /// Returns whether the attribute is never returned to clients.
    #[must_use]
    pub fn is_never_returned(&self) -> bool {
        self.returned == Returned::Never
    }

    /// Returns when the attribute is returned.
    #[must_use]
    pub fn returned(&self) -> Returned {
        self.returned
    }

    /// Returns the changes that clients can make to the values.
    #[must_use]
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// Returns whether a resource always has a value of the attribute.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Returns how records read stored values of another type than the attribute's. Set by the
    /// policy ([`Policy::with_stored_values`](crate::Policy::with_stored_values)).
    #[must_use]
    #[inline]
    pub fn stored_values(&self) -> StoredValues {
        self.stored_values
    }

    /// Returns the number that [`Record::slot`](super::Record::slot) assigned.
    #[must_use]
    #[inline]
    pub fn slot(&self) -> u32 {
        self.slot
    }
}

/// Prints the path, preceded by the URN and a colon if the attribute is in an extension schema.
impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.urn {
            Some(urn) => write!(f, "{urn}:{}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// Returns whether both are absent, or both present and equal ignoring ASCII case.
#[inline]
pub(super) fn is_same_option(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_same(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Returns whether both are equal ignoring ASCII case. Most filters use the spelling of the schema,
/// which is checked first.
#[inline]
fn is_same(one: &str, other: &str) -> bool {
    one == other || one.eq_ignore_ascii_case(other)
}

/// Returns whether this is an attribute name: ATTRNAME of RFC 7644 figure 1, and also names with
/// `$`, such as `$ref` (RFC 7643 section 2.1).
pub(crate) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'$')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'))
}

/// Returns whether a URN is that of a core schema, by the prefix that RFC 7643 section 10.3
/// registers.
pub(crate) fn is_core_urn(urn: &str) -> bool {
    const PREFIX: &str = "urn:ietf:params:scim:schemas:core:";
    urn.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}
