//! The text of PDF documents, read apart from everything else: broken files have crashed readers before.

use std::sync::mpsc;
use std::time::Duration;

use crate::reason::Reason;

/// Longest reading of one document.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the document says of itself: author, keywords, title.
fn properties(bytes: &[u8]) -> String {
    let Ok(document) = pdf_extract::Document::load_mem(bytes) else { return String::new() };
    let info = document.trailer.get(b"Info").and_then(|i| i.as_reference()).and_then(|id| document.get_dictionary(id));
    let Ok(info) = info else { return String::new() };
    let text = |bytes: &[u8]| match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        plain => encoding_rs::WINDOWS_1252.decode_without_bom_handling(plain).0.into_owned(),
    };
    info.iter().filter_map(|(_, value)| value.as_str().ok()).map(text).collect::<Vec<_>>().join("\n")
}

/// The text of a document.
///
/// # Errors
/// If it is locked or damaged, holds no text (a scan), or takes too long.
pub(crate) fn text(bytes: &[u8]) -> Result<String, Reason> {
    if bytes.windows(9).any(|w| w == b"/Encrypt " || w == b"/Encrypt\n" || w == b"/Encrypt<") {
        return Err(Reason::PasswordProtected);
    }
    let (done, result) = mpsc::channel();
    let own = bytes.to_vec();
    let reading = std::thread::Builder::new().name("pdf".to_owned()).stack_size(64 << 20);
    let spawned = reading.spawn(move || {
        let read = std::panic::catch_unwind(|| pdf_extract::extract_text_from_mem(&own).ok().map(|text| (text, properties(&own))));
        // Whoever asked may have gone already.
        let _ = done.send(read.ok().flatten());
    });
    spawned.map_err(|_| Reason::Unreadable)?;
    match result.recv_timeout(PATIENCE) {
        Ok(Some((text, _))) if text.trim().is_empty() => Err(Reason::NoText),
        Ok(Some((text, properties))) => Ok(text + "\n" + &properties),
        Ok(None) => Err(Reason::Damaged),
        Err(_) => Err(Reason::TooLarge),
    }
}
