//! Checks the operations of a request against a policy.

use super::apply::PatchPlan;
use super::change::{Change, Edit, Target};
use super::error::{PatchDiagnostic, PatchErrors, ScimType};
use super::request::{PatchOperation, PatchRequest};
use super::target::Shape;
use crate::diagnostic::{Arguments, Code, Diagnostic, Severity, quoted};
use crate::policy::Policy;
use crate::schema::{Mutability, Schema};
use crate::span::Span;
use crate::suggest;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// The operations of RFC 7644 section 3.5.2.
const OPERATIONS: [&str; 3] = ["add", "remove", "replace"];

impl PatchRequest {
    /// Checks every operation against the schema and the dialect of a policy.
    ///
    /// The rules of the policy apply to the filters in brackets, except that brackets are always
    /// allowed. Hidden attributes do not exist, except those that are only hidden because they are
    /// never returned, such as a password.
    ///
    /// # Errors
    /// Returns every error of the request:
    ///
    /// - an operation other than `add`, `remove` and `replace`
    /// - a path that is not well-formed or not in the schema
    /// - a filter in brackets that the policy does not accept
    /// - a value that is missing, is of another type, or names an unknown attribute
    /// - the removal of a required attribute, and any change of a read-only one
    ///
    /// ```
    /// use scieve::patch::PatchRequest;
    /// use scieve::scim;
    ///
    /// let request = PatchRequest::new()
    ///     .remove("userName")
    ///     .replace("active", "yes")
    ///     .add("emials", "x");
    /// let errors = request.check(scim::user_policy()).unwrap_err();
    /// let types: Vec<_> = errors.iter().map(|error| error.scim_type().name()).collect();
    /// assert_eq!(types, ["mutability", "invalidValue", "invalidPath"]);
    /// ```
    pub fn check(&self, policy: &Policy<Value>) -> Result<PatchPlan, PatchErrors> {
        let filters = match policy.value_paths {
            true => Cow::Borrowed(policy),
            false => Cow::Owned(policy.clone().allow_value_paths(true)),
        };
        let mut checker = Checker {
            policy: &filters,
            schema: &policy.schema,
            operation: 0,
            path: Cow::Borrowed(""),
            edits: Vec::new(),
            diagnostics: Vec::new(),
        };
        for (index, operation) in self.operations().iter().enumerate() {
            checker.operation = index;
            checker.path = Cow::Borrowed(operation.path.as_deref().unwrap_or_default());
            // The errors are reported; the next operation is checked in any case.
            let _ = checker.operation(operation);
        }
        let Checker { edits, diagnostics, .. } = checker;
        let is_error = |one: &PatchDiagnostic| one.diagnostic.severity() == Severity::Error;
        match diagnostics.iter().any(is_error) {
            true => Err(PatchErrors(diagnostics)),
            false => Ok(PatchPlan::new(Arc::clone(&policy.schema), edits, diagnostics)),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Op {
    Add,
    Replace,
    Remove,
}

/// The state of the check of one request.
pub(super) struct Checker<'c> {
    pub(super) policy: &'c Policy<Value>,
    pub(super) schema: &'c Schema,
    operation: usize,
    /// The path of the operation, or the name of the member that is a path.
    pub(super) path: Cow<'c, str>,
    edits: Vec<Edit>,
    diagnostics: Vec<PatchDiagnostic>,
}

impl<'c> Checker<'c> {
    /// Adds a diagnostic and returns `None`.
    pub(super) fn report<T>(
        &mut self,
        scim_type: ScimType,
        pointer: &str,
        diagnostic: Diagnostic,
    ) -> Option<T> {
        self.diagnostics.push(PatchDiagnostic {
            diagnostic,
            scim_type,
            operation: Some(self.operation),
            path: (*self.path).into(),
            pointer: pointer.into(),
        });
        None
    }

    fn whole_path(&self) -> Span {
        Span::new(0, self.path.len())
    }

    /// Reports an error about the path as a whole.
    fn path_error<T>(&mut self, scim_type: ScimType, code: Code, message: String) -> Option<T> {
        let diagnostic = Diagnostic::new(code, self.whole_path(), message);
        self.report(scim_type, "/path", diagnostic)
    }

    fn operation(&mut self, operation: &PatchOperation) -> Option<()> {
        let op = self.op(&operation.op)?;
        let value = match &operation.value {
            Some(Value::Null) if op != Op::Replace => None,
            value => value.as_ref(),
        };
        if op != Op::Remove && value.is_none() {
            let message = format!("`{}` needs a value", operation.op.to_ascii_lowercase());
            let error = Diagnostic::new(Code::MissingValue, self.whole_path(), message);
            return self.report(ScimType::InvalidValue, "/value", error);
        }
        let Some(path) = operation.path.as_deref() else {
            return match value {
                Some(value) if op != Op::Remove => self.members(None, op, value, "/value"),
                _ => {
                    let error = Diagnostic::new(
                        Code::MissingPath,
                        Span::default(),
                        "`remove` needs a path",
                    );
                    self.report(ScimType::NoTarget, "", error)
                }
            };
        };
        match self.schema.urns().find(|urn| urn.eq_ignore_ascii_case(path.trim())) {
            Some(urn) => self.schema_operation(urn, op, value),
            None => {
                let target = self.target(path, "/path")?;
                self.check_mutability(&target, "/path")?;
                self.change(target, op, value, "/value")
            }
        }
    }

    fn op(&mut self, written: &str) -> Option<Op> {
        let op = match written.to_ascii_lowercase().as_str() {
            "add" => Op::Add,
            "replace" => Op::Replace,
            "remove" => Op::Remove,
            other => {
                let message = format!("unknown operation {}", quoted(written));
                let help = suggest::nearest(other, OPERATIONS.into_iter());
                let help = help.map_or("expected `add`, `remove` or `replace`".into(), |near| {
                    format!("did you mean `{near}`?")
                });
                let error = unknown_operation(written, message).with_help(help);
                return self.report(ScimType::InvalidSyntax, "/op", error);
            }
        };
        let lowercase = written.to_ascii_lowercase();
        if written != lowercase {
            let help = format!("write `{lowercase}`");
            if !self.policy.syntax.patch_op_case {
                let message = format!("unknown operation {}", quoted(written));
                let error = unknown_operation(written, message).with_help(help);
                return self.report(ScimType::InvalidSyntax, "/op", error);
            }
            let message = format!("{} instead of `{lowercase}`", quoted(written));
            let code = Code::AcceptedOperationCase;
            let warning = Diagnostic::new(code, Span::default(), message).with_help(help);
            self.report::<()>(ScimType::InvalidSyntax, "/op", warning);
        }
        Some(op)
    }

    /// Checks an operation whose path is the URN of a schema.
    fn schema_operation(&mut self, urn: &'c str, op: Op, value: Option<&Value>) -> Option<()> {
        let is_core = self.schema.extension(Some(urn)).is_none();
        match value {
            Some(value) if op != Op::Remove && !value.is_null() => {
                self.members(Some(urn), op, value, "/value")
            }
            _ if is_core => {
                let message = "the attributes of the core schema cannot be removed at once";
                self.path_error(ScimType::InvalidPath, Code::NotMutable, message.into())
            }
            Some(value) if !value.is_null() => self.refuse_remove_value(),
            _ => {
                self.push(Target::Extension(urn.into()), Change::Remove, "/path");
                Some(())
            }
        }
    }

    /// Checks a value that contains attributes of the resource or of an extension.
    fn members(
        &mut self,
        urn: Option<&'c str>,
        op: Op,
        value: &Value,
        pointer: &str,
    ) -> Option<()> {
        let Value::Object(members) = value else {
            let message = "without the path of an attribute, the value is an object of attributes";
            let error = Diagnostic::new(Code::WrongType, self.whole_path(), message);
            return self.report(ScimType::InvalidValue, pointer, error);
        };
        let mut names = HashSet::new();
        for (name, value) in members {
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            if !names.insert(name.to_ascii_lowercase()) {
                let message = format!("two members are named {}", quoted(name));
                let error = Diagnostic::new(Code::WrongType, Span::default(), message)
                    .with_arguments(Arguments::named(name));
                self.report::<()>(ScimType::InvalidValue, &pointer, error);
                continue;
            }
            // Errors are reported; the next member is checked in any case.
            let _ = self.member(urn, op, name, value, &pointer);
        }
        Some(())
    }

    fn member(
        &mut self,
        urn: Option<&'c str>,
        op: Op,
        name: &str,
        value: &Value,
        pointer: &str,
    ) -> Option<()> {
        if urn.is_none()
            && let Some(urn) = self.schema.urns().find(|urn| urn.eq_ignore_ascii_case(name))
        {
            return match value {
                Value::Null if op == Op::Add => Some(()),
                Value::Null => {
                    self.push(Target::Extension(urn.into()), Change::Remove, pointer);
                    Some(())
                }
                value => self.members(Some(urn), op, value, pointer),
            };
        }
        if value.is_null() && op == Op::Add {
            return Some(());
        }
        let extension = self.schema.extension(urn);
        let schema = self.schema;
        // Some clients send the URN of an extension with its attributes.
        let is_own_urn =
            || matches!(value, Value::Array(urns) if urns.iter().all(|it| it.as_str() == urn));
        if extension.is_some() && name == "schemas" && is_own_urn() {
            return Some(());
        }
        let found = schema
            .find(extension, name, None)
            .filter(|found| self.is_writable(found))
            .or_else(|| self.without_urn(urn, name, Span::default(), pointer));
        match found {
            Some(attribute) => {
                let target =
                    Target::Attribute { attribute: attribute.id(), sub: None, selector: None };
                // `schemas` lists what the resource contains; a partial list must not remove from
                // it.
                let is_schemas = extension.is_none() && name.eq_ignore_ascii_case("schemas");
                let op = if is_schemas { Op::Add } else { op };
                self.change(target, op, Some(value), pointer)
            }
            None if self.policy.syntax.patch_path_keys && is_path(name) => {
                let path = extension.map_or(name.to_owned(), |urn| format!("{urn}:{name}"));
                self.path_member(op, path, value, pointer)
            }
            None => self.unknown_member(extension, name, pointer),
        }
    }

    /// Checks a member whose name is a path.
    fn path_member(&mut self, op: Op, path: String, value: &Value, pointer: &str) -> Option<()> {
        let outer = std::mem::replace(&mut self.path, Cow::Owned(path.clone()));
        let message = format!("path {} as the name of a member", quoted(&path));
        let warning = Diagnostic::new(Code::AcceptedPathKey, self.whole_path(), message)
            .with_help("write it as the `path` of an operation");
        self.report::<()>(ScimType::InvalidValue, pointer, warning);
        let target = self.target(&path, pointer);
        let changed = target.and_then(|target| self.change(target, op, Some(value), pointer));
        self.path = outer;
        changed
    }

    fn unknown_member(&mut self, extension: Option<&str>, name: &str, pointer: &str) -> Option<()> {
        let error = Diagnostic::new(
            Code::UnknownAttribute,
            Span::default(),
            format!("unknown attribute {}", quoted(name)),
        )
        .with_arguments(Arguments::named(name));
        let error = match self.help_on_unknown(extension, name) {
            Some(help) => error.with_help(help),
            None if name.contains(['.', '[', ':']) => {
                error.with_help("write it as the `path` of an operation")
            }
            None => error,
        };
        self.report(ScimType::InvalidValue, pointer, error)
    }

    /// Reports an attribute that no operation can change.
    fn check_mutability(&mut self, target: &Target, pointer: &str) -> Option<()> {
        let Target::Attribute { attribute, sub, .. } = target else { return Some(()) };
        let schema = self.schema;
        let attribute = schema.attribute(*attribute)?;
        let sub = sub.and_then(|sub| Shape::of_sub_attribute(schema, sub));
        let is_read_only = |mutability| mutability == Mutability::ReadOnly;
        if is_read_only(attribute.mutability())
            || sub.is_some_and(|sub| is_read_only(sub.mutability))
        {
            let message = format!("{} is read-only", quoted(&self.path));
            let error = Diagnostic::new(Code::NotMutable, self.whole_path(), message)
                .with_arguments(Arguments::named(&self.path));
            return self.report(ScimType::Mutability, pointer, error);
        }
        Some(())
    }

    /// Checks the value of an operation on a target.
    fn change(
        &mut self,
        target: Target,
        op: Op,
        value: Option<&Value>,
        pointer: &str,
    ) -> Option<()> {
        let Target::Attribute { attribute, sub, selector } = &target else { return None };
        let schema = self.schema;
        let attribute = schema.attribute(*attribute)?;
        let sub = sub.and_then(|sub| Shape::of_sub_attribute(schema, sub));
        let change = match (op, value) {
            (Op::Remove, None) => Change::Remove,
            (Op::Remove, Some(_)) if !self.policy.syntax.patch_remove_value => {
                return self.refuse_remove_value();
            }
            (Op::Remove, Some(value)) => {
                if selector.is_some() {
                    return self.refuse_remove_value();
                }
                let checked = self.value(attribute, sub, false, Op::Remove, value, pointer)?;
                let message = "`remove` with a value instead of a filter in its path";
                let code = Code::AcceptedRemoveValue;
                let warning = Diagnostic::new(code, self.whole_path(), message);
                self.report::<()>(ScimType::InvalidValue, pointer, warning);
                Change::RemoveValues(match checked {
                    Value::Array(values) => values,
                    value => vec![value],
                })
            }
            (_, None) => return None,
            (op, Some(value)) => {
                let is_selected = selector.is_some();
                match self.value(attribute, sub, is_selected, op, value, pointer)? {
                    Value::Null => Change::Remove,
                    Value::Array(values) if values.is_empty() && op == Op::Replace => {
                        Change::Remove
                    }
                    value if op == Op::Add => Change::Add(value),
                    value => Change::Replace(value),
                }
            }
        };
        let is_required = sub.map_or(attribute.is_required(), |sub| sub.required);
        if matches!(change, Change::Remove) && is_required && (selector.is_none() || sub.is_some())
        {
            let name = sub.map_or(attribute.name(), |sub| sub.name);
            let message = format!("{} is required and cannot be removed", quoted(name));
            let error = Diagnostic::new(Code::RequiredAttribute, self.whole_path(), message)
                .with_arguments(Arguments::named(name));
            return self.report(ScimType::Mutability, pointer, error);
        }
        self.push(target, change, pointer);
        Some(())
    }

    fn refuse_remove_value(&mut self) -> Option<()> {
        let error =
            Diagnostic::new(Code::RemoveWithValue, self.whole_path(), "`remove` takes no value");
        let help =
            "select what to remove by a filter in the path, such as `members[value eq \"x\"]`";
        self.report(ScimType::InvalidValue, "/value", error.with_help(help))
    }

    fn push(&mut self, target: Target, change: Change, pointer: &str) {
        self.edits.push(Edit {
            operation: self.operation,
            path: (*self.path).into(),
            pointer: pointer.into(),
            target,
            change,
        });
    }
}

fn unknown_operation(written: &str, message: String) -> Diagnostic {
    let arguments = Arguments {
        literal: Some(written.into()),
        allowed: OPERATIONS.map(Into::into).into(),
        ..Arguments::default()
    };
    Diagnostic::new(Code::UnknownOperation, Span::default(), message).with_arguments(arguments)
}

/// Returns whether the name of a member is more than an attribute name.
fn is_path(name: &str) -> bool {
    name.contains(['.', '[', ':'])
}
