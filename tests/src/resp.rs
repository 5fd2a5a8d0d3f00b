//! The least of a Redis client: one command, one reply. For tests that must see exactly what was acknowledged;
//! real clients are in `tests/clients`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

/// A connection to a session store.
#[derive(Debug)]
pub struct Resp {
    stream: BufReader<TcpStream>,
}

impl Resp {
    /// Connects to the store at `port` on the loopback address.
    ///
    /// # Errors
    /// If nobody is there.
    pub fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(40)))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Runs a command whose reply is a text or a number; none for a value that is not there.
    ///
    /// # Errors
    /// If the store says so, or is gone.
    pub fn run(&mut self, words: &[&str]) -> Result<Option<String>> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        ensure!(
            self.stream.read_line(&mut line)? > 0,
            "the store closed the connection"
        );
        let line = line.trim_end();
        let (kind, rest) = line.split_at_checked(1).context("an empty reply")?;
        match kind {
            "+" | ":" => Ok(Some(rest.to_owned())),
            "-" => bail!("the store said {rest}"),
            "$" if rest == "-1" => Ok(None),
            "$" => {
                let mut value = vec![0; rest.parse::<usize>()? + 2];
                self.stream.read_exact(&mut value)?;
                value.truncate(value.len() - 2);
                Ok(Some(String::from_utf8(value)?))
            }
            _ => bail!("not a reply of one value: {line}"),
        }
    }
}
