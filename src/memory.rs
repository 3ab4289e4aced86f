//! What a run takes of the machine's memory, and what the machine has.

/// The most memory this process has had in use at once, in bytes: everything resident, the mapped
/// weights among it. `None` where the system does not say.
pub fn peak_rss_bytes() -> Option<u64> {
    status_line("/proc/self/status", "VmHWM:")
}

/// The memory this process has for itself at the moment, in bytes: without the mapped weights,
/// which the system can drop and read again.
pub fn heap_bytes() -> Option<u64> {
    status_line("/proc/self/status", "RssAnon:")
}

/// The memory of the machine, in bytes.
pub fn machine_bytes() -> Option<u64> {
    status_line("/proc/meminfo", "MemTotal:")
}

/// Linux writes such lines as `VmHWM:   123456 kB`.
fn status_line(file: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}
