//! Why, how many servers, reports and what goes together: over two sites of two weeks in five minutes, with an
//! incident of the last half hour at one of them.
//!
//! Every answer's text must be grounded in its facts.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use bongsu_sdk_analysis::{BlockError, Blocks, Desk};
use bongsu_sdk_model::{
    AppId, GaugeKind, IdentityMode, InstanceId, Scope, SiteId, Tier, Timestamp, UrlTemplate, Window,
};
use bongsu_sdk_plan::{Answer, Moment, Op, Vocabulary, ungrounded};
use bongsu_sdk_sketch::{Block, IdentityHash};
use jiff::tz::TimeZone;

const FIVE: i64 = 300_000;
const HOUR: i64 = 3_600_000;

/// Two sites; in the last half hour `/pay` at busan fails and is slow, if there is an incident.
struct Fleet {
    has_incident: bool,
}

fn now() -> Timestamp {
    Moment::parse("2026-11-20T14:30:00+09:00").unwrap().at()
}

impl Fleet {
    fn block(&self, site: &SiteId, tier: Tier, start: i64) -> Block {
        let mut block = Block::new(tier, Timestamp::from_ms(start));
        let hour = (start + 9 * HOUR).rem_euclid(24 * HOUR) / HOUR;
        let rows = u64::try_from(tier.width_ms() / FIVE).unwrap();
        // Quiet nights, busy days, and a little unevenness from row to row.
        let each = 200
            + if (9..18).contains(&hour) { 600 } else { 0 }
            + (start / FIVE % 7).unsigned_abs() * 5;
        let requests = each * rows;
        let is_bad =
            self.has_incident && site.as_str() == "busan" && start >= now().as_ms() - 6 * FIVE;
        let app = AppId::new("minwon").unwrap();
        for (name, share, is_faulty) in [
            ("/pay", 4, is_bad),
            ("/list", 2, false),
            ("/view", 4, false),
        ] {
            let mine = requests / share;
            let errors = if is_faulty { mine / 3 } else { mine / 400 };
            let each_us = if is_faulty { 900_000 } else { 80_000 };
            let url = Scope::Url(app.clone(), UrlTemplate::new(name).unwrap());
            for scope in [Scope::Site, Scope::App(app.clone()), url] {
                let rollup = block.entry(scope);
                rollup.counters.requests += mine;
                rollup.counters.errors += errors;
                rollup.counters.duration_us += mine * each_us;
                rollup.counters.sql_us += mine * each_us / 4;
                rollup.durations.add(each_us);
                let hash = (start as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ mine;
                let users = rollup.users_mut(IdentityMode::Cookie);
                users.insert(IdentityHash::from_uniform(hash));
            }
        }
        for server in ["a", "b"] {
            let id = InstanceId::new(&format!("{site}-{server}")).unwrap();
            let rollup = block.entry(Scope::Instance(app.clone(), id));
            rollup.counters.requests += requests / 2;
            let cpu = 10.0 + each as f64 / 20.0;
            rollup
                .gauges
                .add_sample(GaugeKind::Cpu, cpu, Timestamp::from_ms(start));
        }
        block
    }
}

impl Blocks for &Fleet {
    fn sites(&self) -> Vec<SiteId> {
        ["busan", "jeju"]
            .map(|site| SiteId::new(site).unwrap())
            .to_vec()
    }

    fn heard(&self, _: &SiteId) -> Result<Option<Timestamp>, BlockError> {
        Ok(Some(now()))
    }

    fn visit(
        &self,
        site: &SiteId,
        window: Window,
        coarsest: Tier,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), BlockError> {
        let tier = if coarsest == Tier::Hour && window.width().as_secs() > 7_200 {
            Tier::Hour
        } else {
            Tier::FiveMinutes
        };
        let first = now().as_ms() - 14 * 24 * HOUR;
        let width = tier.width_ms();
        let mut start = window.from.as_ms().max(first).div_euclid(width) * width;
        if start < window.from.as_ms() {
            start += width;
        }
        while start < window.to.as_ms().min(now().as_ms()) {
            visit(self.block(site, tier, start));
            start += width;
        }
        Ok(())
    }

    fn count_findings(&self, _: &[SiteId], _: Window) -> Result<u64, BlockError> {
        Ok(0)
    }
}

fn ask(question: &str, has_incident: bool) -> Answer {
    let sites = ["busan", "jeju"].map(|site| SiteId::new(site).unwrap());
    let apps = [AppId::new("minwon").unwrap()];
    let desk = Desk::new(
        Vocabulary::of(sites, apps),
        TimeZone::get("Asia/Seoul").unwrap(),
    );
    let answer = desk.answer(question, None, &Fleet { has_incident }, now());
    assert_eq!(ungrounded(&answer.text, &answer), [], "{}", answer.text);
    answer
}

#[test]
fn an_incident_is_found_with_its_place_its_url_and_what_would_settle_it() {
    for question in [
        "지금 무슨 일이 일어나고 있는가?",
        "오늘은 시스템이 왜 이래?",
    ] {
        let answer = ask(question, true);
        assert_eq!(answer.plan.op, Op::Explain);
        for part in [
            "부산 민원 에러율",
            "가장 유력한 원인",
            "/pay",
            "근거",
            "확인 방법",
        ] {
            assert!(answer.text.contains(part), "no {part}: {}", answer.text);
        }
        assert!(!answer.text.contains("제주"), "{}", answer.text);
        assert!(
            answer
                .links
                .iter()
                .any(|link| link.href.starts_with("/sites/busan?"))
        );
    }
}

#[test]
fn where_nothing_happened_that_is_the_answer() {
    let quiet = ask("오늘은 시스템이 왜 이래?", false);
    assert!(quiet.text.contains("평소 범위 안"), "{}", quiet.text);
    let elsewhere = ask("제주 왜 이렇게 느려", true);
    assert!(
        elsewhere.text.contains("평소 범위 안"),
        "{}",
        elsewhere.text
    );
}

#[test]
fn sizing_shows_its_arithmetic() {
    let answer = ask("서버 부하율 대비 증설이 필요한가?", false);
    for part in ["서버 한 대는", "여유 10%", "예비 1대"] {
        assert!(answer.text.contains(part), "no {part}: {}", answer.text);
    }
    assert_eq!(answer.tables[0].rows.len(), 2, "one pool a site");
    let one = ask("서버 1대 기준, 현재 부하율 대비 증설이 필요한가?", false);
    assert!(one.text.contains("증설이 필요합니다"), "{}", one.text);
}

#[test]
fn a_report_has_sentences_for_some_and_tables_for_others() {
    let answer = ask("이번 주 성능 보고서를 작성해줘", true);
    assert!(answer.text.contains("주간 성능 보고서"), "{}", answer.text);
    assert!(answer.tables.len() >= 4, "{:?}", answer.tables.len());
    let sla = ask("이번 주 SLA 보고서", true);
    assert!(sla.text.contains("에러 예산"), "{}", sla.text);
}

#[test]
fn metrics_side_by_side_have_their_correlation() {
    let answer = ask("최근 6시간 요청수랑 CPU 상관관계 분석해줘", false);
    assert!(answer.text.contains("순위 상관"), "{}", answer.text);
    assert!(answer.text.contains("함께 움직였습니다"), "{}", answer.text);
    assert_eq!(answer.charts.len(), 2);
}
