//! Plans executed over a source whose every figure can be worked out by hand.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::{collections::BTreeSet, time::Duration};

use bongsu_sdk_model::{IdentityMode, Metric, SiteId, Timestamp, Window};
use bongsu_sdk_plan::{
    Agg, Cell, ChartKind, Coverage, DerivedOp, Dimension, ExecuteError, Executor, Lang, Measured,
    Moment, Op, Plan, Query, Source, SourceError, StaleSite, Vocabulary, ungrounded,
};
use jiff::tz::TimeZone;

const MINUTE: i64 = 60_000;

/// One user seen at a site in a minute.
struct Seen {
    site: &'static str,
    minute: i64,
    user: u32,
}

/// Sites with users by the minute, and a constant load.
struct Fleet {
    seen: Vec<Seen>,
    loads: Vec<(&'static str, f64)>,
    mode_of: fn(Window) -> IdentityMode,
}

fn at(text: &str) -> Timestamp {
    Moment::parse(text).unwrap().at()
}

fn now() -> Timestamp {
    at("2026-11-20T14:30:00+09:00")
}

impl Fleet {
    /// Busan: 3 users in the last 5 minutes, 2 in those a day earlier, one of them the same. Jeju: 1 user.
    fn new() -> Self {
        let minute = |back: i64| now().as_ms() / MINUTE - back;
        let day = 24 * 60;
        let seen = [
            ("busan", minute(1), 1),
            ("busan", minute(2), 2),
            ("busan", minute(4), 2),
            ("busan", minute(5), 3),
            ("busan", minute(1 + day), 1),
            ("busan", minute(3 + day), 4),
            ("jeju", minute(2), 3),
            ("busan", minute(30), 8),
            ("busan", minute(30), 9),
            ("busan", minute(31), 10),
            ("busan", minute(32), 11),
        ];
        Self {
            seen: seen
                .into_iter()
                .map(|(site, minute, user)| Seen { site, minute, user })
                .collect(),
            loads: vec![("busan", 82.0), ("jeju", 40.0), ("seoul", 82.0)],
            mode_of: |_| IdentityMode::Cookie,
        }
    }

    fn users(&self, query: &Query, window: Window) -> BTreeSet<u32> {
        let inside = |seen: &&Seen| {
            window.contains(Timestamp::from_ms(seen.minute * MINUTE))
                && (query.sites.is_empty()
                    || query.sites.iter().any(|site| site.as_str() == seen.site))
        };
        self.seen
            .iter()
            .filter(inside)
            .map(|seen| seen.user)
            .collect()
    }

    /// Most users in any 5 minutes.
    fn peak(&self, query: &Query) -> usize {
        let minutes = self
            .seen
            .iter()
            .map(|seen| Timestamp::from_ms((seen.minute + 1) * MINUTE));
        let ends = minutes.filter(|end| query.window.from < *end && *end <= query.window.to);
        ends.map(|end| {
            self.users(query, Window::ending_at(end, Duration::from_secs(300)))
                .len()
        })
        .max()
        .unwrap_or(0)
    }
}

impl Source for Fleet {
    fn measure(&self, query: &Query) -> Result<Option<Measured>, SourceError> {
        let source = "rollup:1m".to_owned();
        match query.metric {
            Metric::UsersConcurrent => {
                let users = match query.agg {
                    Some(Agg::Max) => self.peak(query),
                    _ => self.users(query, query.window).len(),
                };
                let value = f64::from(u32::try_from(users).unwrap());
                let mode = Some((self.mode_of)(query.window));
                Ok((users > 0).then_some(Measured {
                    value,
                    mode,
                    error_pct_95: Some(1.6),
                    source,
                }))
            }
            Metric::Load => {
                let of = |(site, _): &&(&str, f64)| {
                    query.sites.is_empty() || query.sites.iter().any(|id| id.as_str() == *site)
                };
                let loads: Vec<f64> = self
                    .loads
                    .iter()
                    .filter(of)
                    .map(|(_, load)| *load)
                    .collect();
                let value =
                    loads.iter().sum::<f64>() / f64::from(u32::try_from(loads.len()).unwrap());
                Ok((!loads.is_empty()).then_some(Measured {
                    value,
                    mode: None,
                    error_pct_95: None,
                    source,
                }))
            }
            metric => Err(SourceError::NotHeld {
                what: metric.name().to_owned(),
            }),
        }
    }

    fn series(
        &self,
        query: &Query,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Option<f64>)>, SourceError> {
        let mut points = Vec::new();
        let mut from = query.window.from;
        while from < query.window.to {
            let window = Window::new(from, from.plus(step).min(query.window.to));
            let measured = self.measure(&Query {
                window,
                ..query.clone()
            })?;
            points.push((from, measured.map(|measured| measured.value)));
            from = window.to;
        }
        Ok(points)
    }

    fn members(&self, dimension: Dimension, query: &Query) -> Result<Vec<String>, SourceError> {
        if dimension != Dimension::Site {
            return Err(SourceError::NotHeld {
                what: dimension.name().to_owned(),
            });
        }
        let named =
            |site: &str| query.sites.is_empty() || query.sites.iter().any(|id| id.as_str() == site);
        Ok(self
            .loads
            .iter()
            .map(|(site, _)| (*site).to_owned())
            .filter(|site| named(site))
            .collect())
    }

    fn coverage(&self, _window: Window) -> Coverage {
        let site = SiteId::new("jeju").unwrap();
        Coverage {
            expected: 3,
            heard: 2,
            stale: vec![StaleSite {
                site,
                age_s: Some(912),
            }],
        }
    }
}

fn executor() -> Executor {
    Executor::new(
        Vocabulary::nationwide([]),
        TimeZone::get("Asia/Seoul").unwrap(),
    )
}

/// Executes a plan's JSON over the fleet and checks that its text is grounded.
fn check(plan: &str, lang: Lang) -> bongsu_sdk_plan::Answer {
    let plan = Plan::from_json(plan).unwrap();
    let answer = executor()
        .execute(&plan, &Fleet::new(), now(), lang)
        .unwrap();
    assert_eq!(ungrounded(&answer.text, &answer), [], "{}", answer.text);
    answer
}

#[test]
fn a_value_is_a_union_over_sites() {
    let answer = check(
        r#"{"op":"value","metrics":["users.concurrent"],"window":{"kind":"now"}}"#,
        Lang::Ko,
    );
    // Users 1, 2 and 3; user 3 was at both sites.
    assert_eq!(answer.facts[0].value, 3.0);
    assert_eq!(answer.facts[0].mode, Some(IdentityMode::Cookie));
    assert_eq!(
        answer.text,
        "2026-11-20 14:25–14:30 (+09:00) 기준 전체 동시접속자(최근 5분)는 약 3명(±1.6%) [f1]입니다."
    );
    assert!(
        answer
            .caveats
            .iter()
            .any(|caveat| caveat.contains("3곳 중 2곳") && caveat.contains("제주"))
    );
}

#[test]
fn a_comparison_derives_difference_and_change() {
    let plan = r#"{"op":"compare","metrics":["users.concurrent"],"scope":{"sites":["busan"]},
        "window":{"kind":"now"},"baseline":{"kind":"previous_day"}}"#;
    let answer = check(plan, Lang::Ko);
    let values: Vec<f64> = answer.facts.iter().map(|fact| fact.value).collect();
    assert_eq!(values, [3.0, 2.0, 1.0, 50.0]);
    let ops: Vec<_> = answer
        .facts
        .iter()
        .filter_map(|fact| fact.derived.as_ref())
        .map(|derived| derived.op)
        .collect();
    assert_eq!(ops, [DerivedOp::Difference, DerivedOp::Change]);
    assert_eq!(
        answer.text,
        "2026-11-20 14:25–14:30 (+09:00) 기준 부산 동시접속자(최근 5분)는 약 3명(±1.6%) [f1]입니다. \
         전일 같은 시간대(2026-11-19 14:25–14:30 (+09:00))의 약 2명(±1.6%) [f2]보다 1명 [f3](50.0% [f4]) 높습니다."
    );
    let series = &answer.charts[0].series;
    assert_eq!(series[0].points.len(), series[1].points.len());
    assert_eq!(
        series[0].points[0].0, series[1].points[0].0,
        "the baseline is drawn over the window"
    );
    assert_eq!(answer.tables[0].rows[0][2], Cell::Number(3.0));
}

#[test]
fn the_same_comparison_reads_well_in_english() {
    let plan = r#"{"op":"compare","metrics":["users.concurrent"],"scope":{"sites":["busan"]},
        "window":{"kind":"now"},"baseline":{"kind":"previous_day"}}"#;
    assert_eq!(
        check(plan, Lang::En).text,
        "Busan, 2026-11-20 14:25–14:30 (+09:00): concurrent users (5 min) about 3 users (±1.6%) [f1]. \
         That is 1 [f3] (50.0% [f4]) more than the same time the day before \
         (2026-11-19 14:25–14:30 (+09:00)), about 2 users (±1.6%) [f2]."
    );
}

#[test]
fn concurrency_over_an_hour_is_its_peak() {
    let plan = r#"{"op":"value","metrics":["users.concurrent"],"scope":{"sites":["busan"]},
        "window":{"from":"2026-11-20T13:30:00+09:00","to":"2026-11-20T14:30:00+09:00"}}"#;
    let answer = check(plan, Lang::En);
    // Users 8 to 11 within three minutes; the union of the hour would be 7.
    assert_eq!(
        (answer.facts[0].value, answer.facts[0].agg),
        (4.0, Some(Agg::Max))
    );
    assert!(
        answer.text.contains("peak concurrent users"),
        "{}",
        answer.text
    );
}

#[test]
fn equal_loads_are_ranked_by_users_and_the_mean_is_unweighted() {
    let plan = r#"{"op":"top","metrics":["load"],"group_by":["site"],"window":{"kind":"now"}}"#;
    let answer = check(plan, Lang::Ko);
    // Busan and Seoul are both at 82 %; only Busan has users.
    assert_eq!(answer.charts[0].categories, ["부산", "서울", "제주"]);
    assert_eq!(answer.charts[0].kind, ChartKind::Bar);
    let mean = answer.facts.iter().find(|fact| fact.derived.is_some());
    let mean = mean.unwrap();
    assert_eq!(
        (mean.value, mean.derived.as_ref().unwrap().op),
        (68.0, DerivedOp::Mean)
    );
    assert_eq!(
        answer.text,
        "2026-11-20 14:25–14:30 (+09:00) 기준 부하율이 가장 높은 지역은 부산, 82.0% [f1]입니다. \
         다음은 서울 82.0% [f3], 제주 40.0% [f2] 순입니다. 집계된 곳의 평균은 68.0% [f4]입니다. \
         경고 임계치를 넘었습니다. 2026-11-20 14:25–14:30 (+09:00) 기준 부산 동시접속자(최근 5분)는 약 3명(±1.6%) [f5]입니다."
    );
}

#[test]
fn the_lowest_comes_first_when_asked_for() {
    let plan = r#"{"op":"top","metrics":["load"],"group_by":["site"],"order":{"by":"load","desc":false},"limit":1}"#;
    let answer = check(plan, Lang::En);
    assert!(
        answer
            .text
            .contains("the region with the lowest load is Jeju with 40.0% [f2]"),
        "{}",
        answer.text
    );
    assert_eq!(answer.tables[0].rows.len(), 1);
}

#[test]
fn groups_that_miss_the_condition_are_left_out() {
    let plan = r#"{"op":"value","metrics":["load"],"group_by":["site"],"window":{"kind":"now"},
        "where":[{"field":"load","cmp":">=","value":80}]}"#;
    let answer = check(plan, Lang::En);
    let names: Vec<_> = answer.tables[0]
        .rows
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(
        names,
        [
            Cell::Text("Busan".to_owned()),
            Cell::Text("Seoul".to_owned())
        ]
    );
}

#[test]
fn a_peak_names_its_interval() {
    let plan = r#"{"op":"peak","metrics":["users.concurrent"],
        "window":{"from":"2026-11-20T13:30:00+09:00","to":"2026-11-20T14:30:00+09:00"}}"#;
    let answer = check(plan, Lang::Ko);
    // Users 8 to 11 overlap just after 14:00, across two plain 5-minute intervals.
    assert_eq!(answer.facts[0].value, 4.0);
    let start = "전체 동시접속자(최근 5분)는 2026-11-20 14:00–14:05";
    assert!(answer.text.starts_with(start), "{}", answer.text);
}

#[test]
fn different_identification_is_not_compared() {
    let plan = r#"{"op":"compare","metrics":["users.concurrent"],"scope":{"sites":["busan"]},
        "window":{"kind":"now"},"baseline":{"kind":"previous_day"}}"#;
    let fleet = Fleet {
        mode_of: |window| {
            if window.contains(Timestamp::from_ms(now().as_ms() - 1)) || window.to == now() {
                IdentityMode::Cookie
            } else {
                IdentityMode::Ip
            }
        },
        ..Fleet::new()
    };
    let answer = executor()
        .execute(&Plan::from_json(plan).unwrap(), &fleet, now(), Lang::En)
        .unwrap();
    assert!(answer.facts.iter().all(|fact| fact.derived.is_none()));
    assert!(answer.text.contains("not compared"), "{}", answer.text);
}

#[test]
fn no_data_is_said_and_not_zero() {
    let plan = r#"{"op":"value","metrics":["users.concurrent"],"scope":{"sites":["daegu"]},"window":{"kind":"now"}}"#;
    let answer = check(plan, Lang::Ko);
    assert!(answer.facts.is_empty());
    assert_eq!(
        answer.text,
        "대구 동시접속자(최근 5분) 자료가 이 시간에 없습니다."
    );
}

#[test]
fn what_is_not_available_is_said_with_its_plan() {
    for (json, part) in [
        (r#"{"op":"approve"}"#, "approve"),
        (
            r#"{"op":"value","metrics":["load"],"scope":{"users":["kim"]}}"#,
            "scope",
        ),
        (
            r#"{"op":"top","metrics":["load"],"group_by":["browser"]}"#,
            "browser",
        ),
    ] {
        let plan = Plan::from_json(json).unwrap();
        let error = executor()
            .execute(&plan, &Fleet::new(), now(), Lang::En)
            .unwrap_err();
        assert!(
            matches!(
                error,
                ExecuteError::Unsupported(_) | ExecuteError::UnsupportedPart { .. }
            ),
            "{error}"
        );
        assert!(error.to_string().contains(part), "{error}");
        let answer = executor().decline(&plan, &error, Lang::Ko);
        assert!(
            answer.text.starts_with("질문은 이해했지만") && answer.plan == plan,
            "{}",
            answer.text
        );
    }
}

#[test]
fn a_missing_metric_is_not_held() {
    let plan = Plan {
        metrics: vec![Metric::Oom],
        ..Plan::new(Op::Value)
    };
    let error = executor()
        .execute(&plan, &Fleet::new(), now(), Lang::Ko)
        .unwrap_err();
    assert!(matches!(&error, ExecuteError::Source(SourceError::NotHeld { what }) if what == "oom"));
    assert_eq!(
        executor().decline(&plan, &error, Lang::Ko).text,
        "여기에는 oom 자료가 없습니다."
    );
}

#[test]
fn questions_back_and_refusals_are_text() {
    for (json, text) in [
        (
            r#"{"op":"clarify","missing":["user"]}"#,
            "Which user? Please give the user id.",
        ),
        (
            r#"{"op":"refuse","reason":"out_of_domain"}"#,
            "This is not something observed here, so there is no answer.",
        ),
    ] {
        assert_eq!(check(json, Lang::En).text, text);
    }
}

#[test]
fn a_planted_number_is_caught() {
    let answer = check(
        r#"{"op":"value","metrics":["users.concurrent"],"window":{"kind":"now"}}"#,
        Lang::En,
    );
    for (text, planted) in [
        ("There are 3 users [f1].", None),
        ("There are about 3 users (±1.6%) [f1] at 14:30.", None),
        ("There are 4 users [f1].", Some("4")),
        (
            "There are 3 users [f1], 30% more than yesterday.",
            Some("30"),
        ),
        ("There are 3 users [f2].", Some("[f2]")),
        ("At 14:31 there were 3 users [f1].", Some("14")),
        ("There are 3.4 users [f1].", Some("3.4")),
        ("Data of 2 of 3 sites.", None),
        ("Data of 17 sites.", Some("17")),
    ] {
        let found = ungrounded(text, &answer);
        assert_eq!(
            found.first().map(|wrong| wrong.number.as_str()),
            planted,
            "{text}"
        );
    }
}
