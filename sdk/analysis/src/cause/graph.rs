//! Who calls whom, and how far everything is from the symptom.

use std::collections::VecDeque;

use super::case::Case;

/// Edges both ways, and distances along the calls.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Graph {
    callees: Vec<Vec<usize>>,
    callers: Vec<Vec<usize>>,
    distance: Vec<Option<u32>>,
    circle: Vec<usize>,
}

impl Graph {
    /// Of `case`; calls to oneself, twice the same, or out of range do not count.
    pub(super) fn of(case: &Case) -> Self {
        let size = case.components.len();
        let mut calls: Vec<_> = case
            .calls
            .iter()
            .filter(|c| c.from != c.to && c.from < size && c.to < size)
            .map(|c| (c.from, c.to))
            .collect();
        calls.sort_unstable();
        calls.dedup();
        let mut graph = Self {
            callees: vec![Vec::new(); size],
            callers: vec![Vec::new(); size],
            distance: vec![None; size],
            circle: (0..size).collect(),
        };
        for (from, to) in calls {
            if let Some(callees) = graph.callees.get_mut(from) {
                callees.push(to);
            }
            if let Some(callers) = graph.callers.get_mut(to) {
                callers.push(from);
            }
        }
        graph.walk(case.symptom.component);
        graph.find_circles();
        graph
    }

    fn walk(&mut self, start: usize) {
        let mut waiting = VecDeque::from([(start, 0)]);
        while let Some((at, steps)) = waiting.pop_front() {
            match self.distance.get_mut(at) {
                Some(distance @ None) => *distance = Some(steps),
                _ => continue,
            }
            waiting.extend(self.callees(at).iter().map(|to| (*to, steps + 1)));
        }
    }

    /// Kosaraju's algorithm without recursion: in reverse order of finishing, whoever is reached against the
    /// calls is in the same circle.
    fn find_circles(&mut self) {
        let mut placed = vec![false; self.callees.len()];
        for start in self.finished().into_iter().rev() {
            let mut waiting = vec![start];
            while let Some(at) = waiting.pop() {
                if let Some(seen @ false) = placed.get_mut(at) {
                    *seen = true;
                    waiting.extend(self.callers(at));
                    if let Some(circle) = self.circle.get_mut(at) {
                        *circle = start;
                    }
                }
            }
        }
    }

    /// Components in the order a walk along the calls leaves them.
    fn finished(&self) -> Vec<usize> {
        let mut entered = vec![false; self.callees.len()];
        let mut order = Vec::with_capacity(entered.len());
        for start in 0..self.callees.len() {
            let mut waiting = vec![(start, false)];
            while let Some((at, left)) = waiting.pop() {
                if left {
                    order.push(at);
                } else if let Some(seen @ false) = entered.get_mut(at) {
                    *seen = true;
                    waiting.push((at, true));
                    waiting.extend(self.callees(at).iter().map(|to| (*to, false)));
                }
            }
        }
        order
    }

    /// Whether `a` and `b` call each other, directly or by others: then neither excuses the other.
    pub(super) fn in_circle(&self, a: usize, b: usize) -> bool {
        self.circle.get(a) == self.circle.get(b)
    }

    /// What `component` calls.
    pub(super) fn callees(&self, component: usize) -> &[usize] {
        self.callees.get(component).map_or(&[], Vec::as_slice)
    }

    /// Who calls `component`.
    pub(super) fn callers(&self, component: usize) -> &[usize] {
        self.callers.get(component).map_or(&[], Vec::as_slice)
    }

    /// Calls between the symptom and `component`; `None` where the symptom does not reach it.
    pub(super) fn distance(&self, component: usize) -> Option<u32> {
        self.distance.get(component).copied().flatten()
    }

    /// Whether the symptom's component calls anything at all.
    pub(super) fn is_known(&self, symptom: usize) -> bool {
        !self.callees(symptom).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::{Call, Component, Indicator, Symptom};
    use bongsu_sdk_model::{Timestamp, Window};

    fn graph(size: usize, calls: &[(usize, usize)]) -> Graph {
        let at = Timestamp::from_ms(0);
        Graph::of(&Case {
            components: vec![Component::default(); size],
            calls: calls
                .iter()
                .map(|(from, to)| Call {
                    from: *from,
                    to: *to,
                })
                .collect(),
            normal: None,
            incident: Window::new(at, at),
            symptom: Symptom {
                component: 0,
                indicator: Indicator::Requests,
                at,
            },
        })
    }

    #[test]
    fn distances_follow_the_calls() {
        let graph = graph(5, &[(0, 1), (1, 2), (0, 2), (3, 0), (2, 2), (2, 9)]);
        let distances: Vec<_> = (0..6).map(|c| graph.distance(c)).collect();
        assert_eq!(distances, [Some(0), Some(1), Some(1), None, None, None]);
        assert_eq!(graph.callees(2), [0; 0]);
    }

    #[test]
    fn circles_are_those_who_reach_each_other() {
        let graph = graph(6, &[(0, 1), (1, 2), (2, 3), (3, 1), (3, 4), (5, 4)]);
        assert!(graph.in_circle(1, 2) && graph.in_circle(3, 1));
        for (a, b) in [(0, 1), (3, 4), (4, 5), (0, 5)] {
            assert!(!graph.in_circle(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_very_long_chain_needs_no_deep_stack() {
        let calls: Vec<_> = (0..50_000).map(|i| (i, i + 1)).collect();
        assert_eq!(graph(50_001, &calls).distance(50_000), Some(50_000));
    }
}
