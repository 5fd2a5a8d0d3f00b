//! What was seen lately, so that a rule can be tried before it holds.
//!
//! A bounded sample of the last hour, in memory only; it leaves this file as counts.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::IpAddr,
    sync::Mutex,
    time::Duration,
};

use bongsu_sdk_model::Timestamp;
use serde::Serialize;

use crate::rule::{Compiled, Seen};

/// Requests remembered.
const REMEMBERED: usize = 8_192;
/// Requests remembered of one second, so that the sample covers more than the last moment.
const PER_SECOND: u32 = 64;
/// How far back a rule is tried.
const LATELY: Duration = Duration::from_secs(3_600);
const LONGEST: usize = 256;
/// Most paths told.
const PATHS: usize = 5;

/// What a rule would have done to the requests that were seen lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Impact {
    /// Requests it was tried on: a sample of the last hour.
    pub sampled: usize,
    /// Those that fit.
    pub fitting: usize,
    /// Users among these, where known.
    pub users: usize,
    /// Sessions among these.
    pub sessions: usize,
    /// Addresses among these.
    pub addresses: usize,
    /// The paths most touched, with their requests.
    pub paths: Vec<(String, usize)>,
}

#[derive(Debug)]
struct Remembered {
    at: Timestamp,
    app: Option<Box<str>>,
    method: Box<str>,
    path: Box<str>,
    agent: Box<str>,
    client: Option<IpAddr>,
    user: Option<Box<str>>,
    session: Option<Box<str>>,
}

#[derive(Debug, Default)]
struct Lately {
    requests: VecDeque<Remembered>,
    second: i64,
    in_second: u32,
}

/// The sample.
#[derive(Debug, Default)]
pub(crate) struct Sample(Mutex<Lately>);

impl Sample {
    /// Remembers a request unless its second has enough of them, or somebody else is remembering.
    pub(crate) fn remember(&self, seen: &Seen<'_>, now: Timestamp) {
        let Ok(mut lately) = self.0.try_lock() else {
            return;
        };
        let second = now.as_ms().div_euclid(1_000);
        if second != lately.second {
            (lately.second, lately.in_second) = (second, 0);
        }
        lately.in_second += 1;
        if lately.in_second > PER_SECOND {
            return;
        }
        if lately.requests.len() >= REMEMBERED {
            lately.requests.pop_front();
        }
        lately.requests.push_back(Remembered {
            at: now,
            app: seen.app.map(short),
            method: short(seen.method),
            path: short(seen.path),
            agent: short(seen.agent),
            client: seen.client,
            user: seen.user.map(short),
            session: seen.session.map(short),
        });
    }

    /// Tries a rule.
    pub(crate) fn impact(&self, rule: &Compiled, now: Timestamp) -> Impact {
        let lately = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let requests = lately
            .requests
            .iter()
            .filter(|request| now.since(request.at) <= LATELY);
        let mut impact = Impact {
            sampled: 0,
            fitting: 0,
            users: 0,
            sessions: 0,
            addresses: 0,
            paths: Vec::new(),
        };
        let (mut users, mut sessions, mut addresses) =
            (HashSet::new(), HashSet::new(), HashSet::new());
        let mut paths: HashMap<&str, usize> = HashMap::new();
        for request in requests {
            impact.sampled += 1;
            if !rule.fits(&request.seen()) {
                continue;
            }
            impact.fitting += 1;
            users.extend(request.user.as_deref());
            sessions.extend(request.session.as_deref());
            addresses.extend(request.client);
            *paths.entry(&request.path).or_default() += 1;
        }
        (impact.users, impact.sessions, impact.addresses) =
            (users.len(), sessions.len(), addresses.len());
        let mut paths: Vec<_> = paths
            .into_iter()
            .map(|(path, count)| (path.to_owned(), count))
            .collect();
        paths.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        paths.truncate(PATHS);
        impact.paths = paths;
        impact
    }
}

impl Remembered {
    fn seen(&self) -> Seen<'_> {
        Seen {
            app: self.app.as_deref(),
            method: &self.method,
            path: &self.path,
            agent: &self.agent,
            client: self.client,
            user: self.user.as_deref(),
            session: self.session.as_deref(),
        }
    }
}

fn short(text: &str) -> Box<str> {
    let end = (0..=LONGEST.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().into()
}
