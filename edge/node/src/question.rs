//! `bongsu-edge ask "…"`: asks the edge that runs on this machine, and prints its answer.
//!
//! It talks to the edge's own API on the address of its configuration, so it works with the WAN cut and can
//! never open the store that the running edge holds.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// An answer that takes longer is not worth waiting for at a terminal.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the edge at `http`; gives what to print.
///
/// # Errors
/// If no edge answers there, or it refuses the question.
pub fn ask(http: SocketAddr, question: &str, lang: Option<&str>, as_json: bool) -> Result<String> {
    let mut body = json!({ "question": question });
    if let (Some(lang), Some(body)) = (lang, body.as_object_mut()) {
        body.insert("lang".to_owned(), lang.into());
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .build()
        .into();
    let mut reply = agent
        .post(format!("http://{http}/api/ask"))
        .send_json(body)
        .with_context(|| format!("no edge answers at {http}, hint: is bongsu-edge running?"))?;
    let status = reply.status();
    let answer: Value = reply
        .body_mut()
        .read_json()
        .context("the edge's reply cannot be read")?;
    if !status.is_success() {
        let detail = answer.get("detail").and_then(Value::as_str);
        bail!("{}", detail.unwrap_or("the edge refused the question"));
    }
    if as_json {
        return Ok(serde_json::to_string_pretty(&answer)?);
    }
    Ok(printed(&answer))
}

/// Sentences, tables and caveats as lines.
fn printed(answer: &Value) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        Value::Number(number) => number.as_f64().map_or_else(String::new, |n| {
            let rounded = (n * 100.0).round() / 100.0;
            format!("{rounded}")
        }),
        other => other.to_string(),
    };
    let list = |value: &Value, name: &str| {
        let held = value.get(name).and_then(Value::as_array);
        held.cloned().unwrap_or_default()
    };
    let mut lines = vec![answer.get("text").map(text).unwrap_or_default()];
    for table in list(answer, "tables") {
        lines.push(format!(
            "\n{}",
            table.get("title").map(text).unwrap_or_default()
        ));
        let titles = list(&table, "columns");
        let titles = titles.iter().filter_map(|column| column.get("title"));
        lines.push(titles.map(text).collect::<Vec<_>>().join(" | "));
        for row in list(&table, "rows") {
            let cells = row.as_array().cloned().unwrap_or_default();
            lines.push(cells.iter().map(text).collect::<Vec<_>>().join(" | "));
        }
    }
    let caveats = list(answer, "caveats");
    if !caveats.is_empty() {
        lines.push(String::new());
        lines.extend(caveats.iter().map(|caveat| format!("※ {}", text(caveat))));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_printed_with_its_tables_and_caveats() {
        let answer = json!({
            "text": "부하율은 71.2%입니다.",
            "tables": [{"title": "지역별", "columns": [{"title": "지역"}, {"title": "부하율"}],
                        "rows": [["부산", 71.234], ["제주", null]]}],
            "caveats": ["표준시 +09:00"],
        });
        assert_eq!(
            printed(&answer),
            "부하율은 71.2%입니다.\n\n지역별\n지역 | 부하율\n부산 | 71.23\n제주 | -\n\n※ 표준시 +09:00"
        );
    }
}
