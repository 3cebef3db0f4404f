//! The description of attributes by the types of fields.

use crate::operator::Operators;
use crate::schema::Attribute;
use crate::value::AttributeType;

/// The attributes of a struct, to which its fields are added.
#[derive(Debug)]
pub struct Description<'a> {
    attributes: &'a mut Vec<(Attribute, FieldOptions)>,
    complex: Option<&'a str>,
    urn: Option<&'a str>,
}

/// The type of an attribute, as a [`Field`](super::Field) describes it.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    attribute_type: AttributeType,
    multi_valued: bool,
    canonical_values: &'static [&'static str],
    sub_attributes: fn(&mut Description<'_>),
}

impl Described {
    /// Creates a description from the items of a field.
    #[must_use]
    pub fn of(
        attribute_type: AttributeType,
        multi_valued: bool,
        canonical_values: &'static [&'static str],
        sub_attributes: fn(&mut Description<'_>),
    ) -> Self {
        Self { attribute_type, multi_valued, canonical_values, sub_attributes }
    }
}

/// The options of `#[scieve(...)]` on a field.
#[derive(Clone, Copy, Debug, Default)]
pub struct FieldOptions {
    /// Strings are compared with case.
    pub case_exact: bool,
    /// The operators that filters can use. `None` allows all of the type.
    pub operators: Option<Operators>,
    /// Canonical values in addition to those of the type.
    pub canonical_values: &'static [&'static str],
    /// Maximum number of comparisons in one filter.
    pub max_count: Option<usize>,
    /// Filters get the diagnostic of an unknown attribute.
    pub hidden: bool,
}

impl<'a> Description<'a> {
    pub(super) fn new(attributes: &'a mut Vec<(Attribute, FieldOptions)>) -> Self {
        Self { attributes, complex: None, urn: None }
    }

    /// Adds the attribute of a field, and its sub-attributes.
    pub fn field(&mut self, described: Described, name: &str, options: FieldOptions) {
        let path = match self.complex {
            Some(complex) => format!("{complex}.{name}"),
            None => name.to_owned(),
        };
        let mut attribute = Attribute::new(&path, described.attribute_type);
        if described.multi_valued {
            attribute = attribute.multi_valued();
        }
        if options.case_exact {
            attribute = attribute.case_exact(true);
        }
        if let Some(urn) = self.urn {
            attribute = attribute.in_extension(urn);
        }
        let values = described.canonical_values.iter().chain(options.canonical_values);
        attribute = attribute.with_canonical_values(values.copied());
        self.attributes.push((attribute, options));
        let mut inner =
            Description { attributes: self.attributes, complex: Some(&path), urn: self.urn };
        (described.sub_attributes)(&mut inner);
    }

    /// Adds the attributes that `fields` describes, as the extension schema `urn` if that is not
    /// `None`.
    pub fn flatten(&mut self, fields: fn(&mut Description<'_>), urn: Option<&str>) {
        let mut inner = Description {
            attributes: self.attributes,
            complex: self.complex,
            urn: urn.or(self.urn),
        };
        fields(&mut inner);
    }
}
