//! Accounts, sessions and tokens. Passwords are kept as argon2 hashes, sessions and tokens as digests.
//!
//! Signing in takes the same time whether or not there is such an account, and says the same. After some wrong
//! passwords in a row the account is locked for a while; attempts from one address are limited, so that many
//! accounts cannot be tried.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bongsu_sdk_model::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Config, Error, Grant, Permit, Person, Role, Who, secret};

/// Shortest password a person may choose.
const SHORTEST: usize = 12;
const LONGEST: usize = 256;
/// Attempts from one address within [`ATTEMPTS_IN`].
const ATTEMPTS: u32 = 30;
const ATTEMPTS_IN: Duration = Duration::from_secs(300);
/// Addresses and sessions remembered; beyond, the oldest are forgotten.
const REMEMBERED: usize = 10_000;
/// What a token begins with, so that scanners of leaked secrets know it.
const TOKEN: &str = "bongsu_";

/// The outcome of an attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// In, with the secret of the new session.
    In {
        /// The cookie's value.
        secret: String,
        /// Must choose a password first.
        must_change: bool,
    },
    /// No such account or another password.
    Wrong,
    /// The account is locked until then.
    Locked(Timestamp),
    /// Too many attempts from this address.
    TooMany,
}

/// A session.
#[derive(Debug, Clone)]
pub struct Session {
    name: String,
    since: Timestamp,
    used: Timestamp,
}

/// A token for a program; its secret is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Names it.
    pub id: String,
    /// Whose: it may do no more than he may.
    pub owner: String,
    /// What for.
    pub label: String,
    /// What it may do.
    pub scopes: Vec<Permit>,
    /// Until when.
    pub expires: Timestamp,
}

/// Accounts, sessions, tokens.
#[derive(Debug)]
pub struct People {
    people: sled::Tree,
    tokens: sled::Tree,
    config: Config,
    sessions: Mutex<HashMap<String, Session>>,
    attempts: Mutex<HashMap<String, (Timestamp, u32)>>,
    /// One change of accounts at a time.
    changing: Mutex<()>,
}

impl People {
    pub(crate) fn open(db: &sled::Db, config: &Config) -> Result<Self, Error> {
        let failed = |error| Error::store("people", error);
        Ok(Self {
            people: db.open_tree("people").map_err(failed)?,
            tokens: db.open_tree("tokens").map_err(failed)?,
            config: config.clone(),
            sessions: Mutex::default(),
            attempts: Mutex::default(),
            changing: Mutex::default(),
        })
    }

    /// Makes the first administrator if there is nobody; gives his one-time password.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn first(&self, now: Timestamp) -> Result<Option<String>, Error> {
        if !self.people.is_empty() {
            return Ok(None);
        }
        self.add("admin", vec![Grant::everywhere(Role::Admin)], now)
            .map(Some)
    }

    /// Adds an account; gives its one-time password.
    ///
    /// # Errors
    /// [`Error::Refused`] if there is such an account, or the name can't be one.
    pub fn add(&self, name: &str, grants: Vec<Grant>, now: Timestamp) -> Result<String, Error> {
        let is_name = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.@".contains(&byte)
            });
        if !is_name {
            return Err(Error::Refused(format!(
                "`{name}` is no name, hint: up to 64 of a-z, 0-9, `-`, `_`, `.`, `@`"
            )));
        }
        let password = secret::one_time()?;
        let hash = secret::hash(&password)?;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if read::<Person>(&self.people, name)?.is_some() {
            return Err(Error::Refused(format!(
                "there is an account `{name}` already"
            )));
        }
        let person = Person {
            name: name.to_owned(),
            grants,
            must_change: true,
            disabled: false,
            created: now,
            failures: 0,
            locked_until: None,
            hash,
        };
        self.write(&person)?;
        Ok(password)
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn all(&self) -> Result<Vec<Person>, Error> {
        all(&self.people)
    }

    /// Changes what an account may do; ends its sessions if it may not sign in any more.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Refused`] if nobody would be left to manage people.
    pub fn set(
        &self,
        name: &str,
        grants: Option<Vec<Grant>>,
        disabled: Option<bool>,
    ) -> Result<Person, Error> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut person = self.person(name)?;
        person.grants = grants.unwrap_or(person.grants);
        person.disabled = disabled.unwrap_or(person.disabled);
        let manages = |person: &Person| {
            !person.disabled
                && person
                    .grants
                    .iter()
                    .any(|grant| grant.role == Role::Admin && grant.sites.is_empty())
        };
        let others = self
            .all()?
            .iter()
            .any(|other| other.name != name && manages(other));
        if !manages(&person) && !others {
            return Err(Error::Refused(
                "nobody would be left to manage people".to_owned(),
            ));
        }
        self.write(&person)?;
        if person.disabled {
            self.end_sessions(name, None);
        }
        Ok(person)
    }

    /// Gives an account a new one-time password, unlocks it and ends its sessions.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn reset(&self, name: &str) -> Result<String, Error> {
        let password = secret::one_time()?;
        let hash = secret::hash(&password)?;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let person = self.person(name)?;
        self.write(&Person {
            hash,
            must_change: true,
            failures: 0,
            locked_until: None,
            ..person
        })?;
        self.end_sessions(name, None);
        Ok(password)
    }

    /// Chooses a password; every other session of the account ends.
    ///
    /// # Errors
    /// [`Error::Refused`] if the old one is wrong or the new one too easy.
    pub fn choose(
        &self,
        name: &str,
        old: &str,
        new: &str,
        session: Option<&str>,
    ) -> Result<(), Error> {
        let length = new.chars().count();
        if !(SHORTEST..=LONGEST).contains(&length) || new == old || new.contains(name) {
            let what = format!(
                "a password has {SHORTEST} to {LONGEST} characters, is new, and does not hold the name"
            );
            return Err(Error::Refused(what));
        }
        let hash = secret::hash(new)?;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let person = self.person(name)?;
        if !secret::matches(old, &person.hash) {
            return Err(Error::Refused("the present password is another".to_owned()));
        }
        self.write(&Person {
            hash,
            must_change: false,
            ..person
        })?;
        self.end_sessions(name, session);
        Ok(())
    }

    /// Tries to sign in. Takes some ten milliseconds of one core.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: &str,
        now: Timestamp,
    ) -> Result<SignIn, Error> {
        if !self.may_try(address, now) || password.len() > 4 * LONGEST {
            return Ok(SignIn::TooMany);
        }
        let found = read::<Person>(&self.people, name)?;
        // A hash that nothing matches: an unknown name takes as long as a known one.
        let hash = found.as_ref().map_or(NOBODY, |person| &person.hash);
        let matches = secret::matches(password, hash);
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut person) = read::<Person>(&self.people, name)? else {
            return Ok(SignIn::Wrong);
        };
        if let Some(until) = person.locked_until.filter(|until| now < *until) {
            return Ok(SignIn::Locked(until));
        }
        if !matches
            || person.disabled
            || Some(&person.hash) != found.as_ref().map(|found| &found.hash)
        {
            person.failures += 1;
            if person.failures >= self.config.lock_after {
                person.failures = 0;
                person.locked_until = Some(now.plus(self.config.lock_for));
            }
            self.write(&person)?;
            return Ok(SignIn::Wrong);
        }
        if person.failures > 0 || person.locked_until.is_some() {
            person.failures = 0;
            person.locked_until = None;
            self.write(&person)?;
        }
        let secret = secret::random()?;
        let session = Session {
            name: name.to_owned(),
            since: now,
            used: now,
        };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut sessions, |session| session.used);
        sessions.insert(secret::kept(&secret), session);
        Ok(SignIn::In {
            secret,
            must_change: person.must_change,
        })
    }

    fn may_try(&self, address: &str, now: Timestamp) -> bool {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut attempts, |(since, _)| *since);
        let (since, count) = attempts.entry(address.to_owned()).or_insert((now, 0));
        if now < *since || now.since(*since) >= ATTEMPTS_IN {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= ATTEMPTS
    }

    /// Who a session's secret or a token is of.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn who(&self, secret: &str, now: Timestamp) -> Result<Option<Who>, Error> {
        if secret.starts_with(TOKEN) {
            return self.who_by_token(secret, now);
        }
        let name = {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = secret::kept(secret);
            let Some(session) = sessions.get_mut(&kept) else {
                return Ok(None);
            };
            let is_over = now.since(session.used) > self.config.session_idle
                || now.since(session.since) > self.config.session_max;
            if is_over {
                sessions.remove(&kept);
                return Ok(None);
            }
            session.used = now;
            session.name.clone()
        };
        self.as_now(&name, None)
    }

    fn who_by_token(&self, secret: &str, now: Timestamp) -> Result<Option<Who>, Error> {
        let token = read::<Token>(&self.tokens, &secret::kept(secret))?;
        match token.filter(|token| now < token.expires) {
            Some(token) => self.as_now(&token.owner, Some(token.scopes)),
            None => Ok(None),
        }
    }

    /// What an account may do now, not when it signed in.
    fn as_now(&self, name: &str, scopes: Option<Vec<Permit>>) -> Result<Option<Who>, Error> {
        let person = read::<Person>(&self.people, name)?.filter(|person| !person.disabled);
        Ok(person.map(|person| Who {
            name: person.name,
            grants: person.grants,
            scopes,
            must_change: person.must_change,
        }))
    }

    /// Ends the session of this secret.
    pub fn sign_out(&self, secret: &str) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&secret::kept(secret));
    }

    fn end_sessions(&self, name: &str, but: Option<&str>) {
        let but = but.map(secret::kept);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|kept, session| session.name != name || Some(kept) == but.as_ref());
    }

    /// Makes a token; gives it with its secret.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn add_token(
        &self,
        owner: &str,
        label: &str,
        scopes: Vec<Permit>,
        expires: Timestamp,
    ) -> Result<(Token, String), Error> {
        let secret = format!("{TOKEN}{}", secret::random()?);
        let kept = secret::kept(&secret);
        let id = kept.get(..12).unwrap_or_default().to_owned();
        let label = label.chars().take(100).collect();
        let token = Token {
            id,
            owner: owner.to_owned(),
            label,
            scopes,
            expires,
        };
        write(&self.tokens, &kept, &token)?;
        Ok((token, secret))
    }

    /// Every token.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn tokens(&self) -> Result<Vec<Token>, Error> {
        all(&self.tokens)
    }

    /// Ends a token.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn remove_token(&self, id: &str) -> Result<Token, Error> {
        let failed = |error| Error::store("tokens", error);
        for entry in self.tokens.scan_prefix(id) {
            let (kept, json) = entry.map_err(failed)?;
            let token: Token =
                serde_json::from_slice(&json).map_err(|error| Error::store("tokens", error))?;
            if token.id == id {
                self.tokens.remove(kept).map_err(failed)?;
                self.tokens.flush().map_err(failed)?;
                return Ok(token);
            }
        }
        Err(Error::Missing(format!("token `{id}`")))
    }

    fn person(&self, name: &str) -> Result<Person, Error> {
        read(&self.people, name)?.ok_or_else(|| Error::Missing(format!("account `{name}`")))
    }

    fn write(&self, person: &Person) -> Result<(), Error> {
        write(&self.people, &person.name, person)
    }
}

/// The hash of a password that was thrown away.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YmVhY29uLW5vLW9uZQ$8vY3m0Qq1o7k3W2t8s5F0c9b6Z4x1u7J2h5d8g3a6Yk";

/// Forgets the oldest tenth when there is no room.
fn make_room<T>(held: &mut HashMap<String, T>, age: impl Fn(&T) -> Timestamp) {
    if held.len() < REMEMBERED {
        return;
    }
    let mut ages: Vec<Timestamp> = held.values().map(&age).collect();
    ages.sort_unstable();
    if let Some(limit) = ages.get(REMEMBERED / 10).copied() {
        held.retain(|_, value| age(value) > limit);
    }
}

pub(crate) fn read<T: DeserializeOwned>(tree: &sled::Tree, key: &str) -> Result<Option<T>, Error> {
    let place = "the control store";
    let found = tree.get(key).map_err(|error| Error::store(place, error))?;
    let read = found.map(|json| serde_json::from_slice(&json)).transpose();
    read.map_err(|error| Error::store(place, error))
}

pub(crate) fn write<T: Serialize>(tree: &sled::Tree, key: &str, value: &T) -> Result<(), Error> {
    let place = "the control store";
    let json = serde_json::to_vec(value).map_err(|error| Error::store(place, error))?;
    tree.insert(key, json)
        .map_err(|error| Error::store(place, error))?;
    tree.flush()
        .map_err(|error| Error::store(place, error))
        .map(|_| ())
}

pub(crate) fn all<T: DeserializeOwned>(tree: &sled::Tree) -> Result<Vec<T>, Error> {
    let place = "the control store";
    let read = |entry: sled::Result<(sled::IVec, sled::IVec)>| {
        let (_, json) = entry.map_err(|error| Error::store(place, error))?;
        serde_json::from_slice(&json).map_err(|error| Error::store(place, error))
    };
    tree.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_costs_a_whole_verification() {
        argon2::PasswordHash::new(NOBODY).unwrap();
        assert!(!secret::matches("", NOBODY));
    }
}
