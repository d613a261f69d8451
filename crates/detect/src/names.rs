//! Whether the name of a table, column or matter may be a person's: pinyin with a family name first, or an English given name.

/// Family names of more than nine tenths of the people in China, in pinyin without tones.
const SURNAMES: &[&str] = &[
    "wang",
    "li",
    "zhang",
    "liu",
    "chen",
    "yang",
    "zhao",
    "huang",
    "zhou",
    "wu",
    "xu",
    "sun",
    "hu",
    "zhu",
    "gao",
    "lin",
    "he",
    "guo",
    "ma",
    "luo",
    "liang",
    "song",
    "zheng",
    "xie",
    "han",
    "tang",
    "feng",
    "yu",
    "dong",
    "xiao",
    "cheng",
    "cao",
    "yuan",
    "deng",
    "fu",
    "shen",
    "zeng",
    "peng",
    "lv",
    "lu",
    "su",
    "jiang",
    "cai",
    "jia",
    "ding",
    "wei",
    "xue",
    "ye",
    "yan",
    "pan",
    "du",
    "dai",
    "xia",
    "zhong",
    "tian",
    "ren",
    "fan",
    "fang",
    "shi",
    "yao",
    "tan",
    "liao",
    "zou",
    "xiong",
    "jin",
    "hao",
    "kong",
    "bai",
    "cui",
    "kang",
    "mao",
    "qiu",
    "qin",
    "gu",
    "hou",
    "shao",
    "meng",
    "long",
    "wan",
    "duan",
    "lei",
    "qian",
    "tao",
    "yin",
    "chang",
    "wen",
    "qiao",
    "lai",
    "gong",
    "pang",
    "ouyang",
    "sima",
    "zhuge",
    "shangguan",
];

const INITIALS: &[&str] =
    &["zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s", "y", "w", ""];

const FINALS: &[&str] = &[
    "iang", "iong", "uang", "ang", "eng", "ian", "iao", "ing", "ong", "uai", "uan", "ai", "an", "ao", "ei", "en", "er", "ia", "ie", "in",
    "iu", "ou", "ua", "ue", "ui", "un", "uo", "ve", "a", "e", "i", "o", "u", "v",
];

/// Common English given names that are no ordinary words.
const GIVEN: &[&str] = &[
    "james",
    "john",
    "robert",
    "michael",
    "david",
    "william",
    "richard",
    "joseph",
    "thomas",
    "christopher",
    "daniel",
    "matthew",
    "anthony",
    "donald",
    "steven",
    "andrew",
    "paul",
    "joshua",
    "kenneth",
    "kevin",
    "brian",
    "george",
    "timothy",
    "ronald",
    "jason",
    "edward",
    "jeffrey",
    "ryan",
    "jacob",
    "nicholas",
    "eric",
    "jonathan",
    "stephen",
    "larry",
    "justin",
    "scott",
    "brandon",
    "benjamin",
    "samuel",
    "gregory",
    "alexander",
    "patrick",
    "mary",
    "patricia",
    "jennifer",
    "linda",
    "elizabeth",
    "barbara",
    "susan",
    "jessica",
    "karen",
    "sarah",
    "lisa",
    "nancy",
    "sandra",
    "ashley",
    "emily",
    "kimberly",
    "margaret",
    "donna",
    "michelle",
    "carol",
    "amanda",
    "melissa",
    "deborah",
    "stephanie",
    "rebecca",
    "sharon",
    "laura",
    "cynthia",
    "amy",
    "kathleen",
    "angela",
    "anna",
    "pamela",
    "nicole",
    "samantha",
    "katherine",
    "emma",
    "helen",
    "rachel",
    "maria",
    "julia",
    "peter",
    "henry",
    "alice",
    "diana",
    "simon",
    "oliver",
    "sophia",
    "olivia",
    "smith",
    "johnson",
];

/// Whether a person may be named in it. Rather too often yes: what is not shown has an id.
pub fn names_a_person(text: &str) -> bool {
    let words = words(text);
    if words.iter().any(|w| GIVEN.contains(&w.as_str())) {
        return true;
    }
    // `zhang_san`, `ZhangSan`, `zhangsan`: the first word or syllable is a family name, the rest one or two syllables.
    let whole: String = words.concat();
    SURNAMES.iter().filter_map(|s| whole.strip_prefix(s)).any(|given| syllables(given).is_some_and(|n| (1..=2).contains(&n)))
}

/// Lower-case words: cut at capitals and at everything that is no letter.
fn words(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut before = 'A';
    for c in text.chars() {
        let cut = !c.is_ascii_alphabetic() || (c.is_ascii_uppercase() && before.is_ascii_lowercase());
        if cut && out.last().is_some_and(|w| !w.is_empty()) {
            out.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphabetic(), out.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    out.retain(|w| !w.is_empty());
    out
}

/// The least number of pinyin syllables that make the whole text; none if it is no pinyin.
fn syllables(text: &str) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    let mut least: Option<u32> = None;
    for rest in INITIALS.iter().filter_map(|i| text.strip_prefix(i)) {
        for rest in FINALS.iter().filter_map(|f| rest.strip_prefix(f)) {
            // Names have few syllables: what is longer than two more is not looked at.
            if let Some(more) = (rest.len() <= 12).then(|| syllables(rest)).flatten() {
                least = Some(least.map_or(more + 1, |n| n.min(more + 1)));
            }
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_pinyin_and_english_are_seen() {
        for name in ["zhang_san", "ZhangSan", "zhangsan", "li_wei_orders_john", "ouyangxiu", "contract_mary", "WangXiaoming"] {
            assert!(names_a_person(name), "{name}");
        }
        for name in ["Customer", "InvoiceLine", "orders", "newsletter", "kyc", "BillingAddress", "ReportsTo", "src1/t1", "hold1", "m2026"] {
            assert!(!names_a_person(name), "{name}");
        }
    }
}
