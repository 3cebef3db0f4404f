//! Applies the edits of a request to a resource.

use super::change::{Edit, Problem, Target};
use super::error::{PatchDiagnostic, PatchErrors, ScimType};
use super::members::{get, remove, set, spelling};
use crate::diagnostic::{Arguments, Code, Diagnostic, quoted};
use crate::schema::{Attribute, Mutability, Schema, is_assigned};
use crate::span::Span;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A checked PATCH request. Created by [`PatchRequest::check`](super::PatchRequest::check) only.
#[derive(Clone, Debug)]
pub struct PatchPlan {
    schema: Arc<Schema>,
    edits: Vec<Edit>,
    warnings: Vec<PatchDiagnostic>,
}

impl PatchPlan {
    pub(super) fn new(
        schema: Arc<Schema>,
        edits: Vec<Edit>,
        warnings: Vec<PatchDiagnostic>,
    ) -> Self {
        Self { schema, edits, warnings }
    }

    /// Returns a warning for each accepted deviation from RFC 7644.
    #[must_use]
    pub fn warnings(&self) -> &[PatchDiagnostic] {
        &self.warnings
    }

    /// Applies all operations in turn. Returns whether they changed the resource.
    ///
    /// Takes time linear in the size of the resource and of the request, for each operation.
    ///
    /// # Errors
    /// Returns an error and leaves the resource unchanged if an operation
    ///
    /// - selects nothing (`noTarget`)
    /// - changes a read-only or immutable value, or removes the last value of a required attribute
    ///   (`mutability`)
    /// - marks several values as primary (`invalidValue`)
    ///
    /// ```
    /// use scieve::patch::{PatchRequest, ScimType};
    /// use scieve::scim;
    /// use serde_json::json;
    ///
    /// let mut group = json!({"displayName": "Tour Guides", "members": [{"value": "26118915"}]});
    /// let plan = PatchRequest::new()
    ///     .replace("displayName", "Guides")
    ///     .remove(r#"members[value eq "2819c223"]"#)
    ///     .check(scim::group_policy())?;
    /// let errors = plan.apply(&mut group).unwrap_err();
    /// assert_eq!(errors.scim_type(), ScimType::NoTarget);
    /// assert_eq!(group["displayName"], "Tour Guides");
    /// # Ok::<(), scieve::patch::PatchErrors>(())
    /// ```
    pub fn apply(&self, resource: &mut Value) -> Result<bool, PatchErrors> {
        let mut patched = resource.clone();
        for edit in &self.edits {
            let done = match &mut patched {
                Value::Object(resource) => edit.apply(resource, &self.schema),
                _ => Err(Problem::NotAnObject),
            };
            done.map_err(|problem| PatchErrors(vec![edit.diagnostic(&problem)]))?;
        }
        let is_changed = patched != *resource;
        if is_changed {
            *resource = patched;
        }
        Ok(is_changed)
    }
}

impl Edit {
    fn apply(&self, resource: &mut Map<String, Value>, schema: &Schema) -> Result<(), Problem> {
        match &self.target {
            Target::Extension(urn) => remove_extension(resource, schema, urn),
            Target::Attribute { attribute, .. } => {
                let Some(attribute) = schema.attribute(*attribute) else { return Ok(()) };
                let Some(urn) = attribute.urn() else {
                    return self.apply_to(resource, attribute, schema);
                };
                let was_assigned = get(resource, urn).is_some_and(is_assigned);
                let key = spelling(resource, urn).unwrap_or_else(|| urn.to_owned());
                let mut extension = match resource.get_mut(&key).map(Value::take) {
                    Some(Value::Object(extension)) => extension,
                    _ => Map::new(),
                };
                self.apply_to(&mut extension, attribute, schema)?;
                let is_assigned = extension.values().any(is_assigned);
                if is_assigned {
                    resource.insert(key, Value::Object(extension));
                } else {
                    resource.remove(&key);
                }
                if was_assigned != is_assigned {
                    list_schema(resource, urn, is_assigned);
                }
                Ok(())
            }
        }
    }

    /// Applies the edit to the object that contains the attribute.
    fn apply_to(
        &self,
        container: &mut Map<String, Value>,
        attribute: &Attribute,
        schema: &Schema,
    ) -> Result<(), Problem> {
        let key = spelling(container, attribute.name());
        let before = key.as_ref().and_then(|key| container.get(key)).cloned();
        let before = before.filter(is_assigned);
        let stored = key.as_ref().and_then(|key| container.get_mut(key)).map(Value::take);
        let after = self.change_attribute(stored.unwrap_or_default(), attribute, schema)?;
        let name = || attribute.to_string().into_boxed_str();
        match attribute.mutability() {
            Mutability::ReadOnly if before.as_ref() != after.as_ref() => {
                return Err(Problem::ReadOnly(name()));
            }
            Mutability::Immutable if before.is_some() && before.as_ref() != after.as_ref() => {
                return Err(Problem::Immutable(name()));
            }
            _ if attribute.is_required() && before.is_some() && after.is_none() => {
                return Err(Problem::Required(name()));
            }
            _ => {}
        }
        match after {
            Some(value) => set(container, attribute.name(), value),
            None => drop(remove(container, attribute.name())),
        }
        Ok(())
    }

    fn diagnostic(&self, problem: &Problem) -> PatchDiagnostic {
        let span = Span::new(0, self.path.len());
        let (code, scim_type, message) = match problem {
            Problem::NotAnObject => (
                Code::BadPatch,
                ScimType::InvalidSyntax,
                "the resource is not a JSON object".to_owned(),
            ),
            Problem::NoTarget => (
                Code::NoTarget,
                ScimType::NoTarget,
                format!("{} selects no value", quoted(&self.path)),
            ),
            Problem::ReadOnly(name) => {
                (Code::NotMutable, ScimType::Mutability, format!("{} is read-only", quoted(name)))
            }
            Problem::Immutable(name) => (
                Code::NotMutable,
                ScimType::Mutability,
                format!("{} is immutable and has a value", quoted(name)),
            ),
            Problem::Required(name) => (
                Code::RequiredAttribute,
                ScimType::Mutability,
                format!("{} is required and cannot be removed", quoted(name)),
            ),
            Problem::SeveralPrimaries(name) => (
                Code::SeveralPrimaries,
                ScimType::InvalidValue,
                format!("more than one value of {} is primary", quoted(name)),
            ),
        };
        let arguments = match problem {
            Problem::NotAnObject => Arguments::default(),
            Problem::NoTarget => Arguments::named(&self.path),
            Problem::ReadOnly(name)
            | Problem::Immutable(name)
            | Problem::Required(name)
            | Problem::SeveralPrimaries(name) => Arguments::named(name),
        };
        PatchDiagnostic {
            diagnostic: Diagnostic::new(code, span, message).with_arguments(arguments),
            scim_type,
            operation: Some(self.operation),
            path: self.path.clone(),
            pointer: self.pointer.clone(),
        }
    }
}

fn remove_extension(
    resource: &mut Map<String, Value>,
    schema: &Schema,
    urn: &str,
) -> Result<(), Problem> {
    let Some(Value::Object(extension)) = get(resource, urn) else { return Ok(()) };
    for attribute in schema.attributes() {
        if attribute.urn() == Some(urn)
            && attribute.parent().is_none()
            && matches!(attribute.mutability(), Mutability::Immutable | Mutability::ReadOnly)
            && get(extension, attribute.name()).is_some_and(is_assigned)
        {
            return Err(Problem::Immutable(attribute.to_string().into()));
        }
    }
    remove(resource, urn);
    list_schema(resource, urn, false);
    Ok(())
}

/// Adds a URN to `schemas` or removes it from there, if the resource has it.
fn list_schema(resource: &mut Map<String, Value>, urn: &str, is_listed: bool) {
    let Some(key) = spelling(resource, "schemas") else { return };
    let Some(Value::Array(schemas)) = resource.get_mut(&key) else { return };
    let is_this = |listed: &Value| listed.as_str().is_some_and(|it| it.eq_ignore_ascii_case(urn));
    if !is_listed {
        schemas.retain(|listed| !is_this(listed));
    } else if !schemas.iter().any(is_this) {
        schemas.push(urn.into());
    }
}
