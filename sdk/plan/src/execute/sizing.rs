//! `sizing`: more or fewer servers, by when, with the arithmetic told.

use bongsu_sdk_model::{Metric, Unit, Window};

use super::{ExecuteError, build::Builder, groups::Group};
use crate::{
    Cell, Column, Fact, FactScope, Lang, Moment, Pool, PoolAdvice, PoolRefusal, Query, Table,
    word::{Sentence, interval, marked},
};

/// Most pools told in words.
const NAMED: usize = 3;
/// Most rows of the table.
const ROWS: usize = 50;

pub(super) fn run(builder: &mut Builder<'_>) -> Result<(), ExecuteError> {
    builder.note_left_out();
    let query = Query {
        agg: None,
        ..builder.query(Metric::Tps)
    };
    let pools = builder.source.pools(&query, builder.plan.servers)?;
    if pools.is_empty() {
        builder.say(Sentence::NothingHeard);
        return Ok(());
    }
    let short = |pool: &&Pool| matches!(pool.advice, Ok(advice) if advice.needed > pool.have);
    let lacking: Vec<&Pool> = pools.iter().filter(short).collect();
    let sized = pools.iter().find(|pool| pool.advice.is_ok());
    match (lacking.as_slice(), sized) {
        ([], None) => {
            builder.say_in(
                "서버가 더 필요한지 판단할 자료가 아직 부족합니다. 이유는 표에 있습니다.",
                "There is not enough to judge yet whether more servers are needed; the table says why.",
            );
            if let Some(pool) = pools.first() {
                load(builder, &query, pool)?;
            }
        }
        ([], Some(tightest)) => {
            builder.say_in(
                "증설이 필요한 곳은 없습니다. 가장 빠듯한 곳은 다음과 같습니다.",
                "No more servers are needed. The tightest is this.",
            );
            arithmetic(builder, &query, tightest)?;
        }
        (some, _) => {
            builder.say_in("증설이 필요합니다.", "More servers are needed.");
            for pool in some.iter().take(NAMED) {
                arithmetic(builder, &query, pool)?;
            }
        }
    }
    table(builder, &pools);
    builder.caveat(
        "한 대의 처리량은 부하율과 처리량의 관계에서 얻었습니다. 여유와 예비 대수는 기본값입니다.",
        "What one server carries is learnt from load against throughput. Head-room and spare are defaults.",
    );
    Ok(())
}

/// The present load of a pool's instances.
fn load(
    builder: &mut Builder<'_>,
    query: &Query,
    pool: &Pool,
) -> Result<Option<Fact>, ExecuteError> {
    let query = Query {
        metric: Metric::Load,
        sites: vec![pool.site.clone()],
        apps: vec![pool.app.clone()],
        ..query.clone()
    };
    let fact = builder.measure(&query, &Group::All)?;
    if let Some(fact) = &fact {
        let place = builder.place_of(&query);
        builder.say(Sentence::Figure {
            place,
            fact: fact.clone(),
        });
    }
    Ok(fact)
}

fn arithmetic(builder: &mut Builder<'_>, query: &Query, pool: &Pool) -> Result<(), ExecuteError> {
    let Ok(advice) = pool.advice else {
        return Ok(());
    };
    let Some(now) = load(builder, query, pool)? else {
        return Ok(());
    };
    let scope = now.scope.clone();
    let learnt = builder.shown(advice.learnt);
    let at = builder.shown(Window::new(advice.demand_at, advice.demand_at.plus(HOUR)));
    let each = capacity(builder, &scope, learnt, advice.tps_per_instance, &advice);
    let demand = capacity(builder, &scope, at, advice.demand_tps, &advice);
    let have = count(builder, &now, now.window, pool.have, &advice);
    let by = advice.by.unwrap_or(advice.demand_at);
    let by = builder.shown(Window::new(by, by.plus(HOUR)));
    let needed = count(builder, &now, by, advice.needed, &advice);
    let text = match builder.lang {
        Lang::Ko => korean(builder, &advice, [&each, &demand, &have, &needed]),
        Lang::En => english(builder, &advice, [&each, &demand, &have, &needed]),
    };
    builder.say(Sentence::Words(text));
    Ok(())
}

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

fn korean(
    builder: &mut Builder<'_>,
    advice: &PoolAdvice,
    [each, demand, have, needed]: [&Fact; 4],
) -> String {
    let expected = if advice.is_forecast {
        "예상됩니다"
    } else {
        "가장 많았습니다"
    };
    let verdict = verdict(builder, advice, have, needed);
    format!(
        "서버 한 대는 부하율 {:.1}%에서 {}을 처리합니다. 처리할 양은 {}에 {}로 {expected}. 여유 {:.0}%와 예비 {}대를 더하면 {:.0}대 [{}]가 필요하고 지금은 {:.0}대 [{}]입니다. {verdict}",
        advice.load_at_most,
        marked(each, Lang::Ko),
        interval(&demand.window),
        marked(demand, Lang::Ko),
        advice.headroom * 100.0,
        advice.spare,
        needed.value,
        needed.id,
        have.value,
        have.id,
    )
}

fn english(
    builder: &mut Builder<'_>,
    advice: &PoolAdvice,
    [each, demand, have, needed]: [&Fact; 4],
) -> String {
    let expected = if advice.is_forecast {
        "expected"
    } else {
        "the most seen"
    };
    let verdict = verdict(builder, advice, have, needed);
    format!(
        "One server carries {} at {:.1}% load. {} in {} is {expected}. With {:.0}% head-room and {} spare, {:.0} [{}] are needed and there are {:.0} [{}]. {verdict}",
        marked(each, Lang::En),
        advice.load_at_most,
        marked(demand, Lang::En),
        interval(&demand.window),
        advice.headroom * 100.0,
        advice.spare,
        needed.value,
        needed.id,
        have.value,
        have.id,
    )
}

/// Add, keep or remove, with the difference as a fact.
fn verdict(builder: &mut Builder<'_>, advice: &PoolAdvice, have: &Fact, needed: &Fact) -> String {
    let lang = builder.lang;
    if needed.value == have.value {
        return lang
            .pick("지금 그대로면 됩니다.", "Keep them as they are.")
            .to_owned();
    }
    let difference = builder.facts.difference(needed, have);
    let size = format!("{:.0}", difference.value.abs());
    let id = &difference.id;
    if difference.value < 0.0 {
        return lang.pick(
            format!("{size}대 [{id}]는 이 기간에 없어도 됩니다."),
            format!("{size} [{id}] are not needed in this time."),
        );
    }
    let by = advice.by.map(|at| {
        let at = Moment::new(at, &builder.executor.zone).wall();
        at.strftime("%Y-%m-%d %H:%M").to_string()
    });
    match (lang, by) {
        (Lang::Ko, Some(by)) => format!("{size}대 [{id}]를 {by}까지 늘리기를 권합니다."),
        (Lang::Ko, None) => format!("{size}대 [{id}] 증설을 권합니다."),
        (Lang::En, Some(by)) => format!("Add {size} [{id}] before {by}."),
        (Lang::En, None) => format!("Add {size} [{id}]."),
    }
}

fn capacity(
    builder: &mut Builder<'_>,
    scope: &FactScope,
    window: crate::PlanWindow,
    value: f64,
    advice: &PoolAdvice,
) -> Fact {
    builder.facts.capacity(
        Metric::Tps,
        scope.clone(),
        window,
        (value, Unit::PerSecond),
        advice,
    )
}

/// A number of servers as a fact.
fn count(
    builder: &mut Builder<'_>,
    like: &Fact,
    window: crate::PlanWindow,
    servers: u32,
    advice: &PoolAdvice,
) -> Fact {
    builder.facts.capacity(
        Metric::Load,
        like.scope.clone(),
        window,
        (f64::from(servers), Unit::Count),
        advice,
    )
}

fn table(builder: &mut Builder<'_>, pools: &[Pool]) {
    let lang = builder.lang;
    let rows = pools.iter().take(ROWS).map(|pool| row(builder, pool));
    let rows = rows.collect();
    let titles = lang.pick(
        [
            "지역",
            "앱",
            "지금",
            "부하율",
            "필요",
            "한 대 처리량",
            "필요 처리량",
            "판단하지 못한 이유",
        ],
        [
            "region",
            "application",
            "now",
            "load",
            "needed",
            "one carries",
            "to carry",
            "why not judged",
        ],
    );
    let units = [
        None,
        None,
        Some(Unit::Count),
        Some(Unit::Percent),
        Some(Unit::Count),
        Some(Unit::PerSecond),
        Some(Unit::PerSecond),
        None,
    ];
    let columns = titles.into_iter().zip(units);
    builder.table(Table {
        title: lang.pick("증설 판단", "sizing").to_owned(),
        columns: columns
            .map(|(title, unit)| Column {
                title: title.to_owned(),
                unit,
            })
            .collect(),
        rows,
    });
}

fn row(builder: &Builder<'_>, pool: &Pool) -> Vec<Cell> {
    let lang = builder.lang;

    let mut cells = vec![
        Cell::Text(builder.site_label(&pool.site)),
        Cell::Text(builder.app_label(&pool.app)),
        Cell::Number(f64::from(pool.have)),
        Cell::Number(rounded(pool.load)),
    ];
    match pool.advice {
        Ok(advice) => cells.extend([
            Cell::Number(f64::from(advice.needed)),
            Cell::Number(rounded(advice.tps_per_instance)),
            Cell::Number(rounded(advice.demand_tps)),
            Cell::Empty,
        ]),
        Err(refusal) => cells.extend([
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
            Cell::Text(reason(refusal, lang).to_owned()),
        ]),
    }
    cells
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

const fn reason(refusal: PoolRefusal, lang: Lang) -> &'static str {
    let (ko, en) = match refusal {
        PoolRefusal::TooFew => ("지난 자료가 적음", "too few observations"),
        PoolRefusal::TooNarrow => (
            "부하와 처리량이 거의 변하지 않음",
            "load and throughput hardly changed",
        ),
        PoolRefusal::Unrelated => (
            "부하가 처리량을 따르지 않음",
            "load does not follow throughput",
        ),
        PoolRefusal::OverTarget => (
            "쉬고 있어도 목표 부하를 넘음",
            "over the target load even when idle",
        ),
        PoolRefusal::NoDemand => ("처리할 양을 알 수 없음", "no demand is known"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}
