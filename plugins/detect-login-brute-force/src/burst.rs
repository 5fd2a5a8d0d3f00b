//! Words for a burst of failed logins.

use bongsu_sdk_guest::detector::{Figure, Finding, Severity, Window};

use crate::tracker::Burst;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Many failures from one client.
    Client,
    /// Many failures for one user.
    User,
    /// Many users failing from one client.
    Spraying,
}

/// The finding about `token` in an application.
pub(crate) fn finding(kind: Kind, app: &str, token: &str, burst: Burst) -> Finding {
    let Burst {
        from_ms,
        to_ms,
        failures,
        others,
    } = burst;
    let seconds = (to_ms - from_ms) as f64 / 1_000.0;
    let (word, severity, subject, others_name, summary) = match kind {
        Kind::Client => (
            "login-brute-force",
            Severity::Warning,
            "client",
            "users",
            // Many applications name no user on a refused login.
            match others {
                0 => format!("{failures} failed logins from one client within {seconds:.0} s"),
                _ => format!(
                    "{failures} failed logins from one client within {seconds:.0} s, {others} different users"
                ),
            },
        ),
        Kind::User => (
            "login-brute-force",
            Severity::Warning,
            "user",
            "clients",
            format!(
                "{failures} failed logins for one user within {seconds:.0} s, from {others} different clients"
            ),
        ),
        Kind::Spraying => (
            "password-spraying",
            Severity::Critical,
            "client",
            "users",
            format!(
                "one client failed to log in as {others} different users within {seconds:.0} s"
            ),
        ),
    };
    let figure = |name: &str, value: f64| Figure {
        name: name.to_owned(),
        value,
    };
    Finding {
        kind: word.to_owned(),
        severity,
        app: Some(app.to_owned()),
        when: Window {
            from_ms,
            to_ms: to_ms.saturating_add(1),
        },
        subject: format!("{subject}:{token}"),
        summary,
        evidence: vec![
            figure("failures", failures as f64),
            figure(others_name, others as f64),
            figure("seconds", seconds),
        ],
    }
}
