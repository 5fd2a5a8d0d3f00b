//! Plans have one JSON form.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use bongsu_sdk_plan::{Plan, PlanError};

/// Reads a plan, and expects its canonical text.
#[track_caller]
fn check(json: &str, canonical: &str) {
    let plan = Plan::from_json(json).unwrap();
    assert_eq!(plan.to_json(), canonical);
    assert_eq!(Plan::from_json(canonical).unwrap(), plan);
}

#[test]
fn what_is_empty_is_left_out_and_whole_numbers_have_no_fraction() {
    check(
        r#"{"metrics":["users.concurrent","load"],"op":"compare","scope":{"sites":["busan"],"apps":[]},
            "window":{"to":"2026-11-20T14:30:00+09:00","from":"2026-11-20T13:30:00+09:00"},
            "baseline":{"kind":"previous_day"},"where":[{"field":"duration_ms","cmp":">","value":3000.0}],
            "group_by":["site"],"step":"300s","order":{"by":"load","desc":true},"limit":5,
            "present":["table","chart"],"action":null,"assumed":["window: last 60 minutes"]}"#,
        r#"{"op":"compare","metrics":["users.concurrent","load"],"scope":{"sites":["busan"]},"window":{"from":"2026-11-20T13:30:00+09:00","to":"2026-11-20T14:30:00+09:00"},"baseline":{"kind":"previous_day"},"where":[{"field":"duration_ms","cmp":">","value":3000}],"group_by":["site"],"step":"5m","order":{"by":"load","desc":true},"limit":5,"present":["table","chart"],"assumed":["window: last 60 minutes"]}"#,
    );
    check(
        r#"{"op":"act","action":{"kind":"url.block","args":{"url":"/admin/*","user_agent":"mobile","duration_s":null}}}"#,
        r#"{"op":"act","action":{"kind":"url.block","args":{"url":"/admin/*","user_agent":"mobile"}}}"#,
    );
}

#[test]
fn unknown_fields_and_words_are_refused() {
    for json in [
        r#"{"op":"value","metrics":["load"],"colour":"red"}"#,
        r#"{"op":"value","metrics":["speed"]}"#,
        r#"{"op":"restart"}"#,
        r#"{"op":"value","metrics":["load"],"window":{"kind":"now","from":"2026-11-20T14:30:00+09:00"}}"#,
        r#"{"op":"act","action":{"kind":"server.restart","args":{}}}"#,
        r#"{"op":"value","metrics":["load"],"scope":{"sites":["Busan Station"]}}"#,
    ] {
        assert!(
            matches!(Plan::from_json(json), Err(PlanError::Shape(_))),
            "{json}"
        );
    }
}

#[test]
fn every_fault_is_reported_with_what_to_do() {
    let json = r#"{"op":"compare","limit":0,"step":"0s",
        "window":{"from":"2026-11-20T14:30:00+09:00","to":"2026-11-20T13:30:00+09:00"}}"#;
    let Err(PlanError::Invalid(faults)) = Plan::from_json(json) else {
        panic!()
    };
    let fields: Vec<&str> = faults.0.iter().map(|fault| fault.field).collect();
    assert_eq!(fields, ["metrics", "baseline", "window", "step", "limit"]);
    assert!(
        faults.to_string().contains(r#"as {"kind":"previous_day"}"#),
        "{faults}"
    );
}

#[test]
fn a_plan_of_hostile_size_is_refused() {
    let json = format!(
        r#"{{"op":"value","metrics":["load"],"assumed":["{}"]}}"#,
        "x".repeat(1 << 20)
    );
    assert!(
        Plan::from_json(&json)
            .unwrap_err()
            .to_string()
            .contains("the limit is")
    );
}
