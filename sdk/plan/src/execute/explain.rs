//! `explain`: what left its usual range, and why, with what speaks for and against each candidate.
//!
//! The source decides what is odd and ranks candidates; here every figure it names is measured again and told.
//! That nothing stood out is an answer, with the figures that were looked at.

use bongsu_sdk_model::{Metric, Unit, Window};

use super::{ExecuteError, build::Builder, groups::Group, notices};
use crate::{
    Cell, ChartSeries, Column, Contribution, Deviation, Doubt, Estimate, EstimateKind, Explanation,
    Fact, Lang, Measured, PlanScope, Query, Suspect, Table, Verdict,
    word::{
        self, Sentence, added_label, check_label, doubt_label, figure, interval, marked,
        member_label, metric_label, part_label, pattern_label, weakness_note, with,
    },
};

/// What is told when nothing stood out.
const OVERVIEW: [Metric; 5] = [
    Metric::UsersConcurrent,
    Metric::Tps,
    Metric::LatencyAvg,
    Metric::ErrorsRate,
    Metric::Load,
];
/// Most pieces of evidence told of one candidate.
const EVIDENCE: usize = 3;
/// Most candidates and deviations in a table.
const ROWS: usize = 10;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.note_left_out();
    over(builder, builder.window)
}

/// Explains `window` of the plan's scope.
pub(super) fn over(builder: &mut Builder<'_>, window: Window) -> Result<(), ExecuteError> {
    let query = Query {
        window,
        agg: None,
        ..builder.query(Metric::LatencyAvg)
    };
    let found = builder.source.explain(&query)?;
    for weakness in &found.weaknesses {
        let (ko, en) = weakness_note(*weakness);
        builder.caveat(ko, en);
    }
    match (&found.symptom, found.verdict) {
        (Some(symptom), Verdict::Explained | Verdict::Unexplained) => {
            told(builder, &found, symptom)?;
        }
        (_, Verdict::NotMeasured) => builder.say(Sentence::NothingHeard),
        _ => nothing(builder, &query, found.days)?,
    }
    notices::tell(builder, &query)
}

fn told(
    builder: &mut Builder<'_>,
    found: &Explanation,
    symptom: &Deviation,
) -> Result<(), ExecuteError> {
    let Some((now, usual)) = figures(builder, symptom, found.days)? else {
        builder.say(Sentence::NothingHeard);
        return Ok(());
    };
    let place = builder.place_of(&symptom.query);
    let text = match builder.lang {
        Lang::Ko => format!(
            "{} {} {}입니다. 평소 이 시간에는 {}입니다.",
            interval(&now.window),
            with(
                &format!("{place} {}", metric_label(now.metric, Lang::Ko)),
                "이",
                "가"
            ),
            marked(&now, Lang::Ko),
            marked(&usual, Lang::Ko)
        ),
        Lang::En => format!(
            "{place}, {}: {} is {}; at this time it usually is {}.",
            interval(&now.window),
            metric_label(now.metric, Lang::En),
            marked(&now, Lang::En),
            marked(&usual, Lang::En)
        ),
    };
    builder.say(Sentence::Words(text));
    match found.suspects.first() {
        Some(first) if found.verdict == Verdict::Explained => cause(builder, first, found.days)?,
        _ => builder.say_in(
            "측정된 것 가운데 이 변화를 설명하는 원인은 찾지 못했습니다.",
            "Nothing that is measured accounts for it.",
        ),
    }
    course(builder, symptom, found)?;
    suspects(builder, &found.suspects);
    also(builder, found)?;
    builder.link(&symptom.query);
    builder.caveat(
        &format!(
            "평소 수준은 지난 {}일의 같은 시각에서 얻었습니다. 순위 점수는 확률이 아닙니다.",
            found.days
        ),
        &format!(
            "Usual levels are those of the same time on {} earlier days. Scores rank; they are no probabilities.",
            found.days
        ),
    );
    Ok(())
}

/// The figure in the interval in which it was out, and what it usually is then.
fn figures(
    builder: &mut Builder<'_>,
    deviation: &Deviation,
    days: u32,
) -> Result<Option<(Fact, Fact)>, ExecuteError> {
    let Some(now) = builder.measure(&deviation.query, &Group::All)? else {
        return Ok(None);
    };
    let estimate = Estimate {
        kind: EstimateKind::Usual,
        band: None,
        share_pct: None,
        samples: Some(days),
        threshold: None,
    };
    let measured = Measured {
        value: deviation.usual,
        mode: now.mode,
        error_pct_95: None,
        source: "usual".to_owned(),
    };
    let usual = builder.facts.estimated(
        &deviation.query,
        now.scope.clone(),
        now.window,
        measured,
        Some(estimate),
    );
    Ok(Some((now, usual)))
}

/// The first candidate in words.
fn cause(builder: &mut Builder<'_>, first: &Suspect, days: u32) -> Result<(), ExecuteError> {
    let lang = builder.lang;
    heading(builder, first);
    let mut reasons = Vec::new();
    for evidence in first.evidence.iter().take(EVIDENCE) {
        if let Some((now, usual)) = figures(builder, evidence, days)? {
            reasons.push(format!(
                "{} {} → {}",
                metric_label(now.metric, lang),
                marked(&usual, lang),
                marked(&now, lang)
            ));
        }
    }
    for contribution in &first.contributions {
        reasons.push(share(builder, first, contribution));
    }
    let because = if reasons.is_empty() {
        String::new()
    } else {
        lang.pick(
            format!("근거: {}. ", reasons.join(", ")),
            format!("Evidence: {}. ", reasons.join(", ")),
        )
    };
    let doubts: Vec<&str> = first.doubts.iter().map(|d| doubt_label(*d, lang)).collect();
    let against = if doubts.is_empty() {
        String::new()
    } else {
        lang.pick(
            format!("다만 {}. ", doubts.join(", ")),
            format!("But {}. ", doubts.join(", ")),
        )
    };
    let check = check_label(first.check, lang);
    builder.say(Sentence::Words(lang.pick(
        format!("{because}{against}확인 방법: {check}."),
        format!("{because}{against}To settle it: {check}."),
    )));
    Ok(())
}

/// What the first candidate is, and how sure.
fn heading(builder: &mut Builder<'_>, first: &Suspect) {
    let lang = builder.lang;
    let mut name = name(builder, first);
    let leading = first
        .contributions
        .iter()
        .find(|part| part.share_pct >= 50.0);
    if let Some(part) = leading {
        let kind = member_label(part.dimension, lang);
        name = lang.pick(
            format!("{name}의 {kind} {}", part.member),
            format!("{kind} {} of {name}", part.member),
        );
    }
    let patterns = patterns(first, lang);
    let patterns = if patterns.is_empty() {
        patterns
    } else {
        format!(" ({patterns})")
    };
    let is_weak = first.doubts.contains(&Doubt::WithinNoise);
    let (ko, en) = if is_weak {
        (
            "가능성이 있지만 근거가 약한 원인",
            "Possible, on weak evidence",
        )
    } else {
        ("가장 유력한 원인", "Most likely cause")
    };
    builder.say(Sentence::Words(lang.pick(
        format!("{ko}: {name}{patterns}."),
        format!("{en}: {name}{patterns}."),
    )));
}

/// `URL /minwon이 늘어난 처리 시간의 82.0% [f7]`.
fn share(builder: &mut Builder<'_>, suspect: &Suspect, part: &Contribution) -> String {
    let query = Query {
        metric: part.metric,
        ..suspect.query.clone()
    };
    let window = builder.shown(query.window);
    let measured = Measured {
        value: part.share_pct,
        mode: None,
        error_pct_95: None,
        source: "contribution".to_owned(),
    };
    let estimate = Estimate {
        kind: EstimateKind::Contribution,
        band: None,
        share_pct: None,
        samples: None,
        threshold: None,
    };
    let narrowed = part.narrow(query.clone());
    let scope = Group::All.scope(&narrowed);
    let fact = builder
        .facts
        .estimated(&query, scope, window, measured, Some(estimate));
    let lang = builder.lang;
    let (kind, member) = (member_label(part.dimension, lang), &part.member);
    let added = added_label(part.metric, lang);
    lang.pick(
        format!("늘어난 {added}의 {}는 {kind} {member}", marked(&fact, lang)),
        format!(
            "{kind} {member} makes up {} of the added {added}",
            marked(&fact, lang)
        ),
    )
}

impl Contribution {
    /// The query narrowed to the member.
    fn narrow(&self, query: Query) -> Query {
        match Group::of(self.dimension, &self.member) {
            Some(group) => group.narrow(query),
            None => query,
        }
    }
}

fn name(builder: &Builder<'_>, suspect: &Suspect) -> String {
    let place = builder.place_of(&suspect.query);
    format!("{place}{}", part_label(suspect.part, builder.lang))
}

fn patterns(suspect: &Suspect, lang: Lang) -> String {
    let labels = suspect.patterns.iter().take(2);
    labels
        .map(|pattern| pattern_label(*pattern, lang))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The symptom over the window with what led to it.
fn course(
    builder: &mut Builder<'_>,
    symptom: &Deviation,
    found: &Explanation,
) -> Result<(), ExecuteError> {
    let query = Query {
        window: Window::new(
            symptom.query.window.from.minus(found.step * 12),
            symptom.query.window.to,
        ),
        ..symptom.query.clone()
    };
    let points = builder.series(&query, found.step)?;
    let name = builder.place_of(&query);
    let title = metric_label(query.metric, builder.lang);
    let mut chart = builder.lines(
        query.metric,
        vec![ChartSeries {
            name: name.clone(),
            points: points.into_iter().map(|(at, v)| (at.as_ms(), v)).collect(),
            values: Vec::new(),
        }],
    );
    chart.title = format!("{name} · {title}");
    builder.chart(chart);
    Ok(())
}

fn suspects(builder: &mut Builder<'_>, suspects: &[Suspect]) {
    let lang = builder.lang;
    let rows = suspects.iter().take(ROWS).map(|suspect| {
        let doubts: Vec<&str> = suspect
            .doubts
            .iter()
            .map(|doubt| doubt_label(*doubt, lang))
            .collect();
        vec![
            Cell::Text(name(builder, suspect)),
            Cell::Number((suspect.score * 100.0).round() / 100.0),
            Cell::Text(patterns(suspect, lang)),
            Cell::Text(doubts.join(" · ")),
            Cell::Text(check_label(suspect.check, lang).to_owned()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let titles = lang.pick(
        ["후보", "점수", "알려진 양상", "반대 근거", "확인 방법"],
        [
            "candidate",
            "score",
            "known pattern",
            "against it",
            "to settle it",
        ],
    );
    builder.table(Table {
        title: lang.pick("원인 후보", "candidates").to_owned(),
        columns: titles.into_iter().map(Column::plain).collect(),
        rows,
    });
}

/// What else left its usual range.
fn also(builder: &mut Builder<'_>, found: &Explanation) -> Result<(), ExecuteError> {
    let mut rows = Vec::new();
    let lang = builder.lang;
    for deviation in found.also.iter().take(ROWS) {
        let Some((now, usual)) = figures(builder, deviation, found.days)? else {
            continue;
        };
        rows.push(vec![
            Cell::Text(interval(&now.window)),
            Cell::Text(builder.place_of(&deviation.query)),
            Cell::Text(metric_label(now.metric, lang).to_owned()),
            Cell::Text(figure(&usual, lang)),
            Cell::Text(figure(&now, lang)),
        ]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let titles = lang.pick(
        ["시간", "곳", "지표", "평소", "이때"],
        ["when", "where", "metric", "usual", "then"],
    );
    builder.table(Table {
        title: lang
            .pick("함께 평소와 달랐던 것", "also out of the usual")
            .to_owned(),
        columns: titles.into_iter().map(Column::plain).collect(),
        rows,
    });
    Ok(())
}

/// The figures that were looked at and are as usual.
fn nothing(builder: &mut Builder<'_>, query: &Query, days: u32) -> Result<(), ExecuteError> {
    let place = builder.place_of(query);
    let when = interval(&builder.shown(query.window));
    builder.say(Sentence::Words(builder.lang.pick(
        format!(
            "{when} {place}에서는 응답시간, 에러, 트래픽, 서버 부하 모두 평소 범위 안이었습니다."
        ),
        format!(
            "{place}, {when}: response time, errors, traffic and load were all within their usual range."
        ),
    )));
    builder.caveat(
        &format!("평소 수준은 지난 {days}일의 같은 시각에서 얻었습니다."),
        &format!("Usual levels are those of the same time on {days} earlier days."),
    );
    let wide = query.window.width() > super::window::NOW_WIDTH;
    let mut rows = Vec::new();
    for metric in OVERVIEW {
        let query = Query {
            metric,
            agg: super::facts::natural(metric, wide),
            ..query.clone()
        };
        if let Some(fact) = builder.measure(&query, &Group::All)? {
            rows.push(vec![
                Cell::Text(word::named(&fact, builder.lang)),
                Cell::Text(figure(&fact, builder.lang)),
            ]);
        }
    }
    let titles = builder.lang.pick(["지표", "값"], ["metric", "value"]);
    builder.table(Table {
        title: builder
            .lang
            .pick("살펴본 지표", "what was looked at")
            .to_owned(),
        columns: titles.into_iter().map(Column::plain).collect(),
        rows,
    });
    Ok(())
}

impl Column {
    /// A heading without a unit.
    pub(super) fn plain(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            unit: None,
        }
    }

    /// A heading with the unit of its numbers.
    pub(super) fn of(title: &str, unit: Unit) -> Self {
        Self {
            title: title.to_owned(),
            unit: Some(unit),
        }
    }
}

/// A query's places as a plan's scope.
pub(super) fn scope_of(query: &Query) -> PlanScope {
    PlanScope {
        sites: query.sites.clone(),
        apps: query.apps.clone(),
        urls: query.urls.clone(),
        instances: query.instances.clone(),
        ..PlanScope::default()
    }
}
