//! Recent failures per subject, bounded in subjects and in failures per subject. Knows no clock: the start of the
//! window comes with each failure.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

/// One failed login, seen from one subject.
pub(crate) struct Failure {
    at_ms: i64,
    /// Hash of who was on the other side (the user for a client, the client for a user), if known. A hash is enough
    /// to count different ones and keeps a hostile token's length out of the state.
    other: Option<u64>,
}

impl Failure {
    pub(crate) fn new(at_ms: i64, other: Option<&str>) -> Self {
        let hash = |token: &str| {
            let mut hasher = DefaultHasher::new();
            token.hash(&mut hasher);
            hasher.finish()
        };
        Self {
            at_ms,
            other: other.map(hash),
        }
    }
}

/// Figures of a burst at the moment it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Burst {
    /// First failure that counts.
    pub(crate) from_ms: i64,
    /// The failure that crossed the threshold.
    pub(crate) to_ms: i64,
    /// Failures in the window (at most the number kept).
    pub(crate) failures: usize,
    /// Different ones on the other side.
    pub(crate) others: usize,
}

/// What one failure crossed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Crossed {
    /// The threshold of failures.
    pub(crate) failures: Option<Burst>,
    /// The threshold of different users.
    pub(crate) users: Option<Burst>,
}

#[derive(Default)]
struct Subject {
    recent: VecDeque<Failure>,
    failures_raised: bool,
    users_raised: bool,
}

/// Recent failures per token.
pub(crate) struct Tracker {
    subjects: BTreeMap<String, Subject>,
    failures: usize,
    users: Option<usize>,
    kept: usize,
    max_tracked: usize,
}

impl Tracker {
    /// Crossed at `failures` in the window, and at `users` different others if that is given.
    pub(crate) fn new(failures: usize, users: Option<usize>, max_tracked: usize) -> Self {
        let kept = failures.max(users.map_or(0, |u| u * 2));
        Self {
            subjects: BTreeMap::new(),
            failures,
            users,
            kept,
            max_tracked,
        }
    }

    /// Adds a failure of `token`; failures before `from_ms` no longer count.
    pub(crate) fn record(&mut self, token: &str, failure: Failure, from_ms: i64) -> Crossed {
        if !self.subjects.contains_key(token) {
            self.make_room(from_ms);
        }
        let (at_ms, threshold, users) = (failure.at_ms, self.failures, self.users);
        let subject = self.subjects.entry(token.to_owned()).or_default();
        subject.recent.retain(|f| f.at_ms > from_ms);
        let before = subject.burst(at_ms);
        subject.failures_raised &= before.failures * 2 >= threshold;
        subject.users_raised &= users.is_some_and(|u| before.others * 2 >= u);
        if subject.recent.len() == self.kept {
            subject.recent.pop_front();
        }
        subject.recent.push_back(failure);
        let now = subject.burst(at_ms);
        let mut crossed = Crossed::default();
        if now.failures >= threshold && !subject.failures_raised {
            subject.failures_raised = true;
            crossed.failures = Some(now);
        }
        if users.is_some_and(|u| now.others >= u) && !subject.users_raised {
            subject.users_raised = true;
            crossed.users = Some(now);
        }
        crossed
    }

    /// Forgets, when full, every subject without a failure in the window, and then the quarter that matters least:
    /// fewest failures first, then the oldest.
    fn make_room(&mut self, from_ms: i64) {
        if self.subjects.len() < self.max_tracked {
            return;
        }
        self.subjects.retain(|_, s| s.last_ms() > from_ms);
        let keep = self.max_tracked - self.max_tracked / 4;
        if self.subjects.len() <= keep {
            return;
        }
        let mut weights: Vec<_> = self.subjects.values().map(Subject::weight).collect();
        let least = weights.len() - keep;
        let (_, &mut limit, _) = weights.select_nth_unstable(least);
        let mut surplus = self.subjects.len() - keep;
        self.subjects.retain(|_, subject| {
            let goes = surplus > 0 && subject.weight() <= limit;
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// How many subjects are remembered.
    #[cfg(test)]
    pub(crate) fn tracked(&self) -> usize {
        self.subjects.len()
    }
}

impl Subject {
    fn last_ms(&self) -> i64 {
        self.recent.back().map_or(i64::MIN, |f| f.at_ms)
    }

    fn weight(&self) -> (usize, i64) {
        (self.recent.len(), self.last_ms())
    }

    fn burst(&self, to_ms: i64) -> Burst {
        let others: BTreeSet<u64> = self.recent.iter().filter_map(|f| f.other).collect();
        Burst {
            from_ms: self.recent.front().map_or(to_ms, |f| f.at_ms),
            to_ms,
            failures: self.recent.len(),
            others: others.len(),
        }
    }
}
