//! What an edge hears from its site: OTLP traces, metrics and logs, access logs, Prometheus exporters and the host itself, turned into
//! [`Collected`] transactions and gauges.
//!
//! [`bind`] opens the listeners and starts the followers; everything collected goes, in batches, into one
//! bounded channel given by the caller. This crate never hashes, masks, aggregates or stores what it
//! collects, and never writes an identity, a target or a line's content to a log or an error text: a
//! [`Transaction`] holds raw identities and goes to the masker next.
//!
//! # When the channel is full
//!
//! | source | what happens |
//! |---|---|
//! | OTLP/gRPC | `UNAVAILABLE` with `RetryInfo`; nothing of the message is taken |
//! | OTLP/HTTP | 503 with `Retry-After`; nothing of the message is taken |
//! | access logs | the follower waits: the file is its buffer |
//! | host, scrape | the sample is dropped and counted |
//!
//! # Configuration: the section `collect`
//!
//! | key | default | meaning and cost |
//! |---|---|---|
//! | `grpc` | `127.0.0.1:4317` | OTLP/gRPC listener. OTLP has no authentication here: bind wider only on a trusted network |
//! | `http` | `127.0.0.1:4318` | OTLP/HTTP listener, `/v1/traces`, `/v1/metrics` and `/v1/logs`, protobuf or JSON, gzip or zstd |
//! | `max_message` | `4MiB` | longest export, after decompression; at most 64 MiB |
//! | `max_connections` | 256 | per listener; further ones are closed at once |
//! | `max_exports` | 32 | exports in process on both listeners; further ones are asked to come again. Times `max_message` it bounds the memory of senders |
//! | `export_timeout` | `10s` | to send one whole export |
//! | `idle_timeout` | `75s` | without a byte from the peer; live gRPC peers are pinged and stay |
//! | `cookie_attribute` | `bongsu.cookie` | span attribute that holds the identifying cookie |
//! | `join_wait` | `5m` | how long database and external calls wait for their server span from another export; at most 100 000 spans do |
//! | `spans` | `true` | hand on every span for the trace store, not only transactions |
//! | `host` | `true` | sample CPU and memory of this machine as application `host` |
//! | `host_every` | `5s` | how often |
//! | `data_dir` | `data/collect` | where the followers keep their checkpoints |
//! | `login.urls` | `["/login"]` | paths (or routes) that log in |
//! | `login.methods` | `["POST"]` | methods that do |
//! | `login.failed` | `[401, 403, 422]` | statuses of refused credentials; 2xx and 3xx are successes |
//! | `[[collect.logs]]` | none | one access log each |
//! | `logs.path`, `logs.app` | required | the file, and the application it is of |
//! | `logs.instance` | `default` | the copy of the application it is of |
//! | `logs.format` | `combined` | what the lines look like, see below |
//! | `logs.pattern` | none | the server's own pattern, for `apache`, `tomcat`, `tomcat9` and `pattern` |
//! | `logs.fields` | none | for `json`: table of where a field is, `status = "http.code"`, `duration = "took:ms"` |
//! | `logs.zone` | `Asia/Seoul` | zone of time stamps that name none (`haproxy`) |
//! | `logs.session_cookie` | `JSESSIONID` | cookie that holds the session id |
//! | `logs.user_cookie` | `bongsu` | the identifying first-party cookie |
//! | `logs.from` | `end` | where to begin in a file seen for the first time: `start` or `end` |
//! | `logs.poll` | `250ms` | how often to look for new lines |
//! | `logs.max_line` | `64KiB` | a longer line is counted and skipped |
//! | `[[collect.scrape]]` | none | one Prometheus exporter each; what is read of it stands in `scrape::known` |
//! | `scrape.url`, `scrape.app` | required | where its metrics are (`http://was-1:9404/metrics`), and the application it is of |
//! | `scrape.instance` | the URL's host and port | the copy of the application it is of |
//! | `scrape.every` | `15s` | how often |
//! | `scrape.timeout` | `5s` | to answer whole |
//! | `scrape.max_bytes` | `8MiB` | longest answer |
//! | `scrape.max_series` | 20000 | most series of an answer; one with more is refused whole |
//! | `logs.rotated_for` | `30s` | a renamed file is read on until it has been silent that long |
//!
//! | format | lines |
//! |---|---|
//! | `combined`, `apache-combined`, `common` | Apache's and nginx's formats of those names |
//! | `nginx-cookie` | `combined`, the request time, and any number of quoted cookie lists (`name=value; name=value`, so `"$http_cookie"` is one too) |
//! | `pattern` | `logs.pattern` as nginx (`$remote_addr …`) or Apache (`%h …`) writes it |
//! | `apache` | `logs.pattern` of a `LogFormat`, with `%D`, `%T`, `%{ms}T`, `%{JSESSIONID}C` |
//! | `tomcat` | `logs.pattern` of an `AccessLogValve` (default its `common`), with `%D` in microseconds, `%S`, `%{JSESSIONID}c` |
//! | `tomcat9` | the same before Tomcat 10.1, whose `%D` counts milliseconds |
//! | `haproxy` | `option httplog`, behind a system log's head or not, with `capture cookie` |
//! | `json` | one object per line: nginx's variables by name, Caddy's and Traefik's fields, or by `logs.fields` |
//!
//! Apache's time stamp is of a request's start, the others' of its end. For the cookies `JSESSIONID` and
//! `bongsu` nginx's lines would be:
//!
//! ```text
//! log_format bongsu '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
//!                   '"$http_referer" "$http_user_agent" $request_time '
//!                   '"JSESSIONID=$cookie_JSESSIONID" "bongsu=$cookie_bongsu"';
//! access_log /var/log/nginx/access.log bongsu;
//! ```
//!
//! # Errors
//!
//! A transaction has failed if its server span says so, or recorded an exception (an event named
//! `exception`), or if a log record of its application, instance and trace told of one (severity ERROR or
//! FATAL, and an attribute `exception.type`, `.message` or `.stacktrace`) before the span arrived; not if its
//! status is 4xx, the client's fault. Each exception is also handed on as a report with its type, message and
//! stack, raw, to be masked before it is kept. Nothing else of OTLP's logs is used: they are taken and counted,
//! which is no `partial_success`.
//!
//! # Known limits
//!
//! - An exception logged outside of a trace, or later than its span arrives, is reported but fails no
//!   transaction.
//! - A database or external call that is exported after its server span (an asynchronous one) adds no time to
//!   its transaction, which is out by then: `calls_late`, or `calls_unjoined` if nothing of its trace was left.
//! - A server span that arrives a second time within the last 131 072 is a duplicate; an older one is counted
//!   again.
//! - With [`Promise::Taken`] a follower writes its checkpoint at most once a second and at shutdown: after a
//!   crash, up to a second of lines is read again. With [`Promise::Kept`] none is. What is copied away by
//!   `copytruncate` before it was read is lost, as with
//!   every follower. Files compressed while the edge was down are not read.
//!
//! ## Decisions
//!
//! - **gRPC and HTTP share one path.** Both hand the raw protobuf bytes to `otlp`, which weighs them
//!   before it decodes: 4 MiB of empty spans are 2 bytes each on the wire and 264 in memory. Rejected: the
//!   generated gRPC services, which decode before we see a byte, and map every fault to `INTERNAL`.
//! - **JSON is rewritten as protobuf** while it is parsed, so that it is weighed before anything is built.
//!   Rejected: `opentelemetry-proto`'s `with-serde`, which reads numbers in both forms but loses a whole
//!   metric without an error when one of its points holds `null` or an enumeration's name, refuses an empty
//!   `arrayValue`, and builds what a bomb asks for.
//! - **hyper-util serves both listeners.** Rejected: `axum::serve` and tonic's server, because neither can
//!   close a connection that opens and then says nothing.
//! - **One export is one slot of the channel**, reserved before decoding: taken whole or refused whole.
//!   Rejected: one slot per transaction, which would accept halves, and which a sender's retry would
//!   count twice.
//! - **Calls wait for their server span**, not the reverse, so that no figure is late. Rejected: holding
//!   transactions until their trace is complete, which nothing tells.
//! - **Followers poll.** Rejected: inotify, which reports neither network file systems nor what happened
//!   while the edge was down, so that the polling code would be needed anyway.
//! - **A sender is answered when its batch is kept** ([`Promise::Kept`]), by a receipt that travels with the
//!   batch. Rejected: a journal in this crate, which would hold what no masker has seen.
//! - **A checkpoint is written after delivery**, so a crash repeats lines rather than losing them. Rejected:
//!   before delivery.

#![forbid(unsafe_code)]

mod access_log;
mod collected;
mod config;
mod error;
mod field;
mod host;
mod login;
mod otlp;
mod receipt;
mod scrape;
mod stats;
mod url_template;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bongsu_sdk_model::Clock;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    otlp::{Collector, Protocol},
    stats::Counts,
};

pub use collected::{
    Collected, Deployment, ExceptionReport, Level, LevelSample, Place, SpanRecord, SpanRole,
    StatementCalls,
};
pub use config::Config;
pub use error::Error;
pub use receipt::{Positions, Promise, Receipt};
pub use stats::CollectStats;

/// How long exports in process may go on after [`Handle::shutdown`].
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Where batches go.
pub(crate) type Sink = mpsc::Sender<Vec<Collected>>;

/// A running collection. Dropping it stops everything without waiting.
#[derive(Debug)]
pub struct Handle {
    grpc_addr: SocketAddr,
    http_addr: SocketAddr,
    counts: Arc<Counts>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Handle {
    /// Where OTLP/gRPC is served.
    #[must_use]
    pub const fn grpc_addr(&self) -> SocketAddr {
        self.grpc_addr
    }

    /// Where OTLP/HTTP is served.
    #[must_use]
    pub const fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> CollectStats {
        self.counts.read()
    }

    /// Stops taking in, lets exports in process end (for at most 5 s), and writes the logs' checkpoints.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(GRACE * 2, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::error!(
                "a log's file system does not answer, its last checkpoint is not written"
            );
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Opens the listeners and starts collecting into `sink`; both sockets are bound when it returns. Senders hear
/// that their export was taken when the channel has it.
///
/// # Errors
/// As [`bind_with`].
pub async fn bind(config: Config, clock: Arc<dyn Clock>, sink: Sink) -> Result<Handle, Error> {
    bind_with(config, clock, sink, Promise::Taken).await
}

/// As [`bind`], with a choice of what senders are promised.
///
/// # Errors
/// [`Error::Listen`] if an address cannot be bound, [`Error::DataDir`] if the checkpoints' directory cannot
/// be made. A log file that is not there is no error: it is waited for.
pub async fn bind_with(
    config: Config,
    clock: Arc<dyn Clock>,
    sink: Sink,
    promise: Promise,
) -> Result<Handle, Error> {
    let grpc = listen("grpc", config.grpc).await?;
    let http = listen("http", config.http).await?;
    let (grpc_addr, http_addr) = (local_addr("grpc", &grpc)?, local_addr("http", &http)?);
    if !config.logs.is_empty() {
        tokio::fs::create_dir_all(&config.data_dir)
            .await
            .map_err(|source| Error::DataDir {
                path: config.data_dir.clone(),
                source,
            })?;
    }

    let counts = Arc::new(Counts::default());
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let collector = Arc::new(Collector::new(
        &config,
        clock.clone(),
        sink.clone(),
        counts.clone(),
        matches!(promise, Promise::Kept(_)),
    ));
    let exports = Arc::new(Semaphore::new(config.limits.exports));
    for (protocol, listener) in [(Protocol::Grpc, grpc), (Protocol::Http, http)] {
        let router = protocol.router(collector.clone(), exports.clone(), config.limits);
        let server = otlp::listener::Server::new(
            protocol,
            router,
            config.limits,
            counts.clone(),
            stop.clone(),
        );
        tasks.spawn(server.run(listener, tasks.clone()));
    }
    let hands = Hands {
        clock,
        sink,
        counts: counts.clone(),
        stop: stop.clone(),
    };
    hands.start(config, &promise, &tasks);
    Ok(Handle {
        grpc_addr,
        http_addr,
        counts,
        stop,
        tasks,
    })
}

/// What every source is given.
struct Hands {
    clock: Arc<dyn Clock>,
    sink: Sink,
    counts: Arc<Counts>,
    stop: CancellationToken,
}

impl Hands {
    /// Starts what goes and looks: logs, exporters, the host.
    fn start(self, config: Config, promise: &Promise, tasks: &TaskTracker) {
        let Self {
            clock,
            sink,
            counts,
            stop,
        } = self;
        let login = Arc::new(config.login);
        for log in config.logs {
            let task = access_log::Task::new(
                log,
                &config.data_dir,
                login.clone(),
                sink.clone(),
                counts.clone(),
                promise,
            );
            tasks.spawn(task.run(stop.clone()));
        }
        for target in config.scrape {
            tasks.spawn(scrape::run(
                target,
                clock.clone(),
                sink.clone(),
                counts.clone(),
                stop.clone(),
            ));
        }
        if let Some(every) = config.host_every {
            tasks.spawn(host::sample(
                every,
                clock,
                sink,
                counts.clone(),
                stop.clone(),
            ));
        }
    }
}

async fn listen(listener: &'static str, address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address)
        .await
        .map_err(|source| Error::Listen {
            listener,
            address,
            source,
        })
}

fn local_addr(listener: &'static str, socket: &TcpListener) -> Result<SocketAddr, Error> {
    socket.local_addr().map_err(|source| {
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        Error::Listen {
            listener,
            address,
            source,
        }
    })
}
