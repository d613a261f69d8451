//! RFC 6962 trees with SHA-256: roots, inclusion and consistency, over leaf hashes.

use crate::bytes::sha256;

/// A leaf's hash: SHA-256(0x00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> [u8; 32] {
    sha256(&[&[0], data])
}

/// A node's hash: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&[&[1], left, right])
}

/// MTH over leaf hashes; of nothing it is SHA-256("").
pub fn root(leaves: impl IntoIterator<Item = [u8; 32]>) -> [u8; 32] {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(leaf);
    }
    frontier.root()
}

/// The right edge of a growing tree: enough to append and to say the root, in memory of log(size).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees, largest first; one per set bit of `size`.
    full: Vec<[u8; 32]>,
}

impl Frontier {
    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: [u8; 32]) {
        let mut node = leaf;
        let mut size = self.size;
        while size & 1 == 1 {
            if let Some(left) = self.full.pop() {
                node = node_hash(&left, &node);
            }
            size >>= 1;
        }
        self.full.push(node);
        self.size += 1;
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> [u8; 32] {
        let mut right_to_left = self.full.iter().rev();
        match right_to_left.next() {
            None => sha256(&[]),
            Some(last) => right_to_left.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// The largest power of two smaller than `n` (n ≥ 2).
fn split(n: usize) -> usize {
    let top = n.next_power_of_two();
    top / 2
}

/// PATH(index, leaves) of RFC 6962 §2.1.1, from the leaf upwards.
pub fn inclusion_proof(index: usize, leaves: &[[u8; 32]]) -> Option<Vec<[u8; 32]>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at_checked(split(leaves.len()))?;
    let (mut path, other) =
        if index < left.len() { (inclusion_proof(index, left)?, right) } else { (inclusion_proof(index - left.len(), right)?, left) };
    path.push(root(other.iter().copied()));
    Some(path)
}

/// Whether a path shows that `leaf` is at `index` of the tree of that size and root.
pub fn inclusion_holds(index: u64, size: u64, leaf: &[u8; 32], path: &[[u8; 32]], expected: &[u8; 32]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut at, mut last) = (*leaf, index, size - 1);
    for step in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            node = node_hash(step, &node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && node == *expected
}

/// PROOF(m, leaves) of RFC 6962 §2.1.2 for 0 < m ≤ the number of leaves.
pub fn consistency_proof(m: usize, leaves: &[[u8; 32]]) -> Option<Vec<[u8; 32]>> {
    if m == 0 || m > leaves.len() { None } else { subproof(m, leaves, true) }
}

fn subproof(m: usize, leaves: &[[u8; 32]], whole: bool) -> Option<Vec<[u8; 32]>> {
    if m == leaves.len() {
        return Some(if whole { Vec::new() } else { vec![root(leaves.iter().copied())] });
    }
    let (left, right) = leaves.split_at_checked(split(leaves.len()))?;
    let (mut path, other) =
        if m <= left.len() { (subproof(m, left, whole)?, right) } else { (subproof(m - left.len(), right, false)?, left) };
    path.push(root(other.iter().copied()));
    Some(path)
}

/// Whether a proof shows that the tree of (`size_1`, `root_1`) is a beginning of that of (`size_2`, `root_2`) (RFC 9162 §2.1.4.2).
pub fn consistency_holds(size_1: u64, root_1: &[u8; 32], size_2: u64, root_2: &[u8; 32], proof: &[[u8; 32]]) -> bool {
    if size_1 == size_2 {
        return proof.is_empty() && root_1 == root_2;
    }
    if size_1 == 0 || size_1 > size_2 {
        return false;
    }
    let mut steps = proof.iter();
    let first = if size_1.is_power_of_two() { Some(root_1) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut old, mut new) = (*first, *first);
    let (mut at, mut last) = (size_1 - 1, size_2 - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == *root_1 && new == *root_2
}
