//! The site of the figures: 10 applications with 200 URLs each, 5 000 concurrent users.
//!
//! A user stays 8 minutes in one application and makes a request every 10 seconds on average; who leaves is
//! followed by another. So 5 000 are there at any time, `users.concurrent` is about 5 000 and more, and
//! 30 000 requests a minute reach 2 000 URLs, the popular ones more often (Zipf). Identities: each user has a
//! cookie, a session and an address. Everything follows from a seed.

use std::{net::Ipv4Addr, time::Duration};

use bongsu_sdk_model::{AppId, InstanceId, Timestamp, Transaction, UrlTemplate};

pub(crate) const APPS: usize = 10;
const INSTANCES: usize = 2;
const USERS: usize = 5_000;
/// Requests per user and minute.
const PACE: f64 = 6.0;
const STAY_S: f64 = 480.0;

/// Extent of a site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) urls: usize,
    pub(crate) users: usize,
}

impl Extent {
    /// 10 applications × 200 URLs, 5 000 concurrent users.
    pub(crate) const LARGE: Self = Self {
        urls: 200,
        users: USERS,
    };
}

#[derive(Debug, Clone, Copy)]
struct User {
    number: u64,
    app: usize,
    leaves_s: f64,
}

/// Makes one minute of transactions after the other.
#[derive(Debug)]
pub(crate) struct Site {
    random: fastrand::Rng,
    users: Vec<User>,
    next_user: u64,
    urls: Vec<Vec<UrlTemplate>>,
    apps: Vec<AppId>,
    instances: Vec<InstanceId>,
    extent: Extent,
}

impl Site {
    pub(crate) fn new(extent: Extent, seed: u64) -> Self {
        let apps: Vec<AppId> = (0..APPS)
            .map(|n| AppId::new(&format!("app-{n}")).expect("a name"))
            .collect();
        let url = |app: usize, n: usize| {
            UrlTemplate::new(&format!("/service-{app}/area-{}/page-{n}", n % 17)).expect("a URL")
        };
        let mut site = Self {
            random: fastrand::Rng::with_seed(seed),
            users: Vec::new(),
            next_user: seed << 32,
            urls: (0..APPS)
                .map(|app| (0..extent.urls).map(|n| url(app, n)).collect())
                .collect(),
            apps,
            instances: (0..INSTANCES)
                .map(|n| InstanceId::new(&format!("was-{n}")).expect("a name"))
                .collect(),
            extent,
        };
        for _ in 0..extent.users {
            let user = site.arrive(0.0);
            site.users.push(user);
        }
        site
    }

    /// All transactions that end in the minute from `start`.
    pub(crate) fn minute(&mut self, start: Timestamp) -> Vec<Transaction> {
        let begin_s = start.as_ms() as f64 / 1_000.0;
        let requests = (self.extent.users as f64 * PACE) as usize;
        let mut transactions = Vec::with_capacity(requests);
        for n in 0..requests {
            let offset_s = n as f64 * 60.0 / requests as f64;
            let which = self.random.usize(..self.users.len());
            if self.users[which].leaves_s < begin_s + offset_s {
                self.users[which] = self.arrive(begin_s + offset_s);
            }
            let ended = start.plus(Duration::from_micros((offset_s * 1e6) as u64));
            transactions.push(self.transaction(self.users[which], ended));
        }
        transactions
    }

    fn arrive(&mut self, now_s: f64) -> User {
        self.next_user += 1;
        // Exponential, as departures are.
        let stay = -STAY_S * (1.0 - self.random.f64()).ln();
        User {
            number: self.next_user,
            app: self.random.usize(..APPS),
            leaves_s: if now_s == 0.0 { 0.0 } else { now_s } + stay,
        }
    }

    fn transaction(&mut self, user: User, ended: Timestamp) -> Transaction {
        let urls = &self.urls[user.app];
        // Zipf with exponent 1, by inversion.
        let rank = (urls.len() as f64).powf(self.random.f64()) as usize;
        let duration_us = (20_000.0 * (-(1.0 - self.random.f64()).ln()) + 3_000.0) as u64;
        let failed = self.random.u32(..1_000) == 0;
        Transaction {
            started: ended.minus(Duration::from_micros(duration_us)),
            ended,
            duration_us,
            app: self.apps[user.app].clone(),
            instance: self.instances[user.number as usize % INSTANCES].clone(),
            url: urls[(rank - 1).min(urls.len() - 1)].clone(),
            target: String::new(),
            method: "GET".into(),
            status: if failed { 500 } else { 200 },
            failed,
            response_bytes: self.random.u64(500..40_000),
            sql_us: duration_us / 3,
            external_us: duration_us / 5,
            client: Some(Ipv4Addr::from_bits(user.number as u32 ^ 0x0a00_0000).into()),
            session: Some(format!("session-{}", user.number)),
            cookie: Some(format!("cookie-{}", user.number)),
            user: None,
            user_agent: None,
            trace_id: None,
            login: None,
        }
    }
}
