//! One clause at a time: which attribute, is the question allowed there, and what does it mean.

use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::filter::{Clause, Literal, Path};
use crate::operator::{Operator, Operators};
use crate::plan::{self, Loose, Node, Predicate, Test};
use crate::policy::{FieldRule, MultiNe, Policy};
use crate::schema::{Attribute, AttributeId, Schema};
use crate::span::Span;
use crate::suggest;
use crate::value::{Case, IntegerLiteral, Kind, Needle, Value, base64, datetime, key, number};
use std::borrow::Cow;

/// What the check of one filter carries along.
pub(super) struct Resolver<'p, R: ?Sized> {
    pub(super) policy: &'p Policy<R>,
    /// The policy's schema; for a policy without one, the attributes that the filter named so far.
    pub(super) schema: Cow<'p, Schema>,
    pub(super) boolean_text: bool,
    pub(super) findings: Vec<Diagnostic>,
    /// How often each attribute with a cap was compared, and where it went over.
    pub(super) comparisons: Vec<(AttributeId, usize, Span)>,
}

impl<R: ?Sized> Resolver<'_, R> {
    fn report<T>(&mut self, finding: Diagnostic) -> Option<T> {
        self.findings.push(finding);
        None
    }

    /// The attribute that a path names, by itself or inside the brackets of `parent`; `None` once the fault is reported.
    pub(super) fn attribute(&mut self, path: Path<'_>, parent: Option<AttributeId>) -> Option<AttributeId> {
        if let Some(case) = self.policy.open {
            return self.open_attribute(path, parent, case);
        }
        match parent {
            Some(parent) => self.sub_attribute(path, parent),
            None => self.top_attribute(path),
        }
    }

    fn top_attribute(&mut self, path: Path<'_>) -> Option<AttributeId> {
        let urn = path.urn().filter(|urn| !self.schema.urn().is_some_and(|core| core.eq_ignore_ascii_case(urn)));
        let found = self.schema.find(urn, path.name(), path.sub_attribute()).map(Attribute::id);
        match found.filter(|id| !self.is_hidden(*id)) {
            Some(_) if path.urn().is_some() && !self.policy.urns => {
                let finding = Diagnostic::new(Code::UrnNotAllowed, path.span(), "schema URNs before attributes are not allowed here");
                let bare = path.as_str().get(path.urn().map_or(0, |urn| urn.len() + 1)..).unwrap_or("");
                self.report(finding.with_help(format!("write `{bare}`")))
            }
            Some(id) => Some(id),
            None => {
                let finding = self.unknown(path);
                self.report(finding)
            }
        }
    }

    fn sub_attribute(&mut self, path: Path<'_>, parent: AttributeId) -> Option<AttributeId> {
        let schema = &self.schema;
        let complex = schema.attribute(parent)?;
        let own_urn = path.urn().is_none();
        let found = match complex.kind() {
            Kind::Complex => schema.find(complex.urn(), complex.name(), Some(path.name())).map(Attribute::id),
            // Inside the brackets of an attribute with simple values, `value` is the value itself.
            _ => path.name().eq_ignore_ascii_case("value").then_some(parent),
        };
        match found.filter(|id| own_urn && !self.is_hidden(*id)) {
            Some(id) => Some(id),
            None => {
                let (shown, complex) = (quoted(path.as_str()), complex.to_string());
                let allowed = self.visible().filter(|known| known.parent() == Some(parent)).filter_map(Attribute::sub_attribute);
                let help = did_you_mean(path.name(), allowed.collect(), "the sub-attributes are");
                let finding = Diagnostic::new(Code::UnknownAttribute, path.span(), format!("`{complex}` has no sub-attribute {shown}"));
                self.report(finding.with_help(help))
            }
        }
    }

    fn unknown(&self, path: Path<'_>) -> Diagnostic {
        let finding = Diagnostic::new(Code::UnknownAttribute, path.span(), format!("unknown attribute {}", quoted(path.as_str())));
        let visible = || self.visible().filter(|known| self.is_filterable(known.id()));
        let bare = |known: &&Attribute| known.path().eq_ignore_ascii_case(path.as_str());
        if self.schema.urns().any(|urn| urn.eq_ignore_ascii_case(path.as_str())) {
            return finding.with_help("that is a whole schema; name one of its attributes after a colon");
        }
        if let Some(extension) = visible().find(bare).filter(|known| known.urn().is_some()) {
            return finding.with_help(format!("attributes of an extension carry its URN: `{extension}`"));
        }
        let candidates: Vec<String> = visible().map(ToString::to_string).collect();
        finding.with_help(did_you_mean(path.as_str(), candidates.iter().map(String::as_str).collect(), "the attributes are"))
    }

    fn visible(&self) -> impl Iterator<Item = &Attribute> {
        self.schema.attributes().filter(|attribute| !self.is_hidden(attribute.id()))
    }

    fn rule(&self, id: AttributeId) -> Option<FieldRule> {
        match self.policy.open {
            Some(_) => self.schema.attribute(id).map(FieldRule::of),
            None => self.policy.rule(id).copied(),
        }
    }

    fn is_hidden(&self, id: AttributeId) -> bool {
        let hidden = |id| self.rule(id).is_none_or(|rule| rule.hidden);
        hidden(id) || self.schema.attribute(id).and_then(Attribute::parent).is_some_and(hidden)
    }

    fn is_filterable(&self, id: AttributeId) -> bool {
        self.rule(id).is_some_and(|rule| !rule.operators.is_empty())
    }

    /// Without a schema, an attribute is whatever the filter names.
    fn open_attribute(&mut self, path: Path<'_>, parent: Option<AttributeId>, case: Case) -> Option<AttributeId> {
        let outer = parent.and_then(|id| self.schema.attribute(id)).map(|outer| (outer.urn().map(str::to_owned), outer.name().to_owned()));
        let (urn, name, sub) = match (&outer, path.sub_attribute()) {
            (Some((urn, name)), _) => (urn.as_deref(), name.as_str(), Some(path.name())),
            (None, sub) => (path.urn(), path.name(), sub),
        };
        if let Some(known) = self.schema.find(urn, name, sub) {
            return Some(known.id());
        }
        let schema = self.schema.to_mut();
        let named = |path: &str| {
            let attribute = Attribute::new(path, Kind::Any).multi_valued().case_exact(case == Case::Exact);
            urn.map_or(attribute.clone(), |urn| attribute.in_extension(urn))
        };
        if sub.is_some() && schema.find(urn, name, None).is_none() {
            schema.add(named(name)).ok()?;
        }
        schema.add(named(&sub.map_or_else(|| name.to_owned(), |sub| format!("{name}.{sub}")))).ok()
    }

    /// What a clause means; `None` once its faults are reported.
    pub(super) fn clause(&mut self, clause: &Clause<'_>, parent: Option<AttributeId>) -> Option<Node> {
        let named = self.attribute(clause.path(), parent)?;
        let operator = clause.operator();
        let literal = clause.literal();
        let presence = operator == Operator::Pr || literal == Some(Literal::Null);
        let id = if presence { named } else { self.compared(named, clause)? };
        let attribute = self.schema.attribute(id)?.clone();
        self.allowed(&attribute, clause)?;
        if operator.takes_value() {
            self.count(id, clause.path().span());
        }
        let test = |predicate| Node::Test(Test { attribute: id, case: attribute.case(), predicate });
        match (operator, literal) {
            (Operator::Pr, _) | (_, None) => Some(test(Predicate::Present)),
            (Operator::Eq, Some(Literal::Null)) => self.null_allowed(clause).map(|()| plan::not(test(Predicate::Present))),
            (_, Some(Literal::Null)) => self.null_allowed(clause).map(|()| test(Predicate::Present)),
            (_, Some(literal)) => self.comparison(&attribute, clause, literal).map(|meaning| match meaning {
                Meaning::Test(predicate) => test(predicate),
                Meaning::Not(predicate) => plan::not(test(predicate)),
            }),
        }
    }

    /// The attribute that a comparison is about: for a complex attribute, its sub-attribute `value`.
    fn compared(&mut self, id: AttributeId, clause: &Clause<'_>) -> Option<AttributeId> {
        let attribute = self.schema.attribute(id)?;
        if attribute.kind() != Kind::Complex {
            return Some(id);
        }
        let value = self.schema.find(attribute.urn(), attribute.name(), Some("value")).map(Attribute::id);
        if let Some(value) = value.filter(|value| !self.is_hidden(*value)) {
            return Some(value);
        }
        let parts: Vec<String> = self.visible().filter(|known| known.parent() == Some(id)).map(ToString::to_string).collect();
        let message = format!("{} is complex; compare one of its sub-attributes", quoted(clause.path().as_str()));
        let finding = Diagnostic::new(Code::ComplexAttribute, clause.path().span(), message);
        self.report(if parts.is_empty() {
            finding
        } else {
            finding.with_help(format!("such as {}", list(parts.iter().map(String::as_str))))
        })
    }

    fn allowed(&mut self, attribute: &Attribute, clause: &Clause<'_>) -> Option<()> {
        let operator = clause.operator();
        let null = clause.literal() == Some(Literal::Null) && attribute.kind() == Kind::Complex;
        if !Operators::of_kind(attribute.kind()).contains(operator) && !null {
            let kind = attribute.kind();
            let message = format!("{} is {kind}; its values do not take `{operator}`", quoted(attribute.path()));
            let finding = Diagnostic::new(Code::OperatorForType, clause.operator_span(), message);
            return self.report(finding.with_help(format!("{kind} attributes take {}", Operators::of_kind(kind))));
        }
        let rule = self.rule(attribute.id())?;
        if rule.operators.contains(operator) || (null && !rule.operators.is_empty()) {
            return Some(());
        }
        let shown = quoted(attribute.path());
        let (finding, help) = if rule.operators.is_empty() {
            let usable: Vec<&str> = self.visible().filter(|known| self.is_filterable(known.id())).map(Attribute::path).collect();
            let under: Vec<&str> = usable
                .iter()
                .copied()
                .filter(|path| path.strip_prefix(attribute.path()).is_some_and(|rest| rest.starts_with('.')))
                .collect();
            let help = format!("filter by {}", list(if under.is_empty() { usable } else { under }.into_iter()));
            (Diagnostic::new(Code::OperatorNotAllowed, clause.path().span(), format!("filters cannot use {shown}")), help)
        } else {
            let message = format!("`{operator}` is not allowed on {shown}");
            (Diagnostic::new(Code::OperatorNotAllowed, clause.operator_span(), message), format!("{shown} takes {}", rule.operators))
        };
        self.report(finding.with_help(help))
    }

    fn count(&mut self, id: AttributeId, place: Span) {
        let Some(most) = self.rule(id).and_then(|rule| rule.max_count) else { return };
        match self.comparisons.iter_mut().find(|(known, ..)| *known == id) {
            Some((_, count, first_over)) => {
                *count += 1;
                if *count == most + 1 {
                    *first_over = place;
                }
            }
            None => self.comparisons.push((id, 1, place)),
        }
    }

    fn null_allowed(&mut self, clause: &Clause<'_>) -> Option<()> {
        if self.policy.null {
            return Some(());
        }
        let finding = Diagnostic::new(Code::NullNotAllowed, clause.literal_span(), "`null` is not allowed here");
        self.report(finding.with_help("compare with a value"))
    }

    fn comparison(&mut self, attribute: &Attribute, clause: &Clause<'_>, literal: Literal<'_>) -> Option<Meaning> {
        let operator = clause.operator();
        let ne = match (operator, attribute.yields_many(), self.policy.multi_ne) {
            (Operator::Ne, true, MultiNe::AnyValueDiffers) => Ne::Differs,
            _ => Ne::NotEqual,
        };
        let meaning = match (attribute.kind(), literal) {
            (Kind::Any, literal) => return Some(loose(operator, literal, attribute.case())),
            (Kind::String | Kind::Reference, Literal::String(text)) => Ok(text_test(operator, text, attribute.case(), ne)),
            (Kind::Boolean, Literal::Boolean(value)) => Ok(exact(operator, Value::Boolean(value), ne)),
            (Kind::Boolean, Literal::String(text)) if self.boolean_text && boolean(text).is_some() => {
                let value = text.eq_ignore_ascii_case("true");
                let span = clause.literal_span();
                let finding = Diagnostic::new(Code::AcceptedBooleanText, span, format!("a string for the Boolean `{value}`"));
                self.findings.push(finding.replace(span, value.to_string()));
                Ok(exact(operator, Value::Boolean(value), ne))
            }
            (Kind::Integer, Literal::Number(text)) => Ok(integer_test(operator, number::integer(text), ne)),
            (Kind::Decimal, Literal::Number(text)) => match number::decimal(text) {
                Some(number) => Ok(exact(operator, Value::Decimal(number), ne)),
                None => Err(Diagnostic::new(Code::NumberTooLarge, clause.literal_span(), "the number is beyond what a decimal holds")
                    .with_help("decimals are IEEE 754 binary64: up to about 1.8e308")),
            },
            (Kind::DateTime, Literal::String(text)) => match datetime::parse(text) {
                Some(instant) => Ok(instant_test(operator, instant, ne)),
                None => Err(Diagnostic::new(Code::BadDateTime, clause.literal_span(), format!("{} is no date and time", quoted(text)))
                    .with_help("write it as in `\"2011-05-13T04:42:34Z\"`")),
            },
            (Kind::Binary, Literal::String(text)) => match base64::decode(text) {
                Some(bytes) => Ok(exact(operator, Value::Binary(bytes.into()), ne)),
                None => Err(Diagnostic::new(Code::BadBinary, clause.literal_span(), format!("{} is no base64", quoted(text)))
                    .with_help("binary values are written in base64 or base64url")),
            },
            (kind, _) => Err(wrong_type(attribute, kind, clause, literal)),
        };
        meaning.map_err(|finding| self.findings.push(finding)).ok()
    }
}

/// A predicate, or its negation.
enum Meaning {
    Test(Predicate),
    Not(Predicate),
}

/// What `ne` means: on attributes with several values, that one differs.
#[derive(Clone, Copy)]
enum Ne {
    NotEqual,
    Differs,
}

fn exact(operator: Operator, value: Value, ne: Ne) -> Meaning {
    Meaning::Test(match (operator, ne) {
        (Operator::Eq, _) => Predicate::Equal(value),
        (Operator::Ne, Ne::Differs) => Predicate::Differs(value),
        (Operator::Ne, Ne::NotEqual) => return Meaning::Not(Predicate::Equal(value)),
        (Operator::Gt, _) => Predicate::Greater(value),
        (Operator::Ge, _) => Predicate::GreaterOrEqual(value),
        (Operator::Lt, _) => Predicate::Less(value),
        (Operator::Le, _) => Predicate::LessOrEqual(value),
        // Only texts are looked into; `allowed` has refused the rest.
        _ => Predicate::Never,
    })
}

fn text_test(operator: Operator, text: &str, case: Case, ne: Ne) -> Meaning {
    let folded: Box<str> = match case {
        Case::Exact => text.into(),
        Case::Ignore => key(text).into(),
    };
    Meaning::Test(match operator {
        // Every text contains the empty one, begins and ends with it.
        Operator::Co | Operator::Sw | Operator::Ew if folded.is_empty() => Predicate::Present,
        Operator::Co => Predicate::Contains(Box::new(Needle::new(folded, case))),
        Operator::Sw => Predicate::StartsWith(folded),
        Operator::Ew => Predicate::EndsWith(folded),
        _ => return exact(operator, Value::Text(folded), ne),
    })
}

/// An integer against a number of any size and precision, exactly.
fn integer_test(operator: Operator, literal: IntegerLiteral, ne: Ne) -> Meaning {
    let below = match literal {
        IntegerLiteral::Exact(number) => return exact(operator, Value::Integer(number), ne),
        IntegerLiteral::Between(floor) => return between(operator, Value::Integer(floor)),
        IntegerLiteral::Below => true,
        IntegerLiteral::Above => false,
    };
    match operator {
        Operator::Ne => Meaning::Not(Predicate::Never),
        Operator::Gt | Operator::Ge if below => Meaning::Test(Predicate::Present),
        Operator::Lt | Operator::Le if !below => Meaning::Test(Predicate::Present),
        _ => Meaning::Test(Predicate::Never),
    }
}

/// An instant; one between two microseconds equals no stored one.
fn instant_test(operator: Operator, instant: datetime::DateTime, ne: Ne) -> Meaning {
    let floor = Value::DateTime(instant.micros);
    if instant.residue { between(operator, floor) } else { exact(operator, floor, ne) }
}

/// A literal that lies between `floor` and the next value that can be stored: none equals it, all differ from it.
fn between(operator: Operator, floor: Value) -> Meaning {
    match operator {
        Operator::Ne => Meaning::Not(Predicate::Never),
        Operator::Gt | Operator::Ge => Meaning::Test(Predicate::Greater(floor)),
        Operator::Lt | Operator::Le => Meaning::Test(Predicate::LessOrEqual(floor)),
        _ => Meaning::Test(Predicate::Never),
    }
}

fn loose(operator: Operator, literal: Literal<'_>, case: Case) -> Meaning {
    let literal = match literal {
        Literal::String(text) => {
            let folded = if case == Case::Exact { text.into() } else { key(text).into() };
            Loose::Text { key: folded, instant: datetime::parse(text) }
        }
        Literal::Number(text) => Loose::Number(text.into()),
        Literal::Boolean(value) => Loose::Boolean(value),
        Literal::Null => return Meaning::Test(Predicate::Never),
    };
    Meaning::Test(Predicate::Loose(operator, literal))
}

fn wrong_type(attribute: &Attribute, kind: Kind, clause: &Clause<'_>, literal: Literal<'_>) -> Diagnostic {
    let (given, quoted_as) = match literal {
        Literal::String(_) => ("a string", None),
        Literal::Number(text) => ("a number", Some(text.to_owned())),
        Literal::Boolean(value) => ("a Boolean", Some(value.to_string())),
        Literal::Null => ("null", None),
    };
    let message = format!("{} is {kind} and cannot be compared with {given}", quoted(attribute.path()));
    let finding = Diagnostic::new(Code::WrongType, clause.literal_span(), message);
    finding.with_help(match (kind, literal) {
        (Kind::String | Kind::Reference, _) => match quoted_as {
            Some(text) => format!("write it in double quotes: `\"{text}\"`"),
            None => "write a string in double quotes".into(),
        },
        (Kind::Boolean, Literal::String(text)) if boolean(text).is_some() => {
            format!("write it without quotes: `{}`", text.to_ascii_lowercase())
        }
        (Kind::Boolean, _) => "write `true` or `false`".into(),
        (Kind::Integer | Kind::Decimal, _) => "write a number without quotes".into(),
        (Kind::DateTime, _) => "write it as in `\"2011-05-13T04:42:34Z\"`".into(),
        _ => "write a string in double quotes".into(),
    })
}

fn boolean(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
}

/// The nearest name, or a few of those there are.
fn did_you_mean(word: &str, names: Vec<&str>, otherwise: &str) -> String {
    match suggest::nearest(word, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "there is none to filter by".into(),
        None => format!("{otherwise} {}", list(names.into_iter())),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let mut names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let text = names.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}
