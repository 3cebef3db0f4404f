//! One clause at a time: which attribute, is the question allowed there, and what does it mean.

use super::grouping::Grouping;
use super::meaning::{self, Meaning, Ne, Subject};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::filter::{Clause, Literal, Path};
use crate::operator::{Operator, Operators};
use crate::plan::{self, Node, Predicate, Test};
use crate::policy::{MultiNe, Policy};
use crate::schema::{Attribute, AttributeId, Schema};
use crate::span::Span;
use crate::suggest;
use crate::value::{AttributeType, CaseSensitivity, Value};
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
    parent: Option<AttributeId>,
    named: AttributeId,
    /// Of what is compared: of a complex attribute, its sub-attribute `value`.
    subject: Subject,
    operators: Operators,
    max_count: Option<usize>,
    takes_equal_texts: bool,
}

/// What a clause asks. Most compare texts by `eq`, and many of these become one list.
pub(super) enum Asked<'f> {
    Equal(AttributeId, CaseSensitivity, &'f str),
    Node(Node),
}

impl Asked<'_> {
    pub(super) fn node(self) -> Node {
        match self {
            Self::Equal(attribute, case, text) => plan::equal_text(attribute, case, text),
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
    #[inline]
    pub(super) fn attribute(
        &mut self,
        path: Path<'_>,
        parent: Option<AttributeId>,
    ) -> Option<AttributeId> {
        match (self.policy.open, parent) {
            (Some(case), _) => self.open_attribute(path, parent, case),
            (None, Some(parent)) => self.sub_attribute(path, parent),
            (None, None) if path.urn().is_some() && !self.policy.urns => self.urn_not_allowed(path),
            (None, None) => {
                let found = self
                    .schema
                    .find_in(self.schema.extension(path.urn()), path.without_urn())
                    .map(Attribute::id);
                found.filter(|id| !self.is_hidden(*id)).or_else(|| self.unknown(path))
            }
        }
    }

    #[cold]
    fn urn_not_allowed(&mut self, path: Path<'_>) -> Option<AttributeId> {
        let finding = Diagnostic::new(
            Code::UrnNotAllowed,
            path.span(),
            "schema URNs before attributes are not allowed here",
        );
        self.report(
            finding.with_help(format!("write the name alone: {}", quoted(path.without_urn()))),
        )
    }

    #[inline(never)]
    fn sub_attribute(&mut self, path: Path<'_>, parent: AttributeId) -> Option<AttributeId> {
        let schema = &self.schema;
        let complex = schema.attribute(parent)?;
        let own_urn = path.urn().is_none();
        let found = match complex.kind() {
            AttributeType::Complex => {
                schema.find(complex.urn(), complex.name(), Some(path.name())).map(Attribute::id)
            }
            // Inside the brackets of an attribute with simple values, `value` is the value itself.
            _ => path.name().eq_ignore_ascii_case("value").then_some(parent),
        };
        match found.filter(|id| own_urn && !self.is_hidden(*id)) {
            Some(id) => Some(id),
            None => {
                let (shown, complex) = (quoted(path.as_str()), complex.to_string());
                let allowed = self
                    .visible()
                    .filter(|known| known.parent() == Some(parent))
                    .filter_map(Attribute::sub_attribute);
                let help = did_you_mean(path.name(), allowed.collect(), "the sub-attributes are");
                let finding = Diagnostic::new(
                    Code::UnknownAttribute,
                    path.span(),
                    format!("`{complex}` has no sub-attribute {shown}"),
                );
                self.report(finding.with_help(help))
            }
        }
    }

    #[cold]
    fn unknown(&mut self, path: Path<'_>) -> Option<AttributeId> {
        let finding = Diagnostic::new(
            Code::UnknownAttribute,
            path.span(),
            format!("unknown attribute {}", quoted(path.as_str())),
        );
        let known = self
            .unknown
            .iter()
            .find(|(known, _)| known == path.as_str())
            .map(|(_, help)| help.clone());
        let help = match known {
            Some(help) => help,
            None if self.unknown.len() == HELPED => return self.report(finding),
            None => {
                let help = self.help_on_unknown(path);
                self.unknown.push((path.as_str().to_owned(), help.clone()));
                help
            }
        };
        self.report(finding.with_help(help))
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
        did_you_mean(
            path.as_str(),
            candidates.iter().map(String::as_str).collect(),
            "the attributes are",
        )
    }

    fn visible(&self) -> impl Iterator<Item = &Attribute> {
        self.schema.attributes().filter(|attribute| !self.is_hidden(attribute.id()))
    }

    /// Without a schema nothing is hidden.
    fn is_hidden(&self, id: AttributeId) -> bool {
        let hidden = |id| self.policy.rule(id).is_none_or(|rule| rule.hidden);
        let parent = || self.schema.attribute(id).and_then(Attribute::parent);
        self.policy.open.is_none() && (hidden(id) || parent().is_some_and(hidden))
    }

    fn is_filterable(&self, id: AttributeId) -> bool {
        self.policy.rule(id).is_some_and(|rule| !rule.operators.is_empty())
    }

    /// Without a schema, an attribute is whatever the filter names.
    #[inline(never)]
    fn open_attribute(
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
        let schema = self.schema.to_mut();
        let named = |path: &str| {
            let attribute = Attribute::new(path, AttributeType::Any)
                .multi_valued()
                .case_exact(case == CaseSensitivity::Exact);
            urn.map_or(attribute.clone(), |urn| attribute.in_extension(urn))
        };
        if let Some((name, _)) = whole.split_once('.')
            && schema.find_in(urn, name).is_none()
        {
            schema.add(named(name)).ok()?;
        }
        schema.add(named(whole)).ok()
    }

    /// What a clause asks; `None` once its faults are reported.
    #[inline(always)]
    pub(super) fn clause(
        &mut self,
        clause: &Clause<'f>,
        parent: Option<AttributeId>,
    ) -> Option<Asked<'f>> {
        let path = clause.path();
        if !self
            .last
            .as_ref()
            .is_some_and(|last| last.path == path.as_str() && last.parent == parent)
        {
            self.look_up(path, clause, parent)?;
        }
        let known = self.last.as_ref()?;
        let Subject { id, case, .. } = known.subject;
        let takes_equal_texts = known.takes_equal_texts;
        if parent.is_none() {
            self.grouping.take(known.named);
        }
        // A filter with no more clauses than that cannot go over.
        if let Some(most) =
            known.max_count.filter(|most| *most < self.clauses && clause.operator().takes_value())
        {
            self.count(id, most, path);
        }
        if takes_equal_texts
            && clause.operator() == Operator::Eq
            && let Some(Literal::String(text)) = clause.literal()
        {
            return Some(Asked::Equal(id, case, text));
        }
        self.other_clause(clause).map(Asked::Node)
    }

    /// The same for all but the equality of texts, once the attribute is looked up.
    #[inline(never)]
    fn other_clause(&mut self, clause: &Clause<'f>) -> Option<Node> {
        let Known { subject, operators, .. } = self.last?;
        let operator = clause.operator();
        // Both are looked at before either refuses, so that a clause shows all its faults at once.
        let allowed = operators.contains(operator) || self.allowed(subject, operators, clause);
        let test = |predicate| Node::Test(Test::new(subject.id, subject.case, predicate));
        let meant = match (operator, clause.literal()) {
            (Operator::Pr, _) | (_, None) => test(Predicate::Present),
            (_, Some(Literal::Null)) => {
                self.null_allowed(clause)?;
                let present = test(Predicate::Present);
                if operator == Operator::Eq { plan::not(present) } else { present }
            }
            (_, Some(literal)) => match self.comparison(subject, clause, literal)? {
                Meaning::Test(predicate) => test(predicate),
                Meaning::Not(predicate) => plan::not(test(predicate)),
            },
        };
        allowed.then_some(meant)
    }

    /// Makes the attribute of the clause the last one.
    #[inline(never)]
    fn look_up(
        &mut self,
        path: Path<'f>,
        clause: &Clause<'f>,
        parent: Option<AttributeId>,
    ) -> Option<()> {
        let named = self.attribute(path, parent)?;
        let presence = matches!(clause.literal(), None | Some(Literal::Null));
        let id = if presence { named } else { self.compared(named, clause)? };
        let subject = self.schema.attribute(id).map(Subject::of)?;
        let (operators, max_count) = match self.policy.open {
            Some(_) => (Operators::of_kind(subject.kind), None),
            None => self.policy.rule(id).map(|rule| (rule.operators, rule.max_count))?,
        };
        let is_text = matches!(subject.kind, AttributeType::String | AttributeType::Reference);
        let takes_equal_texts = is_text && operators.contains(Operator::Eq);
        // What a complex attribute means depends on the operator, so that it is looked up each time.
        let path =
            if named == id && subject.kind != AttributeType::Complex { path.as_str() } else { "" };
        self.last =
            Some(Known { path, parent, named, subject, operators, max_count, takes_equal_texts });
        Some(())
    }

    /// The attribute that a comparison is about: for a complex attribute, its sub-attribute `value`.
    fn compared(&mut self, id: AttributeId, clause: &Clause<'_>) -> Option<AttributeId> {
        match self.schema.attribute(id)?.kind() {
            AttributeType::Complex => self.value_of(id, clause),
            _ => Some(id),
        }
    }

    #[inline(never)]
    fn value_of(&mut self, id: AttributeId, clause: &Clause<'_>) -> Option<AttributeId> {
        let attribute = self.schema.attribute(id)?;
        let value =
            self.schema.find(attribute.urn(), attribute.name(), Some("value")).map(Attribute::id);
        if let Some(value) = value.filter(|value| !self.is_hidden(*value)) {
            return Some(value);
        }
        let parts: Vec<String> = self
            .visible()
            .filter(|known| known.parent() == Some(id))
            .map(ToString::to_string)
            .collect();
        let message = format!(
            "{} is complex; compare one of its sub-attributes",
            quoted(clause.path().as_str())
        );
        let finding = Diagnostic::new(Code::ComplexAttribute, clause.path().span(), message);
        self.report(if parts.is_empty() {
            finding
        } else {
            finding.with_help(format!("such as {}", list(parts.iter().map(String::as_str))))
        })
    }

    /// Whether the rule allows an operator that it does not list; if not, that is reported.
    #[cold]
    fn allowed(
        &mut self,
        Subject { id, kind, .. }: Subject,
        operators: Operators,
        clause: &Clause<'_>,
    ) -> bool {
        let operator = clause.operator();
        let null = clause.literal() == Some(Literal::Null) && kind == AttributeType::Complex;
        if null && !operators.is_empty() {
            return true;
        }
        let shown = quoted(clause.path().as_str());
        if !Operators::of_kind(kind).contains(operator) && !null {
            let message =
                format!("{shown} is of type {kind}, whose values do not take `{operator}`");
            let finding = Diagnostic::new(Code::OperatorForType, clause.operator_span(), message);
            self.findings.push(
                finding.with_help(format!("{kind} attributes take {}", Operators::of_kind(kind))),
            );
            return false;
        }
        let path = self.schema.attribute(id).map_or("", Attribute::path);
        let (finding, help) = if operators.is_empty() {
            let usable: Vec<&str> = self
                .visible()
                .filter(|known| self.is_filterable(known.id()))
                .map(Attribute::path)
                .collect();
            let under: Vec<&str> = usable
                .iter()
                .copied()
                .filter(|usable| {
                    usable.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
                })
                .collect();
            let help = format!(
                "filter by {}",
                list(if under.is_empty() { usable } else { under }.into_iter())
            );
            (
                Diagnostic::new(
                    Code::OperatorNotAllowed,
                    clause.path().span(),
                    format!("filters cannot use {shown}"),
                ),
                help,
            )
        } else {
            let message = format!("`{operator}` is not allowed on {shown}");
            (
                Diagnostic::new(Code::OperatorNotAllowed, clause.operator_span(), message),
                format!("{shown} takes {}", operators),
            )
        };
        self.findings.push(finding.with_help(help));
        false
    }

    /// Counts a comparison of an attribute of which the filter has so many clauses that they could be too many.
    fn count(&mut self, id: AttributeId, most: usize, path: Path<'_>) {
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
        let finding = Diagnostic::new(
            Code::NullNotAllowed,
            clause.literal_span(),
            "`null` is not allowed here",
        );
        self.report(finding.with_help("compare with a value"))
    }

    fn comparison(
        &mut self,
        subject: Subject,
        clause: &Clause<'_>,
        literal: Literal<'_>,
    ) -> Option<Meaning> {
        let ne = match (subject.many, self.policy.multi_ne) {
            (true, MultiNe::AnyValueDiffers) => Ne::Differs,
            _ => Ne::NotEqual,
        };
        if let (AttributeType::Boolean, Literal::String(text), true) =
            (subject.kind, literal, self.boolean_text)
            && let Some(value) = meaning::boolean(text)
        {
            let span = clause.literal_span();
            let finding = Diagnostic::new(
                Code::AcceptedBooleanText,
                span,
                format!("a string for the Boolean `{value}`"),
            );
            self.findings.push(finding.replace(span, value.to_string()));
            return Some(meaning::exact(clause.operator(), Value::Boolean(value), ne));
        }
        meaning::of(subject, clause, literal, ne)
            .map_err(|finding| self.findings.push(finding))
            .ok()
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
