//! Chooses the keys of a plan.
//!
//! A *cover* is a set of keys such that every record that matches has at least one of them. Of a
//! conjunction, the cover of one part suffices, and the one that a record is expected to have least
//! often is chosen, of equals the one with the longer values. A disjunction needs the covers of all
//! parts.
//!
//! A cover can *prove* that a record with one of its keys matches, as that of a list of strings or of a
//! prefix that is indexed in full does, and that of a disjunction of them. Such a plan is not
//! evaluated. If it is a part of a conjunction, only the other parts are.

use super::key::{CheckedKey, GRAM_LENGTHS, Key, KeyHasher, Kind, LENGTHS};
use crate::operator::Operator;
use crate::plan::{Node, Predicate, Test, Untyped};
use crate::value::Value;
use std::cmp::Ordering;

/// The reason why a plan has no cover, so that it is evaluated on every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// It can match records without a value of the attributes that it names.
    MatchesWithoutValue,
    /// It has more keys than the index stores for one plan.
    TooManyKeys,
}

impl Reason {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::MatchesWithoutValue => "can match records without a value",
            Self::TooManyKeys => "has too many alternatives",
        }
    }
}

/// Maximum number of keys of one plan.
const MAX_KEYS: usize = 1_024;

/// The part of a plan that is true of every record with one of the keys of its cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proved {
    Nothing,
    /// A child of the root, by its position.
    Child(u8),
    Root,
}

/// The keys of a plan.
#[derive(Debug)]
pub(super) struct Cover {
    pub(super) keys: Vec<CheckedKey>,
    /// The sum of the costs of the keys.
    pub(super) cost: f64,
    pub(super) proved: Proved,
    /// A key for equality that every matching record has in addition.
    pub(super) second: Option<Key>,
}

impl Cover {
    /// Returns the cost and the length of the shortest value.
    fn rank(&self) -> (f64, usize) {
        (self.cost, self.keys.iter().map(|key| key.length).min().unwrap_or_default())
    }
}

/// Chooses covers.
pub(super) struct Chooser<'i, F> {
    pub(super) hasher: &'i KeyHasher,
    /// Estimates how many plans a record selects by a key, averaged over all records.
    pub(super) cost: F,
}

impl<F: Fn(&Key) -> f64> Chooser<'_, F> {
    pub(super) fn cover(&self, root: &Node) -> Result<Cover, Reason> {
        let Node::All(children) = root else {
            let proved = if is_exact(root) { Proved::Root } else { Proved::Nothing };
            return Ok(Cover { proved, ..self.node(root, true)? });
        };
        let covers: Vec<_> = children.iter().map(|child| self.node(child, true)).collect();
        let equal = |cover: &Result<Cover, Reason>| match cover.as_ref().ok()?.keys[..] {
            [checked] if checked.key.kind == Kind::Equal => Some(checked),
            _ => None,
        };
        let seconds: Vec<CheckedKey> = covers.iter().filter_map(equal).collect();
        let (position, mut cover) = cheapest(covers.into_iter())?;
        if children.get(position).is_some_and(is_exact) {
            cover.proved = u8::try_from(position).map_or(Proved::Nothing, Proved::Child);
        }
        let is_chosen = |key: &Key| cover.keys.iter().any(|known| known.key == *key);
        let seconds = seconds.into_iter().filter(|checked| !is_chosen(&checked.key));
        let rank = |checked: &CheckedKey| ((self.cost)(&checked.key), checked.length);
        let second = seconds.min_by(|one, other| by_rank(rank(one), rank(other)));
        cover.second = second.map(|checked| checked.key);
        Ok(cover)
    }

    // The recursion is bounded by the depth of the plan, which `Limits` bounds.
    fn node(&self, node: &Node, positive: bool) -> Result<Cover, Reason> {
        match node {
            Node::Not(child) => self.node(child, !positive),
            Node::Test(test) => self.test(test, positive),
            Node::All(children) | Node::Any(children) => {
                let covers = children.iter().map(|child| self.node(child, positive));
                if matches!(node, Node::All(_)) == positive {
                    return cheapest(covers).map(|(_, cover)| cover);
                }
                let mut all = self.keys(Vec::new());
                for cover in covers {
                    let Cover { keys, cost, .. } = cover?;
                    all.keys.extend(keys);
                    all.cost += cost;
                    if all.keys.len() > MAX_KEYS {
                        return Err(Reason::TooManyKeys);
                    }
                }
                Ok(all)
            }
        }
    }

    fn test(&self, test: &Test, positive: bool) -> Result<Cover, Reason> {
        let attribute = test.attribute();
        let of_operand = |operand: &Value| self.hasher.of_operand(attribute, operand);
        let one =
            |kind, bytes: &[u8]| Ok(self.keys(vec![self.hasher.part(attribute, kind, bytes)]));
        let present = || one(Kind::Present, &[]);
        match test.predicate() {
            Predicate::Never if positive => Ok(self.keys(Vec::new())),
            // Each value equals the operand, and there is one.
            Predicate::Differs(operand) if !positive => Ok(self.keys(vec![of_operand(operand)])),
            _ if !positive => Err(Reason::MatchesWithoutValue),
            Predicate::Differs(_) | Predicate::Untyped(Operator::Ne, _) | Predicate::Never => {
                Err(Reason::MatchesWithoutValue)
            }
            Predicate::Present => present(),
            Predicate::Equal(operand) => Ok(self.keys(vec![of_operand(operand)])),
            Predicate::In(operands) if operands.len() > MAX_KEYS => Err(Reason::TooManyKeys),
            Predicate::In(operands) => Ok(self.keys(operands.iter().map(of_operand).collect())),
            Predicate::Greater(_) | Predicate::GreaterOrEqual(_) => one(Kind::Above, &[]),
            Predicate::Less(_) | Predicate::LessOrEqual(_) => one(Kind::Below, &[]),
            Predicate::StartsWith(part) => Ok(self.end(test, part.as_bytes(), true)),
            Predicate::EndsWith(part) => Ok(self.end(test, part.as_bytes(), false)),
            Predicate::Contains(part) => Ok(self.gram(test, part.as_str().as_bytes())),
            Predicate::Element(inner) => self.node(inner, true),
            Predicate::Untyped(operator, literal) => match (operator, literal) {
                // Values of other types can equal the literal.
                (_, Untyped::Coerced(_)) => present(),
                (Operator::Eq, literal) => {
                    Ok(self.keys(self.hasher.of_literal(attribute, literal)))
                }
                (operator, Untyped::Text { substring, .. }) if operator.is_substring() => {
                    let part = substring.as_str().as_bytes();
                    match operator {
                        _ if part.is_empty() => present(),
                        Operator::Sw => Ok(self.end(test, part, true)),
                        Operator::Ew => Ok(self.end(test, part, false)),
                        _ => Ok(self.gram(test, part)),
                    }
                }
                _ => present(),
            },
        }
    }

    fn keys(&self, keys: Vec<CheckedKey>) -> Cover {
        let cost = keys.iter().map(|key| (self.cost)(&key.key)).sum();
        Cover { keys, cost, proved: Proved::Nothing, second: None }
    }

    /// Returns the key of the longest indexed prefix or suffix.
    fn end(&self, test: &Test, part: &[u8], is_prefix: bool) -> Cover {
        let (position, length) = longest(&LENGTHS, part.len());
        let (kind, bytes) = match is_prefix {
            true => (Kind::Prefix(position), part.get(..length)),
            false => (
                Kind::Suffix(position),
                part.len().checked_sub(length).and_then(|at| part.get(at..)),
            ),
        };
        self.keys(vec![self.hasher.part(test.attribute(), kind, bytes.unwrap_or(part))])
    }

    /// Returns the cheapest of the keys of the longest indexed substrings.
    fn gram(&self, test: &Test, part: &[u8]) -> Cover {
        let (position, length) = longest(&GRAM_LENGTHS, part.len());
        let kind = Kind::Gram(position);
        let grams = part.windows(length).map(|gram| {
            let key = self.hasher.part(test.attribute(), kind, gram);
            (key, (self.cost)(&key.key))
        });
        let best = grams.min_by(|(_, one), (_, other)| one.total_cmp(other));
        self.keys(best.map(|(key, _)| key).into_iter().collect())
    }
}

/// Returns the cover with the lowest cost and its position.
fn cheapest(covers: impl Iterator<Item = Result<Cover, Reason>>) -> Result<(usize, Cover), Reason> {
    let mut reason = Reason::MatchesWithoutValue;
    let covers = covers.map(|cover| cover.map_err(|error| reason = error));
    let found = covers.enumerate().filter_map(|(position, cover)| Some((position, cover.ok()?)));
    found.min_by(|(_, one), (_, other)| by_rank(one.rank(), other.rank())).ok_or(reason)
}

/// Compares costs, then lengths: the longer one is first.
fn by_rank((cost, length): (f64, usize), other: (f64, usize)) -> Ordering {
    cost.total_cmp(&other.0).then(other.1.cmp(&length))
}

/// Returns the longest of the lengths that is not longer than a string, and its position.
fn longest(lengths: &[usize], string: usize) -> (u8, usize) {
    let position = lengths.iter().rposition(|length| *length <= string).unwrap_or(0);
    (u8::try_from(position).unwrap_or(0), lengths.get(position).copied().unwrap_or(1))
}

/// Returns whether every record with one of the keys of a node matches it.
// The recursion is bounded by the depth of the plan, which `Limits` bounds.
fn is_exact(node: &Node) -> bool {
    let test = match node {
        Node::Test(test) => test,
        Node::Any(children) => return children.iter().all(is_exact),
        Node::All(_) | Node::Not(_) => return false,
    };
    let is_text = |operand: &Value| matches!(operand, Value::Text(_));
    match test.predicate() {
        Predicate::Equal(operand) => is_text(operand),
        Predicate::In(operands) => operands.iter().all(is_text),
        Predicate::StartsWith(part) | Predicate::EndsWith(part) => LENGTHS.contains(&part.len()),
        Predicate::Contains(part) => GRAM_LENGTHS.contains(&part.as_str().len()),
        _ => false,
    }
}
