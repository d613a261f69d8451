//! Schemas as people have them, case by case: what the store declares is either carried out to the level that it allows, or refused before
//! anything is ordered; rows that stay keep what they had.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, day, head};
use serde_json::Value;
use testbed::{Mariadb, Postgres};

/// Persons of a case.
const PERSONS: usize = 1_200;

struct Schema {
    name: &'static str,
    /// What is made after the table `client`.
    sql: &'static str,
    /// Data sets beside `client`: table, class, groups.
    more: &'static [(&'static str, &'static str, &'static str)],
    /// `delete` (a marketing list, whole rows), `empty` (an employee register, contact goes and the name stays), or what is left of an address
    /// there.
    how: &'static str,
    /// `L3`, `L2`, or the fault that refuses it.
    ends: &'static str,
    /// Asked of the server afterwards, and its answer.
    holds: &'static [(&'static str, &'static str)],
}

const VOUCHERS: (&str, &str, &str) = ("fapiao", "voucher", "voucher: [no], buyer: [buyer]");
const EMPTIED: (&str, &str) = ("SELECT count(*) FROM client WHERE mobile IS NOT NULL OR email LIKE '%@shop.cn'", "0");
const NAMES: (&str, &str) = ("SELECT count(*) FROM client WHERE name LIKE 'Name %'", "1200");
const NOBODY: (&str, &str) = ("SELECT count(*) FROM client", "0");

const EITHER: &[Schema] = &[
    Schema {
        name: "from_a_mask",
        sql: "CREATE UNIQUE INDEX one ON client (email); ALTER TABLE client ADD lower_mail VARCHAR(80) GENERATED ALWAYS AS (lower(email)) STORED;",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED, NAMES, ("SELECT count(*) FROM client WHERE lower_mail LIKE '%@shop.cn'", "0")],
    },
    Schema {
        name: "from_a_part_of_a_mask",
        sql: "CREATE UNIQUE INDEX one ON client (email); ALTER TABLE client ADD first_mail VARCHAR(80) GENERATED ALWAYS AS (substr(email, 1, 11)) STORED;",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED, NAMES, ("SELECT count(*) FROM client WHERE first_mail LIKE 'erased-%'", "1200")],
    },
    Schema { name: "view", sql: "CREATE VIEW v AS SELECT email FROM client;", more: &[], how: "delete", ends: "L3", holds: &[NOBODY] },
    Schema {
        name: "taken",
        sql: "ALTER TABLE client ADD CONSTRAINT looks CHECK (email LIKE '%@%'); CREATE UNIQUE INDEX one ON client (email);",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED, NAMES, ("SELECT count(DISTINCT email) FROM client", "1200")],
    },
    Schema {
        name: "later",
        sql: "ALTER TABLE client ADD CONSTRAINT looks CHECK (id <= 1100 OR email LIKE '%@%');",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED, NAMES],
    },
    Schema {
        name: "named",
        sql: "ALTER TABLE client ADD CONSTRAINT looks CHECK (id <= 1100 OR email LIKE '%@%');",
        more: &[],
        how: "gone@nowhere.invalid",
        ends: "L3",
        holds: &[EMPTIED, NAMES, ("SELECT count(*) FROM client WHERE email = 'gone@nowhere.invalid'", "1200")],
    },
    Schema {
        name: "refused_late",
        sql: "ALTER TABLE client ADD CONSTRAINT looks CHECK (id <= 1100 OR email LIKE '%@%');",
        more: &[],
        how: "gone",
        ends: "left_value_refused",
        holds: &[("SELECT count(*) FROM client WHERE email LIKE '%@shop.cn' AND mobile IS NOT NULL", "1200")],
    },
    Schema {
        name: "pair",
        sql: "CREATE UNIQUE INDEX one ON client (name, email);",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED, NAMES],
    },
    Schema {
        name: "carried",
        sql: "CREATE UNIQUE INDEX one ON client (email);
            CREATE TABLE fapiao (no INT PRIMARY KEY, buyer VARCHAR(60), day DATE, amount INT, FOREIGN KEY (buyer) REFERENCES client (email) ON UPDATE CASCADE);
            INSERT INTO fapiao SELECT id, email, '2020-01-01', 5 FROM client;",
        more: &[VOUCHERS],
        how: "empty",
        ends: "references_carry",
        holds: &[("SELECT count(*) FROM fapiao WHERE buyer LIKE '%@shop.cn'", "1200")],
    },
];

const POSTGRES: &[Schema] = &[
    Schema {
        name: "amounts",
        sql: "ALTER TABLE client ALTER mobile TYPE numeric(13,2) USING mobile::numeric, ALTER mobile SET NOT NULL, ADD CHECK (mobile > 0),
                ALTER email TYPE char(60); CREATE UNIQUE INDEX one ON client (email);",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[("SELECT count(*) FROM client WHERE mobile <> 1 OR email LIKE '%@shop.cn%'", "0"), NAMES],
    },
    Schema { name: "analyzed", sql: "ANALYZE client;", more: &[], how: "empty", ends: "L3", holds: &[EMPTIED, NAMES] },
    Schema {
        name: "generated",
        sql: "ALTER TABLE client ADD lower_mail TEXT GENERATED ALWAYS AS (lower(email)) STORED;",
        more: &[],
        how: "delete",
        ends: "L3",
        holds: &[NOBODY],
    },
    Schema {
        name: "triggers",
        sql: "CREATE TABLE audit (old TEXT); CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.audit VALUES (old.email); RETURN new; END';
            CREATE TRIGGER a AFTER UPDATE ON client FOR EACH ROW EXECUTE FUNCTION keep();
            CREATE TRIGGER b AFTER UPDATE ON client FOR EACH ROW EXECUTE FUNCTION keep(); ALTER TABLE client DISABLE TRIGGER b;
            CREATE TRIGGER c AFTER UPDATE ON client FOR EACH ROW EXECUTE FUNCTION keep(); ALTER TABLE client ENABLE ALWAYS TRIGGER c;",
        more: &[("audit", "marketing_list", "contact: [old]")],
        how: "empty",
        ends: "L3",
        holds: &[
            EMPTIED,
            ("SELECT count(*) FROM audit", "0"),
            ("SELECT string_agg(tgenabled::text, '' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal", "ODA"),
        ],
    },
    Schema {
        name: "hidden",
        sql: "CREATE SCHEMA acc; CREATE TABLE acc.fapiao (no INT PRIMARY KEY, client_id INT REFERENCES client ON DELETE CASCADE);
            INSERT INTO acc.fapiao SELECT id, id FROM client; REVOKE ALL ON SCHEMA acc FROM public;",
        more: &[("acc.fapiao", "none", "")],
        how: "delete",
        ends: "L3",
        holds: &[("SELECT count(*) FROM acc.fapiao", "1200"), ("SELECT count(*) FROM client WHERE email LIKE '%@shop.cn'", "0")],
    },
    Schema {
        name: "partition",
        sql: "CREATE TABLE fapiao (no INT, client_id INT, buyer TEXT) PARTITION BY LIST (no);
            CREATE TABLE f0 PARTITION OF fapiao FOR VALUES IN (0); CREATE TABLE f1 PARTITION OF fapiao FOR VALUES IN (1);
            ALTER TABLE f1 ADD FOREIGN KEY (client_id) REFERENCES client ON DELETE CASCADE;
            INSERT INTO fapiao SELECT id % 2, id, name FROM client;",
        more: &[VOUCHERS],
        how: "delete",
        ends: "L3",
        holds: &[("SELECT count(*) FROM fapiao", "1200"), ("SELECT count(*) FROM client WHERE email LIKE '%@shop.cn'", "0")],
    },
    Schema {
        name: "ruled",
        sql: "CREATE TABLE audit (old TEXT); CREATE RULE r AS ON UPDATE TO client DO ALSO INSERT INTO audit VALUES (old.email);",
        more: &[("audit", "marketing_list", "contact: [old]")],
        how: "empty",
        ends: "copies_kept",
        holds: &[("SELECT count(*) FROM audit", "0"), NAMES],
    },
    Schema {
        name: "unfilled",
        sql: "CREATE MATERIALIZED VIEW m AS SELECT email FROM client WITH NO DATA;",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED],
    },
];

const MARIADB: &[Schema] = &[
    Schema {
        name: "amounts",
        sql: "ALTER TABLE client MODIFY mobile DECIMAL(13,2) NOT NULL, ADD CHECK (mobile > 0), ADD UNIQUE (email);",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[("SELECT count(*) FROM client WHERE mobile <> 1 OR email LIKE '%@shop.cn'", "0"), NAMES],
    },
    Schema {
        name: "touched",
        sql: "ALTER TABLE client ADD upd TIMESTAMP NOT NULL DEFAULT '2020-01-02 03:04:05' ON UPDATE CURRENT_TIMESTAMP;",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED, ("SELECT count(*) FROM client WHERE upd = '2020-01-02 03:04:05'", "1200")],
    },
    Schema {
        name: "triggers",
        sql: "CREATE TABLE audit (id INT AUTO_INCREMENT PRIMARY KEY, old TEXT);
            CREATE TRIGGER a AFTER UPDATE ON client FOR EACH ROW INSERT INTO audit (old) VALUES (old.email);",
        more: &[("audit", "marketing_list", "contact: [old]")],
        how: "empty",
        ends: "triggers_run",
        holds: &[("SELECT count(*) FROM audit", "0"), NAMES],
    },
    Schema {
        name: "versions",
        sql: "ALTER TABLE client ADD SYSTEM VERSIONING;",
        more: &[],
        how: "empty",
        ends: "copies_kept",
        holds: &[NAMES],
    },
    Schema {
        name: "myisam",
        sql: "ALTER TABLE client ENGINE = MyISAM;",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED, NAMES],
    },
    Schema {
        name: "aria",
        sql: "ALTER TABLE client ENGINE = Aria TRANSACTIONAL = 1;",
        more: &[],
        how: "empty",
        // OPTIMIZE leaves what stood behind a row that became shorter; a copy of the table does not.
        ends: "L3",
        holds: &[EMPTIED, NAMES],
    },
    Schema {
        name: "filling",
        // The largest numbers that a column can hold are the bytes that fill pages everywhere: looked for beside others alone. And what people
        // write for want of a number stands in the server's own help.
        sql: "DROP TABLE client; CREATE TABLE client (id INT PRIMARY KEY, name VARCHAR(40), mobile BIGINT UNSIGNED, email VARCHAR(60) NOT NULL,
              KEY (mobile));
            INSERT INTO client SELECT seq, concat('Filler ', seq), 18446744073709551615 - seq % 3, if(seq = 7, '12345678901', concat('person', seq, '.filling@shop.cn')) FROM seq_1_to_1200;",
        more: &[],
        how: "delete",
        ends: "L2",
        holds: &[NOBODY],
    },
    Schema {
        name: "bits",
        sql: "DROP TABLE client; CREATE TABLE client (id BIT(16) PRIMARY KEY, name VARCHAR(40), mobile VARCHAR(20), email VARCHAR(60) NOT NULL);
            INSERT INTO client SELECT seq, concat('Name ', seq), 13999990000 + seq, concat('person', seq, '.bits@shop.cn') FROM seq_1_to_1200;",
        more: &[],
        how: "empty",
        ends: "L3",
        holds: &[EMPTIED, NAMES],
    },
];

/// Values that no other schema of the same server has.
fn clients(schema: &Schema) -> String {
    let series = schema.name.bytes().fold(7usize, |n, b| (n * 31 + usize::from(b)) % 90_000);
    let row = |n: usize| format!("({n}, 'Name {n} {series}', '{}', 'person{n}.{series}@shop.cn')", 13_000_000_000 + series * 10_000 + n);
    let rows: Vec<String> = (1..=PERSONS).map(row).collect();
    format!(
        "CREATE TABLE client (id INT PRIMARY KEY, name VARCHAR(40), mobile VARCHAR(20), email VARCHAR(60) NOT NULL);
         INSERT INTO client VALUES {};",
        rows.join(", ")
    )
}

/// Carries a schema through the whole case; gives the levels of what was done, or the fault.
fn carried_out(schema: &Schema, kind: &str, (url, files): (&str, &std::path::Path), ask: &dyn Fn(&str) -> String) -> String {
    let case = Case::new();
    let (class, groups) = match schema.how {
        "delete" => ("marketing_list", "contact: [name, mobile, email]".to_owned()),
        "empty" => ("employee", "employment: [name], contact: [mobile, email]".to_owned()),
        left => ("employee", format!("employment: [name], contact: [mobile, email]}}, leave: {{email: \"={left}\"")),
    };
    let set = |(table, class, groups): &(&str, &str, &str)| match *class {
        "none" => format!("  - {{at: db/{table}, class: none, why: keys alone}}\n"),
        _ => format!("  - {{at: db/{table}, class: {class}, groups: {{{groups}}}}}\n"),
    };
    let sets: Vec<String> = std::iter::once(&("client", class, groups.as_str())).chain(schema.more).map(set).collect();
    let source = format!("{{id: db, kind: {kind}, path: \"{url}\", server: {{files: \"{}\"}}}}", files.display());
    case.write(
        "case.yaml",
        format!("{}sources:\n  - {source}\ndatasets:\n{}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60)), sets.concat()),
    );
    prepared(&case);
    let before = ask("SELECT count(*) FROM client WHERE email LIKE '%@shop.cn'");
    case.run(&["apply", "--dry-run"]);
    assert_eq!(ask("SELECT count(*) FROM client WHERE email LIKE '%@shop.cn'"), before, "{}: what was tried was taken back", schema.name);
    let out = case.run(&["apply", "--json"]);
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8(b).unwrap()).concat();
    let found = text.find('{').and_then(|at| serde_json::Deserializer::from_str(&text[at..]).into_iter().next());
    let said: Value = found.unwrap_or_else(|| panic!("{}: {text}", schema.name)).unwrap();
    if let Some(code) = said["error"]["code"].as_str() {
        return format!("{code} {}", said["error"]["args"]);
    }
    let done = said["done"].as_array().unwrap();
    assert!(!done.is_empty() && done.iter().all(|d| d["rows_kept"] == 0), "{}: {said:#}", schema.name);
    let mut levels: Vec<&str> = done.iter().map(|d| d["level"].as_str().unwrap()).collect();
    levels.dedup();
    case.ok(&["recheck"]);
    levels.join(",")
}

/// As [`Case::prepared`], with every question answered: nothing holds anything back.
fn prepared(case: &Case) {
    case.ok(&["subjects"]);
    case.answer_tasks();
    case.drill();
    loop {
        let open = case.json(&["questions"]);
        let Some(first) = open["questions"].as_array().unwrap().first() else { break };
        let fact = first["fact"].as_str().unwrap();
        let value = match fact {
            "holding.statutory_copy" => "yes".to_owned(),
            "holding.ends_on" => day(-10),
            "person.region" => "cn".to_owned(),
            _ => "no".to_owned(),
        };
        let at = first["holding"].as_str().map(|h| format!("@{h}")).unwrap_or_default();
        case.ok(&["answer", &format!("{fact}{at}={value}")]);
    }
    case.ok(&["plan"]);
    case.approve();
    case.ok(&["backup"]);
}

fn every(schemas: &[&[Schema]], run: impl Fn(&Schema) -> (String, Box<dyn Fn(&str) -> String>)) {
    let only = std::env::var("SCHEMA").unwrap_or_default();
    let mut wrong = Vec::new();
    for schema in schemas.iter().copied().flatten().filter(|s| only.is_empty() || s.name == only) {
        let (ended, ask) = run(schema);
        if ended.split(' ').next() != Some(schema.ends) {
            wrong.push(format!("{}: {ended}, not {}", schema.name, schema.ends));
        }
        for (sql, answer) in schema.holds {
            let got = ask(sql);
            if got.trim() != *answer {
                wrong.push(format!("{}: {sql}: {got}, not {answer}", schema.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn on_postgresql() {
    let postgres = std::rc::Rc::new(Postgres::start());
    every(&[EITHER, POSTGRES], |schema| {
        let name = schema.name;
        postgres.sql("postgres", &format!("CREATE DATABASE {name}"));
        postgres.sql(name, &format!("{} {}", clients(schema), schema.sql));
        let ended = carried_out(schema, "postgresql", (&postgres.url("custody", name), &postgres.data()), &|sql| postgres.sql(name, sql));
        let server = std::rc::Rc::clone(&postgres);
        (ended, Box::new(move |sql| server.sql(name, sql)))
    });
}

#[test]
fn on_mariadb() {
    let mariadb = std::rc::Rc::new(Mariadb::start());
    every(&[EITHER, MARIADB], |schema| {
        let name = schema.name;
        mariadb.sql(&format!("CREATE DATABASE {name}; USE {name}; {} {}", clients(schema), schema.sql));
        let ended = carried_out(schema, "mariadb", (&mariadb.url("root", name), &mariadb.data()), &|sql| {
            mariadb.sql(&format!("USE {name}; {sql}"))
        });
        let server = std::rc::Rc::clone(&mariadb);
        (ended, Box::new(move |sql| server.sql(&format!("USE {name}; {sql}"))))
    });
}
