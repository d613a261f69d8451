//! A connection that one thread uses: each call waits for its answer, and rows of a COPY come in portions, so that waiting costs nothing by row.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use terms::{Fault, Place};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::error::DbError;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, CopyOutStream, Error, Row, Statement, ToStatement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::faults::fault;

/// Bytes of a COPY that are taken at a time, and a row more.
const PORTION: usize = 256 << 10;
/// How long a server may take to hear that a connection ends.
const GOODBYE: Duration = Duration::from_secs(1);

/// A bound value.
pub(super) type Bound<'a> = &'a (dyn ToSql + Sync);

/// A connection. When it is dropped the server is told, which rolls back what is open.
pub(super) struct Session {
    // Dropped before the line, which ends when nobody asks any more.
    client: Client,
    line: Line,
}

/// What carries messages, while a call waits and at no other time.
struct Line {
    runtime: Runtime,
    carrier: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        let Line { runtime, carrier } = self;
        // A server that does not answer any more need not hear it.
        let _ = runtime.block_on(async { tokio::time::timeout(GOODBYE, carrier).await });
    }
}

impl Line {
    fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }
}

impl Session {
    /// Connects; `hear` gets every notice of the server.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses.
    pub(super) fn open(
        config: &Config,
        tls: MakeRustlsConnect,
        mut hear: impl FnMut(DbError) + Send + 'static,
        source: &Place,
    ) -> Result<Session, Fault> {
        let unreachable = |_| Fault::new("server_unreachable").with("place", source).retry();
        let runtime = Builder::new_current_thread().enable_all().build().map_err(unreachable)?;
        let (client, mut connection) = runtime.block_on(config.connect(tls)).map_err(|e| fault(&e, source))?;
        let carrier = runtime.spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message {
                    hear(notice);
                }
            }
        });
        Ok(Session { client, line: Line { runtime, carrier } })
    }

    pub(super) fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.line.wait(self.client.batch_execute(sql))
    }

    pub(super) fn execute(&self, sql: &(impl ToStatement + ?Sized), bound: &[Bound<'_>]) -> Result<u64, Error> {
        self.line.wait(self.client.execute(sql, bound))
    }

    pub(super) fn query(&self, sql: &(impl ToStatement + ?Sized), bound: &[Bound<'_>]) -> Result<Vec<Row>, Error> {
        self.line.wait(self.client.query(sql, bound))
    }

    pub(super) fn query_one(&self, sql: &(impl ToStatement + ?Sized), bound: &[Bound<'_>]) -> Result<Row, Error> {
        self.line.wait(self.client.query_one(sql, bound))
    }

    pub(super) fn query_opt(&self, sql: &(impl ToStatement + ?Sized), bound: &[Bound<'_>]) -> Result<Option<Row>, Error> {
        self.line.wait(self.client.query_opt(sql, bound))
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        self.line.wait(self.client.prepare(sql))
    }

    pub(super) fn copy_out(&self, sql: &str) -> Result<CopyOut<'_>, Error> {
        let stream = self.line.wait(self.client.copy_out(sql))?;
        Ok(CopyOut { line: &self.line, stream: Box::pin(stream) })
    }

    pub(super) fn transaction(&mut self) -> Result<Transaction<'_>, Error> {
        let inner = self.line.wait(self.client.transaction())?;
        Ok(Transaction { line: &self.line, inner })
    }
}

/// A transaction; rolled back when it is dropped.
pub(super) struct Transaction<'a> {
    line: &'a Line,
    inner: tokio_postgres::Transaction<'a>,
}

impl Transaction<'_> {
    pub(super) fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.line.wait(self.inner.batch_execute(sql))
    }

    pub(super) fn execute(&self, sql: &(impl ToStatement + ?Sized), bound: &[Bound<'_>]) -> Result<u64, Error> {
        self.line.wait(self.inner.execute(sql, bound))
    }

    pub(super) fn query(&self, sql: &(impl ToStatement + ?Sized), bound: &[Bound<'_>]) -> Result<Vec<Row>, Error> {
        self.line.wait(self.inner.query(sql, bound))
    }

    pub(super) fn query_one(&self, sql: &(impl ToStatement + ?Sized), bound: &[Bound<'_>]) -> Result<Row, Error> {
        self.line.wait(self.inner.query_one(sql, bound))
    }

    pub(super) fn commit(self) -> Result<(), Error> {
        self.line.wait(self.inner.commit())
    }

    pub(super) fn rollback(self) -> Result<(), Error> {
        self.line.wait(self.inner.rollback())
    }
}

/// What a COPY gives.
pub(super) struct CopyOut<'a> {
    line: &'a Line,
    stream: Pin<Box<CopyOutStream>>,
}

impl CopyOut<'_> {
    /// Hands over the messages of the next portion one by one; whether there may be more.
    pub(super) fn portion<E>(&mut self, fail: impl Fn(Error) -> E, each: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
        let stream = &mut self.stream;
        let (portion, ended) = self.line.wait(async {
            let (mut portion, mut bytes) = (Vec::new(), 0);
            while bytes < PORTION {
                match stream.next().await {
                    Some(Ok(message)) => {
                        bytes += message.len();
                        portion.push(message);
                    }
                    Some(Err(error)) => return (portion, Some(Err(error))),
                    None => return (portion, Some(Ok(()))),
                }
            }
            (portion, None)
        });
        portion.iter().try_for_each(|message| each(message))?;
        ended.transpose().map(|end| end.is_none()).map_err(fail)
    }
}
