//! Who calls whom, and how far everything is from the symptom.

use std::collections::VecDeque;

use super::case::Case;

/// Edges both ways, and distances along the calls.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Graph {
    callees: Vec<Vec<usize>>,
    callers: Vec<Vec<usize>>,
    distance: Vec<Option<u32>>,
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
