//! The closed lists of words: scenario, reach, store, tier, outcome, level, each with its code and its names.

use serde::{Deserialize, Serialize};

use crate::Both;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $var:ident = $text:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $(#[doc = $en] #[serde(rename = $text)] $var,)* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [$name] = &[$($name::$var),*];

            /// The word as it stands in files and entries.
            pub fn word(self) -> &'static str {
                match self { $($name::$var => $text,)* }
            }

            /// The word for people.
            pub fn label(self) -> Both {
                match self { $($name::$var => Both { zh: $zh.to_owned(), en: $en.to_owned() },)* }
            }

            /// The one of that word.
            pub fn of_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|x| x.word() == word)
            }
        }
    };
}

words!(
    /// What happens to the company (`case.yaml`, PACKS §3).
    Scenario {
        ShareTransfer = "share_transfer", "股权转让", "share transfer";
        AssetTransfer = "asset_transfer", "资产转让", "asset transfer";
        Merger = "merger", "合并", "merger";
        Division = "division", "分立", "division";
        Dissolution = "dissolution", "解散清算", "dissolution";
        SimplifiedDeregistration = "simplified_deregistration", "简易注销", "simplified deregistration";
        ForcedDeregistration = "forced_deregistration", "强制注销", "forced deregistration";
        Bankruptcy = "bankruptcy", "破产", "bankruptcy";
        CeaseService = "cease_service", "停止服务", "cessation of service";
        Dormancy = "dormancy", "歇业", "dormancy";
    }
);

words!(
    /// How Custody gets at a source (DESIGN §9).
    Reach {
        Direct = "direct", "直连", "direct";
        Script = "script", "脚本", "script";
        Pack = "pack", "导出包", "pack";
        ByHand = "by_hand", "人工", "by hand";
    }
);

words!(
    /// The kind of store behind a source.
    StoreKind {
        Sqlite = "sqlite", "SQLite 数据库", "SQLite database";
        Delimited = "delimited", "分隔文本文件夹（CSV/TSV）", "folder of delimited files (CSV/TSV)";
        Sheets = "sheets", "电子表格文件夹（XLSX/XLS）", "folder of spreadsheets (XLSX/XLS)";
        Files = "files", "各类文件的文件夹", "folder of files of any kind";
        Postgresql = "postgresql", "PostgreSQL 数据库", "PostgreSQL database";
        Mariadb = "mariadb", "MariaDB 或 MySQL 数据库", "MariaDB or MySQL database";
        Paper = "paper", "纸质档案", "paper";
        Device = "device", "手机、电脑等设备", "telephones and other devices";
        Platform = "platform", "平台账户", "accounts on platforms";
    }
);

impl StoreKind {
    /// Whether it is a folder of files.
    pub fn is_folder(self) -> bool {
        matches!(self, StoreKind::Delimited | StoreKind::Sheets | StoreKind::Files)
    }
}

words!(
    /// Who waits while a step of a purge runs.
    Lock {
        None = "none", "无人等待", "nobody waits";
        Writers = "writers_wait", "写入等待", "writers wait";
        Readers = "readers_wait", "读写都等待", "readers and writers wait";
        Alone = "alone", "须独占", "nobody else may use it";
    }
);

words!(
    /// Protection tier of a field: 公开, 隐私, 敏感 (MISSION 2.1; sensitive: PIPL 28, GB/T 45574).
    Tier {
        Public = "public", "公开", "public";
        Private = "private", "隐私", "private";
        Sensitive = "sensitive", "敏感", "sensitive";
    }
);

words!(
    /// The end state of one copy of one field group (DESIGN §3), in the order of their codes.
    Outcome {
        Undecided = "undecided", "待定", "undecided";
        Continue = "continue", "继续处理", "continue";
        Retain = "retain", "留存（仅存储）", "retain, storage only";
        Transfer = "transfer", "移转", "transfer";
        Return = "return", "返还", "return";
        Anonymise = "anonymise", "匿名化", "anonymise";
        Destroy = "destroy", "销毁", "destroy";
        Superseded = "superseded", "已被补充封存取代", "superseded by a delta seal";
        Gone = "gone", "查无此行（原因不明）", "gone, cause unknown";
    }
);

impl Outcome {
    /// The code byte of an outcome vector (EVIDENCE §7).
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The outcome of a code byte.
    pub fn of_code(code: u8) -> Option<Outcome> {
        Outcome::ALL.get(usize::from(code)).copied()
    }

    /// Whether a position may never leave this state again (EVIDENCE §4, S2).
    pub fn is_final(self) -> bool {
        matches!(self, Outcome::Destroy | Outcome::Return | Outcome::Transfer | Outcome::Anonymise | Outcome::Superseded)
    }
}

words!(
    /// How strongly absence was shown (DESIGN §5).
    Level {
        L0 = "L0", "L0 声称", "L0 claimed";
        L1 = "L1", "L1 行已不存在", "L1 rows are gone";
        L2 = "L2", "L2 重新全扫无发现", "L2 a fresh full scan finds nothing";
        L3 = "L3", "L3 存储文件中无残留字节", "L3 no byte remains in the store's files";
        L4 = "L4", "L4 且归档密钥已销毁", "L4 and every archive's keys are destroyed";
    }
);

impl Level {
    /// What a receipt of this level is worth in the words of NIST SP 800-88 Rev. 2, a code of `packs/values.yaml`. Rows are part of a medium:
    /// nothing that is done to them sanitises the whole.
    pub fn sanitisation(self, by_hand: bool) -> &'static str {
        match self {
            Level::L4 => "sanitise_purge",
            Level::L3 => "sanitise_clear",
            _ if by_hand => "as_stated",
            _ => "not_sanitised",
        }
    }
}

impl Reach {
    /// The highest level that this reach allows (DESIGN §9).
    pub fn cap(self) -> Level {
        match self {
            Reach::Direct => Level::L4,
            Reach::Script | Reach::Pack => Level::L2,
            Reach::ByHand => Level::L1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcome_codes_are_those_of_the_vector() {
        let codes: Vec<(u8, &str)> = Outcome::ALL.iter().map(|o| (o.code(), o.word())).collect();
        assert_eq!(codes.first(), Some(&(0, "undecided")));
        assert_eq!(codes.get(6), Some(&(6, "destroy")));
        assert_eq!(codes.last(), Some(&(8, "gone")));
        assert!(codes.iter().all(|(c, _)| Outcome::of_code(*c).map(Outcome::code) == Some(*c)));
    }
}
