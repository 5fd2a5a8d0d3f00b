//! JSON lines: one object per request, in which a few well-known loggers' names are looked for, and any other
//! by a mapping in the configuration.
//!
//! | what | names looked for, the first that is there wins |
//! |---|---|
//! | nginx, as commonly written | those of its variables |
//! | Caddy | `ts`, `request.…`, `status`, `size`, `duration`, `user_id` |
//! | Traefik | `StartUTC`, `RequestMethod`, `RequestPath`, `DownstreamStatus`, `Duration` … |
//!
//! A name with dots is a path: `request.headers.User-Agent`. A list counts as its first element.

use std::borrow::Cow;

use bongsu_sdk_model::Timestamp;
use serde_json::{Map, Value};

use super::{
    entry::{CookieNames, Entry},
    pattern::Unit,
    stamp,
};
use crate::field::{address, id};

/// Where a value may be, and what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    path: String,
    unit: Unit,
}

/// Where a duration may be.
const DURATIONS: [(&str, Unit); 4] = [
    ("request_time", Unit::Seconds),
    ("duration", Unit::Seconds),
    ("Duration", Unit::Nanos),
    ("duration_ms", Unit::Millis),
];

/// Which names hold what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    time: Vec<String>,
    started: Vec<String>,
    request: Vec<String>,
    method: Vec<String>,
    target: Vec<String>,
    status: Vec<String>,
    bytes: Vec<String>,
    duration: Vec<Place>,
    client: Vec<String>,
    user: Vec<String>,
    agent: Vec<String>,
    session: Vec<String>,
    cookie: Vec<String>,
    cookies: Vec<String>,
    names: CookieNames,
}

impl Fields {
    /// The names of nginx, Caddy and Traefik.
    pub(crate) fn known(names: CookieNames) -> Self {
        let list = |words: &str| words.split_whitespace().map(str::to_owned).collect();
        let place = |(path, unit): (&str, Unit)| Place {
            path: path.to_owned(),
            unit,
        };
        Self {
            time: list("time_iso8601 time_local msec ts @timestamp timestamp time"),
            started: list("StartUTC StartLocal"),
            request: list("request"),
            method: list("request_method request.method RequestMethod method"),
            target: list("request_uri request.uri RequestPath uri path url"),
            status: list("status DownstreamStatus OriginStatus status_code"),
            bytes: list("body_bytes_sent bytes_sent size DownstreamContentSize bytes"),
            duration: DURATIONS.map(place).into(),
            client: list("remote_addr request.client_ip request.remote_ip ClientHost client_ip"),
            user: list("remote_user user_id ClientUsername user"),
            agent: list("http_user_agent request.headers.User-Agent request_User-Agent user_agent"),
            session: vec![format!("cookie_{}", names.session), "session_id".to_owned()],
            cookie: vec![format!("cookie_{}", names.user)],
            cookies: list("http_cookie request.headers.Cookie"),
            names,
        }
    }

    /// Looks for `field` at `path` only. A duration's path may end in its unit: `took:ms`.
    ///
    /// # Errors
    /// If there is no such field or unit.
    pub(crate) fn map(&mut self, field: &str, path: &str) -> Result<(), String> {
        let list = match field {
            "time" => {
                self.started.clear();
                &mut self.time
            }
            "started" => {
                self.time.clear();
                &mut self.started
            }
            "request" => &mut self.request,
            "method" => &mut self.method,
            "target" => &mut self.target,
            "status" => &mut self.status,
            "bytes" => &mut self.bytes,
            "client" => &mut self.client,
            "user" => &mut self.user,
            "agent" => &mut self.agent,
            "session" => &mut self.session,
            "cookie" => &mut self.cookie,
            "duration" => {
                let (path, unit) = path.rsplit_once(':').unwrap_or((path, "s"));
                let unit = match unit {
                    "s" => Unit::Seconds,
                    "ms" => Unit::Millis,
                    "us" => Unit::Micros,
                    "ns" => Unit::Nanos,
                    other => return Err(format!("`{other}` is not s, ms, us or ns")),
                };
                let path = path.to_owned();
                self.duration = vec![Place { path, unit }];
                return Ok(());
            }
            other => return Err(format!("`{other}` is not a field of a request")),
        };
        *list = vec![path.to_owned()];
        Ok(())
    }

    /// The request of a line; `None` if it is not an object with what a request needs.
    pub(super) fn parse<'a>(&self, line: &'a [u8]) -> Option<Entry<'a>> {
        let line = String::from_utf8_lossy(line);
        let object: Map<String, Value> = serde_json::from_str(&line).ok()?;
        let mut entry = Entry::default();
        match first(&object, &self.started).and_then(instant) {
            Some(started) => (entry.stamp, entry.stamp_begins) = (started, true),
            None => entry.stamp = first(&object, &self.time).and_then(instant)?,
        }
        match first(&object, &self.method).and_then(text) {
            Some(method) => {
                entry.method = method;
                entry.target = first(&object, &self.target).and_then(text)?;
            }
            None => entry.request(first(&object, &self.request).and_then(text)?),
        }
        let status = first(&object, &self.status).and_then(whole)?;
        entry.status = u16::try_from(status)
            .ok()
            .filter(|status| *status < 1_000)?;
        entry.bytes = first(&object, &self.bytes).and_then(whole).unwrap_or(0);
        entry.duration_us = self
            .duration
            .iter()
            .find_map(|p| p.read(&object))
            .unwrap_or(0);
        let client = first(&object, &self.client).and_then(text);
        entry.client = client.and_then(|client| address(&client));
        entry.user = first(&object, &self.user)
            .and_then(text)
            .unwrap_or_default();
        entry.agent = first(&object, &self.agent)
            .and_then(text)
            .unwrap_or_default();
        let found = |names| {
            first(&object, names)
                .and_then(text)
                .and_then(|text| id(&text))
        };
        (entry.session, entry.cookie) = (found(&self.session), found(&self.cookie));
        if let Some(list) = first(&object, &self.cookies).and_then(text) {
            entry.cookies(&list, &self.names);
        }
        Some(entry)
    }
}

impl Place {
    fn read(&self, object: &Map<String, Value>) -> Option<u64> {
        match at(object, &self.path)? {
            Value::Number(number) => self.unit.micros(plain(number.as_f64()?).as_bytes()),
            Value::String(text) => self.unit.micros(text.as_bytes()),
            _ => None,
        }
    }
}

/// A number without an exponent; a whole one without a fraction.
fn plain(number: f64) -> String {
    if number.fract() == 0.0 {
        format!("{number:.0}")
    } else {
        format!("{number:.9}")
    }
}

fn first<'a>(object: &'a Map<String, Value>, names: &[String]) -> Option<&'a Value> {
    names.iter().find_map(|name| at(object, name))
}

/// The value at a path; a name that holds dots itself comes first. `null` and a lone `-` are none.
fn at<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let found = object.get(path).or_else(|| {
        let (name, rest) = path.split_once('.')?;
        at(object.get(name)?.as_object()?, rest)
    })?;
    let found = match found {
        Value::Array(list) => list.first()?,
        other => other,
    };
    let is_absent = found.is_null() || found.as_str().is_some_and(|text| matches!(text, "" | "-"));
    (!is_absent).then_some(found)
}

fn text<'a>(value: &Value) -> Option<Cow<'a, str>> {
    match value {
        Value::String(text) => Some(Cow::Owned(text.clone())),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// RFC 3339, Apache's form, or a number since 1970 in whatever unit makes it a year of ours.
fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => stamp::iso(text)
            .or_else(|| stamp::apache(text.as_bytes()))
            .or_else(|| since_1970(text.parse().ok()?)),
        Value::Number(number) => since_1970(number.as_f64()?),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float casts to the nearest whole number there is"
)]
fn since_1970(number: f64) -> Option<Timestamp> {
    let ms = match number {
        0.0..1e11 => number * 1e3,
        1e11..1e14 => number,
        1e14..1e17 => number / 1e3,
        1e17..1e20 => number / 1e6,
        _ => return None,
    };
    Some(Timestamp::from_ms(ms.round() as i64))
}
