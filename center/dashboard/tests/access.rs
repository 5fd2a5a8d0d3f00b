//! Nothing is open but what must be; who may what; proposals and the audit over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test may fail like the test"
)]

#[path = "../examples/lively/fleet.rs"]
mod fleet;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use bongsu_center_control::{Config as ControlConfig, Control, Grant, Permit, Role};
use bongsu_center_dashboard::{Config, router};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{ManualClock, SiteId, Timestamp};
use fleet::Fleet;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const NOW: Timestamp = Timestamp::from_ms(1_795_152_600_000);
const PASSWORD: &str = "a long enough secret";

struct Center {
    app: Router,
    control: Arc<Control>,
    _folder: tempfile::TempDir,
}

impl Center {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let control = Arc::new(Control::open(folder.path(), ControlConfig::default()).unwrap());
        let config = Config::read(Section::parse("", &Faults::default()));
        let clock = Arc::new(ManualClock::at(NOW));
        let app = router(
            config,
            Arc::new(Fleet::new()),
            Arc::clone(&control),
            Arc::default(),
            clock,
        );
        Self {
            app,
            control,
            _folder: folder,
        }
    }

    /// Somebody who has signed in; his cookie.
    async fn person(&self, name: &str, grants: Vec<Grant>) -> String {
        let people = &self.control.people;
        let once = people.add(name, grants, NOW).unwrap();
        people.choose(name, &once, PASSWORD, None).unwrap();
        let body = json!({"name": name, "password": PASSWORD});
        let (status, _, cookie) = self.send("POST", "/api/login", &[], Some(body)).await;
        assert_eq!(status, StatusCode::OK);
        cookie
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (StatusCode, Value, String) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "center");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self
            .app
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let status = response.status();
        let cookie = response
            .headers()
            .get(header::SET_COOKIE)
            .map(|cookie| cookie.to_str().unwrap().to_owned());
        let cookie = cookie
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or_default(),
            cookie,
        )
    }

    /// As a page of ours does it.
    async fn by(
        &self,
        cookie: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin")];
        let (status, answer, _) = self.send(method, path, &headers, body).await;
        (status, answer)
    }
}

#[tokio::test]
async fn nothing_is_open_but_health_and_the_way_in() {
    let center = Center::new();
    for path in ["/healthz", "/login", "/login.js", "/login.css"] {
        assert_eq!(
            center.send("GET", path, &[], None).await.0,
            StatusCode::OK,
            "{path}"
        );
    }
    for path in [
        "/api/overview",
        "/api/openapi.json",
        "/metrics",
        "/api/audit",
        "/api/proposals",
        "/api/nothing",
        "/api/me",
    ] {
        let (status, problem, _) = center.send("GET", path, &[], None).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNAUTHORIZED, &json!("unauthorized")),
            "{path}"
        );
    }
    assert_eq!(
        center.send("GET", "/", &[], None).await.0,
        StatusCode::SEE_OTHER
    );
    let forged = [
        ("cookie", "bongsu_session=0000"),
        ("authorization", "Bearer bongsu_0000"),
    ];
    assert_eq!(
        center.send("GET", "/api/overview", &forged, None).await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_page_of_another_site_cannot_act_for_somebody() {
    let center = Center::new();
    let kim = center
        .person("kim", vec![Grant::everywhere(Role::Viewer)])
        .await;
    let ask = || Some(json!({"question": "현재 동시접속자 수"}));
    assert_eq!(
        center.by(&kim, "POST", "/api/ask", ask()).await.0,
        StatusCode::OK
    );
    for elsewhere in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", "https://evil.example")],
        vec![],
    ] {
        let headers = [vec![("cookie", kim.as_str())], elsewhere].concat();
        let (status, problem, _) = center.send("POST", "/api/ask", &headers, ask()).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::FORBIDDEN, &json!("cross_site")),
            "{headers:?}"
        );
    }
    let old_browser = [("cookie", kim.as_str()), ("origin", "http://center")];
    assert_eq!(
        center.send("POST", "/api/ask", &old_browser, ask()).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn each_role_does_what_it_may_and_no_more() {
    let center = Center::new();
    let viewer = center
        .person("viewer", vec![Grant::everywhere(Role::Viewer)])
        .await;
    let security = center
        .person("security", vec![Grant::everywhere(Role::Security)])
        .await;
    let admin = center
        .person("admin", vec![Grant::everywhere(Role::Admin)])
        .await;
    let block = || {
        Some(
            json!({"plan": {"op": "act", "scope": {"sites": ["busan"]}, "action": {"kind": "url.block", "args": {"url": "/admin/*"}}}}),
        )
    };
    for (who, method, path, body, expected) in [
        (&viewer, "GET", "/api/overview", None, StatusCode::OK),
        (&viewer, "GET", "/api/audit", None, StatusCode::FORBIDDEN),
        (&viewer, "GET", "/api/people", None, StatusCode::FORBIDDEN),
        (
            &viewer,
            "POST",
            "/api/proposals",
            block(),
            StatusCode::FORBIDDEN,
        ),
        (&security, "GET", "/api/audit/verify", None, StatusCode::OK),
        (
            &security,
            "POST",
            "/api/people",
            Some(json!({"name": "x", "grants": []})),
            StatusCode::FORBIDDEN,
        ),
        (
            &admin,
            "POST",
            "/api/proposals",
            block(),
            StatusCode::FORBIDDEN,
        ),
        (
            &admin,
            "POST",
            "/api/people",
            Some(json!({"name": "lee", "grants": [{"role": "viewer"}]})),
            StatusCode::OK,
        ),
        (
            &admin,
            "PUT",
            "/api/people/admin",
            Some(json!({"disabled": true})),
            StatusCode::CONFLICT,
        ),
    ] {
        let (status, answer) = center.by(who, method, path, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    let (_, people) = center.by(&admin, "GET", "/api/people", None).await;
    assert!(!people.to_string().contains("argon2"), "{people}");
    let token = json!({"label": "grafana", "scopes": [Permit::View], "days": 30});
    let (_, made) = center.by(&viewer, "POST", "/api/tokens", Some(token)).await;
    let bearer = format!("Bearer {}", made["secret"].as_str().unwrap());
    assert_eq!(
        center
            .send("GET", "/metrics", &[("authorization", &bearer)], None)
            .await
            .0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_action_is_proposed_by_one_and_approved_by_another_at_their_sites() {
    let center = Center::new();
    let busan = |role| Grant {
        role,
        sites: vec![SiteId::new("busan").unwrap()],
        apps: Vec::new(),
    };
    let kim = center.person("kim", vec![busan(Role::Approver)]).await;
    let lee = center.person("lee", vec![busan(Role::Approver)]).await;
    let far = Grant {
        sites: vec![SiteId::new("seoul").unwrap()],
        ..busan(Role::Approver)
    };
    let park = center.person("park", vec![far]).await;
    let plan = |site: &str, url: &str| {
        Some(
            json!({"plan": {"op": "act", "scope": {"sites": [site]}, "action": {"kind": "url.block", "args": {"url": url}}}}),
        )
    };
    assert_eq!(
        center
            .by(&kim, "POST", "/api/proposals", plan("seoul", "/admin/*"))
            .await
            .0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        center
            .by(&kim, "POST", "/api/proposals", plan("atlantis", "/admin/*"))
            .await
            .0,
        StatusCode::CONFLICT
    );
    let (status, broad) = center
        .by(&kim, "POST", "/api/proposals", plan("busan", "/*"))
        .await;
    assert_eq!(
        (status, &broad["code"]),
        (StatusCode::CONFLICT, &json!("too_broad"))
    );
    let mixed = json!({"plan": {"op": "act", "metrics": ["requests"], "scope": {"sites": ["busan"]}, "action": {"kind": "url.block", "args": {"url": "/a"}}}});
    let (_, mixed) = center.by(&kim, "POST", "/api/proposals", Some(mixed)).await;
    assert_eq!(mixed["code"], "mixed_query_and_control");
    let sentence = json!({"question": "3초 넘은 세션을 찾아서 전부 로그아웃시켜", "plan": plan("busan", "/a").unwrap()["plan"]});
    let (status, refused) = center
        .by(&kim, "POST", "/api/proposals", Some(sentence))
        .await;
    // Whether the planner refuses or asks back, the plan that came along does not count.
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");

    let (status, made) = center
        .by(&kim, "POST", "/api/proposals", plan("busan", "/admin/*"))
        .await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!(made["proposal"]["preview"]["requests"], 120.0);
    let path = format!(
        "/api/proposals/{}/decision",
        made["proposal"]["id"].as_str().unwrap()
    );
    let approve = || Some(json!({"verdict": "approve", "revision": 1}));
    assert_eq!(
        center.by(&kim, "POST", &path, approve()).await.0,
        StatusCode::CONFLICT
    );
    assert_eq!(
        center.by(&park, "POST", &path, approve()).await.0,
        StatusCode::NOT_FOUND
    );
    let (status, approved) = center.by(&lee, "POST", &path, approve()).await;
    assert_eq!(
        (status, &approved["proposal"]["state"]),
        (StatusCode::OK, &json!("approved")),
        "{approved}"
    );
    assert_eq!(
        center.by(&lee, "POST", &path, approve()).await.0,
        StatusCode::CONFLICT,
        "a replay"
    );
    let entries = center.control.audit.latest(None, 100).unwrap();
    let told: Vec<_> = entries
        .iter()
        .rev()
        .map(|entry| {
            format!(
                "{} {} {}",
                entry.record.who, entry.record.event, entry.record.status
            )
        })
        .collect();
    for expected in [
        "kim proposal.refuse refused",
        "kim proposal.make pending",
        "kim proposal.approve refused",
        "lee proposal.approve ok",
    ] {
        assert!(
            told.iter().any(|line| line == expected),
            "{expected} in {told:#?}"
        );
    }
}
