//! A rule made ready to be compared; everything impossible in it was refused before.

use std::{net::IpAddr, str::FromStr as _};

use bongsu_sdk_model::{GuardRule, GuardVerdict, Timestamp};
use ipnet::IpNet;

use crate::{Error, agent::Agent, digest, limit::Limiter, path::Pattern};

/// Widest networks that may be refused.
const WIDEST_V4: u8 = 16;
const WIDEST_V6: u8 = 32;
const LONGEST_TEXT: usize = 2_048;

/// A rule ready for use.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) id: Box<str>,
    pub(crate) rule: GuardRule,
    pub(crate) url: Option<Pattern>,
    pub(crate) agent: Option<Agent>,
    pub(crate) nets: Vec<IpNet>,
    pub(crate) session: Option<Box<str>>,
    pub(crate) limiter: Option<Limiter>,
}

/// A request as rules see it.
#[derive(Debug)]
pub(crate) struct Seen<'r> {
    pub(crate) app: Option<&'r str>,
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) agent: &'r str,
    pub(crate) client: Option<IpAddr>,
    pub(crate) user: Option<&'r str>,
    pub(crate) session: Option<&'r str>,
}

impl Compiled {
    /// Checks a rule and makes it ready.
    pub(crate) fn new(id: &str, rule: &GuardRule) -> Result<Self, Error> {
        let mut rule = rule.clone();
        rule.methods
            .iter_mut()
            .for_each(|method| method.make_ascii_uppercase());
        rule.session = rule.session.as_deref().map(digest::kept);
        verdict(&rule.then)?;
        let url = rule
            .url
            .as_deref()
            .map(Pattern::parse)
            .transpose()
            .map_err(Error::Rule)?;
        let agent = rule
            .user_agent
            .as_deref()
            .map(Agent::parse)
            .transpose()
            .map_err(Error::Rule)?;
        let nets = rule
            .cidrs
            .iter()
            .map(|text| net(text))
            .collect::<Result<_, _>>()?;
        let limiter = match &rule.then {
            GuardVerdict::Limit {
                per_second,
                burst,
                per,
            } => Some(Limiter::new(*per_second, *burst, *per)),
            _ => None,
        };
        let session = rule.session.as_deref().map(digest::read);
        let compiled = Self {
            id: id.into(),
            rule,
            url,
            agent,
            nets,
            session,
            limiter,
        };
        compiled.narrow()?;
        Ok(compiled)
    }

    /// Refuses what no request could be left by.
    fn narrow(&self) -> Result<(), Error> {
        let too_wide = self.nets.iter().find(|net| {
            let widest = if net.addr().is_ipv4() {
                WIDEST_V4
            } else {
                WIDEST_V6
            };
            net.prefix_len() < widest
        });
        if let Some(net) = too_wide {
            let what = format!(
                "the network {net} is wider than /{WIDEST_V4} (IPv4) or /{WIDEST_V6} (IPv6)"
            );
            return Err(Error::TooBroad(what));
        }
        let somebody = !self.nets.is_empty() || self.rule.user.is_some() || self.session.is_some();
        let somewhere = self.url.as_ref().is_some_and(|url| !url.is_everything());
        if somebody || somewhere {
            return Ok(());
        }
        Err(Error::TooBroad("the rule fits every path".to_owned()))
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.rule.until.is_some_and(|until| now >= until)
    }

    /// Whether a request fits all of its conditions.
    pub(crate) fn fits(&self, seen: &Seen<'_>) -> bool {
        let rule = &self.rule;
        let app = rule
            .app
            .as_ref()
            .is_none_or(|app| seen.app == Some(app.as_str()));
        let method = rule.methods.is_empty()
            || rule
                .methods
                .iter()
                .any(|method| method.eq_ignore_ascii_case(seen.method));
        app && method
            && self.url.as_ref().is_none_or(|url| url.fits(seen.path))
            && (self.nets.is_empty()
                || seen
                    .client
                    .is_some_and(|client| self.nets.iter().any(|net| net.contains(&client))))
            && rule
                .user
                .as_deref()
                .is_none_or(|user| seen.user == Some(user))
            && self
                .session
                .as_deref()
                .is_none_or(|session| seen.session == Some(session))
            && self
                .agent
                .as_ref()
                .is_none_or(|agent| agent.fits(seen.agent))
    }
}

fn net(text: &str) -> Result<IpNet, Error> {
    let single = || {
        text.parse::<IpAddr>()
            .map(|address| IpNet::from(address.to_canonical()))
    };
    let net = IpNet::from_str(text).or_else(|_| single());
    let net = net.map_err(|_| {
        Error::Rule(format!(
            "`{text}` is neither a network nor an address, hint: 10.1.2.0/24"
        ))
    })?;
    Ok(net.trunc())
}

fn verdict(then: &GuardVerdict) -> Result<(), Error> {
    let fault = |what: &str| Err(Error::Rule(what.to_owned()));
    match then {
        GuardVerdict::Block { status, text } => {
            if !(400..=599).contains(&status.unwrap_or(403)) {
                return fault("`status` is not within 400 to 599");
            }
            if text.as_ref().is_some_and(|text| text.len() > LONGEST_TEXT) {
                return fault("`text` is over 2048 bytes");
            }
        }
        GuardVerdict::Redirect { to } => {
            let is_address = to.starts_with("http://") || to.starts_with("https://");
            let is_path = to.starts_with('/') && !to.starts_with("//");
            let is_clean = to.len() <= LONGEST_TEXT
                && to
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !b"\"'\\<>`".contains(&byte));
            if !(is_clean && (is_address || is_path)) {
                return fault(
                    "`to` is neither a path nor an http(s) address in ASCII, hint: percent-encode the rest",
                );
            }
        }
        GuardVerdict::Limit {
            per_second, burst, ..
        } => {
            if !(per_second.is_finite() && *per_second > 0.0 && *per_second <= 1e6)
                || *burst == Some(0)
            {
                return fault("`per_second` is not over 0 to 1000000, or `burst` is 0");
            }
        }
    }
    Ok(())
}
