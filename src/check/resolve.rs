//! Resolves attribute paths, with suggestions for unknown names.

use super::Checker;
use crate::diagnostic::{Code, Diagnostic, Fix, Safety, quoted};
use crate::filter::Path;
use crate::policy::UnknownAttributes;
use crate::schema::{Attribute, AttributeId};
use crate::span::Span;
use crate::suggest;
use crate::value::{AttributeType, CaseSensitivity};
use std::sync::Arc;

/// Maximum number of distinct unknown names to compute suggestions for. Each takes time linear in
/// the number of attributes.
const MAX_SUGGESTIONS: usize = 16;

impl<R: ?Sized> Checker<'_, '_, R> {
    /// Resolves a path, either at the top level or inside the brackets of `parent`.
    ///
    /// Returns `None` if the path is in error; the error is reported.
    #[inline]
    pub(super) fn attribute(
        &mut self,
        path: Path<'_>,
        parent: Option<AttributeId>,
    ) -> Option<AttributeId> {
        match (self.policy.schemaless, parent) {
            (Some(case), _) => self.schemaless_attribute(path, parent, case),
            (None, Some(parent)) => self.sub_attribute(path, parent),
            (None, None) if path.urn().is_some() && !self.policy.urns => self.urn_not_allowed(path),
            (None, None) => {
                let schema = &*self.schema;
                let found = schema.find_in(schema.extension(path.urn()), path.without_urn());
                let found = found.filter(|known| !self.policy.hides(known)).map(Attribute::id);
                found.or_else(|| self.unknown(path))
            }
        }
    }

    #[cold]
    fn urn_not_allowed(&mut self, path: Path<'_>) -> Option<AttributeId> {
        let diagnostic = Diagnostic::new(
            Code::UrnNotAllowed,
            path.span(),
            "schema URNs before attributes are not allowed here",
        );
        let name = quoted(path.without_urn());
        self.report(diagnostic.with_help(format!("write the name without URN: {name}")))
    }

    // Out of line to save stack: `attribute` is part of `expr`, which recurses.
    #[inline(never)]
    fn sub_attribute(&mut self, path: Path<'_>, parent: AttributeId) -> Option<AttributeId> {
        if parent == AttributeId::ABSENT {
            return Some(parent);
        }
        let schema = &*self.schema;
        let complex = schema.attribute(parent)?;
        let has_no_urn = path.urn().is_none();
        let found = match complex.attribute_type() {
            AttributeType::Complex => schema.find(complex.urn(), complex.name(), Some(path.name())),
            // If the elements are simple values, `value` inside the brackets is the element.
            _ => Some(complex).filter(|_| path.name().eq_ignore_ascii_case("value")),
        };
        if let Some(found) = found.filter(|found| has_no_urn && !self.policy.hides(found)) {
            return Some(found.id());
        }
        if self.policy.unknown_attributes == UnknownAttributes::Absent && has_no_urn {
            return Some(AttributeId::ABSENT);
        }
        let message = format!("`{complex}` has no sub-attribute {}", quoted(path.as_str()));
        let names = self
            .visible()
            .filter(|known| known.parent() == Some(parent))
            .filter_map(Attribute::sub_attribute);
        let help = did_you_mean(path.name(), names.collect(), "the sub-attributes are");
        let diagnostic = Diagnostic::new(Code::UnknownAttribute, path.span(), message);
        self.report(diagnostic.with_help(help))
    }

    #[cold]
    fn unknown(&mut self, path: Path<'_>) -> Option<AttributeId> {
        if let Some(id) = self.urn_with_dot(path).or_else(|| self.without_urn(path)) {
            return Some(id);
        }
        if self.policy.unknown_attributes == UnknownAttributes::Absent {
            return Some(AttributeId::ABSENT);
        }
        let diagnostic = Diagnostic::new(
            Code::UnknownAttribute,
            path.span(),
            format!("unknown attribute {}", quoted(path.as_str())),
        );
        let known = self.unknown.iter().find(|(name, _)| name == path.as_str());
        let help = match known.map(|(_, help)| help.clone()) {
            Some(help) => help,
            None if self.unknown.len() == MAX_SUGGESTIONS => return self.report(diagnostic),
            None => {
                let help = self.help_on_unknown(path);
                self.unknown.push((path.as_str().to_owned(), help.clone()));
                help
            }
        };
        self.report(diagnostic.with_help(help))
    }

    /// Resolves a path with a dot instead of the colon after the URN, if the dialect accepts that.
    fn urn_with_dot(&mut self, path: Path<'_>) -> Option<AttributeId> {
        let (urn, sub) = (path.urn()?, path.sub_attribute()?);
        if !self.accepts(|syntax| syntax.urn_dot) {
            return None;
        }
        let urn = format!("{urn}:{}", path.name());
        let found = self.schema.find_in(self.schema.extension(Some(&urn)), sub)?;
        let id = Some(found).filter(|found| !self.policy.hides(found))?.id();
        let dot = path.span().end - sub.len() - 1;
        let diagnostic = Diagnostic::new(
            Code::AcceptedUrnDot,
            path.span(),
            "a dot instead of the colon after the URN",
        );
        let edit = (Span::new(dot, dot + 1), ":".to_owned());
        self.diagnostics.push(diagnostic.with_fix(Fix::new(
            Safety::Safe,
            "write `:` after the URN",
            vec![edit],
        )));
        Some(id)
    }

    /// Resolves the name of an attribute of an extension without its URN, if the dialect accepts
    /// that and exactly one extension has the attribute.
    fn without_urn(&mut self, path: Path<'_>) -> Option<AttributeId> {
        if !self.accepts(|syntax| syntax.extension_without_urn) || !self.policy.urns {
            return None;
        }
        let (id, urn) = self.in_one_extension(path.as_str())?;
        let span = path.span();
        let diagnostic = Diagnostic::new(
            Code::AcceptedMissingUrn,
            span,
            format!("{} without the URN of its schema", quoted(path.as_str())),
        );
        let fix = Fix::new(
            Safety::Safe,
            format!("write `{urn}:{}`", path.as_str()),
            vec![(Span::new(span.start, span.start), format!("{urn}:"))],
        );
        self.diagnostics.push(diagnostic.with_fix(fix));
        Some(id)
    }

    /// Returns the attribute of this path if exactly one extension has it, with its URN.
    fn in_one_extension(&self, path: &str) -> Option<(AttributeId, String)> {
        let mut found = self
            .visible()
            .filter(|known| known.urn().is_some() && known.path().eq_ignore_ascii_case(path));
        let first = found.next()?;
        let is_only = found.next().is_none();
        is_only.then(|| (first.id(), first.urn().unwrap_or_default().to_owned()))
    }

    fn help_on_unknown(&self, path: Path<'_>) -> String {
        let filterable = || self.visible().filter(|known| self.is_filterable(known.id()));
        let has_path = |known: &&Attribute| known.path().eq_ignore_ascii_case(path.as_str());
        if self.schema.urns().any(|urn| urn.eq_ignore_ascii_case(path.as_str())) {
            return "that is the URN of a schema; add a colon and one of its attributes".into();
        }
        if let Some(extension) = filterable().find(has_path).filter(|known| known.urn().is_some()) {
            return format!("attributes of an extension need its URN: `{extension}`");
        }
        let names: Vec<String> = filterable().map(ToString::to_string).collect();
        did_you_mean(
            path.as_str(),
            names.iter().map(String::as_str).collect(),
            "the attributes are",
        )
    }

    /// Returns the attributes that the policy does not hide.
    pub(super) fn visible(&self) -> impl Iterator<Item = &Attribute> {
        self.schema.attributes().filter(|attribute| !self.policy.hides(attribute))
    }

    pub(super) fn is_filterable(&self, id: AttributeId) -> bool {
        self.policy.rule(id).is_some_and(|rule| !rule.operators.is_empty())
    }

    /// Returns the attribute of that name, which is added to the schema of this check if it is new.
    // Out of line for the same reason as `sub_attribute`.
    #[inline(never)]
    fn schemaless_attribute(
        &mut self,
        path: Path<'_>,
        parent: Option<AttributeId>,
        case: CaseSensitivity,
    ) -> Option<AttributeId> {
        let outer = parent.and_then(|id| self.schema.attribute(id));
        let inner = outer.map(|outer| {
            (outer.urn().map(str::to_owned), format!("{}.{}", outer.name(), path.name()))
        });
        let (urn, whole) = match &inner {
            Some((urn, whole)) => (urn.as_deref(), whole.as_str()),
            None => (path.urn(), path.without_urn()),
        };
        if let Some(known) = self.schema.find_in(urn, whole) {
            return Some(known.id());
        }
        let stored_values = self.policy.stored_values;
        let schema = Arc::make_mut(&mut self.schema);
        let new = |path: &str| {
            let mut attribute =
                Attribute::new(path, AttributeType::Any).multi_valued().with_case(case);
            attribute.set_stored_values(stored_values);
            urn.map_or(attribute.clone(), |urn| attribute.in_extension(urn))
        };
        if let Some((name, _)) = whole.split_once('.')
            && schema.find_in(urn, name).is_none()
        {
            schema.add(new(name)).ok()?;
        }
        schema.add(new(whole)).ok()
    }
}

/// Returns help with the nearest name, or a list of names if none is near.
fn did_you_mean(word: &str, names: Vec<&str>, introduction: &str) -> String {
    match suggest::nearest(word, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "there are no attributes to filter by".into(),
        None => format!("{introduction} {}", list(names.into_iter())),
    }
}

/// Formats up to 12 names, and the number of the others.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MAX_NAMES: usize = 12;
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let names = names.join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}
