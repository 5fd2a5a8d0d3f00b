//! How much memory a session takes, and how long it takes to have them all again after a crash.

use anyhow::{Result, ensure};

use crate::{
    Extent,
    client::{Client, fill, key},
    figure::{Bar, print},
    server::{OS, Server, redis_name},
};

/// Sessions whose memory is measured.
const SESSIONS: usize = 100_000;

pub(crate) fn measure(extent: Extent) -> Result<()> {
    let peer = redis_name()?;
    let folder = tempfile::tempdir()?;
    let mut ours = Server::ours(folder.path(), OS.durability)?;
    let mut redis = Server::redis(folder.path(), OS.fsync)?;
    let mut bytes = Vec::new();
    for server in [&mut ours, &mut redis] {
        server.ready()?;
        fill(server.port, SESSIONS, |_| life())?;
        bytes.push(server.resident()? / SESSIONS as f64);
    }
    print(
        "resident_bytes_per_1k_session",
        "bytes",
        "",
        Bar::None,
        vec![bytes[0]],
    );
    print(
        "resident_bytes_per_1k_session_of_redis",
        "bytes",
        &peer,
        Bar::None,
        vec![bytes[1]],
    );
    print(
        "resident_per_1k_session_vs_redis",
        "ratio",
        &peer,
        Bar::AtMost(1.3),
        vec![bytes[0] / bytes[1]],
    );

    let name = match extent.reopened {
        1_000_000 => "reopen_1m",
        _ => "reopen_100k",
    };
    for (server, whose, peer) in [(&mut ours, "", ""), (&mut redis, "_of_redis", &peer)] {
        fill(server.port, extent.reopened, |_| life())?;
        server.kill()?;
        *server = match whose {
            "" => Server::ours(folder.path(), OS.durability)?,
            _ => Server::redis(folder.path(), OS.fsync)?,
        };
        let seconds = server.ready()?.as_secs_f64();
        let last = key(extent.reopened - 1);
        let there = Client::connect(server.port)?.call(&[b"EXISTS", last.as_bytes()])?;
        ensure!(there == ":1", "the last session is not there: {there}");
        print(
            &format!("{name}{whose}"),
            "s",
            peer,
            Bar::None,
            vec![seconds],
        );
    }
    Ok(())
}

fn life() -> [String; 2] {
    ["EX", "7200"].map(str::to_owned)
}
