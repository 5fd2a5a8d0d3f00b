//! HTTP as a client sees it: a status and a text, whatever the status.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use ureq::{
    Agent,
    http::{Request, Response, header},
};

use crate::ADMIN_TOKEN;

/// A response.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its `content-type`, or nothing.
    pub kind: String,
    /// The `name=value` part of its `set-cookie`, if it has one.
    pub cookie: Option<String>,
    /// Its body.
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// If it is none; with the beginning of the body.
    pub fn json(&self) -> Result<Value> {
        let start: String = self.text.chars().take(200).collect();
        serde_json::from_str(&self.text).with_context(|| format!("{} {start}", self.status))
    }
}

/// A web server on the loopback address.
#[derive(Debug, Clone)]
pub struct Web {
    agent: Agent,
    port: u16,
}

impl Web {
    /// The server at `port`; nothing is connected yet.
    #[must_use]
    pub fn at(port: u16) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(40)))
            .build();
        Self {
            agent: config.into(),
            port,
        }
    }

    /// `GET path`, with a cookie if there is one.
    ///
    /// # Errors
    /// If there is no response.
    pub fn get(&self, path: &str, cookie: Option<&str>) -> Result<Reply> {
        let mut request = self.agent.get(self.url(path));
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        read(request.call()?)
    }

    /// `POST path` with a body.
    ///
    /// # Errors
    /// If there is no response.
    pub fn post(&self, path: &str, kind: &str, body: &[u8]) -> Result<Reply> {
        let request = self
            .agent
            .post(self.url(path))
            .header(header::CONTENT_TYPE, kind);
        read(request.send(body)?)
    }

    /// A request with the administrator's token, with a JSON body if there is one.
    ///
    /// # Errors
    /// If there is no response.
    pub fn order(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Reply> {
        let request = Request::builder()
            .method(method)
            .uri(self.url(path))
            .header(header::AUTHORIZATION, format!("Bearer {ADMIN_TOKEN}"));
        let response = match body {
            None => self.agent.run(request.body(())?),
            Some(body) => {
                let request = request.header(header::CONTENT_TYPE, "application/json");
                self.agent.run(request.body(body.to_string())?)
            }
        };
        read(response?)
    }

    /// `POST path` with the fields of a form, with a cookie if there is one.
    ///
    /// # Errors
    /// If there is no response.
    pub fn submit(
        &self,
        path: &str,
        cookie: Option<&str>,
        fields: &[(&str, &str)],
    ) -> Result<Reply> {
        let mut request = self.agent.post(self.url(path));
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        read(request.send_form(fields.iter().copied())?)
    }

    /// The answer to `{"question": …}` or `{"plan": …}`.
    ///
    /// # Errors
    /// If it is not answered with 200.
    pub fn ask(&self, asked: &Value) -> Result<Value> {
        let reply = self.post("/api/ask", "application/json", asked.to_string().as_bytes())?;
        anyhow::ensure!(reply.status == 200, "{asked} was answered with {reply:?}");
        reply.json()
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn read(mut response: Response<ureq::Body>) -> Result<Reply> {
    let field = |name| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let cookie = field(header::SET_COOKIE);
    Ok(Reply {
        status: response.status().as_u16(),
        kind: field(header::CONTENT_TYPE).unwrap_or_default(),
        cookie: cookie.and_then(|cookie| cookie.split(';').next().map(str::to_owned)),
        text: response.body_mut().read_to_string()?,
    })
}
