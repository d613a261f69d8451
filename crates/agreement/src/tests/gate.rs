//! Whatever is asked: nothing passes that the terms do not name, and taking a fact away lets nobody in.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use facts::{Expr, Table};
use proptest::prelude::*;
use terms::{Day, Given, Id, Place, Value};

use super::*;
use crate::terms_of::{End, Field, Onward, Then};

const TABLE: &str = include_str!("../../../../packs/facts.yaml");
const GROUPS: [&str; 4] = ["contact", "buyer", "postal", "marketing"];
const HOLDINGS: [&str; 3] = ["customers", "fapiao", "newsletter"];
const PURPOSES: [&str; 3] = ["orders", "marketing", "scoring"];
const PERSONS: [&str; 3] = ["person.region == cn", "person.region == cn && !person.under14", "person.consent_23"];

struct Facts(Given);

impl Lookup for Facts {
    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

fn some<T: Clone + std::fmt::Debug + 'static>(of: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    proptest::sample::subsequence(of, 0..=of.len())
}

fn agreement() -> impl Strategy<Value = Agreement> {
    let fields = proptest::collection::vec((proptest::sample::select(&HOLDINGS), some(&GROUPS)), 0..3);
    let persons = proptest::option::of(proptest::sample::select(&PERSONS));
    (fields, some(&PURPOSES), persons, 0i64..20, 0i64..20).prop_map(|(fields, purposes, persons, from, days)| {
        let day = |n: i64| Day::new(2026, 5, 1).unwrap().plus_days(n);
        Agreement {
            agreement: Id::new("g-sale").unwrap(),
            dispute_days: 10,
            end: End { on: None, then: Then::Keep },
            fields: fields
                .into_iter()
                .map(|(holding, groups)| Field {
                    also: Vec::new(),
                    columns: (0..20).filter(|c| c % 7 != 3).collect(),
                    dataset: Place::new("src1/t1").unwrap(),
                    groups: groups.into_iter().map(str::to_owned).collect(),
                    holding: holding.to_owned(),
                })
                .collect(),
            from: day(from),
            kid: "k-0".to_owned(),
            onward: Onward::None,
            party: Id::new("p-buyer").unwrap(),
            persons: persons.map(str::to_owned),
            purposes: purposes.into_iter().map(str::to_owned).collect(),
            recipient: "age1".to_owned(),
            role: Role::Recipient,
            to: day(from + days),
            kind: "custody.agreement".to_owned(),
            v: 1,
        }
    })
}

fn given() -> impl Strategy<Value = Given> {
    let region = proptest::option::of(proptest::sample::select(&["cn", "eea", "other"]));
    let yes_no = || proptest::option::of(any::<bool>());
    (region, yes_no(), yes_no()).prop_map(|(region, under14, consent)| {
        let mut out = Given::new();
        out.extend(region.map(|r| ("person.region".to_owned(), Value::One(r.to_owned()))));
        out.extend(under14.map(|u| ("person.under14".to_owned(), Value::YesNo(u))));
        out.extend(consent.map(|c| ("person.consent_23".to_owned(), Value::YesNo(c))));
        out
    })
}

proptest! {
    #[test]
    fn what_passes_is_named_by_every_term(
        agreement in agreement(), given in given(), day in 0i64..45,
        holding in proptest::sample::select(&HOLDINGS), group in proptest::sample::select(&GROUPS),
        purpose in proptest::option::of(proptest::sample::select(&PURPOSES)),
    ) {
        let table = Table::read(TABLE).unwrap();
        let persons = agreement.persons.as_ref().map(|p| Expr::parse(p, &table).unwrap());
        let asked = Asked { day: Day::new(2026, 5, 1).unwrap().plus_days(day), group, holding, purpose };
        let gate = may_hand_over(&agreement, persons.as_ref(), asked, &Facts(given.clone()));
        if gate == Gate::In {
            prop_assert!(agreement.from <= asked.day && asked.day <= agreement.to);
            let field = agreement.fields.iter().find(|f| f.holding == holding);
            prop_assert!(field.is_some_and(|f| f.groups.iter().any(|g| g == group)));
            prop_assert!(purpose.is_some_and(|p| agreement.purposes.iter().any(|q| q == p)));
            if agreement.persons.as_deref().is_some_and(|p| p.contains("region")) {
                prop_assert_eq!(given.get("person.region"), Some(&Value::One("cn".to_owned())));
            }
            if agreement.persons.as_deref().is_some_and(|p| p.contains("consent")) {
                prop_assert_eq!(given.get("person.consent_23"), Some(&Value::YesNo(true)));
            }
        }
        // Amnesia: with a fact less, nobody who was out comes in.
        for name in given.keys() {
            let mut less = given.clone();
            less.remove(name);
            let after = may_hand_over(&agreement, persons.as_ref(), asked, &Facts(less));
            prop_assert!(after != Gate::In || gate == Gate::In);
        }
    }

    /// Whatever a plan wants: nothing passes but named fields of named holdings, for named purposes, of persons who are surely meant.
    #[test]
    fn nothing_outside_the_terms_passes_whatever_a_plan_wants(
        agreement in agreement(), branches in proptest::collection::vec(given(), 0..5), day in 0i64..45,
        holding in proptest::sample::select(&HOLDINGS), purpose in proptest::option::of(proptest::sample::select(&PURPOSES)),
        wanted in (proptest::collection::vec(0u32..8, 0..8), proptest::collection::vec(0u32..12, 0..12), some(&GROUPS)),
    ) {
        let table = Table::read(TABLE).unwrap();
        let persons = agreement.persons.as_ref().map(|p| Expr::parse(p, &table).unwrap());
        let group = |(i, name): (u32, &&str)| terms::GroupIn {
            name: (*name).to_owned(), columns: vec![2 * i, 2 * i + 1], sensitive: None, key_columns: Vec::new(), anonymise: false,
        };
        let held = terms::Holding {
            name: holding.to_owned(), dataset: Place::new("src1/t1").unwrap(), kind: terms::StoreKind::Sqlite, reach: terms::Reach::Direct,
            purpose: purpose.map(str::to_owned), given: Given::new(), groups: (0u32..).zip(&GROUPS).map(group).collect(), copies: Vec::new(),
            branches: branches.iter().map(|g| terms::Branch { given: g.clone(), records: 1, settled: Default::default() }).collect(),
            by_hand: false, purge: Vec::new(), referenced: false, leave: Vec::new(), k: None,
        };
        let groups: Vec<String> = wanted.2.iter().map(|g| (*g).to_owned()).collect();
        let day = Day::new(2026, 5, 1).unwrap().plus_days(day);
        let asked = crate::filter::Wanted { branches: &wanted.0, columns: &wanted.1, groups: &groups };
        let out = crate::filter::filter(&agreement, persons.as_ref(), &held, asked, day);
        let named: Vec<&String> = agreement.fields.iter().find(|f| f.holding == holding).map(|f| f.groups.iter().collect()).unwrap_or_default();
        for c in &out.columns {
            let group = GROUPS[*c as usize / 2].to_owned();
            prop_assert!(named.contains(&&group) && groups.contains(&group) && wanted.1.contains(c));
            prop_assert!(c % 7 != 3, "a column that its group gained after the agreement was signed");
        }
        for b in &out.branches {
            prop_assert!(wanted.0.contains(b) && agreement.in_force_on(day));
            prop_assert!(purpose.is_some_and(|p| agreement.purposes.iter().any(|q| q == p)));
            let given = &branches[*b as usize];
            for (word, fact, value) in [
                ("region", "person.region", Value::One("cn".to_owned())),
                ("!person.under14", "person.under14", Value::YesNo(false)),
                ("consent", "person.consent_23", Value::YesNo(true)),
            ] {
                prop_assert!(!agreement.persons.as_deref().is_some_and(|p| p.contains(word)) || given.get(fact) == Some(&value));
            }
        }
    }
}
