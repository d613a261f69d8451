//! A source over a database server that the test started.

use sources::{At, Limits, ServerAt, Source};
use terms::{Place, StoreKind};
use testbed::Postgres;

/// A database of that server, with its files.
pub fn postgres(server: &Postgres, database: &str) -> Box<dyn Source> {
    let at =
        ServerAt { url: server.url("custody", database), secret: None, files: Some(server.data()), ca: None, limits: Limits::default() };
    sources::open(StoreKind::Postgresql, &Place::new("src1".to_owned()).unwrap(), At::Server(at)).unwrap()
}
