//! MariaDB, beside `mariadb-dump`.

use std::process::Command;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Opts, Params, TxOpts, Value};
use sources::{At, Limits, ServerAt};
use terms::StoreKind;
use testbed::Mariadb;

use crate::silent;
use crate::stand::{Client, Stand, key};
use crate::table::{COLUMNS, values};

pub struct Server(Mariadb);

impl Server {
    pub fn start() -> Server {
        let server = Mariadb::start();
        server.sql("CREATE DATABASE shop");
        Server(server)
    }

    fn url(&self) -> String {
        self.0.url("root", "shop")
    }
}

impl Stand for Server {
    fn kind(&self) -> StoreKind {
        StoreKind::Mariadb
    }

    fn at(&self) -> At {
        At::Server(ServerAt { url: self.url(), secret: None, files: Some(self.0.data()), ca: None, limits: Limits::default() })
    }

    fn fill(&mut self, rows: u64) {
        let values = values(|n| format!("lpad({n}, 8, '0')"), |n| format!("timestamp '2024-01-01 00:00:00' + interval {n} second"));
        for table in ["customer", "other"] {
            self.0.sql(&format!(
                "USE shop; SET sql_mode = 'PIPES_AS_CONCAT';
                 CREATE TABLE {table} (id BIGINT PRIMARY KEY, name VARCHAR(60) NOT NULL, mobile VARCHAR(20), email VARCHAR(80),
                   address VARCHAR(200), balance DECIMAL(12,2), seen DATETIME, note JSON, KEY (mobile), KEY (email)) ENGINE = InnoDB;
                 INSERT INTO {table} ({COLUMNS}) SELECT {values} FROM (SELECT seq AS n FROM seq_1_to_{rows}) AS numbers;"
            ));
        }
        self.0.sql("USE shop; CREATE TABLE visit (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer BIGINT, at DATETIME); ANALYZE TABLE customer, other;");
        self.settle();
    }

    fn settle(&mut self) {
        // Until dirty pages and old row versions are gone, or no longer than a while.
        self.0.sql("SET GLOBAL innodb_max_dirty_pages_pct = 0");
        for _ in 0..600 {
            let status = "SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS \
                 WHERE VARIABLE_NAME IN ('Innodb_buffer_pool_pages_dirty', 'Innodb_history_list_length')";
            if self.0.sql(status).trim() == "0" {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        self.0.sql("SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT");
    }

    fn dump_name(&self) -> &'static str {
        "mariadb-dump"
    }

    fn dump(&self) {
        let port = format!("-P{}", self.0.port);
        let args = ["--no-defaults", "-h127.0.0.1", "-uroot", &port, "--single-transaction", "--skip-lock-tables", "shop", "customer"];
        silent(Command::new("mariadb-dump").args(args));
    }

    fn client(&self) -> Box<dyn Client> {
        Box::new(Connected(Conn::new(Opts::from_url(&self.url()).unwrap()).unwrap()))
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(self.0.data().join("shop/customer.ibd")).unwrap().len()
    }
}

struct Connected(Conn);

impl Client for Connected {
    fn write(&mut self, n: u64, rows: u64) {
        let mut transaction = self.0.start_transaction(TxOpts::default()).unwrap();
        transaction.exec_drop("UPDATE customer SET balance = balance + 1 WHERE id = ?", (key(n, rows),)).unwrap();
        transaction.exec_drop("INSERT INTO visit (customer, at) VALUES (?, now())", (key(n, rows),)).unwrap();
        transaction.commit().unwrap();
    }

    fn look(&mut self, n: u64, rows: u64) {
        let _: Option<String> = self.0.exec_first("SELECT name FROM customer WHERE id = ?", (key(n, rows),)).unwrap();
    }

    fn delete(&mut self, keys: &[i64]) {
        let sql = format!("DELETE FROM other WHERE id IN ({})", vec!["?"; keys.len()].join(", "));
        self.0.exec_drop(sql, Params::Positional(keys.iter().map(|k| Value::Int(*k)).collect())).unwrap();
    }
}
