//! The edge's HTTP API of sessions: what operators see, and what they order with the administrator's token.

use anyhow::{Result, ensure};
use bongsu_tests::{Edge, Visit, now_ms, until};
use serde_json::{Value, json};

const RULES: &str = r#"
[sessions.applications.minwon]
keys = ["minwon:{id}"]
user = "json:user.id"
login = "end-oldest"
"#;

fn log_in(edge: &Edge, session: &str, user: &str) -> Result<()> {
    let value = json!({ "user": { "id": user } }).to_string();
    let key = format!("minwon:{session}");
    edge.sessions()?.run(&["SET", &key, &value, "EX", "600"])?;
    Ok(())
}

fn list(edge: &Edge, query: &str) -> Result<Value> {
    let reply = edge
        .web()
        .order("GET", &format!("/api/sessions?{query}"), None)?;
    ensure!(reply.status == 200, "{query}: {reply:?}");
    reply.json()
}

#[test]
fn sessions_are_listed_without_ids_and_whose_they_are_only_to_the_administrator() -> Result<()> {
    let edge = Edge::start("busan", RULES)?;
    log_in(&edge, "first-secret", "kim")?;
    log_in(&edge, "second-secret", "lee")?;

    let page = edge.web().get("/api/sessions", None)?;
    ensure!(page.status == 200, "{page:?}");
    for hidden in ["secret", "kim", "lee"] {
        ensure!(!page.text.contains(hidden), "{hidden} in {}", page.text);
    }
    ensure!(page.json()?["matching"] == 2, "{}", page.text);

    // The order of users and the cursor in it would tell.
    for question in ["reveal=true", "user=kim", "sort=user&page=1"] {
        let asked = edge.web().get(&format!("/api/sessions?{question}"), None)?;
        ensure!(asked.status == 401, "{question}: {asked:?}");
    }
    ensure!(list(&edge, "page=1000000")?["matching"] == 2);
    let lost = edge.web().get("/api/sessions?after=nowhere", None)?;
    ensure!(lost.status == 422, "{lost:?}");
    let shown = list(&edge, "reveal=true&sort=user")?;
    ensure!(shown["sessions"][0]["user"] == "kim", "{shown}");
    ensure!(list(&edge, "user=lee")?["matching"] == 1);
    ensure!(list(&edge, "bound=false")?["matching"] == 0);

    let first = list(&edge, "sort=user&page=1")?;
    let after = first["next"].as_str().unwrap_or_default();
    let second = list(
        &edge,
        &format!("sort=user&page=1&after={after}&reveal=true"),
    )?;
    ensure!(second["sessions"][0]["user"] == "lee", "{second}");
    ensure!(second["next"].is_null(), "{second}");
    ensure!(edge.metric("bongsu_sessions_bound")? == 2);
    Ok(())
}

#[test]
fn the_administrator_ends_and_denies_and_nobody_else_does() -> Result<()> {
    let mut edge = Edge::start("busan", RULES)?;
    log_in(&edge, "a", "kim")?;
    log_in(&edge, "b", "lee")?;
    let body = json!({ "user": "kim" });
    let stranger = edge.web().post(
        "/api/sessions/end",
        "application/json",
        body.to_string().as_bytes(),
    )?;
    ensure!(stranger.status == 401, "{stranger:?}");
    let everything = edge
        .web()
        .order("POST", "/api/sessions/end", Some(&json!({})))?;
    ensure!(everything.status == 409, "{everything:?}");
    let own = json!({ "key": "minwon:a", "database": 16, "user": null });
    let refused = edge.web().order("POST", "/api/sessions/bind", Some(&own))?;
    ensure!(refused.status == 422, "{refused:?}");
    let ended = edge.web().order("POST", "/api/sessions/end", Some(&body))?;
    ensure!(ended.json()? == json!({ "ended": 1 }), "{ended:?}");

    let deny = json!({ "user": "lee", "seconds": 600, "reason": "stolen password" });
    let denied = edge.web().order("POST", "/api/denies", Some(&deny))?;
    ensure!(denied.json()? == json!({ "ended": 1 }), "{denied:?}");
    edge.kill()?;
    edge.restart()?;
    let refused = log_in(&edge, "c", "lee").unwrap_err().to_string();
    ensure!(refused.contains("USERDENIED"), "{refused}");
    let denies = edge.web().order("GET", "/api/denies", None)?.json()?;
    ensure!(denies[0]["reason"] == "stolen password", "{denies}");
    let allowed = edge.web().order("DELETE", "/api/denies?user=lee", None)?;
    ensure!(allowed.json()? == json!({ "ended": 1 }), "{allowed:?}");
    log_in(&edge, "c", "lee")
}

#[test]
fn a_transaction_tells_where_a_session_is_and_whose() -> Result<()> {
    let edge = Edge::start("busan", RULES)?;
    edge.sessions()?
        .run(&["SET", "minwon:anonymous", "{}", "EX", "600"])?;
    ensure!(list(&edge, "bound=true")?["matching"] == 0);
    let visit = Visit {
        session: Some(("anonymous".to_owned(), "park".to_owned())),
        ..Visit::of("c", now_ms()?)
    };
    edge.export(&[visit])?;
    let page = until("the session is known to be park's", || {
        let page = list(&edge, "bound=true&reveal=true")?;
        Ok((page["matching"] == 1).then_some(page))
    })?;
    let session = &page["sessions"][0];
    ensure!(session["user"] == "park", "{page}");
    ensure!(session["url"] == "/list", "{page}");
    ensure!(session["instance"] == "was-1", "{page}");
    Ok(())
}
