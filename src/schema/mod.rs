//! Schemas, their attributes, and records with values of these attributes.

mod attribute;
#[cfg(feature = "serde")]
mod coerce;
#[cfg(feature = "serde")]
mod json;
#[cfg(feature = "serde")]
mod json_number;
#[cfg(feature = "serde")]
mod json_value;
mod names;
mod record;
#[cfg(feature = "serde")]
mod rfc7643;
mod stored_values;

pub use attribute::Attribute;
pub use attribute::AttributeId;
pub use attribute::Mutability;
pub use attribute::Returned;
pub(crate) use attribute::is_core_urn;
pub(crate) use attribute::is_name;
#[cfg(feature = "serde")]
pub use json_number::json_record;
#[cfg(feature = "serde")]
pub use json_number::json_text;
#[cfg(feature = "patch")]
pub(crate) use json_number::kept_number_of;
#[cfg(feature = "patch")]
pub(crate) use json_value::is_assigned;
#[cfg(all(feature = "derive", feature = "serde"))]
pub(crate) use json_value::simple as simple_value;
pub use record::Record;
pub(crate) use record::SimpleElement;
pub use stored_values::StoredValues;

use crate::value::AttributeType;
use arrayvec::ArrayString;
use attribute::is_same_option;
use names::Names;
use std::fmt;

/// An error in a schema, with the attribute that causes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError(String);

impl SchemaError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SchemaError {}

/// The attributes of a resource type, including those of its extensions.
///
/// ```
/// use scieve::{Attribute, AttributeType, Schema};
///
/// let schema = Schema::new(
///     Some("urn:example:Employee"),
///     [
///         Attribute::new("userName", AttributeType::String),
///         Attribute::new("emails", AttributeType::Complex).multi_valued(),
///         Attribute::new("emails.value", AttributeType::String),
///         Attribute::new("desk", AttributeType::Integer).in_extension("urn:example:Desk"),
///     ],
/// )?;
///
/// let value = schema.find_path("emails.VALUE").unwrap();
/// assert!(value.yields_many());
/// assert_eq!(value.parent(), schema.find_path("emails").map(|emails| emails.id()));
/// assert!(schema.find_path("urn:example:Employee:userName").is_some());
/// assert!(schema.find_path("desk").is_none());
/// assert!(schema.find_path("urn:example:Desk:desk").is_some());
/// # Ok::<(), scieve::SchemaError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    urn: Option<Box<str>>,
    attributes: Vec<Attribute>,
    names: Names,
}

impl Schema {
    /// Creates a schema. A complex attribute has to precede its sub-attributes.
    ///
    /// `urn` is the URN of the core schema. Filters can write it before any attribute that is not
    /// in an extension.
    ///
    /// # Errors
    /// Returns an error for:
    ///
    /// - a name that is not an attribute name of RFC 7643 section 2.1, and a second dot
    /// - two attributes with the same URN and path
    /// - a sub-attribute whose complex attribute does not precede it or is not complex
    /// - a complex sub-attribute (RFC 7643 section 2.3.8)
    /// - more than 65,535 attributes
    pub fn new(
        urn: Option<&str>,
        attributes: impl IntoIterator<Item = Attribute>,
    ) -> Result<Self, SchemaError> {
        let mut schema = Self { urn: urn.map(Into::into), ..Self::default() };
        for attribute in attributes {
            schema.add(attribute)?;
        }
        Ok(schema)
    }

    #[cfg(feature = "serde")]
    pub(crate) fn with_urn(urn: Option<&str>) -> Self {
        Self { urn: urn.map(Into::into), ..Self::default() }
    }

    /// Adds an attribute with the slot of `R`.
    #[cfg(feature = "serde")]
    pub(crate) fn add_for<R: Record>(&mut self, attribute: Attribute) -> Result<(), SchemaError> {
        let id = self.add(attribute)?;
        match self.attributes.get_mut(id.index()) {
            Some(attribute) => set_slot::<R>(attribute),
            None => Ok(()),
        }
    }

    pub(crate) fn add(&mut self, mut attribute: Attribute) -> Result<AttributeId, SchemaError> {
        let shown = attribute.to_string();
        let error = |message: &str| Err(SchemaError(format!("attribute `{shown}`: {message}")));
        let id = u16::try_from(self.attributes.len())
            .map_err(|_| SchemaError("more than 65,535 attributes".into()))?;
        let mut parts = attribute.path().split('.');
        if !parts.by_ref().take(2).all(is_name) || parts.next().is_some() {
            return error(
                "a name is a letter or `$`, then letters, digits, `-`, `_` and `$`; one dot may \
                 separate a sub-attribute",
            );
        }
        let mut parent = None;
        if attribute.sub_attribute().is_some() {
            let Some(found) = self.find_in(attribute.urn(), attribute.name()) else {
                return error("the complex attribute has to precede its sub-attributes");
            };
            if !matches!(found.attribute_type(), AttributeType::Complex | AttributeType::Any) {
                return error("the attribute before the dot is not complex");
            }
            if attribute.attribute_type() == AttributeType::Complex {
                return error("a sub-attribute cannot be complex");
            }
            parent = Some(found);
        }
        if self.find_in(attribute.urn(), attribute.path()).is_some() {
            return error("the schema already has an attribute of this name");
        }
        attribute.insert(AttributeId(id), parent);
        self.attributes.push(attribute);
        self.names.add(id, |at| {
            self.attributes.get(usize::from(at)).map(|known| (known.urn(), known.path()))
        });
        Ok(AttributeId(id))
    }

    /// Returns the URN of the core schema.
    #[must_use]
    pub fn urn(&self) -> Option<&str> {
        self.urn.as_deref()
    }

    /// Returns the attribute with this identifier.
    #[must_use]
    #[inline]
    pub fn attribute(&self, id: AttributeId) -> Option<&Attribute> {
        self.attributes.get(id.index())
    }

    /// Finds an attribute by its name, ignoring ASCII case, in the extension schema `urn` or in the
    /// core schema.
    #[must_use]
    pub fn find(
        &self,
        urn: Option<&str>,
        name: &str,
        sub_attribute: Option<&str>,
    ) -> Option<&Attribute> {
        match sub_attribute {
            Some(sub) => {
                // PERF: on the stack, unless it is long: `check` takes 25 % longer on F5 otherwise.
                let mut path = ArrayString::<64>::new();
                let parts = [name, ".", sub];
                match parts.iter().try_for_each(|part| path.try_push_str(part)) {
                    Ok(()) => self.find_in(urn, &path),
                    Err(_) => self.find_in(urn, &parts.concat()),
                }
            }
            None => self.find_in(urn, name).filter(|known| known.sub_attribute().is_none()),
        }
    }

    /// Finds an attribute by its path, in the extension schema `urn` or in the core schema.
    pub(crate) fn find_in(&self, urn: Option<&str>, path: &str) -> Option<&Attribute> {
        let matches =
            |id| self.attribute(AttributeId(id)).is_some_and(|known| known.is_named(urn, path));
        self.names.find(urn, path, matches).and_then(|id| self.attribute(AttributeId(id)))
    }

    /// Finds an attribute by its path, such as `name.familyName`, optionally preceded by a URN and
    /// a colon. Ignores ASCII case.
    #[must_use]
    pub fn find_path(&self, path: &str) -> Option<&Attribute> {
        let (urn, rest) = match path.rfind(':') {
            Some(colon) => (path.get(..colon), path.get(colon + 1..)?),
            None => (None, path),
        };
        // A URN can contain colons and dots, but a name has no colon.
        self.find_in(self.extension(urn), rest)
    }

    /// Returns the URN unless it is that of the core schema, which is equivalent to none.
    pub(crate) fn extension<'u>(&self, urn: Option<&'u str>) -> Option<&'u str> {
        urn.filter(|urn| !is_same_option(self.urn(), Some(urn)))
    }

    /// Returns all attributes and sub-attributes in the order in which they were added.
    pub fn attributes(&self) -> std::slice::Iter<'_, Attribute> {
        self.attributes.iter()
    }

    /// Returns the URNs that filters can write before an attribute: that of the core schema, then
    /// those of the extensions.
    pub fn urns(&self) -> impl Iterator<Item = &str> {
        let mut seen: Vec<&str> = self.urn().into_iter().collect();
        for urn in self.attributes.iter().filter_map(Attribute::urn) {
            if !seen.contains(&urn) {
                seen.push(urn);
            }
        }
        seen.into_iter()
    }

    /// Sets [`Attribute::slot`] of every attribute to the number that [`Record::slot`] of `R`
    /// returns.
    ///
    /// # Errors
    /// Returns an error if `R` rejects an attribute.
    pub fn for_record<R: Record>(mut self) -> Result<Self, SchemaError> {
        for attribute in &mut self.attributes {
            set_slot::<R>(attribute)?;
        }
        Ok(self)
    }

    /// Sets [`Attribute::stored_values`] of every attribute.
    pub(crate) fn set_stored_values(&mut self, stored_values: StoredValues) {
        for attribute in &mut self.attributes {
            attribute.set_stored_values(stored_values);
        }
    }
}

fn set_slot<R: Record>(attribute: &mut Attribute) -> Result<(), SchemaError> {
    let Some(slot) = R::slot(attribute) else {
        let message = "records have no attribute of this name and type";
        return Err(SchemaError(format!("attribute `{attribute}`: {message}")));
    };
    attribute.set_slot(slot);
    Ok(())
}
