//! A store in a directory of its own, and a client that writes bytes and reads replies as text.

use std::{fmt::Write as _, io, net::SocketAddr, path::Path, sync::Arc};

use bongsu_edge_sessions::{Config, Error, Handle, bind};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{ManualClock, SessionEvent, Timestamp};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::mpsc,
};

/// The instant at which every store starts.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_700_000_000_000);

/// A running store.
pub(crate) struct Store {
    pub(crate) handle: Handle,
    pub(crate) clock: ManualClock,
    pub(crate) events: mpsc::Receiver<SessionEvent>,
}

impl Store {
    /// Starts a store whose log is in `dir`; `settings` are lines of its section.
    pub(crate) async fn start(dir: &Path, settings: &str) -> Self {
        Self::start_with(dir, settings, 1024).await
    }

    /// The same, with room for so many events.
    pub(crate) async fn start_with(dir: &Path, settings: &str, events: usize) -> Self {
        Self::open(dir, settings, events).await.unwrap()
    }

    /// The same, which may fail; why it did.
    pub(crate) async fn try_start(dir: &Path, settings: &str) -> Result<Self, String> {
        let opened = Self::open(dir, settings, 1024).await;
        opened.map_err(|error| error.to_string())
    }

    async fn open(dir: &Path, settings: &str, events: usize) -> Result<Self, Error> {
        let faults = Faults::default();
        let text = format!(
            "bind = \"127.0.0.1:0\"\ndata_dir = {:?}\n{settings}",
            dir.to_str().unwrap()
        );
        let config = Config::read(Section::parse(&text, &faults));
        assert_eq!(faults.lines(), Vec::<String>::new());
        let clock = ManualClock::at(START);
        let (sender, events) = mpsc::channel(events);
        let handle = bind(config, Arc::new(clock.clone()), sender).await?;
        Ok(Self {
            handle,
            clock,
            events,
        })
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.handle.addr()).await.unwrap()
    }
}

/// One connection.
pub(crate) struct Client<S = TcpStream>(BufReader<S>);

impl Client {
    /// A connection to whatever listens there.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::of(TcpStream::connect(address).await?))
    }

    /// A connection to a store of another process, if it listens already.
    pub(crate) async fn try_to(address: SocketAddr) -> Option<Self> {
        Self::connect(address).await.ok()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// A client on a connected stream.
    pub(crate) fn of(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// Runs a command of words and gives its reply as text.
    pub(crate) async fn call(&mut self, words: &str) -> String {
        self.run(&words.split(' ').collect::<Vec<_>>()).await
    }

    /// Runs a command and gives its reply as text.
    pub(crate) async fn run(&mut self, args: &[&str]) -> String {
        self.send(&request(args)).await;
        self.reply().await
    }

    /// Writes bytes; a peer that has gone is for the next read to find.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// Reads one reply: `text` of statuses and errors, numbers, `"bulk"`, `nil`, `[…]`, `{…}`, `~[…]`, `>[…]`.
    pub(crate) async fn reply(&mut self) -> String {
        let mut out = String::new();
        Box::pin(self.read_reply(&mut out)).await;
        out
    }

    /// Whether the server has closed the connection, having said nothing more.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.is_err() || rest.is_empty()
    }

    async fn read_reply(&mut self, out: &mut String) {
        let mut line = String::new();
        if self.0.read_line(&mut line).await.unwrap_or(0) == 0 {
            out.push_str("closed");
            return;
        }
        let (kind, rest) = line.trim_end_matches("\r\n").split_at(1);
        match kind {
            "+" | "-" | ":" | "," | "#" | "(" => out.push_str(rest),
            "_" => out.push_str("nil"),
            "$" | "=" if rest == "-1" => out.push_str("nil"),
            "$" | "=" => {
                let mut value = vec![0; rest.parse::<usize>().unwrap() + 2];
                self.0.read_exact(&mut value).await.unwrap();
                let value = value.strip_suffix(b"\r\n").unwrap();
                let _ = write!(out, "{:?}", String::from_utf8_lossy(value));
            }
            "*" if rest == "-1" => out.push_str("nil"),
            ">" => self.read_items(out, rest, 1, [">[", "]"]).await,
            "*" => self.read_items(out, rest, 1, ["[", "]"]).await,
            "~" => self.read_items(out, rest, 1, ["~[", "]"]).await,
            "%" => self.read_items(out, rest, 2, ["{", "}"]).await,
            other => panic!("unknown reply type {other:?}"),
        }
    }

    async fn read_items(
        &mut self,
        out: &mut String,
        count: &str,
        per: usize,
        [open, close]: [&str; 2],
    ) {
        out.push_str(open);
        for position in 0..count.parse::<usize>().unwrap() * per {
            if position > 0 {
                out.push(' ');
            }
            Box::pin(self.read_reply(out)).await;
        }
        out.push_str(close);
    }
}

/// A request as clients send it.
pub(crate) fn request(args: &[&str]) -> Vec<u8> {
    let mut wire = format!("*{}\r\n", args.len());
    for arg in args {
        let _ = write!(wire, "${}\r\n{arg}\r\n", arg.len());
    }
    wire.into_bytes()
}
