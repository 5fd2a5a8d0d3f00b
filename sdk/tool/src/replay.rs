//! Recorded batches: JSON, one object per line. `bongsu-edge record` writes the first kind, people the rest.
//!
//! | line | is |
//! |---|---|
//! | `{"window":…,"transactions":[…]}` (or `session-events`, `roll-ups`) | a batch, as an edge recorded it |
//! | `{"repeat":60,"every_ms":60000,"batch":{…}}` | the same batch so often, each time so much later |
//! | `{"expect":[{"kind":"slow-url","subject":"url:/list"}]}` | exactly this was found since the last such line |
//! | `{"fields":[{"kind":"url","text":…}],"expect":["…"]}` | texts for a masker, and what is to be left of them |
//! | `{"proposal":{…},"now_ms":0,"expect":{"effects":1}}` | a proposal for a controller; or `{"refused":"too wide"}` |
//! | `{"site":{"sessions":[…],"usual":[…]}}` | what the site answers to look-ups from here on |
//!
//! An event may say `"times": 200`, and `"every_ms": 10`: it is that many events, each so much later; `{n}` in its texts
//! becomes 0, 1, 2, …. Empty lines and lines that begin with `#` are skipped.

mod proposal;
mod site;
mod spread;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use bongsu_sdk_host::{FieldKind, Proposal, RecordedBatch};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use site::{Facts, Knowledge};

/// One step of a replay.
#[derive(Debug)]
pub(crate) enum Step {
    /// A batch for a detector.
    Batch(RecordedBatch),
    /// What must have been found since the last such step.
    Expect(Vec<Expected>),
    /// Texts for a masker.
    Fields {
        fields: Vec<(FieldKind, String)>,
        expect: Option<Vec<String>>,
    },
    /// A proposal for a controller.
    Proposal {
        proposal: Box<Proposal>,
        now_ms: i64,
        expect: Option<Carried>,
    },
    /// What the site knows from here on.
    Site(Knowledge),
}

/// A finding that must have been made. What is absent does not matter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) kind: String,
    pub(crate) subject: Option<String>,
    pub(crate) severity: Option<String>,
}

/// What must have come of a proposal.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Carried {
    /// So many effects.
    Effects(usize),
    /// Refused, with these words among its reasons.
    Refused(String),
}

/// Reads a file of recorded batches.
pub(crate) fn read(file: &Path) -> Result<Vec<(usize, Step)>> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("failed to read `{shown}`"))?;
    let mut steps = Vec::new();
    for (at, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let parsed = parse(line).with_context(|| format!("`{shown}` line {at}"))?;
        steps.extend(parsed.into_iter().map(|step| (at, step)));
    }
    Ok(steps)
}

fn parse(line: &str) -> Result<Vec<Step>> {
    let value: Value = serde_json::from_str(line)?;
    let has = |key: &str| value.get(key).is_some();
    if has("window") {
        return Ok(vec![Step::Batch(batch(value)?)]);
    }
    if has("repeat") {
        return repeated(value);
    }
    if has("fields") {
        return Ok(vec![fields(value)?]);
    }
    if has("proposal") {
        return Ok(vec![proposed(value)?]);
    }
    if let Some(site) = value.get("site") {
        return Ok(vec![Step::Site(serde_json::from_value(site.clone())?)]);
    }
    if let Some(expect) = value.get("expect") {
        return Ok(vec![Step::Expect(serde_json::from_value(expect.clone())?)]);
    }
    bail!(
        "this is no batch; hint: a line has `window`, `repeat`, `expect`, `fields`, `proposal` or `site`"
    )
}

fn batch(mut value: Value) -> Result<RecordedBatch> {
    spread::events(&mut value)?;
    serde_json::from_value(value).context("this is no recorded batch")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeated {
    repeat: u32,
    every_ms: i64,
    batch: Value,
}

fn repeated(value: Value) -> Result<Vec<Step>> {
    let Repeated {
        repeat,
        every_ms,
        batch: one,
    } = serde_json::from_value(value)?;
    if repeat > 100_000 {
        bail!("`repeat` is {repeat}; hint: at most 100000");
    }
    (0..i64::from(repeat))
        .map(|i| {
            let mut copy = one.clone();
            spread::later(&mut copy, i * every_ms);
            spread::number(&mut copy, i);
            Ok(Step::Batch(batch(copy)?))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    fields: Vec<Text>,
    expect: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    kind: String,
    text: String,
}

fn fields(value: Value) -> Result<Step> {
    let texts: Texts = serde_json::from_value(value)?;
    let fields = texts.fields.into_iter().map(|field| {
        let kind = field_kind(&field.kind)
            .with_context(|| format!("`{}` is no kind of field", field.kind))?;
        Ok((kind, field.text))
    });
    Ok(Step::Fields {
        fields: fields.collect::<Result<_>>()?,
        expect: texts.expect,
    })
}

fn field_kind(name: &str) -> Option<FieldKind> {
    Some(match name {
        "url" => FieldKind::Url,
        "query" => FieldKind::Query,
        "header" => FieldKind::Header,
        "sql" => FieldKind::Sql,
        "log" => FieldKind::Log,
        "user-agent" => FieldKind::UserAgent,
        "error" => FieldKind::Error,
        "text" => FieldKind::Text,
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    proposal: proposal::ProposalText,
    #[serde(default)]
    now_ms: i64,
    expect: Option<Carried>,
}

fn proposed(value: Value) -> Result<Step> {
    let proposed: Proposed = serde_json::from_value(value)?;
    Ok(Step::Proposal {
        proposal: Box::new(proposed.proposal.into()),
        now_ms: proposed.now_ms,
        expect: proposed.expect,
    })
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_host::Events;

    use super::*;

    #[test]
    fn events_are_spread_and_numbered_and_batches_repeated() {
        let line = r#"{"repeat":3,"every_ms":1000,"batch":{"window":{"from":0,"to":1000},"transactions":[
            {"times":4,"every_ms":10,"ended":5,"duration_us":7,"app":"shop","instance":"was-1","url":"/a","method":"GET",
             "status":200,"user":"u{n}"}]}}"#;
        let steps = parse(line).unwrap();
        assert_eq!(steps.len(), 3);
        let Step::Batch(last) = &steps[2] else {
            panic!("{steps:?}");
        };
        assert_eq!(
            (last.window.from.as_ms(), last.window.to.as_ms()),
            (2_000, 3_000)
        );
        let Events::Transactions(all) = &last.events else {
            panic!("{last:?}");
        };
        let seen: Vec<_> = all
            .iter()
            .map(|t| (t.ended.as_ms(), t.user.as_deref().unwrap()))
            .collect();
        assert_eq!(
            seen,
            [(2_005, "u0"), (2_015, "u1"), (2_025, "u2"), (2_035, "u3")]
        );
    }

    #[test]
    fn every_other_line_is_understood() {
        assert!(matches!(
            parse(r#"{"expect":[{"kind":"slow"}]}"#).unwrap().as_slice(),
            [Step::Expect(all)] if all.len() == 1
        ));
        assert!(matches!(
            parse(r#"{"fields":[{"kind":"url","text":"/a"}],"expect":["/a"]}"#).unwrap().as_slice(),
            [Step::Fields { fields, .. }] if fields.len() == 1
        ));
        assert!(matches!(
            parse(r#"{"proposal":{"id":"1","action":{"block":{"url":"/a/*"}},"reason":"slow"},"expect":{"refused":"x"}}"#)
                .unwrap()
                .as_slice(),
            [Step::Proposal { expect: Some(Carried::Refused(_)), .. }]
        ));
        assert!(matches!(
            parse(r#"{"site":{"sessions":[{"token":"s","created_ms":0,"last_ms":1}]}}"#)
                .unwrap()
                .as_slice(),
            [Step::Site(_)]
        ));
    }

    #[test]
    fn faults_say_what_is_wrong() {
        for (line, says) in [
            ("{}", "hint: a line has"),
            ("{", "EOF"),
            (r#"{"fields":[{"kind":"picture","text":""}]}"#, "`picture`"),
            (r#"{"window":{"from":0,"to":1}}"#, "no recorded batch"),
            (r#"{"repeat":1000000,"every_ms":1,"batch":{}}"#, "at most"),
        ] {
            let said = format!("{:#}", parse(line).unwrap_err());
            assert!(said.contains(says), "{line}: {said}");
        }
    }
}
