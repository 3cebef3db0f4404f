//! Fixes for the errors of a filter that is well-formed: names, types, and what the policy forbids.

use super::names::{self, Suggestion, Target};
use super::{dates, knowledge};
use crate::check::clauses::{ClauseAt, attribute};
use crate::diagnostic::{Code, Diagnostic, Fix, Safety, quoted};
use crate::filter::{Clause, Expr, ExprKind, Filter, Literal, Path};
use crate::operator::{Operator, Operators};
use crate::policy::Policy;
use crate::schema::Attribute;
use crate::span::Span;
use crate::value::AttributeType;

/// Returns a fix for an error of [`Policy::check`]. The caller verifies it.
pub(super) fn fix<R: ?Sized>(
    policy: &Policy<R>,
    filter: &Filter,
    clauses: &[ClauseAt<'_>],
    error: &Diagnostic,
) -> Option<Fix> {
    let span = error.span();
    let contains = |outer: Span| outer.start <= span.start && span.end <= outer.end;
    let at = clauses.iter().find(|at| contains(at.span));
    match error.code() {
        Code::UnknownAttribute => match at.filter(|at| at.clause.path().span() == span) {
            Some(at) => unknown_attribute(policy, at),
            None => unknown_complex(policy, filter, span),
        },
        Code::WrongType | Code::BadDateTime => literal(at?),
        Code::OperatorForType | Code::OperatorNotAllowed => operator(policy, at?),
        Code::ComplexAttribute => part(policy, at?),
        Code::SimpleAttribute => without_brackets(filter, span),
        Code::UrnNotAllowed => {
            let text = span.text(filter.source_text())?;
            let name = text.get(text.rfind(':')? + 1..)?.to_owned();
            Some(replace(Safety::Unsafe, span, name))
        }
        Code::ValuePathNotAllowed => with_dot(filter, span),
        _ => None,
    }
}

/// Adds the reason why there is no fix, if that helps.
pub(super) fn with_reason(error: Diagnostic, source: &str) -> Diagnostic {
    let reason = match error.code() {
        Code::BadDateTime => error
            .span()
            .text(source)
            .and_then(|literal| dates::impossible(literal.trim_matches('"'))),
        _ => None,
    };
    match reason {
        Some(reason) => error.with_help(reason),
        None => error,
    }
}

fn replace(safety: Safety, span: Span, text: String) -> Fix {
    let message = match safety {
        Safety::Safe => format!("write {}", quoted(&text)),
        _ => format!("did you mean {}?", quoted(&text)),
    };
    Fix::new(safety, message, vec![(span, text)])
}

fn test(clause: &Clause<'_>) -> String {
    match clause.literal() {
        Some(literal) => format!("{} {literal}", clause.operator()),
        None => clause.operator().to_string(),
    }
}

fn unknown_attribute<R: ?Sized>(policy: &Policy<R>, at: &ClauseAt<'_>) -> Option<Fix> {
    let path = at.clause.path();
    let span = path.span();
    if let Some(parent) = at.parent {
        let complex = attribute(policy, parent, None)?;
        let Suggestion { target: Target::Path(name), safety } =
            names::suggest_sub(policy, complex, path.as_str())?
        else {
            return None;
        };
        return Some(replace(safety, span, name));
    }
    let Suggestion { target, safety } = names::suggest(policy, path.as_str())?;
    match target {
        Target::ElementsOfType(complex, element_type) => {
            let text = match at.clause.operator() {
                Operator::Pr => format!("{complex}[type eq \"{element_type}\"]"),
                _ => {
                    format!("{complex}[type eq \"{element_type}\" and value {}]", test(&at.clause))
                }
            };
            Some(replace(safety, at.span, text))
        }
        Target::Path(name) => {
            let found = policy.schema().find_path(&name)?;
            if knowledge::is_opposite(path.as_str()) {
                let text = opposite(found, at)?;
                return Some(replace(Safety::Unsafe, at.span, format!("{name} {text}")));
            }
            match as_boolean(found, at) {
                // `enabled eq "true"`, `status eq "active"`
                Some(text) => Some(replace(Safety::Unsafe, at.span, format!("{name} {text}"))),
                None => Some(replace(safety, span, name)),
            }
        }
    }
}

/// Returns the comparison with a Boolean that is meant by one with a string, if the attribute is
/// Boolean.
fn as_boolean(attribute: &Attribute, at: &ClauseAt<'_>) -> Option<String> {
    let is_boolean = attribute.attribute_type() == AttributeType::Boolean;
    let value = knowledge::boolean(at.string().filter(|_| is_boolean)?)?;
    Some(format!("{} {value}", at.clause.operator()))
}

/// Returns the comparison of a Boolean attribute that is meant by one with its opposite, such as
/// `disabled eq true`.
fn opposite(attribute: &Attribute, at: &ClauseAt<'_>) -> Option<String> {
    let value = match at.clause.literal()? {
        Literal::Boolean(value) => value,
        Literal::String(text) => knowledge::boolean(text)?,
        _ => return None,
    };
    let is_boolean = attribute.attribute_type() == AttributeType::Boolean;
    is_boolean.then(|| format!("{} {}", at.clause.operator(), !value))
}

/// An unknown name before brackets.
fn unknown_complex<R: ?Sized>(policy: &Policy<R>, filter: &Filter, span: Span) -> Option<Fix> {
    let name = span.text(filter.source_text())?;
    let Suggestion { target: Target::Path(path), safety } = names::suggest(policy, name)? else {
        return None;
    };
    // `email[type eq "work"]`: the synonym is a part of the attribute.
    let found = policy.schema().find_path(&path)?;
    let complex = match found.parent() {
        Some(parent) => policy.schema().attribute(parent)?.to_string(),
        None => path,
    };
    Some(replace(safety, span, complex))
}

/// A value of another type or form.
fn literal(at: &ClauseAt<'_>) -> Option<Fix> {
    let (attribute, span) = (at.attribute?, at.clause.literal_span());
    let source = at.clause.literal_source();
    let literal = at.clause.literal()?;
    let text = match literal {
        Literal::String(text) => text,
        _ => source,
    };
    // The sub-attribute `value` is compared, which a string fits in most schemas.
    let (safety, right) = match (attribute.attribute_type(), literal) {
        (AttributeType::Boolean, literal) => {
            let is_word = matches!(literal, Literal::String(text) if ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)));
            let value = knowledge::boolean(text)?;
            (if is_word { Safety::Safe } else { Safety::Unsafe }, value.to_string())
        }
        (AttributeType::Integer | AttributeType::Decimal, Literal::String(text)) => {
            let number = text.trim();
            let is_number = number.parse::<f64>().is_ok()
                && number.bytes().all(|byte| byte.is_ascii_digit() || b"-.eE+".contains(&byte));
            (Safety::Safe, is_number.then(|| number.to_owned())?)
        }
        (AttributeType::DateTime, _) => {
            (Safety::Unsafe, Literal::String(&dates::date_time(text)?).to_string())
        }
        (
            AttributeType::String | AttributeType::Reference | AttributeType::Complex,
            Literal::Number(_) | Literal::Boolean(_),
        ) => (Safety::Safe, Literal::String(source).to_string()),
        _ => return None,
    };
    Some(replace(safety, span, right))
}

/// An operator that the type does not have or that the policy forbids.
fn operator<R: ?Sized>(policy: &Policy<R>, at: &ClauseAt<'_>) -> Option<Fix> {
    use Operator::{Co, Eq, Ew, Ge, Gt, Le, Lt, Ne, Pr, Sw};
    let attribute = at.attribute?;
    let allowed = policy.rule(attribute.id())?.operators;
    let of_type = Operators::of_type(attribute.attribute_type());
    let operator = at.clause.operator();
    if operator == Pr || allowed.is_empty() {
        return None;
    }
    let is_of_type = of_type.contains(operator);
    let candidates: &[Operator] = match operator {
        Sw | Ew if is_of_type => &[Co],
        Co if is_of_type => &[Sw, Eq],
        Gt if is_of_type => &[Ge],
        Lt if is_of_type => &[Le],
        Ge if is_of_type => &[Gt],
        Le if is_of_type => &[Lt],
        Ne if is_of_type => &[],
        _ => &[Eq],
    };
    let right = candidates.iter().copied().find(|candidate| allowed.contains(*candidate))?;
    Some(replace(Safety::Unsafe, at.clause.operator_span(), right.name().to_owned()))
}

/// A complex attribute without `value`.
fn part<R: ?Sized>(policy: &Policy<R>, at: &ClauseAt<'_>) -> Option<Fix> {
    let attribute = at.attribute?;
    let is_string = at.string().is_some();
    let name = ["formatted", "displayName", "display"].into_iter().find(|name| {
        let path = format!("{attribute}.{name}");
        policy
            .schema()
            .find_path(&path)
            .is_some_and(|sub| sub.attribute_type() == AttributeType::String && is_string)
    })?;
    let end = at.clause.path().span().end;
    let message = format!("did you mean `{}.{name}`?", at.clause.path().as_str());
    Some(Fix::new(Safety::Unsafe, message, vec![(Span::new(end, end), format!(".{name}"))]))
}

/// Returns the value path at a span, with the path and the expression in its brackets.
fn value_path(filter: &Filter, span: Span) -> Option<(Expr<'_>, Path<'_>, Expr<'_>)> {
    let mut pending = vec![filter.root()];
    while let Some(expr) = pending.pop() {
        match expr.kind() {
            ExprKind::And(operands) | ExprKind::Or(operands) => pending.extend(operands),
            ExprKind::Not(child) => pending.push(child),
            ExprKind::ValuePath(path, child) if expr.span() == span || path.span() == span => {
                return Some((expr, path, child));
            }
            _ => {}
        }
    }
    None
}

/// `userName[value eq "x"]`
fn without_brackets(filter: &Filter, span: Span) -> Option<Fix> {
    let (expr, path, inner) = value_path(filter, span)?;
    let ExprKind::Clause(clause) = inner.kind() else { return None };
    let name = clause.path().as_str();
    let is_value = name.eq_ignore_ascii_case("value") || name.eq_ignore_ascii_case(path.name());
    is_value
        .then(|| replace(Safety::Safe, expr.span(), format!("{} {}", path.as_str(), test(&clause))))
}

/// `emails[value eq "x"]` under a policy without brackets.
fn with_dot(filter: &Filter, span: Span) -> Option<Fix> {
    let (expr, path, inner) = value_path(filter, span)?;
    let ExprKind::Clause(clause) = inner.kind() else { return None };
    let text = format!("{}.{} {}", path.as_str(), clause.path().as_str(), test(&clause));
    Some(replace(Safety::Unsafe, expr.span(), text))
}
