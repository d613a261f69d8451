//! Matching: one pass over all sources joins the rows that share a strong identifier to persons, and gathers what rows tell about them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use detect::{Headers, Kind};
use inventory::Regions;
use rows::{Batch, CellRef, text_of};
use subjects::{Identifier, Matcher, NOBODY, strong};
use terms::{Day, Fault, Given, Place, Value};

use crate::opened::{Listed, Opened};
use crate::references::referred;
use crate::rowfacts::{Tells, born, person_facts, record_facts, stands_for_person};
use crate::survey::Listener;
use crate::workspace::Workspace;

/// To whom a row belongs, before persons are known.
#[derive(Clone, Copy, Debug)]
enum Belongs {
    Node(u32),
    Owner(u32),
    Nobody,
}

/// Listens to a scan and matches rows to persons.
pub(crate) struct Matching<'a> {
    key: [u8; 32],
    headers: &'a Headers,
    regions: &'a Regions,
    today: Day,
    owner_columns: BTreeMap<Place, (usize, Place, usize)>,
    register_keys: BTreeMap<Place, Vec<usize>>,
    classes: BTreeMap<Place, String>,
    matcher: Matcher,
    owners: Vec<Identifier>,
    belongs: BTreeMap<Place, Vec<Belongs>>,
    told: Vec<(u32, Given)>,
    vouchers: HashMap<u32, Day>,
    /// Owner references of voucher rows whose date could not be read.
    undated: Vec<u32>,
    /// Owner references of all voucher rows.
    voucher_rows: Vec<u32>,
    tells: Tells,
}

impl<'a> Matching<'a> {
    pub(crate) fn new(
        workspace: &mut Workspace,
        opened: &Opened,
        headers: &'a Headers,
        regions: &'a Regions,
    ) -> Result<Matching<'a>, Fault> {
        let (owner_columns, register_keys, classes) = owners_of(workspace, opened);
        Ok(Matching {
            key: *workspace.vault()?.digest_key("subjects"),
            headers,
            regions,
            today: workspace.today()?,
            owner_columns,
            register_keys,
            classes,
            matcher: Matcher::default(),
            owners: Vec::new(),
            belongs: BTreeMap::new(),
            told: Vec::new(),
            vouchers: HashMap::new(),
            undated: Vec::new(),
            voucher_rows: Vec::new(),
            tells: Tells::default(),
        })
    }
}

impl Matching<'_> {
    fn identifier(&self, what: &str, value: &[u8]) -> Identifier {
        let whole = ledger::keyed(&self.key, "identifier", &[what.as_bytes(), &[0], value]);
        let mut out = [0u8; 16];
        out.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        out
    }

    fn key_identifier(&self, register: &Place, column: usize, cell: CellRef<'_>) -> Option<Identifier> {
        if cell.is_empty() {
            return None;
        }
        // Numbers and their texts meet: `7` in one table and `'7'` in another are the same key.
        let mut text = Vec::new();
        text_of(cell, rows::Encoding::Utf8, &mut text);
        Some(self.identifier(&format!("key {register} {column}"), &text))
    }
}

impl Listener for Matching<'_> {
    fn begin(&mut self, listed: &Listed) -> Result<(), Fault> {
        let place = &listed.dataset.place;
        self.belongs.insert(place.clone(), Vec::new());
        let class = listed.said.as_ref().and_then(|s| s.class.as_ref()).map(|c| c.value.clone());
        let class = class.unwrap_or_else(|| self.classes.get(place).cloned().unwrap_or_default());
        self.tells = Tells::of(listed, self.headers, &class);
        self.classes.insert(place.clone(), class);
        Ok(())
    }

    fn batch(&mut self, listed: &Listed, batch: &Batch, found: &[(usize, usize, Kind, Vec<u8>)]) -> Result<(), Fault> {
        let place = listed.dataset.place.clone();
        let class = self.classes.get(&place).cloned().unwrap_or_default();
        if class == "none" {
            return Ok(());
        }
        let register = self.register_keys.get(&place).cloned().unwrap_or_default();
        let owner = self.owner_columns.get(&place).cloned();
        let mut by_row: HashMap<usize, Vec<(Kind, &[u8])>> = HashMap::new();
        for (row, _, kind, value) in found.iter().filter(|(_, _, kind, _)| strong(*kind)) {
            by_row.entry(*row).or_default().push((*kind, value));
        }
        for row in 0..batch.rows() {
            let strong = by_row.remove(&row).unwrap_or_default();
            if listed.dataset.mentions && names_several(&strong) {
                self.belongs.entry(place.clone()).or_default().push(Belongs::Nobody);
                continue;
            }
            let owned = owner.as_ref().and_then(|(c, of, key)| self.key_identifier(of, *key, batch.cell(row, *c)));
            let belongs = match owned {
                Some(identifier) => {
                    let n = u32::try_from(self.owners.len()).unwrap_or(NOBODY - 1);
                    self.owners.push(identifier);
                    let facts = record_facts(&self.tells, batch, row, listed.dataset.encoding);
                    if class == "voucher" {
                        self.voucher_rows.push(n);
                        match facts.get("record.voucher_date") {
                            Some(Value::Date(day)) => {
                                self.vouchers.insert(n, *day);
                            }
                            _ => self.undated.push(n),
                        }
                    }
                    Belongs::Owner(n)
                }
                None if stands_for_person(&class) || !strong.is_empty() || !register.is_empty() => {
                    let node = self.matcher.node();
                    let mut birth = None;
                    for (kind, value) in &strong {
                        let identifier = self.identifier(kind.word(), value);
                        if *kind == Kind::ResidentId {
                            self.matcher.identity(node, identifier);
                            birth = born(value);
                        }
                    }
                    for (kind, value) in &strong {
                        let identifier = self.identifier(kind.word(), value);
                        self.matcher.carries(node, identifier);
                    }
                    for column in &register {
                        if let Some(identifier) = self.key_identifier(&place, *column, batch.cell(row, *column)) {
                            self.matcher.carries(node, identifier);
                        }
                    }
                    let facts = person_facts(&self.tells, batch, row, listed.dataset.encoding, self.regions, self.today, birth);
                    if !facts.is_empty() {
                        self.told.push((node, facts));
                    }
                    Belongs::Node(node)
                }
                None => Belongs::Nobody,
            };
            self.belongs.entry(place.clone()).or_default().push(belongs);
        }
        Ok(())
    }
}

/// Whether two values of one kind stand in a document: it then names several persons, and joins none of them.
fn names_several(strong: &[(Kind, &[u8])]) -> bool {
    strong.iter().any(|(kind, value)| strong.iter().any(|(other, another)| kind == other && value != another))
}

/// Stands for "completes no voucher": every period that starts there ended long ago, so no retention of vouchers holds the entry.
fn no_voucher() -> Option<Day> {
    Day::new(1_000, 12, 31)
}

/// Persons once all rows were seen.
pub(crate) struct Persons {
    pub count: u32,
    pub of_row: BTreeMap<Place, Vec<u32>>,
    pub facts: Vec<Given>,
    /// Facts of persons about whom two rows say different things.
    pub conflicting: BTreeSet<(u32, String)>,
    /// Last voucher that each person's register entry completes.
    pub last_voucher: HashMap<u32, Day>,
    /// Persons who have vouchers, dated or not.
    pub with_vouchers: HashSet<u32>,
    /// Registers whose entries complete vouchers.
    pub completes: BTreeSet<Place>,
    pub refused: u64,
}

impl Persons {
    /// Facts of a row: its own, its person's, and the last voucher that it completes.
    pub(crate) fn given(&self, tells: &Tells, listed: &Listed, batch: &Batch, row: usize, person: u32) -> Given {
        let mut given = record_facts(tells, batch, row, listed.dataset.encoding);
        if let Some(facts) = self.facts.get(person as usize) {
            given.extend(facts.clone());
            if self.completes.contains(&listed.dataset.place) {
                let last = self.last_voucher.get(&person).copied();
                let last = if self.with_vouchers.contains(&person) { last } else { no_voucher() };
                given.extend(last.map(|day| ("record.voucher_date".to_owned(), Value::Date(day))));
            }
        }
        // No request is open in the ledger of this case.
        given.insert("person.open_request".to_owned(), Value::One("none".to_owned()));
        given
    }
}

pub(crate) fn resolve(mut m: Matching<'_>) -> Persons {
    let owner_nodes: Vec<Option<u32>> = m.owners.iter().map(|id| m.matcher.node_of(id)).collect();
    let owners = m.matcher.owners();
    let person_of = |node: u32| owners.person.get(node as usize).copied().unwrap_or(NOBODY);
    let owner_person = |n: u32| owner_nodes.get(n as usize).copied().flatten().map_or(NOBODY, person_of);
    let of_row = m
        .belongs
        .iter()
        .map(|(place, rows)| {
            let persons = rows.iter().map(|b| match b {
                Belongs::Node(n) => person_of(*n),
                Belongs::Owner(n) => owner_person(*n),
                Belongs::Nobody => NOBODY,
            });
            (place.clone(), persons.collect())
        })
        .collect();
    let mut facts: Vec<Given> = vec![Given::new(); owners.persons as usize];
    let mut conflicting: BTreeSet<(u32, String)> = BTreeSet::new();
    for (node, told) in m.told {
        let person = person_of(node);
        let Some(known) = facts.get_mut(person as usize) else { continue };
        for (name, value) in told {
            match known.get(&name) {
                None => {
                    known.insert(name, value);
                }
                Some(before) if *before != value => {
                    conflicting.insert((person, name));
                }
                Some(_) => {}
            }
        }
    }
    // Two sources that disagree about a person leave the fact unknown.
    for (person, name) in &conflicting {
        if let Some(known) = facts.get_mut(*person as usize) {
            known.remove(name);
        }
    }
    let mut last_voucher: HashMap<u32, Day> = HashMap::new();
    for (n, day) in &m.vouchers {
        let person = owner_person(*n);
        if person != NOBODY {
            let last = last_voucher.entry(person).or_insert(*day);
            *last = (*last).max(*day);
        }
    }
    let with_vouchers = m.voucher_rows.iter().map(|n| owner_person(*n)).collect();
    // A voucher without a readable date leaves the day of the last one unknown, however many others there are.
    for n in &m.undated {
        last_voucher.remove(&owner_person(*n));
    }
    let vouchers = m.owner_columns.iter().filter(|(from, _)| m.classes.get(*from).is_some_and(|c| c == "voucher"));
    let completes = vouchers.map(|(_, (_, register, _))| register.clone()).collect();
    Persons { count: owners.persons, of_row, facts, conflicting, last_voucher, with_vouchers, completes, refused: m.matcher.refused() }
}

type OwnerColumns = BTreeMap<Place, (usize, Place, usize)>;

/// Which column of a data set names its person, which columns of a register are pointed at, and classes as far as names tell.
fn owners_of(workspace: &Workspace, opened: &Opened) -> (OwnerColumns, BTreeMap<Place, Vec<usize>>, BTreeMap<Place, String>) {
    let classes: BTreeMap<Place, String> = opened
        .listed
        .iter()
        .filter_map(|l| {
            let said = l.said.as_ref().and_then(|s| s.class.as_ref()).map(|c| c.value.clone());
            let proposed = || crate::survey::class_by_name(&l.dataset).map(str::to_owned);
            Some((l.dataset.place.clone(), said.or_else(proposed)?))
        })
        .collect();
    let class = |p: &Place| classes.get(p).map(String::as_str).unwrap_or_default();
    let mut owner_columns = OwnerColumns::new();
    for listed in &opened.listed {
        let said = listed.said.as_ref().and_then(|s| s.owner.as_ref());
        let named = said.and_then(|o| referred(&workspace.file, &opened.listed, &listed.dataset, o));
        let own = class(&listed.dataset.place);
        // A declared key of a data set whose rows do not stand for persons themselves.
        let declared = || {
            let follows = !stands_for_person(own) && own != "none";
            let mut keys = listed.dataset.points_to.iter().filter(|(_, to, _)| follows && stands_for_person(class(to)));
            keys.next().cloned()
        };
        if let Some((column, to, key)) = named.or_else(declared) {
            owner_columns.insert(listed.dataset.place.clone(), (column as usize, to, key as usize));
        }
    }
    let mut register_keys: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    for (_, to, key) in owner_columns.values() {
        let keys = register_keys.entry(to.clone()).or_default();
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    (owner_columns, register_keys, classes)
}
