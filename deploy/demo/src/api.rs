//! The demo as a client of the platform: questions to the center, health and figures of an edge.
//!
//! It knows the public JSON only, none of our types, so that a slip in the API shows here.

use anyhow::{Context as _, Result, bail};
use bongsu_sdk_model::{Timestamp, Window};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

/// An answer, as far as the demo judges it.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    /// What was understood.
    pub(crate) plan: Value,
    /// The figures.
    pub(crate) facts: Vec<Fact>,
    /// The words.
    pub(crate) text: String,
}

/// One figure of an answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Fact {
    /// Which figure.
    pub(crate) metric: String,
    /// Where; without `site` and `sites`: everywhere.
    pub(crate) scope: Scope,
    /// When.
    pub(crate) window: Interval,
    /// How people were told apart.
    pub(crate) mode: Option<String>,
    /// The figure.
    pub(crate) value: f64,
    /// Half width of its 95 % band, %.
    pub(crate) error_pct_95: Option<f64>,
    /// Where it came from.
    pub(crate) source: String,
}

/// The part of the country a fact is about.
#[derive(Debug, Deserialize)]
pub(crate) struct Scope {
    /// One site.
    pub(crate) site: Option<String>,
    /// Several together.
    #[serde(default)]
    pub(crate) sites: Vec<String>,
}

/// A window as the API writes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Interval {
    from: jiff::Timestamp,
    to: jiff::Timestamp,
}

impl Interval {
    /// The same in milliseconds.
    pub(crate) fn window(&self) -> Window {
        let ms = |at: jiff::Timestamp| Timestamp::from_ms(at.as_millisecond());
        Window::new(ms(self.from), ms(self.to))
    }
}

/// Asks the center at `base`.
pub(crate) async fn ask(client: &Client, base: &str, question: &str, lang: &str) -> Result<Answer> {
    let response = client
        .post(format!("{base}/api/ask"))
        .json(&json!({"question": question, "lang": lang}))
        .send()
        .await
        .context("the center did not answer")?;
    let (status, body) = (response.status(), response.text().await?);
    if !status.is_success() {
        bail!("the center answered {status}: {body}");
    }
    serde_json::from_str(&body).with_context(|| format!("not an answer: {body}"))
}

/// Whether `url` answers with success.
pub(crate) async fn healthy(client: &Client, url: &str) -> bool {
    client
        .get(url)
        .send()
        .await
        .is_ok_and(|response| response.status().is_success())
}

/// The whole number called `name` at an edge's `/metrics`.
pub(crate) async fn metric(client: &Client, base: &str, name: &str) -> Result<u64> {
    let text = client
        .get(format!("{base}/metrics"))
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?;
    sample(&text, name).with_context(|| format!("{base}/metrics has no `{name}`"))
}

/// A sample without labels in the text exposition format.
fn sample(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_sample_of_exactly_that_name() {
        let text = "# TYPE spool gauge\nspool_bytes 7\nspool 12\n";
        assert_eq!(sample(text, "spool"), Some(12));
        assert_eq!(sample(text, "spool_by"), None);
    }

    #[test]
    fn reads_an_answer_with_civil_times() {
        let answer: Answer = serde_json::from_value(json!({
            "plan": {"op": "value"}, "text": "about 5", "tables": [],
            "facts": [{"id": "f1", "metric": "users.distinct", "scope": {"site": "busan"}, "mode": "cookie",
                       "window": {"from": "2026-11-20T13:30:00+09:00", "to": "2026-11-20T05:30:00Z"},
                       "value": 5, "unit": "users", "error_pct_95": 1.6, "source": "rollup:1m"}],
        }))
        .unwrap();
        let fact = &answer.facts[0];
        assert_eq!(fact.window.window().width().as_secs(), 3_600);
        assert_eq!(fact.scope.site.as_deref(), Some("busan"));
    }
}
