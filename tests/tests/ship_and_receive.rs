//! An edge's shipping and a center's receiving, over real QUIC on real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and certificates need the real time"
)]

#[path = "ship_and_receive/down.rs"]
mod down;
#[path = "ship_and_receive/joining.rs"]
mod joining;
#[path = "ship_and_receive/rig.rs"]
mod rig;
#[path = "ship_and_receive/rough.rs"]
mod rough;
#[path = "ship_and_receive/stranger.rs"]
mod stranger;

use std::{
    net::{Ipv4Addr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use bongsu_center_receive::{Loss, ca::Ca};
use bongsu_sdk_model::{SessionCounts, Timestamp, Window};
use bongsu_sdk_wire::{Pulse, RefusalCode};

use tokio::runtime::{Builder, Runtime};

use rig::{
    Edge, MemoryInbox, MemoryOutbox, NOON, Pki, assert_exactly_once, center, real_now, roll_up,
    site,
};
use rough::Rough;

#[tokio::test(flavor = "multi_thread")]
async fn three_backlogs_and_what_follows_arrive_exactly_once() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let edges: Vec<Edge> = ["seoul", "busan", "jeju"]
        .into_iter()
        .map(|name| {
            Edge::start(
                pki.ship(name, center.address()),
                name,
                &MemoryOutbox::with(5_000, roll_up),
            )
        })
        .collect();
    for edge in &edges {
        edge.until_acknowledged(5_000).await;
        for _ in 0..10 {
            edge.produce(1);
        }
        edge.until_acknowledged(5_010).await;
    }
    for name in ["seoul", "busan", "jeju"] {
        let known = inbox.of(&site(name));
        assert_exactly_once(&known, 5_010);
        assert_eq!(known.connections, 1);
    }
    let stats = center.stats();
    assert_eq!(
        (stats.batches, stats.duplicates, stats.welcomed),
        (15_030, 0, 3)
    );
    assert!(
        stats.transactions < stats.batches / 5,
        "batches share transactions: {stats:?}"
    );
    for edge in edges {
        edge.handle.shutdown().await;
    }
    center.shutdown().await;
    assert!(!inbox.of(&site("seoul")).connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_starts_before_the_center_delivers_when_it_comes() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let place = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = place.local_addr().unwrap();
    let ship = bongsu_edge_ship::Config {
        connect_timeout: Duration::from_millis(300),
        ..pki.ship("jeju", address)
    };
    let edge = Edge::start(ship, "jeju", &MemoryOutbox::with(20, roll_up));
    let status = edge.until(|status| status.last_error.is_some()).await;
    assert!(!status.connected);
    edge.produce(5);
    drop(place);
    let center = center(
        bongsu_center_receive::Config {
            bind: address,
            ..pki.receive()
        },
        &inbox,
    )
    .await;
    edge.until_acknowledged(25).await;
    assert_exactly_once(&inbox.of(&site("jeju")), 25);
    drop(center);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_center_that_is_stopped_again_and_again_loses_and_doubles_nothing() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let mut receive = bongsu_center_receive::Config {
        transaction_bytes: 64 << 10,
        ..pki.receive()
    };
    let mut running = center(receive.clone(), &inbox).await;
    receive.bind = running.address();
    let edge = Edge::start(
        pki.ship("busan", receive.bind),
        "busan",
        &MemoryOutbox::with(20_000, roll_up),
    );
    for part in 1..=5 {
        inbox
            .until(&site("busan"), |known| known.position >= part * 1_000)
            .await;
        running.shutdown().await;
        running = center(receive.clone(), &inbox).await;
    }
    edge.until_acknowledged(20_000).await;
    let known = inbox.of(&site("busan"));
    assert_exactly_once(&known, 20_000);
    assert!(known.connections > 5);
}

/// A center in a runtime of its own, so that it can be torn down in the middle of its work.
struct Host {
    runtime: Runtime,
    center: bongsu_center_receive::Handle,
}

impl Host {
    async fn start(config: bongsu_center_receive::Config, inbox: &Arc<MemoryInbox>) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let inbox = Arc::clone(inbox);
        let center = runtime
            .spawn(async move { center(config, &inbox).await })
            .await
            .unwrap();
        Self { runtime, center }
    }

    /// Nothing says goodbye to anyone.
    async fn kill(self) {
        tokio::task::spawn_blocking(|| self.runtime.shutdown_timeout(rig::LIMIT))
            .await
            .unwrap();
        drop(self.center);
    }
}

/// Time-outs are far beyond the test's, so only a stateless reset can tell the edge.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_center_is_noticed_when_it_is_back_and_nothing_is_lost_or_doubled() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let idle_timeout = Duration::from_secs(600);
    let mut receive = bongsu_center_receive::Config {
        transaction_bytes: 64 << 10,
        idle_timeout,
        ..pki.receive()
    };
    let mut host = Host::start(receive.clone(), &inbox).await;
    receive.bind = host.center.address();
    let ship = bongsu_edge_ship::Config {
        idle_timeout,
        ..pki.ship("busan", receive.bind)
    };
    let edge = Edge::start(ship, "busan", &MemoryOutbox::with(10_000, roll_up));
    for part in 1..=3 {
        inbox
            .until(&site("busan"), |known| known.position >= part * 1_000)
            .await;
        host.kill().await;
        host = Host::start(receive.clone(), &inbox).await;
    }
    edge.until_acknowledged(10_000).await;
    let known = inbox.of(&site("busan"));
    assert_exactly_once(&known, 10_000);
    assert_eq!(known.connections, 4);
    host.kill().await;
}

/// The held datagram of the pattern may be old when it is let go: that, too, is weather.
#[tokio::test(flavor = "multi_thread")]
async fn a_rough_link_that_is_cut_again_and_again_loses_and_doubles_nothing() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let idle_timeout = Duration::from_millis(800);
    let receive = bongsu_center_receive::Config {
        transaction_bytes: 64 << 10,
        idle_timeout,
        ..pki.receive()
    };
    let center = center(receive, &inbox).await;
    let link = Rough::to(center.address()).await;
    let ship = bongsu_edge_ship::Config {
        idle_timeout,
        connect_timeout: Duration::from_millis(500),
        ..pki.ship("busan", link.address)
    };
    let edge = Edge::start(ship, "busan", &MemoryOutbox::with(4_000, roll_up));
    for part in 1..=3 {
        inbox
            .until(&site("busan"), |known| known.position >= part * 1_000)
            .await;
        link.cut();
        edge.until(|status| !status.connected).await;
        link.mend();
    }
    edge.until_acknowledged(4_000).await;
    let known = inbox.of(&site("busan"));
    assert_exactly_once(&known, 4_000);
    assert!(known.connections >= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_for_a_while_loses_and_doubles_nothing() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    *inbox.failures.lock().unwrap() = 4;
    let center = center(pki.receive(), &inbox).await;
    let edge = Edge::start(
        pki.ship("jeju", center.address()),
        "jeju",
        &MemoryOutbox::with(3_000, roll_up),
    );
    edge.until_acknowledged(3_000).await;
    assert_exactly_once(&inbox.of(&site("jeju")), 3_000);
    assert!(
        center
            .stats()
            .refused
            .contains(&(RefusalCode::Unavailable, 4)),
        "{:?}",
        center.stats()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_cannot_be_read_is_recorded_as_lost_and_the_rest_goes_on() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let spoilt = |sequence| {
        if sequence == 3 {
            b"no payload".to_vec()
        } else {
            roll_up(sequence)
        }
    };
    let edge = Edge::start(
        pki.ship("jeju", center.address()),
        "jeju",
        &MemoryOutbox::with(5, spoilt),
    );
    edge.until_acknowledged(5).await;
    let known = inbox.of(&site("jeju"));
    assert_eq!(known.lost, [(3, Loss::Unreadable)]);
    assert_eq!(
        known.applied.keys().copied().collect::<Vec<_>>(),
        [1, 2, 4, 5]
    );
    assert_eq!(known.connections, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_edge_no_longer_holds_is_recorded_as_lost() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let outbox = MemoryOutbox::with(9, roll_up);
    bongsu_edge_ship::Outbox::acknowledged(outbox.as_ref(), 6).unwrap();
    let edge = Edge::start(pki.ship("jeju", center.address()), "jeju", &outbox);
    edge.until_acknowledged(9).await;
    let known = inbox.of(&site("jeju"));
    assert_eq!(known.lost, [(6, Loss::NotHeld)]);
    assert_eq!(known.applied.keys().copied().collect::<Vec<_>>(), [7, 8, 9]);
    assert_eq!(center.stats().lost, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_another_authority_are_refused_on_both_sides() {
    let (ours, theirs, inbox) = (Pki::new(), Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(ours.receive(), &inbox).await;
    let address = center.address();
    theirs.edge("jeju");
    let their_certificate = bongsu_edge_ship::Config {
        cert: theirs.directory.path().join("jeju.pem"),
        key: theirs.directory.path().join("jeju.key"),
        ..ours.ship("seoul", address)
    };
    for config in [their_certificate, theirs.ship("jeju", address)] {
        let edge = Edge::start(config, "jeju", &MemoryOutbox::with(1, roll_up));
        let status = edge.until(|status| status.last_error.is_some()).await;
        assert!(!status.connected, "{status:?}");
        edge.handle.shutdown().await;
    }
    assert_eq!(center.stats().welcomed, 0);
    assert!(center.stats().failed_handshakes > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centers_certificate_does_not_make_an_edge() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let ca = Ca::open(pki.directory.path()).unwrap();
    let name = bongsu_sdk_wire::edge_name(&site("jeju"));
    ca.issue_center(&[name], real_now())
        .unwrap()
        .write(pki.directory.path(), "jeju")
        .unwrap();
    let center = center(pki.receive(), &inbox).await;
    let edge = Edge::start(
        pki.ship("jeju", center.address()),
        "jeju",
        &MemoryOutbox::with(1, roll_up),
    );
    edge.until(|status| status.last_error.is_some()).await;
    edge.handle.shutdown().await;
    assert_eq!(center.stats().welcomed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_cannot_speak_for_another_site() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let edge = Edge::start(
        pki.ship("seoul", center.address()),
        "busan",
        &MemoryOutbox::with(1, roll_up),
    );
    let status = edge.until(|status| status.last_error.is_some()).await;
    assert_eq!(
        status.last_error.as_deref(),
        Some("refused: the certificate is not for site `busan` (site)")
    );
    assert_eq!(inbox.of(&site("busan")).position, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_hurts_nobody() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let good = Edge::start(
        pki.ship("seoul", center.address()),
        "seoul",
        &MemoryOutbox::with(10, roll_up),
    );
    good.until_acknowledged(10).await;

    stranger::send_garbage_datagrams(center.address());
    for (name, up, pulse) in stranger::bad_conversations() {
        let code = stranger::converse(&pki, center.address(), name, &up, pulse.as_deref()).await;
        assert_eq!(code, Some(RefusalCode::Malformed), "{name}");
    }
    stranger::leave_in_the_middle(&pki, center.address()).await;

    good.produce(10);
    good.until_acknowledged(20).await;
    let known = inbox.of(&site("seoul"));
    assert_exactly_once(&known, 20);
    assert_eq!(known.connections, 1, "the neighbour noticed nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_keeps_breaking_the_protocol_has_to_wait() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let mut up = stranger::hello("jeju");
    up.extend([0xff; 64]);
    for expected in [
        RefusalCode::Malformed,
        RefusalCode::Malformed,
        RefusalCode::Busy,
    ] {
        let code = stranger::converse(&pki, center.address(), "jeju", &up, None).await;
        assert_eq!(code, Some(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_a_connection_is_turned_away_and_the_others_stay() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(
        bongsu_center_receive::Config {
            connections: 1,
            ..pki.receive()
        },
        &inbox,
    )
    .await;
    let first = Edge::start(
        pki.ship("jeju", center.address()),
        "jeju",
        &MemoryOutbox::with(3, roll_up),
    );
    first.until_acknowledged(3).await;
    let second = Edge::start(
        pki.ship("seoul", center.address()),
        "seoul",
        &MemoryOutbox::with(3, roll_up),
    );
    second.until(|status| status.last_error.is_some()).await;
    assert!(center.stats().turned_away > 0);
    first.produce(1);
    first.until_acknowledged(4).await;
    first.handle.shutdown().await;
    second.until_acknowledged(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_connection_of_a_site_wins() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let config = bongsu_edge_ship::Config {
        backoff_min: Duration::from_secs(600),
        backoff_max: Duration::from_secs(600),
        ..pki.ship("jeju", center.address())
    };
    let old = Edge::start(config.clone(), "jeju", &MemoryOutbox::with(3, roll_up));
    old.until_acknowledged(3).await;
    let outbox = MemoryOutbox::with(4, roll_up);
    let new = Edge::start(config, "jeju", &outbox);
    let status = old.until(|status| !status.connected).await;
    assert_eq!(
        status.last_error.as_deref(),
        Some("refused: a newer connection of this site took over (replaced)")
    );
    new.until_acknowledged(4).await;
    assert_exactly_once(&inbox.of(&site("jeju")), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn pulses_reach_the_center() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let edge = Edge::start(
        pki.ship("jeju", center.address()),
        "jeju",
        &MemoryOutbox::with(1, roll_up),
    );
    let pulse = |from: i64| Pulse {
        window: Window::new(Timestamp::from_ms(from), Timestamp::from_ms(from + 2_000)),
        blocks: vec![vec![1; 70_000]],
        sessions: Some(SessionCounts {
            active: 4,
            ..SessionCounts::default()
        }),
        health: String::new(),
    };
    for from in [2_000, 4_000] {
        edge.pulses.send(Some(pulse(from))).unwrap();
        inbox
            .until(&site("jeju"), |known| known.pulses.contains(&pulse(from)))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_measure_how_far_their_clocks_are_apart() {
    let (pki, inbox) = (Pki::new(), Arc::new(MemoryInbox::default()));
    let center = center(pki.receive(), &inbox).await;
    let outbox = MemoryOutbox::with(0, roll_up);
    let ahead = Duration::from_secs(3_600);
    let edge = Edge::start_at(
        pki.ship("jeju", center.address()),
        "jeju",
        &outbox,
        NOON.plus(ahead),
    );
    let status = edge.until(|status| status.connected).await;
    assert_eq!(
        status.clock_offset_ms,
        Some(-3_600_000),
        "the edge's clocks stood still"
    );
    let known = inbox.until(&site("jeju"), |known| known.connected).await;
    let offset = known.clock_offset_ms;
    assert!(
        (3_600_000..3_600_000 + 10_000).contains(&offset),
        "{offset}: an hour and half a round trip"
    );
}
