//! Claims, their states, and the result with its exit code.

use serde::Serialize;
use terms::{Both, Digest};

/// The rules of EVIDENCE §4 and §5 in plain Chinese words.
fn rule_in_chinese(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "F1" => "条目的形式不对：须为规范格式，成员与事实恰好齐全",
        "F2" => "条目没有接上前一条：编号、前条摘要或时间不对",
        "F3" => "引用了不存在、类型不符、已更正或已撤回的条目",
        "F4" => "结案之后不得再有这种条目",
        "K1" => "签名不是由有权的已登记密钥作出",
        "K2" => "密钥登记、轮换或会签不合规则",
        "K3" => "超出了运行的范围、期限或密钥",
        "S1" => "封存没有跟在扫描之后，或重复、或补充封存所指不对",
        "S2" => "各结局之和不等于封存的行数，或终局的行被改动",
        "S3" => "记为已处置的行数与核查所见不符",
        "P1" => "方案没有建立在最新的清单、个人与封存之上",
        "P2" => "审批不是针对这份方案，或其签名、密钥、期限不对",
        "P3" => "不可逆的命令缺少两位不同人员的有效审批",
        "P4" => "所依据的审批已因新方案、修订、撤销密钥或保全而终止",
        "P5" => "不在方案所定的日期之内",
        "P6" => "要求不成立，或有阻却事由（未知也算阻却）",
        "P7" => "处于保全之下",
        "B1" => "备份没有完整恢复并逐行比对",
        "B2" => "没有相应的备份或豁免",
        "B3" => "归档的安全窗口尚未结束",
        "E1" => "核查与命令不对应，或行数不相等",
        "E2" => "所称级别没有依据",
        "E3" => "移交或签收不合协议、接收方或数目",
        "C1" => "结案时仍有未了之事",
        "C3" => "案卷的最后一行不对",
        "W1" => "文档与其摘要不符",
        "W2" => "命令与方案所载不同",
        "W3" => "清单与封存不符",
        "W4" => "结局向量与其根或合计不符",
        "W5" => "回执与条目的数字不同",
        "W6" => "重新计算的方案与所载不同",
        "zip" => "不是规范的归档文件",
        "manifest" => "与清单文件不符",
        "head" => "日志首部不成立",
        "leaf" => "条目与日志树不符",
        "bc" => "正文与其承诺不符",
        "policy" => "政策不是读者被告知的那一份",
        _ => return None,
    })
}

/// What is known of a claim (EVIDENCE §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Arithmetic, signatures, order, rules over what was recorded.
    Proved,
    /// Somebody said so and signed it.
    Attested,
    /// Withheld, missing, or of a kind this verifier does not know.
    NotShown,
    /// It is wrong.
    Broken,
}

/// A claim of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// First bad byte in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// By whom it is attested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Both>,
    /// Entry that is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// The claim.
    pub id: String,
    /// Rules of law on which it rests, with their articles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub law: Vec<plan::Cited>,
    /// Level of a destruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Rule that is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Its state.
    pub state: State,
    /// In words.
    pub what: Both,
}

impl Claim {
    /// A claim of that state.
    pub fn new(id: impl Into<String>, state: State, zh: impl Into<String>, en: impl Into<String>) -> Claim {
        let what = Both { zh: zh.into(), en: en.into() };
        Claim { bytes: None, by: None, entry: None, id: id.into(), law: Vec::new(), level: None, rule: None, state, what }
    }

    /// A broken claim: the rule, and the entry if there is one. What exactly is said in English; the rule itself in both languages.
    pub fn broken(id: impl Into<String>, rule: &str, entry: Option<u64>, what: impl Into<String>) -> Claim {
        let what = what.into();
        let zh = rule_in_chinese(rule).map_or_else(|| what.clone(), |r| format!("{r}（{what}）"));
        Claim { rule: Some(rule.to_owned()), entry, ..Claim::new(id, State::Broken, zh, what) }
    }

    /// The same, attested by somebody.
    #[must_use]
    pub fn by(mut self, zh: &str, en: &str) -> Claim {
        self.by = Some(Both { zh: zh.to_owned(), en: en.to_owned() });
        self
    }
}

/// What the reader trusts besides the dossier.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Digest of the policy, told by the parties.
    pub policy_digest: Option<Digest>,
}

/// All claims.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// In the order in which they were checked.
    pub claims: Vec<Claim>,
}

impl Report {
    /// Adds a claim.
    pub fn add(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// Whether any claim is broken.
    pub fn is_broken(&self) -> bool {
        self.claims.iter().any(|c| c.state == State::Broken)
    }

    /// 0 all proved or attested · 1 broken · 2 incomplete. `closed` and `time` inform; they do not make a dossier incomplete.
    pub fn exit_code(&self) -> u8 {
        let informs = |c: &Claim| matches!(c.id.as_str(), "closed" | "time" | "witnesses" | "sample" | "certificate");
        if self.is_broken() {
            1
        } else if self.claims.iter().any(|c| c.state == State::NotShown && !informs(c)) {
            2
        } else {
            0
        }
    }

    /// The report for programs.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({"claims": self.claims, "result": self.exit_code(), "v": 1})
    }
}
