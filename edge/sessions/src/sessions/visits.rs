//! Where in the application a session is: its latest request, from the transactions that carry its id.
//!
//! Bounded: when it is full, the session that asked longest ago is forgotten. Lost at a restart; the next
//! request brings it back.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use bongsu_sdk_model::Timestamp;

/// Longest URL kept, bytes.
const LONGEST_URL: usize = 512;

/// The latest request of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The URL's path.
    pub url: Arc<str>,
    /// Since when it has been there; earlier requests of the same URL count.
    pub since: Timestamp,
    /// When it last asked.
    pub last: Timestamp,
    /// The instance that served it.
    pub instance: Option<Arc<str>>,
    /// Where it asks from.
    pub address: Option<IpAddr>,
    /// The browser, in a word or two.
    pub user_agent: Option<Arc<str>>,
}

/// The latest request of many sessions, by session id.
#[derive(Debug)]
pub(crate) struct Visits {
    most: usize,
    by_session: HashMap<Arc<str>, (Visit, u64)>,
    by_age: BTreeMap<u64, Arc<str>>,
    last: u64,
}

impl Visits {
    /// Room for `most` sessions.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            by_session: HashMap::new(),
            by_age: BTreeMap::new(),
            last: 0,
        }
    }

    /// Notes a request; one that is older than what is known says nothing new.
    pub(crate) fn note(&mut self, session: &str, mut visit: Visit) {
        if visit.url.len() > LONGEST_URL {
            visit.url = visit
                .url
                .get(..visit.url.floor_char_boundary(LONGEST_URL))
                .unwrap_or_default()
                .into();
        }
        self.last += 1;
        let age = self.last;
        let session = match self.by_session.get_mut(session) {
            Some((known, _)) if known.last > visit.last => return,
            Some((known, known_age)) => {
                if known.url == visit.url {
                    visit.since = known.since.min(visit.since);
                }
                *known = visit;
                let before = std::mem::replace(known_age, age);
                self.by_age.remove(&before)
            }
            None => {
                let session = Arc::<str>::from(session);
                self.by_session.insert(Arc::clone(&session), (visit, age));
                Some(session)
            }
        };
        if let Some(session) = session {
            self.by_age.insert(age, session);
        }
        if self.by_session.len() > self.most
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.by_session.remove(&oldest);
        }
    }

    /// The latest request of a session.
    pub(crate) fn get(&self, session: &str) -> Option<&Visit> {
        self.by_session.get(session).map(|(visit, _)| visit)
    }

    /// Forgets a session.
    pub(crate) fn forget(&mut self, session: &str) {
        if let Some((_, age)) = self.by_session.remove(session) {
            self.by_age.remove(&age);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(url: &str, at: i64) -> Visit {
        Visit {
            url: url.into(),
            since: Timestamp::from_ms(at),
            last: Timestamp::from_ms(at),
            instance: None,
            address: None,
            user_agent: None,
        }
    }

    #[test]
    fn staying_on_a_page_is_dwelling_and_moving_on_is_not() {
        let mut visits = Visits::new(10);
        visits.note("s", visit("/a", 5));
        visits.note("s", visit("/a", 9));
        let dwell = |visits: &Visits| {
            visits.get("s").map(|visit| {
                (
                    visit.url.to_string(),
                    visit.since.as_ms(),
                    visit.last.as_ms(),
                )
            })
        };
        assert_eq!(dwell(&visits), Some(("/a".to_owned(), 5, 9)));
        visits.note("s", visit("/b", 12));
        visits.note("s", visit("/late", 11));
        assert_eq!(dwell(&visits), Some(("/b".to_owned(), 12, 12)));
        visits.forget("s");
        assert_eq!(dwell(&visits), None);
        assert!(visits.by_age.is_empty());
    }

    #[test]
    fn the_one_that_asked_longest_ago_makes_room() {
        let mut visits = Visits::new(2);
        for session in ["a", "b", "a", "c"] {
            visits.note(session, visit("/", 1));
        }
        assert!(
            visits.get("b").is_none() && visits.get("a").is_some() && visits.get("c").is_some()
        );
        assert_eq!((visits.by_age.len(), visits.by_session.len()), (2, 2));
        visits.note("c", visit(&"가".repeat(400), 2));
        assert!(visits.get("c").unwrap().url.len() <= LONGEST_URL);
    }
}
