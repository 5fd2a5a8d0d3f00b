//! Who is logged in where: every bound session, and every user's sessions from the oldest on.
//!
//! Two views of the same bindings that never part. Pure maps without a lock; the engine changes them only
//! while it holds the shard of the session, and decides on logins while it holds all.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use bongsu_sdk_model::Timestamp;

use super::application::AppNumber;

/// A session's database and key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionKey {
    /// The database.
    pub(crate) db: u8,
    /// The key.
    pub(crate) key: Arc<[u8]>,
}

/// What told whose session it is. The numbers stand on disk and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingSource {
    /// Its value.
    Value = 0,
    /// The application's own index of users.
    Index = 1,
    /// `BONGSU.BIND` or the API.
    Command = 2,
    /// A transaction that carried both ids.
    Transaction = 3,
}

impl BindingSource {
    const ALL: [Self; 4] = [Self::Value, Self::Index, Self::Command, Self::Transaction];
}

/// That a session is a user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    /// In which application.
    pub(crate) application: AppNumber,
    /// Whose it is.
    pub(crate) user: Arc<str>,
    /// Since when.
    pub(crate) since: Timestamp,
    /// What told so.
    pub(crate) source: BindingSource,
}

impl Binding {
    /// As it stands on disk: since, ms, big endian (8) · source (1) · length of the application's name (1) ·
    /// the name · the user.
    pub(crate) fn encode(&self, application: &str) -> Vec<u8> {
        let name = application.as_bytes();
        let name = name.get(..usize::from(u8::MAX)).unwrap_or(name);
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        [
            &self.since.as_ms().to_be_bytes(),
            &[self.source as u8, length][..],
            name,
            self.user.as_bytes(),
        ]
        .concat()
    }

    /// Reads [`Binding::encode`]; `application` gives the number of a name. None: it is damaged, or the
    /// application is no more.
    pub(crate) fn decode(
        bytes: &[u8],
        application: impl FnOnce(&str) -> Option<AppNumber>,
    ) -> Option<Self> {
        let (since, rest) = bytes.split_first_chunk::<8>()?;
        let ([source, length], rest) = rest.split_first_chunk::<2>()?;
        let (name, user) = rest.split_at_checked(usize::from(*length))?;
        Some(Self {
            application: application(std::str::from_utf8(name).ok()?)?,
            user: std::str::from_utf8(user).ok()?.into(),
            since: Timestamp::from_ms(i64::from_be_bytes(*since)),
            source: BindingSource::ALL
                .into_iter()
                .find(|known| *known as u8 == *source)?,
        })
    }
}

#[derive(Debug)]
struct Bound {
    binding: Binding,
    order: Order,
}

/// Since when a session is its user's and, of one instant, the order of the bindings. Not that order alone: a
/// session that gets another id is bound anew and stays as old as it was.
type Order = (Timestamp, u64);

/// A user's sessions, sorted by age. They mostly go oldest first, and thousands may be one user's.
type InOrder = VecDeque<(Order, SessionKey)>;

/// Every binding.
#[derive(Debug, Default)]
pub(crate) struct Users {
    /// By database and key.
    sessions: HashMap<u8, HashMap<Arc<[u8]>, Bound>>,
    /// By application and user.
    users: HashMap<AppNumber, HashMap<Arc<str>, InOrder>>,
    last: u64,
}

impl Users {
    /// Whose a session is.
    pub(crate) fn binding(&self, db: u8, key: &[u8]) -> Option<&Binding> {
        Some(&self.sessions.get(&db)?.get(key)?.binding)
    }

    /// Binds a session to a user, whosever it was before. A session that already is this user's stays as old
    /// as it is.
    pub(crate) fn bind(&mut self, session: SessionKey, binding: Binding) {
        if let Some(present) = self.binding(session.db, &session.key)
            && (present.application, &present.user) == (binding.application, &binding.user)
        {
            return;
        }
        self.unbind(session.db, &session.key);
        self.last += 1;
        let order = (binding.since, self.last);
        let sessions = self
            .users
            .entry(binding.application)
            .or_default()
            .entry(Arc::clone(&binding.user))
            .or_default();
        let at = sessions.partition_point(|(other, _)| *other < order);
        sessions.insert(at, (order, session.clone()));
        self.sessions
            .entry(session.db)
            .or_default()
            .insert(session.key, Bound { binding, order });
    }

    /// Makes a session nobody's; whose it was.
    pub(crate) fn unbind(&mut self, db: u8, key: &[u8]) -> Option<Binding> {
        let Bound { binding, order } = self.sessions.get_mut(&db)?.remove(key)?;
        if let Some(users) = self.users.get_mut(&binding.application)
            && let Some(sessions) = users.get_mut(&binding.user)
        {
            if let Ok(at) = sessions.binary_search_by_key(&order, |(order, _)| *order) {
                sessions.remove(at);
            }
            if sessions.is_empty() {
                users.remove(&binding.user);
            }
        }
        Some(binding)
    }

    /// The sessions of a user in an application, the oldest first.
    pub(crate) fn sessions(
        &self,
        application: AppNumber,
        user: &str,
    ) -> impl Iterator<Item = &SessionKey> {
        self.users
            .get(&application)
            .and_then(|users| users.get(user))
            .into_iter()
            .flatten()
            .map(|(_, session)| session)
    }

    /// The sessions of a user in every application.
    pub(crate) fn everywhere(&self, user: &str) -> impl Iterator<Item = (AppNumber, &SessionKey)> {
        let applications = self.users.iter();
        applications.flat_map(move |(number, users)| {
            let sessions = users.get(user).into_iter().flatten();
            sessions.map(move |(_, session)| (*number, session))
        })
    }

    /// How many sessions of a database are bound.
    pub(crate) fn of_database(&self, db: u8) -> usize {
        self.sessions.get(&db).map_or(0, HashMap::len)
    }

    /// How many sessions are bound, and to how many users of an application.
    pub(crate) fn census(&self) -> (usize, usize) {
        let sessions = self.sessions.values().map(HashMap::len).sum();
        (sessions, self.users.values().map(HashMap::len).sum())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session(number: u8) -> SessionKey {
        SessionKey {
            db: number % 2,
            key: [number][..].into(),
        }
    }

    fn binding(application: AppNumber, user: &str) -> Binding {
        Binding {
            application,
            user: user.into(),
            since: Timestamp::from_ms(7),
            source: BindingSource::Value,
        }
    }

    fn keys(users: &Users, application: AppNumber, user: &str) -> Vec<u8> {
        users
            .sessions(application, user)
            .map(|session| session.key[0])
            .collect()
    }

    #[test]
    fn a_user_has_his_sessions_in_order_and_a_session_one_user() {
        let mut users = Users::default();
        for number in [3, 1, 2] {
            users.bind(session(number), binding(0, "kim"));
        }
        users.bind(session(3), binding(0, "kim"));
        assert_eq!(keys(&users, 0, "kim"), [3, 1, 2]);
        users.bind(session(1), binding(0, "lee"));
        assert_eq!(
            (keys(&users, 0, "kim"), keys(&users, 0, "lee")),
            (vec![3, 2], vec![1])
        );
        assert_eq!(&*users.unbind(1, &[3]).unwrap().user, "kim");
        assert_eq!(users.unbind(1, &[3]), None);
        assert_eq!(
            (keys(&users, 0, "kim"), keys(&users, 1, "kim")),
            (vec![2], vec![])
        );
        assert_eq!(users.everywhere("lee").count(), 1);
        assert_eq!(users.census(), (2, 2));
    }

    #[test]
    fn a_session_that_is_bound_anew_is_as_old_as_its_binding() {
        let mut users = Users::default();
        let since = |ms| Binding {
            since: Timestamp::from_ms(ms),
            ..binding(0, "kim")
        };
        users.bind(session(1), since(10));
        users.bind(session(2), since(20));
        let moved = users.unbind(1, &[1]).unwrap();
        users.bind(session(3), moved);
        assert_eq!(keys(&users, 0, "kim"), [3, 2]);
    }

    #[test]
    fn a_binding_is_read_back_and_damage_is_not() {
        let kim = binding(4, "김");
        let bytes = kim.encode("shop");
        let number = |name: &str| (name == "shop").then_some(4);
        assert_eq!(Binding::decode(&bytes, number), Some(kim));
        assert_eq!(Binding::decode(&bytes, |_| None), None);
        for length in 0..12 {
            assert_eq!(Binding::decode(&bytes[..length], number), None);
        }
    }

    proptest! {
        #[test]
        fn both_views_agree(steps in proptest::collection::vec((0_u8..6, 0_u16..2, 0..3_usize, any::<bool>()), 0..60)) {
            let mut users = Users::default();
            for (number, application, user, bind) in steps {
                let user = ["kim", "lee", "park"][user];
                if bind {
                    users.bind(session(number), binding(application, user));
                } else {
                    users.unbind(number % 2, &[number]);
                }
            }
            let mut listed = 0;
            for application in 0..2 {
                for user in ["kim", "lee", "park"] {
                    for session in users.sessions(application, user) {
                        let bound = users.binding(session.db, &session.key).unwrap();
                        prop_assert_eq!((bound.application, &*bound.user), (application, user));
                        listed += 1;
                    }
                }
            }
            prop_assert_eq!(users.census().0, listed);
        }
    }
}
