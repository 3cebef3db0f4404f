//! A minimal checker and planner: the rules of the users API for F1 to F4 and F7 as code, without
//! diagnostics and specific to one resource.

use scieve::{Expr, ExprKind, Filter, Literal, Operator};

/// The fields are never read; the measurement is about building them.
#[allow(dead_code)]
pub(crate) enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Equal(usize, Box<str>),
    In(usize, Box<[Box<str>]>),
    Contains(usize, Box<Substring>),
}

/// A substring to search, with space for the precomputed data of a searcher.
#[allow(dead_code)]
pub(crate) struct Substring {
    key: Box<str>,
    rare: usize,
    room: [usize; 6],
}

const NAMES: [&str; 6] = ["id", "name", "email", "subject", "status", "assignedRoles.name"];
const ID: usize = 0;
const STATUS: usize = 4;
/// The attributes that support `co`, by index in [`NAMES`].
const CONTAINS: [bool; 6] = [false, true, true, true, false, true];

/// The number of comparisons of `id` so far, and the attributes that the current operand contains.
#[derive(Default)]
struct Seen {
    ids: usize,
    status: bool,
    others: bool,
}

/// Returns `None` if the filter violates the rules.
pub(crate) fn check(filter: &Filter) -> Option<Node> {
    let mut seen = Seen::default();
    let node = node(filter.root(), &mut seen)?;
    (seen.ids <= 100).then_some(node)
}

fn node(expr: Expr<'_>, seen: &mut Seen) -> Option<Node> {
    match expr.kind() {
        ExprKind::And(operands) => {
            let mut nodes = Vec::with_capacity(operands.count());
            for operand in operands {
                (seen.status, seen.others) = (false, false);
                nodes.push(node(operand, seen)?);
                if seen.status && seen.others {
                    return None;
                }
            }
            Some(Node::All(nodes.into()))
        }
        ExprKind::Or(operands) => {
            let room = operands.count();
            let mut list: Option<(usize, Vec<Box<str>>)> = None;
            let mut nodes = Vec::new();
            for operand in operands {
                match node(operand, seen)? {
                    Node::Equal(field, text)
                        if nodes.is_empty() && list.as_ref().is_none_or(|(of, _)| *of == field) =>
                    {
                        list.get_or_insert_with(|| (field, Vec::with_capacity(room))).1.push(text);
                    }
                    other => {
                        if nodes.is_empty() {
                            nodes.reserve_exact(room);
                        }
                        if let Some((field, texts)) = list.take() {
                            nodes.extend(texts.into_iter().map(|text| Node::Equal(field, text)));
                        }
                        nodes.push(other);
                    }
                }
            }
            let Some((field, mut texts)) = list else { return Some(Node::Any(nodes.into())) };
            if !texts.is_sorted() {
                texts.sort_unstable();
                texts.dedup();
            }
            Some(Node::In(field, texts.into()))
        }
        ExprKind::Clause(clause) => {
            let path = clause.path().as_str();
            let field = NAMES.iter().position(|name| name.eq_ignore_ascii_case(path))?;
            seen.ids += usize::from(field == ID);
            seen.status |= field == STATUS;
            seen.others |= field != STATUS;
            let Some(Literal::String(text)) = clause.literal() else { return None };
            match clause.operator() {
                Operator::Eq => Some(Node::Equal(field, folded(text)?)),
                Operator::Co if CONTAINS[field] => {
                    let key = folded(text)?;
                    let rare = key
                        .bytes()
                        .enumerate()
                        .max_by_key(|(_, byte)| byte.wrapping_mul(37))
                        .map_or(0, |(at, _)| at);
                    Some(Node::Contains(field, Box::new(Substring { key, rare, room: [0; 6] })))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Folds an ASCII string; `None` for other strings.
fn folded(text: &str) -> Option<Box<str>> {
    let capital = text.bytes().any(|byte| byte.is_ascii_uppercase());
    text.is_ascii().then(|| if capital { text.to_ascii_lowercase().into() } else { text.into() })
}
