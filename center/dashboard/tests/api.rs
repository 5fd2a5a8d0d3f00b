//! What a client sees: statuses, headers and bodies of every path, also for hostile requests.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test may fail like the test"
)]

#[path = "../examples/lively/fleet.rs"]
mod fleet;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Method, Request, Response, StatusCode, header},
};
use bongsu_center_control::{Config as ControlConfig, Control, Preview};
use bongsu_center_dashboard::{Backend, BackendError, Config, Overview, Registry};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{AppId, Clock, ManualClock, SiteId, Timestamp};
use bongsu_sdk_plan::{Action, Answer, Lang, Plan};
use fleet::Fleet;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// 2026-11-20 14:30:00 in Seoul.
const NOW: Timestamp = Timestamp::from_ms(1_795_152_600_000);

fn config(text: &str) -> Config {
    let faults = Faults::default();
    let config = Config::read(Section::parse(text, &faults));
    assert_eq!(faults.lines(), Vec::<String>::new());
    config
}

/// A service where nobody has to sign in.
fn router(config: Config, backend: Arc<dyn Backend>, clock: Arc<dyn Clock>) -> Router {
    let config = Config {
        open: true,
        ..config
    };
    // The folder goes when the system's temporary files go; nothing of it is read again.
    let folder = tempfile::tempdir().unwrap().keep();
    let control = Control::open(&folder, ControlConfig::default()).unwrap();
    let decided = Arc::default();
    bongsu_center_dashboard::router(config, backend, Arc::new(control), decided, clock)
}

fn app() -> Router {
    router(
        config(""),
        Arc::new(Fleet::new()),
        Arc::new(ManualClock::at(NOW)),
    )
}

async fn get(app: &Router, path: &str) -> Response<Body> {
    send(app, Method::GET, path, &[], "").await
}

async fn ask(app: &Router, body: impl Into<Body>) -> Response<Body> {
    send(
        app,
        Method::POST,
        "/api/ask",
        &[("content-type", "application/json")],
        body,
    )
    .await
}

async fn send(
    app: &Router,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.clone()
        .oneshot(request.body(body.into()).unwrap())
        .await
        .unwrap()
}

async fn bytes(response: Response<Body>) -> Bytes {
    axum::body::to_bytes(response.into_body(), 16 << 20)
        .await
        .unwrap()
}

async fn body_of(response: Response<Body>) -> Value {
    serde_json::from_slice(&bytes(response).await).unwrap()
}

/// `status content-type` and the headers that matter, one a line.
fn head(response: &Response<Body>) -> String {
    let mut lines = vec![response.status().to_string()];
    for name in [
        "content-type",
        "cache-control",
        "retry-after",
        "allow",
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-resource-policy",
    ] {
        if let Some(value) = response.headers().get(name) {
            lines.push(format!("{name}: {}", value.to_str().unwrap()));
        }
    }
    lines.join("\n")
}

/// `status code: detail` of a problem document.
async fn problem(response: Response<Body>) -> String {
    let status = response.status();
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .unwrap()
        .clone();
    assert_eq!(kind, "application/problem+json");
    let body = body_of(response).await;
    assert_eq!(body["status"], status.as_u16());
    assert_eq!(body["type"], "about:blank");
    format!(
        "{} {}: {}",
        status.as_u16(),
        body["code"].as_str().unwrap(),
        body["detail"].as_str().unwrap()
    )
}

#[tokio::test]
async fn the_overview_shows_every_site_with_its_state() {
    let response = get(&app(), "/api/overview").await;
    assert_snapshot!(head(&response), @r"
    200 OK
    content-type: application/json
    cache-control: no-store
    content-security-policy: default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'
    x-content-type-options: nosniff
    referrer-policy: no-referrer
    cross-origin-resource-policy: same-origin
    ");
    let body = body_of(response).await;
    let sites: Vec<String> = body["sites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|site| {
            format!(
                "{} {} {} {}",
                site["site"], site["name"]["ko"], site["state"], site["age_s"]
            )
        })
        .collect();
    assert_snapshot!(sites.join("\n"), @r#"
    "seoul" "서울" "live" 1.2
    "busan" "부산" "live" 1.2
    "daegu" "대구" "live" 1.2
    "incheon" "인천" "live" 1.2
    "daejeon" "대전" "live" 1.2
    "gyeonggi" "경기" "live" 1.2
    "gangwon" "강원" "live" 1.2
    "sejong" "세종" "never" null
    "jeju" "제주" "stale" 912.0
    "#);
    assert_eq!(
        body["sites"][7]["figures"]["load"],
        Value::Null,
        "never heard is null, not zero"
    );
}

#[tokio::test]
async fn figures_carry_their_band_mode_window_and_source() {
    let body = body_of(get(&app(), "/api/overview").await).await;
    assert_snapshot!(format!("{:#}", body["national"]["users.concurrent"]), @r#"
    {
      "error_pct_95": 1.6,
      "mode": "cookie",
      "source": "made-up",
      "unit": "users",
      "value": 138237.0,
      "window": {
        "from": "2026-11-20T14:25:00+09:00",
        "to": "2026-11-20T14:30:00+09:00"
      }
    }
    "#);
    assert_snapshot!(format!("{:#}", body["findings"][0]), @r#"
    {
      "app": "portal",
      "at": "2026-11-20T14:26:00+09:00",
      "detector": "login-brute-force@1.0.0",
      "kind": "login-brute-force",
      "severity": "critical",
      "site": "busan",
      "subject": "client:9f3a61c2",
      "summary": "client:9f3a61c2, 60초 동안 로그인 실패 42회"
    }
    "#);
}

#[tokio::test]
async fn the_overview_is_made_once_however_many_ask_and_again_when_it_is_old() {
    let counting = Arc::new(Counting {
        fleet: Fleet::new(),
        overviews: AtomicUsize::new(0),
    });
    let clock = ManualClock::at(NOW);
    let app = router(
        config("overview_every = \"1s\""),
        counting.clone(),
        Arc::new(clock.clone()),
    );
    let (first, second) = tokio::join!(get(&app, "/api/overview"), get(&app, "/api/overview"));
    assert_eq!(bytes(first).await, bytes(second).await);
    assert_eq!(counting.overviews.load(Ordering::SeqCst), 1);
    clock.set(NOW.plus(Duration::from_secs(1)));
    assert_eq!(get(&app, "/api/overview").await.status(), StatusCode::OK);
    assert_eq!(counting.overviews.load(Ordering::SeqCst), 2);
    clock.set(NOW);
    assert_eq!(get(&app, "/api/overview").await.status(), StatusCode::OK);
    assert_eq!(
        counting.overviews.load(Ordering::SeqCst),
        3,
        "a clock set back makes it again"
    );
}

#[tokio::test]
async fn a_question_is_answered_in_both_languages() {
    let app = app();
    for (question, lang) in [
        ("전국 시스템 중 가장 부하가 높은 지역은?", Value::Null),
        ("Which region has the highest load?", json!("en")),
    ] {
        let body = json!({"question": question, "lang": lang}).to_string();
        let response = ask(&app, body).await;
        assert_eq!(response.status(), StatusCode::OK);
        let answer = body_of(response).await;
        assert_eq!(answer["plan"]["op"], "top");
        assert_eq!(answer["facts"][0]["scope"]["site"], "busan");
        assert!(
            answer["text"].as_str().unwrap().contains("[f1]"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_plan_is_executed_as_it_is() {
    let plan = json!({"op": "value", "metrics": ["users.concurrent"], "scope": {"sites": ["busan"]}, "window": {"kind": "now"}});
    let answer = body_of(ask(&app(), json!({"plan": plan}).to_string()).await).await;
    assert_eq!(answer["plan"], plan);
    assert_eq!(answer["facts"][0]["unit"], "users");
}

#[tokio::test]
async fn a_bad_question_is_told_what_is_wrong() {
    let app = app();
    let long = json!({"question": "가".repeat(2_001)}).to_string();
    let both = json!({"question": "a", "plan": {"op": "value"}}).to_string();
    let deep = format!("{{\"plan\":{}1{}}}", "[".repeat(400), "]".repeat(400));
    let mut told = Vec::new();
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"hello\"",
        "{\"question\": 7}",
        "{\"question\": \"  \"}",
        "{\"question\": \"a\", \"lang\": \"jp\"}",
        "{\"quest\": \"a\"}",
        "{}",
        &long,
        &both,
        "{\"plan\": {\"op\": \"drop\"}}",
        "{\"plan\": {\"op\": \"value\", \"metrics\": [\"users\"]}}",
        "{\"plan\": {\"op\": \"compare\"}}",
        &deep,
    ] {
        told.push(problem(ask(&app, body.to_owned()).await).await);
    }
    told.push(problem(ask(&app, vec![0xff, 0xfe, 0x00]).await).await);
    assert_snapshot!(told.join("\n"), @r#"
    400 bad_request: Failed to parse the request body as JSON: EOF while parsing a value at line 1 column 0, hint: send {"question": "…"} as application/json
    400 bad_request: Failed to parse the request body as JSON: EOF while parsing an object at line 1 column 1, hint: send {"question": "…"} as application/json
    422 bad_request: Failed to deserialize the JSON body into the target type: invalid length 0, expected an object with `question` or `plan` at line 1 column 2, hint: send {"question": "…"} as application/json
    422 bad_request: Failed to deserialize the JSON body into the target type: invalid type: null, expected an object with `question` or `plan` at line 1 column 4, hint: send {"question": "…"} as application/json
    422 bad_request: Failed to deserialize the JSON body into the target type: invalid type: string "hello", expected an object with `question` or `plan` at line 1 column 7, hint: send {"question": "…"} as application/json
    422 bad_request: Failed to deserialize the JSON body into the target type: question: invalid type: integer `7`, expected a string at line 1 column 14, hint: send {"question": "…"} as application/json
    422 bad_question: give either `question` (1 to 2000 characters) or `plan`
    422 bad_request: Failed to deserialize the JSON body into the target type: lang: unknown variant `jp`, expected `ko` or `en` at line 1 column 30, hint: send {"question": "…"} as application/json
    422 bad_request: Failed to deserialize the JSON body into the target type: quest: unknown field `quest`, expected one of `question`, `plan`, `lang` at line 1 column 8, hint: send {"question": "…"} as application/json
    422 bad_question: give either `question` (1 to 2000 characters) or `plan`
    422 bad_question: give either `question` (1 to 2000 characters) or `plan`
    422 bad_question: give either `question` (1 to 2000 characters) or `plan`
    422 bad_request: Failed to deserialize the JSON body into the target type: plan.op: unknown variant `drop`, expected one of `value`, `series`, `compare`, `top`, `list`, `locate`, `peak`, `correlate`, `explain`, `anomalies`, `forecast`, `sizing`, `report`, `trace`, `act`, `approve`, `deny`, `alias`, `refuse`, `clarify` at line 1 column 22, hint: send {"question": "…"} as application/json
    422 bad_request: Failed to deserialize the JSON body into the target type: plan.metrics[0]: unknown variant `users`, expected one of `users.concurrent`, `users.distinct`, `users.in_flight`, `sessions.active`, `sessions.created`, `sessions.destroyed`, `logins`, `logins.failed`, `logins.duplicate`, `tps`, `requests`, `latency.avg`, `latency.p95`, `latency.p99`, `latency.max`, `apdex`, `errors.rate`, `errors.count`, `cpu`, `memory`, `jvm.heap`, `gc.pause`, `threads.busy`, `db.latency`, `db.connections`, `network.latency`, `load`, `sla`, `alerts`, `oom` at line 1 column 44, hint: send {"question": "…"} as application/json
    422 bad_plan: `metrics` must name at least one metric for `compare`; `baseline` must say what to compare with, as {"kind":"previous_day"} for `compare`
    400 bad_request: Failed to parse the request body as JSON: plan[0]: expected value at line 1 column 10, hint: send {"question": "…"} as application/json
    400 bad_request: Failed to parse the request body as JSON: expected value at line 1 column 1, hint: send {"question": "…"} as application/json
    "#);
}

#[tokio::test]
async fn a_body_of_another_kind_or_size_is_refused() {
    let app = app();
    let huge = vec![b'x'; 65_537];
    assert_snapshot!(problem(ask(&app, huge).await).await, @r#"413 too_large: Failed to buffer the request body: length limit exceeded, hint: send {"question": "…"} as application/json"#);
    let text = send(
        &app,
        Method::POST,
        "/api/ask",
        &[("content-type", "text/plain")],
        "{}",
    )
    .await;
    assert_snapshot!(problem(text).await, @r#"415 bad_request: Expected request with `Content-Type: application/json`, hint: send {"question": "…"} as application/json"#);
    let none = send(&app, Method::POST, "/api/ask", &[], "{}").await;
    assert_snapshot!(problem(none).await, @r#"415 bad_request: Expected request with `Content-Type: application/json`, hint: send {"question": "…"} as application/json"#);
}

#[tokio::test]
async fn other_paths_and_methods_are_problems_with_the_same_headers() {
    let app = app();
    let missing = get(&app, "/api/nothing").await;
    assert_snapshot!(head(&missing), @r"
    404 Not Found
    content-type: application/problem+json
    cache-control: no-store
    content-security-policy: default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'
    x-content-type-options: nosniff
    referrer-policy: no-referrer
    cross-origin-resource-policy: same-origin
    ");
    assert_snapshot!(problem(missing).await, @"404 not_found: there is nothing here, hint: see /api/openapi.json");
    let deleted = send(&app, Method::DELETE, "/api/ask", &[], "").await;
    assert_eq!(deleted.headers().get(header::ALLOW).unwrap(), "POST");
    assert_snapshot!(problem(deleted).await, @"405 method_not_allowed: this path takes other methods, hint: see the allow header");
    for path in [
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e%2fCargo.toml",
        "/sites/a/b",
        "/.env",
        "/assets/",
    ] {
        assert_eq!(
            get(&app, path).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_question_waits_for_its_turn_and_is_then_sent_away() {
    let (backend, entered, release) = Blocked::new();
    let busy = config("questions = 1\nquestion_wait = \"10ms\"");
    let app = router(busy, Arc::new(backend), Arc::new(ManualClock::at(NOW)));
    let body = json!({"question": "현재 동시접속자 수"}).to_string();
    let first = tokio::spawn({
        let (app, body) = (app.clone(), body.clone());
        async move { ask(&app, body).await }
    });
    tokio::task::spawn_blocking(move || entered.recv().unwrap())
        .await
        .unwrap();
    let second = ask(&app, body).await;
    assert_eq!(second.headers().get(header::RETRY_AFTER).unwrap(), "1");
    assert_snapshot!(problem(second).await, @"503 busy: other questions are being answered, hint: ask again in a second");
    release.send(()).unwrap();
    assert_eq!(first.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_question_that_takes_too_long_is_given_up() {
    let (backend, _entered, release) = Blocked::new();
    let short = config("request_timeout = \"10ms\"");
    let app = router(short, Arc::new(backend), Arc::new(ManualClock::at(NOW)));
    let response = ask(&app, json!({"question": "왜"}).to_string()).await;
    release.send(()).unwrap();
    assert_snapshot!(problem(response).await, @"503 timeout: no answer within the time limit, hint: ask for a shorter period");
}

#[tokio::test]
async fn a_failing_backend_is_not_told_to_the_client() {
    let app = router(
        config(""),
        Arc::new(Failing),
        Arc::new(ManualClock::at(NOW)),
    );
    for response in [
        get(&app, "/api/overview").await,
        ask(&app, "{\"question\":\"a\"}").await,
    ] {
        assert_eq!(
            problem(response).await,
            "500 internal: something went wrong here, hint: see the center's log"
        );
    }
}

#[tokio::test]
async fn the_page_is_checked_every_time_and_its_assets_are_kept() {
    let app = app();
    let page = get(&app, "/").await;
    assert_snapshot!(head(&page), @r"
    200 OK
    content-type: text/html; charset=utf-8
    cache-control: no-cache
    content-security-policy: default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'
    x-content-type-options: nosniff
    referrer-policy: no-referrer
    cross-origin-resource-policy: same-origin
    ");
    let tag = page
        .headers()
        .get(header::ETAG)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let html = bytes(page).await;
    assert_eq!(
        bytes(get(&app, "/sites/busan").await).await,
        html,
        "a site's address is the same page"
    );
    let again = send(&app, Method::GET, "/", &[("if-none-match", &tag)], "").await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(bytes(again).await.is_empty());
    // Without the web app the substitute page has no assets; with it each one is kept for ever.
    let html = String::from_utf8(html.to_vec()).unwrap();
    for asset in html.split('"').filter(|part| part.starts_with("/assets/")) {
        let response = get(&app, asset).await;
        assert_eq!(response.status(), StatusCode::OK, "{asset}");
        let kept = response.headers().get(header::CACHE_CONTROL).unwrap();
        assert_eq!(kept, "public, max-age=31536000, immutable");
        assert_ne!(
            response.headers().get(header::CONTENT_TYPE).unwrap(),
            "application/octet-stream"
        );
    }
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "nothing from elsewhere: {html}"
    );
}

#[tokio::test]
async fn responses_are_compressed_for_whoever_can_read_that() {
    let response = send(
        &app(),
        Method::GET,
        "/api/overview",
        &[("accept-encoding", "gzip")],
        "",
    )
    .await;
    assert_eq!(
        response.headers().get(header::CONTENT_ENCODING).unwrap(),
        "gzip"
    );
    assert!(bytes(response).await.starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn every_documented_path_is_served_and_every_reference_leads_somewhere() {
    let app = app();
    let document = body_of(get(&app, "/api/openapi.json").await).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut served = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let response = send(
                &app,
                method.clone(),
                path,
                &[("content-type", "application/json")],
                "",
            )
            .await;
            // Nothing has the name `{id}`.
            let is_one_of_many = path.contains('{');
            assert!(
                is_one_of_many || response.status() != StatusCode::NOT_FOUND,
                "{path}"
            );
            assert_ne!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            let statuses: Vec<_> = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect();
            assert!(
                statuses.contains(&response.status().as_u16().to_string()),
                "{path} {}",
                response.status()
            );
            assert!(operation["summary"].is_string(), "{path}");
            served.push(format!("{method} {path} {}", statuses.join(" ")));
        }
    }
    assert_snapshot!(served.join("\n"), @r"
    POST /api/ask 200 400 413 415 422 500 503
    GET /api/audit 200 400 401 403 404 409 422 429 500 503
    GET /api/audit/export 200 400 401 403 404 409 422 429 500 503
    GET /api/audit/verify 200 400 401 403 404 409 422 429 500 503
    POST /api/login 200 400 401 403 404 409 422 429 500 503
    POST /api/logout 200 400 401 403 404 409 422 429 500 503
    GET /api/me 200 400 401 403 404 409 422 429 500 503
    GET /api/openapi.json 200
    GET /api/overview 200 500 503
    POST /api/password 200 400 401 403 404 409 422 429 500 503
    GET /api/people 200 400 401 403 404 409 422 429 500 503
    POST /api/people 200 400 401 403 404 409 422 429 500 503
    PUT /api/people/{name} 200 400 401 403 404 409 422 429 500 503
    POST /api/people/{name}/reset 200 400 401 403 404 409 422 429 500 503
    GET /api/proposals 200 400 401 403 404 409 422 429 500 503
    POST /api/proposals 200 400 401 403 404 409 422 429 500 503
    GET /api/proposals/{id} 200 400 401 403 404 409 422 429 500 503
    POST /api/proposals/{id}/decision 200 400 401 403 404 409 422 429 500 503
    GET /api/tokens 200 400 401 403 404 409 422 429 500 503
    POST /api/tokens 200 400 401 403 404 409 422 429 500 503
    DELETE /api/tokens/{id} 200 400 401 403 404 409 422 429 500 503
    GET /healthz 200
    GET /metrics 200
    ");
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.contains(&"#/components/schemas/Answer".to_owned()));
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn metrics_count_responses_by_route_and_carry_the_backends_own() {
    let app = app();
    for path in ["/api/overview", "/nothing/1", "/nothing/2", "/sites/busan"] {
        get(&app, path).await;
    }
    let text = String::from_utf8(bytes(get(&app, "/metrics").await).await.to_vec()).unwrap();
    let mut lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.sort_unstable();
    assert_snapshot!(lines.join("\n"), @r#"
    bongsu_http_responses_total{path="/api/overview",status="200"} 1
    bongsu_http_responses_total{path="/sites/{site}",status="200"} 1
    bongsu_http_responses_total{path="other",status="404"} 2
    bongsu_sites 9
    "#);
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn health_says_the_process_serves() {
    let body = body_of(get(&app(), "/healthz").await).await;
    assert_eq!(
        body,
        json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})
    );
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_str().filter(|_| name == "$ref") {
                    Some(reference) => into.push(reference.to_owned()),
                    None => collect_references(field, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
}

/// Counts how often the overview is made.
struct Counting {
    fleet: Fleet,
    overviews: AtomicUsize,
}

impl Backend for Counting {
    fn overview(&self, now: Timestamp) -> Result<Overview, BackendError> {
        self.overviews.fetch_add(1, Ordering::SeqCst);
        self.fleet.overview(now)
    }
    fn question(
        &self,
        question: &str,
        lang: Option<Lang>,
        now: Timestamp,
    ) -> Result<Answer, BackendError> {
        self.fleet.question(question, lang, now)
    }
    fn plan(&self, plan: &Plan, lang: Lang, now: Timestamp) -> Result<Answer, BackendError> {
        self.fleet.plan(plan, lang, now)
    }
    fn sites(&self) -> Vec<SiteId> {
        self.fleet.sites()
    }
    fn preview(
        &self,
        action: &Action,
        sites: &[SiteId],
        app: Option<&AppId>,
        now: Timestamp,
    ) -> Result<Preview, BackendError> {
        self.fleet.preview(action, sites, app, now)
    }
    fn register(&self, registry: &mut Registry) {
        self.fleet.register(registry);
    }
}

/// Says when a question has come in, and answers it when it is let go.
struct Blocked {
    fleet: Fleet,
    entered: mpsc::Sender<()>,
    release: Mutex<mpsc::Receiver<()>>,
}

impl Blocked {
    fn new() -> (Self, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (entered, was_entered) = mpsc::channel();
        let (let_go, release) = mpsc::channel();
        (
            Self {
                fleet: Fleet::new(),
                entered,
                release: Mutex::new(release),
            },
            was_entered,
            let_go,
        )
    }
}

impl Backend for Blocked {
    fn overview(&self, now: Timestamp) -> Result<Overview, BackendError> {
        self.fleet.overview(now)
    }
    fn question(
        &self,
        question: &str,
        lang: Option<Lang>,
        now: Timestamp,
    ) -> Result<Answer, BackendError> {
        self.entered.send(()).unwrap();
        self.release.lock().unwrap().recv().unwrap();
        self.fleet.question(question, lang, now)
    }
    fn plan(&self, plan: &Plan, lang: Lang, now: Timestamp) -> Result<Answer, BackendError> {
        self.fleet.plan(plan, lang, now)
    }
    fn sites(&self) -> Vec<SiteId> {
        self.fleet.sites()
    }
    fn preview(
        &self,
        action: &Action,
        sites: &[SiteId],
        app: Option<&AppId>,
        now: Timestamp,
    ) -> Result<Preview, BackendError> {
        self.fleet.preview(action, sites, app, now)
    }
    fn register(&self, _: &mut Registry) {}
}

/// Has lost its store.
struct Failing;

impl Backend for Failing {
    fn overview(&self, _: Timestamp) -> Result<Overview, BackendError> {
        Err(BackendError(
            "failed to read /var/lib/bongsu/secret".to_owned(),
        ))
    }
    fn question(&self, _: &str, _: Option<Lang>, _: Timestamp) -> Result<Answer, BackendError> {
        Err(BackendError(
            "failed to read /var/lib/bongsu/secret".to_owned(),
        ))
    }
    fn plan(&self, _: &Plan, _: Lang, _: Timestamp) -> Result<Answer, BackendError> {
        Err(BackendError(
            "failed to read /var/lib/bongsu/secret".to_owned(),
        ))
    }
    fn sites(&self) -> Vec<SiteId> {
        Vec::new()
    }
    fn preview(
        &self,
        _: &Action,
        _: &[SiteId],
        _: Option<&AppId>,
        _: Timestamp,
    ) -> Result<Preview, BackendError> {
        Err(BackendError("no store".to_owned()))
    }
    fn register(&self, _: &mut Registry) {}
}
