//! What a case file must satisfy beyond its form; each fault with line and remedy.

use std::collections::BTreeSet;

use terms::{Both, Day, Reach, Scenario, StoreKind, Zone};

use super::CaseFault;
use super::at::At;
use super::shape::{CaseFile, DatasetFile, Party, SourceFile};
use super::way::Way;

struct Faults(Vec<CaseFault>);

impl Faults {
    fn add(&mut self, line: u64, field: impl Into<String>, what: (&str, &str), todo: (&str, &str)) {
        let both = |t: (&str, &str)| Both { zh: t.0.to_owned(), en: t.1.to_owned() };
        self.0.push(CaseFault { line, field: field.into(), what: both(what), todo: both(todo) });
    }

    fn day(&mut self, field: &str, at: Option<&At<String>>) -> Option<Day> {
        let at = at?;
        let day = at.value.parse::<Day>().ok();
        if day.is_none() {
            self.add(
                at.line,
                field,
                ("不是日历上的日期", "is not a day of the calendar"),
                ("请写成 YYYY-MM-DD，例如 2026-03-31。", "write YYYY-MM-DD, e.g. 2026-03-31."),
            );
        }
        day
    }

    fn word(&mut self, at: &At<String>, field: &str, words: &[&str]) {
        if !words.contains(&at.value.as_str()) {
            let list = words.join(", ");
            self.add(
                at.line,
                field,
                (&format!("`{}` 不在允许的取值中", at.value), &format!("`{}` is not one of the allowed words", at.value)),
                (&format!("可用：{list}。"), &format!("use one of: {list}.")),
            );
        }
    }
}

/// All faults of a file.
pub(super) fn check(file: &CaseFile) -> Vec<CaseFault> {
    let mut f = Faults(Vec::new());
    if file.version.value != 1 {
        f.add(file.version.line, "version", ("不支持的版本", "the version is not known"), ("请写 version: 1。", "write version: 1."));
    }
    company(file, &mut f);
    dates(file, &mut f);
    parties(file, &mut f);
    sources(file, &mut f);
    for d in &file.datasets {
        dataset(file, d, &mut f);
    }
    holds(file, &mut f);
    twice(&file.datasets, &mut f);
    let t = &file.tolerance;
    for (field, at) in [("tolerance.frozen_percent", &t.frozen_percent), ("tolerance.live_percent", &t.live_percent)] {
        if !(0.0..=100.0).contains(&at.value) {
            f.add(
                at.line,
                field,
                ("容差应在 0 到 100 之间", "a tolerance lies between 0 and 100"),
                ("以百分比填写。", "give it in percent."),
            );
        }
    }
    let c = &file.costs;
    for (field, at) in
        [("costs.labour_hour", &c.labour_hour), ("costs.storage_gb_year", &c.storage_gb_year), ("costs.keeper_year", &c.keeper_year)]
    {
        if let Some(at) = at.as_ref().filter(|a| a.value < 0.0 || !a.value.is_finite()) {
            f.add(at.line, field, ("成本不能为负", "a cost is not negative"), ("填写 0 或正数，单位元。", "give 0 or more, in CNY."));
        }
    }
    policy(file, &mut f);
    if file.safety_days.value > 3_650 {
        f.add(
            file.safety_days.line,
            "safety_days",
            ("安全窗口期过长", "the safety window is too long"),
            ("不超过 3650 天。", "at most 3650 days."),
        );
    }
    f.0
}

fn holds(file: &CaseFile, f: &mut Faults) {
    let mut ids = BTreeSet::new();
    for h in &file.holds {
        f.day("holds.until", h.until.as_ref());
        let ok = !h.id.value.is_empty() && h.id.value.len() <= 38 && h.id.value.bytes().all(|b| b.is_ascii_alphanumeric());
        if !ok {
            f.add(h.id.line, "holds.id", ("编号只能用字母和数字", "an id is letters and digits"), ("例如 id: suit1。", "e.g. id: suit1."));
        } else if detect::names_a_person(&h.id.value) {
            f.add(
                h.id.line,
                "holds.id",
                ("编号可能是人名，而编号会写入日志", "the id may be a person's name, and ids stand in the ledger"),
                ("改用案号或数字，例如 id: suit1。", "use a file number or digits, e.g. id: suit1."),
            );
        }
        if !ids.insert(&h.id.value) {
            f.add(h.id.line, "holds.id", ("保全编号重复", "two holds have this id"), ("改成不同的编号。", "give them different ids."));
        }
        for pattern in h.datasets.iter().filter(|p| *p != "*") {
            let source = pattern.split('/').next().unwrap_or_default();
            if !file.sources.iter().any(|s| s.id.value == source) {
                f.add(
                    h.id.line,
                    "holds.datasets",
                    (&format!("没有名为 `{source}` 的数据源"), &format!("there is no source `{source}`")),
                    ("写成 数据源/表名，或 * 表示全部。", "write source/table, or * for everything."),
                );
            }
        }
    }
}

fn twice(datasets: &[DatasetFile], f: &mut Faults) {
    let mut seen = BTreeSet::new();
    for d in datasets {
        if !seen.insert(&d.at.value) {
            f.add(
                d.at.line,
                "datasets.at",
                ("同一数据集写了两次", "two datasets have this place"),
                ("合并成一项；只有第一项会生效。", "make them one; only the first would count."),
            );
        }
    }
}

fn policy(file: &CaseFile, f: &mut Faults) {
    let (need, kinds) = (&file.approval.need, &file.approval.kinds);
    if need.value < 2 {
        f.add(
            need.line,
            "approval.need",
            ("不可逆的处置至少需要两人审批", "what cannot be undone needs at least two approvers"),
            ("请写 need: 2 或更多。", "write need: 2 or more."),
        );
    } else if need.value > file.parties.approvers.value.len() as u64 {
        f.add(
            need.line,
            "approval.need",
            ("要求的审批数多于审批人", "more approvals than approvers"),
            ("增加审批人，或减小 need。", "name more approvers, or lower need."),
        );
    }
    let said = std::iter::once(("approval.kinds".to_owned(), kinds));
    let acts = file.approval.acts.iter().map(|(act, kinds)| (format!("approval.acts.{act}"), kinds));
    for (field, kinds) in said.chain(acts) {
        for kind in kinds.value.iter().filter(|k| !["key", "paper"].contains(&k.as_str())) {
            let what = (format!("`{kind}` 不在允许的取值中"), format!("`{kind}` is not one of the allowed words"));
            f.add(kinds.line, field.clone(), (&what.0, &what.1), ("目前可用：key、paper。", "for now: key, paper."));
        }
        if !kinds.value.iter().any(|k| k == "key") {
            f.add(
                kinds.line,
                field,
                ("不可逆的处置至少要有一位用密钥审批", "what cannot be undone needs at least one approval by key"),
                ("在列表中加上 key。", "add key to the list."),
            );
        }
    }
    for (act, kinds) in &file.approval.acts {
        if !["destroy", "hand_over", "shred"].contains(&act.as_str()) {
            f.add(
                kinds.line,
                "approval.acts",
                (&format!("`{act}` 不在允许的取值中"), &format!("`{act}` is not one of the allowed words")),
                ("可用：destroy、hand_over、shred。", "use one of: destroy, hand_over, shred."),
            );
        }
    }
}

fn company(file: &CaseFile, f: &mut Faults) {
    let uscc = &file.company.uscc;
    if !uscc_ok(&uscc.value) {
        f.add(
            uscc.line,
            "company.uscc",
            ("统一社会信用代码的长度、字符或校验位不对", "the unified social credit code has a wrong length, character or check digit"),
            ("请照营业执照核对 18 位代码。", "compare the 18 characters with the licence."),
        );
    }
    if file.company.name.value.trim().is_empty() {
        f.add(file.company.name.line, "company.name", ("名称为空", "the name is empty"), ("填写登记名称。", "give the registered name."));
    }
    let scenarios: Vec<&str> = Scenario::ALL.iter().map(|s| s.word()).collect();
    f.word(&file.scenario, "scenario", &scenarios);
    if Zone::named(&file.zone.value).is_none() {
        f.add(file.zone.line, "zone", ("未知的时区", "the time zone is not known"), ("例如 Asia/Shanghai。", "e.g. Asia/Shanghai."));
    }
    if !["zh", "en"].contains(&file.lang.value.as_str()) {
        f.add(file.lang.line, "lang", ("未知的语言", "the language is not known"), ("用 zh 或 en。", "use zh or en."));
    }
    if !["handler", "processor"].contains(&file.role.value.as_str()) {
        f.add(file.role.line, "role", ("未知的角色", "the role is not known"), ("用 handler 或 processor。", "use handler or processor."));
    }
}

/// Whether a code has the form and the check digit of GB 32100-2015 (modulo 31).
fn uscc_ok(code: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    let values: Option<Vec<usize>> = code.chars().map(|c| ALPHABET.find(c)).collect();
    let Some(values) = values.filter(|v| v.len() == 18) else { return false };
    let sum: usize = values.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum();
    values.last() == Some(&((31 - sum % 31) % 31))
}

fn dates(file: &CaseFile, f: &mut Faults) {
    let d = &file.dates;
    f.day("dates.cause_on", d.cause_on.as_ref());
    f.day("dates.revoked_on", d.revoked_on.as_ref());
    let stop = f.day("dates.service_stop", d.service_stop.as_ref());
    let last = f.day("dates.last_day", d.last_day.as_ref());
    if let (Some(stop), Some(last), Some(at)) = (stop, last, d.last_day.as_ref())
        && last < stop
    {
        f.add(
            at.line,
            "dates.last_day",
            ("最后处置日早于停止服务日", "the last day lies before the service stop"),
            ("请核对两个日期。", "compare the two dates."),
        );
    }
    let ends = ["dissolution", "simplified_deregistration", "bankruptcy", "cease_service"];
    if d.service_stop.is_none() && ends.contains(&file.scenario.value.as_str()) {
        f.add(
            file.scenario.line,
            "dates.service_stop",
            ("此情形需要停止服务日", "this scenario needs the day on which the service stops"),
            ("在 dates 下填写 service_stop。", "give service_stop under dates."),
        );
    }
}

fn parties(file: &CaseFile, f: &mut Faults) {
    let p = &file.parties;
    if p.operator.key.is_none() {
        f.add(
            p.operator.name.line,
            "parties.operator.key",
            ("操作人没有密钥", "the operator has no key"),
            ("用 `custody keygen` 生成，并在此写出 .pub 文件。", "make one with `custody keygen` and name its .pub file here."),
        );
    }
    let names: BTreeSet<&str> = p.approvers.iter().map(|a| a.name.value.trim()).collect();
    if names.len() < 2 {
        let line = p.approvers.first().map_or(p.approvers.line, |a| a.name.line);
        f.add(
            line,
            "parties.approvers",
            ("审批人少于两位不同的人", "fewer than two different approvers"),
            ("至少写两位审批人；一人公司可请代理机构或律师作第二位。", "name two; a one-person company names its agency or counsel."),
        );
    }
    let mut keys = BTreeSet::new();
    for key in p.approvers.iter().filter_map(|a| a.key.as_ref()) {
        if !keys.insert(&key.value) {
            f.add(
                key.line,
                "parties.approvers.key",
                ("两位审批人用同一把密钥", "two approvers have the same key"),
                ("每位审批人用自己的密钥。", "each approver has a key of their own."),
            );
        }
    }
    const CAPACITIES: [&str; 5] = ["owner", "officer", "liquidator", "agency", "counsel"];
    for at in p.approvers.iter().filter_map(|a| a.capacity.as_ref()) {
        f.word(at, "parties.approvers.as", &CAPACITIES);
    }
    let outside = |a: &&Party| a.capacity.as_ref().is_some_and(|c| ["agency", "counsel"].contains(&c.value.as_str()));
    if file.company.one_person && !p.approvers.iter().any(|a| outside(&a)) {
        f.add(
            p.approvers.line,
            "parties.approvers.as",
            ("一人公司须由代理机构或律师作第二位审批人", "a one-person company has its agency or counsel as second approver"),
            ("在该审批人下写 as: agency 或 as: counsel。", "write as: agency or as: counsel at that approver."),
        );
    }
    // Who signs on paper needs no key, if paper is allowed at all.
    let paper = file.approval.kinds.iter().chain(file.approval.acts.values().flat_map(|k| k.iter())).any(|k| k == "paper");
    for a in p.approvers.iter().filter(|a| a.key.is_none() && !paper) {
        f.add(
            a.name.line,
            "parties.approvers.key",
            ("审批人没有密钥", "an approver has no key"),
            ("让其运行 `custody keygen`，把 .pub 文件交给你。", "let them run `custody keygen` and give you the .pub file."),
        );
    }
}

fn sources(file: &CaseFile, f: &mut Faults) {
    if file.sources.is_empty() {
        f.add(file.sources.line, "sources", ("没有数据源", "no sources"), ("至少写一个数据源。", "name at least one."));
    }
    let mut seen = BTreeSet::new();
    for s in file.sources.iter() {
        source(s, f);
        if !seen.insert(&s.id.value) {
            f.add(
                s.id.line,
                "sources.id",
                ("数据源编号重复", "two sources have this id"),
                ("改成不同的编号。", "give them different ids."),
            );
        }
    }
}

fn source(s: &SourceFile, f: &mut Faults) {
    let kinds: Vec<&str> = StoreKind::ALL.iter().map(|k| k.word()).collect();
    let reaches: Vec<&str> = Reach::ALL.iter().map(|k| k.word()).collect();
    f.word(&s.kind, "sources.kind", &kinds);
    f.word(&s.reach, "sources.reach", &reaches);
    f.day("sources.freeze", s.freeze.as_ref());
    if ["paper", "device", "platform"].contains(&s.kind.value.as_str()) && s.reach.value != "by_hand" {
        f.add(
            s.kind.line,
            "sources.reach",
            ("程序读不到这类数据源", "no program reads this kind of source"),
            (
                "写 reach: by_hand；能导出文件的平台写 kind: delimited、reach: pack。",
                "write reach: by_hand; a platform that exports files is kind: delimited, reach: pack.",
            ),
        );
    }
    server(s, f);
    if s.id.value.is_empty() || s.id.value.contains('/') {
        f.add(
            s.id.line,
            "sources.id",
            ("编号不能为空或含 `/`", "an id is not empty and has no `/`"),
            ("例如 id: shop。", "e.g. id: shop."),
        );
    }
    if let Some(secret) = &s.secret
        && !(secret.value.starts_with("env:") || secret.value.starts_with("file:"))
    {
        f.add(
            secret.line,
            "sources.secret",
            ("这里不能写口令本身", "the secret itself does not belong here"),
            ("写 env:变量名 或 file:路径。", "write env:NAME or file:PATH."),
        );
    }
}

/// A database server has an address without a password; other kinds have none.
fn server(s: &SourceFile, f: &mut Faults) {
    let scheme: &[&str] = match s.kind.value.as_str() {
        "postgresql" => &["postgres://", "postgresql://"],
        "mariadb" => &["mysql://", "mariadb://"],
        _ if s.server.is_some() => {
            return f.add(
                s.kind.line,
                "sources.server",
                ("`server` 只用于数据库服务器", "`server` is for database servers only"),
                ("删去，或写 kind: postgresql 或 mariadb。", "remove it, or write kind: postgresql or mariadb."),
            );
        }
        _ => return,
    };
    if let Some(server) = &s.server
        && server.value.window.as_ref().is_some_and(|w| super::shape::hours(w).is_none())
    {
        f.add(
            server.line,
            "sources.server.window",
            ("时段写得不对", "these are no hours"),
            ("写成 22:00-06:00。", "write them as 22:00-06:00."),
        );
    }
    let Some(rest) = scheme.iter().find_map(|p| s.path.value.strip_prefix(p)) else {
        return f.add(
            s.path.line,
            "sources.path",
            ("数据库服务器要写地址", "a database server needs an address"),
            (
                "例如 postgres://custody@127.0.0.1:5432/shop 或 mysql://custody@127.0.0.1:3306/shop。",
                "e.g. postgres://custody@127.0.0.1:5432/shop or mysql://custody@127.0.0.1:3306/shop.",
            ),
        );
    };
    let login = rest.split('/').next().and_then(|host| host.rsplit_once('@')).map_or("", |(login, _)| login);
    if login.contains(':') || rest.contains("password=") {
        f.add(
            s.path.line,
            "sources.path",
            ("地址里不能写口令", "the address must not hold the password"),
            ("另写 secret: env:变量名 或 file:路径。", "write it as secret: env:NAME or file:PATH."),
        );
    }
}

/// What is left in erased columns: known words, in stores that write values, and a `k` where something of the values stays.
fn leave(file: &CaseFile, d: &DatasetFile, f: &mut Faults) {
    let mut fault = |what: (&str, &str), todo: (&str, &str)| f.add(d.leave.line, "datasets.leave", what, todo);
    let mut coarser = false;
    for (column, word) in d.leave.iter() {
        match word.parse::<Way>() {
            Ok(way) => coarser |= way.generalises(),
            Err(()) => fault(
                (&format!("`{column}`：`{word}` 不在允许的写法中"), &format!("`{column}`: `{word}` is not one of the allowed words")),
                (
                    "可用：suppress、=文字、year、month、decade、to 10、first 3。",
                    "use one of: suppress, =TEXT, year, month, decade, to 10, first 3.",
                ),
            ),
        }
    }
    let source = d.at.value.split('/').next().unwrap_or_default();
    let kind = file.sources.iter().find(|s| s.id.value == source).map(|s| s.kind.value.as_str());
    if !d.leave.is_empty() && !kind.is_none_or(|k| ["postgresql", "mariadb", "sqlite", "delimited"].contains(&k)) {
        fault(
            ("这类数据源中只能清空，不能改写", "in this kind of source fields are emptied, not written over"),
            ("删去 leave；数据库和分隔文本文件可以用。", "remove leave; databases and delimited files have it."),
        );
    }
    let k = file.k.as_ref().map_or(0, |k| k.value);
    if coarser && k < 2 {
        f.add(
            file.k.as_ref().map_or(d.leave.line, |k| k.line),
            "k",
            ("保留概括后的值需要写明 k（至少 2）", "what is only made coarser needs a k of 2 or more"),
            (
                "写 k: 5，即每一种组合至少有 5 行；达不到就不会匿名化。",
                "write k: 5: every combination in at least 5 rows, or nothing is anonymised.",
            ),
        );
    }
}

/// What `tells` may tell.
const TELLS: [&str; 10] = [
    "region",
    "under14",
    "consent_23",
    "guardian_consent",
    "birth_date",
    "marketing",
    "withdrawn_on",
    "voucher_date",
    "completed_on",
    "relation_end",
];

fn dataset(file: &CaseFile, d: &DatasetFile, f: &mut Faults) {
    let source = d.at.value.split('/').next().unwrap_or_default();
    if !file.sources.iter().any(|s| s.id.value == source) {
        f.add(
            d.at.line,
            "datasets.at",
            (&format!("没有名为 `{source}` 的数据源"), &format!("there is no source `{source}`")),
            ("以数据源编号开头，例如 shop/Customer。", "begin with a source's id, e.g. shop/Customer."),
        );
    }
    if !d.at.value.contains('/') {
        f.add(
            d.at.line,
            "datasets.at",
            ("没有写出表或文件", "it names no table or file"),
            ("写成 数据源/表名，例如 shop/Customer。", "write source/table, e.g. shop/Customer."),
        );
    }
    let known = |place: &str| file.sources.iter().any(|s| s.id.value == place.split('/').next().unwrap_or_default());
    let owner = d.owner.iter().map(|o| ("datasets.owner.of", &o.of));
    let references = d.references.iter().map(|r| ("datasets.references.of", &r.of));
    for (field, at) in owner.chain(references).filter(|(_, at)| !known(&at.value)) {
        let source = at.value.split('/').next().unwrap_or_default();
        f.add(
            at.line,
            field,
            (&format!("没有名为 `{source}` 的数据源"), &format!("there is no source `{source}`")),
            ("写成 数据源/表名，例如 shop/Customer。", "write source/table, e.g. shop/Customer."),
        );
    }
    for fact in d.tells.keys().filter(|k| !TELLS.contains(&k.as_str())) {
        let list = TELLS.join(", ");
        f.add(
            d.tells.line,
            "datasets.tells",
            (&format!("`{fact}` 不在允许的取值中"), &format!("`{fact}` is not one of the allowed words")),
            (&format!("可用：{list}。"), &format!("use one of: {list}.")),
        );
    }
    leave(file, d, f);
    f.day("datasets.ends_on", d.ends_on.as_ref());
    if let Some(route) = &d.route {
        f.word(route, "datasets.route", &["none", "art22", "art23"]);
    }
    if let Some(class) = d.class.as_ref().filter(|c| c.value == "none")
        && d.why.as_ref().is_none_or(|w| w.trim().is_empty())
    {
        f.add(
            class.line,
            "datasets.why",
            ("`class: none` 须说明理由", "`class: none` needs a reason"),
            ("加上 why: 为什么没有个人信息。", "add why: no personal information is in it."),
        );
    }
}
