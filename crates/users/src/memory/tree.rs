//! A sequence in leaves that is cheap to copy: copies share what neither changes.

use std::sync::Arc;

/// Leaves of a branch, at most. With one too many, before it is split, there are no more than a word has bits.
const BRANCH: usize = 63;

/// A piece of the sequence. Leaves are never empty.
pub(super) trait Leaf: Clone {
    /// Elements of a leaf, at most.
    const MAX: usize;

    /// By what [`Tree::find_by_mark`] tells leaves apart without looking at them.
    type Mark: Copy;

    /// What a branch knows of all its leaves.
    type Summary: Summary<Self>;

    fn len(&self) -> usize;

    /// Of the first element.
    fn mark(&self) -> Self::Mark;

    /// Takes the upper half off.
    fn split(&mut self) -> Self;
}

/// What a branch knows of its leaves, by their places in it.
pub(super) trait Summary<L>: Clone + Default {
    /// There is a new leaf at the place; those behind it have moved up.
    fn insert(&mut self, place: usize, leaves: &[Arc<L>]);

    /// The leaf at the place has lost a part.
    fn renew(&mut self, place: usize, leaf: &L);

    /// The leaf at the place is gone; those behind it have moved down.
    fn remove(&mut self, place: usize);

    /// Takes what is known of the leaves from there on off.
    fn split_off(&mut self, at: usize) -> Self;
}

/// Nothing is known.
impl<L> Summary<L> for () {
    fn insert(&mut self, _: usize, _: &[Arc<L>]) {}

    fn renew(&mut self, _: usize, _: &L) {}

    fn remove(&mut self, _: usize) {}

    fn split_off(&mut self, _: usize) -> Self {}
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
    summary: L::Summary,
}

/// A leaf, where it stands in its branch, and what is known of all leaves there.
pub(super) struct Spot<'t, L: Leaf> {
    pub(super) leaf: &'t L,
    pub(super) place: usize,
    pub(super) summary: &'t L::Summary,
}

impl<L: Leaf> Clone for Spot<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: Leaf> Copy for Spot<'_, L> {}

impl<L: Leaf> Branch<L> {
    fn new() -> Self {
        Self { marks: Vec::new(), leaves: Vec::new(), summary: L::Summary::default() }
    }

    fn insert(&mut self, place: usize, leaf: L) {
        self.marks.insert(place, leaf.mark());
        self.leaves.insert(place, Arc::new(leaf));
        self.summary.insert(place, &self.leaves);
    }

    fn remove(&mut self, place: usize) {
        self.marks.remove(place);
        self.leaves.remove(place);
        self.summary.remove(place);
    }

    fn split_off(&mut self, at: usize) -> Self {
        Self {
            marks: self.marks.split_off(at),
            leaves: self.leaves.split_off(at),
            summary: self.summary.split_off(at),
        }
    }

    /// The leaves of the `wanted` ones, a bit for each, in their order.
    fn spots(&self, wanted: u64) -> impl DoubleEndedIterator<Item = Spot<'_, L>> {
        let spots =
            self.leaves.iter().enumerate().filter(move |(place, _)| wanted >> place & 1 == 1);
        spots.map(|(place, leaf)| Spot { leaf: &**leaf, place, summary: &self.summary })
    }
}

/// Bits below that one.
fn below(place: usize) -> u64 {
    u32::try_from(place)
        .ok()
        .and_then(|place| 1_u64.checked_shl(place))
        .map_or(u64::MAX, |bit| bit - 1)
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
                Some(branch) if branch.leaves.len() < BRANCH * 3 / 4 => {
                    branch.insert(branch.leaves.len(), leaf)
                }
                _ => {
                    tree.marks.push(leaf.mark());
                    let mut branch = Branch::new();
                    branch.insert(0, leaf);
                    tree.branches.push(Arc::new(branch));
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
    pub(super) fn find_by_mark(
        &self,
        decide: impl Fn(L::Mark) -> Option<bool>,
        before: impl Fn(&L) -> bool,
    ) -> Path {
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
        let branch =
            last(&self.marks, &|place| Some(before(self.branches.get(place)?.leaves.first()?)));
        let Some(chosen) = self.branches.get(branch) else { return Path { branch, leaf: 0 } };
        Path { branch, leaf: last(&chosen.marks, &|place| Some(before(chosen.leaves.get(place)?))) }
    }

    /// The mark of the leaf and that of the next.
    pub(super) fn marks(&self, path: Path) -> (Option<L::Mark>, Option<L::Mark>) {
        let Some(branch) = self.branches.get(path.branch) else { return (None, None) };
        let next = branch.marks.get(path.leaf + 1).or_else(|| self.marks.get(path.branch + 1));
        (branch.marks.get(path.leaf).copied(), next.copied())
    }

    /// Changes a leaf, and what is known of it by its place, and splits it or takes it away where that is needed.
    pub(super) fn change(
        &mut self,
        path: Path,
        change: impl FnOnce(&mut L, &mut L::Summary, usize),
    ) {
        let Some(branch) = self.branches.get_mut(path.branch).map(Arc::make_mut) else { return };
        let Some(leaf) = branch.leaves.get_mut(path.leaf).map(Arc::make_mut) else { return };
        change(leaf, &mut branch.summary, path.leaf);
        if leaf.len() == 0 {
            branch.remove(path.leaf);
        } else {
            let upper = (leaf.len() > L::MAX).then(|| leaf.split());
            branch.marks.get_mut(path.leaf).into_iter().for_each(|mark| *mark = leaf.mark());
            if let Some(upper) = upper {
                branch.summary.renew(path.leaf, leaf);
                branch.insert(path.leaf + 1, upper);
            }
        }
        match branch.marks.first().copied() {
            Some(first) => {
                self.marks.get_mut(path.branch).into_iter().for_each(|mark| *mark = first)
            }
            None => {
                self.branches.remove(path.branch);
                self.marks.remove(path.branch);
                return;
            }
        }
        if branch.leaves.len() > BRANCH {
            let upper = branch.split_off(BRANCH / 2);
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
        self.spots_from(path, |_| u64::MAX).map(|spot| spot.leaf)
    }

    /// The leaf and those before it, the nearest first.
    pub(super) fn leaves_back_from(&self, path: Path) -> impl Iterator<Item = &L> {
        self.spots_back_from(path, |_| u64::MAX).map(|spot| spot.leaf)
    }

    /// The leaf and those that follow it, of each branch those alone that are `wanted`, a bit for each.
    pub(super) fn spots_from(
        &self,
        path: Path,
        wanted: impl Fn(&L::Summary) -> u64,
    ) -> impl Iterator<Item = Spot<'_, L>> {
        let branches = self.branches.iter().enumerate().skip(path.branch);
        branches.flat_map(move |(place, branch)| {
            let before = if place == path.branch { below(path.leaf) } else { 0 };
            branch.spots(wanted(&branch.summary) & !before)
        })
    }

    /// The leaf and those before it, the nearest first, of each branch those alone that are `wanted`, a bit for each.
    pub(super) fn spots_back_from(
        &self,
        path: Path,
        wanted: impl Fn(&L::Summary) -> u64,
    ) -> impl Iterator<Item = Spot<'_, L>> {
        let branches = self.branches.iter().enumerate().take(path.branch + 1).rev();
        branches.flat_map(move |(place, branch)| {
            let among = if place == path.branch { below(path.leaf + 1) } else { u64::MAX };
            branch.spots(wanted(&branch.summary) & among).rev()
        })
    }
}
