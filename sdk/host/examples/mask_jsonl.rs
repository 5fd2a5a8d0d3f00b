//! Masks a file of JSON lines through the real plugin in its sandbox: what `cargo xtask eval pii` runs.
//!
//! Reads `{"id", "text", "context"?, …}` per line and prints `{"id", "masked", "spans"}`, where a span is
//! `{"start", "end", "type"}` in Unicode code points of the text. Cost per text goes to standard error.
//!
//! usage: `mask_jsonl FILE`; the plugin is read from `$BONGSU_PLUGINS`, else from `target/plugins`.

#![expect(clippy::print_stdout, reason = "the answers are its standard output")]

use std::{env, fs, io::BufRead as _, path::PathBuf};

use anyhow::{Context as _, Result};
use bongsu_sdk_host::{Engine, Field, FieldKind, Masker, Setup};
use bongsu_sdk_model::Timestamp;
use serde_json::{Value, json};

/// Texts per call.
const BATCH: usize = 64;

fn main() -> Result<()> {
    let file = env::args_os().nth(1).context("usage: mask_jsonl FILE")?;
    let plugins = env::var_os("BONGSU_PLUGINS")
        .map_or_else(|| PathBuf::from("target/plugins"), PathBuf::from);
    let component = plugins.join("mask-korean-pii.wasm");
    let bytes = fs::read(&component).with_context(|| {
        format!(
            "failed to read {}; hint: run `cargo xtask plugins`",
            component.display()
        )
    })?;
    let engine = Engine::new()?;
    let mut masker = Masker::load(&engine, &bytes, &Setup::new("mask-korean-pii"))?;
    let mut items = Vec::new();
    for line in fs::read(&file)
        .with_context(|| format!("failed to read {}", file.display()))?
        .lines()
    {
        let line = line?;
        if !line.trim().is_empty() {
            items.push(serde_json::from_str::<Value>(&line)?);
        }
    }
    for batch in items.chunks(BATCH) {
        answer(&mut masker, batch)?;
    }
    let counters = masker.loaded().counters;
    let bytes: usize = items.iter().map(|item| text_of(item).len()).sum();
    eprintln!(
        "{} texts, {bytes} bytes, {} calls, {:.1} µs per text, {:.1} MB/s",
        items.len(),
        counters.calls,
        counters.busy.as_secs_f64() * 1e6 / items.len().max(1) as f64,
        bytes as f64 / 1e6 / counters.busy.as_secs_f64().max(1e-9),
    );
    Ok(())
}

fn answer(masker: &mut Masker, items: &[Value]) -> Result<()> {
    let fields: Vec<Field<'_>> = items
        .iter()
        .map(|item| Field {
            kind: kind_of(item),
            text: text_of(item),
        })
        .collect();
    for (item, masked) in items
        .iter()
        .zip(masker.mask(&fields, Timestamp::from_ms(0))?)
    {
        let text = text_of(item);
        let points = |byte: usize| text.get(..byte).map_or(0, |head| head.chars().count());
        let spans: Vec<Value> = masked
            .found
            .iter()
            .map(|f| json!({"start": points(f.start), "end": points(f.end), "type": f.what}))
            .collect();
        println!(
            "{}",
            json!({"id": item["id"], "masked": masked.text, "spans": spans})
        );
    }
    Ok(())
}

fn text_of(item: &Value) -> &str {
    item["text"].as_str().unwrap_or_default()
}

fn kind_of(item: &Value) -> FieldKind {
    match item["context"].as_str() {
        Some("url") => FieldKind::Url,
        Some("sql") => FieldKind::Sql,
        Some("json") => FieldKind::Json,
        Some("log") => FieldKind::Log,
        Some("exception") => FieldKind::Error,
        _ => FieldKind::Text,
    }
}
