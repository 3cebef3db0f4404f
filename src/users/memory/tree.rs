//! A sequence in leaves that is cheap to copy: copies share what neither changes.

use std::sync::Arc;

/// Leaves of a branch, at most.
const BRANCH: usize = 64;

/// A piece of the sequence. Leaves are never empty.
pub(super) trait Leaf: Clone {
    /// Elements of a leaf, at most.
    const MAX: usize;

    fn len(&self) -> usize;

    /// Takes the upper half off.
    fn split(&mut self) -> Self;
}

/// The leaves in two floors. A copy costs one step for each branch; a change to a shared tree copies one branch and one leaf.
#[derive(Clone)]
pub(super) struct Tree<L> {
    branches: Vec<Arc<Vec<Arc<L>>>>,
}

/// Where a leaf is. Good until the next change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path {
    branch: usize,
    leaf: usize,
}

impl<L: Leaf> Tree<L> {
    pub(super) const fn new() -> Self {
        Self { branches: Vec::new() }
    }

    /// A tree of leaves that are in their order already.
    pub(super) fn of(leaves: impl IntoIterator<Item = L>) -> Self {
        let mut tree = Self::new();
        for leaf in leaves {
            match tree.branches.last_mut() {
                Some(branch) if branch.len() < BRANCH * 3 / 4 => Arc::make_mut(branch).push(Arc::new(leaf)),
                _ => tree.branches.push(Arc::new(vec![Arc::new(leaf)])),
            }
        }
        tree
    }

    /// The last leaf of those that come first and begin before what is looked for; the first leaf where there is none. `before` is
    /// true for the leaves that begin before it.
    pub(super) fn find(&self, before: impl Fn(&L) -> bool) -> Path {
        let branch = self.branches.partition_point(|branch| branch.first().is_some_and(|leaf| before(leaf))).saturating_sub(1);
        let leaf = self.branches.get(branch).map_or(0, |branch| branch.partition_point(|leaf| before(leaf)).saturating_sub(1));
        Path { branch, leaf }
    }

    /// Changes a leaf, and splits it or takes it away where that is needed.
    pub(super) fn change(&mut self, path: Path, change: impl FnOnce(&mut L)) {
        let Some(branch) = self.branches.get_mut(path.branch).map(Arc::make_mut) else { return };
        let Some(leaf) = branch.get_mut(path.leaf).map(Arc::make_mut) else { return };
        change(leaf);
        if leaf.len() == 0 {
            branch.remove(path.leaf);
            if branch.is_empty() {
                self.branches.remove(path.branch);
            }
        } else if leaf.len() > L::MAX {
            let upper = Arc::new(leaf.split());
            branch.insert(path.leaf + 1, upper);
            if branch.len() > BRANCH {
                let upper = branch.split_off(BRANCH / 2);
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
        branches.flat_map(move |(place, branch)| branch.iter().skip(if place == path.branch { path.leaf } else { 0 })).map(|leaf| &**leaf)
    }

    /// The leaf and those before it, the nearest first.
    pub(super) fn leaves_back_from(&self, path: Path) -> impl Iterator<Item = &L> {
        let branches = self.branches.iter().enumerate().take(path.branch + 1).rev();
        let leaves = branches.flat_map(move |(place, branch)| {
            let count = if place == path.branch { path.leaf + 1 } else { branch.len() };
            branch.iter().take(count).rev()
        });
        leaves.map(|leaf| &**leaf)
    }
}
