//! OTLP exports, whichever way they came: weighed, decoded, turned into a batch and handed on whole, or
//! refused whole with a reason the sender can act on.
//!
//! Nothing here knows of gRPC or HTTP; [`grpc`] and [`http`] know nothing of spans.

mod admission;
mod attributes;
mod exceptions;
mod grpc;
mod http;
mod joins;
mod json;
pub(crate) mod listener;
mod logs;
mod memory;
mod metrics;
mod reply;
mod rpc_status;
mod spans;
mod statement;
mod weight;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderMap, header::CONTENT_TYPE},
    response::Response,
};
use bongsu_sdk_model::{Clock, Timestamp};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message;
use tokio::sync::{
    Semaphore,
    mpsc::{Permit, error::TrySendError},
};

use crate::{
    Collected, Config, Receipt, Sink,
    config::Limits,
    otlp::{admission::Admission, memory::Memory, reply::Rejected, weight::Shape},
    receipt::Waiting,
    stats::Counts,
};

/// How far ahead of our clock a sender's may be.
const FUTURE: Duration = Duration::from_secs(600);
/// Nothing ended before OTLP was thought of; a clock that says so was never set.
const EARLIEST: Timestamp = Timestamp::from_ms(946_684_800_000);
/// What a decoded export may take, in multiples of the message limit. Real exports take about 3.
const WEIGHT: usize = 8;
/// When a refused sender should come again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The two ways to send an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// OTLP/gRPC.
    Grpc,
    /// OTLP/HTTP.
    Http,
}

impl Protocol {
    /// The routes of one listener, behind the admission that both share.
    pub(crate) fn router(
        self,
        collector: Arc<Collector>,
        exports: Arc<Semaphore>,
        limits: Limits,
    ) -> Router {
        let admission = Admission {
            protocol: self,
            collector: collector.clone(),
            exports,
            limits,
        };
        let router = match self {
            Self::Grpc => grpc::router(collector, limits),
            Self::Http => http::router(collector, limits),
        };
        admission.before(router)
    }

    fn refusal(self, encoding: Encoding, refusal: &Refusal) -> Response {
        match self {
            Self::Grpc => grpc::refusal(refusal),
            Self::Http => http::refusal(encoding, refusal),
        }
    }
}

/// How a message is written; the answer to it is written alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// What a request over HTTP says its body is.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let kind = kind.split(';').next().unwrap_or_default().trim();
        [Self::Protobuf, Self::Json]
            .into_iter()
            .find(|encoding| kind.eq_ignore_ascii_case(encoding.content_type()))
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// The kinds of export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Traces,
    Metrics,
    Logs,
}

/// Why an export was not taken. Holds nothing of what it said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    /// Sending it again would not help.
    #[error("the export is malformed: {0}")]
    Malformed(&'static str),
    /// Sending it in parts would help.
    #[error(
        "the export is longer than {limit} bytes; hint: set a smaller batch size in the exporter"
    )]
    TooLarge { limit: usize },
    /// Sending it in another form would help.
    #[error("{0}")]
    Unsupported(&'static str),
    /// Sending it again a little later will help.
    #[error("the collector is busy, nothing of the export was taken")]
    Busy,
    /// The sender stalled.
    #[error("the export was not sent whole in time")]
    TimedOut,
}

/// Turns exports into batches for the sink.
#[derive(Debug)]
pub(crate) struct Collector {
    sink: Sink,
    clock: ClockHand,
    counts: Arc<Counts>,
    rules: spans::Rules,
    memory: Memory,
    weight: usize,
    /// Whether senders wait until their batch is kept.
    keeps: bool,
}

/// An export that the channel has taken.
#[derive(Debug)]
struct Accepted {
    reply: Bytes,
    waiting: Option<Waiting>,
}

impl Accepted {
    /// The reply, once everything that was promised has happened.
    async fn kept(self, collector: &Collector) -> Result<Bytes, Refusal> {
        let kept = match self.waiting {
            Some(waiting) => waiting.is_kept().await,
            None => true,
        };
        if !kept {
            collector.memory.not_kept();
        }
        kept.then_some(self.reply).ok_or(Refusal::Busy)
    }
}

/// A place in the channel for one batch.
struct Slot<'a> {
    permit: Permit<'a, Vec<Collected>>,
    receipt: Option<Receipt>,
}

impl Slot<'_> {
    /// Nothing to keep is kept at once.
    fn send(self, mut batch: Vec<Collected>) {
        let Self { permit, receipt } = self;
        match receipt {
            Some(receipt) if batch.is_empty() => receipt.kept(),
            receipt => batch.extend(receipt.map(Collected::Receipt)),
        }
        if !batch.is_empty() {
            permit.send(batch);
        }
    }
}

impl Collector {
    pub(crate) fn new(
        config: &Config,
        clock: Arc<dyn Clock>,
        sink: Sink,
        counts: Arc<Counts>,
        keeps: bool,
    ) -> Self {
        let rules = spans::Rules {
            login: config.login.clone(),
            cookie_attribute: config.cookie_attribute.clone(),
            records: config.spans,
        };
        let weight = config.limits.message_bytes.saturating_mul(WEIGHT);
        Self {
            sink,
            clock: ClockHand(clock),
            counts,
            rules,
            memory: Memory::new(config.join_wait),
            weight,
            keeps,
        }
    }

    /// Takes one export whole, or nothing of it. Gives the encoded response.
    fn export(
        &self,
        signal: Signal,
        encoding: Encoding,
        message: Bytes,
    ) -> Result<Accepted, Refusal> {
        let permit = self.sink.try_reserve().map_err(|full| match full {
            TrySendError::Full(()) | TrySendError::Closed(()) => Refusal::Busy,
        })?;
        let (receipt, waiting) = self.keeps.then(Receipt::pair).unzip();
        let slot = Slot { permit, receipt };
        let message = match encoding {
            Encoding::Protobuf => message,
            Encoding::Json => json::to_protobuf(signal, &message)?,
        };
        let rejected = match signal {
            Signal::Traces => self.traces(&self.decode(&weight::TRACES, message)?, slot),
            Signal::Metrics => self.metrics(&self.decode(&weight::METRICS, message)?, slot),
            Signal::Logs => {
                self.logs(&self.decode(&weight::LOGS, message)?, slot);
                None
            }
        };
        let reply = reply::encode(signal, encoding, rejected);
        Ok(Accepted { reply, waiting })
    }

    fn decode<M: Message + Default>(&self, shape: &Shape, message: Bytes) -> Result<M, Refusal> {
        shape.weigh(&message, self.weight)?;
        M::decode(message)
            .map_err(|_| Refusal::Malformed("not the protobuf message of this signal"))
    }

    fn traces(&self, export: &ExportTraceServiceRequest, slot: Slot<'_>) -> Option<Rejected> {
        let now = self.clock.0.now();
        let taken = self
            .rules
            .take(export, &self.memory, (EARLIEST, now.plus(FUTURE)));
        let counts = &self.counts;
        counts.spans.add(taken.received);
        counts.spans_negative.add(taken.negative);
        counts.spans_without_time.add(taken.without_time);
        counts.spans_without_id.add(taken.without_id);
        counts.spans_in_future.add(taken.in_future);
        counts.spans_too_old.add(taken.too_old);
        counts.exceptions.add(taken.exceptions.len());
        counts.exceptions_dropped.add(taken.exceptions_dropped);
        let rejected = taken.rejected();
        let settled = self.memory.settle(taken, now);
        counts.spans_duplicate.add(settled.duplicates);
        counts.transactions.add(settled.transactions);
        counts.calls_unjoined.add(settled.given_up.waited);
        counts.calls_crowded_out.add(settled.given_up.crowded);
        counts.calls_late.add(settled.given_up.late);
        slot.send(settled.batch);
        rejected
    }

    fn metrics(&self, export: &ExportMetricsServiceRequest, slot: Slot<'_>) -> Option<Rejected> {
        let now = self.clock.0.now();
        let metrics::Taken {
            batch,
            received,
            ignored,
            in_future,
            versions,
            pauses,
        } = metrics::take(export, now, now.plus(FUTURE));
        self.counts.points.add(received);
        self.counts.points_ignored.add(ignored);
        self.counts.points_in_future.add(in_future);
        self.counts.gauges.add(batch.len());
        let mut batch = batch;
        batch.extend(self.memory.deployed(versions));
        batch.extend(self.memory.since_last(pauses));
        slot.send(batch);
        (in_future > 0).then(|| Rejected {
            count: in_future,
            why: "points in the future rejected; hint: check the sender's clock".to_owned(),
        })
    }

    /// Every record is taken; that only exceptions leave a trace is no rejection.
    fn logs(&self, export: &ExportLogsServiceRequest, slot: Slot<'_>) {
        let taken = logs::take(export, self.clock.0.now());
        self.counts.log_records.add(taken.received);
        self.counts.log_exceptions.add(taken.exceptions);
        self.counts.exceptions.add(taken.reports.len());
        self.counts.exceptions_dropped.add(taken.dropped);
        self.memory.logged(taken.parts);
        let reports = taken.reports.into_iter().map(Box::new);
        slot.send(reports.map(Collected::Exception).collect());
    }

    /// Counts a refusal and puts it in the words of the protocol.
    fn refuse(&self, protocol: Protocol, encoding: Encoding, refusal: &Refusal) -> Response {
        let count = match refusal {
            Refusal::Malformed(_) => &self.counts.exports_malformed,
            Refusal::TooLarge { .. } => &self.counts.exports_too_large,
            Refusal::Unsupported(_) => &self.counts.exports_unsupported,
            Refusal::Busy => &self.counts.exports_refused,
            Refusal::TimedOut => &self.counts.exports_timed_out,
        };
        count.add(1);
        tracing::debug!(?protocol, %refusal, "export refused");
        protocol.refusal(encoding, refusal)
    }
}

/// A clock that can stand in a `Debug` struct.
struct ClockHand(Arc<dyn Clock>);

impl std::fmt::Debug for ClockHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}
