//! A real Redis, and a connection that keeps replies as they were sent.

use std::{
    env,
    fmt::Write as _,
    io::{BufRead as _, BufReader as StdBufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::client::request;

/// A redis-server of its own, ended when dropped.
pub(super) struct Redis {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Redis {
    /// Starts one; none if there is none to start.
    pub(super) fn start(dir: &Path) -> Option<Self> {
        let program = env::var("BONGSU_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut child = Command::new(program)
            .args(["--port", &address.port().to_string(), "--bind", "127.0.0.1"])
            .args([
                "--save",
                "",
                "--appendonly",
                "no",
                "--proto-max-bulk-len",
                "8388608",
            ])
            .current_dir(dir)
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let lines = StdBufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = Vec::new();
        for line in lines {
            seen.push(line.unwrap());
            if seen.last().unwrap().contains("Ready to accept connections") {
                return Some(Self { child, address });
            }
        }
        panic!("redis-server ended: {}", seen.join("\n"));
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reply with the type it was sent as; the nulls of RESP2 are `_` and, for a list, `N`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    pub(super) kind: char,
    bytes: Vec<u8>,
    pub(super) items: Vec<Self>,
}

impl Node {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A line a person can read.
    pub(super) fn show(&self) -> String {
        let mut out = format!("{}", self.kind);
        if self.items.is_empty() {
            let _ = write!(out, "{:?} ", self.text());
        } else {
            let items: Vec<_> = self.items.iter().map(Self::show).collect();
            let _ = write!(out, "[{}] ", items.join(""));
        }
        out
    }

    /// Types and counts without what they hold.
    pub(super) fn shape(&self) -> String {
        let items: Vec<_> = self.items.iter().map(Self::shape).collect();
        format!("{}[{}]", self.kind, items.join(""))
    }

    /// What it holds without how.
    pub(super) fn leaves(&self) -> Vec<&Self> {
        if self.items.is_empty() && !"*~%>".contains(self.kind) {
            return vec![self];
        }
        self.items.iter().flat_map(Self::leaves).collect()
    }

    /// Sorts items, in groups of so many.
    pub(super) fn sort(&mut self, group: usize) {
        let mut groups: Vec<_> = self.items.chunks(group).map(<[_]>::to_vec).collect();
        groups.sort();
        self.items = groups.concat();
    }

    /// Whether both are the same, or numbers apart by what passes while a test runs.
    pub(super) fn is_near(&self, other: &Self, tolerance: u64) -> bool {
        let number = |node: &Self| node.text().parse::<i64>().ok();
        match (number(self), number(other)) {
            (Some(a), Some(b)) if a >= 0 && b >= 0 => {
                self.kind == other.kind && a.abs_diff(b) <= tolerance
            }
            _ => self == other,
        }
    }
}

/// One connection.
pub(super) struct Peer(BufReader<TcpStream>);

impl Peer {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    pub(super) async fn call(&mut self, words: &[String]) -> Node {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        self.0.write_all(&request(&words)).await.unwrap();
        Box::pin(self.read()).await
    }

    async fn read(&mut self) -> Node {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        let (kind, rest) = line.trim_end_matches("\r\n").split_at(1);
        let mut node = Node {
            kind: kind.chars().next().unwrap(),
            bytes: Vec::new(),
            items: Vec::new(),
        };
        match kind {
            "$" if rest == "-1" => node.kind = '_',
            "*" if rest == "-1" => node.kind = 'N',
            "$" | "=" => {
                node.bytes = vec![0; rest.parse::<usize>().unwrap() + 2];
                self.0.read_exact(&mut node.bytes).await.unwrap();
                node.bytes.truncate(node.bytes.len() - 2);
                // The bytes of a sketch are not Redis's, nor is there a zero with a sign.
                if node.bytes == b"-0" {
                    node.bytes = b"0".to_vec();
                }
                if node.bytes.starts_with(b"HYLL") {
                    node.bytes.truncate(4);
                }
            }
            "*" | "~" | ">" | "%" => {
                let each = if kind == "%" { 2 } else { 1 };
                for _ in 0..rest.parse::<usize>().unwrap() * each {
                    node.items.push(Box::pin(self.read()).await);
                }
            }
            "," if rest == "-0" => node.bytes = b"0".to_vec(),
            _ => node.bytes = rest.as_bytes().to_vec(),
        }
        node
    }
}
