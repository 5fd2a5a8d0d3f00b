//! The site's own page: how it does right now, and a place to ask. Plain HTML, no script.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use axum::{
    extract::{Query as Params, State as Extract},
    http::header,
    response::{Html, IntoResponse},
};
use bongsu_sdk_model::{Timestamp, Window};
use bongsu_sdk_plan::Answer;
use serde::Deserialize;

use super::State;

const STYLE: &str = include_str!("style.css");
const ROWS: usize = 15;
const DAY: Duration = Duration::from_secs(86_400);
/// The figures at the top; each is a question, so the page can't differ from the answers.
const FIGURES: [(&str, &str); 6] = [
    ("동시접속자(최근 5분)", "현재 동시접속자 수"),
    ("활성 세션", "현재 활성 세션 수"),
    ("초당 처리량", "현재 TPS"),
    ("평균 응답시간", "현재 평균 응답시간"),
    ("오류율", "현재 오류율"),
    ("부하율", "현재 부하율"),
];

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    q: Option<String>,
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

pub(super) async fn page(
    Extract(state): Extract<Arc<State>>,
    Params(asked): Params<Asked>,
) -> Html<String> {
    let now = state.clock.now();
    let question = asked
        .q
        .filter(|q| !q.trim().is_empty() && q.chars().count() <= 500);
    let shown = tokio::task::spawn_blocking(move || render(&state, question.as_deref(), now)).await;
    Html(
        shown.unwrap_or_else(|_| "the page could not be made, hint: see the edge's log".to_owned()),
    )
}

fn render(state: &State, question: Option<&str>, now: Timestamp) -> String {
    let name = escape(&state.name);
    let mut out = format!(
        "<!doctype html><html lang=\"ko\"><meta charset=\"utf-8\"><title>봉수 · {name}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/style.css\">"
    );
    if question.is_none() {
        out.push_str("<meta http-equiv=\"refresh\" content=\"5\">");
    }
    let _ = write!(
        out,
        "<h1>봉수 {name} <span class=\"dim\">{}</span></h1>",
        state.site
    );
    let _ = write!(out, "<p class=\"dim\">{}</p>", escape(&center(state)));
    figures(state, now, &mut out);
    let value = escape(question.unwrap_or_default());
    let _ = write!(
        out,
        "<h2>물어보기 · Ask</h2><form><input name=\"q\" maxlength=\"500\" aria-label=\"질문\" value=\"{value}\" \
         placeholder=\"오늘 이 사이트의 동시접속자를 어제 같은 시간대와 비교해줘\"><button>묻기</button></form>"
    );
    if let Some(question) = question {
        answer(&state.ask.question(question, None, now), &mut out);
    }
    findings(state, now, &mut out);
    transactions(state, &mut out);
    out
}

fn center(state: &State) -> String {
    let Some(status) = &state.ship else {
        return "센터 없이 독립 운영 중".to_owned();
    };
    let status = status.borrow();
    let waiting = state.history.spool().map_or(0, |spool| spool.waiting());
    if status.connected {
        format!("센터 연결됨 · 보낼 묶음 {waiting}개")
    } else {
        let why = status.last_error.clone().unwrap_or_default();
        format!("센터 연결 끊김 · 이 사이트는 계속 동작합니다 · 보관 중인 묶음 {waiting}개 · {why}")
    }
}

fn figures(state: &State, now: Timestamp, out: &mut String) {
    out.push_str("<dl>");
    for (label, question) in FIGURES {
        let answer = state.ask.question(question, None, now);
        let value = answer.facts.first().map_or("—".to_owned(), |fact| {
            let band = fact.error_pct_95.filter(|pct| *pct >= 0.1);
            let band = band.map_or(String::new(), |pct| format!(" ±{pct:.1} %"));
            format!("{} {}{band}", short(fact.value), fact.unit.name())
        });
        let _ = write!(
            out,
            "<div><dt>{label}</dt><dd>{}</dd></div>",
            escape(&value)
        );
    }
    out.push_str("</dl>");
}

fn answer(answer: &Answer, out: &mut String) {
    let _ = write!(out, "<div class=\"answer\"><p>{}</p>", escape(&answer.text));
    for fact in &answer.facts {
        let _ = write!(
            out,
            "<div class=\"dim\">[{}] {} = {} {} · {}</div>",
            escape(&fact.id),
            fact.metric,
            short(fact.value),
            fact.unit.name(),
            escape(&fact.source)
        );
    }
    for caveat in &answer.caveats {
        let _ = write!(out, "<div class=\"dim\">※ {}</div>", escape(caveat));
    }
    out.push_str("</div>");
}

fn findings(state: &State, now: Timestamp, out: &mut String) {
    let window = Window::new(now.minus(DAY), now.plus(DAY));
    let found = state.history.findings(window, ROWS).unwrap_or_default();
    out.push_str("<h2>최근 탐지 · Findings (24 h)</h2>");
    if found.is_empty() {
        out.push_str("<p class=\"dim\">없음</p>");
        return;
    }
    out.push_str("<table>");
    for finding in found {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            clock(state, finding.window.to),
            escape(&finding.kind),
            escape(&finding.subject),
            escape(&finding.summary)
        );
    }
    out.push_str("</table>");
}

fn transactions(state: &State, out: &mut String) {
    out.push_str("<h2>최근 트랜잭션 (마스킹됨) · Transactions</h2><table>");
    for row in state.recent.newest(ROWS) {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{} {}</td><td class=\"n\">{}</td><td class=\"n\">{} ms</td></tr>",
            clock(state, row.ended),
            escape(&row.app),
            escape(&row.method),
            escape(&row.target),
            row.status,
            row.duration_ms
        );
    }
    out.push_str("</table>");
}

/// Time of day in the site's zone.
fn clock(state: &State, at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_ms()).map_or_else(
        |_| String::new(),
        |at| {
            at.to_zoned(state.ask.zone.clone())
                .strftime("%H:%M:%S")
                .to_string()
        },
    )
}

fn short(value: f64) -> String {
    if value.abs() >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// Text that cannot become markup.
fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                _ => out.push(c),
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escape("<b a=\"'\">&"), "&lt;b a=&quot;&#39;&quot;&gt;&amp;");
    }
}
