//! Real conversations, broken in random ways and cut in random places, sent to a store in a process of its own.
//!
//! It must stay alive, panic nowhere, stay small, serve others, and answer well-formed RESP whatever it was sent.
//! For longer: `BONGSU_FUZZ_SECONDS=180 BONGSU_FUZZ_SEED=7 cargo test -p bongsu-edge-sessions --test store fuzz --
//! --ignored --nocapture`.

#![expect(clippy::print_stdout, reason = "its report")]

use std::{net::SocketAddr, time::Duration};

use fastrand::Rng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{client::request, process::Process};

/// Small, so that limits are met.
const SETTINGS: &str = "durability = \"os\"\nmax_bulk = \"64KiB\"\nmax_request = \"256KiB\"\nmax_args = 2000\n\
    max_output = \"2MiB\"\nmax_input = \"8MiB\"\nmax_memory = \"32MiB\"\nrequest_timeout = \"5s\"\n\
    script_time_limit = \"100ms\"\nscript_memory = \"8MiB\"\njournal_size = \"4MiB\"\n\
    notify_keyspace_events = \"KEA\"\n[applications.shop]\nkeys = [\"shop:\"]\nuser = \"json:user\"\n\
    login = \"end-oldest\"\n";
/// Conversations at once.
const AT_ONCE: usize = 8;
/// Resident memory beyond which something is kept that should not be: data, replies, requests and scripts at
/// their limits, and room for the allocator.
const MOST_RESIDENT: u64 = 400 << 20;

/// Conversations as clients have them; words are separated by blanks, requests by line ends.
const CONVERSATIONS: &[&str] = &[
    "HELLO 3\nCLIENT SETINFO LIB-NAME fuzz\nSET sess:a {\"cookie\":{}} EX 60\nGET sess:a\nEXPIRE sess:a 60",
    "HMSET spring:session:sessions:1 creationTime 1 maxInactiveInterval 1800 lastAccessedTime 1\n\
     SADD spring:session:expirations:1 1\nEXPIRE spring:session:expirations:1 2100\nAPPEND spring:session:sessions:expires:1 x\n\
     HGETALL spring:session:sessions:1\nPUBLISH spring:session:event:0:created:1 x",
    "MULTI\nSET a 1\nINCR a\nHSET h f v\nEXEC\nWATCH a h\nMULTI\nDEL a\nDISCARD\nUNWATCH",
    "PSUBSCRIBE __key*__:*\nSUBSCRIBE c d\nPING\nPUNSUBSCRIBE\nUNSUBSCRIBE c",
    "EVAL return{KEYS[1],ARGV[1],redis.call('get',KEYS[1])} 1 a b\nEVAL return(string.rep('x',1000)) 0\n\
     SCRIPT LOAD return(1)\nEVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0\nSCRIPT EXISTS a b\n\
     EVAL while(true)do(redis.call)('set','a','b')end 0\nEVAL return(cjson.encode(cjson.decode(ARGV[1]))) 0 {\"a\":[1]}\n\
     EVAL return(cmsgpack.unpack(ARGV[1])) 0 abc\nEVAL return(struct.unpack('>I4',ARGV[1])) 0 abcd",
    "ZADD z 1 a 2 b 3 c\nZRANGE z 0 -1 WITHSCORES\nZRANGEBYSCORE z (1 +inf LIMIT 0 2\nZRANGEBYLEX z [a (c\nZPOPMIN z\n\
     ZUNIONSTORE u 2 z z WEIGHTS 1 2 AGGREGATE MAX\nZINCRBY z 1e308 a\nZRANDMEMBER z -5 WITHSCORES",
    "SCAN 0 MATCH s* COUNT 10 TYPE string\nHSCAN h 0\nSSCAN s 0\nKEYS *\nDBSIZE\nRANDOMKEY\nOBJECT ENCODING a",
    "SETRANGE big 60000 x\nGETRANGE big 0 -1\nBITCOUNT big\nAPPEND big y\nSTRLEN big\nINCRBYFLOAT n 1.5\nINCRBY n 9223372036854775807",
    "HSET h f1 v1 f2 v2\nHINCRBYFLOAT h n 0.1\nHRANDFIELD h -3 WITHVALUES\nHDEL h f1\nHMGET h f1 f2\nHSETNX h f3 v",
    "SADD s a b c\nSPOP s 2\nSRANDMEMBER s -1000\nSINTERSTORE d s s\nSMOVE s d a\nPFADD p a b\nPFMERGE q p\nPFCOUNT p q",
    "SET shop:1 {\"user\":\"kim\"} PX 300\nSET shop:2 {\"user\":\"kim\"}\nBONGSU.SESSIONS kim\nBONGSU.BIND shop:1 kim\n\
     BONGSU.DENY kim 1\nBONGSU.END shop:2\nRENAME shop:1 shop:3\nCOPY shop:3 shop:4 REPLACE",
    "SELECT 3\nSET k v\nSWAPDB 0 3\nMOVE k 1\nSELECT 99\nFLUSHDB\nINFO all\nCOMMAND INFO get\nCOMMAND\nCLIENT LIST\nCLIENT INFO\n\
     CONFIG GET *\nACL WHOAMI\nMEMORY USAGE k\nTIME\nWAIT 0 0\nRESET\nQUIT",
    "CLIENT REPLY SKIP\nGET a\nCLIENT REPLY OFF\nGET a\nCLIENT REPLY ON\nCLIENT NO-EVICT on\nCLIENT SETNAME x\nAUTH a b\nHELLO 2",
    "SET a b PXAT 99999999999999\nGETEX a PERSIST\nEXPIRE a -1 GT\nPEXPIREAT a 1 NX\nTTL a\nEXPIRETIME a\nTOUCH a b\nUNLINK a",
];

/// What breaks parsers.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\r",
    b"\n",
    b"\0",
    b"$-1\r\n",
    b"*-1\r\n",
    b"*0\r\n",
    b"$0\r\n\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"PING\r\n",
    b"$10737418240\r\n",
    b"*9223372036854775808\r\n",
    b"*2147483647\r\n",
    b"$9223372036854775807\r\n",
    b"*1000\r\n",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"nan",
    b"-inf",
    b"1e400",
    b"%p",
    b"\"",
    b"'",
    b"\\x",
    b"[",
    b"(",
    b"*",
    b"{\"user\":\"a\"}",
    b"\xff\xff\xff\xff",
    b"\x1bLua",
    b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n",
];

fn conversation(rng: &mut Rng) -> Vec<u8> {
    let text = CONVERSATIONS[rng.usize(..CONVERSATIONS.len())];
    let requests = text.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        if rng.u8(..) < 16 {
            format!("{}\r\n", words.join(" ")).into_bytes()
        } else {
            request(&words)
        }
    });
    let requests: Vec<_> = requests.collect();
    let mut wire = Vec::new();
    for _ in 0..=rng.usize(..4) {
        requests.iter().for_each(|request| wire.extend(request));
    }
    wire
}

/// Breaks some bytes in some way.
fn mutate(wire: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.usize(..=wire.len());
    let end = (at + rng.usize(..64)).min(wire.len());
    match rng.u8(..7) {
        0 if at < wire.len() => wire[at] ^= 1 << rng.u8(..8),
        1 if at < wire.len() => wire[at] = rng.u8(..),
        2 => drop(wire.drain(at..end)),
        3 => {
            let part = wire[at..end].repeat(rng.usize(1..20));
            wire.splice(at..at, part);
        }
        4 => {
            let other = conversation(rng);
            wire.splice(at..at, other);
        }
        5 => wire.truncate(at.max(wire.len() / 2)),
        _ => {
            let piece = PIECES[rng.usize(..PIECES.len())];
            wire.splice(at..at, piece.iter().copied());
        }
    }
}

/// The end of the reply that begins at `at`. None: it is not all there.
fn reply_end(bytes: &[u8], at: usize) -> Result<Option<usize>, String> {
    let Some(length) = bytes[at..].windows(2).position(|two| two == b"\r\n") else {
        return Ok(None);
    };
    let line = &bytes[at..at + length];
    let next = at + length + 2;
    let nonsense = || format!("nonsense at {at}: {:?}", String::from_utf8_lossy(line));
    let (kind, rest) = line.split_first().ok_or_else(nonsense)?;
    if rest.contains(&b'\r') || rest.contains(&b'\n') {
        return Err(nonsense());
    }
    let number = || {
        let text = std::str::from_utf8(rest).map_err(|_| nonsense())?;
        text.parse::<i64>().map_err(|_| nonsense())
    };
    let items = match kind {
        b'+' | b'-' | b',' | b'#' | b'(' | b'_' => return Ok(Some(next)),
        b':' => return number().map(|_| Some(next)),
        b'$' | b'=' => {
            let Ok(size) = usize::try_from(number()?) else {
                return Ok(Some(next));
            };
            return match bytes.get(next + size..next + size + 2) {
                None => Ok(None),
                Some(b"\r\n") => Ok(Some(next + size + 2)),
                Some(_) => Err(nonsense()),
            };
        }
        b'*' | b'~' | b'>' => number()?,
        b'%' => number()? * 2,
        _ => return Err(nonsense()),
    };
    let mut end = next;
    for _ in 0..items {
        match reply_end(bytes, end)? {
            None => return Ok(None),
            Some(next) => end = next,
        }
    }
    Ok(Some(end))
}

/// How many replies there are; the last may be cut short.
fn replies(bytes: &[u8]) -> Result<usize, String> {
    let (mut at, mut count) = (0, 0);
    while at < bytes.len() {
        match reply_end(bytes, at)? {
            None => break,
            Some(end) => at = end,
        }
        count += 1;
    }
    Ok(count)
}

/// Has one broken conversation; how many replies there were.
async fn converse(address: SocketAddr, seed: u64) -> usize {
    let mut rng = Rng::with_seed(seed);
    let mut wire = conversation(&mut rng);
    for _ in 0..rng.usize(..8) {
        mutate(&mut wire, &mut rng);
    }
    let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
    let send = async {
        let mut rest = &wire[..];
        while !rest.is_empty() {
            let most = if rng.bool() { 8 } else { 2000 };
            let (now, later) = rest.split_at(rng.usize(1..=most).min(rest.len()));
            if writing.write_all(now).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
            rest = later;
        }
        let _ = writing.shutdown().await;
    };
    let mut answer = Vec::new();
    let receive = reading.read_to_end(&mut answer);
    let had = timeout(Duration::from_secs(60), async {
        tokio::join!(send, receive)
    })
    .await;
    assert!(had.is_ok(), "seed {seed}: the connection hangs");
    replies(&answer).unwrap_or_else(|why| panic!("seed {seed}: {why}"))
}

/// Goes on until `enough` says so of the conversations had.
async fn fuzz(seed: u64, enough: impl Fn(u64) -> bool) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Process::start(dir.path(), &dir.path().join("data"), SETTINGS).await;
    let address = store.address();
    let mut neighbour = store.connect().await;
    let (mut had, mut count, mut most) = (0, 0, 0);
    let mut running = JoinSet::new();
    let mut seeds = Rng::with_seed(seed);
    while !enough(had) {
        while running.len() < AT_ONCE {
            running.spawn(converse(address, seeds.u64(..)));
        }
        count += running.join_next().await.unwrap().unwrap();
        had += 1;
        if had % 50 == 0 {
            assert!(store.is_alive());
            // Others may have changed the database's keys or filled the memory, but not taken the right to ask.
            let echoed = neighbour.call(&format!("ECHO {had}")).await;
            assert_eq!(echoed, format!("\"{had}\""));
            let held = neighbour.call("GET neighbour").await;
            assert!(
                held == "nil" || held.starts_with('"') || held.starts_with("WRONGTYPE"),
                "{held}"
            );
            most = most.max(store.resident());
            assert!(most < MOST_RESIDENT, "{most} bytes resident");
        }
    }
    while let Some(replies) = running.join_next().await {
        count += replies.unwrap();
    }
    assert!(store.is_alive());
    assert_eq!(store.panics(), "");
    println!(
        "{had} conversations, {count} replies, at most {} MiB resident",
        most >> 20
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_conversations_get_well_formed_replies_and_disturb_nobody() {
    fuzz(1, |had| had >= 400).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs for BONGSU_FUZZ_SECONDS"]
async fn fuzz_for_as_long_as_told() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seconds = number("BONGSU_FUZZ_SECONDS").unwrap_or(60);
    let until = Instant::now() + Duration::from_secs(seconds);
    fuzz(number("BONGSU_FUZZ_SEED").unwrap_or(1), |_| {
        Instant::now() > until
    })
    .await;
}
