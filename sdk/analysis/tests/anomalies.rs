//! What the detector finds, what it leaves alone, and what it survives.

#[path = "support/normal.rs"]
mod normal;

use std::time::Duration;

use bongsu_sdk_analysis::anomaly::{Anomaly, Change, Detector, Evidence, Kind, Reading, Settings};
use bongsu_sdk_model::Timestamp;
use proptest::prelude::*;

const STEP_MS: i64 = 300_000;
const DAY: usize = normal::DAY;

fn at(row: usize) -> Timestamp {
    Timestamp::from_ms(row as i64 * STEP_MS)
}

fn settings() -> Settings {
    Settings {
        utc_offset_ms: 0,
        ..Settings::every(Duration::from_secs(300))
    }
}

/// Ten days of a seasonal series, then `more` of the same changed by `change` (row since then, value).
fn watch(more: usize, change: impl Fn(usize, f64) -> Option<f64>) -> Vec<(usize, Change)> {
    let mut detector = Detector::new(settings());
    let known = 10 * DAY;
    let mut changes = Vec::new();
    for (row, value) in normal::series("seasonal", 5, known + more)
        .into_iter()
        .enumerate()
    {
        let value = if row < known {
            Some(value)
        } else {
            change(row - known, value)
        };
        let change = detector.observe(at(row), value).change;
        changes.extend(
            change
                .filter(|_| row >= known)
                .map(|change| (row - known, change)),
        );
    }
    changes
}

fn began(changes: &[(usize, Change)]) -> Vec<(usize, Anomaly)> {
    let began = changes.iter().filter_map(|(row, change)| match change {
        Change::Began(anomaly) => Some((*row, *anomaly)),
        _ => None,
    });
    began.collect()
}

fn ended(changes: &[(usize, Change)]) -> Option<Anomaly> {
    changes.iter().find_map(|(_, change)| match change {
        Change::Ended(anomaly) => Some(*anomaly),
        _ => None,
    })
}

#[test]
fn two_normal_days_are_left_alone() {
    assert_eq!(watch(2 * DAY, |_, value| Some(value)), []);
}

#[test]
fn a_spike_is_found_on_its_row_and_ends_when_it_is_over() {
    let changes = watch(DAY, |row, value| {
        Some(if row == 40 { value + 400.0 } else { value })
    });
    let [(row, spike)] = began(&changes)[..] else {
        panic!("{changes:?}")
    };
    assert_eq!((row, spike.kind), (40, Kind::Spike));
    assert!(spike.observed.unwrap() > spike.expected.high);
    assert!(spike.false_alarm_every >= settings().false_alarm_every);
    let end = ended(&changes).unwrap();
    assert_eq!(end.to, Some(at(10 * DAY + 41)));
}

#[test]
fn a_level_that_stays_becomes_a_shift_and_then_the_normal_one() {
    let changes = watch(3 * DAY, |row, value| {
        Some(if row >= 50 { value + 300.0 } else { value })
    });
    assert_eq!(began(&changes).first().unwrap().0, 50);
    let became = changes.iter().find_map(|(row, change)| match change {
        Change::Became(anomaly) => Some((*row, anomaly.kind)),
        _ => None,
    });
    assert_eq!(became, Some((62, Kind::LevelShift)));
    assert!(ended(&changes).is_some());
}

#[test]
fn values_that_stop_coming_are_a_dropout_after_three_steps() {
    let changes = watch(DAY, |row, value| {
        (!(30..60).contains(&row)).then_some(value)
    });
    let [(row, dropout)] = began(&changes)[..] else {
        panic!("{changes:?}")
    };
    assert_eq!(
        (row, dropout.kind, dropout.evidence),
        (32, Kind::Dropout, Evidence::Silence)
    );
    assert_eq!(dropout.from, at(10 * DAY + 30));
    assert_eq!(ended(&changes).unwrap().to, Some(at(10 * DAY + 60)));
}

#[test]
fn traffic_at_zero_in_the_middle_of_the_day_is_a_dropout() {
    let noon = DAY / 2;
    let changes = watch(DAY, |row, value| {
        Some(if (noon..noon + 20).contains(&row) {
            0.0
        } else {
            value
        })
    });
    let (row, dropout) = began(&changes)[0];
    assert_eq!((row, dropout.kind), (noon, Kind::Dropout));
}

#[test]
fn the_same_outage_is_found_again_a_week_later() {
    let noon = DAY / 2;
    let changes = watch(9 * DAY, |row, value| {
        let out = [noon, 7 * DAY + noon]
            .iter()
            .any(|from| (*from..from + 20).contains(&row));
        Some(if out { 0.0 } else { value })
    });
    let rows: Vec<usize> = began(&changes).iter().map(|(row, _)| *row).collect();
    assert!(rows.contains(&noon), "{rows:?}");
    assert!(
        rows.iter()
            .any(|row| (7 * DAY + noon..7 * DAY + noon + 20).contains(row)),
        "{rows:?}"
    );
}

#[test]
fn rows_left_out_without_a_word_are_told_when_they_are_over() {
    let mut detector = Detector::new(settings());
    for (row, value) in normal::series("gaussian", 8, 200).into_iter().enumerate() {
        detector.observe(at(row), Some(value));
    }
    let reading = detector.observe(at(230), Some(100.0));
    let Some(Change::Ended(gap)) = reading.change else {
        panic!("{reading:?}")
    };
    assert_eq!(
        (gap.kind, gap.from, gap.to),
        (Kind::Dropout, at(200), Some(at(230)))
    );
}

#[test]
fn false_alarms_are_no_more_than_stated() {
    for family in normal::FAMILIES {
        let (mut rows, mut alarms) = (0.0, 0.0);
        for seed in 100..103 {
            let mut detector = Detector::new(settings());
            for (row, value) in normal::series(family, seed, 5_000).into_iter().enumerate() {
                let reading = detector.observe(at(row), Some(value));
                if row >= 1_000 {
                    rows += 1.0;
                    alarms += f64::from(u8::from(reading.strength >= detector.threshold()));
                }
            }
        }
        let stated = rows / settings().false_alarm_every;
        // Three standard deviations of a Poisson count above what is stated.
        assert!(
            alarms <= stated + 3.0 * stated.sqrt(),
            "{family}: {alarms} of {stated}"
        );
    }
}

#[test]
fn a_stored_detector_goes_on_as_if_nothing_had_happened() {
    let values = normal::series("autocorrelated", 3, 900);
    let mut whole = Detector::new(settings());
    let mut parts = Detector::new(settings());
    for (row, value) in values.into_iter().enumerate() {
        if row % 300 == 299 {
            let stored = serde_json::to_string(&parts).unwrap();
            parts = serde_json::from_str(&stored).unwrap();
        }
        let (one, other) = (
            whole.observe(at(row), Some(value)),
            parts.observe(at(row), Some(value)),
        );
        assert!((one.strength - other.strength).abs() < 1e-6, "row {row}");
    }
}

#[test]
fn what_is_remembered_stays_bounded() {
    let mut detector = Detector::new(settings());
    let mut sizes = Vec::new();
    for (row, value) in normal::series("gaussian", 1, 12_000)
        .into_iter()
        .enumerate()
    {
        detector.observe(at(row), Some(value));
        if row % 6_000 == 5_999 {
            sizes.push(serde_json::to_vec(&detector).unwrap().len());
        }
    }
    assert!(sizes[1] < sizes[0] + sizes[0] / 10, "{sizes:?}");
    assert!(sizes[1] < 120_000, "{sizes:?}");
}

fn sound(reading: &Reading) -> bool {
    let score = reading.score();
    let band = reading.expected.is_none_or(|e| {
        e.value.is_finite() && e.low <= e.value && e.value <= e.high && e.high.is_finite()
    });
    (0.0..1.0).contains(&score) && reading.strength.is_finite() && band
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_input_makes_a_reading_that_is_not_a_number(
        rows in prop::collection::vec(
            (-3_i64..5, prop_oneof![
                any::<f64>().prop_map(Some),
                Just(Some(1.0)),
                (0_u8..4).prop_map(|n| Some(f64::from(n))),
                Just(None),
            ]),
            0..400,
        ),
    ) {
        let mut detector = Detector::new(settings());
        let mut now = 0_i64;
        for (steps, value) in rows {
            now += steps * STEP_MS;
            let reading = detector.observe(Timestamp::from_ms(now), value);
            prop_assert!(sound(&reading), "{reading:?}");
        }
    }

    #[test]
    fn a_constant_never_alarms(value in -1e12_f64..1e12, rows in 0_usize..600) {
        let mut detector = Detector::new(settings());
        for row in 0..rows {
            let reading = detector.observe(at(row), Some(value));
            prop_assert!(reading.strength == 0.0 && reading.change.is_none());
        }
    }

    #[test]
    fn repeats_and_late_rows_change_nothing(late in 0_usize..300, value in any::<f64>()) {
        let mut clean = Detector::new(settings());
        let mut disturbed = Detector::new(settings());
        for (row, v) in normal::series("counts", 2, 350).into_iter().enumerate() {
            if row > late {
                disturbed.observe(at(late), Some(value));
            }
            prop_assert_eq!(clean.observe(at(row), Some(v)), disturbed.observe(at(row), Some(v)));
        }
    }
}

#[test]
fn the_ends_of_time_and_of_numbers_are_harmless() {
    let mut detector = Detector::new(settings());
    for ms in [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX] {
        for value in [
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NAN,
            f64::MIN_POSITIVE,
        ] {
            assert!(sound(
                &detector.observe(Timestamp::from_ms(ms), Some(value))
            ));
        }
    }
}
