//! `list` and `locate`: rows. Alerts and URLs come from roll-ups and findings; sessions, users and requests from
//! whoever holds them, which is a site's edge and never the center.

use bongsu_sdk_model::{Metric, Unit};

use super::{ExecuteError, build::Builder, groups::Group, notices};
use crate::{
    Cell, Column, Dimension, Field, Lang, Listed, Listing, Moment, Query, SourceError, Table,
    Target, Value, Wanted,
    word::{Sentence, figure, marked},
};

/// Rows when nobody said how many.
const ROWS: usize = 50;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    match builder.plan.target {
        Some(Target::Alerts) => alerts(builder),
        Some(Target::Urls) => urls(builder),
        Some(target) => rows(builder, target),
        None => Ok(()),
    }
}

/// Where a user or session is now: its live rows.
pub(super) fn locate(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    rows(builder, Target::Sessions)
}

/// One request across services: spans stay where they were made.
pub(super) fn trace(builder: &mut Builder<'_>) {
    builder.say_in(
        "추적(trace)은 질문으로 조회하지 않습니다. 요청의 상세는 개인정보라 그 요청을 처리한 지역의 엣지에만 있으니, 그 엣지의 화면이나 API에서 추적 ID로 찾아보세요.",
        "Traces are not read by questions. The details of a request are personal data and stay at the edge of the site that served it: look there, on its page or API, for the trace id.",
    );
}

fn limit(builder: &Builder<'_>) -> usize {
    builder.plan.limit.map_or(ROWS, |limit| limit as usize)
}

fn alerts(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.note_left_out();
    let query = builder.query(Metric::Alerts);
    let found = builder.source.notices(&query, limit(builder))?;
    let place = builder.place();
    if let Some(fact) = builder.measure(&query, &Group::All)? {
        builder.say(Sentence::Figure { place, fact });
    }
    if !found.is_empty() {
        let kinds = notices::kinds(&found, builder.lang);
        builder.say(Sentence::Words(builder.lang.pick(
            format!("가장 많은 종류는 {kinds}입니다."),
            format!("The most frequent kinds are {kinds}."),
        )));
        notices::table(builder, &found);
    }
    Ok(())
}

/// URLs with their figures, most requested first.
fn urls(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.note_left_out();
    let query = builder.query(Metric::Requests);
    let names = builder.members(Dimension::Url, &query)?;
    let mut found = Vec::new();
    for name in &names {
        let Some(group) = Group::of(Dimension::Url, name) else {
            continue;
        };
        let figure = |metric| Query {
            metric,
            ..group.narrow(query.clone())
        };
        let requests = builder.peek(&figure(Metric::Requests))?;
        let latency = builder.peek(&figure(Metric::LatencyAvg))?;
        let errors = builder.peek(&figure(Metric::ErrorsRate))?;
        let Some(requests) = requests.filter(|n| *n > 0.0) else {
            continue;
        };
        if holds(builder, latency, errors) {
            found.push((group, requests, latency, errors));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    let Some((first, ..)) = found.first() else {
        builder.say(Sentence::NothingHeard);
        return Ok(());
    };
    let (place, query) = (builder.label(first), first.narrow(query.clone()));
    if let Some(fact) = builder.measure(&query, first)? {
        builder.say(Sentence::Best {
            place,
            fact,
            dimension: Some(Dimension::Url),
            desc: true,
        });
    }
    let number = |value: Option<f64>| value.map_or(Cell::Empty, Cell::Number);
    let rows = found.iter().take(limit(builder)).map(|row| {
        vec![
            Cell::Text(builder.label(&row.0)),
            Cell::Number(row.1),
            number(row.2),
            number(row.3),
        ]
    });
    let rows = rows.collect();
    let titles = builder.lang.pick(
        ["URL", "요청 수", "평균 응답시간", "에러율"],
        ["URL", "requests", "mean response time", "error rate"],
    );
    let units = [None, Some(Unit::Count), Some(Unit::Ms), Some(Unit::Percent)];
    builder.table(Table {
        title: "URL".to_owned(),
        columns: columns(&titles, &units),
        rows,
    });
    Ok(())
}

/// Whether a URL fulfils the plan's conditions on duration and errors.
fn holds(builder: &Builder<'_>, latency: Option<f64>, errors: Option<f64>) -> bool {
    builder.plan.conditions.iter().all(|condition| {
        let value = match condition.field {
            Field::DurationMs => latency,
            Field::Error | Field::Status => return errors.is_some_and(|rate| rate > 0.0),
            _ => return true,
        };
        match condition.value {
            Value::Number(level) => {
                value.is_some_and(|value| condition.cmp.holds(value, level.value()))
            }
            Value::Bool(_) | Value::Text(_) => true,
        }
    })
}

fn rows(builder: &mut Builder<'_>, target: Target) -> Result<(), ExecuteError> {
    let wanted = Wanted {
        target,
        scope: builder.plan.scope.clone(),
        window: builder.window,
        conditions: builder.plan.conditions.clone(),
        limit: limit(builder),
    };
    match builder.source.rows(&wanted) {
        Ok(listing) => {
            tell(builder, target, &listing);
            Ok(())
        }
        Err(SourceError::NotHeld { .. }) => elsewhere(builder, target),
        Err(error) => Err(error.into()),
    }
}

fn tell(builder: &mut Builder<'_>, target: Target, listing: &Listing) {
    let of_sessions = matches!(target, Target::Sessions | Target::Users);
    if listing.is_restricted {
        builder.say_in(
            "특정 사용자나 세션의 위치는 권한이 있는 사람만 볼 수 있습니다. 관리자 토큰으로 이 엣지의 `GET /api/sessions?user=…`를 쓰세요.",
            "Where a named user or session is, is only for those with authority: use this edge's `GET /api/sessions?user=…` with the administrator's token.",
        );
        return;
    }
    if listing.is_recent_only {
        builder.caveat(
            "요청은 이 엣지가 기억하는 최근 것만 보여 줍니다.",
            "Of requests only the latest, which this edge remembers, are shown.",
        );
    }
    if !listing.not_applied.is_empty() {
        let what = listing.not_applied.join(", ");
        builder.caveat(
            &format!("적용하지 못한 조건: {what}."),
            &format!("Not applied: {what}."),
        );
    }
    if listing.rows.is_empty() {
        builder.say_in(
            if of_sessions {
                "조건에 맞는 세션이 없습니다."
            } else {
                "조건에 맞는 요청이 없습니다."
            },
            if of_sessions {
                "No session fulfils the conditions."
            } else {
                "No request fulfils the conditions."
            },
        );
        return;
    }
    counted(builder, of_sessions, listing.total);
    if builder.plan.scope.users.len() + builder.plan.scope.sessions.len() > 0
        && let Some(url) = listing.rows.first().and_then(|row| row.url.as_deref())
    {
        builder.say(Sentence::Words(builder.lang.pick(
            format!("가장 최근에 있던 페이지는 {url} 입니다."),
            format!("The latest page is {url}."),
        )));
    }
    let table = if of_sessions {
        sessions(builder, &listing.rows)
    } else {
        requests(builder, &listing.rows)
    };
    builder.table(table);
}

/// How many rows fulfil the conditions.
fn counted(builder: &mut Builder<'_>, of_sessions: bool, total: u64) {
    let metric = if of_sessions {
        Metric::SessionsActive
    } else {
        Metric::Requests
    };
    let fact = builder.counted(metric, total);
    let text = match (of_sessions, builder.lang) {
        (true, Lang::Ko) => format!("조건에 맞는 세션은 {}입니다.", marked(&fact, Lang::Ko)),
        (true, Lang::En) => format!("{} fulfil the conditions.", marked(&fact, Lang::En)),
        (false, Lang::Ko) => format!("조건에 맞는 요청은 {}입니다.", marked(&fact, Lang::Ko)),
        (false, Lang::En) => format!(
            "{} requests fulfil the conditions.",
            marked(&fact, Lang::En)
        ),
    };
    builder.say(Sentence::Words(text));
}

fn columns(titles: &[&str], units: &[Option<Unit>]) -> Vec<Column> {
    titles
        .iter()
        .zip(units)
        .map(|(title, unit)| Column {
            title: (*title).to_owned(),
            unit: *unit,
        })
        .collect()
}

fn text(value: Option<&str>) -> Cell {
    value.map_or(Cell::Empty, |value| Cell::Text(value.to_owned()))
}

fn number(value: Option<u64>) -> Cell {
    #[expect(clippy::cast_precision_loss, reason = "seconds and ms of a session")]
    value.map_or(Cell::Empty, |value| Cell::Number(value as f64))
}

fn sessions(builder: &Builder<'_>, rows: &[Listed]) -> Table {
    let titles = builder.lang.pick(
        [
            "세션",
            "사용자",
            "앱",
            "현재 페이지",
            "서버",
            "접속 IP",
            "지속(초)",
            "유휴(초)",
        ],
        [
            "session",
            "user",
            "application",
            "page",
            "server",
            "address",
            "age (s)",
            "idle (s)",
        ],
    );
    Table {
        title: builder.lang.pick("세션", "sessions").to_owned(),
        columns: columns(&titles, &[None; 8]),
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    text(row.session.as_deref()),
                    text(row.user.as_deref()),
                    text(row.app.as_deref()),
                    text(row.url.as_deref()),
                    text(row.instance.as_deref()),
                    text(row.client.as_deref()),
                    number(row.age_s),
                    number(row.idle_s),
                ]
            })
            .collect(),
    }
}

fn requests(builder: &Builder<'_>, rows: &[Listed]) -> Table {
    let titles = builder.lang.pick(
        ["시각", "사용자", "앱", "요청", "상태", "응답시간"],
        [
            "at",
            "user",
            "application",
            "request",
            "status",
            "response time",
        ],
    );
    let units = [None, None, None, None, None, Some(Unit::Ms)];
    let zone = &builder.executor.zone;
    let at = |ms: i64| {
        let at = Moment::new(bongsu_sdk_model::Timestamp::from_ms(ms), zone).wall();
        Cell::Text(at.strftime("%Y-%m-%d %H:%M:%S").to_string())
    };
    Table {
        title: builder.lang.pick("요청", "requests").to_owned(),
        columns: columns(&titles, &units),
        rows: rows
            .iter()
            .map(|row| {
                vec![
                    row.at_ms.map_or(Cell::Empty, at),
                    text(row.user.as_deref()),
                    text(row.app.as_deref()),
                    text(row.url.as_deref()),
                    number(row.status.map(u64::from)),
                    number(row.duration_ms),
                ]
            })
            .collect(),
    }
}

/// What this place can say instead: how many sessions each site has, and what detectors said of them.
fn elsewhere(builder: &mut Builder<'_>, target: Target) -> Result<(), ExecuteError> {
    let (ko, en) = match target {
        Target::Sessions | Target::Users => (
            "세션과 사용자 목록은 개인정보라 각 지역의 엣지에만 있습니다. 아래는 지역별 활성 세션 수이고, 목록은 그 지역 엣지의 화면이나 `bongsu-edge ask`에서 볼 수 있습니다.",
            "Lists of sessions and users are personal data and stay at each site's edge. Below are the active sessions by region; the list is on that edge's page, or ask it with `bongsu-edge ask`.",
        ),
        Target::Transactions => (
            "요청 하나하나는 각 지역의 엣지에만 있습니다. 그 지역 엣지의 화면이나 `bongsu-edge ask`에서 볼 수 있고, 여기서는 URL별 합계를 볼 수 있습니다.",
            "Single requests stay at each site's edge: see its page, or ask it with `bongsu-edge ask`. Sums by URL can be had here.",
        ),
        Target::Deployments => (
            "배포 이력은 아직 수집하지 않아 보여 줄 수 없습니다.",
            "Deployments are not collected, so there is no list of them.",
        ),
        Target::Actions => (
            "조치 이력은 감사 기록에 있으며 질문으로는 아직 조회할 수 없습니다.",
            "Actions are in the audit log, which questions do not reach.",
        ),
        Target::ModelCalls => (
            "언어 모델을 쓰지 않고 답하고 있어 모델 호출 기록이 없습니다.",
            "No language model is used to answer, so there are no calls of one.",
        ),
        Target::Alerts | Target::Urls => return Ok(()),
    };
    builder.say_in(ko, en);
    if matches!(target, Target::Sessions | Target::Users) {
        by_site(builder)?;
        let query = Query {
            window: bongsu_sdk_model::Window::ending_at(builder.now, DAY),
            ..builder.query(Metric::Alerts)
        };
        let mut found = builder.source.notices(&query, 200)?;
        found.retain(|notice| notice.kind.contains("session") || notice.kind.contains("login"));
        found.truncate(ROWS);
        if !found.is_empty() {
            let kinds = notices::kinds(&found, builder.lang);
            builder.say(Sentence::Words(builder.lang.pick(
                format!("최근 하루 동안 세션과 로그인에 대한 알림이 있었습니다({kinds})."),
                format!("In the last day detectors spoke of sessions and logins ({kinds})."),
            )));
            notices::table(builder, &found);
        }
    }
    Ok(())
}

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

fn by_site(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    let whole = Query {
        apps: Vec::new(),
        urls: Vec::new(),
        instances: Vec::new(),
        ..builder.query(Metric::SessionsActive)
    };
    if let Some(fact) = builder.measure(&whole, &Group::All)? {
        let place = builder.place_of(&whole);
        builder.say(Sentence::Figure { place, fact });
    }
    let mut rows = Vec::new();
    for name in builder.members(Dimension::Site, &whole)? {
        let Some(group) = Group::of(Dimension::Site, &name) else {
            continue;
        };
        let query = group.narrow(whole.clone());
        if let Some(fact) = builder.measure(&query, &group)? {
            builder.link(&query);
            rows.push((
                fact.value,
                builder.label(&group),
                figure(&fact, builder.lang),
            ));
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let rows = rows
        .into_iter()
        .map(|(_, place, figure)| vec![Cell::Text(place), Cell::Text(figure)]);
    let rows = rows.collect();
    let titles = builder
        .lang
        .pick(["지역", "활성 세션"], ["region", "active sessions"]);
    builder.table(Table {
        title: titles[1].to_owned(),
        columns: titles.into_iter().map(Column::plain).collect(),
        rows,
    });
    Ok(())
}
