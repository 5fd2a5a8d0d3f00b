//! The race for a login: many clients log the same user in at once, under every rule, with restarts in between.
//!
//! Each round every client writes a session of its own for the round's user; while they do, an observer counts
//! the user's sessions. `ROUNDS` in the environment sets another number of rounds than the short default.

use std::{path::Path, sync::Arc};

use tokio::sync::Barrier;

use crate::client::{Client, Store, request};

const CLIENTS: usize = 64;

/// What a rule promises: its settings, the most sessions at any moment, whether one more login is refused.
struct Rule {
    name: &'static str,
    settings: &'static str,
    most: usize,
    refuses: bool,
}

const RULES: [Rule; 5] = [
    Rule {
        name: "allow",
        settings: "login = \"allow\"",
        most: CLIENTS,
        refuses: false,
    },
    Rule {
        name: "deny-new",
        settings: "login = \"deny-new\"",
        most: 1,
        refuses: true,
    },
    Rule {
        name: "end-oldest",
        settings: "login = \"end-oldest\"",
        most: 1,
        refuses: false,
    },
    Rule {
        name: "limit 3, deny-new",
        settings: "login = \"limit\"\nlimit = 3",
        most: 3,
        refuses: true,
    },
    Rule {
        name: "limit 3, end-oldest",
        settings: "login = \"limit\"\nlimit = 3\nbeyond = \"end-oldest\"",
        most: 3,
        refuses: false,
    },
];

async fn start(dir: &Path, rule: &Rule) -> Store {
    let settings = format!(
        "durability = \"os\"\n[applications.race]\nkeys = [\"race:\"]\nuser = \"json:user\"\n{}\n",
        rule.settings
    );
    Store::start(dir, &settings).await
}

/// One round: everyone logs in at once; how many were let in.
async fn log_in_at_once(clients: Vec<Client>, round: usize) -> (Vec<Client>, usize) {
    let barrier = Arc::new(Barrier::new(clients.len()));
    let mut tasks = Vec::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        let barrier = Arc::clone(&barrier);
        tasks.push(tokio::spawn(async move {
            let (key, value) = (
                format!("race:{round}:{number}"),
                format!("{{\"user\":\"u{round}\"}}"),
            );
            let write = request(&["SET", &key, &value, "EX", "600"]);
            barrier.wait().await;
            client.send(&write).await;
            let reply = client.reply().await;
            assert!(
                reply == "OK" || reply.starts_with("DUPLICATELOGIN"),
                "{reply}"
            );
            (client, reply == "OK")
        }));
    }
    let (mut clients, mut admitted) = (Vec::new(), 0);
    for task in tasks {
        let (client, ok) = task.await.unwrap();
        clients.push(client);
        admitted += usize::from(ok);
    }
    (clients, admitted)
}

/// Sessions of a round's user that are there, and of those the bound ones; both must be the same.
async fn live(observer: &mut Client, round: usize) -> usize {
    let keys = observer.call(&format!("KEYS race:{round}:*")).await;
    let bound = observer.call(&format!("BONGSU.SESSIONS u{round}")).await;
    let (keys, bound) = (
        keys.matches("race:").count(),
        bound.matches("race:").count(),
    );
    assert_eq!(keys, bound, "round {round}");
    bound
}

async fn race(rule: &Rule, rounds: usize, restart_every: usize) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = start(dir.path(), rule).await;
    let mut clients = Vec::new();
    let mut observer = store.connect().await;
    for round in 0..rounds {
        if round % restart_every == 0 {
            clients.clear();
            drop(observer);
            store.handle.shutdown().await;
            store = start(dir.path(), rule).await;
            observer = store.connect().await;
            for _ in 0..CLIENTS {
                clients.push(store.connect().await);
            }
            if round > 0 {
                let kept = live(&mut observer, round - 1).await;
                assert_eq!(kept, rule.most, "{} after a restart", rule.name);
            }
        }
        let mut during = store.connect().await;
        let watching = tokio::spawn(async move {
            let mut most = 0;
            for _ in 0..3 {
                let keys = during.call(&format!("BONGSU.SESSIONS u{round}")).await;
                most = most.max(keys.matches("race:").count());
            }
            most
        });
        let (back, admitted) = log_in_at_once(clients, round).await;
        clients = back;
        let seen = watching.await.unwrap();
        assert!(
            seen <= rule.most,
            "{}: {seen} at once in round {round}",
            rule.name
        );
        let left = live(&mut observer, round).await;
        assert_eq!(left, rule.most, "{} in round {round}", rule.name);
        let expected = if rule.refuses { rule.most } else { CLIENTS };
        assert_eq!(admitted, expected, "{} in round {round}", rule.name);
        observer
            .call(&format!("BONGSU.KILL USER u{}", round.wrapping_sub(1)))
            .await;
    }
}

async fn every_rule(rounds: usize) {
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(rounds);
    for rule in &RULES {
        race(rule, rounds, rounds.div_ceil(4).max(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_logins_at_once_never_more_than_allowed_are_live() {
    every_rule(25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes; run with --ignored, ROUNDS sets how many"]
async fn of_64_logins_at_once_never_more_than_allowed_are_live_in_ten_thousand_rounds() {
    every_rule(10_000).await;
}
