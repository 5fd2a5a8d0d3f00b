//! The names of figures, shared by API, answers, UI and reports.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Distinct identities.
    Users,
    /// Sessions.
    Sessions,
    /// A plain count.
    Count,
    /// Requests per second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// Milliseconds.
    Ms,
    /// Percent, 0–100.
    #[serde(rename = "%")]
    Percent,
    /// A number between 0 and 1.
    Score,
}

impl Unit {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Sessions => "sessions",
            Self::Count => "count",
            Self::PerSecond => "1/s",
            Self::Ms => "ms",
            Self::Percent => "%",
            Self::Score => "score",
        }
    }
}

macro_rules! metrics {
    ($($(#[$doc:meta])* $variant:ident $name:literal $unit:ident,)*) => {
        /// A figure that can be asked for. The names are those of the question plan.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Metric {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Metric {
            /// Every metric.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name used in plans and answers.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The unit its values are in.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit,)* }
            }
        }
    };
}

metrics! {
    /// Distinct identities in the sliding window of 5 minutes.
    UsersConcurrent "users.concurrent" Users,
    /// Distinct identities in a range.
    UsersDistinct "users.distinct" Users,
    /// Identities with a request in process.
    UsersInFlight "users.in_flight" Users,
    /// Sessions that have not expired.
    SessionsActive "sessions.active" Sessions,
    /// Sessions created.
    SessionsCreated "sessions.created" Sessions,
    /// Sessions ended by clients.
    SessionsDestroyed "sessions.destroyed" Sessions,
    /// Successful logins.
    Logins "logins" Count,
    /// Failed logins.
    LoginsFailed "logins.failed" Count,
    /// Logins of a user who already had a session.
    LoginsDuplicate "logins.duplicate" Count,
    /// Requests per second.
    Tps "tps" PerSecond,
    /// Requests.
    Requests "requests" Count,
    /// Mean duration.
    LatencyAvg "latency.avg" Ms,
    /// 95th percentile of duration.
    LatencyP95 "latency.p95" Ms,
    /// 99th percentile of duration.
    LatencyP99 "latency.p99" Ms,
    /// Longest duration.
    LatencyMax "latency.max" Ms,
    /// Application performance index with T = 1 s.
    Apdex "apdex" Score,
    /// Server errors per hundred requests.
    ErrorsRate "errors.rate" Percent,
    /// Server errors.
    ErrorsCount "errors.count" Count,
    /// CPU in use.
    Cpu "cpu" Percent,
    /// Memory in use.
    Memory "memory" Percent,
    /// JVM heap after collection.
    JvmHeap "jvm.heap" Percent,
    /// Time in garbage collection.
    GcPause "gc.pause" Ms,
    /// Busy threads.
    ThreadsBusy "threads.busy" Percent,
    /// Mean time in databases per request.
    DbLatency "db.latency" Ms,
    /// Database connections in use.
    DbConnections "db.connections" Percent,
    /// Network round trip.
    NetworkLatency "network.latency" Ms,
    /// The highest of CPU, memory, heap, threads and connections.
    Load "load" Percent,
    /// Share of the objective that was met.
    Sla "sla" Percent,
    /// Findings raised.
    Alerts "alerts" Count,
    /// Out-of-memory events.
    Oom "oom" Count,
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A metric name that is not in the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no metric is called `{0}`")]
pub struct UnknownMetric(String);

impl FromStr for Metric {
    type Err = UnknownMetric;
    fn from_str(name: &str) -> Result<Self, UnknownMetric> {
        Self::ALL
            .iter()
            .copied()
            .find(|metric| metric.name() == name)
            .ok_or_else(|| UnknownMetric(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for metric in Metric::ALL {
            assert_eq!(metric.name().parse(), Ok(*metric));
        }
        assert!("users".parse::<Metric>().is_err());
    }
}
