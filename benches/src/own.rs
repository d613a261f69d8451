//! Memory of the bench's own process, where the system says it; zero elsewhere.

fn line(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = text.lines().find_map(|l| l.strip_prefix(name)).and_then(|l| l.trim().strip_suffix(" kB")).and_then(|n| n.trim().parse().ok());
    kb.map_or(0, |kb: u64| kb * 1_024)
}

/// Bytes held now.
pub fn held() -> u64 {
    line("VmRSS:")
}

/// Most bytes held since [`forget_peak`].
pub fn peak() -> u64 {
    line("VmHWM:")
}

/// From here on the peak counts anew (`proc(5)`, `clear_refs`).
pub fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
