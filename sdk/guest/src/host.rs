//! What a plugin can ask of the host. In unit tests on a machine of its own there is no host: state lives in the test's
//! thread, look-ups find nothing, and log and metrics go nowhere.

#[cfg(target_arch = "wasm32")]
pub use wasm::*;

#[cfg(not(target_arch = "wasm32"))]
pub use alone::*;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

/// What a figure usually is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// The middle.
    pub value: f64,
    /// 95 of 100 normal values are above this.
    pub low: f64,
    /// 95 of 100 normal values are below this.
    pub high: f64,
    /// Days it was learnt from.
    pub days: u32,
}

/// A live session, by tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Token of the session.
    pub token: String,
    /// Token of its user.
    pub user: Option<String>,
    /// Its application.
    pub app: Option<String>,
    /// When it was created, milliseconds since the epoch.
    pub created_ms: i64,
    /// When it was last used, milliseconds since the epoch.
    pub last_ms: i64,
    /// URL of its last request.
    pub url: Option<String>,
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use super::{Level, Session, Usual};
    use crate::detector::bindings::bongsu::plugin::{
        baselines, clock, log as lines, metrics, sessions, state, types,
    };

    /// Writes a line to the edge's log. Never log text that came in a batch.
    pub fn log(level: Level, message: &str) {
        let level = match level {
            Level::Debug => lines::Level::Debug,
            Level::Info => lines::Level::Info,
            Level::Warn => lines::Level::Warn,
            Level::Error => lines::Level::Error,
        };
        lines::write(level, message);
    }

    pub(crate) fn panicking(message: &str) {
        lines::panicking(message);
    }

    /// The instant of the batch, milliseconds since the epoch.
    #[must_use]
    pub fn now_ms() -> i64 {
        clock::now_ms()
    }

    /// The value of a key of the plugin's state. Needs `state`, as do the next three.
    #[must_use]
    pub fn state_get(key: &str) -> Option<Vec<u8>> {
        state::get(key)
    }

    /// Sets a key; false when there is no room.
    #[must_use]
    pub fn state_set(key: &str, value: &[u8]) -> bool {
        state::set(key, value)
    }

    /// Removes a key.
    pub fn state_remove(key: &str) {
        state::remove(key);
    }

    /// Keys that begin with `prefix`, in order.
    #[must_use]
    pub fn state_keys(prefix: &str, limit: u32) -> Vec<String> {
        state::keys(prefix, limit)
    }

    /// Adds to a counter of the plugin's own.
    pub fn metric_add(name: &str, amount: f64) {
        metrics::add(name, amount);
    }

    /// Sets a gauge of the plugin's own.
    pub fn metric_set(name: &str, value: f64) {
        metrics::set(name, value);
    }

    /// What a figure usually is in a window like this one. Needs `baselines`.
    #[must_use]
    pub fn usually(
        app: Option<&str>,
        url: Option<&str>,
        metric: &str,
        from_ms: i64,
        to_ms: i64,
    ) -> Option<Usual> {
        let scope = baselines::Scope {
            app: app.map(str::to_owned),
            url: url.map(str::to_owned),
        };
        let usual = baselines::usually(&scope, metric, types::Window { from_ms, to_ms })?;
        Some(Usual {
            value: usual.value,
            low: usual.low,
            high: usual.high,
            days: usual.days,
        })
    }

    /// The live session with this token. Needs `sessions`.
    #[must_use]
    pub fn session(token: &str) -> Option<Session> {
        sessions::find(token).map(session_of)
    }

    /// The live sessions of a user. Needs `sessions`.
    #[must_use]
    pub fn sessions_of(user: &str, limit: u32) -> Vec<Session> {
        let found = sessions::of_user(user, limit);
        found.into_iter().map(session_of).collect()
    }

    fn session_of(session: sessions::Session) -> Session {
        Session {
            token: session.token,
            user: session.user,
            app: session.app,
            created_ms: session.created_ms,
            last_ms: session.last_ms,
            url: session.url,
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod alone {
    #![allow(missing_docs)]

    use std::{cell::RefCell, collections::BTreeMap};

    use super::{Level, Session, Usual};

    thread_local! {
        static STATE: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
    }

    pub fn log(_: Level, _: &str) {}

    pub(crate) fn panicking(_: &str) {}

    #[must_use]
    pub fn now_ms() -> i64 {
        0
    }

    #[must_use]
    pub fn state_get(key: &str) -> Option<Vec<u8>> {
        STATE.with_borrow(|state| state.get(key).cloned())
    }

    #[must_use]
    pub fn state_set(key: &str, value: &[u8]) -> bool {
        STATE.with_borrow_mut(|state| state.insert(key.to_owned(), value.to_vec()));
        true
    }

    pub fn state_remove(key: &str) {
        STATE.with_borrow_mut(|state| state.remove(key));
    }

    #[must_use]
    pub fn state_keys(prefix: &str, limit: u32) -> Vec<String> {
        STATE.with_borrow(|state| {
            let keys = state.keys().filter(|key| key.starts_with(prefix));
            keys.take(limit as usize).cloned().collect()
        })
    }

    pub fn metric_add(_: &str, _: f64) {}

    pub fn metric_set(_: &str, _: f64) {}

    #[must_use]
    pub fn usually(_: Option<&str>, _: Option<&str>, _: &str, _: i64, _: i64) -> Option<Usual> {
        None
    }

    #[must_use]
    pub fn session(_: &str) -> Option<Session> {
        None
    }

    #[must_use]
    pub fn sessions_of(_: &str, _: u32) -> Vec<Session> {
        Vec::new()
    }
}
