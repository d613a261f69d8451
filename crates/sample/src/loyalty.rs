//! The loyalty programme's file: GB18030, quoted fields, a few persons of the shop among others.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use encoding_rs::GB18030;

use crate::people::person;

pub(crate) fn make(path: &Path, rows: u32, customers: u32) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut line = |text: String| -> std::io::Result<()> {
        let (bytes, _, _) = GB18030.encode(&text);
        out.write_all(&bytes)
    };
    line("会员编号,姓名,手机号,电子邮箱,积分,备注\r\n".to_owned())?;
    for i in 0..rows {
        // Every third row is a customer of the shop: the same person in two places.
        let p = person(if i % 3 == 0 { 1 + i % customers.max(1) } else { 100_000 + i }, 1_960, 45);
        let note = if i % 50 == 0 { "\"喜欢\"\"转运珠\"\"\r\n周末到店\"" } else { "" };
        line(format!("H{:06},{},{},{},{},{note}\r\n", i + 1, p.name, p.mobile, p.email, i * 7 % 5_000))?;
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
}
