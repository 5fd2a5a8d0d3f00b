//! Acknowledged writes that `kill -9` loses, which must be none.
//!
//! Writers count upwards, each in sessions of its own, and note a number when its write is acknowledged. At a
//! random instant the store is killed, started again, and must hold for each session the number noted last or
//! the one after it, whose acknowledgement the kill may have swallowed.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

use anyhow::{Result, ensure};

use crate::{
    Extent,
    client::Client,
    figure::{Bar, print},
    server::{GROUP, OS, Server},
};

const WRITERS: usize = 16;
/// Sessions of one writer.
const SESSIONS: usize = 8;
/// Times between start and kill, milliseconds: from and up to.
const INSTANT: (u64, u64) = (20, 400);

pub(crate) fn measure(extent: Extent) -> Result<()> {
    for pair in [GROUP, OS] {
        let folder = tempfile::tempdir()?;
        let mut server = Server::ours(folder.path(), pair.durability)?;
        server.ready()?;
        let noted: Vec<AtomicU64> = (0..WRITERS * SESSIONS).map(|_| AtomicU64::new(0)).collect();
        let (mut lost, mut random) = (0_u64, 0x2545_f491_4f6c_dd1d_u64);
        for _ in 0..extent.kills {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let instant = INSTANT.0 + random % (INSTANT.1 - INSTANT.0);
            thread::scope(|scope| -> Result<()> {
                for (writer, noted) in noted.chunks(SESSIONS).enumerate() {
                    let port = server.port;
                    scope.spawn(move || write(port, writer, noted));
                }
                thread::sleep(Duration::from_millis(instant));
                server.kill()
            })?;
            server = Server::ours(folder.path(), pair.durability)?;
            server.ready()?;
            lost += check(server.port, &noted)?;
        }
        let acknowledged: u64 = noted.iter().map(|noted| noted.load(Relaxed)).sum();
        let about = format!("{acknowledged} writes, {} kills", extent.kills);
        print(
            &format!("lost_by_kill_{}", pair.durability),
            "writes",
            &about,
            Bar::AtMost(0.0),
            vec![lost as f64],
        );
    }
    Ok(())
}

fn name(writer: usize, session: usize) -> String {
    format!("session:{writer}-{session}")
}

/// Writes until the server is gone.
fn write(port: u16, writer: usize, noted: &[AtomicU64]) {
    let Ok(mut client) = Client::connect(port) else {
        return;
    };
    loop {
        for (session, noted) in noted.iter().enumerate() {
            let next = noted.load(Relaxed) + 1;
            let (key, value) = (name(writer, session), format!("{next:0>1024}"));
            let words: [&[u8]; 5] = [b"SET", key.as_bytes(), value.as_bytes(), b"EX", b"3600"];
            match client.call(&words) {
                Ok(reply) if reply == "+OK" => noted.store(next, Relaxed),
                _ => return,
            }
        }
    }
}

/// How many writes are missing; a write whose acknowledgement was swallowed counts from now on.
fn check(port: u16, noted: &[AtomicU64]) -> Result<u64> {
    let mut client = Client::connect(port)?;
    let mut lost = 0;
    for (position, noted) in noted.iter().enumerate() {
        let key = name(position / SESSIONS, position % SESSIONS);
        let text = client.call(&[b"GET", key.as_bytes()])?;
        let found: u64 = text.parse().unwrap_or(0);
        let known = noted.load(Relaxed);
        ensure!(
            found <= known + 1,
            "{key} holds a write that was never sent"
        );
        lost += known.saturating_sub(found);
        noted.store(found, Relaxed);
    }
    Ok(lost)
}
