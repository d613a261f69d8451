//! No level without sight: whatever was asked, found and searched, L3 comes only of sight before and absence after.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::lists::Seen;

const NAMES: [&str; 4] = ["src1/t1", "src1/t1#1", "statistics", "write_ahead_log"];

fn seen() -> impl Strategy<Value = Seen> {
    (0u32..3, 0usize..4, prop_oneof![Just(0u64), 1u64..40, 900u64..3_001], 0u64..4).prop_map(|(column, name, asked, missed)| Seen {
        column,
        structure: NAMES[name].to_owned(),
        rows: name == 0,
        asked,
        found: asked.saturating_sub(missed),
    })
}

fn absence_of() -> impl Strategy<Value = Absence> {
    let live = prop::collection::btree_map(0u32..3, 1u64..5_000, 0..4);
    let unsought = prop::collection::btree_map(0u32..3, prop_oneof![Just(0u64), 1u64..9, 1u64..5_000], 0..2);
    let hits = prop::collection::btree_map(0u32..3, 0u64..3, 0..2);
    let kept = prop::collection::btree_map(0u32..3, (0u64..1_000, 0u64..3), 0..3);
    let names = prop::sample::subsequence(NAMES.to_vec(), 2..=4);
    (live, (hits, unsought), kept, names, prop_oneof![4 => Just(0u64), 1 => 1u64..9]).prop_map(
        |(live, (hits, unsought), kept, names, unread)| Absence {
            live,
            unsought,
            hits,
            kept: kept.into_iter().map(|(c, (asked, missed))| (c, (asked, asked.saturating_sub(missed)))).collect(),
            structures: names.into_iter().map(str::to_owned).collect(),
            unread,
            ..Absence::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn l3_only_of_what_was_seen_before_and_not_after(all in prop::collection::vec(seen(), 0..9), after in absence_of(), capped in any::<bool>()) {
        let cap = if capped { Level::L2 } else { Level::L3 };
        let recall = Recall { live: after.live.clone(), seen: all };
        for look in columns(&[0, 1, 2], &recall, &after, cap) {
            let column = u32::try_from(look.col).unwrap();
            let own: Vec<&Seen> = recall.seen.iter().filter(|s| s.column == column && s.asked > 0).collect();
            let rows = own.iter().find(|s| s.rows);
            let few = after.unsought.get(&column).is_some_and(|u| u * 1_000 > look.live);
            let sight = !few && rows.is_some_and(|r| r.asked >= look.live.min(1_000)) && own.iter().all(|s| s.found * 1_000 >= s.asked * 999);
            let same = own.iter().all(|s| after.structures.contains(&s.structure));
            let gone = after.hits.get(&column).is_none_or(|h| *h == 0) && after.unread == 0;
            let still = after.kept.get(&column).is_none_or(|(a, f)| f * 1_000 >= a * 999);
            if look.level >= Level::L3 {
                prop_assert!(sight && same && gone && still && !capped, "{look:?} of {own:?}");
            } else {
                prop_assert!(!(sight && same && gone && still) || capped || rows.is_none_or(|r| r.asked < look.live.min(1_000)), "{look:?} of {own:?}");
            }
        }
    }
}
