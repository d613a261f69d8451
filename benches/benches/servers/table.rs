//! The rows of the bench: a key, a name, a mobile number, an e-mail address, an address, an amount, a moment, a note of about a hundred bytes.

/// Columns that each store declares in its own types.
pub const COLUMNS: &str = "id, name, mobile, email, address, balance, seen, note";

/// The values of the row `n`, where texts are joined by `||`; `pad` makes eight digits of a number, `moment` a moment of seconds.
pub fn values(pad: fn(&str) -> String, moment: fn(&str) -> String) -> String {
    let mobile = pad("n * 7919 % 100000000");
    let seen = moment("n % 50000000");
    format!(
        "n, '客户' || (n % 9973), '138' || {mobile}, 'customer' || n || '@example.com', '某市某区某路' || (n % 997) || '号' || (n % 31) || '室', \
         n % 1000000 / 100.0, {seen}, '{{\"channel\": \"shop\", \"level\": ' || (n % 7) || ', \"remark\": \"asked for the invoice of order ' || n || '\", \"tags\": [\"new\", \"vip\"]}}'"
    )
}
