//! People who do not exist, with numbers whose check digits are right: a fixed sequence, the same every time.
#![allow(missing_docs)] // the fields are what they are called

const FAMILY: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "罗", "高", "郑", "梁",
    "谢", "宋",
];
const GIVEN: [&str; 24] = [
    "伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞", "平", "刚",
    "桂英", "鑫",
];
const CITIES: [(&str, &str, &str); 6] = [
    ("上海市", "浦东新区", "310115"),
    ("北京市", "朝阳区", "110105"),
    ("广州市", "天河区", "440106"),
    ("杭州市", "西湖区", "330106"),
    ("成都市", "武侯区", "510107"),
    ("武汉市", "洪山区", "420111"),
];
const STREETS: [&str; 8] = ["中山路", "人民路", "解放路", "建设路", "和平街", "新华路", "文化路", "长江路"];

/// A person who does not exist.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub mobile: String,
    pub email: String,
    pub address: String,
    pub postcode: String,
    pub resident_id: String,
    pub birth: String,
    pub card: String,
}

/// A small generator with a fixed start, so that every sample is the same.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(start: u64) -> Dice {
        Dice(start.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        if n == 0 { 0 } else { self.0 % n }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let n = self.below(from.len() as u64);
        usize::try_from(n).ok().and_then(|i| from.get(i).copied())
    }
}

/// The person of that number; the same number is the same person everywhere.
pub fn person(number: u32, born_from: u64, born_years: u64) -> Person {
    let mut dice = Dice::new(u64::from(number) + 7_919);
    for _ in 0..4 {
        dice.below(2);
    }
    let name = format!("{}{}", dice.pick(&FAMILY).unwrap_or("王"), dice.pick(&GIVEN).unwrap_or("伟"));
    let (city, district, area) = dice.pick(&CITIES).unwrap_or(("上海市", "浦东新区", "310115"));
    let street = dice.pick(&STREETS).unwrap_or("中山路");
    let (year, month, day) = (born_from + dice.below(born_years.max(1)), 1 + dice.below(12), 1 + dice.below(28));
    let body = format!("{area}{year:04}{month:02}{day:02}{:03}", number % 1_000);
    let check = char::from(detect::resident_check(body.as_bytes()));
    let card_body = format!("621700{:012}", u64::from(number) * 37 + 11);
    Person {
        name,
        mobile: format!("1{}{:09}", 3 + u64::from(number) % 7, 100_000_000 + u64::from(number) * 7_919 % 800_000_000),
        email: format!("kh{number:05}@example.com"),
        address: format!("{city}{district}{street}{}号{}室", 1 + dice.below(400), 101 + dice.below(900)),
        postcode: format!("{:06}", 100_000 + dice.below(800_000)),
        resident_id: format!("{body}{check}"),
        birth: format!("{year:04}-{month:02}-{day:02}"),
        card: with_luhn(&card_body),
    }
}

fn with_luhn(body: &str) -> String {
    let whole = |d: u32| format!("{body}{d}");
    (0..10).map(whole).find(|c| detect::luhn_ok(c.as_bytes())).unwrap_or_default()
}
