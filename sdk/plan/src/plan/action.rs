//! What a plan may propose. A plan never executes an action: controllers at the edge do, after approval.

use bongsu_sdk_model::{AppId, Metric};
use serde::{Deserialize, Serialize};

use super::{Cmp, Condition};
use crate::Number;

/// An action with its arguments; `{"kind": "url.block", "args": {…}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "args", deny_unknown_fields)]
pub enum Action {
    /// Ends sessions of one user, one session, or those that fit.
    #[serde(rename = "session.kill")]
    SessionKill {
        /// Whose sessions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// Which session.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// Sessions that fit all of these.
        #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<Condition>,
    },
    /// Keeps one user out.
    #[serde(rename = "user.deny")]
    UserDeny {
        /// Whom.
        user: String,
        /// Of what; everything when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// For how long, seconds; until undone when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_s: Option<u64>,
    },
    /// Refuses requests to a URL.
    #[serde(rename = "url.block")]
    UrlBlock {
        /// Which.
        url: String,
        /// From which clients.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_agent: Option<String>,
        /// For how long, seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_s: Option<u64>,
    },
    /// Sends requests to another URL.
    #[serde(rename = "url.redirect")]
    UrlRedirect {
        /// Which.
        url: String,
        /// Where to.
        to: String,
        /// For how long, seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_s: Option<u64>,
    },
    /// Limits time or rate of a URL.
    #[serde(rename = "url.limit")]
    UrlLimit {
        /// Which.
        url: String,
        /// Longest time, milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_ms: Option<u64>,
        /// Most requests per second.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rps: Option<Number>,
    },
    /// Keeps addresses out.
    #[serde(rename = "ip.block")]
    IpBlock {
        /// Which; a single address is a /32 or /128.
        cidr: String,
        /// For how long, seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_s: Option<u64>,
    },
    /// Changes the number of copies of an application: exactly one of `to`, `by`, `factor`.
    #[serde(rename = "scale")]
    Scale {
        /// Which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app: Option<AppId>,
        /// To this many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<u32>,
        /// By this many; negative takes away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<i32>,
        /// By this factor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        factor: Option<Number>,
        /// Only when this holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        when: Option<Trigger>,
        /// Until this holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Trigger>,
    },
    /// Returns to the version before.
    #[serde(rename = "rollback")]
    Rollback {
        /// Of which application.
        app: AppId,
    },
    /// Tells when a metric crosses a level.
    #[serde(rename = "alert.rule")]
    AlertRule {
        /// Which metric.
        metric: Metric,
        /// How.
        cmp: Cmp,
        /// Which level, in the metric's unit.
        value: Number,
    },
    /// Undoes an action.
    #[serde(rename = "undo")]
    Undo {
        /// Which; `last` for the latest.
        action: String,
    },
}

/// A condition on a metric that starts or ends a policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Which metric.
    pub metric: Metric,
    /// How it is compared.
    pub cmp: Cmp,
    /// With which level, in the metric's unit.
    pub value: Number,
}
