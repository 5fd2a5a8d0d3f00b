//! One request as its line tells it, and the transaction that it becomes.

use std::{borrow::Cow, net::IpAddr};

use bongsu_sdk_model::{AppId, InstanceId, Timestamp, Transaction, UrlTemplate};

use crate::{
    field::{LONGEST_AGENT, LONGEST_METHOD, LONGEST_TARGET, clip, id},
    login::LoginRule,
    url_template,
};

/// Which cookies hold what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CookieNames {
    pub(crate) session: String,
    pub(crate) user: String,
}

/// What a line says. Text is unescaped, and borrowed where that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Entry<'a> {
    pub(super) client: Option<IpAddr>,
    /// As a proxy in front was told; used only where the line has no client of its own.
    pub(super) forwarded: Option<IpAddr>,
    pub(super) user: Cow<'a, str>,
    pub(super) stamp: Timestamp,
    /// Whether the stamp is of the request's start rather than of its end.
    pub(super) stamp_begins: bool,
    pub(super) method: Cow<'a, str>,
    pub(super) target: Cow<'a, str>,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) agent: Cow<'a, str>,
    pub(super) duration_us: u64,
    pub(super) session: Option<String>,
    pub(super) cookie: Option<String>,
}

impl<'a> Entry<'a> {
    /// Takes `GET /path HTTP/1.1` apart.
    pub(super) fn request(&mut self, request: Cow<'a, str>) {
        match request {
            Cow::Borrowed(request) => {
                let (method, target) = words(request);
                (self.method, self.target) = (Cow::Borrowed(method), Cow::Borrowed(target));
            }
            Cow::Owned(request) => {
                let (method, target) = words(&request);
                (self.method, self.target) =
                    (Cow::Owned(method.to_owned()), Cow::Owned(target.to_owned()));
            }
        }
    }

    /// Puts a query behind the target, with or without its question mark.
    pub(super) fn query(&mut self, query: &str) {
        let query = query.strip_prefix('?').unwrap_or(query);
        if !matches!(query, "" | "-") {
            let target = self.target.to_mut();
            target.push('?');
            target.push_str(query);
        }
    }

    /// Takes the named ones of `name=value; name=value`.
    pub(super) fn cookies(&mut self, list: &str, names: &CookieNames) {
        for (name, value) in list
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='))
        {
            if name == names.session {
                self.session = self.session.take().or_else(|| id(value));
            } else if name == names.user {
                self.cookie = self.cookie.take().or_else(|| id(value));
            }
        }
    }

    /// The line as a transaction of `app`. Only what a client sent is in doubt: a request that is no HTTP
    /// request (nginx logs TLS bytes sent to a plain port) counts, under `{other}`.
    pub(crate) fn transaction(
        self,
        app: &AppId,
        instance: &InstanceId,
        login: &LoginRule,
    ) -> Option<Transaction> {
        let is_http = is_method(&self.method);
        let (method, target) = match is_http {
            true => (&*self.method, clip(&self.target, LONGEST_TARGET)),
            false => ("", ""),
        };
        let url = url_template::of_target(target)
            .or_else(|| UrlTemplate::new(UrlTemplate::OTHER).ok())?;
        let duration_ms = i64::try_from(self.duration_us / 1_000).unwrap_or(i64::MAX);
        let stamp = self.stamp.as_ms();
        let (started, ended) = match self.stamp_begins {
            true => (
                self.stamp,
                Timestamp::from_ms(stamp.saturating_add(duration_ms)),
            ),
            false => (
                Timestamp::from_ms(stamp.saturating_sub(duration_ms)),
                self.stamp,
            ),
        };
        Some(Transaction {
            started,
            ended,
            duration_us: self.duration_us,
            app: app.clone(),
            instance: instance.clone(),
            login: login.outcome(
                method,
                url_template::path(target),
                url.as_str(),
                self.status,
            ),
            url,
            method: method.to_owned(),
            target: target.to_owned(),
            status: self.status,
            failed: false,
            response_bytes: self.bytes,
            sql_us: 0,
            external_us: 0,
            client: self.client.or(self.forwarded),
            session: self.session,
            cookie: self.cookie,
            user: id(&self.user),
            user_agent: (!matches!(&*self.agent, "" | "-"))
                .then(|| clip(&self.agent, LONGEST_AGENT).to_owned()),
            trace_id: None,
        })
    }
}

/// Method and target of a request line; both empty if it is none.
fn words(request: &str) -> (&str, &str) {
    let mut words = request.split(' ');
    let method = words.next().unwrap_or_default();
    (method, words.next().unwrap_or_default())
}

/// Upper case letters; `M-SEARCH` and the like are methods, too.
fn is_method(word: &str) -> bool {
    word.len() <= LONGEST_METHOD
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_')
}
