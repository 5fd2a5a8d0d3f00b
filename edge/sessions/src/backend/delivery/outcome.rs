//! What the replies to commands mean for their delivery: done, done but not safe, to be tried again, or nobody knows.

use std::sync::{PoisonError, atomic::Ordering::Relaxed};

use redis::{ServerError, ServerErrorKind as Kind, Value};

use super::{
    super::{config::Node, pool::Failure},
    Delivery, Fault, Round, To, Told,
};

impl Delivery {
    /// The reply of a write if enough replicas have it.
    pub(super) fn acknowledged(&self, value: Value, replicas: &Value) -> Told {
        let wanted = i64::from(self.config.wait_replicas);
        if matches!(value, Value::ServerError(_)) {
            return Ok(value);
        }
        let why = match replicas {
            Value::Int(have) if *have >= wanted => return Ok(value),
            Value::Int(have) => format!(
                "{have} of {wanted} replicas had this write within {} ms",
                self.config.wait_timeout.as_millis()
            ),
            _ => "the backend does not know WAIT, hint: wait_replicas = 0".to_owned(),
        };
        self.tally.unreplicated.fetch_add(1, Relaxed);
        Err(Fault {
            text: format!("NOREPLICAS {why}, it may be undone if the primary fails"),
            unknown: true,
        })
    }

    /// Sorts replies into those that are final and those that say to try again.
    pub(super) fn sort(&self, round: &mut Round<'_>, indexes: Vec<usize>, values: Vec<Told>) {
        for (index, told) in indexes.into_iter().zip(values) {
            round.asked.remove(&index);
            let fixed = round
                .parcels
                .get(index)
                .is_some_and(|parcel| matches!(parcel.to, To::Node(_)));
            match told {
                Ok(Value::ServerError(error))
                    if !fixed && self.must_retry(&error, index, round) =>
                {
                    round.why = text(&error);
                    round.last.insert(index, error);
                    round.open.push(index);
                }
                told => {
                    round.last.remove(&index);
                    if let Some(place) = round.told.get_mut(index) {
                        *place = Some(told);
                    }
                }
            }
        }
    }

    /// Whether an error says that the command was not done and may be elsewhere or later.
    fn must_retry(&self, error: &ServerError, index: usize, round: &mut Round<'_>) -> bool {
        match error.kind() {
            Some(Kind::Moved) => {
                if let Some((slot, node)) = redirection(error) {
                    let mut topology = self
                        .topology
                        .write()
                        .unwrap_or_else(PoisonError::into_inner);
                    topology.moved(slot, node);
                } else {
                    round.wait = true;
                }
            }
            Some(Kind::Ask) => match redirection(error) {
                Some((_, node)) => drop(round.asked.insert(index, node)),
                None => round.wait = true,
            },
            Some(
                Kind::TryAgain
                | Kind::ClusterDown
                | Kind::BusyLoading
                | Kind::MasterDown
                | Kind::ReadOnly,
            ) => round.wait = true,
            _ => return false,
        }
        true
    }

    /// Takes note that a node gave no replies.
    pub(super) fn fail(&self, round: &mut Round<'_>, indexes: Vec<usize>, failure: Failure) {
        round.wait = true;
        let (why, sent) = match failure {
            Failure::NotSent(why) => (why, false),
            Failure::Lost(why) => (why, true),
        };
        for index in indexes {
            round.asked.remove(&index);
            let parcel = round.parcels.get(index);
            let again = !sent || parcel.is_some_and(|parcel| parcel.reads);
            if again && parcel.is_some_and(|parcel| matches!(parcel.to, To::Slot(_))) {
                round.open.push(index);
            } else if let Some(place) = round.told.get_mut(index) {
                self.tally.failed.fetch_add(1, Relaxed);
                *place = Some(Err(Fault {
                    text: format!(
                        "ERR the connection to the session backend broke: {why}, the command may have been \
                         done, hint: try again"
                    ),
                    unknown: sent,
                }));
            }
        }
        round.why = why;
    }
}

/// Reads `MOVED slot host:port` and its like.
fn redirection(error: &ServerError) -> Option<(u16, Node)> {
    let (slot, node) = error.details()?.split_once(' ')?;
    Some((slot.parse().ok()?, node.parse().ok()?))
}

/// An error as Redis wrote it.
pub(in crate::backend) fn text(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}
