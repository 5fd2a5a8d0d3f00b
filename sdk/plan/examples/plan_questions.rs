//! Plans every question of an evaluation set and writes the answers in its scorer's format.
//!
//! `plan_questions ITEMS.jsonl > ANSWERS.jsonl`

use std::io::{self, BufRead, BufReader, Write};

use bongsu_sdk_model::AppId;
use bongsu_sdk_plan::{Conversation, Moment, Planner, Vocabulary};
use jiff::tz::TimeZone;
use serde::Deserialize;

/// The evaluation's reference clock and applications.
const NOW: &str = "2026-11-20T14:30:00+09:00";
const APPS: [&str; 8] = [
    "minwon",
    "tax",
    "welfare",
    "course",
    "shop",
    "order",
    "payment",
    "inventory",
];

#[derive(Deserialize)]
struct Item {
    id: String,
    text: String,
    #[serde(default)]
    history: Vec<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: plan_questions ITEMS.jsonl")?;
    let apps = APPS.iter().filter_map(|app| AppId::new(app).ok());
    let planner = Planner::new(Vocabulary::nationwide(apps), TimeZone::get("Asia/Seoul")?);
    let now = Moment::parse(NOW)?.at();
    let mut out = io::stdout().lock();
    for line in BufReader::new(std::fs::File::open(path)?).lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let item: Item = serde_json::from_str(&line)?;
        let mut conversation = Conversation::default();
        for earlier in &item.history {
            conversation.note(&planner.plan_in(earlier, &conversation, now).plan);
        }
        let plan = planner.plan_in(&item.text, &conversation, now).plan;
        writeln!(
            out,
            "{}",
            serde_json::json!({ "id": item.id, "plan": plan })
        )?;
    }
    Ok(())
}
