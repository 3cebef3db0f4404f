//! The ten attribute operators of RFC 7644 section 3.4.2.2, and sets of them.

use crate::value::AttributeType;
use std::fmt;

/// An attribute operator (RFC 7644 section 3.4.2.2, table 3).
///
/// The semantics of each operator on each attribute type is specified in `grammar.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Operator {
    /// Some value is equal.
    Eq,
    /// Some value is different, or the attribute has no value.
    Ne,
    /// Some value contains the string.
    Co,
    /// Some value starts with the string.
    Sw,
    /// Some value ends with the string.
    Ew,
    /// Some value is greater or later.
    Gt,
    /// Some value is greater, later or equal.
    Ge,
    /// Some value is less or earlier.
    Lt,
    /// Some value is less, earlier or equal.
    Le,
    /// The attribute has a value.
    Pr,
}

impl Operator {
    /// Every operator, in the order of RFC 7644 table 3 with `pr` moved to the end.
    pub const ALL: [Self; 10] = [
        Self::Eq,
        Self::Ne,
        Self::Co,
        Self::Sw,
        Self::Ew,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
        Self::Pr,
    ];

    /// Returns the lowercase name, as used in canonical filters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Pr => "pr",
        }
    }

    /// Returns the operator with this name, ignoring ASCII case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::from_bytes(name.as_bytes().try_into().ok()?)
    }

    pub(crate) fn from_bytes([first, second]: [u8; 2]) -> Option<Self> {
        // Setting bit 5 maps the ASCII letters, and no other byte, to lowercase letters.
        Some(match (first | 0x20, second | 0x20) {
            (b'e', b'q') => Self::Eq,
            (b'n', b'e') => Self::Ne,
            (b'c', b'o') => Self::Co,
            (b's', b'w') => Self::Sw,
            (b'e', b'w') => Self::Ew,
            (b'g', b't') => Self::Gt,
            (b'g', b'e') => Self::Ge,
            (b'l', b't') => Self::Lt,
            (b'l', b'e') => Self::Le,
            (b'p', b'r') => Self::Pr,
            _ => return None,
        })
    }

    /// Returns whether the operator takes a comparison value. True for all operators except `pr`.
    #[must_use]
    pub const fn takes_value(self) -> bool {
        !matches!(self, Self::Pr)
    }

    /// Returns whether the operator compares by order: `gt`, `ge`, `lt` or `le`.
    #[must_use]
    pub const fn is_ordering(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }

    /// Returns whether the operator matches part of a string: `co`, `sw` or `ew`.
    #[must_use]
    pub const fn is_substring(self) -> bool {
        matches!(self, Self::Co | Self::Sw | Self::Ew)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of operators.
///
/// ```
/// use scieve::{AttributeType, Operator, Operators};
///
/// let operators = Operators::of_type(AttributeType::Boolean);
/// assert!(operators.contains(Operator::Eq) && !operators.contains(Operator::Gt));
/// assert_eq!(operators.to_string(), "`eq`, `ne`, `pr`");
/// assert_eq!(operators, Operators::of(&[Operator::Eq, Operator::Ne, Operator::Pr]));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Operators(u16);

impl Operators {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Returns the operators that attributes of this type support (RFC 7644 section 3.4.2.2; the
    /// type table of `grammar.md`).
    #[must_use]
    pub const fn of_type(attribute_type: AttributeType) -> Self {
        use Operator::{Eq, Ge, Gt, Le, Lt, Ne, Pr};
        match attribute_type {
            AttributeType::String | AttributeType::Reference | AttributeType::Any => {
                Self::of(&Operator::ALL)
            }
            AttributeType::Boolean | AttributeType::Binary => Self::of(&[Eq, Ne, Pr]),
            AttributeType::Integer | AttributeType::Decimal | AttributeType::DateTime => {
                Self::of(&[Eq, Ne, Gt, Ge, Lt, Le, Pr])
            }
            AttributeType::Complex => Self::of(&[Pr]),
        }
    }

    /// Creates a set from a slice.
    #[must_use]
    pub const fn of(operators: &[Operator]) -> Self {
        let mut bits = 0;
        let mut rest = operators;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u16;
            rest = others;
        }
        Self(bits)
    }

    /// Returns whether the set contains `operator`.
    #[must_use]
    pub const fn contains(self, operator: Operator) -> bool {
        self.0 & (1 << operator as u16) != 0
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Iterates over the operators in the order of [`Operator::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Operator> {
        Operator::ALL.into_iter().filter(move |operator| self.contains(*operator))
    }
}

impl FromIterator<Operator> for Operators {
    fn from_iter<I: IntoIterator<Item = Operator>>(operators: I) -> Self {
        operators.into_iter().fold(Self::NONE, |set, operator| Self(set.0 | 1 << operator as u16))
    }
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Formats the names as a list for messages: `` `eq`, `co` ``.
impl fmt::Display for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, operator) in self.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}`{operator}`")?;
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Operators {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Operators {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Operator>::deserialize(deserializer)?.into_iter().collect())
    }
}
