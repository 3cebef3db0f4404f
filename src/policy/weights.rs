//! Weights of operators, from which the cost of a filter is computed.

use crate::operator::Operator;

/// The weight of each operator on one attribute: the cost of evaluating a test, relative to other
/// tests of the same policy.
///
/// The cost of a filter is the sum of the weights of its tests and cannot exceed
/// [`Limits::cost`](crate::Limits::cost). Choose a low weight if an index answers the test, and a
/// high one if every record has to be compared. An `or` of `n` equalities on one attribute is one
/// test that costs the weight of `eq` plus `n - 1`. An equality below `not` has the weight of `ne`.
///
/// ```
/// use scieve::{Attribute, AttributeType, Code, Limits, Policy, Schema};
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
/// let mut limits = Limits::default();
/// limits.cost = 50;
/// let policy: Policy<User> =
///     Policy::new(Schema::new(None, [Attribute::new("name", AttributeType::String)])?)?
///         .with_rule("name", |rule| rule.weights.co = 20)?
///         .with_limits(limits);
///
/// assert!(policy.parse(r#"name co "a" and name co "b" and name eq "abc""#).is_ok());
/// let errors = policy.parse(r#"name co "a" and name co "b" and name co "c""#).unwrap_err();
/// assert_eq!(errors.first().map(|error| error.code()), Some(Code::TooCostly));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
#[expect(missing_docs, reason = "each field is named after its operator")]
pub struct Weights {
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub eq: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub ne: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub co: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub sw: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub ew: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub gt: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub ge: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub lt: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub le: u32,
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_one"))]
    pub pr: u32,
}

impl Weights {
    /// The weight 1 for each operator.
    pub const ONE: Self = Self::all(1);

    /// Returns the same weight for each operator.
    #[must_use]
    pub const fn all(weight: u32) -> Self {
        Self {
            eq: weight,
            ne: weight,
            co: weight,
            sw: weight,
            ew: weight,
            gt: weight,
            ge: weight,
            lt: weight,
            le: weight,
            pr: weight,
        }
    }

    /// Returns the weight of an operator.
    #[must_use]
    pub const fn of(&self, operator: Operator) -> u32 {
        match operator {
            Operator::Eq => self.eq,
            Operator::Ne => self.ne,
            Operator::Co => self.co,
            Operator::Sw => self.sw,
            Operator::Ew => self.ew,
            Operator::Gt => self.gt,
            Operator::Ge => self.ge,
            Operator::Lt => self.lt,
            Operator::Le => self.le,
            Operator::Pr => self.pr,
        }
    }

    /// Returns the higher weight of each operator.
    #[cfg(feature = "serde")]
    pub(super) fn stricter(&self, other: &Self) -> Self {
        let higher = |operator| self.of(operator).max(other.of(operator));
        Self {
            eq: higher(Operator::Eq),
            ne: higher(Operator::Ne),
            co: higher(Operator::Co),
            sw: higher(Operator::Sw),
            ew: higher(Operator::Ew),
            gt: higher(Operator::Gt),
            ge: higher(Operator::Ge),
            lt: higher(Operator::Lt),
            le: higher(Operator::Le),
            pr: higher(Operator::Pr),
        }
    }

    pub(crate) fn max(&self) -> u32 {
        Operator::ALL.into_iter().map(|operator| self.of(operator)).max().unwrap_or_default()
    }
}

/// Policy files omit weights of 1.
#[cfg(feature = "serde")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(weight: &u32) -> bool {
    *weight == 1
}

impl Default for Weights {
    fn default() -> Self {
        Self::ONE
    }
}
