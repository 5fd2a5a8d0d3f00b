//! The three questions of a run without a person, and the judge of their answers.

use anyhow::{Context as _, Result, bail, ensure};
use bongsu_sdk_model::{Timestamp, Window};
use reqwest::Client;
use serde_json::Value;

use crate::{
    api::{self, Answer, Fact},
    truth::{Bounds, Truth},
};

/// A question and how its answer is judged.
struct Question {
    text: &'static str,
    lang: &'static str,
    judge: fn(&Answer, &Truth) -> Result<String>,
}

const QUESTIONS: [Question; 3] = [
    Question {
        text: "현재 전국 동시접속자 수는?",
        lang: "ko",
        judge: concurrent_users,
    },
    Question {
        text: "전국 시스템 중 가장 부하가 높은 지역은?",
        lang: "ko",
        judge: most_loaded,
    },
    Question {
        text: "How many visitors yesterday from 10:00 to 11:00, compared with the day before?",
        lang: "en",
        judge: compared_visitors,
    },
];

/// The questions, for people to try.
pub(crate) fn texts() -> [&'static str; 3] {
    QUESTIONS.map(|question| question.text)
}

/// Asks all three, prints answers and verdicts.
///
/// # Errors
/// If one answer is wrong or does not come.
pub(crate) async fn ask_all(client: &Client, center: &str, truth: &Truth) -> Result<()> {
    let mut wrong = 0;
    for question in &QUESTIONS {
        println!("\nQ  {}", question.text);
        let verdict = match api::ask(client, center, question.text, question.lang).await {
            Ok(answer) => {
                println!("A  {}", answer.text.replace('\n', "\n   "));
                (question.judge)(&answer, truth)
            }
            Err(error) => Err(error),
        };
        match verdict {
            Ok(why) => println!("✓  {why}"),
            Err(why) => {
                wrong += 1;
                println!("✗  {why:#}");
            }
        }
    }
    ensure!(
        wrong == 0,
        "{wrong} of {} answers are wrong",
        QUESTIONS.len()
    );
    Ok(())
}

fn concurrent_users(answer: &Answer, truth: &Truth) -> Result<String> {
    let fact = fact(answer, "users.concurrent")?;
    ensure!(
        fact.mode.as_deref() == Some("cookie"),
        "counted by {:?}, not by cookie",
        fact.mode
    );
    let everywhere = fact.scope.site.is_none() && fact.scope.sites.is_empty();
    ensure!(everywhere, "about {:?}, not the whole country", fact.scope);
    let window = fact.window.window();
    ensure!(
        window.width().as_secs() == 300,
        "over {:?}, not 5 minutes",
        window.width()
    );
    within(fact, truth.people(window, None))
}

fn most_loaded(answer: &Answer, truth: &Truth) -> Result<String> {
    let answered: Vec<&Fact> = answer
        .facts
        .iter()
        .filter(|fact| fact.metric == "load" && fact.source != "derived")
        .collect();
    let first = answered
        .first()
        .and_then(|fact| fact.scope.site.as_deref())
        .context("no site is named")?;
    let measured = truth.cpu()?;
    let table = measured
        .iter()
        .map(|(site, cpu)| format!("{site} {cpu:.1} %"))
        .collect::<Vec<_>>()
        .join(", ");
    let highest = measured
        .first()
        .map(|(site, _)| *site)
        .context("nothing was measured")?;
    ensure!(
        first == highest,
        "{first} is named; CPU of one core measured by the demo: {table}"
    );
    Ok(format!(
        "{first}; CPU of one core measured by the demo: {table}"
    ))
}

fn compared_visitors(answer: &Answer, truth: &Truth) -> Result<String> {
    let kind = answer
        .plan
        .pointer("/baseline/kind")
        .and_then(Value::as_str);
    ensure!(
        kind == Some("previous_day"),
        "compared with {kind:?}, not the previous day"
    );
    let facts: Vec<&Fact> = answer
        .facts
        .iter()
        .filter(|fact| fact.metric == "users.distinct" && fact.source != "derived")
        .collect();
    let [ours, baseline] = facts.as_slice() else {
        bail!("{} figures of visitors, not two", facts.len());
    };
    let (window, earlier) = (ours.window.window(), baseline.window.window());
    ensure!(
        earlier == day_before(window),
        "{earlier:?} is not the day before {window:?}"
    );
    ensure!(
        window.width().as_secs() == 3_600,
        "over {:?}, not one hour",
        window.width()
    );
    let verdicts = [(ours, window), (baseline, earlier)]
        .map(|(fact, window)| within(fact, truth.people(window, None)));
    let [ours, baseline] = verdicts;
    Ok(format!("{}; the day before {}", ours?, baseline?))
}

fn day_before(window: Window) -> Window {
    let earlier = |at: Timestamp| Timestamp::from_ms(at.as_ms() - 24 * 3_600_000);
    Window::new(earlier(window.from), earlier(window.to))
}

fn fact<'a>(answer: &'a Answer, metric: &str) -> Result<&'a Fact> {
    answer
        .facts
        .iter()
        .find(|fact| fact.metric == metric)
        .with_context(|| format!("no fact `{metric}`"))
}

/// Whether the exact count lies in the fact's own 95 % band.
#[expect(clippy::cast_precision_loss, reason = "counts of people in a demo")]
fn within(fact: &Fact, exact: Bounds) -> Result<String> {
    let band = fact.error_pct_95.context("no error band is given")?;
    let (least, most) = (exact.least as f64, exact.most as f64);
    // A sketch gives whole numbers: half of one is rounding.
    let slack = |count: f64| count * band / 100.0 + 0.5;
    let said = format!("{:.0} ± {band} %, exactly {exact}", fact.value);
    ensure!(
        fact.value >= least - slack(least) && fact.value <= most + slack(most),
        "{said}"
    );
    Ok(said)
}

impl std::fmt::Display for Bounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.least == self.most {
            return write!(f, "{}", self.least);
        }
        write!(f, "{} to {}", self.least, self.most)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counted(value: f64) -> Fact {
        serde_json::from_value(json!({
            "metric": "users.concurrent", "scope": {}, "mode": "cookie", "value": value,
            "window": {"from": "2026-11-20T05:25:00Z", "to": "2026-11-20T05:30:00Z"},
            "error_pct_95": 1.6, "source": "rollup:1m",
        }))
        .unwrap()
    }

    #[test]
    fn a_count_is_right_within_its_band_around_the_bounds() {
        let exact = Bounds {
            least: 1_000,
            most: 1_010,
        };
        for (value, right) in [
            (983.0, false),
            (984.0, true),
            (1_000.0, true),
            (1_026.0, true),
            (1_027.0, false),
        ] {
            assert_eq!(within(&counted(value), exact).is_ok(), right, "{value}");
        }
    }
}
