//! One cell decided: demands, bars, admission, dates, winners and losers (PACKS §5.4–5.9).

use std::collections::BTreeSet;

use facts::{Lookup, Truth, Verdict};
use law::{Act, Duty, Rule, RuleKind};
use terms::{Day, Outcome, Value};

use crate::bite::Scene;
use crate::cell::{Admission, Cell};

/// The order in which the plan picks among lawful outcomes until costs decide: whoever goes on goes on,
/// what has a successor moves, what must go goes, what must stay is stored.
const PREFERENCE: [Outcome; 6] =
    [Outcome::Continue, Outcome::Transfer, Outcome::Return, Outcome::Destroy, Outcome::Retain, Outcome::Anonymise];

/// Where a cell lies.
pub(crate) struct Address {
    pub holding: usize,
    pub group: usize,
    pub copy: String,
    pub branch: usize,
    pub records: u64,
    /// Whether the group is anonymised rather than destroyed, where either is lawful.
    pub anonymise: bool,
}

pub(crate) fn decide(scene: &Scene<'_>, at: Address) -> Cell {
    let verdicts = Verdicts::of(scene);
    let admitted = |o: &Outcome| verdicts.outcome(*o).holds();
    let outcome = match PREFERENCE.iter().copied().find(admitted).unwrap_or(Outcome::Undecided) {
        Outcome::Destroy if at.anonymise && admitted(&Outcome::Anonymise) => Outcome::Anonymise,
        first => first,
    };
    let hand_over = (verdicts.permitted_hand_over.truth != Truth::False).then(|| Admission::of(verdicts.hand_over.truth));
    let mut unknown = BTreeSet::new();
    let mut waits = BTreeSet::new();
    if outcome == Outcome::Undecided {
        PREFERENCE.iter().for_each(|o| unknown.extend(verdicts.outcome(*o).why.iter().cloned()));
        if verdicts.open_request.holds() {
            waits.insert("person.open_request".to_owned());
        }
    }
    if hand_over == Some(Admission::Undecided) {
        unknown.extend(verdicts.hand_over.why.iter().cloned());
    }
    let mut cell = Cell {
        holding: at.holding,
        group: at.group,
        copy: at.copy,
        branch: at.branch,
        records: at.records,
        outcome,
        hand_over,
        basis: permitting(scene, Act::HandOver).iter().map(|r| r.id.clone()).collect(),
        notice: permitting(scene, Act::HandOver).into_iter().filter_map(notice_lead).max_by_key(|p| p.after(scene.as_of)),
        not_before: None,
        not_after: None,
        until: None,
        keeper: false,
        winners: BTreeSet::new(),
        losers: BTreeSet::new(),
        unknown,
        waits,
    };
    match outcome {
        Outcome::Undecided => return cell,
        Outcome::Retain => ground_retain(scene, &verdicts, &mut cell),
        Outcome::Destroy | Outcome::Anonymise | Outcome::Return => ground_erase(scene, &mut cell),
        _ => {}
    }
    add_bystanders(scene, &mut cell);
    cell
}

/// Rules that permit an act and have effect.
fn permitting<'a>(scene: &Scene<'a>, act: Act) -> Vec<&'a Rule> {
    let decides = |r: &&Rule| r.kind == RuleKind::Decides && r.permits.contains(&act);
    scene.rules.iter().copied().filter(decides).filter(|r| scene.effect(r).holds()).collect()
}

/// How long before a hand-over a rule wants persons told.
fn notice_lead(rule: &Rule) -> Option<facts::Period> {
    rule.gate.as_ref().filter(|g| g.before.words().iter().any(|w| w == "hand_over")).and_then(|g| g.lead)
}

/// Every verdict of a cell.
struct Verdicts {
    demanded: Verdict,
    open_request: Verdict,
    permitted_hand_over: Verdict,
    hand_over: Verdict,
    outcomes: Vec<(Outcome, Verdict)>,
}

impl Verdicts {
    fn outcome(&self, outcome: Outcome) -> &Verdict {
        static NEVER: Verdict = Verdict { truth: Truth::False, why: BTreeSet::new() };
        self.outcomes.iter().find(|(o, _)| *o == outcome).map_or(&NEVER, |(_, v)| v)
    }

    fn of(scene: &Scene<'_>) -> Verdicts {
        let demanded = scene.demanded(None);
        let retained = scene.retained();
        let any = |duty| Verdict::any(scene.of(duty).map(|r| scene.effect(r)).collect::<Vec<_>>());
        let (held, returned) = (any(Duty::Hold), any(Duty::Return));
        let hard = hard_to_delete(scene);
        let open_request = open_request(scene);
        let lacks = Verdict::any(scene.of(Duty::Consent).map(|r| lacks_consent(scene, r)).collect::<Vec<_>>());
        let bars = |act: Act| {
            let mut all: Vec<Verdict> = scene
                .rules
                .iter()
                .copied()
                .filter(|r| r.kind == RuleKind::Decides && r.bars.contains(&act))
                .map(|r| match r.duty {
                    Duty::Retain => scene.retains(r),
                    Duty::Consent => lacks_consent(scene, r),
                    _ => scene.effect(r),
                })
                .collect();
            if matches!(act, Act::Destroy | Act::Anonymise | Act::Return) {
                all.extend([open_request.clone(), hard.clone()]);
            }
            if act == Act::Transfer {
                all.push(lacks.clone());
            }
            Verdict::any(all)
        };
        let permits = |act: Act| {
            let all = scene.rules.iter().copied().filter(|r| r.kind == RuleKind::Decides && r.permits.contains(&act));
            Verdict::any(all.map(|r| scene.effect(r)).collect::<Vec<_>>())
        };
        let unless = |grounds: Verdict, act: Act| Verdict::all([grounds, bars(act).negate()]);
        let conflict = conflict(scene);
        let stored = Verdict::any([retained, held, Verdict::all([demanded.clone(), hard.clone()])]);
        let outcomes = vec![
            (Outcome::Continue, unless(demanded.clone().negate(), Act::Continue)),
            (Outcome::Transfer, unless(permits(Act::Transfer), Act::Transfer)),
            (Outcome::Return, unless(returned.clone(), Act::Return)),
            (Outcome::Destroy, unless(Verdict::any([demanded.clone(), returned]), Act::Destroy)),
            (Outcome::Anonymise, unless(demanded.clone(), Act::Anonymise)),
            (Outcome::Retain, Verdict::all([stored, conflict.negate()])),
        ];
        let permitted_hand_over = permits(Act::HandOver);
        let hand_over = unless(permitted_hand_over.clone(), Act::HandOver);
        Verdicts { demanded, open_request, permitted_hand_over, hand_over, outcomes }
    }
}

/// Hard to delete only when somebody said so: not knowing never keeps what must go.
fn hard_to_delete(scene: &Scene<'_>) -> Verdict {
    Verdict::of(scene.facts.value("copy.hard_to_delete") == Some(&Value::YesNo(true)))
}

/// An open request of the person, other than the deletion that erasing fulfils.
fn open_request(scene: &Scene<'_>) -> Verdict {
    match scene.facts.value("person.open_request") {
        None => Verdict::unknown(["person.open_request".to_owned()]),
        Some(Value::One(word)) => Verdict::of(word != "none" && word != "delete"),
        Some(_) => Verdict::of(true),
    }
}

/// Whether a consent that a rule demands is lacking; its opinion counts only once the lack is certain.
fn lacks_consent(scene: &Scene<'_>, rule: &'_ Rule) -> Verdict {
    let Some(consent) = &rule.consent else { return Verdict::of(false) };
    let given = match scene.facts.value(&consent.fact) {
        None => Verdict::unknown([consent.fact.clone()]),
        Some(v) => Verdict::of(*v == Value::YesNo(true)),
    };
    let effect = scene.rules.iter().copied().find(|r| r.id == rule.id).map_or_else(|| Verdict::of(false), |r| scene.effect(r));
    let lacking = Verdict::all([effect, given.negate()]);
    match (&consent.lifted_by, lacking.holds()) {
        (Some(opinion), true) => match scene.facts.value(opinion) {
            None => Verdict::unknown([opinion.clone()]),
            Some(v) => Verdict::of(*v != Value::YesNo(true)),
        },
        _ => lacking,
    }
}

/// A demand of one legal order against a retention of another, until an opinion says keep (PACKS §5.5).
fn conflict(scene: &Scene<'_>) -> Verdict {
    let conflicts = scene.of(Duty::Delete).filter_map(|k| Some((k, k.conflict.as_ref()?, k.accepts_retention_of.as_ref()?)));
    Verdict::any(
        conflicts
            .map(|(k, conflict, accepted)| {
                let foreign = scene.of(Duty::Retain).filter(|q| !accepted.contains(&q.law)).map(|q| scene.retains(q));
                let raw = Verdict::all([scene.effect(k), Verdict::any(foreign.collect::<Vec<_>>())]);
                match (raw.holds(), scene.facts.value(&conflict.fact)) {
                    (false, _) => raw,
                    (true, None) => Verdict::unknown([conflict.fact.clone()]),
                    (true, Some(opinion)) => Verdict::of(*opinion != Value::One(conflict.keep.clone())),
                }
            })
            .collect::<Vec<_>>(),
    )
}

fn ground_retain(scene: &Scene<'_>, verdicts: &Verdicts, cell: &mut Cell) {
    let held: Vec<&Rule> = scene.of(Duty::Hold).filter(|r| scene.effect(r).holds()).collect();
    let counted: Vec<(&Rule, Day)> =
        scene.of(Duty::Retain).filter(|r| scene.retains(r).holds()).filter_map(|r| Some((r, scene.retain_end(r)?))).collect();
    let longest = counted.iter().map(|(_, end)| *end).max();
    for (rule, end) in &counted {
        let side = if Some(*end) == longest { &mut cell.winners } else { &mut cell.losers };
        side.insert(rule.id.clone());
    }
    cell.winners.extend(held.iter().map(|r| r.id.clone()));
    let uncounted = scene.of(Duty::Retain).filter(|r| scene.effect(r).holds() && scene.accepted(r).truth == Truth::False);
    cell.losers.extend(uncounted.map(|r| r.id.clone()));
    if verdicts.demanded.holds() {
        let stored = scene.of(Duty::StorageOnly).filter(|r| scene.bite(r).holds());
        cell.winners.extend(stored.map(|r| r.id.clone()));
        cell.losers.extend(scene.of(Duty::Delete).filter(|r| scene.effect(r).holds()).map(|r| r.id.clone()));
    }
    cell.until = longest.filter(|_| held.is_empty());
    cell.keeper = verdicts.demanded.holds();
}

fn ground_erase(scene: &Scene<'_>, cell: &mut Cell) {
    let demands: Vec<&Rule> = scene.of(Duty::Delete).chain(scene.of(Duty::Return)).filter(|r| scene.effect(r).holds()).collect();
    cell.winners.extend(demands.iter().map(|r| r.id.clone()));
    cell.losers.extend(scene.of(Duty::Retain).filter(|r| scene.effect(r).holds()).map(|r| r.id.clone()));
    let day = |clock: &facts::Clock| clock.day(&scene.facts, scene.as_of);
    let from = demands.iter().filter_map(|r| r.due.as_ref()).filter_map(|(from, _)| day(from)).min();
    let until = demands.iter().filter_map(|r| r.due.as_ref()).filter_map(|(_, until)| day(until.as_ref()?)).min();
    let handing_over = matches!(cell.hand_over, Some(Admission::Admitted | Admission::Undecided));
    let leads = scene.rules.iter().copied().filter(|r| r.kind == RuleKind::Decides && scene.effect(r).holds());
    let lead = leads
        .filter_map(|r| r.gate.as_ref())
        .filter(|g| g.before.words().iter().any(|w| w == "destroy" || (handing_over && w == "hand_over")))
        .filter_map(|g| Some(g.lead?.after(scene.told_on)))
        .max();
    cell.not_before = [Some(scene.as_of), from, lead].into_iter().flatten().max();
    cell.not_after = until;
}

/// Consents, prohibitions and notices that have effect stand beside the winners; rules beaten beside the losers.
fn add_bystanders(scene: &Scene<'_>, cell: &mut Cell) {
    for rule in scene.rules.iter().copied().filter(|r| r.kind == RuleKind::Decides) {
        let effect = scene.effect(rule).truth;
        if matches!(rule.duty, Duty::Consent | Duty::Prohibit | Duty::Notify) && effect == Truth::True {
            cell.winners.insert(rule.id.clone());
        }
        if effect == Truth::False && scene.bite(rule).holds() {
            cell.losers.insert(rule.id.clone());
        }
    }
}
