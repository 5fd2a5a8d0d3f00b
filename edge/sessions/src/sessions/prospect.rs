//! Which sessions a command may give to a user or take from one, as far as its name and arguments tell.
//!
//! Cheap and in doubt says "may": what a command does in the end depends on what is there (`SET … NX`, a
//! wrong type), so before a binding changes the engine tries the command on a copy and asks again what the
//! values say then. Most commands end here without a look at any value.

use std::borrow::Cow;

use bytes::Bytes;

use super::{
    application::{AppNumber, Application, Applications, Role},
    user::{Found, indexed_id},
    users::{Binding, BindingSource},
};

/// A session whose user a command may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prospect<'a> {
    /// Its application.
    pub(crate) application: AppNumber,
    /// Its database.
    pub(crate) db: u8,
    /// Its key.
    pub(crate) key: Cow<'a, [u8]>,
    /// Whose it will be; none: only the value afterwards can tell.
    pub(crate) found: Option<Found>,
    /// It concerns the session only while it is this user's.
    pub(crate) only_of: Option<Box<str>>,
    /// Whether it is the application's index that says so.
    pub(crate) by_index: bool,
}

/// What a command writes, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    /// A string at the second argument, under the key at the first.
    Second,
    /// The same at the third.
    Third,
    /// Strings and keys in turn.
    Pairs,
    /// Fields and values in turn after the key.
    Fields,
    /// Members after the key.
    Joins,
    /// Members go, after the key.
    Leaves,
    /// Something, to the key at the first argument.
    Somehow,
    /// Fields go, after the key.
    Drops,
    /// Something, to the key at the second argument.
    Target,
    /// The same, perhaps in another database.
    Copy,
}

/// A command as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command<'a> {
    /// Its name, lower case.
    pub(crate) name: &'a str,
    /// Whether it may add bytes to the key at its first argument.
    pub(crate) adds: bool,
    /// The database it works on.
    pub(crate) db: u8,
}

fn write(command: Command<'_>) -> Option<Write> {
    Some(match command.name {
        "set" | "setnx" | "getset" => Write::Second,
        "setex" | "psetex" => Write::Third,
        "mset" | "msetnx" => Write::Pairs,
        "hset" | "hmset" | "hsetnx" => Write::Fields,
        "sadd" => Write::Joins,
        "srem" => Write::Leaves,
        "rename" | "renamenx" => Write::Target,
        // Between databases the names may be alike.
        "copy" => Write::Copy,
        "hdel" => Write::Drops,
        _ if command.adds => Write::Somehow,
        _ => return None,
    })
}

impl Prospect<'_> {
    /// Whether the session's user may change, which is `present` now.
    pub(crate) fn is_open(&self, present: Option<&Binding>) -> bool {
        match (&self.found, present) {
            (None, _) => true,
            (Some(Found::Unreadable), _) | (Some(Found::Nobody), None) => false,
            (Some(Found::User(user)), present) => present.is_none_or(|present| {
                (present.application, &*present.user) != (self.application, user)
            }),
            (Some(Found::Nobody), Some(present)) => {
                let source = if self.by_index {
                    BindingSource::Index
                } else {
                    BindingSource::Value
                };
                let of = self.only_of.as_deref();
                present.source == source && of.is_none_or(|user| user == &*present.user)
            }
        }
    }
}

impl Applications {
    /// The sessions whose user a command may change.
    pub(crate) fn prospects<'a>(
        &self,
        command: Command<'_>,
        args: &'a [Bytes],
    ) -> Vec<Prospect<'a>> {
        let db = command.db;
        let (Some(write), Some(key)) = (write(command), args.first()) else {
            return Vec::new();
        };
        let string = |key, at: usize| self.string(db, key, args.get(at).map(|value| &**value));
        match write {
            Write::Second => string(key, 1).into_iter().collect(),
            Write::Third => string(key, 2).into_iter().collect(),
            Write::Pairs => {
                let (pairs, _) = args.as_chunks::<2>();
                let of = |[key, value]: &'a [Bytes; 2]| self.string(db, key, Some(value));
                pairs.iter().filter_map(of).collect()
            }
            Write::Fields => self
                .fields(db, key, args.get(1..).unwrap_or_default())
                .into_iter()
                .collect(),
            Write::Joins | Write::Leaves => self.members(
                db,
                key,
                args.get(1..).unwrap_or_default(),
                write == Write::Joins,
            ),
            Write::Somehow => self.unknown(db, key).into_iter().collect(),
            Write::Drops => {
                let names = args.get(1..).unwrap_or_default();
                let drops = |of: &Prospect<'_>| {
                    let wanted = self.get(of.application)?.user.field()?;
                    Some(names.iter().any(|name| **name == *wanted))
                };
                let session = self.unknown(db, key);
                let session = session.filter(|session| drops(session) == Some(true));
                session.into_iter().collect()
            }
            Write::Copy => {
                let db = copied_to(args.get(2..).unwrap_or_default(), db);
                let target = args.get(1).and_then(|target| self.unknown(db, target));
                target.into_iter().collect()
            }
            Write::Target => {
                let target = args.get(1).filter(|target| *target != key);
                target
                    .and_then(|target| self.unknown(db, target))
                    .into_iter()
                    .collect()
            }
        }
    }

    /// The application of a session key whose value may name a user.
    fn readable(&self, db: u8, key: &[u8]) -> Option<(AppNumber, &Application)> {
        let (number, _) = self.session(db, key)?;
        let application = self.get(number)?;
        application
            .user
            .is_in_value()
            .then_some((number, application))
    }

    fn string<'a>(&self, db: u8, key: &'a [u8], value: Option<&[u8]>) -> Option<Prospect<'a>> {
        let (number, application) = self.readable(db, key)?;
        let found = application.user.in_string(value?).unwrap_or(Found::Nobody);
        Some(prospect(number, (db, key), Some(found)))
    }

    fn fields<'a>(&self, db: u8, key: &'a [u8], pairs: &[Bytes]) -> Option<Prospect<'a>> {
        let (number, application) = self.readable(db, key)?;
        let wanted = application.user.field()?;
        let (pairs, _) = pairs.as_chunks::<2>();
        let last = pairs.iter().rfind(|[name, _]| **name == *wanted);
        last.map(|[_, value]| {
            let found = application.user.in_field(value);
            prospect(number, (db, key), Some(found))
        })
    }

    fn members<'a>(&self, db: u8, key: &[u8], members: &[Bytes], joins: bool) -> Vec<Prospect<'a>> {
        let Some((number, Role::Index(user))) = self.recognise(db, key) else {
            return Vec::new();
        };
        let Some(application) = self
            .get(number)
            .filter(|application| application.user.is_index())
        else {
            return Vec::new();
        };
        let user = std::str::from_utf8(user).map_or(Found::Unreadable, Found::user);
        let (found, only_of) = match user {
            Found::User(user) if !joins => (Found::Nobody, Some(user)),
            found => (found, None),
        };
        let of = |member: &Bytes| {
            Some(Prospect {
                application: number,
                db,
                key: Cow::Owned(application.session_key(indexed_id(member)?)?),
                found: Some(found.clone()),
                only_of: only_of.clone(),
                by_index: true,
            })
        };
        members.iter().filter_map(of).collect()
    }

    fn unknown<'a>(&self, db: u8, key: &'a [u8]) -> Option<Prospect<'a>> {
        let (number, _) = self.readable(db, key)?;
        Some(prospect(number, (db, key), None))
    }
}

/// The database that the options of `COPY` name. What they should not be, the command itself refuses.
fn copied_to(options: &[Bytes], own: u8) -> u8 {
    let named = options.windows(2).filter_map(|pair| match pair {
        [option, number] if option.eq_ignore_ascii_case(b"db") => {
            std::str::from_utf8(number).ok()?.parse().ok()
        }
        _ => None,
    });
    named.last().unwrap_or(own)
}

fn prospect(application: AppNumber, (db, key): (u8, &[u8]), found: Option<Found>) -> Prospect<'_> {
    Prospect {
        application,
        db,
        key: Cow::Borrowed(key),
        found,
        only_of: None,
        by_index: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applications() -> Applications {
        let of = |name: &str, key: &str, user: &str| Application {
            keys: vec![key.parse().unwrap()],
            user: user.parse().unwrap(),
            ..Application::new(name)
        };
        Applications::new(vec![
            of("a", "a:", "json:user"),
            of("b", "b:", "field:user"),
        ])
    }

    #[track_caller]
    fn check(command: &str, expected: &[(&str, Option<&str>)]) {
        let mut words = command.split(' ');
        let name = words.next().unwrap();
        let args: Vec<_> = words.map(|word| Bytes::from(word.to_owned())).collect();
        let found: Vec<_> = applications()
            .prospects(
                Command {
                    name,
                    adds: name == "append",
                    db: 0,
                },
                &args,
            )
            .into_iter()
            .map(|prospect| {
                let user = prospect.found.map(|found| match found {
                    Found::User(user) => user.to_string(),
                    other => format!("{other:?}"),
                });
                (String::from_utf8_lossy(&prospect.key).into_owned(), user)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(key, user)| (key.to_string(), user.map(str::to_owned)))
            .collect();
        assert_eq!(found, expected, "{command}");
    }

    #[test]
    fn commands_tell_whom_they_bind() {
        check(r#"set a:1 {"user":"kim"} EX 60"#, &[("a:1", Some("kim"))]);
        check("set a:1 {}", &[("a:1", Some("Nobody"))]);
        check("set a:1 [", &[("a:1", Some("Unreadable"))]);
        check(r#"setex a:1 60 {"user":"kim"}"#, &[("a:1", Some("kim"))]);
        check(
            r#"mset a:1 {"user":1} x 2 a:2 {"user":2}"#,
            &[("a:1", Some("1")), ("a:2", Some("2"))],
        );
        check("hset b:1 lang ko user kim", &[("b:1", Some("kim"))]);
        check("hset b:1 user kim user lee", &[("b:1", Some("lee"))]);
        check("hset b:1 lang ko", &[]);
        check("append a:1 x", &[("a:1", None)]);
        check("hdel b:1 lang user", &[("b:1", None)]);
        check("hdel b:1 lang", &[]);
        check("copy a:1 a:1 DB 3", &[("a:1", None)]);
        check("rename x a:1", &[("a:1", None)]);
        for other in [
            "get a:1",
            "expire a:1 5",
            "del a:1",
            "set x y",
            "sadd a:1 x",
            "set",
        ] {
            check(other, &[]);
        }
        // A string where the user is looked for in a field: whoever was logged in is not any more.
        check("set b:1 kim", &[("b:1", Some("Nobody"))]);
    }

    #[test]
    fn an_index_binds_the_sessions_it_lists() {
        let index = "spring:session:index:org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME:kim";
        check(
            &format!("sadd {index} 7 \"8\""),
            &[
                ("spring:session:sessions:7", Some("kim")),
                ("spring:session:sessions:8", Some("kim")),
            ],
        );
        check(
            &format!("srem {index} 7"),
            &[("spring:session:sessions:7", Some("Nobody"))],
        );
        check("hset spring:session:sessions:7 user kim", &[]);
    }
}
