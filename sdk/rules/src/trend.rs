//! The line through the latest points of a noisy figure, and when it will reach a limit.

use std::collections::VecDeque;

/// The latest points, at most `most`.
#[derive(Debug, Clone)]
pub struct Trend {
    points: VecDeque<(f64, f64)>,
    most: usize,
}

/// A line and how well the points keep to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Change of the figure per unit of time.
    pub slope: f64,
    /// Where the line is at the last point.
    pub level: f64,
    /// Share of pairs of points between which the figure rose, 0 to 1.
    pub rising: f64,
}

impl Line {
    /// Time after the last point at which the line reaches `limit`; none if it never will.
    #[must_use]
    pub fn reaches(&self, limit: f64) -> Option<f64> {
        if self.level >= limit {
            return Some(0.0);
        }
        (self.slope > 0.0).then(|| (limit - self.level) / self.slope)
    }
}

impl Trend {
    /// Keeps the latest `most` points, 120 at most: the line costs the square of it.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            points: VecDeque::new(),
            most: most.clamp(3, 120),
        }
    }

    /// Adds a point. One that is not later than the last, or not finite, is ignored.
    pub fn add(&mut self, time: f64, value: f64) {
        let later = self.points.back().is_none_or(|(last, _)| time > *last);
        if !later || !time.is_finite() || !value.is_finite() {
            return;
        }
        if self.points.len() >= self.most {
            self.points.pop_front();
        }
        self.points.push_back((time, value));
    }

    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Forgets everything: the process behind the figure was restarted.
    pub fn clear(&mut self) {
        self.points.clear();
    }

    /// The last value.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.points.back().map(|(_, value)| *value)
    }

    /// Time from the first point to the last.
    #[must_use]
    pub fn span(&self) -> f64 {
        match (self.points.front(), self.points.back()) {
            (Some((first, _)), Some((last, _))) => last - first,
            _ => 0.0,
        }
    }

    /// The median of the slopes between all pairs (Theil and Sen), through the median of what it leaves over. None
    /// with fewer than three points.
    #[must_use]
    pub fn line(&self) -> Option<Line> {
        if self.points.len() < 3 {
            return None;
        }
        let pairs = || {
            self.points
                .iter()
                .enumerate()
                .flat_map(|(i, a)| self.points.iter().skip(i + 1).map(move |b| (a, b)))
        };
        let slopes = pairs().map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
        let slope = median(slopes)?;
        let (last, _) = self.points.back()?;
        let levels = self.points.iter().map(|(t, v)| v + slope * (last - t));
        let (mut rose, mut all) = (0_u32, 0_u32);
        for (a, b) in pairs() {
            rose += u32::from(b.1 > a.1);
            all += 1;
        }
        Some(Line {
            slope,
            level: median(levels.collect())?,
            rising: f64::from(rose) / f64::from(all.max(1)),
        })
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let (_, median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wild_point_does_not_turn_the_line() {
        let mut trend = Trend::new(60);
        for minute in 0..60 {
            let wild = if minute % 13 == 7 { -30.0 } else { 0.0 };
            trend.add(f64::from(minute), 40.0 + 0.5 * f64::from(minute) + wild);
        }
        let line = trend.line().unwrap();
        assert!((line.slope - 0.5).abs() < 0.05, "{line:?}");
        assert!(
            (line.reaches(100.0).unwrap() - 61.0).abs() < 5.0,
            "{line:?}"
        );
        assert!(line.rising > 0.8, "{line:?}");
    }

    #[test]
    fn a_saw_has_no_slope_and_few_points_have_no_line() {
        let mut saw = Trend::new(100);
        for minute in 0..100 {
            saw.add(f64::from(minute), 40.0 + f64::from(minute % 10) * 3.0);
        }
        let line = saw.line().unwrap();
        assert!(line.slope < 0.1, "{line:?}");
        assert_eq!(Trend::new(5).line(), None);
    }

    #[test]
    fn points_are_bounded_and_time_only_goes_on() {
        let mut trend = Trend::new(3);
        for (time, value) in [
            (1.0, 1.0),
            (2.0, 2.0),
            (2.0, 9.0),
            (1.5, 9.0),
            (3.0, f64::NAN),
        ] {
            trend.add(time, value);
        }
        assert_eq!(
            (trend.len(), trend.last(), trend.span()),
            (2, Some(2.0), 1.0)
        );
        trend.add(4.0, 4.0);
        trend.add(5.0, 5.0);
        assert_eq!((trend.len(), trend.span()), (3, 3.0));
        let line = trend.line().unwrap();
        assert_eq!((line.slope, line.level), (1.0, 5.0));
        assert_eq!(line.reaches(4.5), Some(0.0));
        trend.clear();
        assert!(trend.is_empty());
    }
}
