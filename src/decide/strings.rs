//! Finds a string with required and excluded prefixes, suffixes, substrings and values between two
//! bounds, or proves that there is none.
//!
//! Each test is a regular language, so a product automaton accepts exactly the strings that pass
//! all tests. It has two components:
//!
//! - a trie of the values and prefixes, for everything that depends on the start of the string; a
//!   string that leaves the trie has been compared with all of them
//! - the automaton of Aho and Corasick ("Efficient String Matching: An Aid to Bibliographic Search",
//!   Communications of the ACM 18(6), 1975) of the suffixes and substrings, with the set of
//!   substrings that were found
//!
//! A breadth-first search returns a shortest string. Its alphabet has the characters of the
//! operands, and for each gap between the characters of a bound one character that occurs in no
//! operand and represents all others of the gap.
//!
//! If the attribute ignores case, the strings are fold keys. Not every string is a fold key, so a
//! result is confirmed by the evaluator; a proof that there is no string includes all fold keys.

use super::model::ModelValue;
use super::search::Verdict;
use super::value_tests::ValueTests;
use crate::operator::Operator;
use crate::plan::{Predicate, Untyped};
use crate::value::{Text, Value, fold_key};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Maximum number of characters of all operands.
const MAX_CHARACTERS: usize = 4_096;

/// Maximum number of required substrings, which are bits of a mask.
const MAX_SUBSTRINGS: usize = 16;

/// Maximum number of strings that are accepted but are not fold keys.
const MAX_REJECTED: usize = 64;

/// The requirements on one string.
#[derive(Default)]
struct Requirements<'a> {
    prefixes: Vec<&'a str>,
    suffixes: Vec<&'a str>,
    substrings: Vec<&'a str>,
    no_prefixes: Vec<&'a str>,
    no_suffixes: Vec<&'a str>,
    no_substrings: Vec<&'a str>,
    no_values: Vec<&'a str>,
    /// The only values, if there is an equality.
    values: Vec<&'a str>,
    /// Lower bounds, and whether the bound itself is admitted.
    lower: Option<(&'a str, bool)>,
    upper: Option<(&'a str, bool)>,
    never: bool,
}

/// Finds a string for which each test has the required result.
pub(super) fn find(tests: &mut ValueTests<'_>) -> Verdict<ModelValue> {
    let literals = tests.literals;
    let mut needs = Requirements::default();
    for (test, positive) in literals {
        needs.add(test.predicate(), *positive);
    }
    if needs.never {
        return Verdict::Unsatisfiable;
    }
    let values: Vec<&str> = std::mem::take(&mut needs.values);
    if !values.is_empty() {
        let found = values.into_iter().map(text).find(|value| tests.accepts(value));
        return found.map_or(Verdict::Unsatisfiable, Verdict::Satisfiable);
    }
    if let Some(found) =
        needs.guesses().into_iter().map(|guess| text(&guess)).find(|guess| tests.accepts(guess))
    {
        return Verdict::Satisfiable(found);
    }
    Automaton::new(&needs).map_or(Verdict::Unknown, |automaton| automaton.search(tests))
}

fn text(string: &str) -> ModelValue {
    ModelValue::Value(Value::Text(Text::from(string)))
}

fn string_of(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}

impl<'a> Requirements<'a> {
    fn add(&mut self, predicate: &'a Predicate, positive: bool) {
        match predicate {
            // These are no tests of one value (`Formula::test`).
            Predicate::Present | Predicate::Never | Predicate::Element(_) => {}
            Predicate::Equal(value) => self.equality(string_of(value), positive),
            Predicate::Differs(value) => self.equality(string_of(value), !positive),
            Predicate::In(values) => {
                values.iter().for_each(|value| self.equality(string_of(value), positive));
            }
            Predicate::Less(value) => self.order(Operator::Lt, string_of(value), positive),
            Predicate::LessOrEqual(value) => self.order(Operator::Le, string_of(value), positive),
            Predicate::Greater(value) => self.order(Operator::Gt, string_of(value), positive),
            Predicate::GreaterOrEqual(value) => {
                self.order(Operator::Ge, string_of(value), positive);
            }
            Predicate::Contains(part) => self.part(Operator::Co, part.as_str(), positive),
            Predicate::StartsWith(part) => self.part(Operator::Sw, part, positive),
            Predicate::EndsWith(part) => self.part(Operator::Ew, part, positive),
            Predicate::Untyped(operator, literal) => match (operator, literal.literal()) {
                (Operator::Eq, Untyped::Text { substring, .. }) => {
                    self.equality(substring.as_str(), positive);
                }
                (Operator::Ne, Untyped::Text { substring, .. }) => {
                    self.equality(substring.as_str(), !positive);
                }
                (operator, Untyped::Text { substring, .. }) if operator.is_ordering() => {
                    self.order(*operator, substring.as_str(), positive);
                }
                (operator, Untyped::Text { substring, .. }) => {
                    self.part(*operator, substring.as_str(), positive);
                }
                // A string never equals a literal of another type, unless it is coerced; then
                // `ValueTests::find_untyped` proves nothing.
                (operator, _) => self.never |= positive != (*operator == Operator::Ne),
            },
        }
    }

    fn equality(&mut self, value: &'a str, positive: bool) {
        if positive { &mut self.values } else { &mut self.no_values }.push(value);
    }

    fn part(&mut self, operator: Operator, part: &'a str, positive: bool) {
        if part.is_empty() {
            // Every string contains the empty string.
            self.never |= !positive;
            return;
        }
        match (operator, positive) {
            (Operator::Sw, true) => &mut self.prefixes,
            (Operator::Sw, false) => &mut self.no_prefixes,
            (Operator::Ew, true) => &mut self.suffixes,
            (Operator::Ew, false) => &mut self.no_suffixes,
            (_, true) => &mut self.substrings,
            (_, false) => &mut self.no_substrings,
        }
        .push(part);
    }

    fn order(&mut self, operator: Operator, bound: &'a str, positive: bool) {
        let (is_lower, inclusive) = match (operator, positive) {
            (Operator::Gt, true) | (Operator::Le, false) => (true, false),
            (Operator::Ge, true) | (Operator::Lt, false) => (true, true),
            (Operator::Lt, true) | (Operator::Ge, false) => (false, false),
            _ => (false, true),
        };
        // The stricter bound: of equal ones, the one that excludes its value.
        let known = if is_lower { &mut self.lower } else { &mut self.upper };
        let is_stricter = known.is_none_or(|(other, _)| {
            let order = bound.cmp(other);
            if order.is_eq() { !inclusive } else { order.is_gt() == is_lower }
        });
        if is_stricter {
            *known = Some((bound, inclusive));
        }
    }

    /// Returns strings that often pass, so that most decisions need no automaton.
    fn guesses(&self) -> Vec<String> {
        let longest =
            |parts: &[&'a str]| parts.iter().copied().max_by_key(|part| part.len()).unwrap_or("");
        let (prefix, suffix) = (longest(&self.prefixes), longest(&self.suffixes));
        let middle: Vec<&str> = self
            .substrings
            .iter()
            .copied()
            .filter(|part| !prefix.contains(part) && !suffix.contains(part))
            .collect();
        let middle = middle.concat();
        let mut guesses = vec![format!("{prefix}{middle}{suffix}")];
        if guesses.concat().is_empty() {
            guesses.insert(0, "x".to_owned());
        }
        if let Some((bound, inclusive)) = self.lower {
            let after = if inclusive { "" } else { "0" };
            guesses.push(format!("{bound}{after}{middle}{suffix}"));
        }
        guesses.push(format!("{prefix}x{middle}{suffix}"));
        guesses.push(format!("{prefix}{middle}x{suffix}"));
        guesses
    }
}

/// A state: the node of the trie, if the string is still a path of it, the node of the automaton of
/// substrings, and the substrings that were found.
type State = (Option<usize>, usize, u16);

struct Automaton<'a> {
    needs: &'a Requirements<'a>,
    alphabet: Vec<char>,
    starts: Trie,
    parts: Trie,
    /// For each node of `parts`, the node of its longest proper suffix.
    fallback: Vec<usize>,
    /// For each node of `parts`, the required substrings that end there.
    found: Vec<u16>,
    /// For each node of `parts`, whether an excluded substring ends there.
    excluded: Vec<bool>,
}

impl<'a> Automaton<'a> {
    /// Builds the automaton. Returns `None` if it would be too large.
    fn new(needs: &'a Requirements<'a>) -> Option<Self> {
        let bounds: Vec<&str> =
            needs.lower.iter().chain(&needs.upper).map(|(bound, _)| *bound).collect();
        let starts: Vec<&str> = [&needs.prefixes, &needs.no_prefixes, &needs.no_values, &bounds]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let parts: Vec<&str> =
            [&needs.substrings, &needs.no_substrings, &needs.suffixes, &needs.no_suffixes]
                .into_iter()
                .flatten()
                .copied()
                .collect();
        let bytes: usize = starts.iter().chain(&parts).map(|part| part.len()).sum();
        if bytes > MAX_CHARACTERS || needs.substrings.len() > MAX_SUBSTRINGS {
            return None;
        }
        let alphabet =
            alphabet(&bounds, starts.iter().chain(&parts).flat_map(|part| part.chars()).collect());
        let (starts, parts) = (Trie::new(&starts), Trie::new(&parts));
        let ends_with =
            |at: usize, part: &str| parts.paths.get(at).is_some_and(|path| path.ends_with(part));
        let nodes = 0..parts.paths.len();
        let found = nodes.clone().map(|at| {
            needs.substrings.iter().enumerate().fold(0, |found, (bit, part)| {
                if ends_with(at, part) { found | 1 << bit } else { found }
            })
        });
        let excluded = nodes.map(|at| needs.no_substrings.iter().any(|part| ends_with(at, part)));
        Some(Self {
            needs,
            alphabet,
            fallback: parts.fallback(),
            found: found.collect(),
            excluded: excluded.collect(),
            starts,
            parts,
        })
    }

    fn search(&self, tests: &mut ValueTests<'_>) -> Verdict<ModelValue> {
        // The word of each state: the position of the word before it, and the last character.
        let mut words: Vec<(usize, char, State)> = vec![(usize::MAX, '\0', (Some(0), 0, 0))];
        let mut seen: HashSet<State> = words.iter().map(|(.., state)| *state).collect();
        let (mut next, mut rejected) = (0, 0);
        while let Some((_, _, state)) = words.get(next).copied() {
            if self.accepts(state) {
                let word = text(&word(&words, next));
                if tests.accepts(&word) {
                    return Verdict::Satisfiable(word);
                }
                rejected += 1;
                if rejected > MAX_REJECTED {
                    return Verdict::Unknown;
                }
            }
            for char in &self.alphabet {
                if !tests.budget.take(1) {
                    return Verdict::Unknown;
                }
                if let Some(state) = self.step(state, *char)
                    && seen.insert(state)
                {
                    words.push((next, *char, state));
                }
            }
            next += 1;
        }
        if rejected == 0 { Verdict::Unsatisfiable } else { Verdict::Unknown }
    }

    /// Returns the state after a character, or `None` if no continuation is accepted.
    fn step(&self, (start, part, found): State, char: char) -> Option<State> {
        let start = match start {
            None => None,
            Some(node) => match self.starts.child(node, char) {
                Some(child) => self.can_continue(child).then_some(Some(child))?,
                None => self.can_leave(node, char).then_some(None)?,
            },
        };
        let part = self.parts.step(&self.fallback, part, char);
        if *self.excluded.get(part)? {
            return None;
        }
        Some((start, part, found | self.found.get(part)?))
    }

    /// Returns whether a string that starts like a node of the trie can be accepted.
    fn can_continue(&self, node: usize) -> bool {
        let Some(path) = self.starts.paths.get(node) else { return false };
        let path = path.as_str();
        self.needs.prefixes.iter().all(|prefix| is_compatible(path, prefix))
            && !self.needs.no_prefixes.iter().any(|prefix| path.starts_with(prefix))
            && self.needs.lower.is_none_or(|(bound, _)| path >= bound || bound.starts_with(path))
            && self.needs.upper.is_none_or(|(bound, _)| path <= bound)
    }

    /// Returns whether a string can be accepted that leaves the trie at a node by a character.
    fn can_leave(&self, node: usize, char: char) -> bool {
        let Some(path) = self.starts.paths.get(node) else { return false };
        let mut start = path.clone();
        start.push(char);
        self.needs.prefixes.iter().all(|prefix| path.starts_with(prefix))
            && self.needs.lower.is_none_or(|(bound, _)| start.as_str() > bound)
            && self.needs.upper.is_none_or(|(bound, _)| start.as_str() < bound)
    }

    fn accepts(&self, (start, part, found): State) -> bool {
        let needs = self.needs;
        if found.count_ones() as usize != needs.substrings.len() {
            return false;
        }
        let Some(end) = self.parts.paths.get(part) else { return false };
        if !needs.suffixes.iter().all(|suffix| end.ends_with(suffix))
            || needs.no_suffixes.iter().any(|suffix| end.ends_with(suffix))
        {
            return false;
        }
        let Some(path) = start.and_then(|node| self.starts.paths.get(node)) else {
            return start.is_none();
        };
        let path = path.as_str();
        let within = |bound: Option<(&str, bool)>, is_inside: fn(std::cmp::Ordering) -> bool| {
            bound.is_none_or(|(bound, inclusive)| {
                let order = path.cmp(bound);
                is_inside(order) || inclusive && order.is_eq()
            })
        };
        needs.prefixes.iter().all(|prefix| path.starts_with(prefix))
            && !needs.no_values.contains(&path)
            && within(needs.lower, std::cmp::Ordering::is_gt)
            && within(needs.upper, std::cmp::Ordering::is_lt)
    }
}

/// Returns whether one string is a prefix of the other.
fn is_compatible(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Returns the characters of a word, given the positions of the words before it.
fn word(words: &[(usize, char, State)], last: usize) -> String {
    let mut chars = Vec::new();
    let mut at = last;
    while let Some((before, char, _)) = words.get(at)
        && *before != usize::MAX
    {
        chars.push(*char);
        at = *before;
    }
    chars.iter().rev().collect()
}

/// Returns the characters of the operands, and for each gap between the characters of the bounds one
/// that is in no operand.
fn alphabet(bounds: &[&str], used: BTreeSet<char>) -> Vec<char> {
    let mut limits: BTreeSet<char> = bounds.iter().flat_map(|bound| bound.chars()).collect();
    limits.extend(['\0', char::MAX]);
    let limits: Vec<char> = limits.into_iter().collect();
    let mut alphabet: Vec<char> = used.iter().copied().collect();
    for gap in limits.windows(2) {
        let [low, high] = gap else { continue };
        // These are fold keys and easy to read.
        let common = ('a'..='z').chain('0'..='9').chain("-_. ~{}!^".chars());
        let mut inside = common.filter(|char| low < char && char < high);
        let fresh = inside
            .find(|char| !used.contains(char))
            .or_else(|| inside_gap(*low, *high, &used).take(64).find(is_key))
            .or_else(|| inside_gap(*low, *high, &used).next());
        alphabet.extend(fresh);
    }
    // The limits themselves, which are rarely needed.
    alphabet.extend([char::MAX, '\0'].into_iter().filter(|char| !used.contains(char)));
    alphabet
}

/// Returns the characters between two others that are in no operand.
fn inside_gap(low: char, high: char, used: &BTreeSet<char>) -> impl Iterator<Item = char> {
    (low..high).skip(1).filter(|char| !used.contains(char))
}

fn is_key(char: &char) -> bool {
    let mut buffer = [0; 4];
    let string: &str = char.encode_utf8(&mut buffer);
    fold_key(string) == string
}

/// A trie of strings. Node 0 is the root.
struct Trie {
    children: Vec<HashMap<char, usize>>,
    paths: Vec<String>,
}

impl Trie {
    fn new(strings: &[&str]) -> Self {
        let mut trie = Self { children: vec![HashMap::new()], paths: vec![String::new()] };
        for string in strings {
            let mut node = 0;
            for char in string.chars() {
                node = match trie.child(node, char) {
                    Some(child) => child,
                    None => trie.add(node, char),
                };
            }
        }
        trie
    }

    fn child(&self, node: usize, char: char) -> Option<usize> {
        self.children.get(node)?.get(&char).copied()
    }

    fn add(&mut self, node: usize, char: char) -> usize {
        let child = self.paths.len();
        let mut path = self.paths.get(node).cloned().unwrap_or_default();
        path.push(char);
        self.paths.push(path);
        self.children.push(HashMap::new());
        if let Some(children) = self.children.get_mut(node) {
            children.insert(char, child);
        }
        child
    }

    /// Returns for each node the node of its longest proper suffix.
    fn fallback(&self) -> Vec<usize> {
        let by_path: HashMap<&str, usize> =
            self.paths.iter().enumerate().map(|(node, path)| (path.as_str(), node)).collect();
        self.paths
            .iter()
            .map(|path| {
                let suffixes = path.char_indices().skip(1).filter_map(|(at, _)| path.get(at..));
                suffixes.filter_map(|suffix| by_path.get(suffix).copied()).next().unwrap_or(0)
            })
            .collect()
    }

    /// Returns the node of the longest suffix of a node's path and a character.
    fn step(&self, fallback: &[usize], mut node: usize, char: char) -> usize {
        loop {
            match self.child(node, char) {
                Some(child) => return child,
                None if node == 0 => return 0,
                None => node = fallback.get(node).copied().unwrap_or(0),
            }
        }
    }
}
