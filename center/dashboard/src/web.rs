//! The web app, embedded in the binary. Files under `assets/` carry their hash in their name and never change;
//! the page itself is checked for a newer one every time.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};

/// Made by `cargo xtask web`; a page that says so where that has not been done (see `build.rs`).
#[derive(RustEmbed)]
#[folder = "$BONGSU_DASHBOARD_WEB"]
struct Web;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The page under every address it has, and its assets.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(page))
        .route("/sites/{site}", get(page))
        .route("/assets/{file}", get(asset))
}

async fn page(headers: HeaderMap) -> Response {
    let Some(file) = Web::get("index.html") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = etag(&file);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|given| *given == tag);
    let caching = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (
        caching,
        [(header::CONTENT_TYPE, kind("index.html"))],
        file.data,
    )
        .into_response()
}

async fn asset(Path(name): Path<String>) -> Response {
    let Some(file) = Web::get(&format!("assets/{name}")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    (
        [
            (header::CACHE_CONTROL, FOR_EVER),
            (header::CONTENT_TYPE, kind(&name)),
        ],
        file.data,
    )
        .into_response()
}

/// The first 16 bytes of the file's SHA-256. Weak, because it may be sent compressed or not.
fn etag(file: &EmbeddedFile) -> HeaderValue {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    HeaderValue::from_str(&format!("W/\"{hex}\"")).unwrap_or(HeaderValue::from_static("W/\"0\""))
}

/// The few kinds of file that Vite writes.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
