//! Questions in words of their own: typos, missing spaces, casual and polite endings, both languages, hostile
//! prompts, follow-ups. Each with the plan it must become, at a fixed clock; what was assumed is not compared.

use bongsu_sdk_model::AppId;
use bongsu_sdk_plan::{Conversation, Moment, Plan, Planner, Vocabulary};
use jiff::tz::TimeZone;
use serde::Deserialize;

/// One question; `history` was asked before it.
#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    history: Vec<String>,
    text: String,
    plan: Plan,
}

#[test]
fn a_question_in_other_words_becomes_the_same_plan() {
    let apps = [
        "minwon",
        "tax",
        "welfare",
        "course",
        "shop",
        "order",
        "payment",
        "inventory",
    ];
    let apps = apps.map(|app| AppId::new(app).unwrap());
    let zone = TimeZone::get("Asia/Seoul").unwrap();
    let planner = Planner::new(Vocabulary::nationwide(apps), zone);
    let now = Moment::parse("2026-11-20T14:30:00+09:00").unwrap().at();
    let mut wrong = Vec::new();
    for line in include_str!("paraphrases.jsonl").lines() {
        let item: Item = serde_json::from_str(line).unwrap();
        let mut conversation = Conversation::default();
        for earlier in &item.history {
            conversation.note(&planner.plan_in(earlier, &conversation, now).plan);
        }
        let made = planner.plan_in(&item.text, &conversation, now).plan;
        let made = Plan {
            assumed: Vec::new(),
            ..made
        };
        if made != item.plan {
            let (expected, made) = (item.plan.to_json(), made.to_json());
            wrong.push(format!(
                "{}\n  expected {expected}\n  made     {made}",
                item.text
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
