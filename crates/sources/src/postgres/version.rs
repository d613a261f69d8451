//! Versions of rows: where one lies and who wrote it, as the server writes it and as it takes it back.

use std::error::Error;

use memchr::memchr;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};

/// Where the version of a row lies: table, block and item, and the transaction that wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    pub table: u32,
    /// Of a large object its number.
    pub block: u32,
    pub item: u16,
    pub xmin: u32,
}

/// Block and item of `(block,item)`; a number alone is a block.
pub(super) fn tid(text: &[u8]) -> Option<(u32, u16)> {
    let Some(inner) = text.strip_prefix(b"(").and_then(|t| t.strip_suffix(b")")) else { return Some((number(text)?, 0)) };
    let (block, item) = inner.split_at_checked(memchr(b',', inner)?)?;
    Some((number(block)?, u16::try_from(number(item.get(1..)?)?).ok()?))
}

pub(super) fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

type Written = Result<IsNull, Box<dyn Error + Sync + Send>>;

/// Where a version lies, as a bound value (`tid_recv`: block, then item).
#[derive(Debug)]
pub(super) struct Tid(u32, u16);

impl Tid {
    pub(super) fn of(version: &Version) -> Tid {
        Tid(version.block, version.item)
    }
}

impl ToSql for Tid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        self.0.to_sql(&Type::OID, out)?;
        self.1.cast_signed().to_sql(&Type::INT2, out)
    }

    accepts!(TID);
    to_sql_checked!();
}

/// The number of a transaction, as a bound value.
#[derive(Debug)]
pub(super) struct Xid(pub u32);

impl ToSql for Xid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        self.0.to_sql(&Type::OID, out)
    }

    accepts!(XID);
    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_the_server_writes_them() {
        assert_eq!(tid(b"(4294967295,65535)"), Some((u32::MAX, u16::MAX)));
        assert_eq!(tid(b"(0,1)"), Some((0, 1)));
        assert_eq!(tid(b"16384"), Some((16_384, 0)));
        assert_eq!([tid(b"(1)"), tid(b"(1,65536)"), tid(b"")], [None; 3]);
    }

    #[test]
    fn places_and_writers_are_bound_as_the_server_takes_them() {
        let mut out = BytesMut::new();
        Tid(258, 65_535).to_sql(&Type::TID, &mut out).unwrap();
        Xid(u32::MAX).to_sql(&Type::XID, &mut out).unwrap();
        assert_eq!(&out[..], [0, 0, 1, 2, 255, 255, 255, 255, 255, 255]);
    }
}
