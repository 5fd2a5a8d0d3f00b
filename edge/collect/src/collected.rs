//! What collection makes of what it hears. Plain data: raw where it says so, bounded in every field.

use bongsu_sdk_model::{AppId, GaugeKind, InstanceId, Timestamp, Transaction};

use crate::Receipt;

/// One thing that was collected.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Collected {
    /// A finished request, with raw identities.
    Transaction(Box<Transaction>),
    /// A sample of a level that is a share of what there is.
    Gauge {
        /// Application it is of; `host` for the machine's own.
        app: AppId,
        /// Copy of the application; the host's name for the machine's own.
        instance: InstanceId,
        /// Which level.
        kind: GaugeKind,
        /// Percent, 0–100.
        value: f64,
        /// When it was sampled.
        at: Timestamp,
    },
    /// A sample of a level in its own unit.
    Level(LevelSample),
    /// What one kind of statement came to in one export.
    Statement(Box<StatementCalls>),
    /// An application copy reported a version that it had not reported before.
    Deployment(Box<Deployment>),
    /// An exception that a span or a log record told of. Raw: message and stack are masked before they are kept.
    Exception(Box<ExceptionReport>),
    /// The spans of one export, for the trace store.
    Spans(Vec<SpanRecord>),
    /// Somebody waits until this batch is kept; only with [`Promise::Kept`](crate::Promise::Kept).
    Receipt(Receipt),
    /// How far a log is read once this batch is kept; only with [`Promise::Kept`](crate::Promise::Kept).
    Position {
        /// Which log.
        log: String,
        /// Opaque.
        read: Vec<u8>,
    },
}

/// A level that is no share. Names are those of the API: what it is, then its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Heap in use after the last garbage collection, bytes.
    HeapAfterGcBytes,
    /// Time that garbage collections took between two reports, milliseconds.
    GcPauseMs,
    /// Live threads of a JVM.
    JvmThreads,
    /// Requests for a database connection that wait.
    DbConnectionsPending,
    /// Fullest file system, percent.
    DiskUsedPercent,
    /// Read from disks, bytes per second.
    DiskReadBytesPerSecond,
    /// Written to disks, bytes per second.
    DiskWrittenBytesPerSecond,
    /// Received by network interfaces but loopback, bytes per second.
    NetworkReceivedBytesPerSecond,
    /// Sent by network interfaces but loopback, bytes per second.
    NetworkSentBytesPerSecond,
    /// Processes of the machine, or of the container.
    Processes,
    /// CPU of one process, percent of one core.
    ProcessCpuPercent,
    /// Resident memory of one process, bytes.
    ProcessMemoryBytes,
}

impl Level {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeapAfterGcBytes => "heap_after_gc_bytes",
            Self::GcPauseMs => "gc_pause_ms",
            Self::JvmThreads => "jvm_threads",
            Self::DbConnectionsPending => "db_connections_pending",
            Self::DiskUsedPercent => "disk_used_percent",
            Self::DiskReadBytesPerSecond => "disk_read_bytes_per_second",
            Self::DiskWrittenBytesPerSecond => "disk_written_bytes_per_second",
            Self::NetworkReceivedBytesPerSecond => "network_received_bytes_per_second",
            Self::NetworkSentBytesPerSecond => "network_sent_bytes_per_second",
            Self::Processes => "processes",
            Self::ProcessCpuPercent => "process_cpu_percent",
            Self::ProcessMemoryBytes => "process_memory_bytes",
        }
    }
}

/// One sample of a [`Level`].
#[derive(Debug, Clone, PartialEq)]
pub struct LevelSample {
    /// Application it is of; `host` for the machine's own.
    pub app: AppId,
    /// Copy of the application; the host's name for the machine's own, the process's for one of its processes.
    pub instance: InstanceId,
    /// Which level.
    pub level: Level,
    /// In the unit of the level; finite.
    pub value: f64,
    /// When it was sampled.
    pub at: Timestamp,
}

/// Calls of one statement by one copy of an application, added up over one export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementCalls {
    /// Application that called.
    pub app: AppId,
    /// Copy of the application.
    pub instance: InstanceId,
    /// Database product, as the conventions name it: `postgresql`, `mysql`, `oracle.db` …
    pub system: String,
    /// Database or schema; empty if unknown.
    pub namespace: String,
    /// The statement without its literals, or the operation and its table where no text was sent.
    pub statement: String,
    /// Number of calls.
    pub calls: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// Time of all calls, microseconds.
    pub total_us: u64,
    /// Time of the longest call, microseconds.
    pub max_us: u64,
    /// When the latest call ended.
    pub at: Timestamp,
}

/// A version that runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Application.
    pub app: AppId,
    /// Copy of the application.
    pub instance: InstanceId,
    /// `service.version` as reported.
    pub version: String,
    /// The version that an earlier report of this application named; `None` for the first since this edge
    /// started, which need not be a change.
    pub before: Option<String>,
    /// Where it runs, as far as it said so.
    pub place: Place,
    /// When its first request of this version ended, or its first metrics were taken.
    pub at: Timestamp,
}

/// Where in a cluster a copy of an application runs; empty texts are unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// `k8s.namespace.name`
    pub namespace: String,
    /// `k8s.deployment.name`, or that of the stateful or daemon set.
    pub workload: String,
    /// `k8s.pod.name`
    pub pod: String,
    /// `k8s.node.name`, else `host.name`
    pub node: String,
}

/// One exception. Message and stack may hold personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionReport {
    /// Application it happened in.
    pub app: AppId,
    /// Copy of the application.
    pub instance: InstanceId,
    /// `exception.type`; empty if unknown.
    pub kind: String,
    /// `exception.message`, raw.
    pub message: String,
    /// `exception.stacktrace`, raw.
    pub stack: String,
    /// The trace it belongs to.
    pub trace_id: Option<[u8; 16]>,
    /// When it happened.
    pub at: Timestamp,
}

/// What a span is in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanRole {
    /// Serves a request.
    Server,
    /// Takes a message.
    Consumer,
    /// Calls a database.
    Sql,
    /// Calls another service, or sends a message.
    External,
    /// Anything inside the process.
    Internal,
}

/// One span, for the tree of its trace. Of its attributes only `detail` is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanRecord {
    /// W3C trace id.
    pub trace_id: [u8; 16],
    /// Its own id.
    pub span_id: [u8; 8],
    /// The span above; `None` at the root.
    pub parent_id: Option<[u8; 8]>,
    /// Application.
    pub app: AppId,
    /// Copy of the application.
    pub instance: InstanceId,
    /// What it is.
    pub role: SpanRole,
    /// The span's name. Raw: masked before it is kept.
    pub name: String,
    /// Normalised statement of a database call, host of a call to another service; else empty.
    pub detail: String,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, microseconds.
    pub duration_us: u64,
    /// Span status ERROR.
    pub failed: bool,
}
