//! From an approved action to effects, and the check that no effect is more than what was approved.
//!
//! One template for each kind of action; what has none is refused. A controller plugin may make the effects instead;
//! [`within`] is the host's check of them, and it is applied to ours as well.

use std::time::Duration;

use bongsu_sdk_model::{AppId, Effect, GuardRule, GuardVerdict, LimitPer, Timestamp};
use bongsu_sdk_plan::{Action, Cmp, Condition, Field, Value};
use ipnet::IpNet;

use crate::Error;

/// A deny that names no end lasts so long; the session store knows no eternity.
const LONGEST_DENY: Duration = Duration::from_secs(365 * 86_400);
/// Longest duration an action may name.
const LONGEST_S: u64 = 366 * 86_400;

/// Refuses what may not be proposed, whoever proposes it.
///
/// # Errors
/// [`Error::Refused`]; the text begins with the stable word `not_allowed` or `too_broad`.
pub fn allowed(action: &Action, app: Option<&AppId>) -> Result<(), Error> {
    if let Action::Undo { .. } = action {
        return Ok(());
    }
    if duration(action).is_some_and(|seconds| seconds == 0 || seconds > LONGEST_S) {
        return refuse("not_allowed: a duration is between a second and 366 days");
    }
    match action {
        Action::UrlBlock { url, .. }
        | Action::UrlRedirect { url, .. }
        | Action::UrlLimit { url, .. } => narrow_url(url)?,
        Action::UserDeny { user, url, .. } => {
            named(user)?;
            url.as_deref().map_or(Ok(()), narrow_url)?;
        }
        Action::IpBlock { cidr, .. } => narrow_net(cidr)?,
        Action::SessionKill {
            user: None,
            session: None,
            conditions,
        } if conditions.is_empty() => {
            return refuse("too_broad: it would end every session, hint: name a user or a session");
        }
        Action::SessionKill { user, .. } => user.as_deref().map_or(Ok(()), named)?,
        _ => {}
    }
    // What no template makes can't be carried out.
    effects(action, app, Timestamp::from_ms(0), "check").map(|_| ())
}

fn narrow_url(url: &str) -> Result<(), Error> {
    if !url.starts_with(['/', '*']) || url.len() > 512 || url.contains(['?', '#']) {
        return refuse("not_allowed: a URL here is a path that begins with `/`, as `/admin/*`");
    }
    let says = url.replace("**", "*");
    let says = says.trim_matches(['*', '/']);
    let is_template = says.starts_with('{') && says.ends_with('}') && !says.contains('/');
    if url != "/" && (says.is_empty() || is_template) {
        return refuse("too_broad: it fits every URL, hint: name a narrower path");
    }
    Ok(())
}

/// Whether a URL pattern of an action fits a URL as roll-ups name it: `*` is any run of characters, a last `/*` also
/// nothing, as the guard has it.
#[must_use]
pub fn fits_url(pattern: &str, url: &str) -> bool {
    if pattern.strip_suffix("/*").is_some_and(|above| above == url) {
        return true;
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| url.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

fn narrow_net(cidr: &str) -> Result<(), Error> {
    let net = net(cidr)?;
    let widest = if net.addr().is_ipv4() { 16 } else { 32 };
    if net.prefix_len() < widest {
        return refuse("too_broad: a network is at most a /16 (IPv4) or /32 (IPv6)");
    }
    Ok(())
}

fn net(cidr: &str) -> Result<IpNet, Error> {
    let single = || cidr.parse::<std::net::IpAddr>().map(IpNet::from);
    let net = cidr.parse::<IpNet>().or_else(|_| single());
    net.map(|net| net.trunc()).map_err(|_| {
        Error::Refused(
            "not_allowed: `cidr` is neither a network nor an address, hint: 10.1.2.0/24".to_owned(),
        )
    })
}

fn named(user: &str) -> Result<(), Error> {
    let says = user.trim().trim_matches('*');
    if says.is_empty() || user.len() > 256 {
        return refuse("too_broad: all users, hint: name one");
    }
    Ok(())
}

fn refuse<T>(why: &str) -> Result<T, Error> {
    Err(Error::Refused(why.to_owned()))
}

const fn duration(action: &Action) -> Option<u64> {
    match action {
        Action::UserDeny { duration_s, .. }
        | Action::UrlBlock { duration_s, .. }
        | Action::UrlRedirect { duration_s, .. }
        | Action::IpBlock { duration_s, .. } => *duration_s,
        _ => None,
    }
}

/// When an action that is approved `at` this instant ends by itself.
pub(crate) fn ends(action: &Action, at: Timestamp) -> Option<Timestamp> {
    duration(action).map(|seconds| at.plus(Duration::from_secs(seconds)))
}

/// What an action is at an edge, when it is approved `at` this instant.
///
/// # Errors
/// [`Error::Refused`] if no template makes it.
pub fn effects(
    action: &Action,
    app: Option<&AppId>,
    at: Timestamp,
    by: &str,
) -> Result<Vec<Effect>, Error> {
    let until = ends(action, at);
    let rule = |then: GuardVerdict, url: Option<&String>| GuardRule {
        then,
        app: app.cloned(),
        url: url.cloned(),
        methods: Vec::new(),
        user_agent: None,
        cidrs: Vec::new(),
        user: None,
        session: None,
        until,
        reason: String::new(),
        by: by.to_owned(),
    };
    let block = || GuardVerdict::Block {
        status: None,
        text: None,
    };
    let one = |rule| Ok(vec![Effect::Guard { rule }]);
    match action {
        Action::SessionKill {
            user,
            session,
            conditions,
        } => kill(user.as_ref(), session.as_ref(), conditions, app, at),
        Action::UserDeny {
            user, url: None, ..
        } => Ok(vec![Effect::DenyUser {
            user: user.clone(),
            app: app.cloned(),
            until: until.unwrap_or_else(|| at.plus(LONGEST_DENY)),
        }]),
        // The sessions end with it, so that the application forgets what it may have kept of the page.
        Action::UserDeny { user, url, .. } => Ok(vec![
            Effect::EndSessions {
                user: Some(user.clone()),
                tag: None,
                app: app.cloned(),
                begun_before: None,
            },
            Effect::Guard {
                rule: GuardRule {
                    user: Some(user.clone()),
                    ..rule(block(), url.as_ref())
                },
            },
        ]),
        Action::UrlBlock {
            url, user_agent, ..
        } => one(GuardRule {
            user_agent: user_agent.clone(),
            ..rule(block(), Some(url))
        }),
        Action::UrlRedirect { url, to, .. } => {
            one(rule(GuardVerdict::Redirect { to: to.clone() }, Some(url)))
        }
        Action::UrlLimit {
            url,
            max_ms: None,
            rps: Some(rps),
        } => {
            let then = GuardVerdict::Limit {
                per_second: rps.value(),
                burst: None,
                per: LimitPer::All,
            };
            one(rule(then, Some(url)))
        }
        Action::UrlLimit { .. } => refuse(
            "not_allowed: a time limit can't be kept at the web tier, hint: limit the rate with `rps`",
        ),
        Action::IpBlock { cidr, .. } => one(GuardRule {
            cidrs: vec![net(cidr)?.to_string()],
            ..rule(block(), None)
        }),
        Action::Scale { .. }
        | Action::Rollback { .. }
        | Action::AlertRule { .. }
        | Action::Undo { .. } => {
            refuse("not_allowed: no controller carries out this kind of action here")
        }
    }
}

fn kill(
    user: Option<&String>,
    session: Option<&String>,
    conditions: &[Condition],
    app: Option<&AppId>,
    at: Timestamp,
) -> Result<Vec<Effect>, Error> {
    let mut begun_before = None;
    for condition in conditions {
        let seconds = match (condition.field, condition.cmp, &condition.value) {
            (Field::SessionAgeS, Cmp::Gt | Cmp::Ge, Value::Number(number)) => number.value(),
            _ => {
                return refuse(
                    "not_allowed: sessions are ended by user, by tag or by age (`session_age_s` >= …) only",
                );
            }
        };
        if !(60.0..=1e9).contains(&seconds) {
            return refuse("too_broad: sessions by age are at least a minute old");
        }
        begun_before = Some(at.minus(Duration::from_secs_f64(seconds)));
    }
    let is_tag =
        |tag: &&String| tag.len() == 16 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    if session.is_some_and(|tag| !is_tag(&tag)) {
        return refuse(
            "not_allowed: a session is named by its tag, 16 hexadecimal digits, as the list of sessions shows it",
        );
    }
    Ok(vec![Effect::EndSessions {
        user: user.cloned(),
        tag: session.cloned(),
        app: app.cloned(),
        begun_before,
    }])
}

/// What takes an action back: its rules end, its user may log in again. What has ended stays ended.
#[must_use]
pub fn undo(action: &Action, app: Option<&AppId>, order: &str) -> Vec<Effect> {
    let mut effects = vec![Effect::Lift {
        order: order.to_owned(),
    }];
    if let Action::UserDeny {
        user, url: None, ..
    } = action
    {
        effects.push(Effect::AllowUser {
            user: user.clone(),
            app: app.cloned(),
        });
    }
    effects
}

/// Refuses effects that are more than the approved action: another target, application, kind or a later end.
///
/// # Errors
/// [`Error::Refused`] with the first effect that is.
pub fn within(
    action: &Action,
    app: Option<&AppId>,
    at: Timestamp,
    wanted: &[Effect],
) -> Result<(), Error> {
    let approved = effects(action, app, at, "")?;
    for effect in wanted {
        if !approved.iter().any(|approved| covers(approved, effect)) {
            let what = serde_json::to_string(effect).unwrap_or_default();
            return Err(Error::Refused(format!(
                "not_approved: {what} is more than the proposal"
            )));
        }
    }
    Ok(())
}

/// Whether `effect` does no more than `approved`: every condition the approved one has, and as early an end.
fn covers(approved: &Effect, effect: &Effect) -> bool {
    let ends = |approved: Option<Timestamp>, wanted: Option<Timestamp>| {
        approved.is_none_or(|end| wanted.is_some_and(|wanted| wanted <= end))
    };
    match (approved, effect) {
        (
            Effect::EndSessions {
                user,
                tag,
                app,
                begun_before,
            },
            Effect::EndSessions {
                user: wanted_user,
                tag: wanted_tag,
                app: wanted_app,
                begun_before: wanted_before,
            },
        ) => {
            kept(user.as_ref(), wanted_user.as_ref())
                && kept(tag.as_ref(), wanted_tag.as_ref())
                && kept(app.as_ref(), wanted_app.as_ref())
                && ends(*begun_before, *wanted_before)
        }
        (
            Effect::DenyUser { user, app, until },
            Effect::DenyUser {
                user: wanted_user,
                app: wanted_app,
                until: wanted_until,
            },
        ) => {
            user == wanted_user && kept(app.as_ref(), wanted_app.as_ref()) && wanted_until <= until
        }
        (Effect::Guard { rule }, Effect::Guard { rule: wanted }) => {
            let nets = rule.cidrs.is_empty()
                || (!wanted.cidrs.is_empty()
                    && wanted.cidrs.iter().all(|cidr| is_inside(cidr, &rule.cidrs)));
            rule.then == wanted.then
                && nets
                && kept(rule.app.as_ref(), wanted.app.as_ref())
                && kept(rule.url.as_ref(), wanted.url.as_ref())
                && kept(rule.user.as_ref(), wanted.user.as_ref())
                && kept(rule.user_agent.as_ref(), wanted.user_agent.as_ref())
                && ends(rule.until, wanted.until)
        }
        _ => false,
    }
}

/// A condition of the approved effect is kept; one that it does not have only narrows.
fn kept<T: PartialEq>(approved: Option<&T>, wanted: Option<&T>) -> bool {
    approved.is_none() || approved == wanted
}

fn is_inside(cidr: &str, approved: &[String]) -> bool {
    let Ok(net) = net(cidr) else {
        return false;
    };
    approved
        .iter()
        .filter_map(|approved| approved.parse::<IpNet>().ok())
        .any(|approved| approved.contains(&net))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_795_152_600_000);

    fn action(json: &str) -> Action {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_too_broad_or_has_no_template_is_refused_here_too() {
        for (json, why) in [
            (r#"{"kind":"url.block","args":{"url":"/*"}}"#, "too_broad"),
            (r#"{"kind":"url.block","args":{"url":"*"}}"#, "too_broad"),
            (
                r#"{"kind":"url.redirect","args":{"url":"/{}","to":"/x"}}"#,
                "too_broad",
            ),
            (
                r#"{"kind":"ip.block","args":{"cidr":"10.0.0.0/8"}}"#,
                "too_broad",
            ),
            (r#"{"kind":"ip.block","args":{"cidr":"::/0"}}"#, "too_broad"),
            (
                r#"{"kind":"ip.block","args":{"cidr":"everybody"}}"#,
                "not_allowed",
            ),
            (r#"{"kind":"session.kill","args":{}}"#, "too_broad"),
            (
                r#"{"kind":"session.kill","args":{"user":"*"}}"#,
                "too_broad",
            ),
            (
                r#"{"kind":"session.kill","args":{"session":"JSESSIONID-of-somebody"}}"#,
                "not_allowed",
            ),
            (
                r#"{"kind":"url.limit","args":{"url":"/a","max_ms":2000}}"#,
                "not_allowed",
            ),
            (
                r#"{"kind":"url.block","args":{"url":"/a","duration_s":0}}"#,
                "not_allowed",
            ),
            (
                r#"{"kind":"rollback","args":{"app":"shop"}}"#,
                "not_allowed",
            ),
        ] {
            let told = allowed(&action(json), None).unwrap_err().to_string();
            assert!(told.starts_with(why), "{json}: {told}");
        }
        for json in [
            r#"{"kind":"url.block","args":{"url":"/admin/*","user_agent":"mobile"}}"#,
            r#"{"kind":"ip.block","args":{"cidr":"203.0.113.7","duration_s":3600}}"#,
            r#"{"kind":"session.kill","args":{"user":"abuse-user-01"}}"#,
            r#"{"kind":"url.limit","args":{"url":"/api/v1/download","rps":50}}"#,
        ] {
            allowed(&action(json), None).unwrap();
        }
    }

    #[test]
    fn patterns_fit_the_urls_of_rollups() {
        for (pattern, url) in [
            ("/admin/*", "/admin"),
            ("/admin/*", "/admin/{}"),
            ("/a", "/a"),
            ("/*/b", "/x/b"),
            ("/a*c*", "/abcd"),
        ] {
            assert!(fits_url(pattern, url), "{pattern} {url}");
        }
        for (pattern, url) in [
            ("/admin/*", "/administrator"),
            ("/a", "/ab"),
            ("/*/b", "/x/bc"),
        ] {
            assert!(!fits_url(pattern, url), "{pattern} {url}");
        }
    }

    #[test]
    fn no_effect_may_be_more_than_what_was_approved() {
        let approved =
            action(r#"{"kind":"ip.block","args":{"cidr":"203.0.113.0/24","duration_s":3600}}"#);
        let made = effects(&approved, None, AT, "kim").unwrap();
        within(&approved, None, AT, &made).unwrap();
        let Effect::Guard { rule } = made.first().unwrap().clone() else {
            panic!("an address is refused by a rule");
        };
        let narrower = GuardRule {
            cidrs: vec!["203.0.113.7/32".into()],
            url: Some("/api/*".into()),
            ..rule.clone()
        };
        within(&approved, None, AT, &[Effect::Guard { rule: narrower }]).unwrap();
        for more in [
            GuardRule {
                cidrs: vec!["203.0.0.0/16".into()],
                ..rule.clone()
            },
            GuardRule {
                cidrs: Vec::new(),
                ..rule.clone()
            },
            GuardRule {
                until: None,
                ..rule.clone()
            },
            GuardRule {
                until: Some(AT.plus(Duration::from_secs(3_601))),
                ..rule.clone()
            },
            GuardRule {
                then: GuardVerdict::Redirect { to: "/evil".into() },
                ..rule.clone()
            },
        ] {
            assert!(
                within(&approved, None, AT, &[Effect::Guard { rule: more.clone() }]).is_err(),
                "{more:?}"
            );
        }
        let other = Effect::EndSessions {
            user: Some("kim".into()),
            tag: None,
            app: None,
            begun_before: None,
        };
        assert!(within(&approved, None, AT, &[other]).is_err());
    }
}
