//! The rules of a policy, for one attribute and for the filter as a whole.

use super::weights::Weights;
use crate::operator::Operators;
use crate::schema::{Attribute, AttributeId};

/// The operators that filters can use on one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldRule {
    /// Allowed operators. If empty, the attribute exists but filters cannot use it.
    pub operators: Operators,
    /// If set, filters that name the attribute get the diagnostic of an unknown attribute, and no
    /// message or suggestion names it.
    pub hidden: bool,
    /// Maximum number of comparisons with the attribute in one filter. Presence tests (`pr`) do not
    /// count. `None` sets no maximum.
    pub max_count: Option<usize>,
    /// The treatment of comparisons with a value that is not one of the
    /// [canonical values](Attribute::canonical_values).
    pub unknown_values: UnknownValues,
    /// Weights of the operators for [`Limits::cost`](crate::Limits::cost).
    pub weights: Weights,
}

impl FieldRule {
    /// Allows every operator of the attribute's type. Hides the attribute if it is never returned.
    #[must_use]
    pub fn of(attribute: &Attribute) -> Self {
        Self {
            operators: Operators::of_type(attribute.attribute_type()),
            hidden: attribute.is_never_returned(),
            max_count: None,
            unknown_values: UnknownValues::Accept,
            weights: Weights::ONE,
        }
    }
}

/// The treatment of comparisons with a value that is not one of the canonical values of the
/// attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum UnknownValues {
    /// They are accepted: canonical values are suggestions (RFC 7643 section 7).
    #[default]
    Accept,
    /// They are accepted with the warning [`UnknownValue`](crate::Code::UnknownValue).
    Warn,
    /// They are errors with the code [`UnknownValue`](crate::Code::UnknownValue).
    Refuse,
}

/// The rule that the clauses on an attribute form a group that applies to the whole filter.
///
/// The operands of the `and` at the root of a filter are its conditions. A condition with a clause
/// on the attribute must not have clauses on other attributes, and these conditions must be
/// adjacent.
///
/// ```
/// use scieve::{Attribute, AttributeType, Code, Policy, Schema};
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
///
/// let attributes = ["name", "status"].map(|name| Attribute::new(name, AttributeType::String));
/// let policy: Policy<User> = Policy::new(Schema::new(None, attributes)?)?.with_group("status")?;
///
/// assert!(policy.parse(r#"name pr and (status eq "a" or status eq "b")"#).is_ok());
/// let error = policy.parse(r#"name pr or status eq "a""#).unwrap_err();
/// assert_eq!(error.first().map(|first| first.code()), Some(Code::GroupMixed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRule {
    pub(crate) attribute: AttributeId,
}

impl GroupRule {
    /// Returns the attribute whose clauses form a group.
    #[must_use]
    pub fn attribute(&self) -> AttributeId {
        self.attribute
    }
}

/// The meaning of `ne` on an attribute with several values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum MultiNe {
    /// True if a value differs from the operand, or if there is no value (RFC 7644 section
    /// 3.4.2.2).
    #[default]
    AnyValueDiffers,
    /// True if no value equals the operand: `a ne v` means `not (a eq v)`.
    NoValueEquals,
}

/// The meaning of attributes that the schema does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum UnknownAttributes {
    /// The filter is rejected.
    #[default]
    Refuse,
    /// No record has a value of the attribute, as in a query over resource types that do not all
    /// have it (RFC 7644 section 3.4.2.1). The same applies to hidden attributes.
    Absent,
}
