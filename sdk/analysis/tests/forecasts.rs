//! What a forecast says, keeps and refuses.

#[path = "support/normal.rs"]
mod normal;

use std::time::Duration;

use bongsu_sdk_analysis::{
    baseline::usual::Usual,
    calendar::Calendar,
    forecast::{Ask, Refusal, Season, Side, forecast},
};
use bongsu_sdk_model::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

const STEP: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3_600);

fn at(row: usize) -> Timestamp {
    Timestamp::from_ms(row as i64 * 300_000)
}

fn plain() -> Calendar {
    Calendar::plain(TimeZone::UTC)
}

fn ask(horizon: Duration) -> Ask {
    Ask {
        step: STEP,
        horizon,
        floor: None,
        ceiling: None,
    }
}

fn points(values: impl IntoIterator<Item = f64>) -> Vec<(Timestamp, f64)> {
    values
        .into_iter()
        .enumerate()
        .map(|(row, v)| (at(row), v))
        .collect()
}

#[test]
fn the_wave_of_the_day_is_forecast() {
    let all = normal::series("seasonal", 9, 15 * normal::DAY);
    let (past, future) = all.split_at(14 * normal::DAY);
    let made = forecast(&points(past.to_vec()), ask(24 * HOUR), &plain()).unwrap();
    assert_ne!(made.model.season, Season::None);
    assert_eq!(made.steps.len(), 96);
    let rows = made.step.as_secs() as usize / 300;
    let wrong: f64 = made
        .steps
        .iter()
        .zip(future.chunks(rows))
        .map(|(step, came)| (step.value - came.iter().sum::<f64>() / rows as f64).abs())
        .sum();
    assert!(wrong / 96.0 < 10.0, "{wrong}");
}

#[test]
fn memory_that_fills_is_said_to_cross_and_by_when() {
    // 40 % and two points an hour: 70 % after fifteen hours; at hour twelve, three hours to go.
    let leak = points(
        (0..144_u32).map(|n| 40.0 + f64::from(n) / 6.0 + f64::from(n * 7_919 % 100) / 200.0),
    );
    let made = forecast(&leak, ask(6 * HOUR), &plain()).unwrap();
    let late = made.crossing(66.0, Side::Above, 3 * HOUR);
    assert!(late.probability > 0.8, "{late:?} {:?}", made.model);
    assert!(late.likely_by.is_some());
    let never = made.crossing(95.0, Side::Above, 3 * HOUR);
    // Twelve hours hold only four independent looks six hours ahead: less cannot be claimed.
    assert!(never.probability < 0.15, "{never:?}");
}

#[test]
fn a_longer_look_and_a_lower_threshold_are_never_less_likely() {
    let made = forecast(
        &points(normal::series("autocorrelated", 4, 3_000)),
        ask(6 * HOUR),
        &plain(),
    )
    .unwrap();
    let p = |threshold, hours| {
        made.crossing(threshold, Side::Above, hours * HOUR)
            .probability
    };
    for hours in 1..6 {
        assert!(p(52.0, hours) <= p(52.0, hours + 1) + 0.02, "{hours}");
    }
    assert!(p(50.0, 3) >= p(53.0, 3) && p(53.0, 3) >= p(60.0, 3));
    let below = made.crossing(0.0, Side::Below, 3 * HOUR).probability;
    assert!(below < 0.05, "{below}");
}

#[test]
fn bounds_of_the_metric_bound_the_forecast() {
    let full = points((0..600_u32).map(|n| (f64::from(n) / 4.0).min(100.0)));
    let made = forecast(
        &full,
        Ask {
            floor: Some(0.0),
            ceiling: Some(100.0),
            ..ask(3 * HOUR)
        },
        &plain(),
    )
    .unwrap();
    for step in &made.steps {
        assert!(step.band_95.1 <= 100.0 && step.band_95.0 >= 0.0, "{step:?}");
    }
}

#[test]
fn too_little_history_is_refused_with_a_reason() {
    let refused = |points: &[(Timestamp, f64)], horizon| {
        forecast(points, ask(horizon), &plain()).unwrap_err()
    };
    assert_eq!(refused(&[], HOUR), Refusal::Empty);
    assert_eq!(refused(&[(at(0), f64::NAN)], HOUR), Refusal::Empty);
    let short = points(vec![1.0; 30]);
    assert!(matches!(
        refused(&short, 3 * HOUR),
        Refusal::TooShort { tests: 0, .. }
    ));
    assert!(matches!(
        refused(&short, Duration::ZERO),
        Refusal::Horizon { .. }
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_history_is_forecast_in_order_or_refused(
        rows in prop::collection::vec(
            (0_usize..2_000, prop_oneof![-1e9_f64..1e9, Just(0.0), Just(f64::NAN), Just(f64::INFINITY)]),
            0..300,
        ),
        hours in 1_u32..48,
        threshold in prop_oneof![-1e9_f64..1e9, Just(f64::NAN)],
    ) {
        let history: Vec<_> = rows.iter().map(|(row, v)| (at(*row), *v)).collect();
        if let Ok(made) = forecast(&history, ask(hours * HOUR), &plain()) {
            for step in &made.steps {
                let edges = [step.band_95.0, step.band_80.0, step.band_80.1, step.band_95.1];
                prop_assert!(edges.iter().all(|edge| edge.is_finite()) && edges.is_sorted());
                prop_assert!(step.value.is_finite());
            }
            for side in [Side::Above, Side::Below] {
                let p = made.crossing(threshold, side, hours * HOUR).probability;
                prop_assert!((0.0..=1.0).contains(&p), "{}", p);
            }
        }
    }

    #[test]
    fn the_usual_band_holds_its_middle_whatever_was_learnt(
        rows in prop::collection::vec((0_usize..9_000, prop_oneof![any::<f64>(), 0.0_f64..9.0]), 0..200),
        when in 0_usize..20_000,
    ) {
        let usual = Usual::learn(rows.iter().map(|(row, v)| (at(*row), v / 4.0)), plain());
        if let Some(e) = usual.at(at(when)) {
            prop_assert!(e.low <= e.value && e.value <= e.high, "{:?}", e);
            prop_assert!(e.days >= 1);
        }
    }

    #[test]
    fn the_order_of_points_does_not_matter(seed in 0_u64..50) {
        let ordered = points(normal::series("counts", seed, 700));
        let mut mixed = ordered.clone();
        fastrand::Rng::with_seed(seed).shuffle(&mut mixed);
        let one = forecast(&ordered, ask(3 * HOUR), &plain()).unwrap();
        let other = forecast(&mixed, ask(3 * HOUR), &plain()).unwrap();
        prop_assert_eq!(one.steps, other.steps);
    }
}
