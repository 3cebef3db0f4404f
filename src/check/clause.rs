//! Translates clauses: the operator against the rule of the attribute, the literal to a predicate.

use super::Checker;
use super::interpret::{self, ComparedAttribute, NeSemantics};
use super::resolve::list;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::filter::{Clause, Literal};
use crate::operator::{Operator, Operators};
use crate::plan::{self, Node, Predicate};
use crate::policy::{FieldRule, MultiNe, UnknownValues};
use crate::schema::{Attribute, AttributeId};
use crate::value::{AttributeType, CaseSensitivity, Value, swar};

/// The attribute that a path names, with its rule.
#[derive(Clone, Copy)]
pub(super) struct ResolvedAttribute<'f> {
    /// The path that names it; empty if the same path can name another attribute in the next
    /// clause.
    path: &'f str,
    parent: Option<AttributeId>,
    named: AttributeId,
    /// The attribute that is compared: of a complex attribute, its sub-attribute `value`.
    compared: ComparedAttribute,
    operators: Operators,
    /// The maximum number of comparisons, if the filter has enough clauses to exceed it.
    max_count: Option<usize>,
    /// True if it can be compared with a string by `eq`.
    takes_string_equality: bool,
}

impl ResolvedAttribute<'_> {
    /// The attribute of a clause that has no value in any record.
    fn absent(parent: Option<AttributeId>) -> Self {
        Self {
            path: "",
            parent,
            named: AttributeId::ABSENT,
            compared: ComparedAttribute::ABSENT,
            operators: Operators::NONE,
            max_count: None,
            takes_string_equality: false,
        }
    }

    pub(super) fn compared_id(&self) -> AttributeId {
        self.compared.id
    }
}

/// The kind of a clause.
pub(super) enum ClauseKind<'f> {
    /// The attribute equals a string.
    // PERF: in a chain of `or` it becomes an operand of a list without a predicate of its own.
    // Without this variant, `check` executes 69 % more instructions on F7 and 29 % on F2.
    StringEquality(AttributeId, CaseSensitivity, &'f str),
    /// Any other clause on the last attribute. [`Checker::other_clause`] translates it.
    Other,
}

impl<'f, R: ?Sized> Checker<'_, 'f, R> {
    /// Resolves the attribute of a clause and returns the kind of the clause. Returns `None` if the
    /// attribute is in error, which is reported.
    // PERF: the path of an equality of strings on the last attribute is inlined, everything else is
    // out of line. With `#[inline]` throughout, `check` executes 7 % more instructions on F7.
    #[inline(always)]
    pub(super) fn clause(
        &mut self,
        clause: &Clause<'f>,
        parent: Option<AttributeId>,
    ) -> Option<ClauseKind<'f>> {
        let path = clause.path();
        let is_last = |last: &ResolvedAttribute<'f>| {
            swar::equal(last.path.as_bytes(), path.as_str().as_bytes()) && last.parent == parent
        };
        if !self.last.as_ref().is_some_and(is_last) {
            self.look_up(clause, parent);
        }
        let attribute = self.last.as_ref()?;
        if parent.is_none() {
            self.group_rules.add_clause(attribute.named);
        }
        let ComparedAttribute { id, case, .. } = attribute.compared;
        let takes_string_equality = attribute.takes_string_equality;
        if let Some(max) = attribute.max_count
            && clause.operator().takes_value()
        {
            self.count_comparison(id, max, path);
        }
        if takes_string_equality
            && clause.operator() == Operator::Eq
            && let Some(Literal::String(string)) = clause.literal()
        {
            return Some(ClauseKind::StringEquality(id, case, string));
        }
        Some(ClauseKind::Other)
    }

    /// Translates a clause on the last attribute that is not an equality of strings. Returns `None`
    /// if it has errors; all of them are reported.
    // PERF: see `clause`.
    #[inline(never)]
    pub(super) fn other_clause(&mut self, clause: &Clause<'f>) -> Option<Node> {
        let ResolvedAttribute { compared, operators, .. } = self.last?;
        if compared.id == AttributeId::ABSENT {
            return self.absent_clause(clause);
        }
        // Check both the operator and the literal before returning, to report the errors of both.
        let allowed =
            operators.contains(clause.operator()) || self.allowed(compared, operators, clause);
        let mut node = self.node(compared, clause);
        if !allowed {
            node = None;
        }
        node
    }

    /// Translates a clause whose operator is checked elsewhere.
    #[inline]
    fn node(&mut self, attribute: ComparedAttribute, clause: &Clause<'f>) -> Option<Node> {
        match (clause.operator(), clause.literal()) {
            (Operator::Pr, _) | (_, None) => Some(attribute.test(Predicate::Present)),
            (operator, Some(Literal::Null)) => {
                self.null_allowed(clause)?;
                let present = attribute.test(Predicate::Present);
                Some(if operator == Operator::Eq { plan::not(present) } else { present })
            }
            (Operator::Eq | Operator::Ne, Some(Literal::String(value)))
                if self.policy.rule(attribute.id).is_some_and(has_closed_values)
                    && self.check_value(attribute.id, value, clause.literal_span()).is_none() =>
            {
                None
            }
            (_, Some(literal)) => self.comparison(attribute, clause, literal),
        }
    }

    /// Translates a clause on an attribute that has no value in any record.
    #[cold]
    fn absent_clause(&mut self, clause: &Clause<'f>) -> Option<Node> {
        let never = plan::never(AttributeId::ABSENT);
        Some(match (clause.operator(), clause.literal()) {
            (Operator::Eq, Some(Literal::Null)) => {
                self.null_allowed(clause)?;
                plan::not(never)
            }
            (Operator::Ne, Some(Literal::Null)) => {
                self.null_allowed(clause)?;
                never
            }
            (Operator::Ne, Some(_)) => plan::not(never),
            _ => never,
        })
    }

    /// Resolves the attribute of the clause and stores it as the last one. Stores `None` if the
    /// clause is in error.
    // PERF: see `clause`.
    #[inline(never)]
    pub(super) fn look_up(&mut self, clause: &Clause<'f>, parent: Option<AttributeId>) {
        self.last = self.resolve(clause, parent);
        if self.last.is_none() && parent.is_none() {
            self.group_rules.add_invalid_clause(clause.path(), &self.schema);
        }
    }

    fn resolve(
        &mut self,
        clause: &Clause<'f>,
        parent: Option<AttributeId>,
    ) -> Option<ResolvedAttribute<'f>> {
        let path = clause.path();
        let reported = self.diagnostics.len();
        let named = self.attribute(path, parent)?;
        if named == AttributeId::ABSENT {
            return Some(ResolvedAttribute::absent(parent));
        }
        let mut compared = self.schema.attribute(named).map(ComparedAttribute::new)?;
        if compared.attribute_type == AttributeType::Complex
            && !matches!(clause.literal(), None | Some(Literal::Null))
        {
            let value = self.value_of(named, clause)?;
            compared = self.schema.attribute(value).map(ComparedAttribute::new)?;
        }
        let (operators, max_count, is_closed) = match self.policy.schemaless {
            Some(_) => (Operators::of_type(compared.attribute_type), None, false),
            None => {
                let rule = self.policy.rule(compared.id)?;
                let clauses = self.filter.usage().clauses;
                let max_count = rule.max_count.filter(|max| *max < clauses);
                (rule.operators, max_count, has_closed_values(rule))
            }
        };
        let is_string =
            matches!(compared.attribute_type, AttributeType::String | AttributeType::Reference);
        // The compared attribute of a complex one depends on the operator, and an accepted deviation
        // is reported for each clause.
        let is_reusable = named == compared.id
            && compared.attribute_type != AttributeType::Complex
            && self.diagnostics.len() == reported;
        Some(ResolvedAttribute {
            path: if is_reusable { path.as_str() } else { "" },
            parent,
            named,
            compared,
            operators,
            max_count,
            takes_string_equality: is_string && operators.contains(Operator::Eq) && !is_closed,
        })
    }

    /// Returns the attribute that a comparison of a complex attribute is on: its sub-attribute
    /// `value`.
    fn value_of(&mut self, id: AttributeId, clause: &Clause<'_>) -> Option<AttributeId> {
        let attribute = self.schema.attribute(id)?;
        let value = self.schema.find(attribute.urn(), attribute.name(), Some("value"));
        if let Some(value) = value.filter(|value| !self.policy.hides(value)) {
            return Some(value.id());
        }
        let sub_attributes: Vec<String> = self
            .visible()
            .filter(|known| known.parent() == Some(id))
            .map(ToString::to_string)
            .collect();
        let message = format!(
            "{} is complex; compare one of its sub-attributes",
            quoted(clause.path().as_str())
        );
        let diagnostic = Diagnostic::new(Code::ComplexAttribute, clause.path().span(), message);
        self.report(if sub_attributes.is_empty() {
            diagnostic
        } else {
            let names = list(sub_attributes.iter().map(String::as_str));
            diagnostic.with_help(format!("such as {names}"))
        })
    }

    /// Returns whether an operator that the rule does not list is allowed after all. If not,
    /// reports it.
    // PERF: `#[cold]`, here and in `resolve`, moves the construction of errors out of line.
    #[cold]
    fn allowed(
        &mut self,
        ComparedAttribute { id, attribute_type, .. }: ComparedAttribute,
        operators: Operators,
        clause: &Clause<'_>,
    ) -> bool {
        let operator = clause.operator();
        // `eq null` and `ne null` test presence, which a complex attribute has too.
        let is_null =
            clause.literal() == Some(Literal::Null) && attribute_type == AttributeType::Complex;
        if is_null && !operators.is_empty() {
            return true;
        }
        let name = quoted(clause.path().as_str());
        let diagnostic = if !Operators::of_type(attribute_type).contains(operator) && !is_null {
            let message =
                format!("{name} is of type {attribute_type}, which does not support `{operator}`");
            Diagnostic::new(Code::OperatorForType, clause.operator_span(), message).with_help(
                format!("{attribute_type} attributes take {}", Operators::of_type(attribute_type)),
            )
        } else if operators.is_empty() {
            let message = format!("{name} cannot be used in filters");
            Diagnostic::new(Code::OperatorNotAllowed, clause.path().span(), message)
                .with_help(self.filterable_instead_of(id))
        } else {
            let message = format!("`{operator}` is not allowed on {name}");
            Diagnostic::new(Code::OperatorNotAllowed, clause.operator_span(), message)
                .with_help(format!("{name} takes {operators}"))
        };
        self.diagnostics.push(diagnostic);
        false
    }

    /// Returns help that names the sub-attributes to filter by, or all attributes if there are
    /// none.
    fn filterable_instead_of(&self, id: AttributeId) -> String {
        let path = self.schema.attribute(id).map_or("", Attribute::path);
        let filterable: Vec<&str> = self
            .visible()
            .filter(|known| self.is_filterable(known.id()))
            .map(Attribute::path)
            .collect();
        let is_below =
            |other: &&str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        let below: Vec<&str> = filterable.iter().copied().filter(is_below).collect();
        let names = if below.is_empty() { filterable } else { below };
        format!("filter by {}", list(names.into_iter()))
    }

    fn null_allowed(&mut self, clause: &Clause<'_>) -> Option<()> {
        if self.policy.null {
            return Some(());
        }
        let diagnostic = Diagnostic::new(
            Code::NullNotAllowed,
            clause.operator_span().to(clause.literal_span()),
            "`null` is not allowed here",
        );
        self.report(diagnostic.with_help("compare with a value"))
    }

    /// Returns a literal without quotes as a string, and reports it.
    #[cold]
    fn unquoted<'c>(&mut self, clause: &Clause<'c>) -> Literal<'c> {
        let (span, literal) = (clause.literal_span(), Literal::String(clause.literal_source()));
        let diagnostic = Diagnostic::new(
            Code::AcceptedUnquotedLiteral,
            span,
            format!("{} is not quoted", quoted(clause.literal_source())),
        );
        self.diagnostics.push(diagnostic.replace(span, literal.to_string()));
        literal
    }

    fn comparison(
        &mut self,
        attribute: ComparedAttribute,
        clause: &Clause<'_>,
        literal: Literal<'_>,
    ) -> Option<Node> {
        let ne = match (attribute.yields_many, self.policy.multi_ne) {
            (true, MultiNe::AnyValueDiffers) => NeSemantics::AnyDiffers,
            _ => NeSemantics::NotEqual,
        };
        let boolean_text = self.accepts(|syntax| syntax.boolean_text);
        if let (AttributeType::Boolean, Literal::String(string), true) =
            (attribute.attribute_type, literal, boolean_text)
            && let Some(value) = interpret::boolean(string)
        {
            let span = clause.literal_span();
            let diagnostic = Diagnostic::new(
                Code::AcceptedBooleanText,
                span,
                format!("string instead of the Boolean `{value}`"),
            );
            self.diagnostics.push(diagnostic.replace(span, value.to_string()));
            let value = Value::Boolean(value);
            return Some(interpret::comparison(attribute, clause.operator(), value, ne));
        }
        let literal = match (attribute.attribute_type, literal) {
            (
                AttributeType::String | AttributeType::Reference,
                Literal::Number(_) | Literal::Boolean(_),
            ) if self.accepts(|syntax| syntax.unquoted_literals) => self.unquoted(clause),
            _ => literal,
        };
        let stored_values = self.policy.stored_values;
        interpret::interpret(attribute, clause, literal, ne, boolean_text, stored_values)
            .map_err(|diagnostic| self.diagnostics.push(diagnostic))
            .ok()
    }
}

/// Returns whether literals are compared with the canonical values.
fn has_closed_values(rule: &FieldRule) -> bool {
    rule.unknown_values != UnknownValues::Accept
}
