//! The applications whose sessions are kept, and which of them a key belongs to.
//!
//! Looked at by every command that names a key, so recognising is a few comparisons among the patterns that
//! begin with the key's first byte. Never looks at a value.

use std::sync::Arc;

use super::{
    UserSource, builtin, filter::Filter, lifetime::Lifetime, login::Login, pattern::Pattern,
    registry::BINDINGS,
};

/// One application and its rules.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its name in configuration, commands, metrics and refusals.
    pub name: Arc<str>,
    /// The database its sessions are in; none: any.
    pub database: Option<u8>,
    /// Names of the keys that hold a session. The first one is used to make a key of an id.
    pub keys: Vec<Pattern>,
    /// Key that lives as long as the session does, if the session's own key outlives it.
    pub shadow: Option<Pattern>,
    /// Names of further keys of a session, which go with it.
    pub companions: Vec<Pattern>,
    /// Keys that look like a session's and are none.
    pub asides: Vec<Pattern>,
    /// Name of the sets with the session ids of a user.
    pub index: Option<Pattern>,
    /// Where the user is read from.
    pub user: UserSource,
    /// What happens when a user logs in again.
    pub login: Login,
    /// Which sessions may begin.
    pub filter: Filter,
    /// How long sessions may stay.
    pub lifetime: Lifetime,
}

impl Application {
    /// An application without keys whose sessions may do anything.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            database: None,
            keys: Vec::new(),
            shadow: None,
            companions: Vec::new(),
            asides: Vec::new(),
            index: None,
            user: UserSource::default(),
            login: Login::default(),
            filter: Filter::default(),
            lifetime: Lifetime::default(),
        }
    }

    /// The key of the session with this id.
    pub(crate) fn session_key(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.keys.first().map(|pattern| pattern.key(id))
    }

    /// The keys that go when the session with this id goes, its own not among them.
    pub(crate) fn companion_keys(&self, id: &[u8]) -> Vec<Vec<u8>> {
        let all = self.shadow.iter().chain(&self.companions);
        all.map(|pattern| pattern.key(id)).collect()
    }

    /// The key of the index set of `user`.
    pub(crate) fn index_key(&self, user: &str) -> Option<Vec<u8>> {
        let pattern = self.index.as_ref()?;
        Some(pattern.key(user.as_bytes()))
    }

    fn patterns(&self) -> impl Iterator<Item = (&Pattern, Kind)> {
        let of = |kind| move |pattern| (pattern, kind);
        self.keys
            .iter()
            .map(of(Kind::Session))
            .chain(self.shadow.iter().map(of(Kind::Shadow)))
            .chain(self.companions.iter().map(of(Kind::Companion)))
            .chain(self.asides.iter().map(of(Kind::Aside)))
            .chain(self.index.iter().map(of(Kind::Index)))
    }
}

/// Position of an application in [`Applications`].
pub(crate) type AppNumber = u16;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Session,
    Shadow,
    Companion,
    Aside,
    Index,
}

/// What a key is to its application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role<'k> {
    /// It holds the session with this id.
    Session(&'k [u8]),
    /// It ends when the session with this id ends for the application.
    Shadow(&'k [u8]),
    /// It belongs to the session with this id.
    Companion(&'k [u8]),
    /// It holds the ids of the sessions of this user.
    Index(&'k [u8]),
}

/// Every application, with the patterns of all of them by their first byte.
#[derive(Debug, Clone)]
pub struct Applications {
    all: Vec<Application>,
    by_first_byte: Vec<Vec<Known>>,
    have_filters: bool,
    have_lifetimes: bool,
}

#[derive(Debug, Clone)]
struct Known {
    pattern: Pattern,
    kind: Kind,
    application: AppNumber,
    database: Option<u8>,
}

impl Default for Applications {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Applications {
    /// The given applications and, after them, the well-known ones of another name.
    #[must_use]
    pub fn new(mut all: Vec<Application>) -> Self {
        for known in builtin::applications() {
            if all.iter().all(|given| given.name != known.name) {
                all.push(known);
            }
        }
        let mut by_first_byte = vec![Vec::new(); 256];
        for (application, number) in all.iter().zip(0..) {
            for (pattern, kind) in application.patterns() {
                let first = pattern
                    .before()
                    .first()
                    .map_or(0, |byte| usize::from(*byte));
                if let Some(bucket) = by_first_byte.get_mut(first) {
                    bucket.push(Known {
                        pattern: pattern.clone(),
                        kind,
                        application: number,
                        database: application.database,
                    });
                }
            }
        }
        for bucket in &mut by_first_byte {
            // Stable: of patterns alike, that of the application named first is tried first.
            bucket.sort_by_key(|known: &Known| std::cmp::Reverse(known.pattern.weight()));
        }
        Self {
            have_filters: all.iter().any(|one| !one.filter.is_free()),
            have_lifetimes: all.iter().any(|one| !one.lifetime.is_free()),
            all,
            by_first_byte,
        }
    }

    /// What `key` is and to which application; `None` for a key of no session.
    pub(crate) fn recognise<'k>(&self, db: u8, key: &'k [u8]) -> Option<(AppNumber, Role<'k>)> {
        if db >= BINDINGS {
            return None;
        }
        let bucket = self.by_first_byte.get(usize::from(*key.first()?))?;
        let fits = |known: &&Known| known.database.is_none_or(|database| database == db);
        let (known, part) = bucket
            .iter()
            .filter(fits)
            .find_map(|known| Some((known, known.pattern.part(key)?)))?;
        let role = match known.kind {
            Kind::Session => Role::Session(part),
            Kind::Shadow => Role::Shadow(part),
            Kind::Companion => Role::Companion(part),
            Kind::Index => Role::Index(part),
            Kind::Aside => return None,
        };
        Some((known.application, role))
    }

    /// The application and id of a session's key.
    pub(crate) fn session<'k>(&self, db: u8, key: &'k [u8]) -> Option<(AppNumber, &'k [u8])> {
        match self.recognise(db, key)? {
            (number, Role::Session(id)) => Some((number, id)),
            _ => None,
        }
    }

    /// Whether some application does not let every session begin.
    pub(crate) const fn have_filters(&self) -> bool {
        self.have_filters
    }

    /// Whether some application's sessions have limited lives.
    pub(crate) const fn have_lifetimes(&self) -> bool {
        self.have_lifetimes
    }

    /// The application with this number.
    pub(crate) fn get(&self, number: AppNumber) -> Option<&Application> {
        self.all.get(usize::from(number))
    }

    /// The application with this name.
    pub(crate) fn named(&self, name: &str) -> Option<AppNumber> {
        self.iter()
            .find_map(|(number, application)| (*application.name == *name).then_some(number))
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.all.len()
    }

    /// Every application.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (AppNumber, &Application)> {
        (0..).zip(&self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(name: &str, key: &str) -> Application {
        Application {
            keys: vec![key.parse().unwrap()],
            ..Application::new(name)
        }
    }

    #[track_caller]
    fn check(applications: &Applications, db: u8, key: &str, expected: Option<(&str, Role<'_>)>) {
        let found = applications.recognise(db, key.as_bytes());
        let named = found.map(|(number, role)| (&*applications.get(number).unwrap().name, role));
        assert_eq!(named, expected, "{key}");
    }

    #[test]
    fn the_keys_of_the_java_clients_are_recognised() {
        let all = Applications::default();
        let session = |app, id: &'static str| Some((app, Role::Session(id.as_bytes())));
        check(
            &all,
            0,
            "spring:session:sessions:33fd",
            session("spring", "33fd"),
        );
        check(
            &all,
            0,
            "spring:session:sessions:expires:33fd",
            Some(("spring", Role::Shadow(b"33fd"))),
        );
        check(&all, 0, "spring:session:sessions:expirations", None);
        check(&all, 0, "spring:session:expirations:1700000000000", None);
        check(
            &all,
            0,
            "spring:session:index:org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME:kim",
            Some(("spring", Role::Index(b"kim"))),
        );
        check(
            &all,
            0,
            "redisson:tomcat_session:AB12.node1",
            session("redisson", "AB12.node1"),
        );
        check(
            &all,
            0,
            "redisson:tomcat_notified_nodes:AB12",
            Some(("redisson", Role::Companion(b"AB12"))),
        );
    }

    #[test]
    fn the_keys_of_the_other_common_clients_are_recognised() {
        let all = Applications::default();
        let session = |app, id: &'static str| Some((app, Role::Session(id.as_bytes())));
        check(&all, 0, "sess:x-y", session("connect-redis", "x-y"));
        check(&all, 3, "session:x-y", session("flask", "x-y"));
        check(
            &all,
            1,
            ":1:django.contrib.sessions.cachek3",
            session("django", "k3"),
        );
        check(
            &all,
            1,
            ":1:django.contrib.sessions.cached_dbk3",
            session("django", "k3"),
        );
        check(&all, 0, "PHPREDIS_SESSION:k3", session("php", "k3"));
        check(
            &all,
            0,
            "PHPREDIS_SESSION:k3_LOCK",
            Some(("php", Role::Companion(b"k3"))),
        );
        check(
            &all,
            0,
            "{/shop_k3}_SessionStateItemCollection",
            session("aspnet", "shop_k3"),
        );
        check(&all, 0, "{/_k3}_Data", session("aspnet", "_k3"));
        check(
            &all,
            0,
            "{/_k3}_WriteLock",
            Some(("aspnet", Role::Companion(b"_k3"))),
        );
    }

    #[test]
    fn other_keys_are_of_no_session() {
        let all = Applications::default();
        for other in [
            "",
            "s",
            "sess:",
            "session",
            "cache:1",
            "spring:session:event:0:created:33fd",
        ] {
            check(&all, 0, other, None);
        }
    }

    #[test]
    fn the_longer_pattern_and_the_given_application_come_first() {
        let mut only = application("only", "only:");
        only.database = Some(2);
        let all = Applications::new(vec![
            application("front", "sess:"),
            application("admin", "sess:admin:{id}"),
            only,
        ]);
        check(&all, 0, "sess:1", Some(("front", Role::Session(b"1"))));
        check(
            &all,
            0,
            "sess:admin:1",
            Some(("admin", Role::Session(b"1"))),
        );
        check(&all, 2, "only:1", Some(("only", Role::Session(b"1"))));
        check(&all, 0, "only:1", None);
    }

    #[test]
    fn a_session_knows_what_goes_with_it() {
        let all = Applications::default();
        let spring = all.get(all.named("spring").unwrap()).unwrap();
        assert_eq!(
            spring.session_key(b"1").unwrap(),
            b"spring:session:sessions:1"
        );
        assert_eq!(
            spring.companion_keys(b"1"),
            [b"spring:session:sessions:expires:1"]
        );
        assert!(
            spring
                .index_key("kim")
                .unwrap()
                .ends_with(b"INDEX_NAME:kim")
        );
    }
}
