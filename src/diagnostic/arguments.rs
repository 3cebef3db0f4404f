//! The subject of a diagnostic, as data.

use crate::operator::Operator;
use crate::schema::Attribute;
use crate::value::AttributeType;

/// The attribute, operator, literal and alternatives that a diagnostic is about.
///
/// Every member is empty if the diagnostic does not concern it. Together with
/// [`Code`](crate::Code), they suffice to write the message in another language:
///
/// ```
/// use scieve::{Attribute, AttributeType, Code, Diagnostic, Policy, Schema};
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
/// fn german(diagnostic: &Diagnostic) -> String {
///     let arguments = diagnostic.arguments();
///     let attribute = arguments.attribute.as_deref().unwrap_or("?");
///     let operator = arguments.operator.as_deref().unwrap_or("?");
///     match (diagnostic.code(), arguments.attribute_type) {
///         (Code::UnknownAttribute, _) => format!("Das Attribut „{attribute}“ ist unbekannt."),
///         (Code::WrongType, Some(AttributeType::Boolean)) => {
///             format!("„{attribute}“ ist ein Wahrheitswert: true oder false.")
///         }
///         (Code::OperatorForType | Code::OperatorNotAllowed, _) => {
///             let allowed = arguments.allowed.join(", ");
///             format!("„{operator}“ ist für „{attribute}“ nicht erlaubt; erlaubt sind: {allowed}.")
///         }
///         // Codes without a translation.
///         _ => diagnostic.message().to_owned(),
///     }
/// }
///
/// let schema = Schema::new(None, [Attribute::new("active", AttributeType::Boolean)])?;
/// let policy: Policy<User> = Policy::new(schema)?;
/// let errors = policy.parse(r#"actve pr or active co true or active eq "x""#).unwrap_err();
/// let messages: Vec<String> = errors.iter().map(german).collect();
/// assert_eq!(
///     messages,
///     [
///         "Das Attribut „actve“ ist unbekannt.",
///         "„co“ ist für „active“ nicht erlaubt; erlaubt sind: eq, ne, pr.",
///         "„active“ ist ein Wahrheitswert: true oder false.",
///     ]
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Arguments {
    /// The path of the attribute: as the schema has it, or as written if the schema does not.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub attribute: Option<Box<str>>,
    /// The operator. An unknown one is as written.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub operator: Option<Box<str>>,
    /// The literal, as written.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub literal: Option<Box<str>>,
    /// The type of the attribute, if the schema has the attribute.
    #[cfg_attr(feature = "serde", serde(rename = "type", skip_serializing_if = "Option::is_none"))]
    pub attribute_type: Option<AttributeType>,
    /// The operators or values that would have been valid.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub allowed: Vec<Box<str>>,
}

impl Arguments {
    /// Returns the path and type of an attribute of the schema.
    pub(crate) fn of(attribute: &Attribute) -> Self {
        Self {
            attribute: Some(attribute.to_string().into()),
            attribute_type: Some(attribute.attribute_type()),
            ..Self::default()
        }
    }

    /// Returns the path of an attribute as written, or as a message has it.
    #[cfg(feature = "patch")]
    pub(crate) fn named(attribute: &str) -> Self {
        Self { attribute: Some(attribute.into()), ..Self::default() }
    }

    /// Returns true if all members are empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what comes from the schema and the grammar. A name or operator that they do not have
    /// can be a misplaced literal.
    pub(super) fn redacted(&self) -> Self {
        let is_operator = |name: &str| Operator::ALL.iter().any(|known| known.name() == name);
        Self {
            attribute: self.attribute.clone().filter(|_| self.attribute_type.is_some()),
            operator: self.operator.clone().filter(|name| is_operator(name)),
            literal: None,
            attribute_type: self.attribute_type,
            allowed: self.allowed.clone(),
        }
    }
}
