//! What was found, and which of two findings that overlap is believed.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

/// What a stretch of text is. The order is the order of belief when two have the same [`Trust`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Token,
    Password,
    Email,
    Rrn,
    Card,
    DriverLicense,
    Account,
    Phone,
    Passport,
    Plate,
    Geo,
    Ip,
    Birthdate,
    Address,
    Name,
    UserId,
}

impl Kind {
    /// The word in edits.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Token | Self::Password => "token",
            Self::Email => "email",
            Self::Rrn => "rrn",
            Self::Card => "card",
            Self::DriverLicense => "driver_license",
            Self::Account => "account",
            Self::Phone => "phone",
            Self::Passport => "passport",
            Self::Plate => "plate",
            Self::Geo => "geo",
            Self::Ip => "ip",
            Self::Birthdate => "birthdate",
            Self::Address => "address",
            Self::Name => "name",
            Self::UserId => "user_id",
        }
    }
}

/// Why something is believed to be what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// It stands where the text says such a thing stands.
    Labelled,
    /// It looks like nothing else.
    Shape,
    /// It looks like it, and its surroundings suggest it.
    Context,
}

/// A finding, in characters of the decoded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) kind: Kind,
    pub(crate) trust: Trust,
    pub(crate) range: Range<usize>,
}

impl Hit {
    pub(crate) fn new(kind: Kind, trust: Trust, range: Range<usize>) -> Self {
        Self { kind, trust, range }
    }
}

/// Keeps the findings that are believed, in order of place, without overlaps.
pub(crate) fn settle(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.trust, hit.kind, hit.range.start, Reverse(hit.range.end)));
    let mut kept: BTreeMap<usize, Hit> = BTreeMap::new();
    for hit in hits {
        let nearest = kept.range(..hit.range.end).next_back();
        let free = nearest.is_none_or(|(_, before)| before.range.end <= hit.range.start);
        if hit.range.start < hit.range.end && free {
            kept.insert(hit.range.start, hit);
        }
    }
    kept.into_values().collect()
}
