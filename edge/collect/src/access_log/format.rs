//! Which lines a log has: a pattern, known by name or written out, or JSON.

use bongsu_sdk_model::{AppId, InstanceId, Transaction};
use jiff::tz::TimeZone;

use super::{
    entry::{CookieNames, Entry},
    json::Fields,
    pattern::{Dialect, Pattern},
};
use crate::login::LoginRule;

/// nginx's and Apache's format of that name.
const COMBINED: &str = r#"$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
/// Apache's and Tomcat's format of that name.
const COMMON: &str =
    r#"$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent"#;

/// What the lines of a log look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format {
    name: String,
    lines: Lines,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Lines {
    Pattern(Pattern),
    Json(Box<Fields>),
}

/// What an operator said of a log's lines.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) pattern: Option<String>,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) zone: TimeZone,
    pub(crate) cookies: CookieNames,
}

impl Format {
    /// Every name that may be used in the configuration.
    pub(crate) const NAMES: [&str; 10] = [
        "combined",
        "apache-combined",
        "common",
        "nginx-cookie",
        "apache",
        "tomcat",
        "tomcat9",
        "haproxy",
        "json",
        "pattern",
    ];

    /// Compiles what an operator wrote.
    ///
    /// # Errors
    /// The key that is at fault, and why.
    pub(crate) fn compile(source: Source) -> Result<Self, (&'static str, String)> {
        let Source {
            name,
            pattern,
            fields,
            zone,
            cookies,
        } = source;
        if name == "json" {
            let mut known = Fields::known(cookies);
            for (field, path) in &fields {
                known.map(field, path).map_err(|fault| ("fields", fault))?;
            }
            let lines = Lines::Json(Box::new(known));
            return Ok(Self { name, lines });
        }
        let compile = |text: &str, dialect| {
            Pattern::compile(text, dialect, cookies.clone()).map_err(|fault| ("pattern", fault))
        };
        let compiled = match (name.as_str(), pattern.as_deref()) {
            ("pattern" | "apache" | "tomcat" | "tomcat9", Some("combined"))
            | ("combined" | "apache-combined", None) => compile(COMBINED, Dialect::Nginx),
            ("pattern" | "apache" | "tomcat" | "tomcat9", Some("common"))
            | ("common" | "tomcat" | "tomcat9", None) => compile(COMMON, Dialect::Nginx),
            ("nginx-cookie", None) => compile(
                &format!("{COMBINED} $request_time $cookie_lists"),
                Dialect::Nginx,
            ),
            ("haproxy", None) => {
                Pattern::haproxy(zone, cookies.clone()).map_err(|fault| ("format", fault))
            }
            ("pattern", Some(text)) => compile(text, Dialect::of(text)),
            ("apache", Some(text)) => compile(text, Dialect::Apache),
            ("tomcat", Some(text)) => compile(text, Dialect::Tomcat),
            ("tomcat9", Some(text)) => compile(text, Dialect::Tomcat9),
            ("pattern" | "apache", None) => Err(("pattern", "is required".to_owned())),
            (known, Some(_)) if Self::NAMES.contains(&known) => {
                Err(("pattern", format!("`{known}` has its own")))
            }
            (other, _) => Err((
                "format",
                format!("`{other}` is not one of {}", Self::NAMES.join(", ")),
            )),
        }?;
        let lines = Lines::Pattern(compiled);
        Ok(Self { name, lines })
    }

    /// The name used in the configuration.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The transaction of a line; `None` if what a request needs is not there.
    pub(crate) fn transaction(
        &self,
        line: &[u8],
        app: &AppId,
        instance: &InstanceId,
        login: &LoginRule,
    ) -> Option<Transaction> {
        let entry: Entry<'_> = match &self.lines {
            Lines::Pattern(pattern) => pattern.parse(line)?,
            Lines::Json(fields) => fields.parse(line)?,
        };
        entry.transaction(app, instance, login)
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::{LoginOutcome, UrlTemplate};
    use proptest::prelude::*;

    use super::*;

    fn format(name: &str, pattern: Option<&str>, fields: &[(&str, &str)]) -> Format {
        let own = |text: &str| text.to_owned();
        let source = Source {
            name: own(name),
            pattern: pattern.map(own),
            fields: fields.iter().map(|(k, v)| (own(k), own(v))).collect(),
            zone: TimeZone::fixed(jiff::tz::Offset::constant(9)),
            cookies: CookieNames {
                session: own("session"),
                user: own("bongsu"),
            },
        };
        Format::compile(source).unwrap()
    }

    fn nginx_cookie() -> Format {
        format("nginx-cookie", None, &[])
    }

    fn combined() -> Format {
        format("combined", None, &[])
    }

    fn transaction(format: &Format, line: &str) -> Option<Transaction> {
        let login = LoginRule {
            urls: vec!["/login".to_owned()],
            methods: vec!["POST".to_owned()],
            failed: vec![401],
        };
        let (app, instance) = (AppId::new("shop").unwrap(), InstanceId::new("a").unwrap());
        format.transaction(line.as_bytes(), &app, &instance, &login)
    }

    #[test]
    fn a_combined_line_is_exact() {
        let made = transaction(
            &combined(),
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
            &combined(),
            line.strip_suffix("nt\" 0.5 \"session=abc\"").unwrap(),
        );
        assert_eq!(broken.unwrap().user_agent.as_deref(), Some("age"));
    }

    #[test]
    fn a_request_that_is_none_counts_under_other() {
        for request in ["-", "", r"\x16\x03\x01 \x02", "get"] {
            let line =
                format!(r#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "{request}" 400 - "-" "-""#);
            let made = transaction(&combined(), &line).unwrap();
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
            transaction(&combined(), line).unwrap().user.as_deref(),
            Some("a [b] \"c")
        );
    }

    #[test]
    fn what_a_request_needs_must_be_exact() {
        let line = |status: &str, bytes: &str, stamp: &str| {
            format!(r#"10.0.0.1 - - [{stamp}] "GET / HTTP/1.1" {status} {bytes} "-" "-""#)
        };
        let stamp = "17/May/2015:10:05:03 +0000";
        assert!(transaction(&combined(), &line("200", "1", stamp)).is_some());
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
            assert!(transaction(&combined(), &bad).is_none(), "{bad}");
        }
    }

    const MS: i64 = 1_431_857_103_000;

    #[test]
    fn apaches_own_pattern_is_read_as_it_stands_in_its_configuration() {
        let format = format(
            "apache",
            Some(r#"%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D %{session}C"#),
            &[],
        );
        let made = transaction(
            &format,
            r#"10.0.0.1 - lee [17/May/2015:10:05:03 +0000] "GET /a/7 HTTP/1.1" 200 9 "-" "curl/8" 1250000 s-1"#,
        )
        .unwrap();
        assert_eq!((made.started.as_ms(), made.ended.as_ms()), (MS, MS + 1_250));
        assert_eq!(
            (made.duration_us, made.session.as_deref()),
            (1_250_000, Some("s-1"))
        );
        assert_eq!(made.user_agent.as_deref(), Some("curl/8"));
    }

    #[test]
    fn tomcats_valve_counts_in_the_unit_of_its_version() {
        let pattern = r#"%{X-Forwarded-For}i %t %m %U%q %H %s %b %D %S"#;
        let line = "192.0.2.1, 10.0.0.1 [17/May/2015:10:05:03 +0000] POST /login?a=b HTTP/1.1 401 - 1250 0A1B";
        for (name, us) in [("tomcat", 1_250), ("tomcat9", 1_250_000)] {
            let made = transaction(&format(name, Some(pattern), &[]), line).unwrap();
            assert_eq!((made.ended.as_ms(), made.duration_us), (MS, us));
            assert_eq!(
                (made.method.as_str(), made.target.as_str()),
                ("POST", "/login?a=b")
            );
            assert_eq!(made.session.as_deref(), Some("0A1B"));
            assert_eq!(made.client, Some("192.0.2.1".parse().unwrap()));
            assert_eq!(made.login, Some(LoginOutcome::Failed));
        }
        let plain = r#"10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#;
        assert!(transaction(&format("tomcat", None, &[]), plain).is_some());
    }

    #[test]
    fn haproxy_has_its_timers_and_captured_cookies() {
        let line = r#"10.0.1.2:33317 [17/May/2015:19:05:03.125] http-in static/srv1 10/0/30/69/109 200 2750 session=abc - ---- 1/1/1/1/0 0/0 {1wt.eu|x y} {} "GET /index.html?q=1 HTTP/1.1""#;
        let haproxy = format("haproxy", None, &[]);
        for head in [
            "",
            "May 17 19:05:03 web haproxy[14389]: ",
            "<134>May 17 19:05:03 haproxy[9]: ",
        ] {
            let made = transaction(&haproxy, &format!("{head}{line}")).unwrap();
            assert_eq!(
                (made.started.as_ms(), made.ended.as_ms()),
                (MS + 125, MS + 234)
            );
            assert_eq!(
                (made.duration_us, made.status, made.response_bytes),
                (109_000, 200, 2_750)
            );
            assert_eq!(made.client, Some("10.0.1.2".parse().unwrap()));
            assert_eq!(
                (made.target.as_str(), made.session.as_deref()),
                ("/index.html?q=1", Some("abc"))
            );
        }
        let aborted = r#"::ffff:10.0.1.2:33317 [17/May/2015:19:05:03.125] a a/<NOSRV> -1/-1/-1/-1/+9 -1 +0 - - CR-- 1/1/0/0/0 0/0 "<BADREQ>""#;
        let made = transaction(&haproxy, aborted).unwrap();
        assert_eq!(
            (made.status, made.duration_us, made.url.as_str()),
            (0, 9_000, UrlTemplate::OTHER)
        );
        assert_eq!(made.client, Some("10.0.1.2".parse().unwrap()));
    }

    #[test]
    fn json_of_nginx_caddy_and_traefik_is_known() {
        let json = format("json", None, &[]);
        for line in [
            r#"{"time_iso8601":"2015-05-17T19:05:03+09:00","remote_addr":"10.0.0.1","request":"GET /a/7?x=\"1\" HTTP/1.1","status":"200","body_bytes_sent":"5","request_time":"0.250","http_user_agent":"curl/8","cookie_session":"abc","remote_user":""}"#,
            r#"{"level":"info","ts":1431857103.0,"logger":"http.log.access","request":{"remote_ip":"10.0.0.9","client_ip":"10.0.0.1","proto":"HTTP/2.0","method":"GET","uri":"/a/7?x=\"1\"","headers":{"User-Agent":["curl/8"],"Cookie":["session=abc"]}},"user_id":"","duration":0.25,"size":5,"status":200}"#,
            r#"{"ClientHost":"10.0.0.1","ClientUsername":"-","DownstreamContentSize":5,"DownstreamStatus":200,"Duration":250000000,"RequestMethod":"GET","RequestPath":"/a/7?x=\"1\"","StartUTC":"2015-05-17T10:05:02.75Z","request_User-Agent":"curl/8","cookie_session":"abc","time":"2015-05-17T19:05:03+09:00"}"#,
        ] {
            let made = transaction(&json, line).expect(line);
            assert_eq!(
                (made.ended.as_ms(), made.duration_us),
                (MS, 250_000),
                "{line}"
            );
            assert_eq!(
                (made.method.as_str(), made.target.as_str()),
                ("GET", "/a/7?x=\"1\"")
            );
            assert_eq!(
                (made.url.as_str(), made.status, made.response_bytes),
                ("/a/{}", 200, 5)
            );
            assert_eq!(made.client, Some("10.0.0.1".parse().unwrap()));
            assert_eq!((made.session.as_deref(), made.user), (Some("abc"), None));
            assert_eq!(made.user_agent.as_deref(), Some("curl/8"));
        }
        for bad in [
            "{}",
            "[]",
            "7",
            "{\"status\":200",
            r#"{"ts":1,"method":"GET","uri":"/","status":70000}"#,
        ] {
            assert!(transaction(&json, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn json_of_anybody_is_mapped() {
        let fields = [
            ("time", "when"),
            ("method", "http.verb"),
            ("target", "http.path"),
            ("status", "code"),
            ("duration", "took:ms"),
            ("cookie", "visitor"),
        ];
        let made = transaction(
            &format("json", None, &fields),
            r#"{"when":1431857103000,"http":{"verb":"PUT","path":"/a"},"code":204,"took":12.5,"visitor":"v"}"#,
        )
        .unwrap();
        assert_eq!(
            (made.ended.as_ms(), made.duration_us, made.status),
            (MS, 12_500, 204)
        );
        assert_eq!(
            (made.method.as_str(), made.cookie.as_deref()),
            ("PUT", Some("v"))
        );
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_a_fault() {
        let fault = |pattern: &str| {
            let dialect = Dialect::of(pattern);
            let names = CookieNames {
                session: String::new(),
                user: String::new(),
            };
            Pattern::compile(pattern, dialect, names).unwrap_err()
        };
        assert!(fault("$remote_addr$status").contains("stand together"));
        assert_eq!(fault("$status $request"), "holds no time stamp");
        assert_eq!(fault("%t %r"), "holds no status");
        assert!(fault("%t %s").contains("neither the request"));
        assert_eq!(fault("%t %s %Q"), "`%Q` is not known");
        assert!(fault("%{%c}t %s %r").contains("`%c`"));
        assert_eq!(fault("${time"), "a `{` is not closed");
        assert_eq!(fault("%"), "ends in the middle of a directive");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_line_makes_the_parser_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = String::from_utf8_lossy(&line);
            let _ = transaction(&nginx_cookie(), &text);
            let _ = transaction(&format("haproxy", None, &[]), &text);
            let _ = transaction(&format("json", None, &[]), &format!("{{{text}}}"));
            let prefix = "10.0.0.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5 ";
            let whole = format!("{prefix}{text}");
            prop_assert!(transaction(&nginx_cookie(), &whole).is_some());
        }
    }
}
