//! What an action would touch, from the last hour's roll-ups of its sites.
//!
//! Roll-ups know URLs, not addresses, user agents or who somebody is: what follows from these is said to be unknown,
//! and for a rule with a user agent the figures are those of everybody at its URL, which is more.

use std::time::Duration;

use bongsu_center_control::{Preview, fits_url};
use bongsu_sdk_model::{AppId, Metric, SiteId, Timestamp, UrlTemplate, Window};
use bongsu_sdk_plan::{Action, Dimension, Query, Source};

const LAST: Duration = Duration::from_secs(3_600);
/// Most URLs named.
const URLS: usize = 20;

/// Measures it.
pub(crate) fn measure(
    source: &impl Source,
    action: &Action,
    sites: &[SiteId],
    app: Option<&AppId>,
    now: Timestamp,
) -> Preview {
    let query = |metric, urls| Query {
        metric,
        sites: sites.to_vec(),
        apps: app.cloned().into_iter().collect(),
        urls,
        instances: Vec::new(),
        window: Window::ending_at(now, LAST),
        mode: None,
        agg: None,
    };
    let figure = |metric, urls| {
        source
            .measure(&query(metric, urls))
            .ok()
            .flatten()
            .map(|measured| measured.value)
    };
    let mut preview = Preview {
        at: now,
        of_requests: figure(Metric::Requests, Vec::new()),
        sessions: figure(Metric::SessionsActive, Vec::new()),
        ..Preview::default()
    };
    match url(action) {
        Some(pattern) => {
            let members = source.members(Dimension::Url, &query(Metric::Requests, Vec::new()));
            let fitting = members
                .unwrap_or_default()
                .into_iter()
                .filter(|url| fits_url(pattern, url));
            let urls: Vec<UrlTemplate> = fitting
                .filter_map(|url| UrlTemplate::new(&url).ok())
                .collect();
            (preview.requests, preview.users) = if urls.is_empty() {
                (Some(0.0), Some(0.0))
            } else {
                (
                    figure(Metric::Requests, urls.clone()),
                    figure(Metric::UsersDistinct, urls.clone()),
                )
            };
            preview.urls = urls
                .iter()
                .take(URLS)
                .map(|url| url.as_str().to_owned())
                .collect();
        }
        None => preview.unknown.push(
            "roll-ups know URLs, not addresses or users: the edge counts when it is carried out"
                .to_owned(),
        ),
    }
    if let Action::UrlBlock {
        user_agent: Some(agent),
        ..
    } = action
    {
        // An upper bound would make a narrow rule look broad.
        preview.unknown.push(format!(
            "how many of these requests are from `{agent}`; the figures are of all"
        ));
        preview.of_requests = None;
    }
    if let Action::UserDeny { url: Some(_), .. } = action {
        preview
            .unknown
            .push("how many of these requests are the user's; the figures are of all".to_owned());
        preview.of_requests = None;
    }
    preview
}

const fn url(action: &Action) -> Option<&String> {
    match action {
        Action::UrlBlock { url, .. }
        | Action::UrlRedirect { url, .. }
        | Action::UrlLimit { url, .. } => Some(url),
        Action::UserDeny { url, .. } => url.as_ref(),
        _ => None,
    }
}
