//! Where a question looks.

use bongsu_sdk_model::{AppId, InstanceId, SiteId, UrlTemplate};
use serde::{Deserialize, Serialize};

/// A union of places and subjects; an empty list does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanScope {
    /// Sites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<SiteId>,
    /// Applications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<AppId>,
    /// URL templates; `*` at the end stands for any rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<UrlTemplate>,
    /// User ids as asked for; they leave a site only as tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Session ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// Client addresses or CIDR ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<String>,
    /// Trace ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<String>,
    /// Running copies of applications.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceId>,
}

impl PlanScope {
    /// Whether nothing restricts it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it names single people, requests or addresses, which no roll-up holds.
    #[must_use]
    pub fn names_subjects(&self) -> bool {
        !(self.users.is_empty()
            && self.sessions.is_empty()
            && self.ips.is_empty()
            && self.traces.is_empty())
    }
}
