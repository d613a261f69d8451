//! The filter: of whatever a plan wants to hand over of a holding, what law's plan and the agreement's terms both let pass today.

use std::collections::BTreeSet;

use facts::{Expr, Lookup};
use terms::{Day, Given, Holding, Value};

use crate::gate::{Asked, Gate, may_hand_over};
use crate::terms_of::Agreement;

/// What a plan wants to hand over of a holding.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Ordinals of branches.
    pub branches: &'a [u32],
    /// Ordinals of columns.
    pub columns: &'a [u32],
    /// Field groups.
    pub groups: &'a [String],
}

/// What passes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Ordinals of branches whose records pass.
    pub branches: BTreeSet<u32>,
    /// Ordinals of columns.
    pub columns: BTreeSet<u32>,
    /// Field groups with their columns.
    pub groups: Vec<(String, Vec<u32>)>,
}

struct Facts<'a>(&'a Given, &'a Given);

impl Lookup for Facts<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.1.get(name).or_else(|| self.0.get(name))
    }
}

/// What passes of what is wanted; `persons` is the agreement's own expression, compiled.
pub fn filter(agreement: &Agreement, persons: Option<&Expr>, holding: &Holding, wanted: Wanted<'_>, day: Day) -> Filter {
    let field = agreement.field(&holding.name).filter(|f| f.dataset == holding.dataset);
    let named = |name: &String| wanted.groups.contains(name) && field.is_some_and(|f| f.groups.contains(name));
    let groups: Vec<&terms::GroupIn> = holding.groups.iter().filter(|g| named(&g.name)).collect();
    let mut branches = BTreeSet::new();
    for (b, branch) in (0u32..).zip(&holding.branches).filter(|(b, _)| wanted.branches.contains(b)) {
        let facts = Facts(&holding.given, &branch.given);
        let passes = |g: &&terms::GroupIn| {
            let asked = Asked { day, group: &g.name, holding: &holding.name, purpose: holding.purpose.as_deref() };
            may_hand_over(agreement, persons, asked, &facts) == Gate::In
        };
        if !groups.is_empty() && groups.iter().all(passes) {
            branches.insert(b);
        }
    }
    let also = field.map(|f| f.also.as_slice()).unwrap_or_default();
    let signed = |c: &&u32| field.is_some_and(|f| f.columns.contains(*c));
    let allowed = groups.iter().flat_map(|g| g.columns.iter()).filter(signed).chain(also);
    Filter {
        columns: allowed.filter(|c| wanted.columns.contains(c)).copied().collect(),
        branches,
        groups: groups.iter().map(|g| (g.name.clone(), g.columns.clone())).collect(),
    }
}
