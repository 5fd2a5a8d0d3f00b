//! What requests meet under rules, what a restart keeps, and which rules are refused.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may fail like the test"
)]

use std::{path::Path, sync::Arc, time::Duration};

use bongsu_edge_guard::{Config, Error, Guard, Request, Verdict};
use bongsu_sdk_model::{GuardRule, GuardVerdict, LimitPer, Outcome, OutcomeState, Timestamp};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_ms(1_795_152_600_000);
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148 Safari/604.1";
const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36";

fn open(folder: &Path, now: Timestamp) -> Guard {
    let config = Config {
        data_dir: folder.join("guard"),
        ..Config::default()
    };
    Guard::open(config, now).unwrap()
}

fn block(url: Option<&str>) -> GuardRule {
    GuardRule {
        then: GuardVerdict::Block {
            status: None,
            text: None,
        },
        app: None,
        url: url.map(str::to_owned),
        methods: Vec::new(),
        user_agent: None,
        cidrs: Vec::new(),
        user: None,
        session: None,
        until: None,
        reason: "test".into(),
        by: "kim".into(),
    }
}

fn get(target: &str) -> Request<'_> {
    Request {
        app: None,
        method: "GET",
        target,
        client: Some([10, 0, 0, 1].into()),
        user_agent: WINDOWS,
        session: None,
        identity: None,
    }
}

fn decide(guard: &Guard, request: &Request<'_>) -> Verdict {
    guard.decide(request, NOW, |session| {
        (session == "of-kim").then(|| Arc::from("kim"))
    })
}

fn is_blocked(guard: &Guard, request: &Request<'_>) -> bool {
    matches!(decide(guard, request), Verdict::Block { .. })
}

fn add(guard: &Guard, id: &str, rule: GuardRule) -> Result<(), Error> {
    guard.change(&[(id.to_owned(), rule)], &[], None, NOW)
}

#[test]
fn a_rule_holds_for_what_fits_all_of_its_conditions() {
    let folder = tempfile::tempdir().unwrap();
    let guard = open(folder.path(), NOW);
    add(
        &guard,
        "mobile",
        GuardRule {
            user_agent: Some("mobile".into()),
            ..block(Some("/admin/*"))
        },
    )
    .unwrap();
    add(
        &guard,
        "net",
        GuardRule {
            cidrs: vec!["10.9.0.0/16".into()],
            ..block(None)
        },
    )
    .unwrap();
    add(
        &guard,
        "kim",
        GuardRule {
            user: Some("kim".into()),
            ..block(Some("/pay/*"))
        },
    )
    .unwrap();
    add(
        &guard,
        "stolen",
        GuardRule {
            session: Some("secret-id".into()),
            ..block(None)
        },
    )
    .unwrap();
    add(
        &guard,
        "post",
        GuardRule {
            methods: vec!["post".into()],
            ..block(Some("/board/write"))
        },
    )
    .unwrap();

    assert!(is_blocked(
        &guard,
        &Request {
            user_agent: IPHONE,
            ..get("/x/..//%61dmin/users;a=b?c")
        }
    ));
    assert!(!is_blocked(&guard, &get("/admin/users")));
    assert!(is_blocked(
        &guard,
        &Request {
            client: Some([10, 9, 8, 7].into()),
            ..get("/")
        }
    ));
    assert!(is_blocked(
        &guard,
        &Request {
            session: Some("of-kim"),
            ..get("/pay/1")
        }
    ));
    assert!(!is_blocked(
        &guard,
        &Request {
            session: Some("of-lee"),
            ..get("/pay/1")
        }
    ));
    assert!(is_blocked(
        &guard,
        &Request {
            session: Some("secret-id"),
            ..get("/any")
        }
    ));
    assert!(is_blocked(
        &guard,
        &Request {
            method: "POST",
            ..get("/board/write")
        }
    ));
    assert!(!is_blocked(&guard, &get("/board/write")));
    let counts = guard.counts();
    assert_eq!((counts.blocked, counts.allowed, counts.rules), (5, 3, 5));
    let shown = serde_json::to_string(&guard.rules()).unwrap();
    assert!(!shown.contains("secret-id"), "{shown}");
}

#[test]
fn a_block_goes_before_a_redirect_and_a_redirect_before_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let guard = open(folder.path(), NOW);
    let then = |then| GuardRule {
        then,
        ..block(Some("/a/*"))
    };
    add(
        &guard,
        "1",
        then(GuardVerdict::Limit {
            per_second: 1.0,
            burst: None,
            per: LimitPer::All,
        }),
    )
    .unwrap();
    assert_eq!(decide(&guard, &get("/a/1")), Verdict::Allow);
    assert_eq!(
        decide(&guard, &get("/a/1")),
        Verdict::Limited { retry_after_s: 1 }
    );
    add(
        &guard,
        "2",
        then(GuardVerdict::Redirect {
            to: "/closed".into(),
        }),
    )
    .unwrap();
    assert_eq!(
        decide(&guard, &get("/a/1")),
        Verdict::Redirect {
            to: "/closed".into()
        }
    );
    add(
        &guard,
        "3",
        then(GuardVerdict::Block {
            status: Some(503),
            text: Some("점검".into()),
        }),
    )
    .unwrap();
    assert_eq!(
        decide(&guard, &get("/a/1")),
        Verdict::Block {
            status: 503,
            text: "점검".into()
        }
    );
    assert!(guard.remove("3").unwrap() && !guard.remove("3").unwrap());
    assert_eq!(
        decide(&guard, &get("/a/1")),
        Verdict::Redirect {
            to: "/closed".into()
        }
    );
}

#[test]
fn rules_and_outcomes_survive_a_restart_and_end_on_time_even_if_the_clock_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let hour = NOW.plus(Duration::from_secs(3_600));
    let done = Outcome {
        state: OutcomeState::Done,
        at: NOW,
        sessions_ended: 0,
        why: String::new(),
    };
    let guard = open(folder.path(), NOW);
    let rules = [(
        "o1.0".to_owned(),
        GuardRule {
            until: Some(hour),
            ..block(Some("/a"))
        },
    )];
    guard
        .change(&rules, &[], Some(("o1", done.clone())), NOW)
        .unwrap();
    add(&guard, "kept", block(Some("/b"))).unwrap();
    drop(guard);

    let guard = open(folder.path(), NOW);
    assert_eq!(guard.outcome("o1").unwrap(), Some(done));
    assert!(is_blocked(&guard, &get("/a")) && is_blocked(&guard, &get("/b")));
    assert_eq!(
        guard.decide(&get("/a"), hour, |_| None),
        Verdict::Allow,
        "not swept yet, but over"
    );
    assert_eq!(guard.sweep(hour).unwrap(), 1);
    drop(guard);
    let guard = open(folder.path(), NOW);
    assert!(
        !is_blocked(&guard, &get("/a")),
        "the clock went back, the rule stays ended"
    );

    let lifted = Outcome {
        state: OutcomeState::Done,
        at: hour,
        sessions_ended: 0,
        why: String::new(),
    };
    guard
        .change(
            &[("o2.0".into(), block(Some("/c")))],
            &[],
            Some(("o2", lifted.clone())),
            NOW,
        )
        .unwrap();
    guard
        .change(&[], &["o2".into()], Some(("o3", lifted)), NOW)
        .unwrap();
    assert!(!is_blocked(&guard, &get("/c")) && is_blocked(&guard, &get("/b")));
}

#[test]
fn what_would_lock_everybody_out_is_refused_with_the_count() {
    let folder = tempfile::tempdir().unwrap();
    let guard = open(folder.path(), NOW);
    let refused = |rule| add(&guard, "r", rule).unwrap_err();
    for everything in [Some("/*"), Some("*"), Some("//*"), None] {
        assert!(
            matches!(refused(block(everything)), Error::TooBroad(_)),
            "{everything:?}"
        );
    }
    for wide in ["10.0.0.0/8", "0.0.0.0/0", "2001::/16"] {
        let error = refused(GuardRule {
            cidrs: vec![wide.into()],
            ..block(Some("/a"))
        });
        assert!(matches!(error, Error::TooBroad(_)), "{wide}: {error}");
    }
    for _ in 0..30 {
        decide(&guard, &get("/minwon/1"));
    }
    for _ in 0..10 {
        decide(&guard, &get("/board"));
    }
    let told = refused(block(Some("/minwon/*"))).to_string();
    assert_eq!(
        told,
        "the rule would have met 30 of the last 40 requests (75 %), hint: name a narrower path, network or user"
    );
    add(&guard, "r", block(Some("/board"))).unwrap();
    let impact = guard.preview(&block(Some("/board")), NOW).unwrap();
    assert_eq!(
        (impact.fitting, impact.sampled, impact.addresses),
        (10, 40, 1)
    );
    // A limit keeps nobody out.
    let limit = GuardVerdict::Limit {
        per_second: 5.0,
        burst: None,
        per: LimitPer::Address,
    };
    add(
        &guard,
        "l",
        GuardRule {
            then: limit,
            ..block(Some("/minwon/*"))
        },
    )
    .unwrap();
}

#[test]
fn a_faulty_rule_is_refused_and_nothing_of_its_order_holds() {
    let folder = tempfile::tempdir().unwrap();
    let guard = open(folder.path(), NOW);
    let then = |then| GuardRule {
        then,
        ..block(Some("/a"))
    };
    let faulty = [
        then(GuardVerdict::Redirect {
            to: "//evil.example".into(),
        }),
        then(GuardVerdict::Redirect {
            to: "/a\r\nSet-Cookie: x".into(),
        }),
        then(GuardVerdict::Redirect {
            to: "javascript:1".into(),
        }),
        then(GuardVerdict::Block {
            status: Some(200),
            text: None,
        }),
        then(GuardVerdict::Limit {
            per_second: 0.0,
            burst: None,
            per: LimitPer::All,
        }),
        then(GuardVerdict::Limit {
            per_second: f64::NAN,
            burst: None,
            per: LimitPer::All,
        }),
        GuardRule {
            cidrs: vec!["10.0.0.300/24".into()],
            ..block(None)
        },
        GuardRule {
            until: Some(NOW),
            ..block(Some("/a"))
        },
        block(Some("admin")),
    ];
    for rule in faulty {
        let both = [
            ("good".to_owned(), block(Some("/good"))),
            ("bad".to_owned(), rule.clone()),
        ];
        assert!(guard.change(&both, &[], None, NOW).is_err(), "{rule:?}");
    }
    assert!(guard.rules().is_empty());
}

#[test]
fn how_many_rules_one_request_is_compared_with_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let guard = open(folder.path(), NOW);
    let of_lee = |number| GuardRule {
        user: Some("lee".into()),
        ..block(Some(&format!("/{number}")))
    };
    let rules: Vec<_> = (0..128).map(|n| (format!("u{n}"), of_lee(n))).collect();
    guard.change(&rules, &[], None, NOW).unwrap();
    let error = add(&guard, "u128", of_lee(128)).unwrap_err();
    assert!(matches!(error, Error::Full(_)), "{error}");
    assert_eq!(guard.rules().len(), 128);
}

fn any_rule() -> impl Strategy<Value = GuardRule> {
    let url = prop::option::of(prop::sample::select(vec![
        "/a/*", "/a", "/a/b*", "*.jsp", "/*/x", "/b/{}/c",
    ]));
    let net = prop::option::of(prop::sample::select(vec![
        "10.0.0.0/16",
        "10.0.0.1",
        "10.0.1.0/24",
        "::1",
    ]));
    let user = prop::option::of(prop::sample::select(vec!["kim", "lee"]));
    let agent = prop::option::of(prop::sample::select(vec!["mobile", "desktop"]));
    (url, net, user, agent).prop_map(|(url, net, user, agent)| GuardRule {
        cidrs: net.map(str::to_owned).into_iter().collect(),
        user: user.map(str::to_owned),
        user_agent: agent.map(str::to_owned),
        ..block(url)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// The index finds what asking every rule by itself finds.
    #[test]
    fn many_rules_together_block_what_any_of_them_blocks_alone(rules in prop::collection::vec(any_rule(), 1..8)) {
        let folder = tempfile::tempdir().unwrap();
        let config = |name: &str| Config { data_dir: folder.path().join(name), ..Config::default() };
        let together = Guard::open(config("together"), NOW).unwrap();
        let taken: Vec<_> = rules.iter().enumerate()
            .filter(|(n, rule)| add(&together, &n.to_string(), (*rule).clone()).is_ok()).collect();
        let requests = ["/a", "/a/b", "/a/bc/d", "/z/x", "/q.jsp", "/b/1/c", "/"].into_iter().flat_map(|target| {
            let clients = [[10, 0, 0, 1], [10, 0, 1, 1], [10, 7, 0, 1]];
            clients.into_iter().map(move |client| Request { client: Some(client.into()), session: Some("of-kim"), ..get(target) })
        });
        let requests: Vec<_> = requests.collect();
        let found: Vec<bool> = requests.iter().map(|request| is_blocked(&together, request)).collect();
        let mut expected = vec![false; requests.len()];
        for (number, rule) in taken {
            let fresh = Guard::open(config(&number.to_string()), NOW).unwrap();
            add(&fresh, "r", rule.clone()).unwrap();
            for (request, expected) in requests.iter().zip(&mut expected) {
                *expected |= is_blocked(&fresh, request);
            }
        }
        prop_assert_eq!(found, expected);
    }
}
