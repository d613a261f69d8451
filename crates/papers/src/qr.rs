//! A QR code as SVG that prints at any size.

use qrcode::{Color, EcLevel, QrCode};

/// Quiet modules around the code (ISO/IEC 18004).
const QUIET: usize = 4;

/// The code of a text; none if it is too long for one.
pub fn qr(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (i, _) in code.to_colors().iter().enumerate().filter(|(_, c)| **c == Color::Dark) {
        path.push_str(&format!("M{} {}h1v1h-1z", i % width + QUIET, i / width + QUIET));
    }
    let side = width + 2 * QUIET;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" role=\"img\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}
