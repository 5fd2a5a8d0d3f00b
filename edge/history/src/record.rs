//! What one record of the journal says: everything that was accepted together, masked, with the findings and
//! the positions that belong to it.
//!
//! Byte form: a version byte (1), then the `postcard` encoding.

use std::collections::BTreeMap;

use bongsu_sdk_model::{AppId, Finding, GaugeKind, InstanceId, SessionEventKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Facts, HistoryError, Masked, Span,
    columns::{self, Details, Points},
};

const VERSION: u8 = 1;

/// Everything accepted together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    /// When it was accepted: decides what was too late.
    pub now: Timestamp,
    /// Masked transactions.
    pub transactions: Vec<Masked>,
    /// Samples of levels.
    pub samples: Vec<Sample>,
    /// Events of the session store.
    pub events: Vec<(SessionEventKind, Timestamp)>,
    /// What the detectors found.
    pub findings: Vec<Finding>,
    /// How far logs are read, opaque here.
    pub positions: BTreeMap<String, Vec<u8>>,
    /// New entries of the vault, sealed.
    pub secrets: Vec<(u64, Vec<u8>)>,
    /// Statements, errors, deployments.
    pub facts: Facts,
    /// Spans.
    pub spans: Vec<Span>,
}

/// One sample of a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Of which copy of which application; none: of the whole site.
    pub of: Option<(AppId, InstanceId)>,
    /// Which level.
    pub kind: GaugeKind,
    /// Its value.
    pub value: f64,
    /// When.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Content {
    now: Timestamp,
    points: Points,
    details: Details,
    samples: Vec<Sample>,
    events: Vec<(SessionEventKind, Timestamp)>,
    findings: Vec<Finding>,
    positions: BTreeMap<String, Vec<u8>>,
    secrets: Vec<(u64, Vec<u8>)>,
    facts: Facts,
    spans: Vec<Span>,
}

impl Record {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty()
            && self.samples.is_empty()
            && self.events.is_empty()
            && self.findings.is_empty()
            && self.positions.is_empty()
            && self.secrets.is_empty()
            && self.facts.is_empty()
            && self.spans.is_empty()
    }

    /// The byte form.
    ///
    /// # Errors
    /// [`HistoryError::Damaged`] if it cannot be written.
    pub fn encode(&self) -> Result<Vec<u8>, HistoryError> {
        let (points, details) = columns::of(&self.transactions);
        let content = Content {
            now: self.now,
            points,
            details,
            samples: self.samples.clone(),
            events: self.events.clone(),
            findings: self.findings.clone(),
            positions: self.positions.clone(),
            secrets: self.secrets.clone(),
            facts: self.facts.clone(),
            spans: self.spans.clone(),
        };
        postcard::to_extend(&content, vec![VERSION]).map_err(|error| damaged(&error.to_string()))
    }

    /// Reads the byte form.
    ///
    /// # Errors
    /// [`HistoryError::Damaged`] if the bytes are no record.
    pub fn decode(bytes: &[u8]) -> Result<Self, HistoryError> {
        let Some((&VERSION, rest)) = bytes.split_first() else {
            return Err(damaged("not of this version, hint: upgrade this program"));
        };
        let content: Content =
            postcard::from_bytes(rest).map_err(|error| damaged(&error.to_string()))?;
        let transactions = columns::rows(&content.points, &content.details)
            .ok_or_else(|| damaged("its columns do not fit together"))?;
        Ok(Self {
            now: content.now,
            transactions,
            samples: content.samples,
            events: content.events,
            findings: content.findings,
            positions: content.positions,
            secrets: content.secrets,
            facts: content.facts,
            spans: content.spans,
        })
    }
}

fn damaged(why: &str) -> HistoryError {
    HistoryError::Damaged(format!("a journal record: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::tests::row;

    #[test]
    fn a_record_comes_back_and_damage_is_refused() {
        let record = Record {
            now: Timestamp::from_ms(7),
            transactions: (0..9).map(|n| row(n * 100, n)).collect(),
            samples: vec![Sample {
                of: Some((AppId::new("a").unwrap(), InstanceId::new("i").unwrap())),
                kind: GaugeKind::Cpu,
                value: 12.5,
                at: Timestamp::from_ms(3),
            }],
            events: vec![(SessionEventKind::Created, Timestamp::from_ms(4))],
            findings: Vec::new(),
            positions: [("/var/log/a.log".to_owned(), vec![1, 2])].into(),
            secrets: vec![(9, vec![4; 20])],
            facts: Facts::default(),
            spans: Vec::new(),
        };
        let bytes = record.encode().unwrap();
        assert_eq!(Record::decode(&bytes).unwrap(), record);
        for cut in 0..bytes.len() {
            assert!(Record::decode(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(Record::default().is_empty() && !record.is_empty());
    }
}
