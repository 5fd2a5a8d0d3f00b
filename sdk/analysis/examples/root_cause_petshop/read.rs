//! The folder format: `REGIME/graph.csv`, `REGIME/noissue/metrics.csv`, `…/metrics.csv` and `target.json`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use bongsu_sdk_analysis::cause::{
    Call, Case, Component, Indicator, Kind, Point, Series, Statistic, Symptom,
};
use bongsu_sdk_model::{Timestamp, Window};
use serde::Deserialize;

use crate::Result;

/// What a solver may read.
#[derive(Deserialize)]
struct Issue {
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    node: String,
    metric: String,
    agg: String,
    timestamp: f64,
}

/// Measurements by component and indicator.
pub(crate) type Columns = BTreeMap<(String, Indicator), Vec<Point>>;

pub(crate) fn find_issues(dir: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in
        fs::read_dir(dir).map_err(|e| format!("failed to read `{}`: {e}", dir.display()))?
    {
        let path = entry?.path();
        if path.join("target.json").is_file() {
            found.push(path);
        } else if path.is_dir() {
            find_issues(&path, found)?;
        }
    }
    Ok(())
}

/// The issue's id: its folder relative to `dir`.
pub(crate) fn id(dir: &Path, issue: &Path) -> Result<String> {
    Ok(issue
        .strip_prefix(dir)?
        .to_string_lossy()
        .replace('\\', "/"))
}

/// The first part of the issue's id.
pub(crate) fn regime(dir: &Path, issue: &Path) -> Result<String> {
    Ok(id(dir, issue)?
        .split('/')
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// The case of one issue.
pub(crate) fn read(root: &Path, issue: &Path) -> Result<Case> {
    let Issue { target } = serde_json::from_slice(&fs::read(issue.join("target.json"))?)?;
    let regime = root.join(regime(root, issue)?);
    let incident = columns(&issue.join("metrics.csv"))?;
    let usual = regime.join("noissue/metrics.csv");
    let normal = if usual.is_file() {
        columns(&usual)?
    } else {
        Columns::new()
    };
    let edges = edges(&regime.join("graph.csv"))?;
    let mut case =
        assemble(&incident, &normal, &edges, &target.node).ok_or("an issue without rows")?;
    case.symptom.indicator = indicator(&target.metric, &target.agg).ok_or("an unknown symptom")?;
    case.symptom.at = Timestamp::from_ms((target.timestamp * 1000.0) as i64);
    Ok(case)
}

/// A case with the symptom's component; its indicator and instant are filled in by the caller.
pub(crate) fn assemble(
    incident: &Columns,
    normal: &Columns,
    edges: &[(String, String)],
    symptom: &str,
) -> Option<Case> {
    let mut names: Vec<String> = incident
        .keys()
        .map(|(name, _)| name.clone())
        .chain(edges.iter().flat_map(|(a, b)| [a.clone(), b.clone()]))
        .chain([symptom.to_owned()])
        .collect();
    names.sort();
    names.dedup();
    let place = |name: &str| names.binary_search_by(|n| n.as_str().cmp(name));
    let call = |(from, to): &(String, String)| {
        Some(Call {
            from: place(from).ok()?,
            to: place(to).ok()?,
        })
    };
    let window = spanned(incident)?;
    Some(Case {
        components: names
            .iter()
            .map(|name| component(name, incident, normal))
            .collect(),
        calls: edges.iter().filter_map(call).collect(),
        normal: spanned(normal),
        incident: window,
        symptom: Symptom {
            component: place(symptom).ok()?,
            indicator: Indicator::Requests,
            at: window.from,
        },
    })
}

fn component(name: &str, incident: &Columns, normal: &Columns) -> Component {
    let mut series: BTreeMap<Indicator, Vec<Point>> = BTreeMap::new();
    for columns in [normal, incident] {
        for ((of, indicator), points) in columns {
            if of == name {
                series.entry(*indicator).or_default().extend(points);
            }
        }
    }
    let series = series
        .into_iter()
        .map(|(indicator, mut points)| {
            points.sort_by_key(|p| p.at);
            Series {
                indicator,
                points,
                source: "metrics.csv".to_owned(),
            }
        })
        .collect();
    Component {
        name: name.to_owned(),
        kind: Kind::Unknown,
        series,
        ..Component::default()
    }
}

fn indicator(metric: &str, statistic: &str) -> Option<Indicator> {
    let statistic = match statistic {
        "p50" => Statistic::P50,
        "p90" => Statistic::P90,
        "p95" => Statistic::P95,
        "p99" => Statistic::P99,
        _ => Statistic::Average,
    };
    match metric {
        "latency" => Some(Indicator::Latency(statistic)),
        "requests" => Some(Indicator::Requests),
        "availability" => Some(Indicator::Availability),
        _ => None,
    }
}

fn spanned(columns: &Columns) -> Option<Window> {
    let instants = || columns.values().flatten().map(|p| p.at.as_ms());
    let (first, last) = (instants().min()?, instants().max()?);
    Some(Window::new(
        Timestamp::from_ms(first),
        Timestamp::from_ms(last + 1),
    ))
}

fn lines(path: &Path) -> Result<Vec<Vec<String>>> {
    let text = fs::read_to_string(path)
        .map_err(|e| format!("failed to read `{}`: {e}", path.display()))?;
    if text.contains('"') {
        return Err(format!("quoted fields in `{}` are not read", path.display()).into());
    }
    Ok(text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect())
}

pub(crate) fn columns(path: &Path) -> Result<Columns> {
    let lines = lines(path)?;
    let [names, metrics, statistics, _, rows @ ..] = lines.as_slice() else {
        return Err(format!("`{}` has no rows", path.display()).into());
    };
    let mut columns = Columns::new();
    for row in rows {
        let Some(at) = row.first().and_then(|at| at.parse::<f64>().ok()) else {
            continue;
        };
        let at = Timestamp::from_ms((at * 1000.0) as i64);
        for (i, cell) in row.iter().enumerate().skip(1) {
            let (Some(name), Some(metric), Some(statistic)) =
                (names.get(i), metrics.get(i), statistics.get(i))
            else {
                continue;
            };
            let (Some(indicator), Ok(value)) = (indicator(metric, statistic), cell.parse::<f64>())
            else {
                continue;
            };
            // Seconds in the files, milliseconds here.
            let value = if metric == "latency" {
                value * 1000.0
            } else {
                value
            };
            columns
                .entry((name.clone(), indicator))
                .or_default()
                .push(Point { at, value });
        }
    }
    Ok(columns)
}

pub(crate) fn edges(path: &Path) -> Result<Vec<(String, String)>> {
    let lines = lines(path)?;
    let [names, rows @ ..] = lines.as_slice() else {
        return Err(format!("`{}` is empty", path.display()).into());
    };
    let mut edges = Vec::new();
    for row in rows {
        for (i, cell) in row.iter().enumerate().skip(1) {
            if cell.parse::<f64>().is_ok_and(|c| c != 0.0)
                && let (Some(from), Some(to)) = (row.first(), names.get(i))
            {
                edges.push((from.clone(), to.clone()));
            }
        }
    }
    Ok(edges)
}
