//! Rows this edge can list: the sessions there are now, and the latest requests, masked.
//!
//! Users and addresses are shown as tokens. Whether one named person is here is not told to whoever can ask
//! questions: `GET /api/sessions?user=…` tells it to who has the token.

use std::sync::Arc;

use bongsu_edge_sessions::{Control, Filter, Query, Sort};
use bongsu_sdk_model::{Timestamp, Window};
use bongsu_sdk_plan::{Cmp, Condition, Field, Listed, Listing, Target, Value, Wanted};
use bongsu_sdk_sketch::IdentityKey;

use crate::recent::{Recent, Row};

/// Sessions read for conditions the store does not know.
const PAGE: usize = 1_000;
/// Requests remembered.
const REQUESTS: usize = 500;

/// What rows are made of.
#[derive(Clone)]
pub(crate) struct LocalRows {
    pub(crate) sessions: Control,
    pub(crate) recent: Arc<Recent>,
    pub(crate) key: IdentityKey,
}

impl LocalRows {
    /// The rows wanted; `None` for what an edge does not keep.
    pub(crate) fn of(&self, wanted: &Wanted, now: Timestamp) -> Option<Listing> {
        match wanted.target {
            Target::Sessions | Target::Users => Some(self.sessions(wanted, now)),
            Target::Transactions => Some(self.requests(wanted)),
            _ => None,
        }
    }

    fn sessions(&self, wanted: &Wanted, now: Timestamp) -> Listing {
        let mut listing = Listing::default();
        if !(wanted.scope.users.is_empty() && wanted.scope.sessions.is_empty()) {
            listing.is_restricted = true;
            return listing;
        }
        let Window { to, .. } = wanted.window;
        if to.plus(std::time::Duration::from_secs(600)) < now {
            listing.not_applied.push("window".to_owned());
        }
        if !wanted.scope.ips.is_empty() {
            listing.not_applied.push("ips".to_owned());
        }
        let page = self.sessions.live(&Query {
            filter: filter(wanted),
            sort: Sort::Age,
            page: PAGE,
            after: None,
        });
        let agents = agents(&wanted.conditions);
        let kept = page.rows.iter().filter(|row| {
            let visit = row.visit.as_ref();
            let agent = visit.and_then(|visit| visit.user_agent.as_deref());
            agents.iter().all(|wanted| is_agent(agent, wanted))
        });
        let token = |kind: &str, raw: &str| self.key.token(kind, raw.as_bytes());
        let rows: Vec<Listed> = kept
            .map(|row| {
                let visit = row.visit.as_ref();
                Listed {
                    session: Some(format!("{:016x}", row.tag)),
                    user: row.user.as_deref().map(|user| token("user", user)),
                    app: Some(row.application.to_string()),
                    url: visit.map(|visit| visit.url.to_string()),
                    instance: visit.and_then(|visit| visit.instance.as_deref().map(str::to_owned)),
                    client: row
                        .address()
                        .map(|address| token("client", &address.to_canonical().to_string())),
                    age_s: Some(now.since(row.created).as_secs()),
                    idle_s: Some(now.since(row.accessed).as_secs()),
                    ..Listed::default()
                }
            })
            .collect();
        let total = if agents.is_empty() {
            page.matching
        } else {
            rows.len()
        };
        listing.total = total as u64;
        listing.rows = rows;
        listing.rows.truncate(wanted.limit);
        for condition in &wanted.conditions {
            let known = matches!(condition.field, Field::SessionAgeS | Field::UserAgent);
            if !known {
                listing
                    .not_applied
                    .push(<&str>::from(condition.field).to_owned());
            }
        }
        listing
    }

    fn requests(&self, wanted: &Wanted) -> Listing {
        let mut listing = Listing {
            is_recent_only: true,
            ..Listing::default()
        };
        if !(wanted.scope.users.is_empty() && wanted.scope.sessions.is_empty()) {
            listing.is_restricted = true;
            return listing;
        }
        let apps: Vec<&str> = wanted.scope.apps.iter().map(|app| app.as_str()).collect();
        let fits = |row: &Row| {
            wanted.window.contains(row.ended)
                && (apps.is_empty() || apps.contains(&row.app.as_str()))
                && on_url(wanted, &row.target)
                && wanted
                    .conditions
                    .iter()
                    .all(|condition| holds(condition, row))
        };
        let mut rows = self.recent.newest(REQUESTS);
        rows.retain(fits);
        listing.total = rows.len() as u64;
        listing.rows = rows
            .into_iter()
            .take(wanted.limit)
            .map(|row| Listed {
                user: row.user,
                app: Some(row.app),
                url: Some(format!("{} {}", row.method, row.target)),
                at_ms: Some(row.ended.as_ms()),
                duration_ms: Some(row.duration_ms),
                status: Some(row.status),
                ..Listed::default()
            })
            .collect();
        listing
    }
}

fn filter(wanted: &Wanted) -> Filter {
    let age = wanted.conditions.iter().find_map(|condition| {
        let over = matches!(condition.cmp, Cmp::Gt | Cmp::Ge);
        match (condition.field, &condition.value) {
            (Field::SessionAgeS, Value::Number(seconds)) if over => {
                let seconds = seconds.value().clamp(0.0, 1e9);
                Some(std::time::Duration::from_secs_f64(seconds))
            }
            _ => None,
        }
    });
    let first = |url: Option<&bongsu_sdk_model::UrlTemplate>| {
        url.map(|url| url.as_str().trim_end_matches('*').to_owned())
    };
    Filter {
        application: wanted.scope.apps.first().map(ToString::to_string),
        bound: (wanted.target == Target::Users).then_some(true),
        age: age.unwrap_or_default(),
        instance: wanted.scope.instances.first().map(ToString::to_string),
        url: first(wanted.scope.urls.first()),
        ..Filter::default()
    }
}

fn agents(conditions: &[Condition]) -> Vec<String> {
    let agents = conditions
        .iter()
        .filter_map(|one| match (one.field, &one.value) {
            (Field::UserAgent, Value::Text(family)) => Some(family.to_lowercase()),
            _ => None,
        });
    agents.collect()
}

/// Whether a client is of a family: `mobile`, `desktop`, or a browser by its name.
fn is_agent(agent: Option<&str>, wanted: &str) -> bool {
    let Some(agent) = agent else { return false };
    let agent = agent.to_lowercase();
    let is_mobile = ["mobile", "android", "iphone", "ipad"]
        .iter()
        .any(|word| agent.contains(word));
    match wanted {
        "mobile" => is_mobile,
        "desktop" => !is_mobile,
        family => agent.contains(family),
    }
}

fn on_url(wanted: &Wanted, target: &str) -> bool {
    let path = target.split('?').next().unwrap_or(target);
    wanted.scope.urls.is_empty()
        || wanted
            .scope
            .urls
            .iter()
            .any(|url| match url.as_str().strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => path == url.as_str(),
            })
}

fn holds(condition: &Condition, row: &Row) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a request")]
    let duration = row.duration_ms as f64;
    let number = |value: f64| match &condition.value {
        Value::Number(level) => condition.cmp.holds(value, level.value()),
        Value::Bool(_) | Value::Text(_) => true,
    };
    match condition.field {
        Field::DurationMs => number(duration),
        Field::Status => number(f64::from(row.status)),
        Field::Error => (row.status >= 500) == (condition.value == Value::Bool(true)),
        Field::Method => match &condition.value {
            Value::Text(method) => row.method.eq_ignore_ascii_case(method),
            Value::Bool(_) | Value::Number(_) => true,
        },
        _ => true,
    }
}
