//! How much memory a run uses, and how much the machine has.

/// The most memory that was in use at once (peak resident set size), in bytes: the mapped weights
/// count as far as they were in memory. `None` where the system does not say.
pub fn peak_rss_bytes() -> Option<u64> {
    status_line("/proc/self/status", "VmHWM:")
}

/// The memory this process uses now without the mapped weights, in bytes. Those the system can drop
/// and read again, this it cannot. `None` where the system does not say.
pub fn heap_bytes() -> Option<u64> {
    status_line("/proc/self/status", "RssAnon:")
}

/// The memory of the machine, in bytes. `None` where the system does not say.
pub fn machine_bytes() -> Option<u64> {
    status_line("/proc/meminfo", "MemTotal:")
}

/// The memory that is free to use, in bytes: what the system calls available, or the limit of a control
/// group (a container, a batch job) where that is less. `None` where the system does not say.
pub fn available_bytes() -> Option<u64> {
    let limits = [status_line("/proc/meminfo", "MemAvailable:"), control_group_limit()];
    limits.into_iter().flatten().min()
}

/// A number of bytes for people: three significant digits in decimal units, where 1 kB is 1000 bytes.
///
/// ```
/// use llama3::matrix::memory::in_words;
/// assert_eq!([17, 8192, 33_554_432, 999_999].map(in_words), ["17 B", "8.19 kB", "33.6 MB", "1 MB"]);
/// ```
pub fn in_words(n_bytes: u64) -> String {
    // Rounded before the unit is chosen: 999,999 bytes are 1 MB, not 1000 kB.
    let rounded: f64 = format!("{n_bytes:.2e}").parse().unwrap_or(n_bytes as f64);
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.into_iter().find(|(size, _)| rounded >= *size);
    let (size, name) = unit.unwrap_or((1.0, "B"));
    format!("{} {name}", rounded / size)
}

/// The lines of /proc/self/cgroup name this process's control groups: `0::/path` (version 2) or
/// `7:memory:/path` (version 1). The limit is in a file in that directory of /sys/fs/cgroup, or, in a
/// container that does not see the directory, in /sys/fs/cgroup itself.
fn control_group_limit() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let limit = |line: &str| {
        let (_, group) = line.split_once(':')?;
        let (root, path, file) = match group.split_once(':')? {
            ("", path) => ("/sys/fs/cgroup", path, "memory.max"),
            (kinds, path) if kinds.split(',').any(|kind| kind == "memory") => {
                ("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes")
            }
            _ => return None,
        };
        let read = |path: &str| std::fs::read_to_string(format!("{root}{path}/{file}")).ok();
        read(path).or_else(|| read(""))?.trim().parse().ok() // "max" is no limit
    };
    groups.lines().filter_map(limit).min()
}

/// Such a line reads `VmHWM:   123456 kB`.
fn status_line(file: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}
