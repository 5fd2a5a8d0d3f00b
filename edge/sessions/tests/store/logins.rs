//! Whose a session is, and what that allows: the rules for logins through the socket.

use std::{path::Path, time::Duration};

use crate::client::{Client, START, Store};

/// One application of each kind of binding.
fn settings(rule: &str) -> String {
    format!(
        "[applications.shop]\nkind = \"connect-redis\"\nnamespace = \"shop:\"\nuser = \"json:user\"\n{rule}\n\
         [applications.spring]\n{rule}\n\
         [applications.php]\nuser = \"php:login.id\"\n{rule}\n\
         [applications.tomcat]\nkind = \"redisson\"\nuser = \"field:user\"\n{rule}\n"
    )
}

async fn start(dir: &Path, rule: &str) -> (Store, Client) {
    let store = Store::start(dir, &settings(rule)).await;
    let client = store.connect().await;
    (store, client)
}

const INDEX: &str = "spring:session:index:org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME:kim";
const DENIED: &str =
    "DUPLICATELOGIN user already has 1 session in application `shop`, hint: log out there first";

#[tokio::test]
async fn a_second_login_is_denied_and_nothing_of_it_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, mut client) = start(dir.path(), "login = \"deny-new\"").await;
    assert_eq!(
        client.call(r#"SET shop:1 {"user":"kim"} EX 60"#).await,
        "OK"
    );
    assert_eq!(
        client.call(r#"SET shop:2 {"user":"kim"} EX 60"#).await,
        DENIED
    );
    assert_eq!(client.call("EXISTS shop:2").await, "0");
    assert_eq!(
        client.call(r#"SET shop:1 {"user":"kim","n":2}"#).await,
        "OK"
    );
    assert_eq!(client.call(r#"SET shop:2 {"user":"lee"}"#).await, "OK");
    // Over the limit by every way that writes.
    for command in [
        r#"SET shop:2 {"user":"kim"}"#,
        r#"GETSET shop:2 {"user":"kim"}"#,
        r#"SETEX shop:3 9 {"user":"kim"}"#,
        r#"SETNX shop:3 {"user":"kim"}"#,
        r#"MSET x 1 shop:3 {"user":"kim"}"#,
        r#"APPEND shop:3 {"user":"kim"}"#,
    ] {
        assert_eq!(client.call(command).await, DENIED, "{command}");
    }
    assert_eq!(client.call(r#"SET other {"user":"kim"}"#).await, "OK");
    assert_eq!(client.call("RENAME other shop:3").await, DENIED);
    assert_eq!(client.call("EXISTS shop:3 x other").await, "1");
    assert_eq!(client.call("GET shop:2").await, r#""{\"user\":\"lee\"}""#);
    // Logging out, by deleting the session or in it, makes room.
    assert_eq!(client.call("SET shop:1 {}").await, "OK");
    assert_eq!(client.call(r#"SET shop:3 {"user":"kim"}"#).await, "OK");
    assert_eq!(client.call("DEL shop:3").await, "1");
    assert_eq!(client.call(r#"SET shop:4 {"user":"kim"}"#).await, "OK");
    assert_eq!(client.call("FLUSHDB").await, "OK");
    assert_eq!(client.call(r#"SET shop:5 {"user":"kim"}"#).await, "OK");
}

#[tokio::test]
async fn a_command_that_does_nothing_ends_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, mut client) = start(dir.path(), "login = \"end-oldest\"").await;
    client.call(r#"SET shop:1 {"user":"kim"}"#).await;
    client.call(r#"SET shop:2 {"user":"lee"}"#).await;
    assert_eq!(client.call(r#"SETNX shop:2 {"user":"kim"}"#).await, "0");
    assert_eq!(client.call(r#"SET shop:3 {"user":"kim"} XX"#).await, "nil");
    assert_eq!(
        client.call(r#"SET shop:3 {"user":"kim"} EX nine"#).await,
        "ERR value is not an integer or out of range"
    );
    assert_eq!(
        client.call(r#"HSET shop:2 user kim"#).await,
        "WRONGTYPE Operation against a key holding the wrong kind of value"
    );
    assert_eq!(client.call("EXISTS shop:1 shop:2").await, "2");
    assert_eq!(client.call(r#"SET shop:3 {"user":"kim"}"#).await, "OK");
    assert_eq!(client.call("EXISTS shop:1 shop:2").await, "1");
}

#[tokio::test]
async fn a_session_that_was_ended_is_not_written_back() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut client) = start(dir.path(), "login = \"end-oldest\"").await;
    client.call(r#"SET shop:1 {"user":"kim"}"#).await;
    client.call(r#"SET shop:2 {"user":"kim"}"#).await;
    let late = client.call(r#"SET shop:1 {"user":"kim","page":2}"#).await;
    assert_eq!(
        late,
        "SESSIONENDED this session of application `shop` was ended, hint: log in again"
    );
    assert_eq!(client.call("EXISTS shop:1 shop:2").await, "1");
    store.clock.set(START.plus(Duration::from_secs(11)));
    assert_eq!(client.call(r#"SET shop:1 {"user":"kim"}"#).await, "OK");
}

#[tokio::test]
async fn a_spring_session_is_bound_by_its_index_and_ended_with_all_that_belongs_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut client) = start(
        dir.path(),
        "login = \"limit\"\nlimit = 2\nbeyond = \"end-oldest\"",
    )
    .await;
    for (id, seconds) in [("a", 1), ("b", 2), ("c", 3)] {
        client
            .call(&format!(
                "HMSET spring:session:sessions:{id} creationTime 1"
            ))
            .await;
        assert_eq!(client.call(&format!("SADD {INDEX} {id}")).await, "1");
        client
            .call(&format!("APPEND spring:session:sessions:expires:{id} x"))
            .await;
        client
            .call(&format!("EXPIRE spring:session:sessions:expires:{id} 60"))
            .await;
        store.clock.set(START.plus(Duration::from_secs(seconds)));
    }
    let left = "EXISTS spring:session:sessions:a spring:session:sessions:expires:a";
    assert_eq!(client.call(left).await, "0");
    assert_eq!(client.call(&format!("SCARD {INDEX}")).await, "2");
    // A new id for the same session is not another login.
    client
        .call("RENAME spring:session:sessions:c spring:session:sessions:d")
        .await;
    client
        .call("RENAME spring:session:sessions:expires:c spring:session:sessions:expires:d")
        .await;
    client.call(&format!("SREM {INDEX} c")).await;
    client.call(&format!("SADD {INDEX} d")).await;
    let listed = client.call("BONGSU.SESSIONS kim").await;
    assert!(
        listed.contains("sessions:b") && listed.contains("sessions:d"),
        "{listed}"
    );
    assert_eq!(client.call(&format!("SCARD {INDEX}")).await, "2");
    // When the shadow has run out the session is over for Spring.
    client.call("DEL spring:session:sessions:expires:b").await;
    assert!(
        !client
            .call("BONGSU.SESSIONS kim")
            .await
            .contains("sessions:b")
    );
}

#[tokio::test]
async fn a_denied_spring_login_leaves_no_session_with_its_security_context() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, mut client) = start(dir.path(), "login = \"deny-new\"").await;
    client
        .call("HMSET spring:session:sessions:a creationTime 1")
        .await;
    client.call(&format!("SADD {INDEX} a")).await;
    client
        .call("HMSET spring:session:sessions:b creationTime 1 context kim")
        .await;
    let denied = client.call(&format!("SADD {INDEX} b")).await;
    assert_eq!(
        denied,
        "DUPLICATELOGIN user already has 1 session in application `spring`, hint: log out there first"
    );
    assert_eq!(
        client
            .call("EXISTS spring:session:sessions:a spring:session:sessions:b")
            .await,
        "1"
    );
    assert_eq!(client.call(&format!("SMEMBERS {INDEX}")).await, "[\"a\"]");
}

#[tokio::test]
async fn hashes_and_php_values_name_their_users() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, mut client) = start(dir.path(), "login = \"deny-new\"").await;
    assert_eq!(
        client
            .call("HSET redisson:tomcat_session:1 user kim lang ko")
            .await,
        "2"
    );
    assert!(
        client
            .call("HSET redisson:tomcat_session:2 user kim")
            .await
            .starts_with("DUPLICATELOGIN")
    );
    assert_eq!(
        client.call("HDEL redisson:tomcat_session:1 user").await,
        "1"
    );
    assert_eq!(
        client.call("HSET redisson:tomcat_session:2 user kim").await,
        "1"
    );
    let php = r#"login|a:1:{s:2:"id";s:3:"kim";}"#;
    assert_eq!(
        client
            .run(&["SETEX", "PHPREDIS_SESSION:1", "60", php])
            .await,
        "OK"
    );
    let second = client
        .run(&["SETEX", "PHPREDIS_SESSION:2", "60", php])
        .await;
    assert!(second.starts_with("DUPLICATELOGIN"), "{second}");
}

#[tokio::test]
async fn bindings_and_denies_survive_a_restart_and_expiry_ends_them() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut client) = start(dir.path(), "login = \"deny-new\"").await;
    client.call(r#"SET shop:1 {"user":"kim"} EX 60"#).await;
    client.call("SET shop:2 {}").await;
    assert_eq!(client.call("BONGSU.BIND shop:2 park").await, "OK");
    assert_eq!(client.call("BONGSU.DENY choi 100 fraud").await, "0");
    drop(client);
    store.handle.shutdown().await;
    let (store, mut client) = start(dir.path(), "login = \"deny-new\"").await;
    assert_eq!(client.call(r#"SET shop:3 {"user":"kim"}"#).await, DENIED);
    assert_eq!(client.call(r#"SET shop:3 {"user":"park"}"#).await, DENIED);
    assert_eq!(
        client.call(r#"SET shop:3 {"user":"choi"}"#).await,
        "USERDENIED this user may not log in to application `shop`, hint: ask an administrator"
    );
    store.clock.set(START.plus(Duration::from_secs(60)));
    assert_eq!(client.call(r#"SET shop:3 {"user":"kim"}"#).await, "OK");
    store.clock.set(START.plus(Duration::from_secs(101)));
    assert_eq!(client.call(r#"SET shop:4 {"user":"choi"}"#).await, "OK");
}

#[tokio::test]
async fn operators_bind_end_deny_and_allow() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, mut client) = start(dir.path(), "login = \"deny-new\"").await;
    client
        .call("MSET shop:1 {} shop:2 {} x 1 session:1 y")
        .await;
    assert_eq!(client.call("BONGSU.BIND shop:1 kim").await, "OK");
    assert_eq!(client.call("BONGSU.BIND shop:1 kim").await, "OK");
    assert_eq!(client.call("BONGSU.BIND shop:2 kim").await, DENIED);
    assert_eq!(
        client.call("BONGSU.BIND shop:9 kim").await,
        "ERR no such session"
    );
    assert!(
        client
            .call("BONGSU.BIND x kim")
            .await
            .starts_with("ERR no application has sessions with such a key")
    );
    assert!(
        client
            .call("BONGSU.BIND x kim nowhere")
            .await
            .starts_with("ERR no such application")
    );
    assert_eq!(client.call("BONGSU.BIND session:1 kim").await, "OK");
    // What was bound by order stays so when the application writes a value without a user.
    assert_eq!(client.call("SET shop:1 {}").await, "OK");
    assert_eq!(client.call("BONGSU.BIND shop:2 kim").await, DENIED);
    assert_eq!(client.call("BONGSU.UNBIND shop:1").await, "1");
    assert_eq!(client.call("BONGSU.UNBIND shop:1").await, "0");
    assert_eq!(client.call("BONGSU.BIND shop:2 kim").await, "OK");
    assert_eq!(client.call("BONGSU.KILL SESSION shop:1").await, "1");
    assert_eq!(client.call("BONGSU.KILL USER kim shop").await, "1");
    assert_eq!(client.call("BONGSU.DENY kim 60 because shop").await, "0");
    assert_eq!(client.call("BONGSU.DENY kim 60 because").await, "1");
    assert_eq!(client.call("EXISTS shop:1 shop:2 session:1").await, "0");
    assert!(
        client
            .call(r#"SET shop:7 {"user":"kim"}"#)
            .await
            .starts_with("USERDENIED")
    );
    assert_eq!(client.call("BONGSU.ALLOW kim").await, "2");
    assert_eq!(client.call("BONGSU.ALLOW kim").await, "0");
    assert_eq!(client.call(r#"SET shop:7 {"user":"kim"}"#).await, "OK");
    assert_eq!(
        client.call("BONGSU.SESSIONS kim").await,
        "[[\"shop\" 0 \"shop:7\" 1700000000000]]"
    );
    assert_eq!(
        client.call("BONGSU.DENY kim 0 x").await,
        "ERR value is not an integer or out of range"
    );
    assert!(
        client
            .call("BONGSU.KILL ALL x")
            .await
            .starts_with("ERR unknown subcommand 'ALL'")
    );
}

/// The users named by the values that are there, as seen without any bindings.
async fn named_by_values(client: &mut Client) -> Vec<(String, String)> {
    let keys = client.call("KEYS shop:*").await;
    let mut named = Vec::new();
    for key in keys.split('"').filter(|part| part.starts_with("shop:")) {
        let value = client.call(&format!("GET {key}")).await;
        let user = value.split("\\\"").nth(3).map(str::to_owned);
        named.extend(user.map(|user| (user, key.to_owned())));
    }
    named.sort();
    named
}

async fn bound(client: &mut Client) -> Vec<(String, String)> {
    let mut bound = Vec::new();
    for user in ["kim", "lee"] {
        let listed = client.call(&format!("BONGSU.SESSIONS {user}")).await;
        let keys = listed.split('"').filter(|part| part.starts_with("shop:"));
        bound.extend(keys.map(|key| (user.to_owned(), key.to_owned())));
    }
    bound.sort();
    bound
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_is_written_bindings_are_what_values_say_and_never_too_many(
        end_oldest in proptest::prelude::any::<bool>(),
        steps in proptest::collection::vec((0_usize..16, 0_u8..5, 0_u8..5, 0_usize..3), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let beyond = if end_oldest { "end-oldest" } else { "deny-new" };
            let rule = format!("login = \"limit\"\nlimit = 2\nbeyond = \"{beyond}\"");
            let dir = tempfile::tempdir().unwrap();
            let (store, mut client) = start(dir.path(), &format!("{rule}\n")).await;
            for (moment, (what, key, other, user)) in (0..).zip(steps) {
                let value = ["{\"user\":\"kim\"}", "{\"user\":\"lee\"}", "{}"][user];
                let command = match what {
                    0 | 1 => format!("SET shop:{key} {value}"),
                    2 => format!("SETNX shop:{key} {value}"),
                    3 => format!("SET shop:{key} {value} XX"),
                    4 => format!("SETEX shop:{key} 3 {value}"),
                    5 => format!("GETSET shop:{key} {value}"),
                    6 => format!("MSET shop:{key} {value} shop:{other} {value}"),
                    7 => format!("RENAME shop:{key} shop:{other}"),
                    8 => format!("RENAMENX shop:{key} shop:{other}"),
                    9 => format!("COPY shop:{key} shop:{other} REPLACE"),
                    10 => format!("DEL shop:{key} shop:{other}"),
                    11 => format!("EXPIRE shop:{key} -1"),
                    12 => format!("HSET shop:{key} user kim"),
                    13 => format!("RENAME shop:{key} aside:{other}"),
                    14 => format!("RENAME aside:{key} shop:{other}"),
                    _ => format!("SET aside:{key} {value}"),
                };
                store.clock.set(START.plus(Duration::from_secs(moment)));
                let reply = client.call(&command).await;
                let (named, bound) = (named_by_values(&mut client).await, bound(&mut client).await);
                assert_eq!(named, bound, "after {command}: {reply}");
                for user in ["kim", "lee"] {
                    let count = bound.iter().filter(|(whose, _)| whose == user).count();
                    assert!(count <= 2, "after {command}: {reply}: {bound:?}");
                }
            }
        });
    }
}

#[tokio::test]
async fn the_rules_hold_in_transactions_and_scripts() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, mut client) = start(dir.path(), "login = \"deny-new\"").await;
    client.call(r#"SET shop:1 {"user":"kim"}"#).await;
    assert_eq!(client.call("MULTI").await, "OK");
    assert_eq!(client.call(r#"SET shop:2 {"user":"kim"}"#).await, "QUEUED");
    assert_eq!(client.call(r#"SET shop:3 {"user":"lee"}"#).await, "QUEUED");
    assert_eq!(client.call(r#"SET shop:4 {"user":"lee"}"#).await, "QUEUED");
    let denied = |user: &str| DENIED.replace("kim", user);
    assert_eq!(
        client.call("EXEC").await,
        format!("[{} OK {}]", denied("kim"), denied("lee"))
    );
    assert_eq!(client.call("EXISTS shop:2 shop:3 shop:4").await, "1");
    let script = "redis.call('SET', KEYS[1], ARGV[1])";
    let args = ["EVAL", script, "1", "shop:5", r#"{"user":"kim"}"#];
    assert!(client.run(&args).await.starts_with(DENIED));
    client.call("MULTI").await;
    client.run(&args).await;
    assert!(client.call("EXEC").await.starts_with(&format!("[{DENIED}")));
    assert_eq!(client.call("EXISTS shop:5").await, "0");
}

#[tokio::test]
async fn a_copy_to_another_database_is_a_login_there() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut client) = start(dir.path(), "login = \"deny-new\"").await;
    client.call(r#"SET shop:1 {"user":"kim"}"#).await;
    assert_eq!(client.call("COPY shop:1 shop:2 DB 3").await, DENIED);
    assert_eq!(client.call("COPY shop:1 shop:1 DB 3").await, DENIED);
    assert_eq!(
        client.call("MSET x 1 shop:4 {\"user\":\"kim\"}").await,
        DENIED
    );
    assert_eq!(store.handle.counts().rejected, 3);
    client.call(r#"SET other {"user":"lee"}"#).await;
    assert_eq!(client.call("COPY other shop:2 DB 3").await, "1");
    assert!(
        client
            .call("BONGSU.SESSIONS lee")
            .await
            .contains(" 3 \"shop:2\"")
    );
    // Nothing is copied, so nobody logs in or out.
    assert_eq!(client.call("COPY shop:1 shop:2 DB 3").await, "0");
    assert!(
        client
            .call("BONGSU.SESSIONS lee")
            .await
            .contains(" 3 \"shop:2\"")
    );
    assert_eq!(store.handle.control().bound().0, 2);
}

#[tokio::test]
async fn the_oldest_session_is_the_oldest_after_it_got_another_id() {
    let dir = tempfile::tempdir().unwrap();
    let rule = "login = \"limit\"\nlimit = 2\nbeyond = \"end-oldest\"";
    let (store, mut client) = start(dir.path(), rule).await;
    for (id, seconds) in [(1, 1), (2, 2)] {
        client
            .call(&format!(r#"SET shop:{id} {{"user":"kim"}}"#))
            .await;
        store.clock.set(START.plus(Duration::from_secs(seconds)));
    }
    client.call("RENAME shop:1 shop:9").await;
    client.call(r#"SET shop:3 {"user":"kim"}"#).await;
    assert_eq!(client.call("EXISTS shop:9").await, "0");
    assert_eq!(client.call("EXISTS shop:2 shop:3").await, "2");
}

#[tokio::test]
async fn orders_reach_no_database_that_clients_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut client) = start(dir.path(), "").await;
    client.call(r#"SET shop:1 {"user":"kim"}"#).await;
    client.call("BONGSU.DENY lee 60 why").await;
    let control = store.handle.control();
    for database in [16, 32, 255] {
        assert!(
            control
                .bind(database, b"shop:1", "lee", Some("shop"))
                .await
                .is_err()
        );
        assert!(control.unbind(database, b"shop:1").await.is_err());
        assert!(control.end(database, b"\0lee").await.is_err());
    }
    assert_eq!((control.denies().len(), control.bound().0), (1, 1));
}

#[tokio::test]
async fn a_spring_session_whose_shadow_ended_stays_nobodys_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut client) = start(dir.path(), "").await;
    let empty = store.handle.counts().bytes;
    let shadow = "spring:session:sessions:expires:a";
    client.call("HSET spring:session:sessions:a f v").await;
    client.call(&format!("APPEND {shadow} x")).await;
    client.call(&format!("SADD {INDEX} a")).await;
    assert_eq!(store.handle.control().bound(), (1, 1));
    client.call(&format!("DEL {shadow}")).await;
    assert_eq!(store.handle.control().bound(), (0, 0));
    let without = || async { store.handle.counts().bytes };
    // What stands on disk follows a moment later.
    let expected = {
        let all: usize = ["spring:session:sessions:a", INDEX]
            .iter()
            .map(|key| key.len())
            .sum();
        empty + u64::try_from(all + 2 * (160 + 64) + 3).unwrap()
    };
    let follows = async {
        while without().await != expected {
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(20);
    assert!(
        tokio::time::timeout(patience, follows).await.is_ok(),
        "{expected} {}",
        store.handle.counts().bytes
    );
    client.call(&format!("APPEND {shadow} x")).await;
    store.handle.shutdown().await;
    let store = Store::start(dir.path(), &settings("")).await;
    assert_eq!(store.handle.control().bound(), (0, 0));
}
