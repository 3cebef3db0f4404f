//! A check and plan as small as can be: the rules of the users API on F1-F4 and F7 written as code, no words about what is wrong, nothing that
//! another resource could use.

use scieve::{Expr, ExprKind, Filter, Literal, Operator};

/// What the fields hold is read by nobody: making them is what is measured.
#[allow(dead_code)]
pub(crate) enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Equal(usize, Box<str>),
    In(usize, Box<[Box<str>]>),
    Contains(usize, Box<Substring>),
}

/// A text to look for, with room for what a search prepares.
#[allow(dead_code)]
pub(crate) struct Substring {
    key: Box<str>,
    rare: usize,
    room: [usize; 6],
}

const NAMES: [&str; 6] = ["id", "name", "email", "subject", "status", "assignedRoles.name"];
const ID: usize = 0;
const STATUS: usize = 4;
/// By the places of the names: whether `co` is allowed.
const CONTAINS: [bool; 6] = [false, true, true, true, false, true];

/// What was seen so far: comparisons of `id`, and what the condition at hand asks of.
#[derive(Default)]
struct Seen {
    ids: usize,
    status: bool,
    others: bool,
}

/// `None` where the rules are broken.
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
                    Node::Equal(field, text) if nodes.is_empty() && list.as_ref().is_none_or(|(of, _)| *of == field) => {
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
                    let rare = key.bytes().enumerate().max_by_key(|(_, byte)| byte.wrapping_mul(37)).map_or(0, |(at, _)| at);
                    Some(Node::Contains(field, Box::new(Substring { key, rare, room: [0; 6] })))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Of ASCII alone.
fn folded(text: &str) -> Option<Box<str>> {
    let capital = text.bytes().any(|byte| byte.is_ascii_uppercase());
    text.is_ascii().then(|| if capital { text.to_ascii_lowercase().into() } else { text.into() })
}
