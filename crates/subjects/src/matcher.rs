//! Joining rows by shared identifiers, in memory that grows with identifiers and rows, not with values.

use std::collections::HashMap;

use crate::identifier::Identifier;

/// A row of nobody.
pub const NOBODY: u32 = u32::MAX;

/// Joins nodes (rows that stand for a person) by identifiers.
#[derive(Debug, Default)]
pub struct Matcher {
    parent: Vec<u32>,
    /// The identity number of a group, at its root; two different ones never join.
    identity: HashMap<u32, Identifier>,
    by_identifier: HashMap<Identifier, u32>,
    /// Joins that were refused because two identity numbers differ.
    refused: u64,
}

/// The person of each node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// Person of each node, from 0, in order of first appearance.
    pub person: Vec<u32>,
    /// Persons.
    pub persons: u32,
}

impl Matcher {
    /// A new node; gives its number.
    pub fn node(&mut self) -> u32 {
        let n = u32::try_from(self.parent.len()).unwrap_or(NOBODY - 1);
        self.parent.push(n);
        n
    }

    fn root(&mut self, mut node: u32) -> u32 {
        loop {
            let up = self.parent.get(node as usize).copied().unwrap_or(node);
            if up == node {
                return node;
            }
            let above = self.parent.get(up as usize).copied().unwrap_or(up);
            if let Some(slot) = self.parent.get_mut(node as usize) {
                *slot = above;
            }
            node = up;
        }
    }

    /// Says that a node's person has this identity number.
    pub fn identity(&mut self, node: u32, number: Identifier) {
        let root = self.root(node);
        self.identity.entry(root).or_insert(number);
    }

    /// Says that a node carries an identifier; joins it with whoever carries the same.
    pub fn carries(&mut self, node: u32, identifier: Identifier) {
        match self.by_identifier.get(&identifier).copied() {
            None => {
                self.by_identifier.insert(identifier, node);
            }
            Some(other) => self.join(node, other),
        }
    }

    /// A node that carries an identifier.
    pub fn node_of(&self, identifier: &Identifier) -> Option<u32> {
        self.by_identifier.get(identifier).copied()
    }

    /// Joins two nodes, unless both have an identity number and the numbers differ.
    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (first, second) = (a.min(b), a.max(b));
        let merged = match (self.identity.get(&first).copied(), self.identity.get(&second).copied()) {
            (Some(x), Some(y)) if x != y => {
                self.refused += 1;
                return;
            }
            (Some(x), _) | (None, Some(x)) => Some(x),
            (None, None) => None,
        };
        if let Some(slot) = self.parent.get_mut(second as usize) {
            *slot = first;
        }
        self.identity.remove(&second);
        self.identity.extend(merged.map(|m| (first, m)));
    }

    /// Joins that were refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The person of every node.
    pub fn owners(&mut self) -> Owners {
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut person = Vec::with_capacity(self.parent.len());
        for node in 0..self.parent.len() {
            let root = self.root(u32::try_from(node).unwrap_or_default());
            let next = u32::try_from(numbers.len()).unwrap_or(NOBODY - 1);
            person.push(*numbers.entry(root).or_insert(next));
        }
        Owners { person, persons: u32::try_from(numbers.len()).unwrap_or(NOBODY - 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_share_a_number_are_one_person_and_two_identity_numbers_never_merge() {
        let mut m = Matcher::default();
        let (a, b, c) = (m.node(), m.node(), m.node());
        m.identity(a, [1; 16]);
        m.carries(a, [1; 16]);
        m.identity(c, [2; 16]);
        m.carries(c, [2; 16]);
        m.carries(a, [9; 16]);
        m.carries(b, [9; 16]);
        m.carries(c, [9; 16]);
        let owners = m.owners();
        assert_eq!(owners.person, [0, 0, 1]);
        assert_eq!((owners.persons, m.refused()), (2, 1));
    }
}
