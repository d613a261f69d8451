//! `custody init` and `custody schema`.

use std::fmt::Write as _;
use std::io::IsTerminal;

use terms::{Fault, Lang, Scenario};

use super::Session;
use crate::args::{InitArgs, SchemaOf};
use crate::{packs, say};

/// Prints a schema.
pub fn schema(what: SchemaOf) -> Result<u8, Fault> {
    let schema = match what {
        SchemaOf::Case => case::file::schema(),
        SchemaOf::Agreement => agreement::schema(),
    };
    println!("{schema}");
    Ok(0)
}

/// What goes into the file.
struct Facts {
    company: String,
    uscc: String,
    scenario: String,
    sectors: String,
    service_stop: String,
    last_day: String,
    sources: Vec<(String, String)>,
}

pub fn run(session: &Session<'_>, args: &InitArgs) -> Result<u8, Fault> {
    let path = &session.args.case;
    if path.exists() {
        return Err(Fault::new("file_exists").with("file", path.display()));
    }
    let ask = !args.yes && std::io::stdin().is_terminal();
    if !ask && !args.yes {
        return Err(Fault::new("not_interactive"));
    }
    let text = |given: &Option<String>, zh: &str, en: &str, placeholder: &str| -> Result<String, Fault> {
        match given {
            Some(v) => Ok(v.clone()),
            None if ask => {
                inquire::Text::new(session.pick(zh, en)).with_default(placeholder).prompt().map_err(|_| Fault::new("refused_by_user"))
            }
            None => Ok(placeholder.to_owned()),
        }
    };
    let scenario = match &args.scenario {
        Some(s) => s.clone(),
        None if ask => {
            let list: Vec<String> = Scenario::ALL.iter().map(|s| s.label().get(session.lang).to_owned()).collect();
            let i = inquire::Select::new(session.pick("情形", "what happens to the company"), list)
                .raw_prompt()
                .map_err(|_| Fault::new("refused_by_user"))?
                .index;
            Scenario::ALL.get(i).map_or("dissolution", |s| s.word()).to_owned()
        }
        None => "dissolution".to_owned(),
    };
    if Scenario::of_word(&scenario).is_none() {
        return Err(Fault::new("usage"));
    }
    let asked = if ask && args.source.is_empty() {
        let said = text(
            &None,
            "数据源，写成 名称=路径，多个用逗号分隔（SQLite 文件、文件夹，或 postgres://、mysql:// 地址）",
            "sources as name=path, separated by commas (a SQLite file, a folder, or an address postgres://… or mysql://…)",
            "shop=data/shop.db",
        )?;
        said.split([',', '，']).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
    } else {
        args.source.clone()
    };
    let named = |s: &String| s.split_once('=').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned())).ok_or_else(|| Fault::new("usage"));
    let sources = asked.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let facts = Facts {
        company: text(&args.company, "公司登记名称", "registered name of the company", "某某商贸有限公司")?,
        uscc: text(&args.uscc, "统一社会信用代码（18 位）", "unified social credit code (18 characters)", "91310000MA1K000006")?,
        scenario,
        sectors: text(&args.sectors, "行业（逗号分隔）", "sectors (separated by commas)", "retail, online_retail")?,
        service_stop: text(&args.service_stop, "停止服务日", "day on which the service stops", "2026-03-31")?,
        last_day: text(
            &args.last_day,
            "最后处置日（申请注销的前一日）",
            "last day of disposal (the day before the application to deregister)",
            "2026-09-29",
        )?,
        sources,
    };
    // Read back before it is written, so that faults show while the answers are fresh and nothing faulty is left.
    let written = render(&facts, session.lang);
    if let Err(faults) = case::file::read(&written) {
        say::case_faults(path, &faults, session.lang, session.args.json);
        return Err(Fault::new("case_file_faulty").with("count", faults.len()).with("file", path.display()));
    }
    std::fs::write(path, written).map_err(|_| Fault::new("workspace_unwritable"))?;
    session.case_file(&packs::shipped()?)?;
    session.tell(
        &format!(
            "已写出 {}。\n下一步：custody keygen keys/operator --use operator，审批人各自 custody keygen，然后 custody scan",
            path.display()
        ),
        &format!(
            "wrote {}.\nnext: custody keygen keys/operator --use operator, each approver custody keygen, then custody scan",
            path.display()
        ),
    );
    Ok(0)
}

/// What a source is, by its address, its name, or what lies in it.
fn kind_of(path: &str) -> &'static str {
    let lower = path.to_lowercase();
    let begins = |all: &[&str]| all.iter().any(|p| lower.starts_with(p));
    let ends = |name: &str, all: &[&str]| all.iter().any(|e| name.ends_with(e));
    match () {
        () if begins(&["postgres://", "postgresql://"]) => "postgresql",
        () if begins(&["mysql://", "mariadb://"]) => "mariadb",
        () if ends(&lower, &[".db", ".sqlite", ".sqlite3"]) => "sqlite",
        () if ends(&lower, &[".xlsx", ".xls"]) => "sheets",
        () => {
            let found = std::fs::read_dir(path).into_iter().flatten().flatten();
            let names: Vec<String> = found.map(|e| e.file_name().to_string_lossy().to_lowercase()).collect();
            let all = |kinds: &[&str]| !names.is_empty() && names.iter().all(|n| ends(n, kinds));
            match () {
                () if names.is_empty() || all(&[".csv", ".tsv", ".txt", ".tab"]) => "delimited",
                () if all(&[".xlsx", ".xlsm", ".xls"]) => "sheets",
                () => "files",
            }
        }
    }
}

/// The commented file.
fn render(f: &Facts, lang: Lang) -> String {
    let c = |zh: &str, en: &str| match lang {
        Lang::Zh => format!("# {zh}"),
        Lang::En => format!("# {en}"),
    };
    let quoted = |t: &str| format!("\"{}\"", t.replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(c("善后案件文件。说明：custody schema case", "Custody case file. Described by: custody schema case"));
    line("version: 1".into());
    line(format!("lang: {}", if lang == Lang::Zh { "zh" } else { "en" }));
    line(format!("company:\n  name: {}\n  uscc: {}", quoted(&f.company), quoted(&f.uscc)));
    line(c(
        "情形：share_transfer 股权转让, asset_transfer 资产转让, merger 合并, division 分立, dissolution 解散, simplified_deregistration 简易注销, forced_deregistration 强制注销, bankruptcy 破产, cease_service 停止服务, dormancy 歇业",
        "share_transfer, asset_transfer, merger, division, dissolution, simplified_deregistration, forced_deregistration, bankruptcy, cease_service, dormancy",
    ));
    line(format!("scenario: {}", f.scenario));
    line(format!("sectors: [{}]", f.sectors));
    line("dates:".into());
    line(c("  停止服务日：客户信息的使用目的随之终了", "  day on which the service stops: the purpose of customer records ends"));
    line(format!("  service_stop: {}", f.service_stop));
    line(c("  最后处置日：申请注销登记的前一日", "  last day on which anybody can act for the company"));
    line(format!("  last_day: {}", f.last_day));
    line(c(
        "参与人。密钥用 custody keygen 生成，这里写公钥文件",
        "who takes part; keys are made with custody keygen, their public files named here",
    ));
    let (operator, one, two) = match lang {
        Lang::Zh => ("操作人", "审批人甲", "审批人乙"),
        Lang::En => ("Operator", "Approver one", "Approver two"),
    };
    line(format!(
        "parties:\n  operator: {{name: {operator}, key: keys/operator.pub}}\n  approvers:\n    - {{name: {one}, key: keys/approver-1.pub}}\n    - {{name: {two}, key: keys/approver-2.pub}}"
    ));
    line(c(
        "  counsel: {name: 律师, key: keys/counsel.pub}   # 法律冲突时需要",
        "  counsel: {name: Counsel, key: keys/counsel.pub}   # needed where laws conflict",
    ));
    line(c(
        "数据源：kind = sqlite | postgresql | mariadb | delimited（CSV/TSV 文件夹）| sheets（XLSX/XLS 文件夹）| files（各类文件的文件夹）；口令写 secret: env:名称，绝不写在这里",
        "sources: kind = sqlite | postgresql | mariadb | delimited (folder of CSV/TSV) | sheets (folder of XLSX/XLS) | files (folder of anything); secrets as secret: env:NAME, never here",
    ));
    line(c(
        "  服务器：{id: crm, kind: postgresql, path: postgres://用户@主机:5432/库名, secret: env:CRM_PASSWORD, server: {files: 数据目录}}",
        "  a server: {id: crm, kind: postgresql, path: postgres://user@host:5432/database, secret: env:CRM_PASSWORD, server: {files: its data directory}}",
    ));
    line("sources:".into());
    if f.sources.is_empty() {
        line("  - {id: shop, kind: sqlite, path: data/shop.db}".into());
    }
    for (id, path) in &f.sources {
        line(format!("  - {{id: {id}, kind: {}, path: {}}}", kind_of(path), quoted(path)));
    }
    line(c(
        "你所知道的数据集；扫描会提出建议，这里的说明优先。class: none 须写 why",
        "what you know of data sets; the scan proposes, what stands here wins. class: none needs a why",
    ));
    line(c("datasets:", "datasets:"));
    line(c(
        "  - {at: shop/customers, name: Customers, class: customer_register, groups: {contact: [mobile, email]}}",
        "  - {at: shop/customers, name: Customers, class: customer_register, groups: {contact: [mobile, email]}}",
    ));
    line(c("保全：涉诉、审计等记录不得处置", "holds: records of suits, audits and the like must not be touched"));
    line(c("holds: [{id: suit1, datasets: [shop/orders], matter: 某案}]", "holds: [{id: suit1, datasets: [shop/orders], matter: a suit}]"));
    line(c("容差（%）：方案与处置之间可以变化的行", "tolerance (%): rows that may change between plan and apply"));
    line("tolerance: {frozen_percent: 0, live_percent: 1}".into());
    line(c("归档在销毁后保留的天数", "days for which an archive outlives the destruction"));
    line("safety_days: 30".into());
    line("approval: {need: 2, kinds: [key]}".into());
    line(c("成本假设（元）", "cost assumptions (CNY)"));
    line("costs: {labour_hour: 120, storage_gb_year: 2, keeper_year: 3000}".into());
    line(c("纪元密钥应放在另一介质上", "the epoch key belongs on another medium"));
    line("vault: {holder: keys/epoch-key}".into());
    out
}
