//! An edge's spool and a center's store in memory, certificates in a directory, and the two drivers between
//! them on real sockets.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bongsu_center_receive::{self as receive, Inbox, InboxError, Link, Loss, Sites, ca::Ca};
use bongsu_edge_ship::{self as ship, Downlink, Outbox, OutboxError};
use bongsu_sdk_model::{Clock, ManualClock, SiteId, Timestamp};
use bongsu_sdk_wire::{Payload, Pulse, SendWindow};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};

/// Nothing here takes long; what does not happen in this time does not happen.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What the clocks of edges and centers show.
pub(crate) const NOON: Timestamp = Timestamp::from_ms(1_700_017_200_000);

pub(crate) fn site(name: &str) -> SiteId {
    SiteId::new(name).unwrap()
}

/// TLS libraries look at the real time, so certificates need it too.
pub(crate) fn real_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap())
}

/// A spool whose payloads are made when they are read.
pub(crate) struct MemoryOutbox {
    held: Mutex<std::ops::Range<u64>>,
    payload: fn(u64) -> Vec<u8>,
}

impl MemoryOutbox {
    pub(crate) fn with(batches: u64, payload: fn(u64) -> Vec<u8>) -> Arc<Self> {
        Arc::new(Self {
            held: Mutex::new(1..batches + 1),
            payload,
        })
    }

    pub(crate) fn produce(&self, batches: u64) {
        self.held.lock().unwrap().end += batches;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held.lock().unwrap().is_empty()
    }
}

/// A payload of a typical size that says which one it is.
pub(crate) fn roll_up(sequence: u64) -> Vec<u8> {
    let mut block = vec![0x5a; 2_000];
    block[..8].copy_from_slice(&sequence.to_be_bytes());
    Payload::RollUps(block).encode().unwrap()
}

impl Outbox for MemoryOutbox {
    fn epoch(&self) -> u64 {
        7
    }

    fn oldest(&self) -> Result<u64, OutboxError> {
        Ok(self.held.lock().unwrap().start)
    }

    fn read_after(
        &self,
        sequence: u64,
        max_bytes: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, OutboxError> {
        let held = self.held.lock().unwrap().clone();
        let mut bytes = 0;
        Ok((held.start.max(sequence + 1)..held.end)
            .map(|sequence| (sequence, (self.payload)(sequence)))
            .take_while(|(_, payload)| {
                let first = bytes == 0;
                bytes += payload.len();
                first || bytes <= max_bytes
            })
            .collect())
    }

    fn acknowledged(&self, through: u64) -> Result<(), OutboxError> {
        let mut held = self.held.lock().unwrap();
        if through >= held.end {
            return Err(OutboxError::new("acknowledged what was never given out"));
        }
        held.start = held.start.max(through + 1);
        Ok(())
    }
}

/// What a center knows of one site.
#[derive(Debug, Default, Clone)]
pub(crate) struct Known {
    pub(crate) position: u64,
    /// How often each sequence was applied.
    pub(crate) applied: BTreeMap<u64, u32>,
    pub(crate) lost: Vec<(u64, Loss)>,
    pub(crate) pulses: Vec<Pulse>,
    pub(crate) connections: u32,
    pub(crate) connected: bool,
    pub(crate) clock_offset_ms: i64,
}

/// A store that doubles whatever is given to it twice, so that a test can see it.
#[derive(Default)]
pub(crate) struct MemoryInbox {
    known: watch::Sender<BTreeMap<SiteId, Known>>,
    /// How many of the next transactions fail.
    pub(crate) failures: Mutex<u32>,
}

impl MemoryInbox {
    /// Waits until what is known of a site is as `condition` wants it.
    pub(crate) async fn until(&self, site: &SiteId, condition: impl Fn(&Known) -> bool) -> Known {
        let mut known = self.known.subscribe();
        let reached = known.wait_for(|known| known.get(site).is_some_and(&condition));
        match tokio::time::timeout(LIMIT, reached).await {
            Ok(known) => known.unwrap()[site].clone(),
            Err(_) => panic!("{site} never got there: {:?}", self.of(site)),
        }
    }

    pub(crate) fn of(&self, site: &SiteId) -> Known {
        self.known.borrow().get(site).cloned().unwrap_or_default()
    }

    fn change(&self, site: &SiteId, change: impl FnOnce(&mut Known)) {
        self.known
            .send_modify(|known| change(known.entry(site.clone()).or_default()));
    }
}

impl Inbox for MemoryInbox {
    fn position(&self, site: &SiteId, epoch: u64) -> Result<u64, InboxError> {
        assert_eq!(epoch, 7);
        Ok(self.of(site).position)
    }

    fn apply(
        &self,
        site: &SiteId,
        _: u64,
        batches: Vec<(u64, Payload)>,
    ) -> Result<u64, InboxError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(InboxError::new("the disk is on fire"));
        }
        let last = batches.last().unwrap().0;
        self.change(site, |known| {
            for (sequence, payload) in &batches {
                let Payload::RollUps(block) = payload else {
                    panic!("{payload:?}")
                };
                assert_eq!(block[..8], sequence.to_be_bytes());
                *known.applied.entry(*sequence).or_default() += 1;
            }
            known.position = last;
        });
        Ok(last)
    }

    fn skip(&self, site: &SiteId, _: u64, through: u64, why: Loss) -> Result<(), InboxError> {
        self.change(site, |known| {
            known.lost.push((through, why));
            known.position = through;
        });
        Ok(())
    }

    fn pulse(&self, site: &SiteId, pulse: Pulse, _: Timestamp) {
        self.change(site, |known| known.pulses.push(pulse));
    }

    fn connected(&self, site: &SiteId, link: Link) {
        self.change(site, |known| {
            assert!(!known.connected, "the last connection has not ended");
            known.connections += 1;
            known.connected = true;
            known.clock_offset_ms = link.clock_offset_ms;
        });
    }

    fn disconnected(&self, site: &SiteId, _: Timestamp) {
        self.change(site, |known| known.connected = false);
    }
}

/// An authority with a center's certificate and as many edges' as are asked for.
pub(crate) struct Pki {
    pub(crate) directory: TempDir,
    ca: Ca,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ca = Ca::create(directory.path(), real_now()).unwrap();
        let center = ca
            .issue_center(&["127.0.0.1".to_owned()], real_now())
            .unwrap();
        center.write(directory.path(), "center").unwrap();
        Self { directory, ca }
    }

    /// Makes an edge's certificate if it has none yet.
    pub(crate) fn edge(&self, name: &str) -> &Path {
        if !self.directory.path().join(format!("{name}.pem")).exists() {
            let edge = self.ca.issue_edge(&site(name), real_now()).unwrap();
            edge.write(self.directory.path(), name).unwrap();
        }
        self.directory.path()
    }

    pub(crate) fn receive(&self) -> receive::Config {
        let directory = self.directory.path();
        receive::Config {
            bind: (Ipv4Addr::LOCALHOST, 0).into(),
            ca: directory.join("ca.pem"),
            ca_key: directory.join("ca.key"),
            certificate_life: Duration::from_secs(86_400),
            cert: directory.join("center.pem"),
            key: directory.join("center.key"),
            connections: 64,
            hello_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            transaction_bytes: 4 << 20,
            grace: Duration::from_secs(5),
        }
    }

    pub(crate) fn ship(&self, certificate: &str, center: SocketAddr) -> ship::Config {
        let directory = self.edge(certificate);
        ship::Config {
            center: center.to_string(),
            server_name: "127.0.0.1".to_owned(),
            ca: directory.join("ca.pem"),
            cert: directory.join(format!("{certificate}.pem")),
            key: directory.join(format!("{certificate}.key")),
            backoff_min: Duration::from_millis(5),
            backoff_max: Duration::from_millis(50),
            connect_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_millis(200),
            idle_timeout: Duration::from_secs(30),
            window: SendWindow {
                batches: 8_192,
                bytes: 16 << 20,
            },
            max_kbps: None,
        }
    }
}

pub(crate) async fn center(config: receive::Config, inbox: &Arc<MemoryInbox>) -> receive::Handle {
    static CENTERS: AtomicUsize = AtomicUsize::new(0);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOON));
    // Beside the certificates, which outlive the center.
    let number = CENTERS.fetch_add(1, Ordering::Relaxed);
    let directory = config.ca.with_file_name(format!("sites-{number}"));
    let sites = Sites::open(&directory, Arc::clone(&clock)).unwrap();
    center_of(config, inbox, clock, &sites).await
}

/// A center with sites that the test holds, too.
pub(crate) async fn center_of(
    config: receive::Config,
    inbox: &Arc<MemoryInbox>,
    clock: Arc<dyn Clock>,
    sites: &Sites,
) -> receive::Handle {
    let inbox = Arc::clone(inbox) as Arc<dyn Inbox>;
    receive::bind(config, clock, inbox, sites.clone())
        .await
        .unwrap()
}

/// The real time, as certificates need it.
pub(crate) struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        real_now()
    }
}

/// A running edge.
pub(crate) struct Edge {
    pub(crate) handle: ship::Handle,
    pub(crate) outbox: Arc<MemoryOutbox>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) pulses: watch::Sender<Option<Pulse>>,
}

impl Edge {
    pub(crate) fn start(config: ship::Config, name: &str, outbox: &Arc<MemoryOutbox>) -> Self {
        Self::start_at(config, name, outbox, NOON)
    }

    pub(crate) fn start_at(
        config: ship::Config,
        name: &str,
        outbox: &Arc<MemoryOutbox>,
        now: Timestamp,
    ) -> Self {
        let orders = tempfile::tempdir().unwrap();
        let downlink = Downlink::open(orders.path(), now).unwrap();
        Self::start_with(config, name, outbox, now, downlink)
    }

    pub(crate) fn start_with(
        config: ship::Config,
        name: &str,
        outbox: &Arc<MemoryOutbox>,
        now: Timestamp,
        downlink: Downlink,
    ) -> Self {
        let (wake, (pulses, pulses_out)) = (Arc::new(Notify::new()), watch::channel(None));
        let handle = ship::start(
            config,
            site(name),
            Arc::new(ManualClock::at(now)) as Arc<dyn Clock>,
            Arc::clone(outbox) as Arc<dyn Outbox>,
            Arc::clone(&wake),
            pulses_out,
            downlink,
        );
        Self {
            handle: handle.unwrap(),
            outbox: Arc::clone(outbox),
            wake,
            pulses,
        }
    }

    pub(crate) fn produce(&self, batches: u64) {
        self.outbox.produce(batches);
        self.wake.notify_one();
    }

    pub(crate) async fn until(&self, condition: impl Fn(&ship::Status) -> bool) -> ship::Status {
        let mut status = self.handle.status();
        let reached =
            tokio::time::timeout(LIMIT, status.wait_for(|status| condition(status))).await;
        reached.expect("the edge never got there").unwrap().clone()
    }

    /// Waits until the center has everything through `last` and this edge knows it.
    pub(crate) async fn until_acknowledged(&self, last: u64) {
        self.until(|status| status.acked_through >= last).await;
        assert!(self.outbox.is_empty());
    }
}

/// Every sequence from 1 through `last` was applied exactly once.
#[track_caller]
pub(crate) fn assert_exactly_once(known: &Known, last: u64) {
    assert!(known.lost.is_empty(), "{:?}", known.lost);
    assert!(
        known.applied.keys().copied().eq(1..=last),
        "{} of {last}",
        known.applied.len()
    );
    let doubled: Vec<_> = known
        .applied
        .iter()
        .filter(|(_, times)| **times != 1)
        .collect();
    assert!(doubled.is_empty(), "{doubled:?}");
}
