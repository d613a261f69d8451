//! `agreement.yaml`: the terms as people write them, checked, each fault with its line, field and remedy.

use facts::{Expr, Table};
use schemars::JsonSchema;
use serde::Deserialize;
use terms::{Both, Day};

use crate::terms_of::{End, Onward, Role, Then};

/// Most bytes of an agreement file.
const BYTES_MAX: usize = 1 << 18;

/// A fault in an agreement file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementFault {
    /// 1-based line; 0 where the fault is not at one line.
    pub line: u64,
    /// The field.
    pub field: String,
    /// What is wrong.
    pub what: Both,
    /// What to do.
    pub todo: Both,
}

/// The file as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementFile {
    /// Version of this format: 1.
    pub version: u32,
    /// Short id, letters and digits.
    pub id: String,
    /// What the party is to the data.
    pub role: Role,
    /// The party, by the name that `case.yaml` gives a recipient (or keeper) with a key.
    pub party: String,
    /// First day.
    #[schemars(with = "String")]
    pub from: Day,
    /// Last day.
    #[schemars(with = "String")]
    pub to: Day,
    /// What may pass; what is not named is absent.
    pub fields: Vec<FieldFile>,
    /// Purposes, word for word as `case.yaml` names them at the data sets; `remains` for a processor who searches for what was destroyed.
    pub purposes: Vec<String>,
    /// An expression over facts of persons and records.
    #[serde(default)]
    pub persons: Option<String>,
    /// Whether it may be passed on.
    pub onward: Onward,
    /// The end of the party's use.
    pub end: EndFile,
    /// Days within which a difference must be settled.
    #[serde(default = "ten")]
    pub dispute_days: u64,
}

/// Most days within which a difference must be settled.
const DISPUTE_DAYS_MAX: u64 = 365;

fn ten() -> u64 {
    10
}

/// Fields of one holding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldFile {
    /// The holding, by its name in the plan.
    pub holding: String,
    /// Field groups.
    pub groups: Vec<String>,
    /// Further columns that are not personal by themselves, by name.
    #[serde(default)]
    pub also: Vec<String>,
}

/// The end of the party's use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndFile {
    /// The day.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub on: Option<Day>,
    /// `keep`, `return` or `destroy`.
    pub then: Then,
}

impl AgreementFile {
    /// The end in the document.
    pub fn end(&self) -> End {
        End { on: self.end.on, then: self.end.then }
    }
}

/// The JSON Schema of an agreement file.
pub fn schema() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(AgreementFile)).unwrap_or_default()
}

/// Reads and checks an agreement file.
///
/// # Errors
/// One fault for a file that is not of the form, else all faults found.
pub fn read(text: &str, table: &Table) -> Result<AgreementFile, Vec<AgreementFault>> {
    let fault = |line: u64, field: &str, what: (&str, &str), todo: (&str, &str)| AgreementFault {
        line,
        field: field.to_owned(),
        what: Both { zh: what.0.to_owned(), en: what.1.to_owned() },
        todo: Both { zh: todo.0.to_owned(), en: todo.1.to_owned() },
    };
    if text.len() > BYTES_MAX {
        return Err(vec![fault(0, "agreement", ("文件过大", "the file is too large"), ("应小于 256 KB。", "keep it under 256 KB."))]);
    }
    let file: AgreementFile = serde_saphyr::from_str(text).map_err(|e| {
        let what = e.without_snippet().to_string();
        vec![fault(
            e.location().map_or(0, |l| l.line()),
            "agreement",
            (&format!("格式不符：{what}"), &what),
            ("对照 `custody schema agreement` 改正。", "mend it after `custody schema agreement`."),
        )]
    })?;
    let line =
        |field: &str| (1u64..).zip(text.lines()).find(|(_, l)| l.trim_start().starts_with(&format!("{field}:"))).map_or(0, |(n, _)| n);
    let mut faults = Vec::new();
    let mut add = |field: &str, what: (&str, &str), todo: (&str, &str)| faults.push(fault(line(field), field, what, todo));
    if file.version != 1 {
        add("version", ("不支持的版本", "the version is not known"), ("写 version: 1。", "write version: 1."));
    }
    if file.id.is_empty() || file.id.len() > 30 || !file.id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        add("id", ("编号只能用字母和数字", "an id is letters and digits"), ("例如 id: sale1。", "e.g. id: sale1."));
    }
    if file.to < file.from {
        add("to", ("最后一日早于第一日", "the last day lies before the first"), ("请核对两个日期。", "compare the two days."));
    }
    if file.fields.is_empty() {
        add("fields", ("没有写哪些字段", "no fields are named"), ("没有写出的字段不会移交。", "what is not named is not handed over."));
    }
    if !(1..=DISPUTE_DAYS_MAX).contains(&file.dispute_days) {
        add(
            "dispute_days",
            ("应在 1 到 365 日之间", "it is between 1 and 365 days"),
            ("例如 dispute_days: 10。", "e.g. dispute_days: 10."),
        );
    }
    let known = table.get("group.name").map(|f| f.of.clone()).unwrap_or_default();
    for group in file.fields.iter().flat_map(|f| &f.groups).filter(|g| !known.contains(g)) {
        let what = (format!("`{group}` 不是字段组"), format!("`{group}` is no field group"));
        let list = known.join(", ");
        add("fields", (&what.0, &what.1), (&format!("可用：{list}。"), &format!("use one of: {list}.")));
    }
    if file.purposes.is_empty() {
        add("purposes", ("没有写目的", "no purpose is named"), ("照抄数据集的 purpose。", "copy the purpose of the data set."));
    }
    if let Some(Err(why)) = file.persons.as_ref().map(|p| Expr::parse(p, table)) {
        add(
            "persons",
            (&format!("表达式不对：{why}"), &why),
            ("例如 persons: person.region == cn。", "e.g. persons: person.region == cn."),
        );
    }
    if file.role == Role::Processor && file.end.then == Then::Keep {
        add(
            "end",
            ("受托人到期不得保留个人信息（个人信息保护法第21条）", "an entrusted party keeps nothing after the end (PIPL 21)"),
            ("写 then: return 或 then: destroy。", "write then: return or then: destroy."),
        );
    }
    if faults.is_empty() { Ok(file) } else { Err(faults) }
}
