//! Which cookie was seen when: the demo's own exact count of people.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use bongsu_sdk_model::{Timestamp, Window};

/// Every finished request's identity and end.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Vec<Sight>>);

struct Sight {
    at: Timestamp,
    site: &'static str,
    cookie: String,
}

impl Seen {
    /// Takes a note.
    pub(crate) fn note(&self, at: Timestamp, site: &'static str, cookie: &str) {
        self.locked().push(Sight {
            at,
            site,
            cookie: cookie.to_owned(),
        });
    }

    /// Distinct cookies whose request ended in `window`; of one site, or of all.
    pub(crate) fn cookies(&self, window: Window, site: Option<&str>) -> HashSet<String> {
        self.locked()
            .iter()
            .filter(|sight| window.contains(sight.at) && site.is_none_or(|site| site == sight.site))
            .map(|sight| sight.cookie.clone())
            .collect()
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.locked().len()
    }

    /// A panicking writer leaves a whole list behind: pushing is all that happens under the lock.
    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Sight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_cookie_once_within_window_and_site() {
        let seen = Seen::default();
        for (ms, site, cookie) in [(1, "a", "x"), (2, "a", "x"), (2, "b", "y"), (9, "a", "z")] {
            seen.note(Timestamp::from_ms(ms), site, cookie);
        }
        let window = Window::new(Timestamp::from_ms(1), Timestamp::from_ms(9));
        assert_eq!(seen.cookies(window, None).len(), 2);
        assert_eq!(
            seen.cookies(window, Some("a")),
            HashSet::from(["x".to_owned()])
        );
        assert_eq!(seen.requests(), 4);
    }
}
