//! A proposal as people write it in JSON; the names are those of `control.wit`.

use bongsu_sdk_host::{Action, Deny, Detour, Notice, Owner, Proposal, Rate, Request, Scaling};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalText {
    id: String,
    action: ActionText,
    until_ms: Option<i64>,
    #[serde(default)]
    reason: String,
    copies: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionText {
    EndSessions(OwnerText),
    DenyUser { user: String, url: Option<String> },
    Block(RequestText),
    Redirect { from: RequestText, to: String },
    Limit(RateText),
    Scale { app: String, copies: u32 },
    RollBack(String),
    Notify { route: String, text: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OwnerText {
    Sessions(Vec<String>),
    User(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestText {
    app: Option<String>,
    url: Option<String>,
    method: Option<String>,
    user_agent: Option<String>,
    clients: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateText {
    of: RequestText,
    per_second: Option<f64>,
    max_ms: Option<u64>,
}

impl From<ProposalText> for Proposal {
    fn from(text: ProposalText) -> Self {
        Self {
            id: text.id,
            action: action(text.action),
            until_ms: text.until_ms,
            reason: text.reason,
            copies: text.copies,
        }
    }
}

fn action(text: ActionText) -> Action {
    match text {
        ActionText::EndSessions(OwnerText::Sessions(all)) => {
            Action::EndSessions(Owner::Sessions(all))
        }
        ActionText::EndSessions(OwnerText::User(user)) => Action::EndSessions(Owner::User(user)),
        ActionText::DenyUser { user, url } => Action::DenyUser(Deny { user, url }),
        ActionText::Block(of) => Action::Block(request(of)),
        ActionText::Redirect { from, to } => Action::Redirect(Detour {
            from: request(from),
            to,
        }),
        ActionText::Limit(rate) => Action::Limit(Rate {
            of: request(rate.of),
            per_second: rate.per_second,
            max_ms: rate.max_ms,
        }),
        ActionText::Scale { app, copies } => Action::Scale(Scaling { app, copies }),
        ActionText::RollBack(app) => Action::RollBack(app),
        ActionText::Notify { route, text } => Action::Notify(Notice { route, text }),
    }
}

fn request(text: RequestText) -> Request {
    Request {
        app: text.app,
        url: text.url,
        method: text.method,
        user_agent: text.user_agent,
        clients: text.clients,
    }
}
