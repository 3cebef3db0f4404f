//! Checks the values of operations against the types of the schema, and converts them to the spelling
//! of the schema.

use super::check::{Checker, Op};
use super::error::ScimType;
use super::target::{Shape, SubAttribute, declared, sub_attribute};
use crate::check::unknown_value;
use crate::diagnostic::{Arguments, Code, Diagnostic, quoted};
use crate::policy::UnknownValues;
use crate::schema::{Attribute, kept_number_of};
use crate::span::Span;
use crate::suggest;
use crate::value::{AttributeType, DateTime, base64, number, parse_boolean};
use serde_json::{Map, Value};

impl<'c> Checker<'c> {
    /// Checks the value of an operation on an attribute, or on its sub-attribute `sub`, of all
    /// elements or of those that a filter selects.
    ///
    /// Values of multi-valued attributes become arrays. Returns `Null` to unassign the attribute.
    pub(super) fn value(
        &mut self,
        attribute: &Attribute,
        sub: Option<Shape<'_>>,
        is_selected: bool,
        op: Op,
        value: &Value,
        pointer: &str,
    ) -> Option<Value> {
        let shape = sub.unwrap_or(Shape::of(attribute));
        let name = match sub {
            Some(sub) => format!("{attribute}.{}", sub.name),
            None => attribute.to_string(),
        };
        let of = Described { shape, name: &name, attribute: sub.is_none().then_some(attribute) };
        if !shape.multi_valued || (is_selected && sub.is_none()) {
            return self.one(&of, op, value, pointer);
        }
        let values = match value {
            Value::Array(elements) => {
                let mut values = Vec::with_capacity(elements.len());
                let mut ok = true;
                for (index, element) in elements.iter().enumerate() {
                    let pointer = format!("{pointer}/{index}");
                    match self.element(&of, op, element, &pointer) {
                        Some(element) => values.push(element),
                        None => ok = false,
                    }
                }
                ok.then_some(values)?
            }
            Value::Null => return Some(Value::Null),
            single => vec![self.element(&of, op, single, pointer)?],
        };
        let is_primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
        if values.iter().filter(is_primary).count() > 1 {
            let message = format!("more than one value of {} is primary", quoted(&name));
            return self.invalid(Code::SeveralPrimaries, &name, pointer, message);
        }
        Some(Value::Array(values))
    }

    /// Checks an element of a multi-valued attribute.
    fn element(
        &mut self,
        of: &Described<'_>,
        op: Op,
        value: &Value,
        pointer: &str,
    ) -> Option<Value> {
        if value.is_null() {
            return self.wrong_type(of, value, pointer);
        }
        self.single(of, Nulls::Omitted, op != Op::Remove, value, pointer)
    }

    /// Checks the value of a single-valued attribute, or of the elements that a filter selects.
    fn one(&mut self, of: &Described<'_>, op: Op, value: &Value, pointer: &str) -> Option<Value> {
        let nulls = if op == Op::Replace { Nulls::Unassign } else { Nulls::Omitted };
        match value {
            Value::Null => Some(Value::Null),
            Value::Array(values) => match &**values {
                [] if op == Op::Replace => Some(Value::Null),
                [value] if self.policy.syntax.patch_wrapped_values => {
                    self.warn(
                        Code::AcceptedWrappedValue,
                        of.name,
                        pointer,
                        format!("array instead of a value of {}", quoted(of.name)),
                    );
                    let is_simple = of.shape.attribute_type != AttributeType::Complex;
                    let value = value.get("value").filter(|_| is_simple).unwrap_or(value);
                    self.single(of, nulls, false, value, pointer)
                }
                _ => self.wrong_type(of, value, pointer),
            },
            value => self.single(of, nulls, false, value, pointer),
        }
    }

    /// Checks one value, simple or complex.
    fn single(
        &mut self,
        of: &Described<'_>,
        nulls: Nulls,
        is_whole: bool,
        value: &Value,
        pointer: &str,
    ) -> Option<Value> {
        match (of.shape.attribute_type, of.attribute) {
            (AttributeType::Any, _) => Some(value.clone()),
            (AttributeType::Complex, Some(attribute)) => match value {
                Value::Object(members) => {
                    self.complex(attribute, nulls, is_whole, members, pointer)
                }
                value => self.wrapped(of, attribute, value, pointer),
            },
            _ => self.simple(&of.shape, of.name, value, pointer),
        }
    }

    /// Checks a simple value of a complex attribute: providers send its `value`.
    fn wrapped(
        &mut self,
        of: &Described<'_>,
        attribute: &Attribute,
        value: &Value,
        pointer: &str,
    ) -> Option<Value> {
        let sub = sub_attribute(self.schema, attribute, "value");
        let shape = sub.and_then(|sub| Shape::of_sub_attribute(self.schema, sub));
        let Some(shape) = shape.filter(|_| self.policy.syntax.patch_wrapped_values) else {
            return self.wrong_type(of, value, pointer);
        };
        let value = self.simple(&shape, of.name, value, pointer)?;
        let message = format!("simple value instead of an object of {}", quoted(of.name));
        self.warn(Code::AcceptedWrappedValue, of.name, pointer, message);
        Some(Value::Object(Map::from_iter([(shape.name.to_owned(), value)])))
    }

    fn complex(
        &mut self,
        attribute: &Attribute,
        nulls: Nulls,
        is_whole: bool,
        members: &Map<String, Value>,
        pointer: &str,
    ) -> Option<Value> {
        let schema = self.schema;
        if declared(schema, attribute.id()).next().is_none() {
            return Some(Value::Object(members.clone()));
        }
        let mut object = Map::new();
        let mut ok = true;
        for (name, value) in members {
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            let Some(sub) = sub_attribute(schema, attribute, name) else {
                ok = false;
                self.unknown_sub_attribute(attribute, name, &pointer);
                continue;
            };
            match self.sub_value(attribute, sub, nulls, value, &pointer) {
                Some((name, _)) if object.contains_key(name) => {
                    let message = format!("two members are named {}", quoted(name));
                    self.invalid::<()>(Code::WrongType, name, &pointer, message);
                    ok = false;
                }
                Some((_, Value::Null)) if nulls == Nulls::Omitted => {}
                Some((name, value)) => drop(object.insert(name.to_owned(), value)),
                None => ok = false,
            }
        }
        for required in declared(schema, attribute.id()).filter(|sub| is_whole && sub.is_required())
        {
            if required.sub_attribute().is_some_and(|name| !object.contains_key(name)) {
                let message = format!("`{required}` is required");
                self.invalid::<()>(Code::MissingValue, &required.to_string(), pointer, message);
                ok = false;
            }
        }
        ok.then_some(Value::Object(object))
    }

    /// Checks a sub-attribute of a complex value. Returns its name in the schema.
    fn sub_value(
        &mut self,
        attribute: &Attribute,
        sub: SubAttribute,
        nulls: Nulls,
        value: &Value,
        pointer: &str,
    ) -> Option<(&'c str, Value)> {
        let shape = Shape::of_sub_attribute(self.schema, sub)?;
        let name = format!("{attribute}.{}", shape.name);
        let of = Described { shape, name: &name, attribute: None };
        let value = match value {
            Value::Null => Value::Null,
            Value::Array(elements) if shape.multi_valued => {
                let elements =
                    elements.iter().map(|element| self.single(&of, nulls, false, element, pointer));
                match elements.collect::<Option<Vec<_>>>()? {
                    elements if elements.is_empty() => Value::Null,
                    elements => Value::Array(elements),
                }
            }
            value if shape.multi_valued => {
                Value::Array(vec![self.single(&of, nulls, false, value, pointer)?])
            }
            value => self.single(&of, nulls, false, value, pointer)?,
        };
        Some((shape.name, value))
    }

    fn unknown_sub_attribute(&mut self, attribute: &Attribute, name: &str, pointer: &str) {
        let message = format!("`{attribute}` has no sub-attribute {}", quoted(name));
        let error = Diagnostic::new(Code::UnknownAttribute, Span::default(), message)
            .with_arguments(Arguments::named(&format!("{attribute}.{name}")));
        let names = declared(self.schema, attribute.id()).filter_map(Attribute::sub_attribute);
        let error = match suggest::nearest(name, names) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        };
        self.report::<()>(ScimType::InvalidValue, pointer, error);
    }

    /// Checks a value that is not complex.
    pub(super) fn simple(
        &mut self,
        shape: &Shape<'_>,
        name: &str,
        value: &Value,
        pointer: &str,
    ) -> Option<Value> {
        let attribute_type = shape.attribute_type;
        let is_valid = match (attribute_type, value) {
            (AttributeType::String | AttributeType::Reference, Value::String(_))
            | (AttributeType::Boolean, Value::Bool(_))
            | (AttributeType::Decimal, Value::Number(_))
            | (AttributeType::Any, _) => true,
            (AttributeType::Boolean, Value::String(text)) if self.policy.syntax.boolean_text => {
                let Some(boolean) = parse_boolean(text) else {
                    return self.wrong_simple_type(shape, name, value, pointer);
                };
                let message = format!("string instead of the Boolean `{boolean}`");
                self.warn(Code::AcceptedBooleanText, name, pointer, message);
                return Some(Value::Bool(boolean));
            }
            (AttributeType::Integer, Value::Number(number)) => {
                number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            (AttributeType::Integer, Value::Object(_)) => {
                kept_number_of(value).is_some_and(number::is_whole)
            }
            (AttributeType::Decimal, Value::Object(_)) => {
                kept_number_of(value).and_then(number::decimal).is_some()
            }
            (AttributeType::DateTime, Value::String(text)) => {
                if DateTime::parse(text).is_none() {
                    let message = format!("{} is not a date and time", quoted(text));
                    return self.invalid(Code::BadDateTime, name, pointer, message);
                }
                true
            }
            (AttributeType::Binary, Value::String(text)) => {
                if base64::decode(text).is_none() {
                    let message = format!("the value of {} is not base64", quoted(name));
                    return self.invalid(Code::BadBinary, name, pointer, message);
                }
                true
            }
            _ => false,
        };
        if !is_valid {
            return self.wrong_simple_type(shape, name, value, pointer);
        }
        self.check_canonical(shape, value, pointer)?;
        Some(value.clone())
    }

    /// Compares a string with the canonical values, which are suggestions unless the policy refuses
    /// others.
    fn check_canonical(&mut self, shape: &Shape<'_>, value: &Value, pointer: &str) -> Option<()> {
        let schema = self.schema;
        let (Some(id), Value::String(text)) = (shape.declared, value) else { return Some(()) };
        let Some(diagnostic) =
            schema.attribute(id).and_then(|known| unknown_value(known, text, Span::default()))
        else {
            return Some(());
        };
        let unknown = self.policy.rule(id).map(|rule| rule.unknown_values);
        if unknown == Some(UnknownValues::Refuse) {
            return self.report(ScimType::InvalidValue, pointer, diagnostic.into_error());
        }
        self.report::<()>(ScimType::InvalidValue, pointer, diagnostic);
        Some(())
    }

    fn wrong_simple_type(
        &mut self,
        shape: &Shape<'_>,
        name: &str,
        value: &Value,
        pointer: &str,
    ) -> Option<Value> {
        self.wrong_type(&Described { shape: *shape, name, attribute: None }, value, pointer)
    }

    fn wrong_type<T>(&mut self, of: &Described<'_>, value: &Value, pointer: &str) -> Option<T> {
        let number = match of.shape.attribute_type {
            AttributeType::Integer => "a fraction",
            AttributeType::Decimal => "a number beyond binary64",
            _ => "a number",
        };
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "a Boolean",
            Value::Number(_) => number,
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) if kept_number_of(value).is_some() => number,
            Value::Object(_) => "an object",
        };
        let message =
            format!("{} is of type {}, not {found}", quoted(of.name), of.shape.attribute_type);
        let arguments = Arguments {
            attribute_type: Some(of.shape.attribute_type),
            ..Arguments::named(of.name)
        };
        let error = Diagnostic::new(Code::WrongType, Span::default(), message);
        self.report(ScimType::InvalidValue, pointer, error.with_arguments(arguments))
    }

    fn invalid<T>(
        &mut self,
        code: Code,
        attribute: &str,
        pointer: &str,
        message: String,
    ) -> Option<T> {
        let error = Diagnostic::new(code, Span::default(), message)
            .with_arguments(Arguments::named(attribute));
        self.report(ScimType::InvalidValue, pointer, error)
    }

    fn warn(&mut self, code: Code, attribute: &str, pointer: &str, message: String) {
        self.invalid::<()>(code, attribute, pointer, message);
    }
}

/// The attribute or sub-attribute that a value is checked against.
struct Described<'a> {
    shape: Shape<'a>,
    /// The path, for messages.
    name: &'a str,
    /// The attribute, unless it is a sub-attribute.
    attribute: Option<&'a Attribute>,
}

/// The meaning of a `null` member of a complex value.
#[derive(Clone, Copy, PartialEq)]
enum Nulls {
    /// The same as no member.
    Omitted,
    /// Removes the sub-attribute.
    Unassign,
}
