//! Asks Prometheus exporters for their metrics, and makes gauges and levels of the few that it knows.
//!
//! One task per target, each answer read whole within limits on its time, bytes and series, so that a sick
//! exporter costs its own gauges only. Plain HTTP, within a site. A sample that finds the channel full is
//! dropped: the next one says the same.
//!
//! Rejected: a scraper that keeps every series. Bongsu is no metrics store; what is no term of load or level
//! stays with the Prometheus that has it already.

mod known;
mod text;

use std::{sync::Arc, time::Duration};

use bongsu_sdk_model::{AppId, Clock, InstanceId};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{MissedTickBehavior, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{Sink, stats::Counts};

/// One exporter.
#[derive(Debug, Clone)]
pub(crate) struct ScrapeConfig {
    pub(crate) url: Uri,
    pub(crate) app: AppId,
    pub(crate) instance: InstanceId,
    pub(crate) every: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_bytes: usize,
    pub(crate) max_series: usize,
}

/// Why a scrape gave nothing.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the exporter does not answer in time")]
    TimedOut,
    #[error("the connection failed: {0}")]
    Connection(#[from] std::io::Error),
    #[error("the exporter does not speak HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("the exporter answered {0}")]
    Status(u16),
    #[error("the answer is longer than the limit or broke off; hint: set `max_bytes`")]
    Body,
    #[error("the answer holds more series than the limit; hint: set `max_series`")]
    TooMany,
}

/// Scrapes one exporter until `stop`.
pub(crate) async fn run(
    target: ScrapeConfig,
    clock: Arc<dyn Clock>,
    sink: Sink,
    counts: Arc<Counts>,
    stop: CancellationToken,
) {
    let mut ticks = tokio::time::interval(target.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut rates = known::Rates::default();
    let mut failing = false;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let answer = timeout(target.timeout, ask(&target));
        let Some(answer) = stop.run_until_cancelled(answer).await else {
            return;
        };
        let series = match answer.unwrap_or(Err(Failure::TimedOut)) {
            Ok(body) => text::parse(&body, target.max_series).ok_or(Failure::TooMany),
            Err(failure) => Err(failure),
        };
        let series = match series {
            Ok(read) => {
                failing = false;
                counts.scrape_series.add(read.series.len());
                counts.scrape_lines_unparsed.add(read.unparsed);
                read.series
            }
            Err(failure) => {
                counts.scrape_failures.add(1);
                if !failing {
                    failing = true;
                    tracing::warn!(url = %target.url, "failed to scrape, trying on: {failure}");
                }
                continue;
            }
        };
        let batch = known::samples(&target, &series, &mut rates, clock.now());
        let samples = batch.len();
        match sink.try_send(batch) {
            Ok(()) => counts.gauges.add(samples),
            Err(_) => counts.gauges_dropped.add(samples),
        }
    }
}

/// One GET on a connection of its own.
async fn ask(target: &ScrapeConfig) -> Result<Vec<u8>, Failure> {
    let host = target.url.host().unwrap_or_default();
    let host = host.trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, target.url.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let authority = target.url.authority().map_or("", |name| name.as_str());
    let path = target
        .url
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(header::HOST, authority)
        .header(header::ACCEPT, "text/plain;version=0.0.4")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| Failure::Status(0))?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = match status.is_success() {
        true => Limited::new(answer.into_body(), target.max_bytes)
            .collect()
            .await
            .map(|body| body.to_bytes().to_vec())
            .map_err(|_| Failure::Body),
        false => Err(Failure::Status(status.as_u16())),
    };
    connection.abort();
    body
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::{GaugeKind, ManualClock, Timestamp};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        sync::mpsc,
    };

    use super::*;
    use crate::Collected;

    /// An exporter that answers each connection with the next of `answers`.
    async fn exporter(answers: Vec<Vec<u8>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1_024];
                let length = stream.read(&mut request).await.unwrap();
                assert!(request[..length].starts_with(b"GET /metrics?x=1 HTTP/1.1\r\n"));
                // A client that has had enough hangs up.
                let _ = stream.write_all(&answer).await;
            }
        });
        format!("http://{address}/metrics?x=1")
    }

    fn ok(body: &str) -> Vec<u8> {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    #[tokio::test]
    async fn a_sick_exporter_is_counted_and_asked_again() {
        let pool =
            "hikaricp_connections_active{pool=\"a\"} 3\nhikaricp_connections_max{pool=\"a\"} 10\n";
        let url = exporter(vec![
            b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n".to_vec(),
            b"not HTTP at all\r\n\r\n".to_vec(),
            ok(&"# comment\n".repeat(10_000)),
            ok(&(0..100).map(|n| format!("a{n} 1\n")).collect::<String>()),
            ok(pool),
        ])
        .await;
        let target = ScrapeConfig {
            url: url.parse().unwrap(),
            app: AppId::new("shop").unwrap(),
            instance: InstanceId::new("a").unwrap(),
            every: Duration::from_millis(1),
            timeout: Duration::from_secs(20),
            max_bytes: 50_000,
            max_series: 50,
        };
        let (sink, mut batches) = mpsc::channel(1);
        let clock = Arc::new(ManualClock::at(Timestamp::from_ms(7)));
        let (counts, stop) = (Arc::new(Counts::default()), CancellationToken::new());
        let scraper = tokio::spawn(run(target, clock, sink, counts.clone(), stop.clone()));
        let batch = batches.recv().await.unwrap();
        let [
            Collected::Gauge {
                kind: GaugeKind::DbConnections,
                value,
                ..
            },
        ] = batch.as_slice()
        else {
            panic!("one gauge, not {batch:?}");
        };
        assert!((value - 30.0).abs() < 1e-9, "{value}");
        assert!(counts.read().scrape_failures >= 4);
        stop.cancel();
        scraper.await.unwrap();
    }
}
