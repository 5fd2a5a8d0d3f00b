//! Lines that nginx 1.22, HAProxy 2.6 and Apache 2.4 wrote of a request and of bytes that are none, recorded;
//! only times and sizes were made alike.

use std::fs;

use bongsu_sdk_model::{Transaction, UrlTemplate};

use crate::site::Site;

const NGINX_JSON: &str = r#"{"time_iso8601":"2026-11-21T11:05:00+00:00","remote_addr":"127.0.0.1","request":"GET /minwon/4711?q=%22a%22 HTTP/1.1","status":"200","body_bytes_sent":"6","request_time":"0.000","http_user_agent":"curl/7.88.1","cookie_JSESSIONID":"abc"}
{"time_iso8601":"2026-11-21T11:05:24+00:00","remote_addr":"127.0.0.1","request":"garbage","status":"400","body_bytes_sent":"157","request_time":"0.020","http_user_agent":"","cookie_JSESSIONID":""}
{"time_iso8601":"2026-11-21T11:05:24+00:00","remote_addr":"127.0.0.1","request":"\u0016\u0003\u0001\u0002\u0000\u0001","status":"400","body_bytes_sent":"157","request_time":"0.001","http_user_agent":"","cookie_JSESSIONID":""}
"#;
const NGINX_PATTERN: &str = r#"127.0.0.1 [2026-11-21T11:05:00+00:00] GET /minwon/4711?q=%22a%22 200 6 0.000 "curl/7.88.1" abc
127.0.0.1 [2026-11-21T11:05:24+00:00] - - 400 309 0.020 "-" -
127.0.0.1 [2026-11-21T11:05:24+00:00] - - 400 309 0.001 "-" -
"#;
const HAPROXY: &str = r#"127.0.0.1:33728 [21/Nov/2026:11:05:00.000] fe be/s1 0/0/0/0/0 200 6 JSESSIONID=abc - ---- 1/1/0/0/0 0/0 {curl/7.88.1} "GET /minwon/4711?q=%22a%22 HTTP/1.1"
127.0.0.1:56966 [21/Nov/2026:11:05:24.279] fe fe/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"
127.0.0.1:56976 [21/Nov/2026:11:05:24.279] fe fe/<NOSRV> -1/-1/-1/-1/28 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"
"#;
const APACHE: &str = r#"127.0.0.1 - - [21/Nov/2026:11:05:00 +0000] "GET /minwon/4711?q=%22a%22 HTTP/1.1" 200 6 "-" "curl/7.88.1" 0 abc
127.0.0.1 - - [21/Nov/2026:11:05:24 +0000] "garbage" 400 448 "-" "q\"x\\y" 134 -
127.0.0.1 - - [21/Nov/2026:11:05:24 +0000] "\x16\x03\x01\x02" 400 448 "-" "-" 34 -
"#;

async fn check(lines: &str, format: &str) -> Vec<Transaction> {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("access.log");
    fs::write(&log, lines).unwrap();
    let data = dir.path().join("data");
    let config = format!(
        "data_dir = {data:?}\n[[logs]]\npath = {log:?}\napp = \"minwon\"\nfrom = \"start\"\npoll = \"5ms\"\n{format}\n"
    );
    let mut site = Site::start(&config, 8).await;
    let made = site.transactions(3).await;
    assert_eq!(site.handle.stats().log_lines_unparsed, 0);
    let first = &made[0];
    assert_eq!(
        (first.started.as_ms(), first.ended.as_ms()),
        (1_795_259_100_000, 1_795_259_100_000)
    );
    assert_eq!(
        (first.method.as_str(), first.target.as_str()),
        ("GET", "/minwon/4711?q=%22a%22")
    );
    assert_eq!(
        (first.url.as_str(), first.status, first.response_bytes),
        ("/minwon/{}", 200, 6)
    );
    assert_eq!(first.client, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(first.session.as_deref(), Some("abc"));
    for garbage in &made[1..] {
        assert_eq!(
            (garbage.url.as_str(), garbage.target.as_str()),
            (UrlTemplate::OTHER, "")
        );
        assert_eq!(garbage.session, None);
    }
    made
}

#[tokio::test]
async fn nginx_writes_json() {
    let made = check(NGINX_JSON, "format = \"json\"").await;
    assert_eq!(made[0].user_agent.as_deref(), Some("curl/7.88.1"));
    assert_eq!((made[1].duration_us, made[1].status), (20_000, 400));
}

#[tokio::test]
async fn nginx_writes_a_pattern_of_its_own() {
    let pattern = "format = \"pattern\"\npattern = '$remote_addr [$time_iso8601] $request_method $request_uri $status $bytes_sent $request_time \"$http_user_agent\" $cookie_JSESSIONID'";
    let made = check(NGINX_PATTERN, pattern).await;
    assert_eq!((made[1].duration_us, made[1].status), (20_000, 400));
}

#[tokio::test]
async fn haproxy_writes_its_http_log() {
    let made = check(HAPROXY, "format = \"haproxy\"\nzone = \"UTC\"").await;
    assert_eq!((made[1].status, made[2].duration_us), (400, 28_000));
}

#[tokio::test]
async fn apache_writes_a_pattern_of_its_own() {
    let pattern = r#"format = "apache"
pattern = '%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D %{JSESSIONID}C'"#;
    let made = check(APACHE, pattern).await;
    assert_eq!(made[1].user_agent.as_deref(), Some("q\"x\\y"));
    assert_eq!(made[1].duration_us, 134);
}
