//! Where and whom: sites, applications, URLs, and the ids of users, sessions, servers and traces.

use bongsu_sdk_model::{InstanceId, UrlTemplate};

use super::{
    concept::{Concept, Cue, Noun},
    literal,
    reading::Reading,
    token::Kind,
};
use crate::{Cmp, Condition, Field, PlanScope, Slot, Value};

/// Places, subjects, and the conditions that names stand for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Places {
    pub(super) scope: PlanScope,
    pub(super) conditions: Vec<Condition>,
    /// What was pointed at without being named.
    pub(super) missing: Vec<Slot>,
    /// Something stands where an address should.
    pub(super) bad_address: bool,
}

/// Reads them all.
pub(super) fn read(reading: &Reading<'_>) -> Places {
    let mut places = Places::default();
    for (k, token) in reading.tokens.iter().enumerate() {
        match &token.kind {
            Kind::Word(Concept::Site(i)) => places
                .scope
                .sites
                .extend(reading.vocabulary.sites.get(*i).map(|site| site.id.clone())),
            Kind::Word(Concept::App(i)) => places
                .scope
                .apps
                .extend(reading.vocabulary.apps.get(*i).map(|app| app.id.clone())),
            Kind::Word(Concept::Alias(i)) => {
                if let Some((_, scope)) = reading.scopes.get(*i) {
                    merge(&mut places.scope, scope);
                }
            }
            Kind::Path(path) => places.scope.urls.extend(UrlTemplate::new(path).ok()),
            Kind::Ip(ip) => places.scope.ips.push(ip.clone()),
            Kind::BadIp => places.bad_address = true,
            Kind::Ident(name) => name_of(reading, k, name).put(name, &mut places),
            Kind::Quoted(name) => quoted(reading, k, name).put(name, &mut places),
            Kind::Unknown(name) if name.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                bare(reading, k).put(name, &mut places)
            }
            _ => {}
        }
    }
    tidy(&mut places.scope);
    places.missing = pointed_at(reading, &places.scope);
    places
}

/// Adds one scope's entries to another's.
pub(super) fn merge(scope: &mut PlanScope, more: &PlanScope) {
    scope.sites.extend(more.sites.iter().cloned());
    scope.apps.extend(more.apps.iter().cloned());
    scope.urls.extend(more.urls.iter().cloned());
    scope.users.extend(more.users.iter().cloned());
    scope.sessions.extend(more.sessions.iter().cloned());
    scope.ips.extend(more.ips.iter().cloned());
    scope.traces.extend(more.traces.iter().cloned());
    scope.instances.extend(more.instances.iter().cloned());
}

fn tidy(scope: &mut PlanScope) {
    fn once<T: PartialEq>(list: &mut Vec<T>) {
        let mut kept: Vec<T> = Vec::new();
        for entry in list.drain(..) {
            if !kept.contains(&entry) {
                kept.push(entry);
            }
        }
        *list = kept;
    }
    once(&mut scope.sites);
    once(&mut scope.apps);
    once(&mut scope.urls);
    once(&mut scope.users);
    once(&mut scope.instances);
}

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Session,
    Trace,
    Instance,
    Service,
    Group,
    Nothing,
}

impl Role {
    fn put(self, name: &str, places: &mut Places) {
        let condition = |field| Condition {
            field,
            cmp: Cmp::Eq,
            value: Value::Text(name.to_owned()),
        };
        match self {
            Self::User => places.scope.users.push(name.to_owned()),
            Self::Session => places.scope.sessions.push(name.to_owned()),
            Self::Trace => places.scope.traces.push(name.to_owned()),
            Self::Instance => places.scope.instances.extend(InstanceId::new(name).ok()),
            Self::Service => places.conditions.push(condition(Field::Service)),
            Self::Group => places.conditions.push(condition(Field::Group)),
            Self::Nothing => {}
        }
    }
}

/// The noun a name is told by gives its role.
const fn role_of(noun: Noun) -> Option<Role> {
    Some(match noun {
        Noun::User => Role::User,
        Noun::Session => Role::Session,
        Noun::Trace => Role::Trace,
        Noun::Server | Noun::Pod => Role::Instance,
        Noun::Service => Role::Service,
        Noun::Group => Role::Group,
        _ => return None,
    })
}

/// Prefixes that tell a server's name.
const SERVER_PREFIXES: &[&str] = &[
    "was", "web", "api", "node", "srv", "server", "host", "pod", "db", "worker", "app", "ap", "vm",
    "tomcat", "nginx",
];

/// By form first, then by the noun before, then by the noun behind; else a user.
fn name_of(reading: &Reading<'_>, k: usize, name: &str) -> Role {
    let low = name.to_ascii_lowercase();
    let before = noun_before(reading, k);
    let after = noun_after(reading, k);
    if low.starts_with("sess") {
        return Role::Session;
    }
    if before == Some(Noun::Trace)
        || (literal::is_hex_id(&low) && before != Some(Noun::Session) && before != Some(Noun::User))
    {
        return Role::Trace;
    }
    if let Some(Noun::Service | Noun::Group | Noun::Server | Noun::Pod) = after {
        return after.and_then(role_of).unwrap_or(Role::Nothing);
    }
    if let Some(role) = before
        .and_then(role_of)
        .or_else(|| after.and_then(role_of).filter(|role| *role == Role::User))
    {
        return role;
    }
    let head = low
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches(['-', '_']);
    if SERVER_PREFIXES.contains(&head) && head.len() < low.len() {
        return Role::Instance;
    }
    Role::User
}

/// Quoted text is a name only where a noun says of what.
fn quoted(reading: &Reading<'_>, k: usize, name: &str) -> Role {
    let after = noun_after(reading, k).and_then(role_of);
    if let Some(role @ (Role::Group | Role::Service | Role::Instance)) = after {
        let words: Vec<&str> = name.split_whitespace().collect();
        return if words.len() > 3 { Role::Nothing } else { role };
    }
    // "'재고 서비스'": the noun stands inside the quotes.
    if name.ends_with("서비스") || name.ends_with("service") {
        return Role::Nothing;
    }
    if name.contains(' ') {
        return Role::Nothing;
    }
    noun_before(reading, k)
        .and_then(role_of)
        .or(after)
        .unwrap_or_else(|| {
            if literal::names_something(name) {
                name_of(reading, k, name)
            } else {
                Role::Nothing
            }
        })
}

/// A plain word is a name only right behind "user", "session", "instance"…, or right before "group".
fn bare(reading: &Reading<'_>, k: usize) -> Role {
    let word = reading
        .get(k)
        .and_then(|token| reading.text.low.get(token.at..token.end))
        .unwrap_or_default();
    let asked = k.checked_sub(2).and_then(|i| reading.get(i)?.cue()) == Some(Cue::Which);
    if asked || VERBS.contains(&word) {
        return Role::Nothing;
    }
    let before = k
        .checked_sub(1)
        .filter(|i| reading.adjacent(*i, k))
        .and_then(|i| reading.get(i)?.noun());
    let direct = before
        .and_then(role_of)
        .filter(|role| !matches!(role, Role::Group | Role::Service | Role::Trace));
    let after = Some(k + 1)
        .filter(|i| reading.adjacent(k, *i))
        .and_then(|i| reading.get(i)?.noun());
    direct
        .or_else(|| {
            after
                .and_then(role_of)
                .filter(|role| matches!(role, Role::Group | Role::Service))
        })
        .unwrap_or(Role::Nothing)
}

/// English words that stand behind "user" or "session" without naming one.
const VERBS: &[&str] = &[
    "made",
    "makes",
    "make",
    "who",
    "that",
    "whose",
    "which",
    "with",
    "without",
    "has",
    "had",
    "have",
    "using",
    "from",
    "sent",
    "send",
    "generated",
    "generate",
    "caused",
    "called",
    "call",
    "calls",
    "saw",
    "sees",
    "see",
    "use",
    "used",
    "came",
    "come",
    "went",
    "got",
    "get",
    "gets",
    "as",
    "into",
    "can",
    "could",
    "may",
    "might",
    "should",
    "must",
    "not",
    "so",
    "if",
    "but",
    "or",
    "than",
    "via",
    "agent",
    "right",
    "were",
    "experienced",
    "hit",
    "hits",
    "hitting",
    "received",
    "spent",
    "stayed",
    "stay",
    "visited",
    "visit",
    "table",
    "data",
    "info",
    "information",
    "page",
    "base",
    "out",
    "off",
    "them",
    "all",
    "away",
    "down",
    "up",
    "out",
    "off",
    "them",
    "all",
    "away",
    "down",
    "up",
];

fn noun_before(reading: &Reading<'_>, k: usize) -> Option<Noun> {
    let mut nouns = (0..k)
        .rev()
        .take(2)
        .map_while(|i| reading.get(i))
        .filter(|token| !matches!(token.kind, Kind::Word(Concept::Filler)));
    nouns.next().and_then(super::token::Token::noun)
}

fn noun_after(reading: &Reading<'_>, k: usize) -> Option<Noun> {
    let next = k + 1;
    let close = reading.gap(k, next).chars().count() <= 4;
    reading
        .get(next)
        .filter(|_| close)
        .and_then(super::token::Token::noun)
}

/// "이 사용자", "that IP": the slots of nouns pointed at that nothing names.
fn pointed_at(reading: &Reading<'_>, scope: &PlanScope) -> Vec<Slot> {
    let mut missing = Vec::new();
    for (k, _) in reading
        .tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.cue() == Some(Cue::Deictic))
    {
        let next = reading.content_after(k).filter(|next| next - k <= 2);
        let Some(noun) = next
            .filter(|next| reading.gap(k, *next).trim().is_empty() || reading.adjacent(k, *next))
            .and_then(|next| reading.get(next)?.noun())
        else {
            continue;
        };
        let slot = match noun {
            Noun::User if scope.users.is_empty() => Slot::User,
            Noun::Session if scope.sessions.is_empty() && scope.users.is_empty() => Slot::Session,
            Noun::Url if scope.urls.is_empty() => Slot::Url,
            Noun::Ip if scope.ips.is_empty() => Slot::Cidr,
            Noun::App | Noun::Service | Noun::Pod if scope.apps.is_empty() => Slot::App,
            Noun::Region if scope.sites.is_empty() => Slot::Site,
            Noun::Transaction | Noun::Trace if scope.traces.is_empty() => Slot::Trace,
            _ => continue,
        };
        if !missing.contains(&slot) {
            missing.push(slot);
        }
    }
    missing
}
