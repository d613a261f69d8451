//! The one door of the pages: a call by name, with JSON and bytes in and JSON out.

use serde_json::{Value, json};
use terms::Fault;

use crate::receiving::{Parcel, package_open};
use crate::{approving, verifying};

/// Fills bytes with randomness.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// What a page has open.
#[derive(Default)]
pub struct Desk {
    /// The package that `receive.html` opened.
    parcel: Option<Parcel>,
}

impl Desk {
    /// Answers a call: `{"ok": …}`, or `{"error": {"code", "zh", "en"}}`; never panics on what a page is given.
    pub fn call(&mut self, name: &str, args: &[u8], data: &[u8], random: Random<'_>) -> Vec<u8> {
        let answer = match serde_json::from_slice::<Value>(args) {
            Ok(args) => self.answer(name, &args, data, random),
            Err(_) => Err(Fault::new("document_form")),
        };
        let value = match answer {
            Ok(value) => json!({"ok": value}),
            Err(fault) => json!({"error": said(&fault)}),
        };
        serde_json::to_vec(&value).unwrap_or_default()
    }

    fn answer(&mut self, name: &str, args: &Value, data: &[u8], random: Random<'_>) -> Result<Value, Fault> {
        match name {
            "verify" => verifying::verify(args, data),
            "key_new" => approving::key_new(args, random),
            "briefing" => approving::briefing(data),
            "approve" => approving::approve(args, data, random),
            "package_open" => {
                let (parcel, told) = package_open(args, data)?;
                self.parcel = Some(parcel);
                Ok(told)
            }
            "package_sample" => self.parcel()?.sample(args),
            "package_file" => self.parcel()?.file(args),
            "receipt" => self.parcel()?.receipt(args, random),
            _ => Err(Fault::new("usage")),
        }
    }

    fn parcel(&mut self) -> Result<&mut Parcel, Fault> {
        self.parcel.as_mut().ok_or_else(|| Fault::new("no_package"))
    }
}

/// A text among the arguments.
pub(crate) fn text<'a>(args: &'a Value, name: &str) -> Result<&'a str, Fault> {
    args.get(name).and_then(Value::as_str).ok_or_else(|| Fault::new("usage").with("field", name))
}

/// Random bytes from the page.
pub(crate) fn drawn<const N: usize>(random: Random<'_>) -> [u8; N] {
    let mut out = [0u8; N];
    random(&mut out);
    out
}

/// A fault in the words of a page.
fn said(fault: &Fault) -> Value {
    let (zh, en) = match fault.code() {
        "wrong_passphrase" => ("口令不对。", "the passphrase is wrong."),
        "weak_passphrase" => ("口令至少 8 个字符。", "a passphrase has at least 8 characters."),
        "key_file_damaged" => ("这不是密钥文件，或文件已损坏。", "this is not a key file, or it is damaged."),
        "briefing_damaged" => {
            ("本页的内容已损坏，请向操作人重新索取。", "what this page carries is damaged; ask the operator for it again.")
        }
        "no_reason" => ("请写明理由。", "write your reason."),
        "package_of_another" => ("这个包不是加密给这把密钥的。", "this package is encrypted to another key."),
        "package_damaged" => (
            "包被截断、改动，或不是 Custody 的包；请对方重新发送。",
            "the package was cut or changed, or is none of Custody; ask for it again.",
        ),
        "no_package" => ("请先打开包。", "open the package first."),
        "differences_unsaid" => {
            ("本页发现了问题，请在差异中写明再签收。", "this page found problems: name them as differences before you sign.")
        }
        "file_damaged" => ("文件无法读取，请重新选择。", "the file cannot be read; choose it again."),
        "usage" => ("填写的内容不对，请检查。", "what was filled in is not right; check it."),
        "file_too_large" => ("文件过大，请改用命令行程序。", "the file is too large for a page; use the program instead."),
        _ => ("无法完成，请检查输入。", "this cannot be done; check what you gave."),
    };
    json!({"code": fault.code(), "zh": zh, "en": en})
}
