//! The page where people sign in: works without the web app, and shows nothing of the sites.

use axum::{Router, http::header, response::IntoResponse, routing::get};

const PAGE: &str = include_str!("login/page.html");
const SCRIPT: &str = include_str!("login/login.js");
const STYLE: &str = include_str!("login/login.css");

/// The page and its parts.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = |kind: &'static str, text: &'static str| {
        get(async move || ([(header::CONTENT_TYPE, kind)], text).into_response())
    };
    Router::new()
        .route("/login", file("text/html; charset=utf-8", PAGE))
        .route("/login.js", file("text/javascript; charset=utf-8", SCRIPT))
        .route("/login.css", file("text/css; charset=utf-8", STYLE))
}
