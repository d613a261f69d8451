//! PostgreSQL, beside `pg_dump`.

use std::process::Command;

use sources::{At, Limits, ServerAt};
use terms::StoreKind;
use testbed::Postgres;

use crate::silent;
use crate::stand::{Client, Stand, key};
use crate::table::{COLUMNS, values};

pub struct Server(Postgres);

impl Server {
    pub fn start() -> Server {
        let server = Postgres::start();
        server.sql("postgres", "CREATE DATABASE shop");
        Server(server)
    }

    fn url(&self) -> String {
        self.0.url("custody", "shop")
    }
}

impl Stand for Server {
    fn kind(&self) -> StoreKind {
        StoreKind::Postgresql
    }

    fn at(&self) -> At {
        At::Server(ServerAt { url: self.url(), secret: None, files: Some(self.0.data()), ca: None, limits: Limits::default() })
    }

    fn fill(&mut self, rows: u64) {
        let values = values(|n| format!("lpad(({n})::text, 8, '0')"), |n| format!("timestamp '2024-01-01' + make_interval(secs => {n})"));
        let values = values.replacen("'{\"", "('{\"", 1) + ")::jsonb";
        for table in ["customer", "other"] {
            self.0.sql(
                "shop",
                &format!(
                    "CREATE TABLE {table} (id BIGINT PRIMARY KEY, name TEXT NOT NULL, mobile VARCHAR(20), email TEXT, address TEXT,
                       balance NUMERIC(12,2), seen TIMESTAMP, note JSONB);
                     INSERT INTO {table} ({COLUMNS}) SELECT {values} FROM generate_series(1::bigint, {rows}) AS n;
                     CREATE INDEX ON {table} (mobile); CREATE INDEX ON {table} (email);"
                ),
            );
        }
        self.0.sql("shop", "CREATE TABLE visit (id BIGSERIAL PRIMARY KEY, customer BIGINT, at TIMESTAMP); VACUUM ANALYZE;");
        self.settle();
    }

    fn settle(&mut self) {
        self.0.sql("shop", "CHECKPOINT");
    }

    fn dump_name(&self) -> &'static str {
        "pg_dump"
    }

    fn dump(&self) {
        silent(Command::new("pg_dump").args(["-t", "customer", "-d", &self.url()]));
    }

    fn client(&self) -> Box<dyn Client> {
        let mut client = postgres::Client::connect(&self.url(), postgres::NoTls).unwrap();
        let mut prepare = |sql| client.prepare(sql).unwrap();
        Box::new(Connected {
            update: prepare("UPDATE customer SET balance = balance + 1 WHERE id = $1"),
            insert: prepare("INSERT INTO visit (customer, at) VALUES ($1, now())"),
            select: prepare("SELECT name FROM customer WHERE id = $1"),
            delete: prepare("DELETE FROM other WHERE id = ANY($1)"),
            client,
        })
    }

    fn bytes(&self) -> u64 {
        self.0.sql("shop", "SELECT pg_total_relation_size('customer')").trim().parse().unwrap()
    }
}

struct Connected {
    client: postgres::Client,
    update: postgres::Statement,
    insert: postgres::Statement,
    select: postgres::Statement,
    delete: postgres::Statement,
}

impl Client for Connected {
    fn write(&mut self, n: u64, rows: u64) {
        let mut transaction = self.client.transaction().unwrap();
        transaction.execute(&self.update, &[&key(n, rows)]).unwrap();
        transaction.execute(&self.insert, &[&key(n, rows)]).unwrap();
        transaction.commit().unwrap();
    }

    fn look(&mut self, n: u64, rows: u64) {
        self.client.query_opt(&self.select, &[&key(n, rows)]).unwrap();
    }

    fn delete(&mut self, keys: &[i64]) {
        self.client.execute(&self.delete, &[&keys]).unwrap();
    }
}
