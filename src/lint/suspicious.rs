//! Values that are hardly meant as they are written.

use super::Linter;
use super::knowledge;
use crate::check::clauses::ClauseAt;
use crate::diagnostic::{Code, Diagnostic, Fix, Safety, quoted};
use crate::filter::Literal;
use crate::operator::Operator;
use crate::policy::MultiNe;
use crate::span::Span;
use crate::value::AttributeType;

pub(super) fn run<R: ?Sized>(linter: &Linter<'_, R>, list: &mut Vec<Diagnostic>) {
    for at in &linter.clauses {
        list.extend(ne_on_many(linter, at));
        list.extend(never_equal(at));
        let Some(value) = at.string() else { continue };
        let placed = placeholder(at, value)
            .or_else(|| null_as_text(linter, at, value))
            .or_else(|| wildcard(linter, at, value))
            .or_else(|| blank_at_edge(linter, at, value))
            .or_else(|| invisible(linter, at, value))
            .or_else(|| escape(linter, at))
            .or_else(|| unknown_value(linter, at, value));
        list.extend(placed);
    }
}

fn literal_fix<R: ?Sized>(
    linter: &Linter<'_, R>,
    diagnostic: Diagnostic,
    at: &ClauseAt<'_>,
    literal: Literal<'_>,
) -> Diagnostic {
    let text = literal.to_string();
    let message = format!("write {}", quoted(&text));
    linter.offer(
        diagnostic,
        Fix::new(Safety::Unsafe, message, vec![(at.clause.literal_span(), text)]),
    )
}

/// `ne` on an attribute with several values is true if any of them differs.
fn ne_on_many<R: ?Sized>(linter: &Linter<'_, R>, at: &ClauseAt<'_>) -> Option<Diagnostic> {
    let attribute = at.attribute?;
    let is_many = match at.parent {
        None => attribute.yields_many(),
        Some(_) => attribute.sub_attribute().is_some() && attribute.is_multi_valued(),
    };
    let applies = at.clause.operator() == Operator::Ne
        && is_many
        && at.clause.literal() != Some(Literal::Null)
        // `a ne "x" or a ne "y"` asks for another value on purpose.
        && !at.is_in_or
        && linter.policy.multi_ne == MultiNe::AnyValueDiffers;
    if !applies {
        return None;
    }
    let path = at.clause.path();
    let message = format!("true if any value of `{path}` differs, whatever the others are");
    let diagnostic = Diagnostic::new(Code::NeOnMany, at.clause.operator_span(), message);
    let text = format!("not ({path} eq {})", at.clause.literal()?);
    let message = format!("to exclude the value, write `{text}`");
    Some(linter.offer(diagnostic, Fix::new(Safety::Unsafe, message, vec![(at.span, text)])))
}

/// A number with a fraction, compared with an integer attribute.
fn never_equal(at: &ClauseAt<'_>) -> Option<Diagnostic> {
    let (attribute, Some(Literal::Number(number))) = (at.attribute?, at.clause.literal()) else {
        return None;
    };
    let has_fraction = number.parse().is_ok_and(|value: f64| value.fract() != 0.0);
    if attribute.attribute_type() != AttributeType::Integer || !has_fraction {
        return None;
    }
    let predicate = match at.clause.operator() {
        Operator::Eq => "never equals",
        Operator::Ne => "always differs from",
        _ => return None,
    };
    let message = format!("the integer `{attribute}` {predicate} {number}");
    Some(Diagnostic::new(Code::NeverEqual, at.clause.literal_span(), message))
}

fn placeholder(at: &ClauseAt<'_>, value: &str) -> Option<Diagnostic> {
    let between = |open: &str, close: &str| {
        value.len() > open.len() + close.len()
            && value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(
                |name| {
                    !name.contains(['<', '>', '{', '}', '"', '\n'])
                        && name.len() <= 64
                        && !is_guid(name)
                },
            )
    };
    let is_printf = value.strip_prefix('%').is_some_and(|rest| {
        matches!(rest, "s" | "d" | "i" | "u" | "v" | "q" | "@" | "S")
            || rest.strip_suffix("$s").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    });
    let is_placeholder = is_printf
        || matches!(value, "?" | "{}" | "[]" | "...")
        || value
            .strip_prefix('$')
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        || [
            ("{{", "}}"),
            ("${", "}"),
            ("#{", "}"),
            ("%{", "}"),
            ("{", "}"),
            ("<", ">"),
            ("%(", ")s"),
            ("[[", "]]"),
        ]
        .iter()
        .any(|(open, close)| between(open, close));
    is_placeholder.then(|| {
        let message =
            format!("{} looks like a placeholder that nothing was put into", quoted(value));
        Diagnostic::new(Code::Placeholder, at.clause.literal_span(), message)
            .with_help("insert the value, as a JSON string")
    })
}

/// Returns whether text is a GUID, which Windows writes in braces.
fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let is_hex = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_hex)
}

fn null_as_text<R: ?Sized>(
    linter: &Linter<'_, R>,
    at: &ClauseAt<'_>,
    value: &str,
) -> Option<Diagnostic> {
    let is_equality = matches!(at.clause.operator(), Operator::Eq | Operator::Ne);
    let is_null =
        matches!(value, "null" | "NULL" | "Null" | "undefined" | "None" | "nil" | "NaN" | "(null)");
    (is_equality && is_null).then(|| {
        let message = format!("the string {}, not the absence of a value", quoted(value));
        let diagnostic = Diagnostic::new(Code::NullAsText, at.clause.literal_span(), message);
        let diagnostic = literal_fix(linter, diagnostic, at, Literal::Null);
        // There are people of this name.
        let is_name = at.attribute.is_some_and(|attribute| attribute.name() == "name");
        if is_name { diagnostic.into_advice() } else { diagnostic }
    })
}

fn wildcard<R: ?Sized>(
    linter: &Linter<'_, R>,
    at: &ClauseAt<'_>,
    value: &str,
) -> Option<Diagnostic> {
    use Operator::{Co, Eq, Ew, Sw};
    const WILDCARDS: [char; 2] = ['*', '%'];
    let operator = at.clause.operator();
    let part = value.trim_matches(WILDCARDS);
    let starts = value.starts_with(WILDCARDS);
    // `100%` is a number.
    let is_percentage =
        value.ends_with('%') && part.ends_with(|char: char| char.is_ascii_digit() || char == ' ');
    let ends = value.ends_with(WILDCARDS) && !is_percentage;
    let is_search = match part.is_empty() {
        true => operator == Eq,
        // Punctuation alone tests how a server escapes it.
        false => part.contains(char::is_alphanumeric),
    };
    if !starts && !ends || part.contains('*') || !is_search {
        return None;
    }
    let mark = if value.contains('*') { '*' } else { '%' };
    let message = format!("`{mark}` stands for itself, not for any characters");
    let span = at.test_span();
    let right = match (operator, starts, ends) {
        (Eq, true, true) | (Co, ..) | (Sw, true, _) | (Ew, _, true) => Co,
        (Eq, false, true) | (Sw, ..) => Sw,
        (Eq, true, false) | (Ew, ..) => Ew,
        _ => return Some(Diagnostic::new(Code::WildcardInValue, span, message)),
    };
    let text = match part.is_empty() {
        true => "pr".to_owned(),
        false => format!("{right} {}", Literal::String(part)),
    };
    let diagnostic = Diagnostic::new(Code::WildcardInValue, span, message);
    let help = format!("write {}", quoted(&text));
    Some(linter.offer(diagnostic, Fix::new(Safety::Unsafe, help, vec![(span, text)])))
}

fn blank_at_edge<R: ?Sized>(
    linter: &Linter<'_, R>,
    at: &ClauseAt<'_>,
    value: &str,
) -> Option<Diagnostic> {
    let (starts, ends) =
        (value.starts_with(char::is_whitespace), value.ends_with(char::is_whitespace));
    // Searches for whole words have a space at the open end.
    let applies = match at.clause.operator() {
        Operator::Eq | Operator::Ne => starts || ends,
        Operator::Sw => starts,
        Operator::Ew => ends,
        _ => false,
    };
    (applies && !value.trim().is_empty()).then(|| {
        let place = if starts { "start" } else { "end" };
        let message = format!("the whitespace at the {place} of the value is compared too");
        let diagnostic = Diagnostic::new(Code::BlankAtEdge, at.clause.literal_span(), message);
        literal_fix(linter, diagnostic, at, Literal::String(value.trim()))
    })
}

fn invisible<R: ?Sized>(
    linter: &Linter<'_, R>,
    at: &ClauseAt<'_>,
    value: &str,
) -> Option<Diagnostic> {
    let joins = |char: char| matches!(char, '\u{200c}' | '\u{200d}');
    let is_invisible = |char: char| {
        matches!(char, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    // Joiners are part of emoji and of some scripts.
    let is_wrong = |char: char| is_invisible(char) || joins(char) && value.is_ascii_but(joins);
    let found = value.chars().find(|char| is_wrong(*char))?;
    let literal = at.clause.literal_span();
    let span = linter.source(literal).find(found).map_or(literal, |offset| {
        Span::new(literal.start + offset, literal.start + offset + found.len_utf8())
    });
    let message = format!("the value contains the invisible character U+{:04X}", u32::from(found));
    let diagnostic = Diagnostic::new(Code::InvisibleInValue, span, message);
    let visible: String = value.chars().filter(|char| !is_wrong(*char)).collect();
    Some(literal_fix(linter, diagnostic, at, Literal::String(&visible)))
}

trait IsAsciiBut {
    /// Returns whether all characters but those of a class are ASCII.
    fn is_ascii_but(&self, class: impl Fn(char) -> bool) -> bool;
}

impl IsAsciiBut for str {
    fn is_ascii_but(&self, class: impl Fn(char) -> bool) -> bool {
        self.chars().all(|char| char.is_ascii() || class(char))
    }
}

/// `\b` and the like before a letter: a Windows name whose backslash is not doubled.
fn escape<R: ?Sized>(linter: &Linter<'_, R>, at: &ClauseAt<'_>) -> Option<Diagnostic> {
    let literal = at.clause.literal_span();
    let source = linter.source(literal);
    let mut first = None;
    let mut doubled = String::new();
    let mut chars = source.char_indices().peekable();
    while let Some((offset, char)) = chars.next() {
        doubled.push(char);
        if char != '\\' {
            continue;
        }
        let Some((_, escaped)) = chars.next() else { break };
        let before = source.get(..offset).and_then(|before| before.chars().next_back());
        let is_name =
            |char: char| char.is_alphanumeric() || matches!(char, '.' | ':' | '$' | '-' | '_');
        let is_suspicious = matches!(escaped, 'b' | 'f' | 'n' | 'r' | 't')
            && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric())
            && before.is_some_and(is_name);
        if is_suspicious {
            first.get_or_insert((literal.start + offset, escaped));
            doubled.push('\\');
        }
        doubled.push(escaped);
    }
    let (start, escaped) = first?;
    let name = match escaped {
        'b' => "backspace",
        'f' => "form feed",
        'n' => "line feed",
        'r' => "carriage return",
        _ => "tab",
    };
    let span = Span::new(start, start + 2);
    let message = format!("`\\{escaped}` is a {name} in a JSON string");
    let diagnostic = Diagnostic::new(Code::SuspiciousEscape, span, message);
    let help = format!("for a backslash, write {}", quoted(&doubled));
    Some(linter.offer(diagnostic, Fix::new(Safety::Unsafe, help, vec![(literal, doubled)])))
}

fn unknown_value<R: ?Sized>(
    linter: &Linter<'_, R>,
    at: &ClauseAt<'_>,
    value: &str,
) -> Option<Diagnostic> {
    let attribute = at.attribute?;
    if !matches!(at.clause.operator(), Operator::Eq | Operator::Ne) {
        return None;
    }
    let known = knowledge::values(linter.policy, attribute)?;
    let key = |text| attribute.case().key(text);
    let is_known = known.iter().any(|known| key(known) == key(value));
    if is_known || known.is_empty() {
        return None;
    }
    // Canonical values are suggestions (RFC 7643 section 7), unless the schema has a closed list.
    let is_closed = knowledge::is_closed(linter.policy, attribute);
    let nearest = knowledge::nearest_value(value, &known, is_closed);
    if nearest.is_none() && !is_closed {
        return None;
    }
    let names: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
    let message = format!("{} is not a value of `{attribute}`", quoted(value));
    let diagnostic = Diagnostic::new(Code::UnknownValue, at.clause.literal_span(), message);
    Some(match nearest {
        Some(right) => literal_fix(linter, diagnostic, at, Literal::String(right)),
        None => diagnostic.with_help(format!("the values are {}", names.join(", "))),
    })
}
