//! Memory of this process and of others, where the system says it; zero elsewhere.

fn line(process: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kb = text.lines().find_map(|l| l.strip_prefix(name)).and_then(|l| l.trim().strip_suffix(" kB")).and_then(|n| n.trim().parse().ok());
    kb.map_or(0, |kb: u64| kb * 1_024)
}

/// Bytes held now.
pub fn held() -> u64 {
    line("self", "VmRSS:")
}

/// Most bytes held since [`forget_peak`].
pub fn peak() -> u64 {
    line("self", "VmHWM:")
}

/// Most bytes that another process held so far.
pub fn peak_of(process: u32) -> u64 {
    line(&process.to_string(), "VmHWM:")
}

/// From here on the peak counts anew (`proc(5)`, `clear_refs`).
pub fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Seconds that this thread ran: on a shared machine others may run in between.
pub fn ran() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e9
}
