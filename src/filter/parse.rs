//! The grammar of grammar.md, one function per production, named as there.
//!
//! The first byte or word decides which production it is, so nothing is read twice and an error stands where it is. Every
//! nesting production goes through [`Reader::deeper`], the one budget on depth, so the stack that reading takes is bounded.

use super::ast::{Connective, Entry, Expr, Filter, Kind, LiteralKind, LiteralRange, Measures, NONE, PathRange};
use super::path::PatchPath;
use super::string;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::limits::Limits;
use crate::operator::Operator;
use crate::schema::is_name;
use crate::span::Span;
use crate::suggest;
use crate::syntax::Syntax;
use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case, take_till, take_while, take_while1};
use nom::character::complete::one_of;
use nom::combinator::{opt, recognize};
use nom::error::{ErrorKind, ParseError};
use nom::sequence::preceded;
use nom::{IResult, Parser};

pub(super) type Input<'s> = &'s [u8];
pub(super) type Step<'s, T> = IResult<Input<'s>, T, Fault>;

/// Why reading stopped; `None` where a token of nom's own did not fit, which its caller turns into a diagnostic.
#[derive(Debug)]
pub(super) struct Fault(Option<Box<Diagnostic>>);

impl<'s> ParseError<Input<'s>> for Fault {
    fn from_error_kind(_: Input<'s>, _: ErrorKind) -> Self {
        Self(None)
    }

    fn append(_: Input<'s>, _: ErrorKind, other: Self) -> Self {
        other
    }
}

fn stop<T>(diagnostic: Diagnostic) -> Result<T, nom::Err<Fault>> {
    Err(nom::Err::Failure(Fault(Some(Box::new(diagnostic)))))
}

impl Filter {
    /// Reads a filter by RFC 7644 within the default [`Limits`].
    ///
    /// # Errors
    /// Text that is no filter, or one beyond a limit: one diagnostic, at the first place where it goes wrong.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        Self::parse_with(text, &Syntax::rfc(), &Limits::default())
    }

    /// Reads a filter in a dialect within limits.
    ///
    /// # Errors
    /// As [`Filter::parse`].
    pub fn parse_with(text: &str, syntax: &Syntax, limits: &Limits) -> Result<Self, Diagnostics> {
        let mut reader = Reader::new(text, syntax, limits)?;
        match filter(&mut reader, text.as_bytes()) {
            Ok(_) => Ok(reader.filter),
            Err(error) => Err(reader.refuse(error)),
        }
    }
}

impl std::str::FromStr for Filter {
    type Err = Diagnostics;

    fn from_str(text: &str) -> Result<Self, Diagnostics> {
        Self::parse(text)
    }
}

/// Reads what is to be an attribute and nothing else.
pub(super) fn attribute_only(text: &str) -> Result<PathRange, Diagnostics> {
    let reader = Reader::new(text, &Syntax::rfc(), &Limits::default())?;
    let read = match text.as_bytes().first() {
        Some(first) if first.is_ascii_alphabetic() || *first == b'$' => attr_path(&reader, text.as_bytes()),
        _ => stop(no_operand(&reader, text.as_bytes())),
    };
    match read {
        Ok(([], path)) => Ok(path),
        Ok((rest, _)) => {
            let fault = Fault(Some(Box::new(unexpected(&reader, rest).expecting(&["the end"]))));
            Err(reader.refuse(nom::Err::Failure(fault)))
        }
        Err(error) => Err(reader.refuse(error)),
    }
}

/// ```text
/// patchPath = attrPath / valuePath [ "." ATTRNAME ]
/// ```
pub(super) fn patch_path(mut reader: Reader, input: Input<'_>) -> Result<PatchPath, Diagnostics> {
    match patch_path_parts(&mut reader, blanks(input)) {
        Ok((_, (path, sub_attribute))) => Ok(PatchPath { tree: reader.filter, path, sub_attribute }),
        Err(error) if reader.in_brackets => Err(reader.refuse(error)),
        Err(error) => Err(reader.refuse(error).about_path()),
    }
}

fn patch_path_parts<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, (PathRange, Option<(u32, u32)>)> {
    if !input.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'$') {
        return stop(no_operand(reader, input).expecting(&["an attribute"]));
    }
    let (rest, path) = attr_path(reader, input)?;
    let after = blanks(rest);
    let (rest, sub_attribute) = if after.first() == Some(&b'[') {
        let (rest, _) = value_path(reader, after)?;
        match rest.split_first() {
            Some((b'.', name)) => {
                let (rest, name) = word(name)?;
                let end = short(reader.offset(rest));
                let start = end - short(name.len());
                if !is_name(reader.filter.slice(start, end)) {
                    let (span, text) = (Span::new(start as usize, end as usize), reader.filter.slice(start, end));
                    return stop(bad_path(span, text, "", text, None));
                }
                (rest, Some((start, end)))
            }
            _ => (rest, None),
        }
    } else {
        (after, None)
    };
    let rest = blanks(rest);
    if rest.is_empty() { Ok((rest, (path, sub_attribute))) } else { stop(unexpected(reader, rest).expecting(&["the end"])) }
}

/// What reading carries along: the tree so far and what of the limits is used up.
pub(super) struct Reader {
    pub(super) filter: Filter,
    limits: Limits,
    depth: usize,
    in_brackets: bool,
}

/// A part that was read: its entry, its place with the parentheses around it, and how often `and` and `or` take turns in it.
#[derive(Clone, Copy)]
pub(super) struct Built {
    index: u32,
    start: u32,
    end: u32,
    alternations: u32,
    top: Option<Connective>,
}

impl Reader {
    pub(super) fn new(text: &str, syntax: &Syntax, limits: &Limits) -> Result<Self, Diagnostics> {
        let limits = limits.clamped();
        if text.len() > limits.bytes {
            let shown = text.floor_char_boundary(limits.bytes.min(256));
            let message = format!("the text has {} bytes, more than the {} allowed", text.len(), limits.bytes);
            let fault = Diagnostic::new(Code::TooLong, Span::new(shown, shown), message).with_help(TOO_COMPLEX);
            return Err(Diagnostics::new(text.get(..shown).unwrap_or(""), vec![fault]));
        }
        // The shortest clause with its connective takes eight bytes; what a long string takes is no reason for more.
        let entries = Vec::with_capacity((text.len() / 8 + 2).min(limits.clauses.saturating_mul(2)));
        let measures = Measures::default();
        let filter = Filter { text: text.to_owned(), source_len: text.len(), entries, measures, syntax: *syntax, warnings: Vec::new() };
        Ok(Self { filter, limits, depth: 0, in_brackets: false })
    }

    pub(super) fn refuse(self, error: nom::Err<Fault>) -> Diagnostics {
        let diagnostic = match error {
            nom::Err::Failure(Fault(Some(diagnostic))) | nom::Err::Error(Fault(Some(diagnostic))) => *diagnostic,
            _ => Diagnostic::new(Code::UnexpectedText, Span::default(), "the text is no filter"),
        };
        Diagnostics::new(self.filter.source_text(), vec![diagnostic])
    }

    /// Where `input`, always a tail of the source, begins.
    fn offset(&self, input: Input<'_>) -> usize {
        self.filter.source_len - input.len()
    }

    /// The span from `input` on, `len` bytes long.
    fn span(&self, input: Input<'_>, len: usize) -> Span {
        let start = self.offset(input);
        Span::new(start, start + len)
    }

    pub(super) fn text<'r>(&'r self, input: Input<'_>, len: usize) -> &'r str {
        self.span(input, len).text(&self.filter.text).unwrap_or("")
    }

    fn push(&mut self, kind: Kind, start: u32, end: u32) -> u32 {
        let index = short(self.filter.entries.len());
        self.filter.entries.push(Entry { kind, next: NONE, start, end });
        index
    }

    fn link(&mut self, index: u32, next: u32) {
        if let Some(entry) = self.filter.entries.get_mut(index as usize) {
            entry.next = next;
        }
    }

    fn deeper(&mut self, input: Input<'_>) -> Result<(), nom::Err<Fault>> {
        self.depth += 1;
        self.filter.measures.depth = self.filter.measures.depth.max(self.depth);
        if self.depth <= self.limits.depth {
            return Ok(());
        }
        let message = format!("nested deeper than the {} levels allowed", self.limits.depth);
        stop(Diagnostic::new(Code::TooDeep, self.span(input, 1), message).with_help(TOO_COMPLEX))
    }

    fn one_more_clause(&mut self, start: u32) -> Result<(), nom::Err<Fault>> {
        self.filter.measures.clauses += 1;
        if self.filter.measures.clauses <= self.limits.clauses {
            return Ok(());
        }
        let message = format!("more than the {} clauses allowed", self.limits.clauses);
        stop(Diagnostic::new(Code::TooManyClauses, Span::new(start as usize, start as usize + 1), message).with_help(TOO_COMPLEX))
    }

    /// Closes a value path that ends before `rest`.
    pub(super) fn value_path(&mut self, path: PathRange, inner: Built, rest: Input<'_>) -> Built {
        let end = short(self.offset(rest));
        let index = self.push(Kind::ValuePath { path, child: inner.index }, path.start, end);
        Built { index, start: path.start, end, top: None, ..inner }
    }

    fn expr(&self, index: u32) -> Expr<'_> {
        Expr::at(&self.filter, index)
    }
}

const TOO_COMPLEX: &str = "filter too complex; ask in several queries";

/// The limit on bytes keeps every offset of a text, and every position in its tree, within 32 bits.
fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}

/// ```text
/// filter = *WS orExp *WS
/// ```
fn filter<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let input = blanks(input);
    if input.is_empty() {
        let end = reader.filter.source_len;
        let fault = Diagnostic::new(Code::EmptyFilter, Span::new(end, end), "the filter is empty");
        return stop(fault.with_help("leave the filter out to ask for everything, or write one such as `name eq \"Bob\"`"));
    }
    let (input, built) = or_exp(reader, input)?;
    if input.is_empty() { Ok((input, built)) } else { stop(unexpected(reader, input)) }
}

/// ```text
/// orExp = andExp *( SEP "or" SEP andExp )
/// ```
fn or_exp<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let (mut input, first) = and_exp(reader, input)?;
    let mut rest = word_connective(reader, input, Connective::Or)?;
    if rest.is_none() {
        return Ok((input, first));
    }
    let mut chain = Chain::of(reader, Connective::Or, first);
    while let Some(after) = rest {
        let operand;
        (input, operand) = and_exp(reader, after)?;
        chain.push(reader, operand);
        rest = word_connective(reader, input, Connective::Or)?;
    }
    Ok((input, chain.finish(reader)?))
}

/// ```text
/// andExp = unary *( SEP "and" SEP unary )
/// ```
/// The blanks after it are taken too.
fn and_exp<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let (input, first) = unary(reader, input)?;
    let mut input = blanks(input);
    let mut rest = word_connective(reader, input, Connective::And)?;
    if rest.is_none() {
        return Ok((input, first));
    }
    let mut chain = Chain::of(reader, Connective::And, first);
    while let Some(after) = rest {
        let (after, operand) = unary(reader, after)?;
        input = blanks(after);
        chain.push(reader, operand);
        rest = word_connective(reader, input, Connective::And)?;
    }
    Ok((input, chain.finish(reader)?))
}

/// ```text
/// unary = "not" *WS group / group / valuePath / attrExp
/// ```
fn unary<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    match input.first() {
        Some(b'(') => group(reader, input),
        Some(b'n' | b'N') => match not_operator(input) {
            Some(after) => not_group(reader, input, after),
            None => attribute(reader, input),
        },
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'$' => attribute(reader, input),
        _ => stop(no_operand(reader, input)),
    }
}

/// ```text
/// group = "(" *WS orExp ")"
/// ```
fn group<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    reader.deeper(input)?;
    let (rest, built) = or_exp(reader, blanks(input.get(1..).unwrap_or(&[])))?;
    let rest = close(reader, input, rest, b')')?;
    reader.depth -= 1;
    Ok((rest, Built { start: short(reader.offset(input)), end: short(reader.offset(rest)), ..built }))
}

fn not_group<'s>(reader: &mut Reader, input: Input<'s>, after_not: Input<'s>) -> Step<'s, Built> {
    let (rest, child) = group(reader, after_not)?;
    let (start, end) = (short(reader.offset(input)), short(reader.offset(rest)));
    let index = reader.push(Kind::Not { child: child.index }, start, end);
    let top = child.top.map(|top| if top == Connective::And { Connective::Or } else { Connective::And });
    Ok((rest, Built { index, start, end, top, ..child }))
}

/// What begins with an attribute: a value path, or a clause.
fn attribute<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    let (rest, path) = attr_path(reader, input)?;
    let after = blanks(rest);
    if after.first() != Some(&b'[') {
        return attr_exp(reader, path, rest);
    }
    let (rest, inner) = value_path(reader, after)?;
    if rest.first() == Some(&b'.') || word_operator(blanks(rest)).is_some() {
        return after_brackets(reader, path, inner, rest);
    }
    let built = reader.value_path(path, inner, rest);
    Ok((rest, built))
}

/// ```text
/// valuePath = attrPath *WS "[" *WS orExp "]"
/// ```
/// From the bracket on; what it gives is the expression inside.
pub(super) fn value_path<'s>(reader: &mut Reader, input: Input<'s>) -> Step<'s, Built> {
    if reader.in_brackets {
        let fault = Diagnostic::new(Code::NestedValuePath, reader.span(input, 1), "brackets inside brackets");
        return stop(fault.with_help("a sub-attribute has no sub-attributes of its own; ask for both with `and`"));
    }
    reader.deeper(input)?;
    reader.in_brackets = true;
    let (rest, inner) = or_exp(reader, blanks(input.get(1..).unwrap_or(&[])))?;
    let rest = close(reader, input, rest, b']')?;
    reader.in_brackets = false;
    reader.depth -= 1;
    Ok((rest, inner))
}

/// ```text
/// attrExp = attrPath 1*WS "pr" / attrPath 1*WS compareOp 1*WS compValue
/// ```
/// From the blanks after the path on.
fn attr_exp<'s>(reader: &mut Reader, path: PathRange, input: Input<'s>) -> Step<'s, Built> {
    let (rest, operator) = compare_op(reader, path, input)?;
    let operator_start = short(reader.offset(rest) - operator.name().len());
    reader.one_more_clause(path.start)?;
    let nothing = LiteralRange { kind: LiteralKind::Absent, source_start: 0, start: 0, end: 0 };
    let (rest, literal) = if operator.takes_value() { comp_value(reader, operator, rest)? } else { (rest, nothing) };
    let end = short(reader.offset(rest));
    let index = reader.push(Kind::Clause { path, operator, operator_start, literal }, path.start, end);
    Ok((rest, Built { index, start: path.start, end, alternations: 0, top: None }))
}

/// ```text
/// compareOp = "eq" / "ne" / "co" / "sw" / "ew" / "gt" / "ge" / "lt" / "le"
/// ```
/// or `pr`, in any case, after at least one blank.
fn compare_op<'s>(reader: &Reader, path: PathRange, input: Input<'s>) -> Step<'s, Operator> {
    let after = blanks(input);
    let (rest, word) = word(after)?;
    let name = reader.filter.slice(path.start, path.end);
    if word.is_empty() || after.len() == input.len() {
        let fault = Diagnostic::new(Code::ExpectedOperator, reader.span(after, 0), format!("no operator after {}", quoted(name)));
        return stop(fault.expecting(OPERATORS).with_help(format!("to ask whether there is a value, write `{name} pr`")));
    }
    let text = reader.text(after, word.len());
    if let Some(operator) = Operator::from_name(text) {
        return Ok((rest, operator));
    }
    let span = reader.span(after, word.len());
    if name.eq_ignore_ascii_case("not") {
        let fault = Diagnostic::new(Code::NotWithoutGroup, span, "`not` needs parentheses around what it negates");
        return stop(fault.with_help(format!("write `not ({text} ...)`")));
    }
    let fault = Diagnostic::new(Code::UnknownOperator, span, format!("{} is no operator", quoted(text))).expecting(OPERATORS);
    stop(match suggest::operator(text) {
        Some(help) => fault.with_help(help),
        None => fault,
    })
}

const OPERATORS: &[&str] = &["`eq`", "`ne`", "`co`", "`sw`", "`ew`", "`gt`", "`ge`", "`lt`", "`le`", "`pr`"];
const VALUES: &[&str] = &["a string in double quotes", "a number", "`true`", "`false`", "`null`"];

/// ```text
/// compValue = false / null / true / number / string
/// ```
/// after at least one blank.
fn comp_value<'s>(reader: &mut Reader, operator: Operator, input: Input<'s>) -> Step<'s, LiteralRange> {
    let after = blanks(input);
    let start = reader.offset(after);
    let missing_blank = after.len() == input.len();
    match after.first() {
        None | Some(b')' | b']') => {
            let fault = Diagnostic::new(Code::ExpectedValue, reader.span(after, 0), format!("no value after `{operator}`"));
            stop(fault.expecting(VALUES))
        }
        Some(_) if missing_blank => {
            let fault = Diagnostic::new(Code::MissingBlank, reader.span(after, 0), format!("a blank is missing after `{operator}`"));
            stop(fault.with_help("write a blank between the operator and the value"))
        }
        Some(b'"') => string(reader, after, '"'),
        Some(b'\'') if reader.filter.syntax.single_quotes => string(reader, after, '\''),
        Some(_) => {
            let (rest, word) = word(after)?;
            let text = reader.text(after, word.len());
            let Some(kind) = word_literal(text, &reader.filter.syntax) else { return stop(bad_value(reader, after, text)) };
            let span = Span::new(start, start + word.len());
            if kind == LiteralKind::Null && !matches!(operator, Operator::Eq | Operator::Ne) {
                let fault = Diagnostic::new(Code::NullOperator, span, format!("`null` cannot be compared with `{operator}`"));
                return stop(fault.with_help("`null` goes with `eq` and `ne`; `pr` asks whether there is a value"));
            }
            let warning = match kind {
                LiteralKind::True | LiteralKind::False if !matches!(text, "true" | "false") => {
                    let right = text.to_ascii_lowercase();
                    let warning = Diagnostic::new(Code::AcceptedBooleanCase, span, format!("{} for `{right}`", quoted(text)));
                    Some(warning.replace(span, right))
                }
                LiteralKind::String => {
                    let right = super::ast::Literal::String(text).to_string();
                    let warning = Diagnostic::new(Code::AcceptedUnquotedWord, span, format!("{} has no quotes", quoted(text)));
                    Some(warning.replace(span, right))
                }
                _ => None,
            };
            reader.filter.warnings.extend(warning);
            Ok((rest, LiteralRange { kind, source_start: short(start), start: short(start), end: short(span.end) }))
        }
    }
}

/// A word in a value's place, by RFC 8259: `true`, `false`, `null` or a number; by dialect, other words.
fn word_literal(text: &str, syntax: &Syntax) -> Option<LiteralKind> {
    match text {
        "true" => Some(LiteralKind::True),
        "false" => Some(LiteralKind::False),
        "null" => Some(LiteralKind::Null),
        _ if matches!(number(text.as_bytes()), Ok(([], _))) => Some(LiteralKind::Number),
        _ if syntax.boolean_case && text.eq_ignore_ascii_case("true") => Some(LiteralKind::True),
        _ if syntax.boolean_case && text.eq_ignore_ascii_case("false") => Some(LiteralKind::False),
        _ if syntax.unquoted_words && is_plain_word(text) => Some(LiteralKind::String),
        _ => None,
    }
}

/// Quotes of any sort in a word say that a string was meant, and its end is anyone's guess.
fn is_plain_word(text: &str) -> bool {
    let quote = |char| matches!(char, '\'' | '"' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«' | '»' | '‹' | '›');
    !text.is_empty() && !text.chars().any(|char| quote(char) || char == '\\' || char.is_control() || char.is_whitespace())
}

/// ```text
/// string = quotation-mark *char quotation-mark      ; RFC 8259 section 7
/// ```
fn string<'s>(reader: &mut Reader, input: Input<'s>, quote: char) -> Step<'s, LiteralRange> {
    let offset = reader.offset(input);
    let scanned = string::scan(input, offset).or_else(stop)?;
    let (mut start, mut end) = (short(offset + 1), short(offset + scanned.len - 1));
    if scanned.escaped {
        let body = reader.filter.slice(start, end).to_owned();
        start = short(reader.filter.text.len());
        string::decode(&body, offset + 1, quote, &mut reader.filter.text).or_else(stop)?;
        end = short(reader.filter.text.len());
    }
    if quote == '\'' {
        let right = super::ast::Literal::String(reader.filter.slice(start, end)).to_string();
        let span = reader.span(input, scanned.len);
        let warning = Diagnostic::new(Code::AcceptedSingleQuotes, span, "a string in single quotes");
        reader.filter.warnings.push(warning.replace(span, right));
    }
    let rest = input.get(scanned.len..).unwrap_or(&[]);
    Ok((rest, LiteralRange { kind: LiteralKind::String, source_start: short(offset), start, end }))
}

/// ```text
/// number = [ "-" ] int [ frac ] [ exp ]             ; RFC 8259 section 6
/// ```
fn number(input: Input<'_>) -> Step<'_, Input<'_>> {
    let digits = || take_while1(|byte: u8| byte.is_ascii_digit());
    let int = alt((tag("0".as_bytes()), digits()));
    let frac = preceded(tag(".".as_bytes()), digits());
    let exp = (one_of("eE"), opt(one_of("+-")), digits());
    recognize((opt(tag("-".as_bytes())), int, opt(frac), opt(exp))).parse(input)
}

/// ```text
/// attrPath = [ URI ":" ] ATTRNAME [ "." ATTRNAME ]
/// ```
/// A URI has a colon of its own; the name begins after the last one.
pub(super) fn attr_path<'s>(reader: &Reader, input: Input<'s>) -> Step<'s, PathRange> {
    let (rest, word) = word(input)?;
    let start = reader.offset(input);
    let name_at = memchr::memrchr(b':', word).map_or(0, |colon| colon + 1);
    let text = reader.text(input, word.len());
    let (urn, name) = text.split_at_checked(name_at).unwrap_or(("", text));
    let dot = name.find('.');
    let (name, sub) = dot.and_then(|dot| name.split_at_checked(dot)).map_or((name, None), |(name, sub)| (name, sub.get(1..)));
    let range = PathRange {
        start: short(start),
        name: short(start + name_at),
        dot: dot.map_or(0, |dot| short(start + name_at + dot)),
        end: short(start + word.len()),
    };
    if !is_name(name) || !sub.is_none_or(is_name) || !(urn.is_empty() || is_uri(urn)) {
        return stop(bad_path(reader.span(input, word.len()), text, urn, name, sub));
    }
    if sub.is_some() && reader.in_brackets {
        let fault = Diagnostic::new(Code::DottedNameInBrackets, reader.span(input, word.len()), "a dotted name inside brackets");
        return stop(fault.with_help("inside `[...]` stand bare names of sub-attributes, such as `type`"));
    }
    Ok((rest, range))
}

fn bad_path(span: Span, text: &str, urn: &str, name: &str, sub: Option<&str>) -> Diagnostic {
    let fault = Diagnostic::new(Code::BadAttributePath, span, format!("{} is no attribute path", quoted(text)));
    fault.with_help(if sub.is_some_and(|sub| sub.contains('.')) {
        "a path has at most one dot: an attribute and a sub-attribute"
    } else if !urn.is_empty() && !is_uri(urn) {
        "what stands before the last colon is no schema URN, such as `urn:ietf:params:scim:schemas:core:2.0:User`"
    } else if name.is_empty() || sub == Some("") {
        "a name is missing beside the dot or colon"
    } else {
        "a name is a letter or `$`, then letters, digits, `-`, `_` and `$`"
    })
}

/// An absolute URI (RFC 3986) and the colon after it.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.strip_suffix(':').and_then(|uri| uri.split_once(':')) else { return false };
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let in_uri = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(in_scheme)
        && !rest.is_empty()
        && rest.bytes().all(in_uri)
}

/// By dialect, and to tell what would be right: a sub-attribute or operator after a value path, moved into its brackets.
fn after_brackets<'s>(reader: &mut Reader, path: PathRange, inner: Built, input: Input<'s>) -> Step<'s, Built> {
    let fault = |reader: &Reader, input, help: String| {
        let fault = Diagnostic::new(Code::TextAfterBrackets, reader.span(input, 1), "nothing may follow `]` but `and`, `or`, `)`");
        stop(fault.with_help(help))
    };
    let dotted = input.first() == Some(&b'.');
    let (sub, rest) = if dotted {
        let (rest, name) = word(input.get(1..).unwrap_or(&[]))?;
        let end = reader.offset(rest);
        let sub = PathRange { start: short(end - name.len()), name: short(end - name.len()), dot: 0, end: short(end) };
        if !is_name(reader.filter.slice(sub.start, sub.end)) || word_operator(blanks(rest)).is_none() {
            let help =
                "a sub-attribute after `]` belongs to PATCH paths; a filter asks inside: `emails[type eq \"work\" and value eq \"x\"]`";
            return fault(reader, input, help.into());
        }
        (sub, rest)
    } else {
        let start = short(reader.filter.text.len());
        reader.filter.text.push_str("value");
        (PathRange { start, name: start, dot: 0, end: start + 5 }, input)
    };
    let mut chain = Chain::of(reader, Connective::And, inner);
    let (rest, clause) = attr_exp(reader, sub, rest)?;
    chain.push(reader, clause);
    let inner = chain.finish(reader)?;
    let built = reader.value_path(path, inner, rest);
    let right = reader.expr(built.index).to_string();
    let syntax = &reader.filter.syntax;
    let (code, allowed, message) = if dotted {
        (Code::AcceptedSubAttribute, syntax.sub_attribute_after_brackets, "a sub-attribute after `]`")
    } else {
        (Code::AcceptedOperator, syntax.operator_after_brackets, "an operator after `]`")
    };
    if !allowed {
        return fault(reader, input, format!("write `{right}`"));
    }
    let span = Span::new(built.start as usize, built.end as usize);
    reader.filter.warnings.push(Diagnostic::new(code, span, message).replace(span, right));
    Ok((rest, built))
}

/// A chain of operands of one connective that is being read.
struct Chain {
    connective: Connective,
    first: u32,
    last: u32,
    start: u32,
    end: u32,
    alternations: u32,
}

impl Chain {
    fn of(reader: &mut Reader, connective: Connective, operand: Built) -> Self {
        let mut chain = Self { connective, first: NONE, last: NONE, start: operand.start, end: operand.end, alternations: 0 };
        chain.push(reader, operand);
        chain
    }

    /// Takes in `operand`, which is the newest entry.
    fn push(&mut self, reader: &mut Reader, operand: Built) {
        let (mut first, mut last) = (operand.index, operand.index);
        // `(a or b) or c` is `a or b or c`: the inner chain gives its operands away and goes.
        if let Some(Entry { kind: Kind::Chain { connective, first: inner_first, last: inner_last }, .. }) = reader.filter.entries.last()
            && *connective == self.connective
        {
            (first, last) = (*inner_first, *inner_last);
            reader.filter.entries.pop();
        }
        if self.first == NONE {
            self.first = first;
        } else {
            reader.link(self.last, first);
        }
        self.last = last;
        self.end = operand.end;
        self.alternations = self.alternations.max(operand.alternations + u32::from(operand.top != Some(self.connective)));
    }

    fn finish(self, reader: &mut Reader) -> Result<Built, nom::Err<Fault>> {
        let Self { connective, first, last, start, end, alternations } = self;
        let limit = reader.limits.alternations;
        let most = &mut reader.filter.measures.alternations;
        *most = (*most).max(alternations as usize);
        if alternations as usize > limit {
            let span = Span::new(start as usize, end as usize);
            let message = format!("`and` and `or` take turns on more than the {limit} levels allowed");
            return stop(Diagnostic::new(Code::TooManyAlternations, span, message).with_help(TOO_COMPLEX));
        }
        let index = reader.push(Kind::Chain { connective, first, last }, start, end);
        Ok(Built { index, start, end, alternations, top: Some(connective) })
    }
}

/// WS = SP / HTAB / CR / LF
pub(super) fn blanks(input: Input<'_>) -> Input<'_> {
    let skipped: Step<'_, Input<'_>> = take_while(is_blank).parse(input);
    skipped.map_or(input, |(rest, _)| rest)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Everything up to the next blank, bracket or double quote.
fn word(input: Input<'_>) -> Step<'_, Input<'_>> {
    take_till(|byte| is_blank(byte) || matches!(byte, b'(' | b')' | b'[' | b']' | b'"')).parse(input)
}

fn word_operator(input: Input<'_>) -> Option<Operator> {
    let (_, word) = word(input).ok()?;
    Operator::from_name(std::str::from_utf8(word).ok()?)
}

/// The input from the parenthesis on, where it begins with `not` as an operator: with a group behind it.
fn not_operator(input: Input<'_>) -> Option<Input<'_>> {
    let not: Step<'_, Input<'_>> = tag_no_case("not".as_bytes()).parse(input);
    let after = blanks(not.ok()?.0);
    (after.first() == Some(&b'(')).then_some(after)
}

/// The input behind the connective and the blanks after it, where `input` begins with it.
/// ```text
/// SEP = 1*WS      ; may be empty next to a parenthesis or bracket
/// ```
fn word_connective<'s>(reader: &Reader, input: Input<'s>, connective: Connective) -> Result<Option<Input<'s>>, nom::Err<Fault>> {
    let name = if connective == Connective::And { "and" } else { "or" };
    let found: Step<'_, Input<'_>> = tag_no_case(name.as_bytes()).parse(input);
    let Ok((rest, _)) = found else { return Ok(None) };
    if rest.first().is_some_and(|byte| !is_blank(*byte) && *byte != b'(') {
        return Ok(None);
    }
    let before = reader.offset(input).checked_sub(1).and_then(|at| reader.filter.text.as_bytes().get(at));
    if before.is_some_and(|byte| !is_blank(*byte) && !matches!(byte, b')' | b']')) {
        let fault = Diagnostic::new(Code::MissingBlank, reader.span(input, name.len()), format!("a blank is missing before `{name}`"));
        return stop(fault.with_help(format!("write a blank between the value and `{name}`")));
    }
    Ok(Some(blanks(rest)))
}

fn close<'s>(reader: &Reader, open: Input<'_>, input: Input<'s>, bracket: u8) -> Result<Input<'s>, nom::Err<Fault>> {
    let input = blanks(input);
    match input.split_first() {
        Some((first, rest)) if *first == bracket => Ok(rest),
        None => {
            let (open_with, close_with) = if bracket == b')' { ("`(`", "`)`") } else { ("`[`", "`]`") };
            let fault = Diagnostic::new(Code::Unclosed, reader.span(open, 1), format!("{open_with} is never closed"));
            stop(fault.label("opened here").with_help(format!("add {close_with} where its part ends")))
        }
        Some(_) => stop(unexpected(reader, input)),
    }
}

fn no_operand(reader: &Reader, input: Input<'_>) -> Diagnostic {
    let (_, word) = word(input).unwrap_or((input, &[]));
    let text = reader.text(input, word.len());
    if input.first().is_some_and(u8::is_ascii_digit) || (!word.is_empty() && !text.starts_with(['\'', '-', '+', '='])) {
        return bad_path(reader.span(input, word.len()), text, "", text, None);
    }
    let found = match input.first() {
        None => "the end",
        Some(b'"' | b'\'') => "a string",
        Some(b'[') => "`[`",
        Some(b']') => "`]`",
        Some(b')') => "`)`",
        Some(_) => "this",
    };
    let message = format!("expected an attribute, not {found}");
    let fault = Diagnostic::new(Code::ExpectedAttribute, reader.span(input, input.len().min(1)), message);
    let fault = fault.expecting(&["an attribute", "`(`", "`not (`"]);
    match input.first() {
        Some(b'[') => fault.with_help("brackets follow the attribute that they look into: `emails[type eq \"work\"]`"),
        Some(b')') => fault.with_help("parentheses hold at least one clause"),
        _ => fault,
    }
}

fn unexpected(reader: &Reader, input: Input<'_>) -> Diagnostic {
    let (_, word) = word(input).unwrap_or((input, &[]));
    let text = reader.text(input, word.len().max(1));
    let fault = Diagnostic::new(Code::UnexpectedText, reader.span(input, text.len().max(1)), format!("unexpected {}", quoted(text)));
    let fault = fault.expecting(&["`and`", "`or`", "the end"]);
    match text.chars().next() {
        Some(')') => fault.with_help("there is no `(` for it"),
        Some(']') => fault.with_help("there is no `[` for it"),
        Some(char) if char.is_whitespace() => fault.with_help("blanks are spaces, tabs and line ends"),
        Some(char) if char.is_ascii_alphabetic() => fault.with_help("join two clauses with `and` or `or`"),
        _ => fault,
    }
}

fn bad_value(reader: &Reader, input: Input<'_>, text: &str) -> Diagnostic {
    let len = text.len().max(1);
    let text = if text.is_empty() { reader.text(input, 1) } else { text };
    let fault = Diagnostic::new(Code::BadValue, reader.span(input, len), format!("{} is no comparison value", quoted(text)));
    let fault = fault.expecting(VALUES);
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "true" | "false" | "null") {
        return fault.with_help(format!("write it in lower case: `{lower}`"));
    }
    match text.chars().next() {
        Some('0'..='9' | '-' | '+' | '.') if text.bytes().any(|byte| byte.is_ascii_digit()) => {
            fault.with_help("numbers are written as in JSON, such as `5`, `-0.5` or `1e3`; a text goes in double quotes")
        }
        Some('(' | '[' | '{') => fault.with_help("compare with one value at a time: `a eq \"x\" or a eq \"y\"`"),
        Some('\'' | '`' | '´' | '\u{2018}'..='\u{201f}' | '«') => fault.with_help("strings stand in double quotes: `\"...\"`"),
        _ => fault.with_help(format!("a text goes in double quotes: {}", super::ast::Literal::String(text))),
    }
}
