//! Recording what detectors are given, for authors of plugins: `GET /api/plugins/record`, and the command
//! `bongsu-edge record`, which asks it of the running edge.
//!
//! Batches are masked and tokenised before they come here. Nothing is made while nobody listens; a listener that
//! is too slow loses batches and is told how many.

use std::{io::Write as _, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use bongsu_sdk_host::{Events, RecordedBatch};
use bongsu_sdk_model::Window;
use clap::Args;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::broadcast::{self, Receiver, Sender, error::RecvError},
    time::Instant,
};

/// Batches that wait for a listener.
const WAITING: usize = 64;

/// Longest recording.
pub(crate) const MOST_SECONDS: u64 = 600;

/// Where whoever records listens in. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Tap(Sender<Arc<str>>);

impl Default for Tap {
    fn default() -> Self {
        Self(broadcast::channel(WAITING).0)
    }
}

impl Tap {
    /// Whether somebody records.
    pub(crate) fn is_open(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Hands a batch to whoever records.
    pub(crate) fn offer(&self, window: Window, events: &Events) {
        if !self.is_open() {
            return;
        }
        let batch = RecordedBatch {
            window,
            events: events.clone(),
        };
        match serde_json::to_string(&batch) {
            // Whoever listened may have left meanwhile.
            Ok(line) => drop(self.0.send(line.into())),
            Err(error) => tracing::warn!("failed to record a batch: {error}"),
        }
    }

    /// From now on, for so long.
    pub(crate) fn record(&self, length: Duration) -> Recording {
        Recording {
            lines: self.0.subscribe(),
            end: Instant::now() + length,
        }
    }
}

/// Lines of JSON until its end.
pub(crate) struct Recording {
    lines: Receiver<Arc<str>>,
    end: Instant,
}

impl Recording {
    /// The next line; none at the end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        match tokio::time::timeout_at(self.end, self.lines.recv()).await {
            Ok(Ok(line)) => Some(format!("{line}\n")),
            Ok(Err(RecvError::Lagged(lost))) => Some(format!("# {lost} batches were lost\n")),
            Ok(Err(RecvError::Closed)) | Err(_) => None,
        }
    }
}

/// What `bongsu-edge record` is told.
#[derive(Debug, Args)]
pub struct RecordOptions {
    /// How long
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// File with the token that orders must present (`[http] admin_token_file`)
    #[arg(long)]
    token_file: PathBuf,
}

/// Prints what the edge at `http` gives its detectors, one batch per line.
///
/// # Errors
/// If the edge cannot be reached or refuses.
pub async fn record(http: SocketAddr, options: &RecordOptions) -> anyhow::Result<()> {
    let token = std::fs::read_to_string(&options.token_file)
        .with_context(|| format!("failed to read `{}`", options.token_file.display()))?;
    let stream = TcpStream::connect(http)
        .await
        .with_context(|| format!("no edge answers at {http}, hint: is it running?"))?;
    let mut stream = BufReader::new(stream);
    // Version 1.0: the answer is not chunked and ends with the connection.
    let request = format!(
        "GET /api/plugins/record?seconds={} HTTP/1.0\r\nHost: {http}\r\nAuthorization: Bearer {}\r\n\r\n",
        options.seconds,
        token.trim()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut status = String::new();
    stream.read_line(&mut status).await?;
    let mut line = status.clone();
    while !line.trim().is_empty() {
        line.clear();
        stream.read_line(&mut line).await?;
    }
    if status.split(' ').nth(1) != Some("200") {
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        bail!("the edge refused: {}{said}", status.trim());
    }
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        std::io::stdout().write_all(line.as_bytes())?;
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::Timestamp;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_records_gets_the_batches_until_the_end_and_nobody_else_costs_anything() {
        let tap = Tap::default();
        let window = Window::new(Timestamp::from_ms(0), Timestamp::from_ms(5));
        let events = Events::Transactions(Vec::new());
        tap.offer(window, &events);
        assert!(!tap.is_open());
        let mut recording = tap.record(Duration::from_secs(2));
        assert!(tap.is_open());
        tap.offer(window, &events);
        let line = recording.next().await.unwrap();
        let read: RecordedBatch = serde_json::from_str(&line).unwrap();
        assert_eq!((read.window, read.events), (window, events));
        assert_eq!(recording.next().await, None, "its time is over");
        drop(recording);
        assert!(!tap.is_open());
    }

    #[tokio::test]
    async fn who_is_too_slow_is_told_what_was_lost() {
        let tap = Tap::default();
        let mut recording = tap.record(Duration::from_secs(60));
        let window = Window::new(Timestamp::from_ms(0), Timestamp::from_ms(5));
        for _ in 0..WAITING + 10 {
            tap.offer(window, &Events::Transactions(Vec::new()));
        }
        assert_eq!(recording.next().await.unwrap(), "# 10 batches were lost\n");
    }
}
