//! What is known of sessions beside their values: whose they are, who is denied, where they are.
//!
//! Shared by every shard. Its locks are taken after the shards' and held for a look-up, a change or a piece of
//! the live view, which takes users before visits; nothing else holds two. A binding changes only while its
//! session's shard is held, except that the end of a shadow key ends it too: what stands on disk follows then.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bongsu_sdk_model::Timestamp;

use super::{
    application::{AppNumber, Applications, Role},
    denies::{Denies, Deny},
    filter::Begun,
    users::{Binding, SessionKey, Users},
    visits::Visits,
};

/// The binding of a session in database `n` is in database `n + BINDINGS`, under the same key and hence in the
/// same shard. No client can reach it.
pub(crate) const BINDINGS: u8 = 16;
/// The database of denies. No client can reach it.
pub(crate) const DENIES: u8 = 32;

/// How long a session that was ended for its user's sake cannot be written back: long enough for a request
/// that was running when it ended.
const GRACE: Duration = Duration::from_secs(10);
/// Most ended sessions remembered.
const MOST_ENDED: usize = 100_000;
/// Most sessions whose latest request is known.
const MOST_VISITS: usize = 1_000_000;

/// What is known of sessions beside their values.
#[derive(Debug)]
pub(crate) struct Registry {
    /// The applications.
    pub(crate) applications: Applications,
    users: Mutex<Users>,
    denies: Mutex<Denies>,
    visits: Mutex<Visits>,
    begun: Mutex<HashMap<u16, Begun>>,
    ended: Mutex<Ended>,
    loading: Mutex<Vec<(SessionKey, Binding)>>,
    /// Sessions that became nobody's by the end of their shadow, whose bindings still stand beside them.
    orphans: Mutex<Vec<SessionKey>>,
    /// Whether there are any.
    orphaned: AtomicBool,
    tags: RandomState,
}

#[derive(Debug, Default)]
struct Ended {
    until: HashMap<SessionKey, Timestamp>,
    queue: VecDeque<SessionKey>,
}

/// A holder that panicked leaves a map whole: each change is one insertion or removal.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// Nothing is known yet.
    pub(crate) fn new(applications: Applications) -> Self {
        Self {
            applications,
            users: Mutex::default(),
            denies: Mutex::default(),
            visits: Mutex::new(Visits::new(MOST_VISITS)),
            begun: Mutex::default(),
            ended: Mutex::default(),
            loading: Mutex::default(),
            orphans: Mutex::default(),
            orphaned: AtomicBool::new(false),
            tags: RandomState::new(),
        }
    }

    /// Who is logged in where.
    pub(crate) fn users(&self) -> MutexGuard<'_, Users> {
        lock(&self.users)
    }

    /// Who is denied.
    pub(crate) fn denies(&self) -> MutexGuard<'_, Denies> {
        lock(&self.denies)
    }

    /// Where sessions are.
    pub(crate) fn visits(&self) -> MutexGuard<'_, Visits> {
        lock(&self.visits)
    }

    /// The sessions of a user: application, key and since when they are his.
    pub(crate) fn sessions_of(&self, user: &str) -> Vec<(Arc<str>, SessionKey, Timestamp)> {
        let users = self.users();
        let described = |(number, session): (AppNumber, &SessionKey)| {
            let application = self.applications.get(number)?;
            let since = users.binding(session.db, &session.key)?.since;
            Some((Arc::clone(&application.name), session.clone(), since))
        };
        users.everywhere(user).filter_map(described).collect()
    }

    /// Sessions begun in the present second, by application.
    pub(crate) fn begun(&self) -> MutexGuard<'_, HashMap<u16, Begun>> {
        lock(&self.begun)
    }

    /// What stands for a session where its id need not be known.
    pub(crate) fn tag(&self, db: u8, key: &[u8]) -> u64 {
        self.tags.hash_one((db, key))
    }

    /// A key has gone; whether a binding stands beside it that must go too.
    pub(crate) fn gone(&self, db: u8, key: &[u8]) -> bool {
        let Some((number, role)) = self.applications.recognise(db, key) else {
            // Bound by hand.
            return db < BINDINGS && self.users().unbind(db, key).is_some();
        };
        match role {
            Role::Session(id) => {
                if let Ok(id) = std::str::from_utf8(id) {
                    self.visits().forget(id);
                }
                self.users().unbind(db, key).is_some()
            }
            Role::Shadow(id) => {
                let application = self.applications.get(number);
                if let Some(session) = application.and_then(|found| found.session_key(id))
                    && self.users().unbind(db, &session).is_some()
                {
                    let key = session.into();
                    lock(&self.orphans).push(SessionKey { db, key });
                    self.orphaned.store(true, SeqCst);
                }
                false
            }
            Role::Companion(_) | Role::Index(_) => false,
        }
    }

    /// Sessions whose bindings were ended by another key than their own since the last call.
    pub(crate) fn take_orphans(&self) -> Vec<SessionKey> {
        if !(self.orphaned.load(SeqCst) && self.orphaned.swap(false, SeqCst)) {
            return Vec::new();
        }
        std::mem::take(&mut *lock(&self.orphans))
    }

    /// A deny has run out or was removed.
    pub(crate) fn deny_gone(&self, key: &[u8]) {
        if let Some((application, user)) = split_deny(key) {
            self.denies().remove(user, application);
        }
    }

    /// Takes an entry of an internal database as it comes off the disk.
    pub(crate) fn loaded(&self, db: u8, key: &Arc<[u8]>, value: &[u8], expires: Option<Timestamp>) {
        if db == DENIES {
            let until = expires.unwrap_or(Timestamp::from_ms(i64::MAX));
            if let Some(deny) = Deny::decode(value, until) {
                self.denies().add(deny);
            }
        } else if let Some(binding) = Binding::decode(value, |name| self.applications.named(name)) {
            let key = Arc::clone(key);
            lock(&self.loading).push((
                SessionKey {
                    db: db - BINDINGS,
                    key,
                },
                binding,
            ));
        }
    }

    /// Takes the bindings that came off the disk whose sessions `lives`, the oldest first.
    pub(crate) fn finish_load(&self, mut lives: impl FnMut(&SessionKey) -> bool) {
        let mut loaded = std::mem::take(&mut *lock(&self.loading));
        loaded.sort_by_key(|(_, binding)| binding.since);
        let mut users = self.users();
        for (session, binding) in loaded {
            if lives(&session) {
                users.bind(session, binding);
            }
        }
    }

    /// Remembers that a session was ended for its user's sake.
    pub(crate) fn note_ended(&self, session: SessionKey, now: Timestamp) {
        let mut ended = lock(&self.ended);
        while let Some(oldest) = ended.queue.front() {
            let over = ended.until.get(oldest).is_none_or(|until| *until <= now);
            if !over && ended.queue.len() < MOST_ENDED {
                break;
            }
            if let Some(oldest) = ended.queue.pop_front() {
                ended.until.remove(&oldest);
            }
        }
        if ended
            .until
            .insert(session.clone(), now.plus(GRACE))
            .is_none()
        {
            ended.queue.push_back(session);
        }
    }

    /// Whether a session was ended for its user's sake a moment ago.
    pub(crate) fn is_ended(&self, session: &SessionKey, now: Timestamp) -> bool {
        lock(&self.ended)
            .until
            .get(session)
            .is_some_and(|until| *until > now)
    }
}

fn split_deny(key: &[u8]) -> Option<(Option<&str>, &str)> {
    let (application, user) = std::str::from_utf8(key).ok()?.split_once('\0')?;
    Some(((!application.is_empty()).then_some(application), user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::users::BindingSource;

    fn session(key: &str) -> SessionKey {
        SessionKey {
            db: 0,
            key: key.as_bytes().into(),
        }
    }

    #[test]
    fn what_comes_off_the_disk_is_bound_by_age_if_it_lives() {
        let registry = Registry::new(Applications::default());
        let flask = registry.applications.named("flask").unwrap();
        for (key, since) in [("session:2", 20), ("session:1", 10), ("session:gone", 5)] {
            let binding = Binding {
                application: flask,
                user: "kim".into(),
                since: Timestamp::from_ms(since),
                source: BindingSource::Command,
            };
            registry.loaded(BINDINGS, &session(key).key, &binding.encode("flask"), None);
        }
        registry.loaded(BINDINGS, &session("session:bad").key, b"?", None);
        registry.finish_load(|found| *found != session("session:gone"));
        let kim: Vec<_> = registry.users().sessions(flask, "kim").cloned().collect();
        assert_eq!(kim, [session("session:1"), session("session:2")]);
        assert!(registry.gone(0, b"session:1") && !registry.gone(0, b"session:1"));
    }

    #[test]
    fn an_ended_session_is_remembered_for_a_while() {
        let registry = Registry::new(Applications::default());
        let at = Timestamp::from_ms;
        registry.note_ended(session("a"), at(0));
        assert!(registry.is_ended(&session("a"), at(9_999)));
        assert!(!registry.is_ended(&session("a"), at(10_000)));
        registry.note_ended(session("b"), at(10_000));
        assert_eq!(lock(&registry.ended).queue.len(), 1);
    }

    #[test]
    fn the_end_of_a_shadow_ends_the_binding() {
        let registry = Registry::new(Applications::default());
        let spring = registry.applications.named("spring").unwrap();
        let key = session("spring:session:sessions:7");
        let binding = Binding {
            application: spring,
            user: "kim".into(),
            since: Timestamp::from_ms(0),
            source: BindingSource::Index,
        };
        registry.users().bind(key, binding);
        registry.gone(0, b"spring:session:sessions:expires:7");
        assert_eq!(registry.users().census().0, 0);
        assert_eq!(registry.take_orphans().len(), 1);
        assert!(registry.take_orphans().is_empty());
    }
}
