//! A peer that does not keep to the protocol.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpStream},
    thread,
    time::Duration,
};

use anyhow::{Result, anyhow, ensure};

use super::Process;

/// Connections at once, and what each sends unless it is cut off.
const CONNECTIONS: usize = 24;
const BYTES: usize = 4 << 20;
const PIECE: usize = 64 << 10;
const SAMPLED_EVERY: Duration = Duration::from_millis(5);

/// Bytes without a meaning, the same in every run (xorshift64).
pub(crate) fn garbage(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(length);
    bytes
}

/// Sends `bytes` and nothing more; gives what is answered until the server closes.
pub(crate) fn talk(port: u16, bytes: &[u8]) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(40)))?;
    // The server may close before it has read all.
    let _ = stream
        .write_all(bytes)
        .and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(error.into()),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

/// Posts a body of `length` bytes; gives the answer, which may come before all of it is sent. An HTTP library
/// would stop at the failed write and not look.
pub(crate) fn oversized(port: u16, path: &str, kind: &str, length: usize) -> Result<String> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n"
    );
    talk(port, &[head.as_bytes(), &vec![b' '; length]].concat())
}

/// Many connections that send garbage, and requests that are never finished, as fast as they can and read
/// nothing; gives the most memory that `process` used meanwhile, bytes.
pub(crate) fn flood(port: u16, process: &mut Process) -> Result<u64> {
    let peers: Vec<_> = (0..CONNECTIONS)
        .map(|number| thread::spawn(move || pour(port, number)))
        .collect();
    let mut most = 0;
    loop {
        most = most.max(process.resident_bytes()?);
        ensure!(process.is_running()?, "it died: {}", process.said());
        if peers.iter().all(thread::JoinHandle::is_finished) {
            break;
        }
        thread::sleep(SAMPLED_EVERY);
    }
    for peer in peers {
        peer.join()
            .map_err(|_| anyhow!("a peer's thread panicked"))?;
    }
    Ok(most)
}

/// An error here is the server's way to say no.
fn pour(port: u16, number: usize) {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return;
    };
    let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
    let start: &[u8] = match number % 4 {
        0 => b"",
        1 => b"*2\r\n$3\r\nSET\r\n$7000000\r\n",
        2 => b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 4000000\r\ncontent-type: application/x-protobuf\r\n\r\n",
        _ => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    let piece = garbage(PIECE);
    let mut sent = stream.write_all(start).map(|()| 0);
    while let Ok(bytes) = sent
        && bytes < BYTES
    {
        sent = stream.write_all(&piece).map(|()| bytes + PIECE);
    }
}
