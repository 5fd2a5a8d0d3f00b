//! Keys of whatever type, and what is known about commands. The tables were written by redis-server 7.0.15.

use super::{NOT_INTEGER, SYNTAX, check};
use crate::client::Store;

#[tokio::test]
async fn keys_are_copied_and_renamed_as_redis_does() {
    check(
        "",
        &[
            ("SET a 1 EX 100", "OK"),
            ("COPY a b", "1"),
            ("TTL b", "100"),
            ("COPY a b", "0"),
            ("COPY a b REPLACE", "1"),
            (
                "COPY a a",
                "ERR source and destination objects are the same",
            ),
            ("COPY a a DB 3", "1"),
            ("COPY a c DB 16", "ERR DB index is out of range"),
            ("COPY a c DB x", NOT_INTEGER),
            ("COPY a c NOPE", SYNTAX),
            ("COPY none c", "0"),
            ("SELECT 3", "OK"),
            ("GET a", "\"1\""),
            ("SELECT 0", "OK"),
            ("RENAMENX a b", "0"),
            ("RENAMENX a z", "1"),
            ("RENAMENX none z", "ERR no such key"),
            ("RENAMENX z z", "0"),
            ("TOUCH z b none", "2"),
            (
                "RANDOMKEY none",
                "ERR wrong number of arguments for 'randomkey' command",
            ),
            ("FLUSHALL", "OK"),
            ("RANDOMKEY", "nil"),
            ("SET one 1", "OK"),
            ("RANDOMKEY", "\"one\""),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_known_of_keys_and_commands_is_what_redis_knows() {
    check(
        "",
        &[
            ("SET one 1", "OK"),
            ("OBJECT ENCODING one", "\"int\""),
            ("OBJECT REFCOUNT none", "nil"),
            ("OBJECT FREQ one", "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."),
            ("OBJECT IDLETIME one", "0"),
            ("OBJECT ENCODING", "ERR wrong number of arguments for 'object|encoding' command"),
            ("OBJECT NOPE one", "ERR unknown subcommand 'NOPE'. Try OBJECT HELP."),
            ("MEMORY USAGE none", "nil"),
            ("MEMORY USAGE one SAMPLES -1", SYNTAX),
            ("MEMORY NOPE one", "ERR unknown subcommand 'NOPE'. Try MEMORY HELP."),
            ("MEMORY USAGE", "ERR wrong number of arguments for 'memory|usage' command"),
            ("SADD n 1 2 3", "3"),
            ("OBJECT ENCODING n", "\"intset\""),
            ("SADD w a", "1"),
            ("OBJECT ENCODING w", "\"hashtable\""),
            ("HSET h f v", "1"),
            ("OBJECT ENCODING h", "\"listpack\""),
            ("ZADD z 1 a", "1"),
            ("OBJECT ENCODING z", "\"listpack\""),
            ("EXPIRE one 100 NX", "1"),
            ("EXPIRE one 50 GT", "0"),
            ("EXPIRE one 50 LT", "1"),
            ("EXPIRE one 50 NX", "0"),
            ("EXPIRE one 50 XX GT LT", "ERR GT and LT options at the same time are not compatible"),
            ("EXPIRE one 50 NOPE", "ERR Unsupported option NOPE"),
            ("EXPIRE one 9223372036854775807", "ERR invalid expire time in 'expire' command"),
            ("PEXPIRE one -1", "1"),
            ("EXISTS one", "0"),
            ("WAIT 0 0", "0"),
            ("WAIT x 0", NOT_INTEGER),
            ("WAIT 0 -1", "ERR timeout is negative"),
            ("WAIT 0 x", "ERR timeout is not an integer or out of range"),
            ("COMMAND GETKEYS MSET a 1 b 2", "[\"a\" \"b\"]"),
            ("COMMAND GETKEYS ZUNIONSTORE d 2 a b", "[\"d\" \"a\" \"b\"]"),
            ("COMMAND GETKEYS ZUNION 3 a b", "ERR Invalid arguments specified for command"),
            ("COMMAND GETKEYS PING x", "ERR The command has no key arguments"),
            ("COMMAND GETKEYS GET a b", "ERR Invalid number of arguments specified for command"),
            ("COMMAND GETKEYS NOPE a", "ERR Invalid command specified"),
        ],
    )
    .await;
}

#[tokio::test]
async fn info_has_what_health_checks_and_exporters_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::start(dir.path(), "").await;
    let mut client = store.connect().await;
    client.call("SET k v EX 100").await;
    let all = client.call("INFO").await;
    for field in [
        "redis_version:7.0.15",
        "uptime_in_seconds:0",
        "connected_clients:1",
        "used_memory:",
        "maxmemory:1073741824",
        "loading:0",
        "aof_last_write_status:ok",
        "total_commands_processed:",
        "role:master",
        "db0:keys=1,expires=1,avg_ttl=0",
    ] {
        assert!(all.contains(field), "{field} in {all}");
    }
    let some = client.call("INFO replication keyspace").await;
    assert!(some.contains("role:master") && some.contains("db0:") && !some.contains("loading"));
    store.handle.shutdown().await;
}
