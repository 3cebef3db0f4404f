//! Resolves the paths of operations, and checks the filters in their brackets.

use super::change::{Selector, Target};
use super::check::Checker;
use super::error::ScimType;
use super::target::{Shape, SubAttribute, declared, sub_attribute};
use crate::diagnostic::{Arguments, Code, Diagnostic, Diagnostics, quoted};
use crate::filter::{Expr, ExprKind, Literal, PatchPath};
use crate::operator::Operator;
use crate::schema::{Attribute, Schema};
use crate::span::Span;
use crate::suggest;
use serde_json::{Map, Value};

impl<'c> Checker<'c> {
    /// Returns help on an unknown attribute: the one with the most similar name, or that an
    /// extension has it.
    pub(super) fn help_on_unknown(&self, extension: Option<&str>, name: &str) -> Option<String> {
        let schema: &'c Schema = self.schema;
        let known =
            || schema.attributes().filter(|it| it.parent().is_none() && self.is_writable(it));
        let is_in_extension =
            |it: &&Attribute| it.urn().is_some() && it.name().eq_ignore_ascii_case(name);
        if extension.is_none()
            && let Some(attribute) = known().find(is_in_extension)
        {
            return Some(format!("attributes of an extension need its URN: `{attribute}`"));
        }
        let names = known().filter(|it| it.urn() == extension).map(Attribute::name);
        let near = suggest::nearest(name, names)?;
        let attribute = known().find(|it| it.urn() == extension && it.name() == near)?;
        Some(format!("did you mean `{attribute}`?"))
    }

    /// Returns whether the policy does not hide the attribute, or only because it is never returned.
    pub(super) fn is_writable(&self, attribute: &Attribute) -> bool {
        attribute.is_never_returned()
            || self.policy.rule(attribute.id()).is_some_and(|rule| !rule.hidden)
    }

    /// Resolves a path.
    pub(super) fn target(&mut self, text: &str, pointer: &str) -> Option<Target> {
        let parsed = PatchPath::parse_with(text, &self.policy.syntax, &self.policy.limits);
        let path = match parsed {
            Ok(path) => path,
            Err(errors) => return self.filter_errors(&errors, pointer),
        };
        let named = path.attribute();
        let extension = self.schema.extension(named.urn());
        let schema = self.schema;
        let found = schema
            .find(extension, named.name(), None)
            .filter(|found| self.is_writable(found))
            .or_else(|| self.without_urn(named.urn(), named.name(), named.span(), pointer));
        let Some(attribute) = found else {
            let message = format!("unknown attribute {}", quoted(named.as_str()));
            let error = Diagnostic::new(Code::UnknownAttribute, named.span(), message)
                .with_arguments(Arguments::named(named.as_str()));
            let error = match self.help_on_unknown(extension, named.name()) {
                Some(help) => error.with_help(help),
                None => error,
            };
            return self.report(ScimType::InvalidPath, pointer, error);
        };
        let sub = match path.sub_attribute() {
            None => None,
            Some(name) => Some(self.sub_attribute_of(attribute, name, pointer)?),
        };
        // A comparison as the path has no brackets, so its canonical form is checked.
        let is_comparison =
            path.warnings().iter().any(|one| one.code() == Code::AcceptedComparisonPath);
        if path.filter().is_none() || is_comparison {
            for warning in path.warnings() {
                self.report::<()>(ScimType::InvalidPath, pointer, warning.clone());
            }
        }
        let canonical = is_comparison.then(|| path.to_string());
        let text = canonical.as_deref().unwrap_or(text);
        let selector = match path.filter() {
            None => None,
            Some(_) if named.sub_attribute().is_some() => {
                let message = "brackets follow the name of an attribute, not a sub-attribute";
                let error = Diagnostic::new(Code::SimpleAttribute, named.span(), message)
                    .with_arguments(Arguments::of(attribute));
                return self.report(ScimType::InvalidPath, pointer, error);
            }
            Some(filter) => Some(self.selector(attribute, text, filter, pointer)?),
        };
        Some(Target::Attribute { attribute: attribute.id(), sub, selector })
    }

    /// Returns the attribute if exactly one extension has it and the dialect does not require its
    /// URN.
    pub(super) fn without_urn(
        &mut self,
        urn: Option<&str>,
        name: &str,
        span: Span,
        pointer: &str,
    ) -> Option<&'c Attribute> {
        if urn.is_some() || !self.policy.syntax.extension_without_urn {
            return None;
        }
        let schema: &'c Schema = self.schema;
        let mut found = schema.attributes().filter(|known| {
            known.urn().is_some()
                && known.parent().is_none()
                && known.path().eq_ignore_ascii_case(name)
                && self.is_writable(known)
        });
        let (attribute, None) = (found.next()?, found.next()) else { return None };
        let message = format!("{} without the URN of its schema", quoted(name));
        let warning = Diagnostic::new(Code::AcceptedMissingUrn, span, message)
            .with_help(format!("write `{attribute}`"))
            .with_arguments(Arguments::of(attribute));
        self.report::<()>(ScimType::InvalidPath, pointer, warning);
        Some(attribute)
    }

    fn sub_attribute_of(
        &mut self,
        attribute: &Attribute,
        name: &str,
        pointer: &str,
    ) -> Option<SubAttribute> {
        let schema = self.schema;
        let found = sub_attribute(schema, attribute, name).filter(|sub| match sub {
            SubAttribute::Declared(id) => {
                schema.attribute(*id).is_some_and(|sub| self.is_writable(sub))
            }
            SubAttribute::Implied(_) => true,
        });
        if found.is_some() {
            return found;
        }
        let message = format!("`{attribute}` has no sub-attribute {}", quoted(name));
        let start = self.path.len().saturating_sub(name.len());
        let error =
            Diagnostic::new(Code::UnknownAttribute, Span::new(start, self.path.len()), message)
                .with_arguments(Arguments::named(&format!("{attribute}.{name}")));
        let names = declared(schema, attribute.id()).filter_map(Attribute::sub_attribute);
        let error = match suggest::nearest(name, names) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        };
        self.report(ScimType::InvalidPath, pointer, error)
    }

    /// Checks the filter in the brackets of `text`.
    fn selector(
        &mut self,
        attribute: &Attribute,
        text: &str,
        filter: Expr<'_>,
        pointer: &str,
    ) -> Option<Selector> {
        // A sub-attribute after the brackets contains none.
        let value_path = text.rfind(']').and_then(|end| text.get(..=end)).unwrap_or(text);
        let plan = match self.policy.parse(value_path) {
            Ok(plan) => plan,
            Err(errors) => return self.filter_errors(&errors, pointer),
        };
        for warning in plan.warnings() {
            self.report::<()>(ScimType::InvalidFilter, pointer, warning.clone());
        }
        let template = match self.policy.syntax.patch_new_elements {
            true => self.element_of(attribute, filter),
            false => None,
        };
        Some(Selector { plan, template })
    }

    /// Returns the element that a conjunction of equalities describes.
    fn element_of(
        &mut self,
        attribute: &Attribute,
        filter: Expr<'_>,
    ) -> Option<Map<String, Value>> {
        let mut element = Map::new();
        let clauses: Vec<Expr<'_>> = match filter.kind() {
            ExprKind::And(operands) => operands.collect(),
            _ => vec![filter],
        };
        for clause in clauses {
            let ExprKind::Clause(clause) = clause.kind() else { return None };
            let literal = match clause.literal()? {
                Literal::String(text) => Value::from(text),
                Literal::Boolean(boolean) => boolean.into(),
                Literal::Number(number) => serde_json::from_str(number).ok()?,
                Literal::Null => return None,
            };
            let sub = sub_attribute(self.schema, attribute, clause.path().name())?;
            let shape = Shape::of_sub_attribute(self.schema, sub)?;
            let value = self.simple(&shape, clause.path().name(), &literal, "/path")?;
            if clause.operator() != Operator::Eq || element.contains_key(shape.name) {
                return None;
            }
            element.insert(shape.name.to_owned(), value);
        }
        Some(element)
    }

    fn filter_errors<T>(&mut self, errors: &Diagnostics, pointer: &str) -> Option<T> {
        for error in errors {
            let is_path = errors.scim_type() == "invalidPath"
                || matches!(error.code(), Code::UnknownAttribute | Code::SimpleAttribute);
            let scim_type = if is_path { ScimType::InvalidPath } else { ScimType::InvalidFilter };
            self.report::<()>(scim_type, pointer, error.clone());
        }
        None
    }
}
