//! What is added up over the requests and sessions of an interval.

use serde::{Deserialize, Serialize};

use crate::{LoginOutcome, Transaction};

/// Sums over one scope and interval. Adding two gives the sums over both; order does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Requests that ended here.
    pub requests: u64,
    /// Server errors (status ≥ 500 or span status ERROR).
    pub errors: u64,
    /// Client errors (status 4xx).
    pub client_errors: u64,
    /// Response body bytes.
    pub response_bytes: u64,
    /// Sum of durations, microseconds.
    pub duration_us: u64,
    /// Sum of time in databases, microseconds.
    pub sql_us: u64,
    /// Sum of time in other services, microseconds.
    pub external_us: u64,
    /// Logins that succeeded.
    pub logins: u64,
    /// Logins that failed.
    pub logins_failed: u64,
    /// Requests that took at most T (1 s): APDEX satisfied.
    pub satisfied: u64,
    /// Requests that took more than T and at most 4 T: APDEX tolerating.
    pub tolerating: u64,
    /// Sessions created in the session store.
    pub sessions_created: u64,
    /// Sessions ended by a client.
    pub sessions_destroyed: u64,
    /// Sessions ended by time.
    pub sessions_expired: u64,
    /// Sessions refused by policy.
    pub sessions_rejected: u64,
    /// Transactions that came after the lateness limit and are in no other figure.
    pub late_dropped: u64,
}

impl Counters {
    /// APDEX threshold T in microseconds, unless an application sets its own.
    pub const APDEX_T_US: u64 = 1_000_000;

    /// Counts one finished request.
    pub fn add_transaction(&mut self, t: &Transaction) {
        self.requests += 1;
        self.errors += u64::from(t.is_error());
        self.client_errors += u64::from(t.is_client_error());
        self.response_bytes = self.response_bytes.saturating_add(t.response_bytes);
        self.duration_us = self.duration_us.saturating_add(t.duration_us);
        self.sql_us = self.sql_us.saturating_add(t.sql_us);
        self.external_us = self.external_us.saturating_add(t.external_us);
        self.logins += u64::from(t.login == Some(LoginOutcome::Succeeded));
        self.logins_failed += u64::from(t.login == Some(LoginOutcome::Failed));
        // APDEX counts a failed request as frustrated, whatever its duration.
        if !t.is_error() {
            self.satisfied += u64::from(t.duration_us <= Self::APDEX_T_US);
            self.tolerating += u64::from(
                t.duration_us > Self::APDEX_T_US && t.duration_us <= 4 * Self::APDEX_T_US,
            );
        }
    }

    /// Adds the sums of another scope or interval.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.fields_mut().into_iter().zip(other.fields()) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Every field, in the order of their declaration.
    #[must_use]
    pub const fn fields(&self) -> [u64; 16] {
        [
            self.requests,
            self.errors,
            self.client_errors,
            self.response_bytes,
            self.duration_us,
            self.sql_us,
            self.external_us,
            self.logins,
            self.logins_failed,
            self.satisfied,
            self.tolerating,
            self.sessions_created,
            self.sessions_destroyed,
            self.sessions_expired,
            self.sessions_rejected,
            self.late_dropped,
        ]
    }

    /// Every field, in the order of their declaration, to set.
    pub const fn fields_mut(&mut self) -> [&mut u64; 16] {
        [
            &mut self.requests,
            &mut self.errors,
            &mut self.client_errors,
            &mut self.response_bytes,
            &mut self.duration_us,
            &mut self.sql_us,
            &mut self.external_us,
            &mut self.logins,
            &mut self.logins_failed,
            &mut self.satisfied,
            &mut self.tolerating,
            &mut self.sessions_created,
            &mut self.sessions_destroyed,
            &mut self.sessions_expired,
            &mut self.sessions_rejected,
            &mut self.late_dropped,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_reaches_every_field() {
        let mut one = Counters::default();
        for (i, field) in (1..).zip(one.fields_mut()) {
            *field = i;
        }
        let mut sum = one;
        sum.add(&one);
        assert_eq!(
            sum.fields().to_vec(),
            (1..=16).map(|i| i * 2).collect::<Vec<u64>>()
        );
    }
}
