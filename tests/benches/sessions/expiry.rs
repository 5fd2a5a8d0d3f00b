//! What others notice of a hundred thousand sessions that end within one second.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};

use crate::{
    Extent,
    client::{Client, fill, key},
    figure::{Bar, print},
    server::{OS, Server},
};

/// Sessions that end.
const SESSIONS: usize = 100_000;
/// Time until the first of them does: storing them all takes less.
const LEAD: Duration = Duration::from_secs(6);

pub(crate) fn measure(extent: Extent) -> Result<()> {
    let mut ratios = Vec::new();
    for _ in 0..extent.runs {
        let folder = tempfile::tempdir()?;
        let mut server = Server::ours(folder.path(), OS.durability)?;
        server.ready()?;
        let first = SystemTime::UNIX_EPOCH.elapsed()? + LEAD;
        fill(server.port, SESSIONS, |number| {
            let end = first.as_millis() + (number % 1000) as u128;
            ["PXAT".to_owned(), end.to_string()]
        })?;
        let mut client = Client::connect(server.port)?;
        let live = key(SESSIONS);
        client.call(&[b"SET", live.as_bytes(), &[b'x'; 1024]])?;

        let before = p99(&mut client, &live, Duration::from_secs(1))?;
        let left = first.checked_sub(SystemTime::UNIX_EPOCH.elapsed()?);
        ensure!(
            left.is_some(),
            "storing the sessions took too long to measure anything"
        );
        std::thread::sleep(left.unwrap_or_default());
        let during = p99(&mut client, &live, Duration::from_millis(1200))?;
        let left = client.call(&[b"DBSIZE"])?;
        ensure!(left == ":1", "expired sessions are still there: {left}");
        ratios.push(during / before);
    }
    print(
        "get_p99_during_mass_expiry",
        "ratio",
        "before it",
        Bar::AtMost(3.0),
        ratios,
    );
    Ok(())
}

/// The p99 of reading one session for a while, seconds.
fn p99(client: &mut Client, session: &str, a_while: Duration) -> Result<f64> {
    let begun = Instant::now();
    let mut took = Vec::new();
    while begun.elapsed() < a_while {
        let sent = Instant::now();
        client.call(&[b"GET", session.as_bytes()])?;
        took.push(sent.elapsed().as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    Ok(took[took.len() * 99 / 100])
}
