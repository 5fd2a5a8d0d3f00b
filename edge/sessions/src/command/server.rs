//! The store as a whole: its size, its figures, emptying it.

use std::{fmt::Write as _, sync::atomic::Ordering::Relaxed};

use bytes::Bytes;

use super::{
    Access::{Connection, Read, Write},
    DATABASES, NO_KEY, Outcome, REDIS_VERSION, Refusal, Spec,
    args::{exactly, integer, keyword, number},
    on_keys,
};
use crate::{engine::Db, protocol::Reply, pubsub::Kind};

/// The family.
pub(super) const COMMANDS: &[Spec] = &[
    on_keys(
        "server",
        Read,
        ("dbsize", 1, NO_KEY),
        dbsize,
        "Returns the number of keys of the database",
    ),
    on_keys(
        "server",
        Write,
        ("flushdb", -1, NO_KEY),
        flushdb,
        "Deletes all keys of the database",
    ),
    on_keys(
        "server",
        Write,
        ("flushall", -1, NO_KEY),
        flushall,
        "Deletes all keys of all databases",
    ),
    on_keys(
        "generic",
        Connection,
        ("wait", 3, NO_KEY),
        wait,
        "Waits for replicas, of which there are none",
    ),
    on_keys(
        "server",
        Connection,
        ("time", 1, NO_KEY),
        time,
        "Returns the server's time",
    ),
    on_keys(
        "server",
        Read,
        ("info", -1, NO_KEY),
        info,
        "Returns figures about the server",
    ),
];

fn dbsize(db: &mut Db<'_>, _: &[Bytes]) -> Outcome {
    Ok(Reply::count(db.len()))
}

/// Seconds, and microseconds of the second.
fn time(db: &mut Db<'_>, _: &[Bytes]) -> Outcome {
    let ms = db.now.as_ms();
    let parts = [ms.div_euclid(1000), ms.rem_euclid(1000) * 1000];
    let parts = parts.map(|part| Reply::Bulk(part.to_string().into()));
    Ok(Reply::Array(parts.into()))
}

fn flushdb(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    check_flush_mode(args)?;
    db.flush(db.number);
    Ok(Reply::OK)
}

fn flushall(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    check_flush_mode(args)?;
    for number in 0..DATABASES {
        db.flush(number);
    }
    Ok(Reply::OK)
}

/// No replica will ever acknowledge anything here, so there is nothing to wait for, however long the caller
/// would: unlike Redis, which lets the time pass first.
fn wait(_: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let [replicas, timeout] = exactly(args)?;
    integer(replicas)?;
    match number(timeout) {
        None => Err(Refusal::Fixed(
            "ERR timeout is not an integer or out of range",
        )),
        Some(..0) => Err(Refusal::Fixed("ERR timeout is negative")),
        Some(_) => Ok(Reply::Integer(0)),
    }
}

/// `ASYNC` and `SYNC` are accepted and the same.
fn check_flush_mode(args: &[Bytes]) -> Result<(), Refusal> {
    match args {
        [] => Ok(()),
        [mode] if matches!(keyword(mode).as_slice(), b"ASYNC" | b"SYNC") => Ok(()),
        _ => Err(Refusal::Syntax),
    }
}

type Section = (&'static str, fn(&Db<'_>, &mut String) -> std::fmt::Result);

const SECTIONS: &[Section] = &[
    ("Server", server),
    ("Clients", clients),
    ("Memory", memory),
    ("Persistence", persistence),
    ("Stats", stats),
    ("Replication", |_, out| {
        write!(
            out,
            "role:master\r\nconnected_slaves:0\r\nmaster_repl_offset:0\r\n"
        )
    }),
    ("Cluster", |_, out| write!(out, "cluster_enabled:0\r\n")),
    ("Sessions", sessions),
    ("Keyspace", keyspace),
];

fn info(db: &mut Db<'_>, args: &[Bytes]) -> Outcome {
    let wanted: Vec<_> = args.iter().map(|arg| arg.to_ascii_lowercase()).collect();
    let all = wanted
        .iter()
        .any(|name| matches!(name.as_slice(), b"all" | b"default" | b"everything"));
    let mut out = String::new();
    for (name, write) in SECTIONS {
        let named = wanted
            .iter()
            .any(|wanted| wanted.eq_ignore_ascii_case(name.as_bytes()));
        if all || named || wanted.is_empty() {
            let separator = if out.is_empty() { "" } else { "\r\n" };
            let _ = write!(out, "{separator}# {name}\r\n");
            let _ = write(db, &mut out);
        }
    }
    Ok(Reply::Text(out))
}

fn server(db: &Db<'_>, out: &mut String) -> std::fmt::Result {
    let up = db.now.since(db.stats.started).as_secs();
    write!(
        out,
        "redis_version:{REDIS_VERSION}\r\nredis_mode:standalone\r\nmultiplexing_api:epoll\r\n"
    )?;
    write!(out, "bongsu_version:{}\r\n", env!("CARGO_PKG_VERSION"))?;
    write!(
        out,
        "os:{}\r\narch_bits:{}\r\n",
        std::env::consts::OS,
        usize::BITS
    )?;
    write!(
        out,
        "process_id:{}\r\ntcp_port:{}\r\n",
        std::process::id(),
        db.stats.port
    )?;
    write!(
        out,
        "uptime_in_seconds:{up}\r\nuptime_in_days:{}\r\n",
        up / 86_400
    )
}

fn clients(db: &Db<'_>, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "connected_clients:{}\r\n",
        db.stats.clients.load(Relaxed)
    )?;
    let watched: usize = db.shards.iter().map(|shard| shard.watched.len()).sum();
    write!(
        out,
        "maxclients:{}\r\ntotal_watched_keys:{watched}\r\nblocked_clients:0\r\n",
        db.stats.max_clients
    )
}

fn memory(db: &Db<'_>, out: &mut String) -> std::fmt::Result {
    let used = db.engine.weight();
    write!(out, "used_memory:{used}\r\nused_memory_dataset:{used}\r\n")?;
    write!(
        out,
        "maxmemory:{}\r\nmaxmemory_policy:noeviction\r\n",
        db.engine.settings().max_memory()
    )
}

fn persistence(db: &Db<'_>, out: &mut String) -> std::fmt::Result {
    let durability = db.stats.durability.name();
    let failure = db.engine.journal_failure();
    let status = if failure.is_some() { "err" } else { "ok" };
    write!(
        out,
        "loading:0\r\naof_enabled:1\r\naof_last_write_status:{status}\r\nbongsu_durability:{durability}\r\nbongsu_journal_status:{status}\r\n"
    )?;
    if let Some(failure) = failure {
        write!(out, "bongsu_journal_error:{failure}\r\n")?;
    }
    write!(
        out,
        "bongsu_journal_bytes:{}\r\n",
        db.engine.journal_backlog()
    )
}

fn stats(db: &Db<'_>, out: &mut String) -> std::fmt::Result {
    let stats = db.stats;
    write!(
        out,
        "total_connections_received:{}\r\n",
        stats.connections.load(Relaxed)
    )?;
    write!(
        out,
        "total_commands_processed:{}\r\n",
        stats.commands.load(Relaxed)
    )?;
    write!(
        out,
        "rejected_connections:{}\r\nevicted_keys:0\r\n",
        stats.rejected_connections.load(Relaxed)
    )?;
    let broker = db.engine.broker();
    write!(
        out,
        "pubsub_channels:{}\r\npubsub_patterns:{}\r\n",
        broker.count(Kind::Channel),
        broker.count(Kind::Pattern)
    )
}

fn sessions(db: &Db<'_>, out: &mut String) -> std::fmt::Result {
    let counts = db.engine.tallies().counts();
    write!(
        out,
        "sessions_active:{}\r\nsessions_created:{}\r\n",
        counts.active, counts.created
    )?;
    write!(
        out,
        "sessions_destroyed:{}\r\nsessions_expired:{}\r\n",
        counts.destroyed, counts.expired
    )?;
    write!(out, "sessions_rejected:{}\r\n", counts.rejected)?;
    write!(
        out,
        "session_events_lost:{}\r\n",
        db.engine.tallies().lost_events()
    )
}

fn keyspace(db: &Db<'_>, out: &mut String) -> std::fmt::Result {
    for number in 0..DATABASES {
        let (keys, expiring) = db.census(number);
        if keys > 0 {
            write!(
                out,
                "db{number}:keys={keys},expires={expiring},avg_ttl=0\r\n"
            )?;
        }
    }
    Ok(())
}
