//! Replies are Redis 7's. The tables were compared with redis-server 7.0.15.

mod hashes_and_sets;
mod keys;
mod sorted_sets;
mod strings;

use crate::client::{Store, request};

/// Runs the commands of a table in order on one connection and compares each reply.
async fn check(settings: &str, table: &[(&str, &str)]) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), settings).await;
    let mut client = store.connect().await;
    for (command, expected) in table {
        assert_eq!(client.call(command).await, *expected, "{command}");
    }
    store.handle.shutdown().await;
}

const WRONGTYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "ERR value is not an integer or out of range";
const SYNTAX: &str = "ERR syntax error";
const HELLO_3: &str = "{\"server\" \"redis\" \"version\" \"7.0.15\" \"proto\" 3 \"id\" 1 \"mode\" \"standalone\" \"role\" \"master\" \"modules\" []}";

#[tokio::test]
async fn strings_answer_as_redis() {
    check(
        "",
        &[
            ("SET k v", "OK"),
            ("GET k", "\"v\""),
            ("GET none", "nil"),
            ("SET k w NX", "nil"),
            ("SET k w XX GET", "\"v\""),
            ("SET none w XX GET", "nil"),
            ("SET k x NX XX", SYNTAX),
            ("SET k x EX", SYNTAX),
            ("SET k x EX 10 PX 10", SYNTAX),
            ("SET k x EX 0", "ERR invalid expire time in 'set' command"),
            (
                "SET k x EX 9223372036854775807",
                "ERR invalid expire time in 'set' command",
            ),
            ("SET k x EX ten", NOT_INTEGER),
            ("SET k x EX 10", "OK"),
            ("TTL k", "10"),
            ("SET k y KEEPTTL", "OK"),
            ("PTTL k", "10000"),
            ("GETEX k PERSIST", "\"y\""),
            ("TTL k", "-1"),
            ("GETEX k EX 100", "\"y\""),
            ("EXPIRETIME k", "1700000100"),
            ("GETEX none EX nonsense", "nil"),
            ("GETEX k NX", SYNTAX),
            ("SETEX k 0 v", "ERR invalid expire time in 'setex' command"),
            ("PSETEX k 1500 v", "OK"),
            ("TTL k", "2"),
            ("SETNX k v", "0"),
            ("MSET a 1 b 2", "OK"),
            (
                "MSET a 1 b",
                "ERR wrong number of arguments for 'mset' command",
            ),
            ("MGET a none b", "[\"1\" nil \"2\"]"),
            ("APPEND a 23", "3"),
            ("STRLEN a", "3"),
            ("INCR a", "124"),
            ("DECRBY a 200", "-76"),
            ("INCRBY a x", NOT_INTEGER),
            (
                "DECRBY a -9223372036854775808",
                "ERR decrement would overflow",
            ),
            ("SET n 9223372036854775807", "OK"),
            ("INCR n", "ERR increment or decrement would overflow"),
            ("SET n 007", "OK"),
            ("INCR n", NOT_INTEGER),
            ("GETDEL n", "\"007\""),
            ("EXISTS n", "0"),
            ("GET", "ERR wrong number of arguments for 'get' command"),
        ],
    )
    .await;
}

#[tokio::test]
async fn hashes_and_sets_answer_as_redis() {
    check(
        "",
        &[
            ("HSET h a 1 b 2", "2"),
            ("HSET h a 3 c 4", "1"),
            (
                "HSET h a",
                "ERR wrong number of arguments for 'hset' command",
            ),
            (
                "HSET h a 1 b",
                "ERR wrong number of arguments for 'hset' command",
            ),
            ("HGET h a", "\"3\""),
            ("HMGET h a none c", "[\"3\" nil \"4\"]"),
            ("HGETALL h", "[\"a\" \"3\" \"b\" \"2\" \"c\" \"4\"]"),
            ("HGETALL none", "[]"),
            ("HSETNX h a 9", "0"),
            ("HEXISTS h b", "1"),
            ("HSTRLEN h b", "1"),
            ("HINCRBY h b 5", "7"),
            ("HSET h t text", "1"),
            ("HINCRBY h t 1", "ERR hash value is not an integer"),
            ("HLEN h", "4"),
            ("HDEL h a b none", "2"),
            ("HKEYS h", "[\"t\" \"c\"]"),
            ("HVALS h", "[\"text\" \"4\"]"),
            ("HMSET h c 5", "OK"),
            ("GET h", WRONGTYPE),
            ("SADD h x", WRONGTYPE),
            ("MGET h", "[nil]"),
            ("HDEL h t c", "2"),
            ("EXISTS h", "0"),
            ("SADD s a b a", "2"),
            ("SADD s a", "0"),
            ("SISMEMBER s a", "1"),
            ("SCARD s", "2"),
            ("SMEMBERS s", "[\"a\" \"b\"]"),
            ("HGETALL s", WRONGTYPE),
            ("SREM s a b c", "2"),
            ("TYPE s", "none"),
        ],
    )
    .await;
}

#[tokio::test]
async fn keys_and_expiry_answer_as_redis() {
    check(
        "",
        &[
            ("MSET sess:1 v sess:2 v cart:1 v", "OK"),
            ("EXPIRE none 10", "0"),
            ("EXPIRE sess:1 100 XX", "0"),
            ("EXPIRE sess:1 100 GT", "0"),
            ("EXPIRE sess:1 100 LT", "1"),
            ("EXPIRE sess:1 50 GT", "0"),
            ("EXPIRE sess:1 200 NX", "0"),
            ("EXPIRE sess:1 200 xx gt", "1"),
            ("TTL sess:1", "200"),
            (
                "EXPIRE k 1 NX XX",
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ),
            (
                "EXPIRE k 1 GT LT",
                "ERR GT and LT options at the same time are not compatible",
            ),
            ("EXPIRE k 1 ZZ", "ERR Unsupported option ZZ"),
            (
                "EXPIRE k 9223372036854775807",
                "ERR invalid expire time in 'expire' command",
            ),
            ("PEXPIREAT sess:1 1700000060000", "1"),
            ("PEXPIRETIME sess:1", "1700000060000"),
            ("RENAME sess:1 sess:3", "OK"),
            ("TTL sess:3", "60"),
            ("RENAME none x", "ERR no such key"),
            ("PERSIST sess:3", "1"),
            ("PERSIST sess:3", "0"),
            ("TTL none", "-2"),
            ("EXPIRE sess:3 -1", "1"),
            ("KEYS sess:*", "[\"sess:2\"]"),
            ("SCAN 0 MATCH c* COUNT 100", "[\"0\" [\"cart:1\"]]"),
            ("SCAN 0 TYPE hash COUNT 100", "[\"0\" []]"),
            ("SCAN x", "ERR invalid cursor"),
            ("SCAN 0 COUNT 0", SYNTAX),
            ("EXISTS sess:2 sess:2 none", "2"),
            ("TOUCH sess:2 none", "1"),
            ("DBSIZE", "2"),
            ("SELECT 1", "OK"),
            ("DBSIZE", "0"),
            ("SELECT 16", "ERR DB index is out of range"),
            ("SELECT x", NOT_INTEGER),
            ("SET here 1", "OK"),
            ("FLUSHDB ASYNC", "OK"),
            ("SELECT 0", "OK"),
            ("UNLINK sess:2 none", "1"),
            ("DEL cart:1", "1"),
            ("FLUSHALL nonsense", SYNTAX),
        ],
    )
    .await;
}

#[tokio::test]
async fn connections_and_the_server_answer_as_redis() {
    check(
        "",
        &[
            ("PING", "PONG"),
            ("PING x", "\"x\""),
            ("PING x y", "ERR wrong number of arguments for 'ping' command"),
            ("ECHO x", "\"x\""),
            ("TIME", "[\"1700000000\" \"0\"]"),
            ("NOPE a b", "ERR unknown command 'NOPE', with args beginning with: 'a' 'b' "),
            ("CLIENT ID", "1"),
            ("CLIENT GETNAME", "nil"),
            ("CLIENT SETNAME web", "OK"),
            ("CLIENT SETINFO LIB-NAME redis-py", "OK"),
            ("CLIENT GETNAME", "\"web\""),
            ("CLIENT NO-EVICT on", "OK"),
            ("CLIENT NO-TOUCH maybe", SYNTAX),
            ("CLIENT NOPE", "ERR unknown subcommand 'NOPE'. Try CLIENT HELP."),
            ("CLIENT SETNAME", "ERR wrong number of arguments for 'client|setname' command"),
            ("CONFIG GET databases", "[\"databases\" \"16\"]"),
            ("CONFIG SET x y", "ERR Unknown option or number of arguments for CONFIG SET - 'x'"),
            ("COMMAND INFO get nope", "[[\"get\" 2 [readonly fast] 1 1 1 [] [] [] []] nil]"),
            ("AUTH x", "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"),
            ("AUTH default x", "OK"),
            ("AUTH other x", "WRONGPASS invalid username-password pair or user is disabled."),
            ("HELLO 4", "NOPROTO unsupported protocol version"),
            ("HELLO x", "ERR Protocol version is not an integer or out of range"),
            ("HELLO 2 NOPE", "ERR Syntax error in HELLO option 'NOPE'"),
            ("RESET", "RESET"),
            ("CLIENT GETNAME", "nil"),
            ("QUIT", "OK"),
            ("PING", "closed"),
        ],
    )
    .await;
}

#[tokio::test]
async fn resp3_has_maps_sets_and_nulls() {
    let hello = HELLO_3;
    check(
        "",
        &[
            ("HELLO 3 SETNAME web", hello),
            ("CLIENT GETNAME", "\"web\""),
            ("GET none", "nil"),
            ("HSET h b 1 a 2", "2"),
            ("HGETALL h", "{\"b\" \"1\" \"a\" \"2\"}"),
            ("SADD s m", "1"),
            ("SMEMBERS s", "~[\"m\"]"),
            ("CONFIG GET save", "{\"save\" \"\"}"),
            (
                "HELLO 2",
                &hello
                    .replace("3 \"id\"", "2 \"id\"")
                    .replace('{', "[")
                    .replace('}', "]"),
            ),
            ("SMEMBERS s", "[\"m\"]"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_password_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    std::fs::write(&file, "secret\n").unwrap();
    let noauth = "NOAUTH Authentication required.";
    let hello = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
    let wrong = "WRONGPASS invalid username-password pair or user is disabled.";
    check(
        &format!("password_file = {file:?}"),
        &[
            ("PING", noauth),
            ("GET k", noauth),
            ("HELLO 3", hello),
            ("AUTH wrong", wrong),
            ("AUTH other secret", wrong),
            ("AUTH secret", "OK"),
            ("PING", "PONG"),
            ("RESET", "RESET"),
            ("PING", noauth),
            ("AUTH default secret", "OK"),
            ("GET k", "nil"),
        ],
    )
    .await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_whoever_runs_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    let mut wire = Vec::new();
    for round in 0..500 {
        let round = round.to_string();
        wire.extend(request(&["SET", "k", &round]));
        wire.extend(request(&["ECHO", &round]));
        wire.extend(b"GET k\r\n");
        wire.extend(request(&[
            "SELECT",
            if round.ends_with('7') { "1" } else { "0" },
        ]));
    }
    client.send(&wire).await;
    for round in 0..500 {
        let round = format!("\"{round}\"");
        assert_eq!(
            [
                client.reply().await,
                client.reply().await,
                client.reply().await,
                client.reply().await
            ],
            ["OK", &round, &round, "OK"]
        );
    }
    store.handle.shutdown().await;
}

#[tokio::test]
async fn scan_meets_every_key_that_stays_while_others_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "durability = \"os\"").await;
    let (mut client, mut other) = (store.connect().await, store.connect().await);
    for key in 0..300 {
        client.call(&format!("SET key:{key} v")).await;
    }
    let (mut met, mut cursor, mut round) = (String::new(), "0".to_owned(), 0);
    loop {
        let page = client.call(&format!("SCAN {cursor} COUNT 7")).await;
        met.push_str(&page);
        cursor = page.split('"').nth(1).unwrap().to_owned();
        if cursor == "0" {
            break;
        }
        // Odd keys go from either end, new ones come.
        other
            .call(&format!(
                "DEL key:{} key:{}",
                2 * round + 1,
                299 - 2 * round
            ))
            .await;
        other.call(&format!("SET new:{round} v")).await;
        round += 1;
    }
    let missed: Vec<_> = (0..300)
        .step_by(2)
        .filter(|key| !met.contains(&format!("\"key:{key}\"")))
        .collect();
    assert_eq!(missed, Vec::<i32>::new());
    store.handle.shutdown().await;
}
