//! Logins while the store is killed: after `kill -9` and a restart nobody has more sessions than the rule
//! allows, and of an admitted login nothing is half there.

use std::path::Path;

use tokio::task::JoinSet;

use crate::{client::request, process::Process};

const CLIENTS: usize = 64;
/// Kills per rule.
const KILLS: usize = 4;

async fn start(dir: &Path, rule: &str) -> Process {
    let application =
        "durability = \"os\"\n[applications.race]\nkeys = [\"race:\"]\nuser = \"json:user\"";
    Process::start(dir, &dir.join("data"), &format!("{application}\n{rule}")).await
}

/// Everyone logs in; the store is killed once so many have been answered. The keys of those let in.
async fn log_in_and_kill(mut store: Process, round: usize, answers: usize) -> Vec<String> {
    let mut logins = JoinSet::new();
    for number in 0..CLIENTS {
        let mut client = store.connect().await;
        logins.spawn(async move {
            let (key, value) = (
                format!("race:{round}:{number}"),
                format!("{{\"user\":\"u{round}\"}}"),
            );
            client
                .send(&request(&["SET", &key, &value, "EX", "600"]))
                .await;
            (key, client.reply().await)
        });
    }
    let (mut admitted, mut answered) = (Vec::new(), 0);
    while let Some(login) = logins.join_next().await {
        let (key, reply) = login.unwrap();
        answered += 1;
        if answered == answers {
            store.kill();
        }
        if reply == "OK" {
            admitted.push(key);
        }
    }
    admitted
}

async fn check(rule: &str, most: usize, refuses: bool) {
    let dir = tempfile::tempdir().unwrap();
    for kill in 0..KILLS {
        let store = start(dir.path(), rule).await;
        let admitted = log_in_and_kill(store, kill, 1 + kill * 17).await;
        let store = start(dir.path(), rule).await;
        let mut observer = store.connect().await;
        let there = observer.call(&format!("KEYS race:{kill}:*")).await;
        let bound = observer.call(&format!("BONGSU.SESSIONS u{kill}")).await;
        let count = there.matches("race:").count();
        assert_eq!(
            count,
            bound.matches("race:").count(),
            "{rule}: {there} {bound}"
        );
        assert!((1..=most).contains(&count), "{rule}: {count} sessions");
        if refuses {
            assert!(
                admitted.len() <= most && admitted.iter().all(|key| there.contains(key)),
                "{rule}: {admitted:?} {there}"
            );
        }
        // The rule holds on.
        let next = format!("{{\"user\":\"u{kill}\"}}");
        for number in 0..=most {
            observer
                .run(&["SET", &format!("race:{kill}:late{number}"), &next])
                .await;
        }
        let bound = observer.call(&format!("BONGSU.SESSIONS u{kill}")).await;
        assert_eq!(bound.matches("race:").count(), most, "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_logins_leaves_what_was_admitted_and_never_too_many() {
    check("login = \"deny-new\"", 1, true).await;
    check("login = \"end-oldest\"", 1, false).await;
    check("login = \"limit\"\nlimit = 3", 3, true).await;
    check(
        "login = \"limit\"\nlimit = 3\nbeyond = \"end-oldest\"",
        3,
        false,
    )
    .await;
}
