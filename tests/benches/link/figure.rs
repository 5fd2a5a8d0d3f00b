//! One line of output per figure, and this process's use of the machine.

use std::{fs, path::Path};

use serde_json::{Value, json};

/// The most a figure may be.
pub(crate) type Bar = Option<f64>;

/// Prints one figure. `peer` is what it is measured against, or how.
pub(crate) fn print(figure: &str, value: f64, unit: &str, peer: &str, bar: Bar) {
    let value = (value * 1_000.0).round() / 1_000.0;
    println!(
        "{}",
        json!({
            "bench": "link", "figure": figure, "value": value, "unit": unit, "peer": peer,
            "bar": bar.map_or(Value::Null, |bar| format!("<= {bar}").into()),
            "ok": bar.map_or(Value::Null, |bar| (value <= bar).into()),
            "runs": 1,
        })
    );
}

/// Processor time this process has used, in seconds.
pub(crate) fn cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("a Linux machine");
    let after_name = stat.rsplit(')').next().expect("a name in brackets");
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // utime and stime, in hundredths.
    let ticks = |at: usize| fields[at].parse::<f64>().expect("ticks");
    (ticks(11) + ticks(12)) / 100.0
}

/// Resident memory of this process, in MiB.
pub(crate) fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("a Linux machine");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
}

/// Bytes of all files below `folder`.
pub(crate) fn folder_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let data = entry.metadata().expect("its data");
            if data.is_dir() {
                folder_bytes(&entry.path())
            } else {
                data.len()
            }
        })
        .sum()
}
