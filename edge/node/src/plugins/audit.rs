//! What is noted whenever the set of plugins changes: a line in the log, and a finding that is kept and shipped as any other.

use bongsu_sdk_model::{Finding, Severity, Timestamp, Window};

/// A note about plugin `name`. Its text may hold what an author wrote, never what a batch held.
pub(crate) fn note(
    kind: &str,
    severity: Severity,
    name: &str,
    what: &str,
    now: Timestamp,
) -> Finding {
    tracing::info!(target: "audit", plugin = name, kind, "{what}");
    let end = what.floor_char_boundary(512);
    Finding {
        detector: concat!("bongsu-edge@", env!("CARGO_PKG_VERSION")).to_owned(),
        kind: kind.to_owned(),
        severity,
        app: None,
        window: Window::new(now, now),
        subject: format!("plugin:{name}"),
        summary: what.get(..end).unwrap_or_default().to_owned(),
        evidence: Vec::new(),
    }
}
