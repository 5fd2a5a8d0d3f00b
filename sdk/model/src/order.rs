//! What an approved action orders an edge to do, and what became of it.
//!
//! An [`Order`] is the center's; an edge carries it out once and answers with an [`Outcome`]. Effects name instants,
//! never spans, so that carrying one out again changes nothing. Who proposed and who approved is the center's to
//! know; `by` is only shown.

use serde::{Deserialize, Serialize};

use crate::{AppId, Timestamp};

/// What is to be done at one site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Names it; an edge carries out an id once.
    pub id: String,
    /// When it was approved.
    pub issued: Timestamp,
    /// Not to be begun at this instant or later.
    pub expires: Timestamp,
    /// In this order, all of them or none.
    pub effects: Vec<Effect>,
    /// Who approved it.
    pub by: String,
    /// What for.
    pub reason: String,
}

/// One change at an edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", deny_unknown_fields)]
pub enum Effect {
    /// Ends sessions that began before the order was issued: a later login is not this order's.
    #[serde(rename = "sessions.end")]
    EndSessions {
        /// Of this user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// The one with this tag, 16 hexadecimal digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<String>,
        /// Of this application.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app: Option<AppId>,
        /// Begun before this instant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        begun_before: Option<Timestamp>,
    },
    /// Ends a user's sessions and refuses logins until an instant, as one.
    #[serde(rename = "user.deny")]
    DenyUser {
        /// Whom.
        user: String,
        /// Where; everywhere when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app: Option<AppId>,
        /// Until when.
        until: Timestamp,
    },
    /// Lets a user in again.
    #[serde(rename = "user.allow")]
    AllowUser {
        /// Whom.
        user: String,
        /// Where; wherever there is a deny when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app: Option<AppId>,
    },
    /// A rule for requests, judged by the guard before the application sees them.
    #[serde(rename = "guard.rule")]
    Guard {
        /// The rule.
        rule: GuardRule,
    },
    /// Ends the guard rules that another order made.
    #[serde(rename = "guard.lift")]
    Lift {
        /// Which order.
        order: String,
    },
}

/// What happens to requests that fit all conditions; a condition that is absent or empty does not matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardRule {
    /// What happens to them.
    pub then: GuardVerdict,
    /// Only requests to this application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// Path; `*` stands for any run of characters, a last `/*` also for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// `mobile`, `desktop`, `bot`, a browser, or a part of the user agent's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Networks of clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cidrs: Vec<String>,
    /// The user's id, as the application knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The session's id, as its cookie carries it; kept as a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Ends by itself at this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What for; shown to operators, never to clients.
    #[serde(default)]
    pub reason: String,
    /// Who said so.
    #[serde(default)]
    pub by: String,
}

/// What a guard rule does with a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub enum GuardVerdict {
    /// It is refused.
    Block {
        /// With this status; default 403.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// With this text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// It is sent elsewhere.
    Redirect {
        /// Where to: a path of the same site, or an address.
        to: String,
    },
    /// So many may pass.
    Limit {
        /// Requests per second.
        per_second: f64,
        /// How many may come at once; default: those of one second, at least one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        burst: Option<u32>,
        /// Whose requests are counted together; default all.
        #[serde(default)]
        per: LimitPer,
    },
}

/// Whose requests share a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitPer {
    /// Everybody's.
    #[default]
    All,
    /// Those of one address.
    Address,
    /// Those of one session; of one address where there is none.
    Session,
}

/// What became of an order at an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub state: OutcomeState,
    /// When.
    pub at: Timestamp,
    /// Sessions that ended by it.
    pub sessions_ended: u64,
    /// Why it was not carried out; empty when it was.
    pub why: String,
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutcomeState {
    /// Carried out.
    Done,
    /// It came too late and changed nothing.
    Expired,
    /// The edge refused it; it changed nothing.
    Refused,
    /// It could not be carried out to its end.
    Failed,
}
