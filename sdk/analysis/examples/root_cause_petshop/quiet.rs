//! How often something is found where nothing is.

use std::{
    collections::BTreeSet,
    io::Write,
    path::{Path, PathBuf},
};

use bongsu_sdk_analysis::cause::{Case, Indicator, Verdict, diagnose};
use bongsu_sdk_model::{Timestamp, Window};

use crate::{
    Result,
    read::{self, Columns},
};

/// Rows of an issue, taken from the normal period itself.
const ROWS: usize = 5;
/// Rows on either side that belong neither to the issue nor to what is normal for it.
const APART: usize = 12;

/// Every fifth row of each normal period as if there had been an alarm, with the symptoms of the issues; the
/// longer rest of the period is the normal one.
pub(crate) fn false_alarms(dir: &Path, issues: &[PathBuf], out: &mut impl Write) -> Result<()> {
    for (regime, name, indicator) in asked(dir, issues)? {
        let usual = dir.join(&regime).join("noissue/metrics.csv");
        if !usual.is_file() {
            continue;
        }
        let columns = read::columns(&usual)?;
        let edges = read::edges(&dir.join(&regime).join("graph.csv"))?;
        let Some(mut case) = read::assemble(&columns, &Columns::new(), &edges, &name) else {
            continue;
        };
        case.symptom.indicator = indicator;
        let mut instants: Vec<_> = columns.values().flatten().map(|p| p.at).collect();
        instants.sort_unstable();
        instants.dedup();
        let (mut windows, mut found) = (0, 0);
        for start in (0..instants.len().saturating_sub(ROWS)).step_by(ROWS) {
            pretend(&mut case, &instants, start);
            windows += 1;
            found += u32::from(diagnose(&case).verdict == Verdict::Explained);
        }
        let symptom = format!("{indicator:?}");
        writeln!(
            out,
            "{:<20} {symptom:<20} {windows:>4} quiet windows, {found:>3} stand out",
            regime
        )?;
    }
    Ok(())
}

fn asked(dir: &Path, issues: &[PathBuf]) -> Result<BTreeSet<(String, String, Indicator)>> {
    let mut asked = BTreeSet::new();
    for issue in issues {
        let case = read::read(dir, issue)?;
        let name = case.components[case.symptom.component].name.clone();
        asked.insert((read::regime(dir, issue)?, name, case.symptom.indicator));
    }
    Ok(asked)
}

fn pretend(case: &mut Case, instants: &[Timestamp], start: usize) {
    let last = instants.len() - 1;
    let before = Window::new(instants[0], instants[start.saturating_sub(APART)]);
    let after = Window::new(instants[(start + ROWS + APART).min(last)], instants[last]);
    case.normal = Some(if before.width() > after.width() {
        before
    } else {
        after
    });
    case.incident = Window::new(instants[start], instants[start + ROWS]);
    case.symptom.at = instants[start + 2];
}
