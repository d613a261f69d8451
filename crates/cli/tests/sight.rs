//! Sight before absence: a third of the persons of a PostgreSQL database goes. Without the purge the search finds them in every structure; with
//! it, a decoder that was not written here finds none in the stopped server's files, and what cannot be seen is L2 by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, day, head, short_name};
use serde_json::Value;
use testbed::Postgres;

/// Persons, and how many of them go.
const PERSONS: usize = 1_200;
const GONE: usize = 400;

fn mobile(n: usize) -> u64 {
    13_900_000_000 + (n as u64) * 7_919
}

fn email(n: usize) -> String {
    format!("client.{n:04}.{}@example.com", (n * 2_654_435) % 1_000_003)
}

/// The first third ended twelve years ago, the others last year.
fn database(gone: usize, persons: usize) -> String {
    let (old, new) = (day(-12 * 366), day(-400));
    let rows = |from: usize, to: usize, ended: &str| {
        let row = |n: usize| {
            let (name, mobile, email) = (short_name(n), mobile(n), email(n));
            format!(
                "({n}, '{name}', {mobile}, '{email}', '{{\"mail\": \"{email}\", \"n\": {n}}}', repeat('{email} ', 200), repeat('{email} ', 150), '{email}', DATE '{ended}', '{n} Long Street, client no. {n}', NULL)"
            )
        };
        (from..to).map(row).collect::<Vec<_>>().join(",\n")
    };
    format!(
        "CREATE TABLE client (id BIGINT PRIMARY KEY, name TEXT NOT NULL, mobile BIGINT, email TEXT, doc JSONB, packed TEXT COMPRESSION pglz,
           packed4 TEXT COMPRESSION lz4, former TEXT, relation_end DATE NOT NULL, street TEXT, scan OID);
         CREATE INDEX ON client USING spgist (street);
         CREATE INDEX ON client (email);
         CREATE INDEX ON client (mobile);
         CREATE INDEX ON client USING gin (doc);
         CREATE TABLE client_audit (id BIGSERIAL PRIMARY KEY, client_id BIGINT, email TEXT, relation_end DATE NOT NULL);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           INSERT INTO client_audit (client_id, email, relation_end) VALUES (OLD.id, OLD.email, OLD.relation_end); RETURN NULL; END $$;
         CREATE TRIGGER noted AFTER UPDATE OR DELETE ON client FOR EACH ROW EXECUTE FUNCTION note();
         INSERT INTO client VALUES {}, {};
         UPDATE client SET scan = lo_from_bytea(0, convert_to('what was scanned for ' || email, 'UTF8'));
         ALTER TABLE client DROP COLUMN former;
         CREATE INDEX ON client (name);
         CREATE MATERIALIZED VIEW client_mail AS SELECT id, email FROM client;
         ANALYZE;
         CHECKPOINT;",
        rows(0, gone, &old),
        rows(gone, persons, &new)
    )
}

fn case_over(postgres: &Postgres) -> Case {
    let case = Case::new();
    case.write(
        "case.yaml",
        format!(
            "{}sources:
  - {{id: bank, kind: postgresql, path: \"{}\", server: {{files: \"{}\", lookers_seconds: 1}}}}
datasets:
  - at: bank/client
    class: kyc
    groups: {{identity: [name, mobile, email, doc, packed, packed4, street]}}
    tells: {{relation_end: relation_end}}
  - at: bank/client_audit
    class: kyc
    groups: {{identity: [email]}}
    tells: {{relation_end: relation_end}}
  - at: bank/pg_largeobject
    class: marketing_list
    groups: {{contact: [data]}}
vault: {{holder: keys/epoch-key}}
",
            head(&day(-30), &day(120)).replace("sectors: [retail]", "sectors: [retail, precious_metals]"),
            postgres.url("custody", "bank"),
            postgres.data().display()
        ),
    );
    case.ok(&["scan"]);
    case.prepared();
    case
}

/// What the independent decoder finds of the destroyed values below a stopped server's data directory.
fn decoded(case: &Case, postgres: &Postgres) -> Value {
    case.decoded("pg_pages.py", &postgres.data(), (0..GONE).flat_map(|n| [email(n), mobile(n).to_string()]))
}

#[test]
fn a_third_of_the_persons_is_gone_from_every_structure_or_l2_by_name() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE bank");
    postgres.sql("bank", &database(GONE, PERSONS));
    let case = case_over(&postgres);
    // Nothing of the purge: the search finds what it could see before, in each structure.
    let left = case.apply_without("refresh,analyze,rewrite,catalogue,statements,log");
    assert_eq!(left["error"]["code"], "values_remain", "{left:#}");
    let structures = left["error"]["args"]["structures"].as_str().unwrap().to_owned();
    for structure in
        ["src1/t1", "src1/t1#3", "src1/t1#4", "src1/t1#5", "src1/t1#6", "statistics", "write_ahead_log", "large_objects", "src1/t2"]
    {
        assert!(structures.split(", ").any(|s| s == structure), "{structure} is not in {structures}");
    }
    case.json(&["apply"]);
    let receipts = case.receipts();
    let level = |structure: &str, column: u64| {
        let own = receipts.iter().find(|r| r["recall"].as_array().unwrap().iter().any(|s| s["structure"] == structure)).unwrap();
        own["columns"].as_array().unwrap().iter().find(|c| c["col"] == column).unwrap()["level"].as_str().unwrap().to_owned()
    };
    // What lies packed is unpacked; what an index of prefixes holds cannot be seen: L2, by name.
    let levels: Vec<String> = [1, 2, 3, 4, 5, 6, 8].iter().map(|c| level("src1/t1", *c)).collect();
    assert_eq!(levels, ["L3", "L3", "L3", "L3", "L3", "L3", "L2"], "{receipts:#?}");
    let recall = receipts.iter().flat_map(|r| r["recall"].as_array().unwrap());
    let blind: Vec<_> =
        recall.filter(|s| s["found"] == 0).map(|s| (s["structure"].as_str().unwrap(), s["col"].as_u64().unwrap())).collect();
    // The small number of a large object has nothing by which it could be looked for: it counts as not found.
    assert_eq!(blind, [("src1/t1", 9), ("src1/t1#2", 8)], "{receipts:#?}");
    assert!(
        receipts.iter().all(|r| r["kept"] == serde_json::json!({})),
        "large objects of which none is left went by the case: {receipts:#?}"
    );
    assert_ne!(case.verified("case.dossier.zip")["result"], 1, "nothing is contradicted");
    postgres.down("fast");
    let found = decoded(&case, &postgres);
    assert_eq!((&found["unread"], &found["untried"]), (&0.into(), &0.into()));
    assert!(found["bytes"].as_u64().unwrap() > 20_000_000, "{found:#}");
    for (structure, n) in found["found"].as_object().unwrap() {
        assert_eq!(n, 0, "{structure}: {found:#}");
    }
}

#[test]
fn a_searcher_without_one_encoding_falls_to_l2_by_itself() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE bank");
    postgres.sql("bank", &database(20, 60));
    let case = case_over(&postgres);
    let done = case.apply_without("integer");
    assert!(done["done"].is_array(), "{done:#}");
    let receipts = case.receipts();
    let own = receipts.iter().find(|r| r["recall"].as_array().unwrap().iter().any(|s| s["structure"] == "src1/t1")).unwrap();
    let level = |column: u64| own["columns"].as_array().unwrap().iter().find(|c| c["col"] == column).unwrap()["level"].clone();
    assert_eq!((level(2), level(3)), ("L2".into(), "L3".into()), "how numbers are packed was left out: {own:#}");
}
