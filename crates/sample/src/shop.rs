//! The shop's SQLite database: customers, orders, fapiao, newsletter, KYC.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::people::{Dice, person};

const SCHEMA: &str = "
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mobile TEXT NOT NULL, email TEXT, address TEXT, postcode TEXT, points INTEGER, note TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), goods TEXT NOT NULL, amount REAL NOT NULL, order_date TEXT NOT NULL, consignee TEXT, delivery_address TEXT, delivery_mobile TEXT);
CREATE TABLE fapiao (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), fapiao_no TEXT NOT NULL, title TEXT NOT NULL, amount REAL NOT NULL, issued_on TEXT NOT NULL);
CREATE TABLE newsletter (id INTEGER PRIMARY KEY, email TEXT NOT NULL, mobile TEXT, opted TEXT, withdrawn_on TEXT, shared TEXT);
CREATE TABLE kyc (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), name TEXT NOT NULL, id_number TEXT NOT NULL, bank_card TEXT, item TEXT, price REAL, relation_end TEXT NOT NULL);
CREATE TABLE goods (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price REAL NOT NULL);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX customers_mobile ON customers (mobile);
CREATE INDEX fapiao_customer ON fapiao (customer_id);
";

const GOODS: [&str; 6] = ["银耳环", "金项链", "手链", "转运珠", "纪念币", "首饰盒"];

pub(crate) fn make(path: &Path, customers: u32) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    let tx = connection.transaction()?;
    let mut dice = Dice::new(20_260_331);
    {
        let mut customer = tx.prepare("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?;
        let mut order = tx.prepare("INSERT INTO orders (customer_id, goods, amount, order_date, consignee, delivery_address, delivery_mobile) VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        let mut fapiao = tx.prepare("INSERT INTO fapiao (customer_id, fapiao_no, title, amount, issued_on) VALUES (?, ?, ?, ?, ?)")?;
        let mut newsletter = tx.prepare("INSERT INTO newsletter (email, mobile, opted, withdrawn_on, shared) VALUES (?, ?, ?, ?, ?)")?;
        let mut kyc = tx
            .prepare("INSERT INTO kyc (customer_id, name, id_number, bank_card, item, price, relation_end) VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        for i in 1..=customers {
            let p = person(i, 1_960, 45);
            let note = if dice.below(40) == 0 { Some("来电请打手机") } else { None };
            customer.execute(params![
                i,
                p.name,
                p.mobile,
                p.email,
                p.address,
                p.postcode,
                i64::try_from(dice.below(9_000)).unwrap_or(0),
                note
            ])?;
            for _ in 0..dice.below(4) {
                let (day, goods) = (date(&mut dice), GOODS.get(usize::try_from(dice.below(6)).unwrap_or(0)).copied().unwrap_or("手链"));
                let amount = 80.0 + dice.below(900_000) as f64 / 100.0;
                order.execute(params![i, goods, amount, day, p.name, p.address, p.mobile])?;
                if dice.below(3) > 0 {
                    fapiao.execute(params![i, format!("{:08}", 10_000_000 + dice.below(80_000_000)), p.name, amount, day])?;
                }
            }
            if dice.below(2) == 0 {
                let (opted, withdrawn) = match dice.below(10) {
                    0 => ("withdrawn", Some("2026-01-10")),
                    1..=3 => ("", None),
                    _ => ("yes", None),
                };
                // Whoever was asked apart from everything else, and agreed that another company may write.
                let shared = if opted == "yes" && i % 3 == 0 { "yes" } else { "no" };
                newsletter.execute(params![p.email, p.mobile, opted, withdrawn, shared])?;
            }
            if i % 25 == 0 {
                let end = if i % 100 == 0 { "2015-06-01" } else { "2025-12-01" };
                kyc.execute(params![i, p.name, p.resident_id, p.card, "金条", 52_000.0, end])?;
            }
        }
        let mut goods = tx.prepare("INSERT INTO goods (title, price) VALUES (?, ?)")?;
        for g in GOODS {
            goods.execute(params![g, 99.0])?;
        }
    }
    tx.commit()?;
    connection.execute_batch("ANALYZE")
}

fn date(dice: &mut Dice) -> String {
    format!(
        "{}-{:02}-{:02} {:02}:{:02}:00",
        2_022 + dice.below(4),
        1 + dice.below(12),
        1 + dice.below(28),
        9 + dice.below(12),
        dice.below(60)
    )
}
