//! What commands tell subscribers, compared with redis-server 7.0.15 (`notify-keyspace-events EA`).

use std::sync::Arc;

use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{ManualClock, Timestamp};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    Config,
    command::{self, Run},
    engine::{
        Announced, Call, Db, Engine, Keyspace, Ledger, Notices, Stats, Tallies, shards::Scope,
    },
    pubsub::{Announcement, Broker, Flags},
    sessions::Registry,
    settings::Settings,
};

/// Commands that come before, separated by `;` · the command · what it tells, sorted by key.
#[rustfmt::skip]
const TABLE: &[(&str, &str, &str)] = &[
    ("", "SET a 1", "set a"),
    ("", "SET a 1 EX 100", "set a, expire a"),
    ("SET a 1 NX", "SET a 2 NX", ""),
    ("SET a 1", "SET a 2 XX KEEPTTL", "set a"),
    ("SET a 1", "GET a", ""),
    ("", "SETNX a 1", "set a"),
    ("", "SETEX a 10 1", "set a, expire a"),
    ("", "PSETEX a 10000 1", "set a, expire a"),
    ("SET a 1", "GETSET a 2", "set a"),
    ("SET a 1", "GETDEL a", "del a"),
    ("", "GETDEL a", ""),
    ("SET a 1", "GETEX a EX 10", "expire a"),
    ("SET a 1", "GETEX a PERSIST", ""),
    ("SET a 1 EX 10", "GETEX a PERSIST", "persist a"),
    ("SET a 1", "GETEX a PXAT 1", "del a"),
    ("", "MSET a 1 b 2", "set a, set b"),
    ("", "MSETNX a 1 b 2", "set a, set b"),
    ("SET a 1", "MSETNX a 1 b 2", ""),
    ("", "APPEND a x", "append a"),
    ("", "SETRANGE a 2 x", "setrange a"),
    ("", "SETRANGE a 2 ", ""),
    ("", "INCR a", "incrby a"),
    ("", "DECRBY a 2", "incrby a"),
    ("", "INCRBYFLOAT a 1.5", "incrbyfloat a"),
    ("", "HSET h f 1", "hset h"),
    ("", "HMSET h f 1 g 2", "hset h"),
    ("", "HSETNX h f 1", "hset h"),
    ("HSET h f 1", "HSETNX h f 1", ""),
    ("HSET h f 1", "HSET h f 1", "hset h"),
    ("", "HINCRBY h f 1", "hincrby h"),
    ("", "HINCRBYFLOAT h f 1", "hincrbyfloat h"),
    ("HSET h f 1 g 2", "HDEL h f", "hdel h"),
    ("HSET h f 1", "HDEL h f g", "hdel h, del h"),
    ("HSET h f 1", "HDEL h none", ""),
    ("", "SADD s a b", "sadd s"),
    ("SADD s a", "SADD s a", ""),
    ("SADD s a b", "SREM s a", "srem s"),
    ("SADD s a", "SREM s a", "srem s, del s"),
    ("SADD s a", "SREM s none", ""),
    ("SADD s a b", "SPOP s", "spop s"),
    ("SADD s a", "SPOP s", "spop s, del s"),
    ("SADD s a b", "SPOP s 5", "spop s, del s"),
    ("SADD s a b c", "SPOP s 2", "spop s"),
    ("SADD s a", "SPOP s 0", ""),
    ("SADD s a b", "SMOVE s t a", "srem s, sadd t"),
    ("SADD s a", "SMOVE s t a", "srem s, del s, sadd t"),
    ("SADD s a;SADD t a", "SMOVE s t a", "srem s, del s"),
    ("SADD s a", "SMOVE s s a", ""),
    ("SADD s a;SADD t a b", "SINTERSTORE d s t", "sinterstore d"),
    ("SADD s a;SET d 1", "SINTERSTORE d s none", "del d"),
    ("SADD s a", "SUNIONSTORE d s t", "sunionstore d"),
    ("SADD s a", "SDIFFSTORE d s t", "sdiffstore d"),
    ("SADD s a;SADD d x", "SDIFFSTORE d s s", "del d"),
    ("", "SDIFFSTORE d s", ""),
    ("SET a 1;SET b 2", "DEL a b none", "del a, del b"),
    ("SET a 1;SET b 2", "UNLINK a b", "del a, del b"),
    ("SET a 1", "RENAME a b", "rename_from a, rename_to b"),
    ("SET a 1;SET b 1", "RENAME a b", "rename_from a, rename_to b"),
    ("SET a 1", "RENAME a a", ""),
    ("SET a 1", "RENAMENX a b", "rename_from a, rename_to b"),
    ("SET a 1;SET b 1", "RENAMENX a b", ""),
    ("SET a 1", "COPY a b", "copy_to b"),
    ("SET a 1;SET b 1", "COPY a b", ""),
    ("SET a 1;SET b 1", "COPY a b REPLACE", "copy_to b"),
    ("SET a 1", "TOUCH a", ""),
    ("SET a 1", "EXPIRE a 10", "expire a"),
    ("SET a 1", "PEXPIREAT a 1", "del a"),
    ("SET a 1", "EXPIRE a -1", "del a"),
    ("SET a 1", "EXPIRE a 10 XX", ""),
    ("SET a 1 EX 10", "PERSIST a", "persist a"),
    ("SET a 1", "PERSIST a", ""),
    ("", "ZADD z 1 a", "zadd z"),
    ("ZADD z 1 a", "ZADD z 1 a", ""),
    ("ZADD z 1 a", "ZADD z CH 2 a", "zadd z"),
    ("", "ZADD z INCR 1 a", "zincr z"),
    ("ZADD z 1 a", "ZADD z INCR 0 a", ""),
    ("ZADD z 1 a", "ZADD z GT INCR -5 a", ""),
    ("", "ZINCRBY z 1 a", "zincr z"),
    ("ZADD z 1 a 2 b", "ZREM z a", "zrem z"),
    ("ZADD z 1 a", "ZREM z a", "zrem z, del z"),
    ("ZADD z 1 a", "ZREM z none", ""),
    ("ZADD z 1 a 2 b", "ZREMRANGEBYRANK z 0 0", "zremrangebyrank z"),
    ("ZADD z 1 a 2 b", "ZREMRANGEBYSCORE z 0 5", "zremrangebyscore z, del z"),
    ("ZADD z 1 a 2 b", "ZREMRANGEBYSCORE z 7 9", ""),
    ("ZADD z 0 a 0 b", "ZREMRANGEBYLEX z [a [a", "zremrangebylex z"),
    ("ZADD z 1 a 2 b", "ZPOPMIN z", "zpopmin z"),
    ("ZADD z 1 a", "ZPOPMAX z", "zpopmax z, del z"),
    ("ZADD z 1 a", "ZPOPMAX z 0", ""),
    ("ZADD z 1 a 2 b", "ZMPOP 2 none z MAX COUNT 5", "zpopmax z, del z"),
    ("ZADD z 1 a", "ZRANGESTORE d z 0 -1", "zrangestore d"),
    ("ZADD z 1 a;ZADD d 1 x", "ZRANGESTORE d none 0 -1", "del d"),
    ("", "ZRANGESTORE d none 0 -1", ""),
    ("ZADD z 1 a", "ZUNIONSTORE d 1 z", "zunionstore d"),
    ("ZADD z 1 a", "ZINTERSTORE d 2 z z", "zinterstore d"),
    ("ZADD z 1 a", "ZDIFFSTORE d 1 z", "zdiffstore d"),
    ("ZADD z 1 a;SET d 1", "ZINTERSTORE d 2 z none", "del d"),
    ("", "PFADD p a", "pfadd p"),
    ("", "PFADD p", "pfadd p"),
    ("PFADD p a", "PFADD p a", ""),
    ("PFADD p a", "PFMERGE q p", "pfadd q"),
    ("PFADD p a", "PFCOUNT p", ""),
    ("SET a 1", "FLUSHALL", ""),
];

fn call(line: &str) -> Call {
    let mut words = line.split(' ').map(|word| Bytes::from(word.to_owned()));
    let name = words.next().unwrap();
    let args: Vec<_> = words.collect();
    let spec = command::resolve(&name, &args).unwrap();
    let Run::Keyspace(run) = spec.run else {
        panic!("{line} does not run here")
    };
    Call {
        spec,
        run,
        args,
        client: None,
        db: 0,
    }
}

#[test]
fn commands_tell_what_redis_tells() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("data_dir = {:?}", dir.path().to_str().unwrap());
    let config = Config::read(Section::parse(&text, &Faults::default()));
    let now = Timestamp::from_ms(1_700_000_000_000);
    let stats = Arc::new(Stats::new(&config, now, 0));
    let tallies = Arc::<Tallies>::default();
    let registry = Arc::new(Registry::new(config.applications.clone()));
    let settings = Arc::<Settings>::default();
    let shared = (Arc::clone(&settings), Arc::<Broker>::default());
    let make = || {
        let ledger = Ledger::new(Arc::clone(&registry), Arc::default(), mpsc::channel(1).0);
        Keyspace::new(ledger, Notices::new(Arc::clone(&settings)))
    };
    let clock = Arc::new(ManualClock::at(now));
    let engine = Engine::open(
        &config,
        clock,
        Arc::clone(&stats),
        tallies,
        Arc::clone(&registry),
        shared,
        make,
    )
    .unwrap();
    let mut db = Db {
        shards: engine.shards.lock(Scope::All),
        engine: &engine,
        scripts: &engine.scripts,
        stats: &stats,
        number: 0,
        now,
        max_bulk: 1024,
        announced: Vec::new(),
    };
    for (before, command, expected) in TABLE {
        db.flush(0);
        for line in before.split_terminator(';') {
            engine.call(&mut db, &call(line));
        }
        settings.set_notify(Flags::read(b"EA").unwrap());
        engine.call(&mut db, &call(command));
        settings.set_notify(Flags::default());
        let mut all = Vec::new();
        for shard in db.shards.iter_mut() {
            shard.notices.take(&mut all);
        }
        let notice = |one: Announced| match one.what {
            Announcement::Notice(notice) => notice,
            other => panic!("{other:?}"),
        };
        let mut told: Vec<_> = all.into_iter().map(notice).collect();
        told.sort_by(|a, b| a.key.cmp(&b.key));
        let told: Vec<_> = told
            .iter()
            .map(|notice| format!("{} {}", notice.event, String::from_utf8_lossy(&notice.key)))
            .collect();
        assert_eq!(told.join(", "), *expected, "{before} then {command}");
    }
}
