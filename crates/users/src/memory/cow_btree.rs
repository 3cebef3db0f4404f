//! Copy-on-write B+tree with two levels: an ordered sequence whose snapshots are cheap.
//!
//! # Idea
//!
//! A snapshot is a clone of the tree, which clones one [`Arc`] per branch. A later change copies
//! the branch and the leaf on its path if a snapshot still shares them ([`Arc::make_mut`]), and
//! changes them in place otherwise. All other nodes stay shared. LMDB isolates its readers from its
//! writer in the same way (H. Chu, "MDB: A Memory-Mapped Database and Backend for OpenLDAP", 2011;
//! O. Rodeh, "B-trees, Shadowing, and Clones", 2008), with pages on disk instead of `Arc`s.
//!
//! # Layout
//!
//! ```text
//! CowBTree   separators [ s0 | s3 | s5 ]      the separator of the first leaf of each branch
//!            branches   [ *  | *  | *  ]
//!                         |
//! Branch     separators [ s0 | s1 | s2 ]      one separator per leaf
//!            leaves     [ *  | *  | *  ]      up to 63 leaves
//!            summary    one NodeSummary for all the leaves
//! ```
//!
//! A separator is an abbreviated key of the first element of a leaf. A search reads a leaf only if
//! its separator does not decide the comparison, which saves a cache miss per step of the binary
//! search. A summary describes the leaves of a branch, so that a scan can skip leaves without
//! reading them; it refers to the leaves by the bits of a word.
//!
//! # Invariants
//!
//! - Leaves and branches are not empty.
//! - A branch has up to [`MAX_LEAVES`] leaves, and one more just before it is split: no more than a
//!   word has bits.
//! - `separators[i]` is the separator of leaf `i`, in a branch, or of the first leaf of branch `i`,
//!   in the tree.
//! - Summaries may claim too much of a leaf, never too little.
//!
//! # Complexity
//!
//! With `n` leaves: a search takes O(log n) comparisons; a snapshot, and the first change after it,
//! O(n / 63) steps.

use std::sync::Arc;

/// Maximum number of leaves in a branch.
const MAX_LEAVES: usize = 63;

/// A run of consecutive elements.
pub(super) trait LeafNode: Clone {
    /// Maximum number of elements in a leaf.
    const MAX: usize;

    /// Abbreviated key of the first element, which [`CowBTree::find_by_separator`] compares before
    /// it reads a leaf.
    type Separator: Copy;

    /// Description of all the leaves of a branch.
    type Summary: NodeSummary<Self>;

    fn len(&self) -> usize;

    fn separator(&self) -> Self::Separator;

    /// Removes and returns the upper part.
    fn split(&mut self) -> Self;
}

/// Description of the leaves of a branch, by their indexes in it.
pub(super) trait NodeSummary<L>: Clone + Default {
    /// Adds the new leaf `leaves[index]`; the leaves after it have moved up by one.
    fn insert(&mut self, index: usize, leaves: &[Arc<L>]);

    /// Describes a leaf anew after it has lost elements.
    fn rebuild(&mut self, index: usize, leaf: &L);

    /// Removes a leaf; the leaves after it move down by one.
    fn remove(&mut self, index: usize);

    /// Removes and returns the description of the leaves from `index` on.
    fn split_off(&mut self, index: usize) -> Self;
}

/// The empty description.
impl<L> NodeSummary<L> for () {
    fn insert(&mut self, _: usize, _: &[Arc<L>]) {}

    fn rebuild(&mut self, _: usize, _: &L) {}

    fn remove(&mut self, _: usize) {}

    fn split_off(&mut self, _: usize) -> Self {}
}

/// A copy-on-write B+tree.
#[derive(Clone)]
pub(super) struct CowBTree<L: LeafNode> {
    separators: Vec<L::Separator>,
    branches: Vec<Arc<Branch<L>>>,
}

#[derive(Clone)]
struct Branch<L: LeafNode> {
    separators: Vec<L::Separator>,
    leaves: Vec<Arc<L>>,
    summary: L::Summary,
}

/// A leaf, with its index in its branch and the summary of that branch.
pub(super) struct LeafRef<'t, L: LeafNode> {
    pub(super) leaf: &'t L,
    pub(super) index: usize,
    pub(super) summary: &'t L::Summary,
}

impl<L: LeafNode> Clone for LeafRef<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: LeafNode> Copy for LeafRef<'_, L> {}

/// The path from the root to a leaf. Valid until the next change of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LeafPath {
    branch: usize,
    leaf: usize,
}

impl<L: LeafNode> Branch<L> {
    fn new() -> Self {
        Self { separators: Vec::new(), leaves: Vec::new(), summary: L::Summary::default() }
    }

    fn insert(&mut self, index: usize, leaf: L) {
        self.separators.insert(index, leaf.separator());
        self.leaves.insert(index, Arc::new(leaf));
        self.summary.insert(index, &self.leaves);
    }

    fn remove(&mut self, index: usize) {
        self.separators.remove(index);
        self.leaves.remove(index);
        self.summary.remove(index);
    }

    /// Changes a leaf, then splits it if it is too large, or removes it if it is empty.
    fn change(&mut self, index: usize, change: impl FnOnce(&mut L, &mut L::Summary, usize)) {
        let Some(leaf) = self.leaves.get_mut(index).map(Arc::make_mut) else { return };
        change(leaf, &mut self.summary, index);
        if leaf.len() == 0 {
            self.remove(index);
            return;
        }
        let upper = (leaf.len() > L::MAX).then(|| leaf.split());
        if let Some(separator) = self.separators.get_mut(index) {
            *separator = leaf.separator();
        }
        if let Some(upper) = upper {
            self.summary.rebuild(index, leaf);
            self.insert(index + 1, upper);
        }
    }

    fn split_off(&mut self, index: usize) -> Self {
        Self {
            separators: self.separators.split_off(index),
            leaves: self.leaves.split_off(index),
            summary: self.summary.split_off(index),
        }
    }

    /// Returns the leaves whose bits are set in `mask`, in order.
    fn leaf_refs(&self, mask: u64) -> impl DoubleEndedIterator<Item = LeafRef<'_, L>> {
        let leaves =
            self.leaves.iter().enumerate().filter(move |(index, _)| mask >> index & 1 == 1);
        leaves.map(|(index, leaf)| LeafRef { leaf: &**leaf, index, summary: &self.summary })
    }
}

/// Returns a mask with the `count` lowest bits set.
fn low_bits(count: usize) -> u64 {
    let next = u32::try_from(count).ok().and_then(|count| 1_u64.checked_shl(count));
    next.map_or(u64::MAX, |bit| bit - 1)
}

/// Returns the last of the indexes below `len` that satisfy `is_before`, or 0 if none does.
/// `is_before` must hold for a prefix of the indexes.
fn last_before(len: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low.midpoint(high);
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low.saturating_sub(1)
}

impl<L: LeafNode> CowBTree<L> {
    pub(super) const fn new() -> Self {
        Self { separators: Vec::new(), branches: Vec::new() }
    }

    /// Builds a tree from ordered leaves. Branches are filled to three quarters, so that later
    /// insertions do not split each of them.
    pub(super) fn from_leaves(leaves: impl IntoIterator<Item = L>) -> Self {
        let mut tree = Self::new();
        for leaf in leaves {
            match tree.branches.last_mut().map(Arc::make_mut) {
                Some(branch) if branch.leaves.len() < MAX_LEAVES * 3 / 4 => {
                    branch.insert(branch.leaves.len(), leaf);
                }
                _ => {
                    tree.separators.push(leaf.separator());
                    let mut branch = Branch::new();
                    branch.insert(0, leaf);
                    tree.branches.push(Arc::new(branch));
                }
            }
        }
        tree
    }

    pub(super) fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }

    /// Returns the path of the last leaf that satisfies `is_before`, or of the first leaf if none
    /// does. `is_before` must hold for a prefix of the leaves.
    pub(super) fn find(&self, is_before: impl Fn(&L) -> bool) -> LeafPath {
        self.find_by_separator(|_| None, is_before)
    }

    /// Searches like [`CowBTree::find`], and reads only the leaves for whose separators `decide`
    /// returns `None`.
    pub(super) fn find_by_separator(
        &self,
        decide: impl Fn(L::Separator) -> Option<bool>,
        is_before: impl Fn(&L) -> bool,
    ) -> LeafPath {
        let branch = last_before(self.separators.len(), |index| {
            let decided = self.separators.get(index).and_then(|separator| decide(*separator));
            decided.unwrap_or_else(|| {
                let first = self.branches.get(index).and_then(|branch| branch.leaves.first());
                first.is_some_and(|leaf| is_before(leaf))
            })
        });
        let Some(node) = self.branches.get(branch) else { return LeafPath { branch, leaf: 0 } };
        let leaf = last_before(node.separators.len(), |index| {
            let decided = node.separators.get(index).and_then(|separator| decide(*separator));
            decided.unwrap_or_else(|| node.leaves.get(index).is_some_and(|leaf| is_before(leaf)))
        });
        LeafPath { branch, leaf }
    }

    /// Returns the separator of the leaf and that of the next leaf.
    pub(super) fn separators(
        &self,
        path: LeafPath,
    ) -> (Option<L::Separator>, Option<L::Separator>) {
        let Some(branch) = self.branches.get(path.branch) else { return (None, None) };
        let next =
            branch.separators.get(path.leaf + 1).or_else(|| self.separators.get(path.branch + 1));
        (branch.separators.get(path.leaf).copied(), next.copied())
    }

    /// Changes a leaf, and the summary of its branch at the index passed to `change`. Nodes that
    /// become too large are split; nodes that become empty are removed.
    pub(super) fn change(
        &mut self,
        path: LeafPath,
        change: impl FnOnce(&mut L, &mut L::Summary, usize),
    ) {
        let Some(branch) = self.branches.get_mut(path.branch).map(Arc::make_mut) else { return };
        branch.change(path.leaf, change);
        let Some(first) = branch.separators.first().copied() else {
            self.branches.remove(path.branch);
            self.separators.remove(path.branch);
            return;
        };
        if let Some(separator) = self.separators.get_mut(path.branch) {
            *separator = first;
        }
        if branch.leaves.len() > MAX_LEAVES {
            let upper = branch.split_off(MAX_LEAVES / 2);
            if let Some(separator) = upper.separators.first() {
                self.separators.insert(path.branch + 1, *separator);
                self.branches.insert(path.branch + 1, Arc::new(upper));
            }
        }
    }

    /// Returns the leaf and its successors.
    pub(super) fn leaves_from(&self, path: LeafPath) -> impl Iterator<Item = &L> {
        self.leaf_refs_from(path, |_| u64::MAX).map(|leaf_ref| leaf_ref.leaf)
    }

    /// Returns the leaf and its predecessors, in descending order.
    pub(super) fn leaves_back_from(&self, path: LeafPath) -> impl Iterator<Item = &L> {
        self.leaf_refs_back_from(path, |_| u64::MAX).map(|leaf_ref| leaf_ref.leaf)
    }

    /// Returns those of the leaf and its successors whose bits are set in the mask that `select`
    /// computes from the summary of their branch.
    pub(super) fn leaf_refs_from(
        &self,
        path: LeafPath,
        select: impl Fn(&L::Summary) -> u64,
    ) -> impl Iterator<Item = LeafRef<'_, L>> {
        let branches = self.branches.iter().enumerate().skip(path.branch);
        branches.flat_map(move |(index, branch)| {
            let before = if index == path.branch { low_bits(path.leaf) } else { 0 };
            branch.leaf_refs(select(&branch.summary) & !before)
        })
    }

    /// Returns those of the leaf and its predecessors, in descending order, whose bits are set in
    /// the mask that `select` computes from the summary of their branch.
    pub(super) fn leaf_refs_back_from(
        &self,
        path: LeafPath,
        select: impl Fn(&L::Summary) -> u64,
    ) -> impl Iterator<Item = LeafRef<'_, L>> {
        let branches = self.branches.iter().enumerate().take(path.branch + 1).rev();
        branches.flat_map(move |(index, branch)| {
            let up_to = if index == path.branch { low_bits(path.leaf + 1) } else { u64::MAX };
            branch.leaf_refs(select(&branch.summary) & up_to).rev()
        })
    }
}
