//! What detectors said in a window: a sentence with their number, and a table of the latest.

use std::collections::BTreeMap;

use bongsu_sdk_model::{Metric, Severity};

use super::{ExecuteError, build::Builder, groups::Group};
use crate::{
    Cell, Column, Lang, Moment, Notice, Query, Table,
    word::{Sentence, marked},
};

/// Most rows of the table.
const ROWS: usize = 20;

/// Says how many there were, and shows the latest; says nothing when there were none.
pub(super) fn tell(builder: &mut Builder<'_>, query: &Query) -> Result<(), ExecuteError> {
    let notices = builder.source.notices(query, ROWS)?;
    if notices.is_empty() {
        return Ok(());
    }
    let counted = Query {
        metric: Metric::Alerts,
        agg: None,
        mode: None,
        ..query.clone()
    };
    if let Some(fact) = builder.measure(&counted, &Group::All)? {
        let kinds = kinds(&notices, builder.lang);
        builder.say(Sentence::Words(builder.lang.pick(
            format!(
                "이 시간에 탐지 규칙이 알린 것은 {}입니다({kinds}).",
                marked(&fact, Lang::Ko)
            ),
            format!(
                "Detectors spoke {} times ({kinds}).",
                marked(&fact, Lang::En)
            ),
        )));
    }
    table(builder, &notices);
    Ok(())
}

/// The notices as rows.
pub(super) fn table(builder: &mut Builder<'_>, notices: &[Notice]) {
    let lang = builder.lang;
    let rows = notices.iter().map(|notice| {
        let at = Moment::new(notice.at, &builder.executor.zone);
        vec![
            Cell::Text(at.wall().strftime("%Y-%m-%d %H:%M:%S").to_string()),
            Cell::Text(builder.site_label(&notice.site)),
            Cell::Text(severity(notice.severity, lang).to_owned()),
            Cell::Text(kind(&notice.kind, lang).to_owned()),
            Cell::Text(notice.subject.clone()),
            Cell::Text(notice.summary.clone()),
        ]
    });
    let rows = rows.collect();
    let titles = lang.pick(
        ["시각", "지역", "심각도", "종류", "대상", "내용"],
        ["at", "region", "severity", "kind", "about", "what"],
    );
    builder.table(Table {
        title: lang.pick("알림", "alerts").to_owned(),
        columns: titles.into_iter().map(Column::plain).collect(),
        rows,
    });
}

/// Which kinds there were, most frequent first.
pub(super) fn kinds(notices: &[Notice], lang: Lang) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for notice in notices {
        *counts.entry(kind(&notice.kind, lang)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let names: Vec<&str> = counts.into_iter().take(3).map(|(name, _)| name).collect();
    names.join(", ")
}

/// What a kind of notice is called; kinds of other people's plugins keep their own word.
fn kind(kind: &str, lang: Lang) -> &str {
    const KINDS: [(&str, &str, &str); 8] = [
        (
            "login-brute-force",
            "로그인 무차별 대입",
            "login brute force",
        ),
        ("long-session", "장시간 세션", "long session"),
        (
            "duplicate-login-burst",
            "중복 로그인 급증",
            "duplicate-login burst",
        ),
        ("slow-url", "느린 URL", "slow URL"),
        ("error-burst", "에러 급증", "error burst"),
        ("traffic-surge", "트래픽 급증", "traffic surge"),
        ("heap-exhaustion", "힙 고갈 예측", "heap exhaustion"),
        ("cpu-hot-user", "CPU 과다 사용자", "CPU-hot user"),
    ];
    KINDS
        .iter()
        .find(|(id, ..)| *id == kind)
        .map_or(kind, |(_, ko, en)| lang.pick(*ko, *en))
}

const fn severity(severity: Severity, lang: Lang) -> &'static str {
    let (ko, en) = match severity {
        Severity::Info => ("참고", "info"),
        Severity::Warning => ("주의", "warning"),
        Severity::Critical => ("심각", "critical"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}
