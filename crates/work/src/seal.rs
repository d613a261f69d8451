//! Subjects and seals: one pass matches rows to persons, the next seals them, archives them and commits to every row.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use case::{By, Command, DatasetSealed, Event, SealKind, SubjectsRecorded};
use detect::{Headers, Kind};
use inventory::Regions;
use ledger::{commitment, leaf_hash, positions, row_key, subject_key, subject_leaf};
use rows::{Batch, CellRef, canonical_row, text_of};
use subjects::{Identifier, Matcher, NOBODY, strong};
use terms::json::json;
use terms::{DatasetSeen, Day, Digest, Fault, Given, Holdings, Place, Value};

use crate::holdings::{Branches, holding};
use crate::index::{SealIndex, SealRow, row_digest};
use crate::keys::random_id;
use crate::progress::Progress;
use crate::rowfacts::{Tells, born, is_holding, person_facts, record_facts, stands_for_person};
use crate::survey::{Listed, Listener, Opened, open_sources, register, survey};
use crate::workspace::Workspace;

/// What matching and sealing found.
#[derive(Clone, Debug)]
pub struct SubjectsReport {
    /// Persons.
    pub subjects: u64,
    /// Rows sealed.
    pub rows: u64,
    /// Rows of nobody.
    pub unassigned: u64,
    /// Joins refused because two identity numbers differ.
    pub refused: u64,
    /// The archive in which the sealed rows lie.
    pub archive: String,
    /// Data sets sealed: (name, rows).
    pub sealed: Vec<(String, u64)>,
}

/// To whom a row belongs, before persons are known.
#[derive(Clone, Copy, Debug)]
enum Belongs {
    Node(u32),
    Owner(u32),
    Nobody,
}

/// Listens to a scan and matches rows to persons.
struct Matching<'a> {
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

/// Stands for "completes no voucher": every period that starts there ended long ago, so no retention of vouchers holds the entry.
fn no_voucher() -> Option<Day> {
    Day::new(1_000, 12, 31)
}

/// Persons once all rows were seen.
struct Persons {
    count: u32,
    of_row: BTreeMap<Place, Vec<u32>>,
    facts: Vec<Given>,
    /// Last voucher that each person's register entry completes.
    last_voucher: HashMap<u32, Day>,
    /// Persons who have vouchers, dated or not.
    with_vouchers: HashSet<u32>,
    /// Registers whose entries complete vouchers.
    completes: BTreeSet<Place>,
    refused: u64,
}

fn resolve(mut m: Matching<'_>) -> Persons {
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
    let mut conflicting: Vec<(u32, String)> = Vec::new();
    for (node, told) in m.told {
        let person = person_of(node);
        let Some(known) = facts.get_mut(person as usize) else { continue };
        for (name, value) in told {
            match known.get(&name) {
                None => {
                    known.insert(name, value);
                }
                Some(before) if *before != value => conflicting.push((person, name)),
                Some(_) => {}
            }
        }
    }
    // Two sources that disagree about a person leave the fact unknown.
    for (person, name) in conflicting {
        if let Some(known) = facts.get_mut(person as usize) {
            known.remove(&name);
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
    Persons { count: owners.persons, of_row, facts, last_voucher, with_vouchers, completes, refused: m.matcher.refused() }
}

/// Matches rows to persons and seals every holding, in one run.
///
/// # Errors
/// If a source cannot be read again as it was, or ledger, vault or documents fail.
pub fn subjects(workspace: &mut Workspace, progress: &dyn Progress) -> Result<SubjectsReport, Fault> {
    register(workspace)?;
    workspace.begin_run(&["scan", "seal", "subjects"], None)?;
    let mut opened = open_sources(workspace)?;
    for (_, source) in &mut opened.sources {
        if let Some(source) = source {
            source.hold_still()?;
        }
    }
    let headers = Headers::shipped().map_err(|_| Fault::new("shipped_data_damaged"))?;
    let regions = Regions::shipped().map_err(|_| Fault::new("shipped_data_damaged"))?;
    let (owner_columns, register_keys, classes) = owners_of(workspace, &opened);
    let mut matching = Matching {
        key: *workspace.vault()?.digest_key("subjects"),
        headers: &headers,
        regions: &regions,
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
    };
    let scan = survey(workspace, &mut opened, &mut matching, progress)?;
    let persons = resolve(matching);
    let report = seal_all(workspace, &mut opened, &scan.inventory.datasets, scan.n, &persons, &headers, progress)?;
    workspace.end_run(vec!["scan".to_owned(), "seal".to_owned(), "subjects".to_owned()], Vec::new())?;
    Ok(report)
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
        let named = said.and_then(|o| {
            let (source, table) = o.of.value.split_once('/')?;
            let source = workspace.file.sources.iter().position(|s| s.id.value == source)?;
            let target = opened.listed.iter().find(|l| l.source == source && l.dataset.name == table)?;
            let column = listed.dataset.columns.iter().position(|c| c.name == o.column)?;
            let key = target.dataset.columns.iter().position(|c| c.name == o.key)?;
            Some((column, target.dataset.place.clone(), key))
        });
        let own = class(&listed.dataset.place);
        // A declared key of a data set whose rows do not stand for persons themselves.
        let declared = || {
            let follows = !stands_for_person(own) && own != "none";
            let mut keys = listed.dataset.points_to.iter().filter(|(_, to, _)| follows && stands_for_person(class(to)));
            keys.next().map(|(c, to, key)| (*c as usize, to.clone(), *key as usize))
        };
        if let Some(owner) = named.or_else(declared) {
            owner_columns.insert(listed.dataset.place.clone(), owner);
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

fn seal_all(
    workspace: &mut Workspace,
    opened: &mut Opened,
    seen: &[DatasetSeen],
    scan_n: u64,
    persons: &Persons,
    headers: &Headers,
    progress: &dyn Progress,
) -> Result<SubjectsReport, Fault> {
    let archive = random_id("a")?;
    let slots = workspace.vault()?.slots();
    let first_slot = slots.append(persons.count)?;
    let subjects_slot = slots.append(1)?;
    let mut sealer = Sealer {
        scan_n,
        archive: archive.as_str(),
        first_slot,
        persons,
        row_lists: vec![Vec::new(); persons.count as usize],
        seals: Vec::new(),
    };
    let mut holdings = Vec::new();
    let mut report = SubjectsReport {
        subjects: u64::from(persons.count),
        rows: 0,
        unassigned: 0,
        refused: persons.refused,
        archive: archive.as_str().to_owned(),
        sealed: Vec::new(),
    };
    progress.begin("seal", Some(seen.iter().filter(|s| is_holding(s)).map(|s| s.rows).sum()));
    for seen_set in seen.iter().filter(|s| is_holding(s)) {
        let Some(listed) = opened.listed.iter().find(|l| l.dataset.place == seen_set.dataset) else { continue };
        let Some(mut holding) = holding(&workspace.file, listed, seen_set, seen) else { continue };
        let Some((_, Some(source))) = opened.sources.get_mut(listed.source) else { continue };
        let tells = Tells::of(listed, headers, seen_set.class.as_deref().unwrap_or_default());
        let sealed = sealer.seal(workspace, source.as_mut(), listed, seen_set, &tells, progress)?;
        report.rows += seen_set.rows;
        report.unassigned += sealed.nobody;
        report.sealed.push((holding.name.clone(), seen_set.rows));
        holding.branches = sealed.branches;
        holdings.push(holding);
    }
    progress.end();
    let given = Given::from([("case.persons".to_owned(), Value::Count(u64::from(persons.count)))]);
    let holdings_doc = workspace.put_json(&Holdings { given, holdings })?;
    let model = json!({
        "archive": archive, "holdings": holdings_doc, "identifiers": ["resident_id", "mobile", "email", "bank_card", "key"],
        "type": "custody.model", "v": 1
    });
    let key = workspace.vault()?.slots().key(subjects_slot)?.ok_or_else(|| Fault::new("slots_damaged"))?;
    let order = positions(&key, persons.count);
    let mut leaves = vec![[0u8; 32]; order.len()];
    for (list, t) in sealer.row_lists.iter_mut().zip(&order) {
        list.sort_by_key(|(n, p, _)| (*n, *p));
        let bytes: Vec<u8> = list.iter().flat_map(|(n, p, c)| n.to_be_bytes().into_iter().chain(p.to_be_bytes()).chain(*c)).collect();
        if let Some(leaf) = leaves.get_mut(*t as usize) {
            *leaf = leaf_hash(&subject_leaf(&subject_key(&key, u64::from(*t)), &bytes));
        }
    }
    let event = SubjectsRecorded {
        merged_from_n: None,
        model_doc: workspace.put_json(&model)?,
        root: Digest(ledger::root(leaves)),
        run_n: workspace.run_n()?,
        seal_ns: sealer.seals.clone(),
        subjects: report.subjects,
        unassigned_rows: report.unassigned,
    };
    workspace.record(Command::Record(By::Run, Event::SubjectsRecorded(event)))?;
    Ok(report)
}

struct Sealer<'a> {
    scan_n: u64,
    archive: &'a str,
    first_slot: u32,
    persons: &'a Persons,
    row_lists: Vec<Vec<(u64, u64, [u8; 32])>>,
    seals: Vec<u64>,
}

struct Sealed {
    branches: Vec<terms::Branch>,
    nobody: u64,
}

impl Sealer<'_> {
    fn seal(
        &mut self,
        workspace: &mut Workspace,
        source: &mut dyn sources::Source,
        listed: &Listed,
        seen: &DatasetSeen,
        tells: &Tells,
        progress: &dyn Progress,
    ) -> Result<Sealed, Fault> {
        let place = &seen.dataset;
        let moved = || Fault::new("source_moved").with("place", place).retry();
        let rows = u32::try_from(seen.rows).map_err(|_| Fault::new("too_many_rows").with("place", place))?;
        let owners = self.persons.of_row.get(place).filter(|o| o.len() == rows as usize).ok_or_else(moved)?;
        let slots = workspace.vault()?.slots();
        let key_slot = slots.append(2)?;
        let nobody_slot = key_slot + 1;
        let key = slots.key(key_slot)?.ok_or_else(|| Fault::new("slots_damaged"))?;
        let at = positions(&key, rows);
        let mut commitments = vec![[0u8; 32]; rows as usize];
        let mut index = SealIndex { key_slot, rows: Vec::with_capacity(rows as usize) };
        let mut branches = Branches::default();
        let mut nobody = 0u64;
        let mut lists: Vec<(u32, u64, [u8; 32])> = Vec::new();
        let segment = place.as_str().replace('/', "_");
        let mut writer = workspace.vault()?.write_segment(self.archive, &segment, listed.dataset.columns.len())?;
        let mut bytes = Vec::new();
        let mut i = 0usize;
        let vault = workspace.vault()?;
        source.read(place, &mut |batch| {
            for row in 0..batch.rows() {
                let (Some(person), Some(p)) = (owners.get(i).copied(), at.get(i).copied()) else { return Err(moved()) };
                canonical_row(batch.row(row), &mut bytes);
                let is_nobody = person == NOBODY;
                let slot = if is_nobody { nobody_slot } else { self.first_slot + person };
                let person_key = if is_nobody {
                    zeroize::Zeroizing::new([0; 32])
                } else {
                    vault.slots().key(slot)?.ok_or_else(|| Fault::new("slots_damaged"))?
                };
                let c = commitment(&row_key(&key, u64::from(p), &person_key), &bytes);
                if let Some(room) = commitments.get_mut(p as usize) {
                    *room = c;
                }
                let mut given = record_facts(tells, batch, row, listed.dataset.encoding);
                if let Some(facts) = self.persons.facts.get(person as usize) {
                    given.extend(facts.clone());
                    if self.persons.completes.contains(place) {
                        let last = self.persons.last_voucher.get(&person).copied();
                        let last = if self.persons.with_vouchers.contains(&person) { last } else { no_voucher() };
                        given.extend(last.map(|day| ("record.voucher_date".to_owned(), Value::Date(day))));
                    }
                }
                // No request is open in the ledger of this case.
                given.insert("person.open_request".to_owned(), Value::One("none".to_owned()));
                if is_nobody {
                    nobody += 1;
                } else {
                    lists.push((person, u64::from(p), c));
                }
                index.rows.push(SealRow {
                    position: p,
                    slot,
                    nobody: is_nobody,
                    branch: branches.of(given),
                    digest: row_digest(&key, &bytes),
                    locator: batch.locator_bytes(row).to_vec(),
                });
                writer.add(vault.slots(), slot, p, &bytes)?;
                i += 1;
            }
            progress.add(batch.rows() as u64);
            Ok(())
        })?;
        if i != rows as usize {
            return Err(moved());
        }
        writer.finish(vault.slots())?;
        index.keep(workspace, &SealIndex::name(self.scan_n, place, false))?;
        let groups: std::collections::BTreeSet<String> = seen.columns.iter().filter_map(|c| c.group.clone()).collect();
        let event = DatasetSealed {
            copy: "live".to_owned(),
            dataset: place.clone(),
            groups: groups.into_iter().collect(),
            kind: SealKind::Full,
            of_n: None,
            root: Digest(ledger::root(commitments.iter().map(|c| leaf_hash(c)))),
            rows: seen.rows,
            run_n: workspace.run_n()?,
            schema_doc: seen.schema,
        };
        let n = workspace.record(Command::Record(By::Run, Event::DatasetSealed(event)))?.first().copied().unwrap_or_default();
        self.seals.push(n);
        for (person, p, c) in lists {
            if let Some(list) = self.row_lists.get_mut(person as usize) {
                list.push((n, p, c));
            }
        }
        Ok(Sealed { branches: branches.list, nobody })
    }
}
