//! Search for a combination of atoms that is satisfiable: DPLL modulo theories.
//!
//! Atoms that have to be true are grouped by *family*, such as all atoms on one attribute. Families
//! are independent of each other, so a [`Theory`] decides each one alone. The search chooses a part
//! of each disjunction. Two methods keep it short:
//!
//! - **Forward checking**: parts that contradict the atoms so far are skipped, and the disjunction
//!   with the fewest remaining parts is chosen first (Haralick and Elliott, "Increasing Tree Search
//!   Efficiency for Constraint Satisfaction Problems", Artificial Intelligence 14, 1980).
//! - **Backjumping**: a contradiction comes with the choices that it depends on; other choices are
//!   not retried (Prosser, "Hybrid Algorithms for the Constraint Satisfaction Problem",
//!   Computational Intelligence 9(3), 1993).

use super::formula::{Atom, Formula, Goal, Requirement};
use crate::schema::AttributeId;
use std::collections::BTreeMap;

/// Maximum number of choices that depend on each other. Bounds the recursion.
const MAX_DEPTH: usize = 200;

/// The number of steps that a decision can still take.
#[derive(Debug)]
pub(super) struct Budget(u32);

impl Budget {
    pub(super) fn new(steps: u32) -> Self {
        Self(steps)
    }

    /// Takes a number of steps. Returns false if the budget is exceeded.
    pub(super) fn take(&mut self, steps: u32) -> bool {
        let rest = self.0.checked_sub(steps);
        self.0 = rest.unwrap_or(0);
        rest.is_some()
    }
}

/// The satisfiability of atoms, with a model that shows it.
#[derive(Debug)]
pub(super) enum Verdict<M> {
    Satisfiable(M),
    Unsatisfiable,
    /// The budget is exceeded, or the theory is incomplete.
    Unknown,
}

impl<M> Verdict<M> {
    pub(super) fn map<N>(self, convert: impl FnOnce(M) -> N) -> Verdict<N> {
        match self {
            Self::Satisfiable(model) => Verdict::Satisfiable(convert(model)),
            Self::Unsatisfiable => Verdict::Unsatisfiable,
            Self::Unknown => Verdict::Unknown,
        }
    }
}

/// Decides conjunctions of atoms of one family.
pub(super) trait Theory<'f, 'a> {
    type Model;

    fn family(&self, attribute: AttributeId) -> usize;

    fn check(
        &self,
        family: usize,
        atoms: &[&'f Atom<'a>],
        budget: &mut Budget,
    ) -> Verdict<Self::Model>;
}

/// Decides whether all goals can be true at once. The model contains the families that have atoms.
pub(super) fn solve<'f, 'a, T: Theory<'f, 'a>>(
    theory: &T,
    goals: &[Goal<'f, 'a>],
    budget: &mut Budget,
) -> Verdict<BTreeMap<usize, T::Model>> {
    let mut search = Search {
        theory,
        budget,
        families: BTreeMap::new(),
        pending: Vec::new(),
        trail: Vec::new(),
        incomplete: false,
    };
    match search.run(goals) {
        Outcome::Satisfiable => search.models(),
        Outcome::Unsatisfiable(_) if !search.incomplete => Verdict::Unsatisfiable,
        Outcome::Unsatisfiable(_) | Outcome::OutOfBudget => Verdict::Unknown,
    }
}

/// A set of choices, by their depth. Depths from 127 share a bit that is never removed, which makes
/// the set larger than necessary but not wrong.
#[derive(Clone, Copy)]
struct Choices(u128);

impl Choices {
    const NONE: Self = Self(0);
    const LAST: usize = 127;

    fn of(depth: usize) -> Self {
        Self(1 << depth.min(Self::LAST))
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn contains(self, depth: usize) -> bool {
        self.0 & Self::of(depth).0 != 0
    }

    fn without(self, depth: usize) -> Self {
        if depth < Self::LAST { Self(self.0 & !Self::of(depth).0) } else { self }
    }
}

enum Outcome {
    Satisfiable,
    /// Unsatisfiable because of these choices.
    Unsatisfiable(Choices),
    OutOfBudget,
}

/// A disjunction that has to be true because of the choice at a depth.
struct Pending<'f, 'a> {
    parts: &'f [Formula<'a>],
    reason: Choices,
    open: bool,
}

struct Search<'s, 'f, 'a, T> {
    theory: &'s T,
    budget: &'s mut Budget,
    families: BTreeMap<usize, Vec<(&'f Atom<'a>, Choices)>>,
    pending: Vec<Pending<'f, 'a>>,
    /// The families of the atoms that have to be true, in the order in which they were added.
    trail: Vec<usize>,
    /// True if a family was given up.
    incomplete: bool,
}

/// A state to return to.
#[derive(Clone, Copy)]
struct Mark {
    trail: usize,
    pending: usize,
}

impl<'f, 'a, T: Theory<'f, 'a>> Search<'_, 'f, 'a, T> {
    fn run(&mut self, goals: &[Goal<'f, 'a>]) -> Outcome {
        let start = self.mark();
        for goal in goals {
            let added = match goal {
                Goal::Formula(formula) => self.add(formula, Choices::NONE),
                Goal::Atom(atom) => {
                    self.add_atom(atom, Choices::NONE);
                    Ok(())
                }
            };
            if let Err(reason) = added {
                return Outcome::Unsatisfiable(reason);
            }
        }
        match self.conflict_since(start) {
            Some(reason) => Outcome::Unsatisfiable(reason),
            None => self.choose(0),
        }
    }

    fn mark(&self) -> Mark {
        Mark { trail: self.trail.len(), pending: self.pending.len() }
    }

    fn undo_to(&mut self, mark: Mark) {
        for family in self.trail.drain(mark.trail..) {
            if let Some(atoms) = self.families.get_mut(&family) {
                atoms.pop();
            }
        }
        self.pending.truncate(mark.pending);
    }

    fn add_atom(&mut self, atom: &'f Atom<'a>, reason: Choices) {
        let family = self.theory.family(atom.attribute);
        self.families.entry(family).or_default().push((atom, reason));
        self.trail.push(family);
    }

    /// Adds a formula that has to be true. Returns the reason if it is never true.
    fn add(&mut self, formula: &'f Formula<'a>, reason: Choices) -> Result<(), Choices> {
        match formula {
            Formula::All(parts) => parts.iter().try_for_each(|part| self.add(part, reason)),
            Formula::Any(parts) => match parts.as_slice() {
                [] => Err(reason),
                [only] => self.add(only, reason),
                _ => {
                    self.pending.push(Pending { parts, reason, open: true });
                    Ok(())
                }
            },
            Formula::Atom(atom) => {
                self.add_atom(atom, reason);
                Ok(())
            }
        }
    }

    /// Checks the families with atoms that were added since a mark. Returns the reason of a
    /// contradiction.
    fn conflict_since(&mut self, mark: Mark) -> Option<Choices> {
        let mut added: Vec<usize> = self.trail.get(mark.trail..).unwrap_or(&[]).to_vec();
        added.sort_unstable();
        added.dedup();
        added.into_iter().find_map(|family| self.conflict_in(family))
    }

    fn conflict_in(&mut self, family: usize) -> Option<Choices> {
        let known = self.families.get(&family)?;
        let atoms: Vec<&'f Atom<'a>> = known.iter().map(|(atom, _)| *atom).collect();
        let reason = known.iter().fold(Choices::NONE, |all, (_, reason)| all.or(*reason));
        match self.theory.check(family, &atoms, self.budget) {
            Verdict::Satisfiable(_) => None,
            Verdict::Unsatisfiable => Some(reason),
            Verdict::Unknown => {
                self.incomplete = true;
                Some(reason)
            }
        }
    }

    /// Returns true if the atoms so far make the formula true.
    fn holds(&self, formula: &Formula<'a>) -> bool {
        match formula {
            Formula::All(parts) => parts.iter().all(|part| self.holds(part)),
            Formula::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Formula::Atom(atom) => {
                let known = self.families.get(&self.theory.family(atom.attribute));
                let implies = |known: &Atom<'a>| {
                    known == atom
                        || known.attribute == atom.attribute
                            && known.positive
                            && atom.positive
                            && atom.requirement == Requirement::Present
                };
                known.is_some_and(|known| known.iter().any(|(known, _)| implies(known)))
            }
        }
    }

    /// Adds a formula, checks the families and removes it again. Returns the reason if it
    /// contradicts the atoms so far.
    fn probe(&mut self, formula: &'f Formula<'a>) -> Option<Choices> {
        let mark = self.mark();
        let conflict = match self.add(formula, Choices::NONE) {
            Err(reason) => Some(reason),
            Ok(()) => self.conflict_since(mark),
        };
        self.undo_to(mark);
        conflict
    }

    /// Chooses a part of each open disjunction.
    fn choose(&mut self, depth: usize) -> Outcome {
        if depth == MAX_DEPTH {
            return Outcome::OutOfBudget;
        }
        let mut best: Option<(usize, Vec<&'f Formula<'a>>, Choices)> = None;
        for position in 0..self.pending.len() {
            let Some(Pending { parts, reason, open: true }) = self.pending.get(position) else {
                continue;
            };
            let (parts, mut reason) = (*parts, *reason);
            if parts.iter().any(|part| self.holds(part)) {
                continue;
            }
            let mut possible = Vec::new();
            for part in parts {
                if !self.budget.take(1) {
                    return Outcome::OutOfBudget;
                }
                match self.probe(part) {
                    Some(conflict) => reason = reason.or(conflict),
                    None => possible.push(part),
                }
            }
            match possible.len() {
                0 => return Outcome::Unsatisfiable(reason),
                1 => {
                    best = Some((position, possible, reason));
                    break;
                }
                fewer if best.as_ref().is_none_or(|(_, known, _)| fewer < known.len()) => {
                    best = Some((position, possible, reason));
                }
                _ => {}
            }
        }
        match best {
            None => Outcome::Satisfiable,
            Some((position, possible, reason)) => self.try_each(position, &possible, reason, depth),
        }
    }

    /// Chooses each of the possible parts of a disjunction in turn.
    fn try_each(
        &mut self,
        position: usize,
        possible: &[&'f Formula<'a>],
        mut reason: Choices,
        depth: usize,
    ) -> Outcome {
        self.set_open(position, false);
        for part in possible {
            let mark = self.mark();
            let outcome = match self.add(part, Choices::of(depth)) {
                Err(reason) => Outcome::Unsatisfiable(reason),
                Ok(()) => self.choose(depth + 1),
            };
            let Outcome::Unsatisfiable(conflict) = outcome else { return outcome };
            self.undo_to(mark);
            if !conflict.contains(depth) {
                self.set_open(position, true);
                return Outcome::Unsatisfiable(conflict);
            }
            reason = reason.or(conflict.without(depth));
        }
        self.set_open(position, true);
        Outcome::Unsatisfiable(reason)
    }

    fn set_open(&mut self, position: usize, open: bool) {
        if let Some(pending) = self.pending.get_mut(position) {
            pending.open = open;
        }
    }

    /// Returns a model of each family.
    fn models(&mut self) -> Verdict<BTreeMap<usize, T::Model>> {
        let mut models = BTreeMap::new();
        for (family, known) in &self.families {
            let atoms: Vec<&'f Atom<'a>> = known.iter().map(|(atom, _)| *atom).collect();
            match self.theory.check(*family, &atoms, self.budget) {
                Verdict::Satisfiable(model) => _ = models.insert(*family, model),
                Verdict::Unsatisfiable | Verdict::Unknown => return Verdict::Unknown,
            }
        }
        Verdict::Satisfiable(models)
    }
}
