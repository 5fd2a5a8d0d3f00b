//! Real web servers that ask the edge, with the configuration that `deploy/guard` shows.

#[path = "guard/server.rs"]
mod server;

use anyhow::{Result, ensure};
use bongsu_tests::{Edge, now_ms};
use serde_json::{Value, json};

use server::{Fail, Server};

const IPHONE: &str = "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148";
const RULES: &str = r#"
[sessions.applications.minwon]
keys = ["minwon:{id}"]
user = "json:user.id"

[guard]
data_dir = "{folder}/data/guard"
cookie.enabled = true
cookie.secure = false
"#;

fn add(edge: &Edge, rule: Value) -> Result<String> {
    let reply = edge.web().order("POST", "/api/guard/rules", Some(&rule))?;
    ensure!(reply.status == 200, "{rule}: {reply:?}");
    Ok(reply.json()?["id"].as_str().unwrap_or_default().to_owned())
}

fn order(edge: &Edge, order: &Value) -> Result<Value> {
    let reply = edge.web().order("POST", "/api/orders", Some(order))?;
    ensure!(reply.status == 200, "{order}: {reply:?}");
    reply.json()
}

/// What every web server must do with every verdict.
fn every_verdict(edge: &mut Edge, server: &Server) -> Result<()> {
    let (status, page) = server.get("/admin/users", &[])?;
    ensure!(status == 200 && page.contains("the application"), "{page}");
    ensure!(
        page.contains("bongsu_id=") && page.contains("HttpOnly"),
        "no identity: {page}"
    );
    let (_, known) = server.get("/", &["Cookie: bongsu_id=0123456789abcdef0123456789abcdef"])?;
    ensure!(!known.contains("bongsu_id="), "a second identity: {known}");

    add(
        edge,
        json!({"rule": {"then": {"action": "block"}, "url": "/admin/*", "user_agent": "mobile"}}),
    )?;
    for path in ["/admin/users?a=b", "//admin/users", "/x/..//%61dmin"] {
        let (status, page) = server.get(path, &[IPHONE])?;
        ensure!(
            status == 403 && !page.contains("the application"),
            "{path}: {page}"
        );
    }
    ensure!(server.get("/admin/users", &[])?.0 == 200);

    add(
        edge,
        json!({"rule": {"then": {"action": "redirect", "to": "/closed?why=maintenance"}, "url": "/old"}}),
    )?;
    let (status, page) = server.get("/old", &[])?;
    ensure!(
        status == 302
            && page
                .to_lowercase()
                .contains("location: /closed?why=maintenance"),
        "{page}"
    );

    add(
        edge,
        json!({"rule": {"then": {"action": "limit", "per_second": 0.1, "burst": 2}, "url": "/download"}}),
    )?;
    let statuses = (0..3)
        .map(|_| Ok(server.get("/download", &[])?.0))
        .collect::<Result<Vec<_>>>()?;
    ensure!(statuses == [200, 200, 429], "{statuses:?}");
    let (_, page) = server.get("/download", &[])?;
    ensure!(page.to_lowercase().contains("retry-after: "), "{page}");

    let user = json!({"user": {"id": "kim"}}).to_string();
    edge.sessions()?
        .run(&["SET", "minwon:s1", &user, "EX", "600"])?;
    add(
        edge,
        json!({"rule": {"then": {"action": "block"}, "url": "/pay/*", "user": "kim"}}),
    )?;
    ensure!(server.get("/pay/1", &["Cookie: JSESSIONID=s1.node1"])?.0 == 403);
    ensure!(server.get("/pay/1", &["Cookie: JSESSIONID=s2.node1"])?.0 == 200);
    Ok(())
}

/// Rules outlive the edge's death; meanwhile requests pass or not, as configured.
fn without_the_edge(edge: &mut Edge, server: &Server, meanwhile: u16) -> Result<()> {
    edge.kill()?;
    let (status, page) = server.get("/", &[])?;
    ensure!(status == meanwhile, "{page}");
    edge.restart()?;
    let (status, page) = server.get("/admin/users", &[IPHONE])?;
    ensure!(status == 403, "the rule is forgotten: {page}");
    Ok(())
}

#[test]
fn nginx_asks_and_does_what_the_guard_says() -> Result<()> {
    let mut edge = Edge::start("busan", RULES)?;
    let Some(server) = Server::nginx(edge.http, Fail::Open)? else {
        return Ok(());
    };
    every_verdict(&mut edge, &server)?;
    without_the_edge(&mut edge, &server, 200)
}

#[test]
fn nginx_refuses_when_it_is_told_to_fail_closed() -> Result<()> {
    let mut edge = Edge::start("busan", RULES)?;
    let Some(server) = Server::nginx(edge.http, Fail::Closed)? else {
        return Ok(());
    };
    add(
        &edge,
        json!({"rule": {"then": {"action": "block"}, "url": "/admin/*"}}),
    )?;
    ensure!(server.get("/", &[])?.0 == 200);
    without_the_edge(&mut edge, &server, 503)
}

#[test]
fn haproxy_asks_and_does_what_the_guard_says() -> Result<()> {
    let mut edge = Edge::start("busan", RULES)?;
    let Some(server) = Server::haproxy(edge.http, Fail::Open)? else {
        return Ok(());
    };
    every_verdict(&mut edge, &server)?;
    without_the_edge(&mut edge, &server, 200)
}

#[test]
fn haproxy_refuses_when_it_is_told_to_fail_closed() -> Result<()> {
    let mut edge = Edge::start("busan", RULES)?;
    let Some(server) = Server::haproxy(edge.http, Fail::Closed)? else {
        return Ok(());
    };
    add(
        &edge,
        json!({"rule": {"then": {"action": "block"}, "url": "/admin/*"}}),
    )?;
    ensure!(server.get("/", &[])?.0 == 200);
    without_the_edge(&mut edge, &server, 503)
}

#[test]
fn envoys_and_traefiks_ways_of_asking_are_answered() -> Result<()> {
    let edge = Edge::start("busan", RULES)?;
    add(
        &edge,
        json!({"rule": {"then": {"action": "block", "status": 451, "text": "점검 중입니다"}, "url": "/a/*", "app": "shop"}}),
    )?;
    let ask = |path: &str, headers: &[&str]| server::fetch(edge.http, path, headers);
    let (status, page) = ask("/guard/envoy/shop/x/..//a/b?c=d", &[])?;
    ensure!(status == 451 && page.contains("점검 중입니다"), "{page}");
    ensure!(ask("/guard/envoy/other/a/b", &[])?.0 == 200);
    ensure!(ask("/guard/envoy/shop", &[])?.0 == 200);
    let forwarded = ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /a/1?x"];
    ensure!(ask("/guard?app=shop", &forwarded)?.0 == 451);
    ensure!(ask("/guard?app=other", &forwarded)?.0 == 200);
    let without_token = edge.web().get("/api/guard/rules", None)?;
    ensure!(without_token.status == 401, "{without_token:?}");
    ensure!(edge.metric("bongsu_guard_blocked_total")? == 2);
    Ok(())
}

#[test]
fn an_order_is_carried_out_once_also_when_the_edge_dies_and_can_be_lifted() -> Result<()> {
    let mut edge = Edge::start("busan", RULES)?;
    let log_in = |edge: &Edge, id: &str| -> Result<()> {
        let user = json!({"user": {"id": "kim"}}).to_string();
        edge.sessions()?
            .run(&["SET", &format!("minwon:{id}"), &user, "EX", "600"])?;
        Ok(())
    };
    log_in(&edge, "s1")?;
    let issued = now_ms()? + 1;
    let given = json!({
        "id": "p-1.1", "issued": issued, "expires": issued + 60_000, "by": "lee", "reason": "p-1",
        "effects": [
            {"effect": "sessions.end", "user": "kim"},
            {"effect": "guard.rule", "rule": {"then": {"action": "block"}, "url": "/admin/*", "user": "kim"}},
        ],
    });
    bongsu_tests::until("the order's instant has passed", || {
        Ok((now_ms()? > issued).then_some(()))
    })?;
    let first = order(&edge, &given)?;
    ensure!(
        first["state"] == "done" && first["sessions_ended"] == 1,
        "{first}"
    );
    // He logs in again; the same order, given again before and after a crash, does not end this session.
    log_in(&edge, "s2")?;
    ensure!(order(&edge, &given)? == first);
    edge.kill()?;
    edge.restart()?;
    ensure!(order(&edge, &given)? == first);
    let sessions = edge.web().get("/api/sessions", None)?.json()?;
    ensure!(sessions["matching"] == 1, "{sessions}");
    let asked = ["X-Original-URI: /admin/x", "Cookie: JSESSIONID=s2"];
    ensure!(server::fetch(edge.http, "/guard?app=minwon", &asked)?.0 == 403);

    let lift = json!({
        "id": "p-2.1", "issued": issued, "expires": issued + 60_000, "by": "lee", "reason": "p-2",
        "effects": [{"effect": "guard.lift", "order": "p-1.1"}],
    });
    ensure!(order(&edge, &lift)?["state"] == "done");
    ensure!(server::fetch(edge.http, "/guard?app=minwon", &asked)?.0 == 200);

    let late = json!({
        "id": "p-3.1", "issued": issued, "expires": issued, "by": "lee", "reason": "p-3",
        "effects": [{"effect": "sessions.end", "user": "kim"}],
    });
    ensure!(order(&edge, &late)?["state"] == "expired");
    let broad = json!({
        "id": "p-4.1", "issued": issued, "expires": issued + 60_000, "by": "lee", "reason": "p-4",
        "effects": [
            {"effect": "sessions.end", "user": "kim"},
            {"effect": "guard.rule", "rule": {"then": {"action": "block"}, "url": "/*"}},
        ],
    });
    ensure!(order(&edge, &broad)?["state"] == "refused");
    let sessions = edge.web().get("/api/sessions", None)?.json()?;
    ensure!(
        sessions["matching"] == 1,
        "a refused order ended a session: {sessions}"
    );
    Ok(())
}
