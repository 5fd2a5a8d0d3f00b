//! Which sessions may begin and how long they stay, which go when memory is full, and the live view.

use std::time::Duration;

use bongsu_edge_sessions::{Deny, Filter, OrderError, Query, Sort, Visit};
use bongsu_sdk_model::Timestamp;

use crate::client::{START, Store};

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

#[tokio::test]
async fn when_memory_is_full_sessions_of_nobody_go_and_those_of_users_stay() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "max_memory = \"64KiB\"\n[applications.flask]\nuser = \"json:user\"\n";
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    let pad = "x".repeat(800);
    let value = |user: &str| format!("{{\"user\":{user},\"pad\":\"{pad}\"}}");
    for number in 0..30 {
        client
            .run(&[
                "SET",
                &format!("session:user{number}"),
                &value(&number.to_string()),
            ])
            .await;
    }
    for number in 0..100 {
        let key = format!("session:nobody{number}");
        assert_eq!(
            client.run(&["SET", &key, &value("null")]).await,
            "OK",
            "{number}"
        );
    }
    let kept = client.call("KEYS session:user*").await;
    assert_eq!(kept.matches("session:user").count(), 30);
    assert!(store.handle.counts().bytes < 66 << 10);
    assert!(store.handle.counts().destroyed > 50);
    // One that is somebody's finds room; when only those are left, there is none.
    let mut refused = 0;
    for number in 30..90 {
        let reply = client
            .run(&[
                "SET",
                &format!("session:user{number}"),
                &value(&number.to_string()),
            ])
            .await;
        refused += usize::from(reply.starts_with("OOM"));
    }
    assert!(refused > 0);
    assert_eq!(
        client.call("EXISTS session:user0 session:user29").await,
        "2"
    );
}

#[tokio::test]
async fn lives_are_capped_and_renewed_as_configured() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "[applications.flask]\nuser = \"json:user\"\nfilter.anonymous_ttl = \"2m\"\nexpiry.max = \"1h\"\n\
                    expiry.idle = \"10m\"\nrenewal = \"on-read\"\n";
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    client.call("SET session:a {} EX 86400").await;
    client
        .call(r#"SET session:b {"user":"kim"} EX 86400"#)
        .await;
    client.call(r#"SET session:c {"user":"lee"} EX 30"#).await;
    client.call("SET other v EX 86400").await;
    let ttl =
        async |client: &mut crate::client::Client, key| client.call(&format!("TTL {key}")).await;
    assert_eq!(ttl(&mut client, "session:a").await, "120");
    assert_eq!(ttl(&mut client, "session:c").await, "30");
    assert_eq!(ttl(&mut client, "other").await, "86400");
    for minute in [9, 18, 27, 36, 45, 54] {
        store.clock.set(after(minute * 60));
        assert!(
            client.call("GET session:b").await.contains("kim"),
            "{minute}"
        );
    }
    store.clock.set(after(54 * 60 + 1));
    assert_eq!(ttl(&mut client, "session:b").await, "359");
    client.call("PERSIST session:b").await;
    assert_eq!(ttl(&mut client, "session:b").await, "359");
    store.clock.set(after(3600));
    assert_eq!(
        client.call("EXISTS session:a session:b session:c").await,
        "0"
    );
}

#[tokio::test]
async fn the_longest_life_is_counted_from_the_beginning_over_restarts_and_new_ids() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "[applications.flask]\nexpiry.max = \"1h\"\n";
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    client.call("HSET session:hash f v").await;
    client.call("SET session:string v").await;
    store.clock.set(after(600));
    client.call("RENAME session:string session:renamed").await;
    drop(client);
    store.handle.shutdown().await;
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    store.clock.set(after(1200));
    for write in [
        "HSET session:hash f w",
        "SET session:renamed w",
        "SET session:new v",
    ] {
        client.call(write).await;
    }
    for (key, ttl) in [("hash", "2400"), ("renamed", "2400"), ("new", "3600")] {
        assert_eq!(
            client.call(&format!("TTL session:{key}")).await,
            ttl,
            "{key}"
        );
    }
}

#[tokio::test]
async fn unwanted_sessions_do_not_begin() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "[applications.flask]\nfilter = { containing = [\"kube-probe\"], max_new_per_second = 2 }\n\
                    [applications.php]\nfilter.clients = [\"127.0.0.0/8\"]\n";
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    assert_eq!(
        client.call("SET session:1 Kube-Probe/1.29").await,
        "SESSIONREFUSED the value is of a visitor that gets no session in application `flask`, hint: see filter.containing"
    );
    assert!(
        client
            .call("SET PHPREDIS_SESSION:1 x")
            .await
            .starts_with("SESSIONREFUSED this client")
    );
    for (key, admitted) in [("1", true), ("2", true), ("3", false), ("1", true)] {
        let reply = client.call(&format!("SET session:{key} v")).await;
        assert_eq!(reply == "OK", admitted, "{key}: {reply}");
    }
    store.clock.set(after(1));
    assert_eq!(client.call("HSET session:3 f v").await, "1");
    assert_eq!(store.handle.counts().rejected, 3);
    let counts = store.handle.control().counts();
    let of = |name: &str| counts.iter().find(|(found, _)| **found == *name).unwrap().1;
    assert_eq!(
        (of("flask").active, of("flask").rejected, of("php").rejected),
        (3, 2, 1)
    );
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one walk through one view, step by step"
)]
async fn the_live_view_shows_pages_and_ends_what_a_filter_takes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "[applications.flask]\nuser = \"json:user\"\n").await;
    let mut client = store.connect().await;
    for number in 0..25_u64 {
        store.clock.set(after(number));
        let user = if number % 5 == 0 {
            format!("\"user{number}\"")
        } else {
            "null".to_owned()
        };
        client
            .call(&format!("SET session:{number} {{\"user\":{user}}}"))
            .await;
    }
    client.call("SET other v").await;
    let control = store.handle.control();
    let visit = Visit {
        url: "/cart".into(),
        since: after(30),
        last: after(30),
        instance: Some("was-1".into()),
        address: None,
        user_agent: None,
    };
    control
        .visited("3", visit.clone(), Some("from-transaction"))
        .await
        .unwrap();
    control
        .visited("0", visit.clone(), Some("impostor"))
        .await
        .unwrap();
    control
        .visited("nowhere", visit, Some("kim"))
        .await
        .unwrap();
    store.clock.set(after(40));

    let query = Query {
        sort: Sort::Age,
        page: 10,
        ..Query::default()
    };
    let first = control.live(&query);
    assert_eq!((first.rows.len(), first.matching), (10, 25));
    let key = |row: &bongsu_edge_sessions::Row| String::from_utf8_lossy(&row.key).into_owned();
    assert_eq!(key(&first.rows[0]), "session:0");
    assert_eq!(first.rows[0].user.as_deref(), Some("user0"));
    assert_eq!(first.rows[3].user.as_deref(), Some("from-transaction"));
    assert_eq!(
        first.rows[3].dwell(after(40)),
        Some(Duration::from_secs(10))
    );
    let last = control.live(&Query {
        after: first.next,
        page: 20,
        ..query.clone()
    });
    assert_eq!((last.rows.len(), last.next), (15, None));
    let in_cart = Filter {
        url: Some("/c".to_owned()),
        instance: Some("was-1".to_owned()),
        ..Filter::default()
    };
    assert_eq!(
        control
            .live(&Query {
                filter: in_cart,
                ..query
            })
            .matching,
        2
    );
}

#[tokio::test]
async fn what_is_ordered_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "[applications.flask]\nuser = \"json:user\"\n").await;
    let mut client = store.connect().await;
    for number in 0..25_u64 {
        let user = match number % 5 {
            0 => format!("\"user{number}\""),
            _ => "null".to_owned(),
        };
        client
            .call(&format!("SET session:{number} {{\"user\":{user}}}"))
            .await;
    }
    client.call("SET other v").await;
    let control = store.handle.control();
    assert_eq!(
        control.bind(0, b"session:3", "operator-bound", None).await,
        Ok(())
    );
    assert_eq!(control.bound(), (6, 6));
    assert!(matches!(
        control.end_matching(&Filter::default()).await,
        Err(OrderError::Refused(_))
    ));
    let anonymous = Filter {
        bound: Some(false),
        ..Filter::default()
    };
    assert_eq!(control.end_matching(&anonymous).await, Ok(19));
    assert_eq!(client.call("DBSIZE").await, "7");
    assert_eq!(control.end_user("user5", None).await, Ok(1));
    assert!(control.bind(0, b"session:10", "other", None).await.is_ok());
    let deny = Deny {
        user: "user20".into(),
        application: Some("flask".into()),
        until: after(100),
        reason: "test".to_owned(),
        by: "admin".to_owned(),
    };
    assert_eq!(control.deny(deny.clone()).await, Ok(1));
    assert_eq!(control.denies(), [deny]);
    assert!(
        client
            .call(r#"SET session:99 {"user":"user20"}"#)
            .await
            .starts_with("USERDENIED")
    );
    assert_eq!(control.allow("user20", None).await, Ok(1));
    assert_eq!(control.unbind(0, b"session:10").await, Ok(true));
    assert_eq!(control.end(0, b"session:10").await, Ok(true));
    assert_eq!(control.sessions_of("operator-bound").len(), 1);
}

#[tokio::test]
async fn a_login_that_a_transaction_tells_of_and_may_not_be_ends_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "[applications.django]\nlogin = \"deny-new\"\n").await;
    let mut client = store.connect().await;
    let (first, second) = (
        ":1:django.contrib.sessions.cachea",
        ":1:django.contrib.sessions.cacheb",
    );
    client
        .call(&format!("MSET {first} pickle {second} pickle"))
        .await;
    let control = store.handle.control();
    for id in ["a", "b"] {
        let visit = Visit {
            url: "/".into(),
            since: START,
            last: START,
            instance: None,
            address: None,
            user_agent: None,
        };
        control.visited(id, visit, Some("kim")).await.unwrap();
    }
    assert_eq!(client.call(&format!("EXISTS {first}")).await, "1");
    assert_eq!(client.call(&format!("EXISTS {second}")).await, "0");
}
