//! The open intervals of one site.

use std::{collections::BTreeMap, mem, time::Duration};

use bongsu_sdk_model::{
    AppId, GaugeKind, IdentityMode, InstanceId, Scope, SessionEventKind, Tier, Timestamp,
    Transaction,
};
use bongsu_sdk_sketch::{Block, IdentityHash, IdentityKey, Peak, RollUp};

use crate::{
    live::Live,
    names::{Caps, Names},
    sliding::Sliding,
};

/// The window of `users.concurrent`.
const CONCURRENT: Duration = Duration::from_secs(300);
/// A minute is closed this long after its end, so that exporters' batches do not make two blocks of it.
const GRACE: Duration = Duration::from_secs(3);

/// How late a transaction may come and still be counted in its own interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// At most this long after it ended.
    Within(Duration),
    /// However late: for replaying old logs.
    Unlimited,
}

/// Adds transactions and samples up into 2-second and 1-minute blocks.
#[derive(Debug)]
pub struct Aggregator {
    key: IdentityKey,
    lateness: Lateness,
    names: Names,
    minutes: BTreeMap<Timestamp, Block>,
    live: Live,
    concurrent: [Sliding; 3],
    /// End of the last 2-second interval whose concurrent users were taken.
    slid_to: Timestamp,
}

impl Aggregator {
    /// An aggregator without data.
    #[must_use]
    pub fn new(key: IdentityKey, lateness: Lateness, caps: Caps) -> Self {
        Self {
            key,
            lateness,
            names: Names::new(caps),
            minutes: BTreeMap::new(),
            live: Live::default(),
            concurrent: IdentityMode::ALL.map(|_| Sliding::new(CONCURRENT)),
            slid_to: Timestamp::from_ms(i64::MIN),
        }
    }

    /// Counts one finished transaction into the interval in which it ended.
    pub fn add(&mut self, transaction: &Transaction, now: Timestamp) {
        let users = identities(&self.key, transaction);
        self.add_hashed(transaction, &users, now);
    }

    /// Counts one whose identities were hashed before, by [`identities`].
    pub fn add_hashed(
        &mut self,
        transaction: &Transaction,
        users: &[Option<IdentityHash>; 3],
        now: Timestamp,
    ) {
        if self.is_too_late(transaction.ended, now) {
            self.minute(now).entry(Scope::Site).counters.late_dropped += 1;
            return;
        }
        let app = self.names.app(&transaction.app);
        let instance = self.names.instance(&app, &transaction.instance);
        let url = self.names.url(&app, &transaction.url);
        let scopes = [
            Scope::Site,
            Scope::App(app.clone()),
            Scope::Instance(app.clone(), instance),
        ];
        if let Some(block) = self.live.block(transaction.ended, now) {
            for scope in &scopes {
                count(block.entry(scope.clone()), transaction, users);
            }
        }
        let block = self.minute(transaction.ended);
        for scope in scopes.into_iter().chain([Scope::Url(app, url)]) {
            count(block.entry(scope), transaction, users);
        }
    }

    /// Takes one sample of an instance's level.
    pub fn sample(
        &mut self,
        app: &AppId,
        instance: &InstanceId,
        kind: GaugeKind,
        value: f64,
        at: Timestamp,
        now: Timestamp,
    ) {
        let app = self.names.app(app);
        let instance = self.names.instance(&app, instance);
        self.sample_scope(&Scope::Instance(app, instance), kind, value, at, now);
    }

    /// Takes one sample of a level of the whole site, such as the number of sessions alive.
    pub fn sample_site(&mut self, kind: GaugeKind, value: f64, at: Timestamp, now: Timestamp) {
        self.sample_scope(&Scope::Site, kind, value, at, now);
    }

    /// Counts one event of the session store.
    pub fn add_session_event(&mut self, kind: SessionEventKind, at: Timestamp, now: Timestamp) {
        let bump = |block: &mut Block| {
            let counters = &mut block.entry(Scope::Site).counters;
            match kind {
                SessionEventKind::Created => counters.sessions_created += 1,
                SessionEventKind::Destroyed => counters.sessions_destroyed += 1,
                SessionEventKind::Expired => counters.sessions_expired += 1,
                SessionEventKind::Rejected => counters.sessions_rejected += 1,
            }
        };
        if let Some(block) = self.live.block(at, now) {
            bump(block);
        }
        bump(self.minute(at));
    }

    /// The minute that a transaction which ended at `ended` is counted into, if it comes at `now`.
    #[must_use]
    pub fn minute_of(&self, ended: Timestamp, now: Timestamp) -> Timestamp {
        let late = self.is_too_late(ended, now);
        Tier::Minute.floor(if late { now } else { ended })
    }

    /// Starts of the minutes that have something in them and are not closed.
    pub fn open_minutes(&self) -> impl Iterator<Item = Timestamp> {
        self.minutes.keys().copied()
    }

    /// Takes a live block of an earlier process, oldest first: its minute has been closed, so it only goes into
    /// the sliding window and the ring.
    pub fn restore_live(&mut self, block: Block) {
        let window = block.window();
        if let Some(site) = block.scopes.get(&Scope::Site) {
            for (mode, sliding) in IdentityMode::ALL.into_iter().zip(&mut self.concurrent) {
                if !site.users(mode).is_empty() {
                    sliding.push(window.from, window.to, site.users(mode));
                }
            }
        }
        self.slid_to = self.slid_to.max(window.to);
        self.live.restore(block);
    }

    /// Every live block.
    pub fn live(&self) -> impl Iterator<Item = &Block> {
        self.live.all()
    }

    /// Closes every minute that has ended; returns them oldest first. Call about once a second.
    pub fn close(&mut self, now: Timestamp) -> Vec<Block> {
        self.take_peaks(now);
        self.live.prune(now);
        let open_from = Tier::Minute.floor(now.minus(GRACE));
        let open = self.minutes.split_off(&open_from);
        mem::replace(&mut self.minutes, open)
            .into_values()
            .collect()
    }

    /// Closes everything, ended or not: for shutdown. A minute closed early continues as a second delta.
    pub fn drain(&mut self, now: Timestamp) -> Vec<Block> {
        self.take_peaks(now);
        mem::take(&mut self.minutes).into_values().collect()
    }

    /// Live 2-second blocks that changed lately, at most `limit`, oldest first. Each is the whole state of its
    /// interval, replaces what was told before, and is told four times: a lost pulse loses nothing.
    pub fn tell_changed_live(&mut self, limit: usize) -> Vec<Block> {
        self.live.tell_changed(limit)
    }

    /// Takes the concurrent users at the end of every 2-second interval that has ended and saw somebody.
    /// The count can only rise where somebody arrives, so the empty ones can't hold a peak.
    fn take_peaks(&mut self, now: Timestamp) {
        let until = Tier::TwoSeconds.floor(now);
        for start in self.live.starts(self.slid_to, until) {
            let Some(site) = self
                .live
                .at(start)
                .and_then(|block| block.scopes.get(&Scope::Site))
            else {
                continue;
            };
            let at = Tier::TwoSeconds.interval(start).to;
            let mut peaks = [None; 3];
            for (mode, (sliding, peak)) in IdentityMode::ALL
                .into_iter()
                .zip(self.concurrent.iter_mut().zip(&mut peaks))
            {
                if !site.users(mode).is_empty() {
                    *peak = Some(Peak {
                        users: sliding.push(start, at, site.users(mode)),
                        at,
                    });
                }
            }
            self.offer_peaks(start, peaks);
        }
        self.slid_to = self.slid_to.max(until);
    }

    /// Peaks of a minute that has been closed already ride on a delta of their own.
    fn offer_peaks(&mut self, start: Timestamp, peaks: [Option<Peak>; 3]) {
        let site = self.minute(start).entry(Scope::Site);
        for (mode, peak) in IdentityMode::ALL.into_iter().zip(peaks) {
            if let Some(peak) = peak {
                site.offer_peak(mode, peak);
            }
        }
    }

    fn sample_scope(
        &mut self,
        scope: &Scope,
        kind: GaugeKind,
        value: f64,
        at: Timestamp,
        now: Timestamp,
    ) {
        if self.is_too_late(at, now) {
            return;
        }
        if let Some(block) = self.live.block(at, now) {
            block
                .entry(scope.clone())
                .gauges
                .add_sample(kind, value, at);
        }
        self.minute(at)
            .entry(scope.clone())
            .gauges
            .add_sample(kind, value, at);
    }

    fn is_too_late(&self, at: Timestamp, now: Timestamp) -> bool {
        match self.lateness {
            Lateness::Unlimited => false,
            Lateness::Within(limit) => at < now.minus(limit),
        }
    }

    fn minute(&mut self, at: Timestamp) -> &mut Block {
        let start = Tier::Minute.floor(at);
        self.minutes
            .entry(start)
            .or_insert_with(|| Block::new(Tier::Minute, start))
    }
}

/// Who a transaction is of, by each way of telling people apart.
#[must_use]
pub fn identities(key: &IdentityKey, t: &Transaction) -> [Option<IdentityHash>; 3] {
    let hash = |mode, raw: &str| key.hash(mode, raw.as_bytes());
    [
        t.client
            .map(|client| hash(IdentityMode::Ip, &client.to_canonical().to_string())),
        t.session
            .as_ref()
            .map(|session| hash(IdentityMode::Session, session)),
        t.cookie
            .as_ref()
            .map(|cookie| hash(IdentityMode::Cookie, cookie)),
    ]
}

fn count(rollup: &mut RollUp, transaction: &Transaction, users: &[Option<IdentityHash>; 3]) {
    rollup.counters.add_transaction(transaction);
    rollup.durations.add(transaction.duration_us);
    for (mode, user) in IdentityMode::ALL.into_iter().zip(users) {
        if let Some(user) = user {
            rollup.users_mut(mode).insert(*user);
        }
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::UrlTemplate;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn aggregator(lateness: Lateness) -> Aggregator {
        let key = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
        Aggregator::new(key, lateness, Caps::default())
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn request(ended_ms: i64, cookie: &str) -> Transaction {
        Transaction {
            started: at(ended_ms - 20),
            ended: at(ended_ms),
            duration_us: 20_000,
            app: AppId::new("minwon").unwrap(),
            instance: InstanceId::new("was-1").unwrap(),
            url: UrlTemplate::new("/list").unwrap(),
            target: "/list".into(),
            method: "GET".into(),
            status: 200,
            failed: false,
            response_bytes: 10,
            sql_us: 0,
            external_us: 0,
            client: Some("203.0.113.9".parse().unwrap()),
            session: None,
            cookie: Some(cookie.into()),
            user: None,
            user_agent: None,
            trace_id: None,
            login: None,
        }
    }

    fn ten_minutes() -> Lateness {
        Lateness::Within(Duration::from_secs(600))
    }

    #[test]
    fn a_minute_closes_after_its_end_with_every_scope() {
        let mut aggregator = aggregator(ten_minutes());
        aggregator.add(&request(MINUTE - 1, "a"), at(MINUTE - 1));
        aggregator.add(&request(MINUTE, "b"), at(MINUTE));
        assert_eq!(aggregator.close(at(MINUTE + 2_000)), []);
        let closed = aggregator.close(at(MINUTE + 3_000));
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0].start, at(0));
        let counts: Vec<_> = closed[0]
            .scopes
            .iter()
            .map(|(s, r)| (s.to_string(), r.counters.requests))
            .collect();
        assert_eq!(
            counts,
            [
                ("site".to_owned(), 1),
                ("app minwon".to_owned(), 1),
                ("instance minwon/was-1".to_owned(), 1),
                ("url minwon /list".to_owned(), 1)
            ]
        );
    }

    #[test]
    fn late_data_makes_a_second_delta_and_very_late_data_is_counted_as_dropped() {
        let mut aggregator = aggregator(ten_minutes());
        aggregator.add(&request(1_000, "a"), at(1_000));
        let first = aggregator.close(at(2 * MINUTE));
        aggregator.add(&request(2_000, "b"), at(2 * MINUTE));
        aggregator.add(&request(3_000, "c"), at(11 * MINUTE));
        let second = aggregator.close(at(12 * MINUTE + 3_000));
        let requests = |blocks: &[Block]| -> Vec<(i64, u64, u64)> {
            blocks
                .iter()
                .map(|b| (b.start.as_ms(), &b.scopes[&Scope::Site].counters))
                .map(|(start, c)| (start, c.requests, c.late_dropped))
                .collect()
        };
        assert_eq!(requests(&first), [(0, 1, 0)]);
        assert_eq!(requests(&second), [(0, 1, 0), (11 * MINUTE, 0, 1)]);
    }

    #[test]
    fn replay_takes_any_age() {
        let mut aggregator = aggregator(Lateness::Unlimited);
        aggregator.add(&request(1_000, "a"), at(400 * 86_400_000));
        let closed = aggregator.close(at(400 * 86_400_000));
        assert_eq!(closed[0].start, at(0));
    }

    #[test]
    fn the_peak_of_concurrent_users_is_kept_with_its_instant() {
        let mut aggregator = aggregator(ten_minutes());
        for (ms, who) in [(1_000, "a"), (2_500, "b"), (2_600, "a"), (310_000, "c")] {
            aggregator.add(&request(ms, who), at(ms));
            aggregator.close(at(ms));
        }
        let mut all = aggregator.drain(at(320_000));
        all.extend(aggregator.drain(at(320_000)));
        let peaks: Vec<_> = all
            .iter()
            .filter_map(|b| b.scopes[&Scope::Site].peak(IdentityMode::Cookie))
            .map(|p| (p.users.round(), p.at.as_ms()))
            .collect();
        assert_eq!(peaks, [(1.0, 312_000)]);
    }

    #[test]
    fn live_blocks_are_whole_states_told_four_times() {
        let mut aggregator = aggregator(ten_minutes());
        let mut tell = |request: Option<Transaction>| -> Vec<u64> {
            if let Some(request) = request {
                aggregator.add(&request, request.ended);
            }
            let told = aggregator.tell_changed_live(10);
            told.iter()
                .map(|block| block.scopes[&Scope::Site].counters.requests)
                .collect()
        };
        assert_eq!(tell(Some(request(1_000, "a"))), [1]);
        assert_eq!(tell(Some(request(1_500, "b"))), [2]);
        assert_eq!(tell(Some(request(2_000, "b"))), [2, 1]);
        assert_eq!(
            [tell(None), tell(None), tell(None), tell(None)],
            [vec![2, 1], vec![2, 1], vec![1], vec![]]
        );
    }
}
