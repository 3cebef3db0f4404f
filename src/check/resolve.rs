//! One clause at a time: which attribute, is the question allowed there, and what does it mean.

use super::grouping::Grouping;
use super::meaning::{self, Meaning, Ne, Subject};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::filter::{Clause, Literal, Path};
use crate::operator::{Operator, Operators};
use crate::plan::{self, Node, Predicate, Test};
use crate::policy::{FieldRule, MultiNe, Policy};
use crate::schema::{Attribute, AttributeId, Schema};
use crate::span::Span;
use crate::suggest;
use crate::value::{Case, Kind, Value};
use std::borrow::Cow;

/// What the check of one filter carries along.
pub(super) struct Resolver<'p, 'f, R: ?Sized> {
    pub(super) policy: &'p Policy<R>,
    /// The policy's schema; for a policy without one, the attributes that the filter named so far.
    pub(super) schema: Cow<'p, Schema>,
    pub(super) boolean_text: bool,
    /// How many clauses the filter has.
    pub(super) clauses: usize,
    pub(super) last: Option<Known<'f>>,
    pub(super) grouping: Grouping,
    pub(super) findings: Vec<Diagnostic>,
    /// How often each attribute with a cap was compared, and where it went over.
    pub(super) comparisons: Vec<(AttributeId, usize, Span)>,
    /// The names that nobody knows, each with the help that was found for it.
    pub(super) unknown: Vec<(String, String)>,
}

/// What there is to know of the attribute of a clause. That of the last one is kept: filters ask for the same again and again.
#[derive(Clone, Copy)]
pub(super) struct Known<'f> {
    path: &'f str,
    named: AttributeId,
    /// Of what is compared: of a complex attribute, its sub-attribute `value`.
    subject: Subject,
    rule: FieldRule,
}

/// What a clause asks. Most compare texts by `eq`, and many of these become one list.
pub(super) enum Asked {
    Equal(AttributeId, Case, Value),
    Node(Node),
}

impl Asked {
    pub(super) fn node(self) -> Node {
        match self {
            Self::Equal(attribute, case, value) => Node::Test(Test::new(attribute, case, Predicate::Equal(value))),
            Self::Node(node) => node,
        }
    }
}

/// So many different unknown names get help; a filter with more is not a slip, and looking for what is near costs time.
const HELPED: usize = 16;

impl<'f, R: ?Sized> Resolver<'_, 'f, R> {
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
        if path.urn().is_some() && !self.policy.urns {
            let finding = Diagnostic::new(Code::UrnNotAllowed, path.span(), "schema URNs before attributes are not allowed here");
            let bare = path.as_str().get(path.urn().map_or(0, |urn| urn.len() + 1)..).unwrap_or("");
            return self.report(finding.with_help(format!("write the name alone: {}", quoted(bare))));
        }
        let found = match self.schema.extension(path.urn()) {
            None if path.urn().is_none() => self.schema.find_bare(path.as_str()),
            urn => self.schema.find(urn, path.name(), path.sub_attribute()),
        };
        match found.map(Attribute::id).filter(|id| !self.is_hidden(*id)) {
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

    fn unknown(&mut self, path: Path<'_>) -> Diagnostic {
        let finding = Diagnostic::new(Code::UnknownAttribute, path.span(), format!("unknown attribute {}", quoted(path.as_str())));
        if let Some((_, help)) = self.unknown.iter().find(|(known, _)| known == path.as_str()) {
            return finding.with_help(help.clone());
        }
        if self.unknown.len() == HELPED {
            return finding;
        }
        let help = self.help_on_unknown(path);
        self.unknown.push((path.as_str().to_owned(), help.clone()));
        finding.with_help(help)
    }

    fn help_on_unknown(&self, path: Path<'_>) -> String {
        let visible = || self.visible().filter(|known| self.is_filterable(known.id()));
        let bare = |known: &&Attribute| known.path().eq_ignore_ascii_case(path.as_str());
        if self.schema.urns().any(|urn| urn.eq_ignore_ascii_case(path.as_str())) {
            return "that is a whole schema; name one of its attributes after a colon".into();
        }
        if let Some(extension) = visible().find(bare).filter(|known| known.urn().is_some()) {
            return format!("attributes of an extension carry its URN: `{extension}`");
        }
        let candidates: Vec<String> = visible().map(ToString::to_string).collect();
        did_you_mean(path.as_str(), candidates.iter().map(String::as_str).collect(), "the attributes are")
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

    /// What a clause asks; `None` once its faults are reported.
    pub(super) fn clause(&mut self, clause: &Clause<'f>, parent: Option<AttributeId>) -> Option<Asked> {
        let literal = clause.literal();
        let Known { named, subject, rule, .. } = match self.last {
            Some(last) if parent.is_none() && last.path == clause.path().as_str() => last,
            _ => self.look_up(clause, literal, parent)?,
        };
        if parent.is_none() {
            self.grouping.take(named);
        }
        let operator = clause.operator();
        if operator.takes_value() {
            self.count(subject.id, rule, clause.path());
        }
        // Both are looked at before either refuses, so that a clause shows all its faults at once.
        let allowed = rule.operators.contains(operator) || self.allowed(subject, rule, clause);
        match (operator, literal) {
            (Operator::Eq, Some(Literal::String(text))) if matches!(subject.kind, Kind::String | Kind::Reference) => {
                allowed.then(|| Asked::Equal(subject.id, subject.case, Value::Text(meaning::folded(text, subject.case))))
            }
            _ => self.other_clause(clause, literal, subject).filter(|_| allowed).map(Asked::Node),
        }
    }

    fn other_clause(&mut self, clause: &Clause<'f>, literal: Option<Literal<'f>>, subject: Subject) -> Option<Node> {
        let operator = clause.operator();
        let test = |predicate| Node::Test(Test::new(subject.id, subject.case, predicate));
        match (operator, literal) {
            (Operator::Pr, _) | (_, None) => Some(test(Predicate::Present)),
            (_, Some(Literal::Null)) => {
                self.null_allowed(clause)?;
                let present = test(Predicate::Present);
                Some(if operator == Operator::Eq { plan::not(present) } else { present })
            }
            (_, Some(literal)) => self.comparison(subject, clause, literal).map(|meaning| match meaning {
                Meaning::Test(predicate) => test(predicate),
                Meaning::Not(predicate) => plan::not(test(predicate)),
            }),
        }
    }

    fn look_up(&mut self, clause: &Clause<'f>, literal: Option<Literal<'f>>, parent: Option<AttributeId>) -> Option<Known<'f>> {
        let path = clause.path();
        let named = self.attribute(path, parent)?;
        let presence = matches!(literal, None | Some(Literal::Null));
        let id = if presence { named } else { self.compared(named, clause)? };
        let subject = self.schema.attribute(id).map(Subject::of)?;
        let known = Known { path: path.as_str(), named, subject, rule: self.rule(id)? };
        // What a complex attribute means depends on the operator.
        if parent.is_none() && named == id && subject.kind != Kind::Complex {
            self.last = Some(known);
        }
        Some(known)
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

    /// Whether the rule allows an operator that it does not list; if not, that is reported.
    #[cold]
    fn allowed(&mut self, Subject { id, kind, .. }: Subject, rule: FieldRule, clause: &Clause<'_>) -> bool {
        let operator = clause.operator();
        let null = clause.literal() == Some(Literal::Null) && kind == Kind::Complex;
        if null && !rule.operators.is_empty() {
            return true;
        }
        let shown = quoted(clause.path().as_str());
        if !Operators::of_kind(kind).contains(operator) && !null {
            let message = format!("{shown} is of type {kind}, whose values do not take `{operator}`");
            let finding = Diagnostic::new(Code::OperatorForType, clause.operator_span(), message);
            self.findings.push(finding.with_help(format!("{kind} attributes take {}", Operators::of_kind(kind))));
            return false;
        }
        let path = self.schema.attribute(id).map_or("", Attribute::path);
        let (finding, help) = if rule.operators.is_empty() {
            let usable: Vec<&str> = self.visible().filter(|known| self.is_filterable(known.id())).map(Attribute::path).collect();
            let under: Vec<&str> =
                usable.iter().copied().filter(|usable| usable.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))).collect();
            let help = format!("filter by {}", list(if under.is_empty() { usable } else { under }.into_iter()));
            (Diagnostic::new(Code::OperatorNotAllowed, clause.path().span(), format!("filters cannot use {shown}")), help)
        } else {
            let message = format!("`{operator}` is not allowed on {shown}");
            (Diagnostic::new(Code::OperatorNotAllowed, clause.operator_span(), message), format!("{shown} takes {}", rule.operators))
        };
        self.findings.push(finding.with_help(help));
        false
    }

    fn count(&mut self, id: AttributeId, rule: FieldRule, path: Path<'_>) {
        // A filter with no more clauses than that cannot go over.
        let Some(most) = rule.max_count.filter(|most| *most < self.clauses) else { return };
        match self.comparisons.iter_mut().find(|(known, ..)| *known == id) {
            Some((_, count, first_over)) => {
                *count += 1;
                if *count == most + 1 {
                    *first_over = path.span();
                }
            }
            None => self.comparisons.push((id, 1, path.span())),
        }
    }

    fn null_allowed(&mut self, clause: &Clause<'_>) -> Option<()> {
        if self.policy.null {
            return Some(());
        }
        let finding = Diagnostic::new(Code::NullNotAllowed, clause.literal_span(), "`null` is not allowed here");
        self.report(finding.with_help("compare with a value"))
    }

    fn comparison(&mut self, subject: Subject, clause: &Clause<'_>, literal: Literal<'_>) -> Option<Meaning> {
        let ne = match (subject.many, self.policy.multi_ne) {
            (true, MultiNe::AnyValueDiffers) => Ne::Differs,
            _ => Ne::NotEqual,
        };
        if let (Kind::Boolean, Literal::String(text), true) = (subject.kind, literal, self.boolean_text)
            && let Some(value) = meaning::boolean(text)
        {
            let span = clause.literal_span();
            let finding = Diagnostic::new(Code::AcceptedBooleanText, span, format!("a string for the Boolean `{value}`"));
            self.findings.push(finding.replace(span, value.to_string()));
            return Some(meaning::exact(clause.operator(), Value::Boolean(value), ne));
        }
        meaning::of(subject, clause, literal, ne).map_err(|finding| self.findings.push(finding)).ok()
    }
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
