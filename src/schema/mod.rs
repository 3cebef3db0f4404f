//! What a resource has: its attributes, and how a record hands out their values.

#[cfg(feature = "serde")]
mod json;
mod names;
#[cfg(feature = "serde")]
mod rfc7643;

use crate::value::{AttributeType, CaseSensitivity, ValueRef};
use names::Names;
use std::fmt;

/// The position of an attribute in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(u16);

impl AttributeId {
    /// The position as a number.
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// One attribute of a resource type, or one sub-attribute of a complex attribute (RFC 7643 section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    id: AttributeId,
    parent: Option<AttributeId>,
    urn: Option<Box<str>>,
    path: Box<str>,
    dot: Option<usize>,
    kind: AttributeType,
    case_exact: bool,
    multi_valued: bool,
    many: bool,
    never_returned: bool,
    slot: u32,
}

impl Attribute {
    /// An attribute of the resource's core schema: `name`, or `name.familyName` for a sub-attribute.
    /// Strings compare without regard to case, references and binary values exactly, until [`Attribute::case_exact`] is set.
    #[must_use]
    pub fn new(path: &str, kind: AttributeType) -> Self {
        Self {
            id: AttributeId(0),
            parent: None,
            urn: None,
            path: path.into(),
            dot: path.find('.'),
            kind,
            case_exact: matches!(kind, AttributeType::Reference | AttributeType::Binary),
            multi_valued: false,
            many: false,
            never_returned: false,
            slot: 0,
        }
    }

    /// The same attribute with several values.
    #[must_use]
    pub fn multi_valued(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    /// The same attribute, compared with regard to case or without (RFC 7643 section 2.2, `caseExact`).
    #[must_use]
    pub fn case_exact(mut self, exact: bool) -> Self {
        self.case_exact = exact;
        self
    }

    /// The same attribute in the extension schema of that URN; filters name it with the URN before it.
    #[must_use]
    pub fn in_extension(mut self, urn: &str) -> Self {
        self.urn = Some(urn.into());
        self
    }

    /// The same attribute, as one that is never returned (RFC 7643 section 2.2) and so never filtered by:
    /// a policy hides it (RFC 7644 section 7.5.2).
    #[must_use]
    pub fn never_returned(mut self) -> Self {
        self.never_returned = true;
        self
    }

    /// Its position in the schema.
    #[must_use]
    #[inline]
    pub fn id(&self) -> AttributeId {
        self.id
    }

    /// The complex attribute that it is a part of.
    #[must_use]
    #[inline]
    pub fn parent(&self) -> Option<AttributeId> {
        self.parent
    }

    /// The URN of the extension schema that it belongs to; `None` in the core schema.
    #[must_use]
    #[inline]
    pub fn urn(&self) -> Option<&str> {
        self.urn.as_deref()
    }

    /// The name with its sub-attribute, such as `name.familyName`.
    #[must_use]
    #[inline]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The name up to the dot.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &str {
        self.dot.and_then(|dot| self.path.get(..dot)).unwrap_or(&self.path)
    }

    /// The name after the dot.
    #[must_use]
    #[inline]
    pub fn sub_attribute(&self) -> Option<&str> {
        self.dot.and_then(|dot| self.path.get(dot + 1..))
    }

    /// Whether these are its names, without regard to ASCII case; `urn` is an extension's, or `None`.
    #[inline]
    pub(crate) fn is_named(&self, urn: Option<&str>, path: &str) -> bool {
        same(self.urn(), urn) && is_same(&self.path, path)
    }

    /// The type of its values.
    #[must_use]
    #[inline]
    pub fn kind(&self) -> AttributeType {
        self.kind
    }

    /// Whether its texts compare exactly or without regard to case.
    #[must_use]
    #[inline]
    pub fn case(&self) -> CaseSensitivity {
        if self.case_exact { CaseSensitivity::Exact } else { CaseSensitivity::Ignore }
    }

    /// Whether the attribute itself is multi-valued.
    #[must_use]
    #[inline]
    pub fn is_multi_valued(&self) -> bool {
        self.multi_valued
    }

    /// Whether one record can have several values under this path: the attribute or its parent is multi-valued.
    #[must_use]
    #[inline]
    pub fn yields_many(&self) -> bool {
        self.many
    }

    /// Whether it is never returned to clients.
    #[must_use]
    pub fn is_never_returned(&self) -> bool {
        self.never_returned
    }

    /// The number that [`Record::slot`] gave for it.
    #[must_use]
    #[inline]
    pub fn slot(&self) -> u32 {
        self.slot
    }
}

/// With the URN before it, where it is in an extension.
impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.urn {
            Some(urn) => write!(f, "{urn}:{}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// A schema that cannot be: what is wrong with which attribute.
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

/// The attributes of one resource type, extensions included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    urn: Option<Box<str>>,
    attributes: Vec<Attribute>,
    names: Names,
}

impl Schema {
    /// A schema of these attributes. `urn` is the core schema's, which filters may write before any attribute that is not
    /// in an extension. A complex attribute stands before its sub-attributes.
    ///
    /// # Errors
    /// A name that breaks the rules of RFC 7643 section 2.1, a name twice, a sub-attribute without its complex attribute or
    /// of another type's, a complex sub-attribute (RFC 7643 section 2.3.8), more than 65,535 attributes.
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

    pub(crate) fn add(&mut self, mut attribute: Attribute) -> Result<AttributeId, SchemaError> {
        let shown = attribute.to_string();
        let refuse = |why: &str| Err(SchemaError(format!("attribute `{shown}`: {why}")));
        let id = u16::try_from(self.attributes.len())
            .map_err(|_| SchemaError("more than 65,535 attributes".into()))?;
        if !attribute.path.split('.').all(is_name) || attribute.path.split('.').nth(2).is_some() {
            return refuse(
                "the name is not letters, digits, `-`, `_` and `$`, after a letter or `$`, with at most one dot",
            );
        }
        if let Some(sub) = attribute.sub_attribute() {
            let Some(parent) = self.find_in(attribute.urn(), attribute.name()) else {
                return refuse(
                    "the complex attribute before the dot is not in the schema before it",
                );
            };
            if !matches!(parent.kind, AttributeType::Complex | AttributeType::Any) {
                return refuse("what stands before the dot is not complex");
            }
            if attribute.kind == AttributeType::Complex || sub.is_empty() {
                return refuse("a sub-attribute cannot be complex");
            }
            (attribute.parent, attribute.many) =
                (Some(parent.id), parent.multi_valued || attribute.multi_valued);
        } else {
            attribute.many = attribute.multi_valued;
        }
        attribute.id = AttributeId(id);
        if self.find_in(attribute.urn(), attribute.path()).is_some() {
            return refuse("the name is there already");
        }
        self.attributes.push(attribute);
        self.names.add(id, |at| {
            self.attributes.get(usize::from(at)).map(|known| (known.urn(), known.path()))
        });
        Ok(AttributeId(id))
    }

    /// The core schema's URN.
    #[must_use]
    pub fn urn(&self) -> Option<&str> {
        self.urn.as_deref()
    }

    /// The attribute at that position.
    #[must_use]
    #[inline]
    pub fn attribute(&self, id: AttributeId) -> Option<&Attribute> {
        self.attributes.get(id.index())
    }

    /// The attribute of that name, compared without regard to ASCII case; `urn` is an extension's, or `None`.
    #[must_use]
    pub fn find(
        &self,
        urn: Option<&str>,
        name: &str,
        sub_attribute: Option<&str>,
    ) -> Option<&Attribute> {
        match sub_attribute {
            Some(sub) => self.find_in(urn, &[name, ".", sub].concat()),
            None => self.find_in(urn, name).filter(|known| known.dot.is_none()),
        }
    }

    /// The attribute of that path in the extension of that URN, or in the core schema.
    pub(crate) fn find_in(&self, urn: Option<&str>, path: &str) -> Option<&Attribute> {
        let is_it =
            |id| self.attribute(AttributeId(id)).is_some_and(|known| known.is_named(urn, path));
        self.names.find(urn, path, is_it).and_then(|id| self.attribute(AttributeId(id)))
    }

    /// The attribute of that path, such as `name.familyName`, in the core schema or with the extension's URN before it.
    #[must_use]
    pub fn find_path(&self, path: &str) -> Option<&Attribute> {
        let (urn, rest) = match path.rfind(':') {
            Some(colon) => (path.get(..colon), path.get(colon + 1..)?),
            None => (None, path),
        };
        // A URN holds dots of its own, so the last colon alone cannot tell where `urn:...:2.0:User:name` splits; it can here,
        // as names have no colon.
        self.find_in(self.extension(urn), rest)
    }

    /// The URN, unless it is the core schema's, which says no more than none does.
    pub(crate) fn extension<'u>(&self, urn: Option<&'u str>) -> Option<&'u str> {
        urn.filter(|urn| !same(self.urn(), Some(urn)))
    }

    /// Every attribute and sub-attribute, in the order given.
    pub fn attributes(&self) -> std::slice::Iter<'_, Attribute> {
        self.attributes.iter()
    }

    /// The URNs that filters may write before an attribute: the core schema's first, then the extensions'.
    pub fn urns(&self) -> impl Iterator<Item = &str> {
        let mut seen: Vec<&str> = self.urn().into_iter().collect();
        for urn in self.attributes.iter().filter_map(Attribute::urn) {
            if !seen.contains(&urn) {
                seen.push(urn);
            }
        }
        seen.into_iter()
    }

    /// The same schema with every [`Attribute::slot`] as the record type `R` numbers its fields.
    ///
    /// # Errors
    /// The record type knows no such attribute.
    pub fn for_record<R: Record>(mut self) -> Result<Self, SchemaError> {
        for attribute in &mut self.attributes {
            let slot = R::slot(attribute);
            attribute.slot = slot.ok_or_else(|| {
                SchemaError(format!(
                    "attribute `{attribute}`: the records have none of that name and type"
                ))
            })?;
        }
        Ok(self)
    }
}

/// Whether both are absent, or both there and equal without regard to ASCII case.
#[inline]
fn same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_same(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Whether they are equal without regard to ASCII case; most often they are equal anyway.
#[inline]
fn is_same(one: &str, other: &str) -> bool {
    one == other || one.eq_ignore_ascii_case(other)
}

/// ATTRNAME of RFC 7644 figure 1, with `$` anywhere (RFC 7643 section 2.1 and `$ref`).
pub(crate) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'$')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'))
}

/// A resource that can be filtered: it hands out the values of an attribute, one at a time.
///
/// Both methods stop at the first value for which `test` is true, and answer whether there was one. Values that are not
/// assigned (absent, null, an empty array: RFC 7643 section 2.5) are not handed out; an empty text is a value.
pub trait Record {
    /// The number by which the record finds the attribute again in [`Record::any_value`] (as [`Attribute::slot`]), so that no
    /// name is compared while records are filtered; `None` refuses the attribute. By default every attribute gets 0: such
    /// records go by [`Attribute::path`].
    #[must_use]
    fn slot(attribute: &Attribute) -> Option<u32>
    where
        Self: Sized,
    {
        let _ = attribute;
        Some(0)
    }

    /// The one text of `attribute`, or `Some(None)` where the record has none; `None` where that is not known without
    /// [`Record::any_value`], as by default. Where it is known, texts are compared without calls from record to plan and back.
    /// It has to be what [`Record::any_value`] hands out.
    fn single_text(&self, attribute: &Attribute) -> Option<Option<&str>> {
        let _ = attribute;
        None
    }

    /// Hands out the values of `attribute`: of a sub-attribute of a multi-valued attribute those of every element, of a complex
    /// attribute [`ValueRef::Complex`] for each assigned one.
    fn any_value(&self, attribute: &Attribute, test: &mut dyn FnMut(ValueRef<'_>) -> bool) -> bool;

    /// Hands out the elements of the complex attribute `attribute` as records, for `attribute[...]`; their
    /// [`Record::any_value`] is asked for the sub-attributes. Records without complex attributes need not write it.
    fn any_element(
        &self,
        attribute: &Attribute,
        test: &mut dyn FnMut(&dyn Record) -> bool,
    ) -> bool {
        let _ = (attribute, test);
        false
    }
}
