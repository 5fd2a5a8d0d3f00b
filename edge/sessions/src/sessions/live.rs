//! The live view: a page of sessions, filtered and sorted, out of a million.
//!
//! Every session is offered once, or again if it was moved meanwhile; only a page of them is kept, in a bounded
//! heap, and only those are copied.
//! A cursor is the place of the last row in the order, not a count, so that pages stay in step while sessions
//! come and go. An id is a secret: rows show a tag in its place unless the caller takes the key.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, HashSet},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use bongsu_sdk_model::Timestamp;

mod cursor;

use self::cursor::Place;
pub use self::cursor::{Cursor, CursorError};
use super::visits::Visit;

/// Most rows of a page.
pub const LONGEST_PAGE: usize = 1000;

/// Which sessions are wanted; what is none or empty does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this application.
    pub application: Option<String>,
    /// Of this user.
    pub user: Option<String>,
    /// Of some user, or of nobody.
    pub bound: Option<bool>,
    /// The one with this tag.
    pub tag: Option<u64>,
    /// Not used for at least this long.
    pub idle: Duration,
    /// At least this old.
    pub age: Duration,
    /// At least this large, bytes.
    pub bytes: usize,
    /// Last served by this instance.
    pub instance: Option<String>,
    /// On a page whose URL begins so.
    pub url: Option<String>,
}

/// What rows are sorted by; the largest or, for texts, the first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Time since its beginning.
    #[default]
    Age,
    /// Time since it was last used.
    Idle,
    /// Bytes.
    Bytes,
    /// User; sessions of nobody last.
    User,
    /// Application.
    Application,
}

/// A question to the live view.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Which sessions.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// How many at most; 1 to [`LONGEST_PAGE`].
    pub page: usize,
    /// [`Page::next`] of the page before; none: the first page.
    pub after: Option<Cursor>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What stands for its id where that need not be known; another after each start of the store.
    pub tag: u64,
    /// Its database.
    pub database: u8,
    /// Its key, which contains its id: whoever knows it can take the session over.
    pub key: Arc<[u8]>,
    /// Its application.
    pub application: Arc<str>,
    /// Whose it is.
    pub user: Option<Arc<str>>,
    /// When it began, to the second; a new name is no new beginning.
    pub created: Timestamp,
    /// When a command last looked at it, to the second.
    pub accessed: Timestamp,
    /// When it ends if nothing happens.
    pub expires: Option<Timestamp>,
    /// Bytes of its value.
    pub bytes: usize,
    /// Its latest request.
    pub visit: Option<Visit>,
}

/// Some rows, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows in order.
    pub rows: Vec<Row>,
    /// The sessions that fit the filter, those of other pages too; not exact while sessions come and go.
    pub matching: usize,
    /// Where the next page begins; none: this is the last.
    pub next: Option<Cursor>,
}

/// A session as the store sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) tag: u64,
    pub(crate) database: u8,
    pub(crate) key: &'a Arc<[u8]>,
    pub(crate) application: &'a Arc<str>,
    pub(crate) user: Option<&'a Arc<str>>,
    pub(crate) created: Timestamp,
    pub(crate) accessed: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) bytes: usize,
    pub(crate) visit: Option<&'a Visit>,
}

impl Candidate<'_> {
    fn row(&self) -> Row {
        Row {
            tag: self.tag,
            database: self.database,
            key: Arc::clone(self.key),
            application: Arc::clone(self.application),
            user: self.user.map(Arc::clone),
            created: self.created,
            accessed: self.accessed,
            expires: self.expires,
            bytes: self.bytes,
            visit: self.visit.cloned(),
        }
    }
}

impl Filter {
    /// Whether a session is wanted.
    pub(crate) fn takes(&self, session: &Candidate<'_>, now: Timestamp) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let visit = session.visit;
        is(&self.application, Some(session.application))
            && is(&self.user, session.user.map(|user| &**user))
            && is(
                &self.instance,
                visit.and_then(|visit| visit.instance.as_deref()),
            )
            && self
                .bound
                .is_none_or(|bound| bound == session.user.is_some())
            && self.tag.is_none_or(|tag| tag == session.tag)
            && now.since(session.accessed) >= self.idle
            && now.since(session.created) >= self.age
            && session.bytes >= self.bytes
            && self
                .url
                .as_deref()
                .is_none_or(|prefix| visit.is_some_and(|visit| visit.url.starts_with(prefix)))
    }

    /// Whether it takes every session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let texts = [&self.application, &self.user, &self.instance, &self.url];
        texts.iter().all(|text| text.is_none())
            && self.bound.is_none()
            && self.tag.is_none()
            && self.idle.is_zero()
            && self.age.is_zero()
            && self.bytes == 0
    }
}

/// A row among those kept; the last in order is on top.
#[derive(Debug)]
struct Kept {
    place: Place,
    row: Row,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}
impl Eq for Kept {}
impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

/// Collects the page of a query.
#[derive(Debug)]
pub(crate) struct Search<'q> {
    query: &'q Query,
    now: Timestamp,
    page: usize,
    kept: BinaryHeap<Kept>,
    matching: usize,
    more: bool,
}

impl<'q> Search<'q> {
    /// Nothing yet.
    pub(crate) fn new(query: &'q Query, now: Timestamp) -> Self {
        Self {
            query,
            now,
            page: query.page.clamp(1, LONGEST_PAGE),
            kept: BinaryHeap::new(),
            matching: 0,
            more: false,
        }
    }

    /// Offers a session, in any order. Those that come again count again, but are in the page once.
    pub(crate) fn offer(&mut self, session: &Candidate<'_>) {
        if !self.query.filter.takes(session, self.now) {
            return;
        }
        self.matching += 1;
        let place = Place::of(session, self.query.sort);
        if self
            .query
            .after
            .as_ref()
            .is_some_and(|after| place <= after.0)
        {
            return;
        }
        if self.kept.len() == self.page {
            self.more = true;
            if self.kept.peek().is_some_and(|last| last.place <= place) {
                return;
            }
            self.kept.pop();
        }
        self.kept.push(Kept {
            place,
            row: session.row(),
        });
    }

    /// The page.
    pub(crate) fn finish(self) -> Page {
        let last = self.kept.peek().map(|last| Cursor(last.place.clone()));
        let rows = self.kept.into_sorted_vec().into_iter();
        let mut tags = HashSet::new();
        Page {
            rows: rows
                .map(|kept| kept.row)
                .filter(|row| tags.insert(row.tag))
                .collect(),
            matching: self.matching,
            next: last.filter(|_| self.more),
        }
    }
}

/// Where a session's requests come from, for the row's readers.
impl Row {
    /// The client's address, if a transaction told it.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.visit.as_ref()?.address
    }

    /// How long it has been where it is.
    #[must_use]
    pub fn dwell(&self, now: Timestamp) -> Option<Duration> {
        Some(now.since(self.visit.as_ref()?.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Session {
        key: Arc<[u8]>,
        user: Option<Arc<str>>,
        number: i64,
    }

    fn sessions(count: i64) -> Vec<Session> {
        (0..count)
            .map(|number| Session {
                key: number.to_be_bytes()[..].into(),
                user: (number % 3 > 0).then(|| format!("user{}", number % 10).into()),
                number: number * 7919 % count,
            })
            .collect()
    }

    fn page(sessions: &[Session], query: &Query) -> Page {
        let application = Arc::from("shop");
        let mut search = Search::new(query, Timestamp::from_ms(1_000_000));
        for session in sessions {
            search.offer(&Candidate {
                tag: u64::from_be_bytes(session.key[..].try_into().unwrap()),
                database: 0,
                key: &session.key,
                application: &application,
                user: session.user.as_ref(),
                created: Timestamp::from_ms(session.number / 4),
                accessed: Timestamp::from_ms(session.number),
                expires: None,
                bytes: usize::try_from(session.number % 100).unwrap(),
                visit: None,
            });
        }
        search.finish()
    }

    /// Every page of a query, one after the other.
    fn pages(sessions: &[Session], query: &Query) -> Vec<Row> {
        let (mut rows, mut query) = (Vec::new(), query.clone());
        loop {
            let page = page(sessions, &query);
            assert!(page.rows.len() <= query.page);
            rows.extend(page.rows);
            let Some(next) = page.next else { return rows };
            query.after = Some(next.to_string().parse().unwrap());
        }
    }

    #[test]
    fn pages_put_together_are_every_session_once_in_order() {
        let sessions = sessions(503);
        for sort in [
            Sort::Age,
            Sort::Idle,
            Sort::Bytes,
            Sort::User,
            Sort::Application,
        ] {
            let query = Query {
                sort,
                page: 50,
                ..Query::default()
            };
            let rows = pages(&sessions, &query);
            let mut tags: Vec<_> = rows.iter().map(|row| row.tag).collect();
            let sorted = match sort {
                Sort::Age => rows.is_sorted_by_key(|row| row.created),
                Sort::Idle => rows.is_sorted_by_key(|row| row.accessed),
                Sort::Bytes => rows.iter().rev().is_sorted_by_key(|row| row.bytes),
                Sort::User => rows.is_sorted_by_key(|row| (row.user.is_none(), row.user.clone())),
                Sort::Application => true,
            };
            assert!(sorted, "{sort:?}");
            tags.sort_unstable();
            tags.dedup();
            assert_eq!(tags.len(), 503, "{sort:?}");
        }
    }

    #[test]
    fn sessions_that_come_and_go_leave_the_others_in_step() {
        let mut sessions = sessions(300);
        let query = Query {
            sort: Sort::Idle,
            page: 100,
            ..Query::default()
        };
        let first = page(&sessions, &query);
        sessions.retain(|session| session.number % 5 != 0);
        let rest = pages(
            &sessions,
            &Query {
                after: first.next,
                ..query
            },
        );
        let expected = sessions
            .iter()
            .filter(|session| session.number >= 100)
            .count();
        assert_eq!(rest.len(), expected);
    }

    #[test]
    fn a_session_that_comes_again_is_in_a_page_once() {
        let twice: Vec<_> = sessions(30).into_iter().chain(sessions(30)).collect();
        let query = Query {
            sort: Sort::Idle,
            page: 20,
            ..Query::default()
        };
        let rows = pages(&twice, &query);
        let mut tags: Vec<_> = rows.iter().map(|row| row.tag).collect();
        tags.sort_unstable();
        tags.dedup();
        assert_eq!((tags.len(), rows.len()), (30, 30));
    }

    #[test]
    fn a_filter_takes_what_fits_every_condition() {
        let sessions = sessions(1000);
        let rows = |filter| {
            page(
                &sessions,
                &Query {
                    filter,
                    page: 1000,
                    ..Query::default()
                },
            )
        };
        let anonymous = rows(Filter {
            bound: Some(false),
            ..Filter::default()
        });
        assert_eq!(
            (anonymous.matching, anonymous.rows.len(), anonymous.next),
            (334, 334, None)
        );
        let kim = rows(Filter {
            user: Some("user5".to_owned()),
            bytes: 50,
            ..Filter::default()
        });
        assert!(kim.matching > 0);
        assert!(
            kim.rows
                .iter()
                .all(|row| row.user.as_deref() == Some("user5") && row.bytes >= 50)
        );
        let idle = rows(Filter {
            idle: Duration::from_millis(1_000_000 - 9),
            ..Filter::default()
        });
        assert_eq!(idle.matching, 10);
        let none = Filter {
            url: Some("/".to_owned()),
            ..Filter::default()
        };
        assert!(!none.is_empty() && Filter::default().is_empty());
        assert_eq!(rows(none).matching, 0);
    }
}
