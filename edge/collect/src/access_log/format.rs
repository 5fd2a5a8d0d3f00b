//! Parses one line of an access log.
//!
//! What a request needs (client, time stamp, request, status, bytes) must be whole and exact; what follows
//! may be cut off anywhere, and the line still counts. Bytes, not text: a log holds whatever clients sent.

use bongsu_sdk_model::{AppId, InstanceId, Timestamp, Transaction, UrlTemplate};

use super::scan::{microseconds, number, quoted, quoted_or_rest, text, token, user_and_time};
use crate::{
    field::{LONGEST_AGENT, LONGEST_METHOD, LONGEST_TARGET, address, clip, id},
    login::LoginRule,
    url_template,
};

/// What the lines of a log look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// `client ident user [time] "request" status bytes "referrer" "user agent"`.
    Combined,
    /// The same, then the request time in seconds and quoted lists of cookies.
    NginxCookie(CookieNames),
}

/// Which cookies hold what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CookieNames {
    pub(crate) session: String,
    pub(crate) user: String,
}

/// One request as its line tells it. Fields are unescaped only when they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Entry<'a> {
    client: &'a [u8],
    user: &'a [u8],
    ended: Timestamp,
    request: &'a [u8],
    status: u16,
    bytes: u64,
    agent: &'a [u8],
    duration_us: u64,
    session: Option<String>,
    cookie: Option<String>,
}

impl Format {
    /// The name used in the configuration.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Combined => "combined",
            Self::NginxCookie(_) => "nginx-cookie",
        }
    }

    /// The request of a line; `None` if what a request needs is not there.
    pub(crate) fn parse<'a>(&self, line: &'a [u8]) -> Option<Entry<'a>> {
        let (client, rest) = token(line)?;
        let (_ident, rest) = token(rest)?;
        let (user, ended, rest) = user_and_time(rest)?;
        let (request, rest) = quoted(rest.strip_prefix(b"\"")?)?;
        let (status, rest) = token(rest.strip_prefix(b" ")?)?;
        let (bytes, tail) = token(rest).unwrap_or((rest, b""));
        let status = (status.len() == 3).then(|| number(status)).flatten()?;
        let bytes = if bytes == b"-" { 0 } else { number(bytes)? };
        let entry = Entry {
            client,
            user,
            ended,
            request,
            status: u16::try_from(status).ok()?,
            bytes,
            ..Entry::default()
        };
        Some(self.tail(entry, tail))
    }

    /// Adds what may be missing.
    fn tail<'a>(&self, mut entry: Entry<'a>, tail: &'a [u8]) -> Entry<'a> {
        let (_referrer, tail) = quoted_or_rest(tail);
        let (agent, tail) = quoted_or_rest(tail);
        entry.agent = agent;
        let Self::NginxCookie(names) = self else {
            return entry;
        };
        let (seconds, mut tail) = token(tail).unwrap_or((tail, b""));
        entry.duration_us = microseconds(seconds).unwrap_or(0);
        while !tail.is_empty() {
            let (cookies, rest) = quoted_or_rest(tail);
            entry.cookies(&text(cookies), names);
            tail = rest;
        }
        entry
    }
}

impl Entry<'_> {
    /// The line as a transaction of `app`. Only what a client sent is in doubt: a request that is no HTTP
    /// request (nginx logs TLS bytes sent to a plain port) counts, under `{other}`.
    pub(crate) fn transaction(
        self,
        app: &AppId,
        instance: &InstanceId,
        login: &LoginRule,
    ) -> Option<Transaction> {
        let request = text(self.request);
        let mut words = request.split(' ');
        let method = words
            .next()
            .filter(|word| is_method(word))
            .unwrap_or_default();
        let target = if method.is_empty() {
            ""
        } else {
            words.next().unwrap_or_default()
        };
        let target = clip(target, LONGEST_TARGET).to_owned();
        let url = url_template::of_target(&target)
            .or_else(|| UrlTemplate::new(UrlTemplate::OTHER).ok())?;
        let agent = text(self.agent);
        Some(Transaction {
            started: Timestamp::from_ms(
                self.ended
                    .as_ms()
                    .saturating_sub(i64::try_from(self.duration_us / 1_000).unwrap_or(0)),
            ),
            ended: self.ended,
            duration_us: self.duration_us,
            app: app.clone(),
            instance: instance.clone(),
            login: login.outcome(
                method,
                url_template::path(&target),
                url.as_str(),
                self.status,
            ),
            url,
            method: method.to_owned(),
            target,
            status: self.status,
            failed: false,
            response_bytes: self.bytes,
            sql_us: 0,
            external_us: 0,
            client: std::str::from_utf8(self.client).ok().and_then(address),
            session: self.session,
            cookie: self.cookie,
            user: id(&text(self.user)),
            user_agent: (!matches!(&*agent, "" | "-"))
                .then(|| clip(&agent, LONGEST_AGENT).to_owned()),
            trace_id: None,
        })
    }

    /// Takes the named ones of `name=value; name=value`.
    fn cookies(&mut self, list: &str, names: &CookieNames) {
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
}

/// Upper case letters; `M-SEARCH` and the like are methods, too.
fn is_method(word: &str) -> bool {
    word.len() <= LONGEST_METHOD
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::LoginOutcome;
    use proptest::prelude::*;

    use super::*;

    fn nginx_cookie() -> Format {
        Format::NginxCookie(CookieNames {
            session: "session".to_owned(),
            user: "bongsu".to_owned(),
        })
    }

    fn transaction(format: &Format, line: &str) -> Option<Transaction> {
        let login = LoginRule {
            urls: vec!["/login".to_owned()],
            methods: vec!["POST".to_owned()],
            failed: vec![401],
        };
        let (app, instance) = (AppId::new("shop").unwrap(), InstanceId::new("a").unwrap());
        format
            .parse(line.as_bytes())?
            .transaction(&app, &instance, &login)
    }

    #[test]
    fn a_combined_line_is_exact() {
        let made = transaction(
            &Format::Combined,
            r#"203.0.113.9 - lee [17/May/2015:19:05:03 +0900] "GET /orders/17?q=\"a\" HTTP/1.1" 200 203023 "http://r/" "curl/8 \"x\"""#,
        )
        .unwrap();
        assert_eq!(made.ended.as_ms(), 1_431_857_103_000);
        assert_eq!((made.started, made.duration_us), (made.ended, 0));
        assert_eq!(made.client, Some("203.0.113.9".parse().unwrap()));
        assert_eq!(
            (made.method.as_str(), made.target.as_str()),
            ("GET", "/orders/17?q=\"a\"")
        );
        assert_eq!(
            (made.url.as_str(), made.status, made.response_bytes),
            ("/orders/{}", 200, 203_023)
        );
        assert_eq!(made.user.as_deref(), Some("lee"));
        assert_eq!(made.user_agent.as_deref(), Some("curl/8 \"x\""));
    }

    #[test]
    fn a_line_with_cookies_has_its_time_and_identities() {
        let made = transaction(
            &nginx_cookie(),
            r#"::ffff:10.0.0.1 - - [17/May/2015:10:05:03 +0000] "POST /login HTTP/2.0" 401 5 "-" "-" 1.234 "session=abc" "bongsu=-" "other=1; bongsu=u\x2d1""#,
        )
        .unwrap();
        assert_eq!(
            (made.duration_us, made.ended.since(made.started).as_millis()),
            (1_234_000, 1_234)
        );
        assert_eq!(made.session.as_deref(), Some("abc"));
        assert_eq!(made.cookie.as_deref(), Some("u-1"));
        assert_eq!((made.user, made.user_agent), (None, None));
        assert_eq!(made.client, Some("10.0.0.1".parse().unwrap()));
        assert_eq!(made.login, Some(LoginOutcome::Failed));
    }

    #[test]
    fn a_line_counts_wherever_its_tail_is_cut_off() {
        let line = r#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "http://r/" "agent" 0.5 "session=abc""#;
        let needed = line.find(" 5 ").unwrap() + 2;
        for length in 0..=line.len() {
            let made = transaction(&nginx_cookie(), &line[..length]);
            assert_eq!(made.is_some(), length >= needed, "{}", &line[..length]);
        }
        let broken = transaction(
            &Format::Combined,
            line.strip_suffix("nt\" 0.5 \"session=abc\"").unwrap(),
        );
        assert_eq!(broken.unwrap().user_agent.as_deref(), Some("age"));
    }

    #[test]
    fn a_request_that_is_none_counts_under_other() {
        for request in ["-", "", r"\x16\x03\x01 \x02", "get"] {
            let line =
                format!(r#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "{request}" 400 - "-" "-""#);
            let made = transaction(&Format::Combined, &line).unwrap();
            assert_eq!(
                (made.url.as_str(), made.target.as_str()),
                (UrlTemplate::OTHER, ""),
                "{request}"
            );
            assert_eq!(
                (made.method.as_str(), made.status, made.response_bytes),
                ("", 400, 0)
            );
        }
    }

    #[test]
    fn a_user_may_be_called_anything() {
        let line = r#"10.0.0.1 - a [b] "c [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#;
        assert_eq!(
            transaction(&Format::Combined, line)
                .unwrap()
                .user
                .as_deref(),
            Some("a [b] \"c")
        );
    }

    #[test]
    fn what_a_request_needs_must_be_exact() {
        let line = |status: &str, bytes: &str, stamp: &str| {
            format!(r#"10.0.0.1 - - [{stamp}] "GET / HTTP/1.1" {status} {bytes} "-" "-""#)
        };
        let stamp = "17/May/2015:10:05:03 +0000";
        assert!(transaction(&Format::Combined, &line("200", "1", stamp)).is_some());
        for bad in [
            line("20", "1", stamp),
            line("2000", "1", stamp),
            line("20x", "1", stamp),
            line("200", "+1", stamp),
            line("200", "99999999999999999999", stamp),
            line("200", "1", "31/Feb/2015:10:05:03 +0000"),
            line("200", "1", "17/Mai/2015:10:05:03 +0000"),
            line("200", "1", "17/May/2015:10:05:03 00000"),
            line("200", "1", "17/May/2015:10:05:03 +9999"),
            String::new(),
        ] {
            assert!(transaction(&Format::Combined, &bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_line_makes_the_parser_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = String::from_utf8_lossy(&line);
            let _ = transaction(&nginx_cookie(), &text);
            let prefix = "10.0.0.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5 ";
            let whole = format!("{prefix}{text}");
            prop_assert!(transaction(&nginx_cookie(), &whole).is_some());
        }
    }
}
