//! A sequence in leaves that is cheap to copy: copies share what neither changes.

use std::sync::Arc;

/// Leaves of a branch, at most.
const BRANCH: usize = 64;

/// A piece of the sequence. Leaves are never empty.
pub(super) trait Leaf: Clone {
    /// Elements of a leaf, at most.
    const MAX: usize;

    /// By what [`Tree::find_by_mark`] tells leaves apart without looking at them.
    type Mark: Copy;

    fn len(&self) -> usize;

    /// Of the first element.
    fn mark(&self) -> Self::Mark;

    /// Takes the upper half off.
    fn split(&mut self) -> Self;
}

/// The leaves in two floors. A copy costs one step for each branch; a change to a shared tree copies one branch and one leaf.
#[derive(Clone)]
pub(super) struct Tree<L: Leaf> {
    /// Of the first leaf of each branch.
    marks: Vec<L::Mark>,
    branches: Vec<Arc<Branch<L>>>,
}

/// Leaves with their marks.
#[derive(Clone)]
struct Branch<L: Leaf> {
    marks: Vec<L::Mark>,
    leaves: Vec<Arc<L>>,
}

impl<L: Leaf> Branch<L> {
    fn insert(&mut self, place: usize, leaf: L) {
        self.marks.insert(place, leaf.mark());
        self.leaves.insert(place, Arc::new(leaf));
    }
}

/// Where a leaf is. Good until the next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path {
    branch: usize,
    leaf: usize,
}

impl<L: Leaf> Tree<L> {
    pub(super) const fn new() -> Self {
        Self { marks: Vec::new(), branches: Vec::new() }
    }

    /// A tree of leaves that are in their order already.
    pub(super) fn of(leaves: impl IntoIterator<Item = L>) -> Self {
        let mut tree = Self::new();
        for leaf in leaves {
            match tree.branches.last_mut().map(Arc::make_mut) {
                Some(branch) if branch.leaves.len() < BRANCH * 3 / 4 => branch.insert(branch.leaves.len(), leaf),
                _ => {
                    tree.marks.push(leaf.mark());
                    tree.branches.push(Arc::new(Branch { marks: vec![leaf.mark()], leaves: vec![Arc::new(leaf)] }));
                }
            }
        }
        tree
    }

    /// The last leaf of those that come first and begin before what is looked for; the first leaf where there is none. `before` is
    /// true for the leaves that begin before it.
    pub(super) fn find(&self, before: impl Fn(&L) -> bool) -> Path {
        self.find_by_mark(|_| None, before)
    }

    /// As [`Tree::find`]; only the leaves of whose mark `decide` cannot tell are looked at.
    pub(super) fn find_by_mark(&self, decide: impl Fn(L::Mark) -> Option<bool>, before: impl Fn(&L) -> bool) -> Path {
        let last = |marks: &[L::Mark], leaf: &dyn Fn(usize) -> Option<bool>| {
            let (mut low, mut high) = (0, marks.len());
            while low < high {
                let middle = low.midpoint(high);
                match marks.get(middle).and_then(|mark| decide(*mark)).or_else(|| leaf(middle)) {
                    Some(true) => low = middle + 1,
                    _ => high = middle,
                }
            }
            low.saturating_sub(1)
        };
        let branch = last(&self.marks, &|place| Some(before(self.branches.get(place)?.leaves.first()?)));
        let Some(chosen) = self.branches.get(branch) else { return Path { branch, leaf: 0 } };
        Path { branch, leaf: last(&chosen.marks, &|place| Some(before(chosen.leaves.get(place)?))) }
    }

    /// Changes a leaf, and splits it or takes it away where that is needed.
    pub(super) fn change(&mut self, path: Path, change: impl FnOnce(&mut L)) {
        let Some(branch) = self.branches.get_mut(path.branch).map(Arc::make_mut) else { return };
        let Some(leaf) = branch.leaves.get_mut(path.leaf).map(Arc::make_mut) else { return };
        change(leaf);
        if leaf.len() == 0 {
            branch.leaves.remove(path.leaf);
            branch.marks.remove(path.leaf);
        } else {
            let upper = (leaf.len() > L::MAX).then(|| leaf.split());
            branch.marks.get_mut(path.leaf).into_iter().for_each(|mark| *mark = leaf.mark());
            upper.into_iter().for_each(|upper| branch.insert(path.leaf + 1, upper));
        }
        match branch.marks.first().copied() {
            Some(first) => self.marks.get_mut(path.branch).into_iter().for_each(|mark| *mark = first),
            None => {
                self.branches.remove(path.branch);
                self.marks.remove(path.branch);
                return;
            }
        }
        if branch.leaves.len() > BRANCH {
            let upper = Branch { marks: branch.marks.split_off(BRANCH / 2), leaves: branch.leaves.split_off(BRANCH / 2) };
            if let Some(mark) = upper.marks.first() {
                self.marks.insert(path.branch + 1, *mark);
                self.branches.insert(path.branch + 1, Arc::new(upper));
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }

    /// The leaf and those that follow it.
    pub(super) fn leaves_from(&self, path: Path) -> impl Iterator<Item = &L> {
        let branches = self.branches.iter().enumerate().skip(path.branch);
        branches
            .flat_map(move |(place, branch)| branch.leaves.iter().skip(if place == path.branch { path.leaf } else { 0 }))
            .map(|leaf| &**leaf)
    }

    /// The leaf and those before it, the nearest first.
    pub(super) fn leaves_back_from(&self, path: Path) -> impl Iterator<Item = &L> {
        let branches = self.branches.iter().enumerate().take(path.branch + 1).rev();
        let leaves = branches.flat_map(move |(place, branch)| {
            let count = if place == path.branch { path.leaf + 1 } else { branch.leaves.len() };
            branch.leaves.iter().take(count).rev()
        });
        leaves.map(|leaf| &**leaf)
    }
}
