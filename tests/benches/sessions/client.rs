//! A client of the fewest parts, so that what is measured is the server.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, Result};

/// One connection.
#[derive(Debug)]
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self(BufReader::with_capacity(1 << 16, stream)))
    }

    /// Sends one command and takes its reply: its first line, and its text if it is a string.
    pub(crate) fn call(&mut self, words: &[&[u8]]) -> Result<String> {
        self.send(&encode(words))?;
        self.reply()
    }

    /// Sends what is encoded already.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.get_mut().write_all(bytes)?)
    }

    /// Takes a reply that is not a list.
    pub(crate) fn reply(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line)?;
        anyhow::ensure!(read > 0, "the server closed the connection");
        let line = line.trim_end();
        match line.strip_prefix('$') {
            Some("-1") | None => Ok(line.to_owned()),
            Some(length) => {
                let mut text = vec![0; length.parse::<usize>().context("no length")? + 2];
                self.0.read_exact(&mut text)?;
                text.truncate(text.len() - 2);
                Ok(String::from_utf8(text)?)
            }
        }
    }
}

/// A request in RESP.
pub(crate) fn encode(words: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend(format!("${}\r\n", word.len()).bytes());
        out.extend_from_slice(word);
        out.extend(b"\r\n");
    }
    out
}

/// A session key such as a framework makes.
pub(crate) fn key(number: usize) -> String {
    let mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("session:{mixed:016x}{number:016x}")
}

/// Stores sessions 0 to `count` of 1 KiB, many at a time; `life` gives each its `EX` or `PXAT`.
pub(crate) fn fill(port: u16, count: usize, life: impl Fn(usize) -> [String; 2]) -> Result<()> {
    const TOGETHER: usize = 500;
    let mut client = Client::connect(port)?;
    let value = vec![b'x'; 1024];
    for first in (0..count).step_by(TOGETHER) {
        let last = count.min(first + TOGETHER);
        let mut requests = Vec::new();
        for number in first..last {
            let [unit, amount] = life(number);
            let key = key(number);
            let words: [&[u8]; 5] = [
                b"SET",
                key.as_bytes(),
                &value,
                unit.as_bytes(),
                amount.as_bytes(),
            ];
            requests.extend(encode(&words));
        }
        client.send(&requests)?;
        for _ in first..last {
            let reply = client.reply()?;
            anyhow::ensure!(reply == "+OK", "a session was refused: {reply}");
        }
    }
    Ok(())
}
