//! A fuzz target for the RESP front: requests that clients send, damaged in ever new ways, over a real connection.
//!
//! ```text
//! cargo run -p bongsu-edge-sessions --example fuzz_resp -- [SECONDS [SEED]]
//! ```
//!
//! After each damaged conversation a sound client must be served. A panic anywhere, a server that does not answer, or a
//! reply that is no RESP ends the run with the seed that leads there. Needs no nightly compiler; the price is that
//! nothing steers it towards code it has not reached.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for developers: it runs for a time and says what it found"
)]

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result, bail, ensure};
use bongsu_edge_sessions::{Config, bind};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{Clock, Timestamp};
use tokio::sync::mpsc;

/// What sound clients send.
const SOUND: [&[u8]; 10] = [
    b"*1\r\n$4\r\nPING\r\n",
    b"*3\r\n$3\r\nSET\r\n$6\r\nsess:a\r\n$5\r\nvalue\r\n",
    b"*5\r\n$3\r\nSET\r\n$6\r\nsess:b\r\n$1\r\nv\r\n$2\r\nEX\r\n$2\r\n60\r\n",
    b"*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$5\r\nfield\r\n$5\r\nvalue\r\n",
    b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n",
    b"*2\r\n$9\r\nSUBSCRIBE\r\n$2\r\nch\r\n",
    b"*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nGET\r\n$6\r\nsess:a\r\n*1\r\n$4\r\nEXEC\r\n",
    b"*3\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n",
    b"SET inline \"a b\\x00\"\r\n",
    b"*4\r\n$4\r\nZADD\r\n$1\r\nz\r\n$3\r\n1.5\r\n$1\r\nm\r\n",
];

/// What numbers are replaced with.
const NUMBERS: [&[u8]; 8] = [
    b"-1",
    b"0",
    b"10737418240",
    b"9223372036854775808",
    b"",
    b"+1",
    b"01",
    b"\xff",
];

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(0).plus(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(Ok(30), |text| text.parse())?;
    let seed: u64 = arguments
        .next()
        .map_or_else(|| Ok(fastrand::u64(..)), |text| text.parse())?;
    static PANICS: AtomicU64 = AtomicU64::new(0);
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Relaxed);
        told(panic);
    }));
    let folder = std::env::temp_dir().join(format!("fuzz-resp-{}", std::process::id()));
    let text = format!(
        "bind = \"127.0.0.1:0\"\ndata_dir = {folder:?}\ndurability = \"memory\"\nmax_memory = \"64MiB\"\n"
    );
    let config = Config::read(Section::parse(&text, &Faults::default()));
    let store = bind(config, Arc::new(SystemClock), mpsc::channel(1).0).await?;
    let address = store.addr();
    let fuzzing = move || {
        let (begun, mut round) = (Instant::now(), seed);
        while begun.elapsed() < Duration::from_secs(seconds) {
            converse(address, round).with_context(|| format!("with seed {round}"))?;
            ensure!(PANICS.load(Relaxed) == 0, "a panic with seed {round}");
            round = round.wrapping_add(1);
        }
        anyhow::Ok(round.wrapping_sub(seed))
    };
    let rounds = tokio::task::spawn_blocking(fuzzing).await??;
    println!("{rounds} damaged conversations from seed {seed}: always served on");
    store.shutdown().await;
    Ok(())
}

/// One damaged conversation, then a sound one.
fn converse(address: SocketAddr, seed: u64) -> Result<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut stream = connect(address)?;
    // Whoever is cut off while sending finds out by an error, as it should.
    let _ = stream.write_all(&damaged(&mut random));
    let _ = stream.shutdown(Shutdown::Write);
    let mut replies = Vec::new();
    match stream.read_to_end(&mut replies) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => bail!("the conversation does not end: {error}"),
    }
    if let Some(first) = replies.first() {
        ensure!(b"+-:$*%~>_,#(=!|".contains(first), "no reply: {replies:?}");
    }
    let mut sound = connect(address)?;
    sound.write_all(b"*1\r\n$4\r\nPING\r\n")?;
    let mut pong = [0; 7];
    sound.read_exact(&mut pong).context("no answer to PING")?;
    ensure!(&pong == b"+PONG\r\n", "PING is answered with {pong:?}");
    Ok(())
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

/// Some sound requests, with some damage.
fn damaged(random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.usize(1..6) {
        bytes.extend_from_slice(random.choice(SOUND).unwrap_or_default());
    }
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..=bytes.len());
        let end = (at + random.usize(..8)).min(bytes.len());
        match random.u8(..6) {
            0 => bytes.truncate(at),
            1 => {
                let number = random.choice(NUMBERS).unwrap_or_default();
                bytes.splice(at..end, number.iter().copied());
            }
            2 => bytes.insert(at, random.u8(..)),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let again = bytes.split_off(at);
                bytes.extend_from_slice(&again);
                bytes.extend(again);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.u8(..8);
                }
            }
        }
        bytes.truncate(1 << 20);
    }
    bytes
}
