//! Chooses the keys of a plan.
//!
//! A *cover* is a set of keys such that every record that matches has at least one of them. Of a
//! conjunction, the cover of one part suffices, and the one that selects the fewest other plans is
//! chosen. A disjunction needs the covers of all parts.

use super::key::{GRAM, Key, KeyHasher, Kind, LENGTHS};
use crate::operator::Operator;
use crate::plan::{Node, Predicate, Test, Untyped};
use crate::value::Value;

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

/// The keys of a plan.
#[derive(Debug)]
pub(super) struct Cover {
    pub(super) keys: Vec<Key>,
    /// The estimated number of plans that a record with one of the keys selects.
    cost: u64,
    /// A key for equality that every matching record has in addition.
    pub(super) second: Option<Key>,
}

/// Chooses covers, given the number of plans under a key.
pub(super) struct Chooser<F> {
    pub(super) hasher: KeyHasher,
    pub(super) load: F,
}

impl<F: Fn(&Key) -> u64> Chooser<F> {
    pub(super) fn cover(&self, root: &Node) -> Result<Cover, Reason> {
        let mut cover = self.node(root, true)?;
        if let ([first], Node::All(children)) = (&cover.keys[..], root)
            && !matches!(first.kind, Kind::Above | Kind::Below)
        {
            let others =
                children.iter().filter_map(|child| match self.node(child, true).ok()?.keys[..] {
                    [key] if key.kind == Kind::Equal && key != *first => Some(key),
                    _ => None,
                });
            cover.second = others.min_by_key(|key| (self.load)(key));
        }
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
                    let mut reason = Reason::MatchesWithoutValue;
                    let best = covers
                        .filter_map(|cover| cover.map_err(|error| reason = error).ok())
                        .min_by_key(|cover| cover.cost);
                    return best.ok_or(reason);
                }
                let mut all = Cover { keys: Vec::new(), cost: 0, second: None };
                for cover in covers {
                    let Cover { keys, cost, .. } = cover?;
                    all.keys.extend(keys);
                    all.cost = all.cost.saturating_add(cost);
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

    fn keys(&self, keys: Vec<Key>) -> Cover {
        // Some keys select a record more often than others.
        let weight = |key: &Key| match key.kind {
            Kind::Equal => 1,
            Kind::Prefix(length) | Kind::Suffix(length) => 64 >> length.min(5),
            Kind::Gram(length) => 256 >> (2 * length),
            Kind::Above | Kind::Below => 10_000,
            Kind::Present => 1_000_000,
        };
        let cost = keys.iter().map(|key| weight(key) + (self.load)(key)).sum();
        Cover { keys, cost, second: None }
    }

    /// Returns the key of the longest indexed prefix or suffix.
    fn end(&self, test: &Test, part: &[u8], is_prefix: bool) -> Cover {
        let position = LENGTHS.iter().rposition(|length| *length <= part.len()).unwrap_or(0);
        let length = LENGTHS.get(position).copied().unwrap_or(1);
        let position = u8::try_from(position).unwrap_or(0);
        let (kind, bytes) = match is_prefix {
            true => (Kind::Prefix(position), part.get(..length)),
            false => (
                Kind::Suffix(position),
                part.len().checked_sub(length).and_then(|at| part.get(at..)),
            ),
        };
        self.keys(vec![self.hasher.part(test.attribute(), kind, bytes.unwrap_or(part))])
    }

    /// Returns the key of the four bytes of a substring that the fewest other plans have.
    fn gram(&self, test: &Test, part: &[u8]) -> Cover {
        let length = part.len().min(GRAM);
        let kind = Kind::Gram(u8::try_from(length).unwrap_or(0));
        let grams =
            part.windows(length.max(1)).map(|gram| self.hasher.part(test.attribute(), kind, gram));
        self.keys(grams.min_by_key(|key| (self.load)(key)).into_iter().collect())
    }
}
