//! The course of the last rows, and how far it is from any course before.
//!
//! The distance is Euclidean between the last 32 values and the nearest 32 consecutive earlier ones that do
//! not overlap them. Looking is linear in what is remembered; it stops early for courses that differ.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Length of a course, rows.
const COURSE: usize = 32;
/// Rows remembered.
const ROWS: usize = 2_000;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Shape {
    rows: VecDeque<f32>,
}

impl Shape {
    pub(super) fn add(&mut self, value: f32) {
        self.rows.push_back(value);
        if self.rows.len() > ROWS {
            self.rows.pop_front();
        }
    }

    /// The last `n` values, newest first.
    pub(super) fn last(&self, n: usize) -> impl Iterator<Item = f64> + '_ {
        self.rows
            .iter()
            .rev()
            .take(n)
            .map(|value| f64::from(*value))
    }

    /// Distance of the last rows from the nearest earlier course; `None` while there are too few rows.
    pub(super) fn distance(&mut self) -> Option<f64> {
        if self.rows.len() < 3 * COURSE {
            return None;
        }
        let rows: &[f32] = self.rows.make_contiguous();
        let (earlier, course) = rows.split_at(rows.len() - COURSE);
        let mut best = f64::MAX;
        for there in earlier.windows(COURSE) {
            let mut sum = 0.0;
            // From the newest back: where courses part is usually now.
            for (a, b) in there.iter().zip(course).rev() {
                let apart = f64::from(*a) - f64::from(*b);
                sum += apart * apart;
                if sum >= best {
                    break;
                }
            }
            best = best.min(sum);
        }
        Some(best.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_that_returns_is_near_and_a_new_one_is_far() {
        let mut shape = Shape::default();
        for i in 0..400_u16 {
            shape.add(f32::from(i % 40));
        }
        assert_eq!(shape.distance(), Some(0.0));
        for _ in 0..20 {
            shape.add(20.0);
        }
        assert!(shape.distance().unwrap() > 20.0);
    }

    #[test]
    fn too_few_rows_have_no_course() {
        let mut shape = Shape::default();
        shape.add(1.0);
        assert_eq!(shape.distance(), None);
    }
}
