//! Masked transactions as columns: what a T-map needs apart from what only a list or one transaction needs.
//!
//! Instants are differences to the row before, names and tokens are numbers into a dictionary of the block.
//! Byte form: the `postcard` encoding, within a zstd frame where it is stored for long.

use std::{collections::HashMap, hash::Hash};

use bongsu_sdk_model::{AppId, InstanceId, LoginOutcome, Timestamp, UrlTemplate};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{HistoryError, Masked, Token, masked::Who};

const ZSTD_LEVEL: i32 = 1;
/// Largest decompressed column set that is read.
const MAX_BYTES: usize = 256 << 20;

const FAILED: u8 = 1;
const LOGIN: u8 = 2;
const LOGIN_FAILED: u8 = 4;
const TRACED: u8 = 8;

/// What a T-map shows of each row.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Points {
    /// Milliseconds after the row before; the first is since the epoch.
    ended: Vec<i64>,
    pub(crate) duration_us: Vec<u64>,
    pub(crate) status: Vec<u16>,
    flags: Vec<u8>,
    pub(crate) apps: Vec<AppId>,
    pub(crate) app: Vec<u32>,
}

/// What a list or one transaction shows besides.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Details {
    /// Milliseconds between start and end, less the duration: what the clock's rounding left.
    lead: Vec<i64>,
    instances: Vec<InstanceId>,
    instance: Vec<u32>,
    urls: Vec<UrlTemplate>,
    url: Vec<u32>,
    /// Methods and targets.
    texts: Vec<String>,
    method: Vec<u32>,
    target: Vec<u32>,
    bytes: Vec<u64>,
    sql_us: Vec<u64>,
    external_us: Vec<u64>,
    tokens: Vec<u64>,
    /// Five per row: ip, session, cookie, client, user; 0 is nobody, else one more than the position.
    who: Vec<u32>,
    /// Of the rows that have one, in order.
    pub(crate) traces: Vec<[u8; 16]>,
}

impl Points {
    pub(crate) fn len(&self) -> usize {
        self.ended.len()
    }

    /// When each row ended.
    pub(crate) fn ended(&self) -> impl Iterator<Item = Timestamp> {
        self.ended.iter().scan(0_i64, |last, difference| {
            *last = last.saturating_add(*difference);
            Some(Timestamp::from_ms(*last))
        })
    }

    /// Whether each row is an error.
    pub(crate) fn errors(&self) -> impl Iterator<Item = bool> {
        let rows = self.status.iter().zip(&self.flags);
        rows.map(|(status, flags)| *status >= 500 || flags & FAILED != 0)
    }
}

/// Splits rows into columns.
pub(crate) fn of(rows: &[Masked]) -> (Points, Details) {
    let (mut points, mut details) = (Points::default(), Details::default());
    let mut apps = Dictionary::default();
    let mut instances = Dictionary::default();
    let mut urls = Dictionary::default();
    let mut texts = Dictionary::default();
    let mut tokens: HashMap<u64, u32> = HashMap::new();
    let mut last = 0_i64;
    for row in rows {
        let ended = row.ended.as_ms();
        points.ended.push(ended.saturating_sub(last));
        last = ended;
        points.duration_us.push(row.duration_us);
        points.status.push(row.status);
        points.flags.push(flags(row));
        points.app.push(apps.number(&row.app));
        details.lead.push(lead(row));
        details.instance.push(instances.number(&row.instance));
        details.url.push(urls.number(&row.url));
        details.method.push(texts.number(row.method.as_str()));
        details.target.push(texts.number(row.target.as_str()));
        details.bytes.push(row.response_bytes);
        details.sql_us.push(row.sql_us);
        details.external_us.push(row.external_us);
        let Who {
            ip,
            session,
            cookie,
            client,
            user,
        } = row.who;
        for token in [ip, session, cookie, client, user] {
            let number = token.map_or(0, |Token(token)| {
                let next = u32::try_from(details.tokens.len() + 1).unwrap_or(u32::MAX);
                *tokens.entry(token).or_insert_with(|| {
                    details.tokens.push(token);
                    next
                })
            });
            details.who.push(number);
        }
        details.traces.extend(row.trace_id);
    }
    points.apps = apps.entries.into_iter().cloned().collect();
    details.instances = instances.entries.into_iter().cloned().collect();
    details.urls = urls.entries.into_iter().cloned().collect();
    details.texts = texts.entries.into_iter().map(str::to_owned).collect();
    (points, details)
}

fn flags(row: &Masked) -> u8 {
    let login = match row.login {
        None => 0,
        Some(LoginOutcome::Succeeded) => LOGIN,
        Some(LoginOutcome::Failed) => LOGIN_FAILED,
    };
    let traced = if row.trace_id.is_some() { TRACED } else { 0 };
    (u8::from(row.failed) * FAILED) | login | traced
}

fn lead(row: &Masked) -> i64 {
    let between = row.ended.as_ms().saturating_sub(row.started.as_ms());
    between.saturating_sub(rounded(row.duration_us))
}

fn rounded(duration_us: u64) -> i64 {
    i64::try_from(duration_us / 1_000).unwrap_or(i64::MAX)
}

/// The rows again; `None` if the columns do not fit together.
pub(crate) fn rows(points: &Points, details: &Details) -> Option<Vec<Masked>> {
    let mut traces = details.traces.iter();
    let mut who = details.who.chunks_exact(5);
    let mut rows = Vec::with_capacity(points.len());
    for (index, ended) in points.ended().enumerate() {
        let name = |column: &[u32]| column.get(index).map(|number| *number as usize);
        let duration_us = *points.duration_us.get(index)?;
        let flags = *points.flags.get(index)?;
        let before = details
            .lead
            .get(index)?
            .saturating_add(rounded(duration_us));
        let login = match (flags & LOGIN != 0, flags & LOGIN_FAILED != 0) {
            (true, _) => Some(LoginOutcome::Succeeded),
            (_, true) => Some(LoginOutcome::Failed),
            _ => None,
        };
        let trace_id = match flags & TRACED {
            0 => None,
            _ => Some(*traces.next()?),
        };
        rows.push(Masked {
            ended,
            started: Timestamp::from_ms(ended.as_ms().saturating_sub(before)),
            duration_us,
            app: points.apps.get(name(&points.app)?)?.clone(),
            instance: details.instances.get(name(&details.instance)?)?.clone(),
            url: details.urls.get(name(&details.url)?)?.clone(),
            target: details.texts.get(name(&details.target)?)?.clone(),
            method: details.texts.get(name(&details.method)?)?.clone(),
            status: *points.status.get(index)?,
            failed: flags & FAILED != 0,
            response_bytes: *details.bytes.get(index)?,
            sql_us: *details.sql_us.get(index)?,
            external_us: *details.external_us.get(index)?,
            who: whose(who.next()?, &details.tokens)?,
            trace_id,
            login,
        });
    }
    Some(rows)
}

fn whose(numbers: &[u32], tokens: &[u64]) -> Option<Who> {
    let token = |number: u32| -> Option<Option<Token>> {
        match (number as usize).checked_sub(1) {
            None => Some(None),
            Some(at) => tokens.get(at).map(|token| Some(Token(*token))),
        }
    };
    let &[ip, session, cookie, client, user] = numbers else {
        return None;
    };
    Some(Who {
        ip: token(ip)?,
        session: token(session)?,
        cookie: token(cookie)?,
        client: token(client)?,
        user: token(user)?,
    })
}

/// Numbers for values, in the order of their first appearance.
struct Dictionary<'a, T: ?Sized> {
    numbers: HashMap<&'a T, u32>,
    entries: Vec<&'a T>,
}

impl<T: ?Sized> Default for Dictionary<'_, T> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            entries: Vec::new(),
        }
    }
}

impl<'a, T: Eq + Hash + ?Sized> Dictionary<'a, T> {
    fn number(&mut self, value: &'a T) -> u32 {
        let next = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(value).or_insert(next);
        if number == next {
            self.entries.push(value);
        }
        number
    }
}

/// The stored form.
pub(crate) fn pack<T: Serialize>(columns: &T) -> Result<Vec<u8>, HistoryError> {
    let plain = postcard::to_stdvec(columns).map_err(|error| damaged(&error))?;
    zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(|error| damaged(&error))
}

/// Reads [`pack`] back.
pub(crate) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HistoryError> {
    let claimed = zstd::bulk::Decompressor::upper_bound(bytes).unwrap_or(MAX_BYTES);
    let plain = zstd::bulk::decompress(bytes, claimed.min(MAX_BYTES));
    let plain = plain.map_err(|error| damaged(&error))?;
    postcard::from_bytes(&plain).map_err(|error| damaged(&error))
}

fn damaged(error: &dyn std::error::Error) -> HistoryError {
    HistoryError::Damaged(format!("a block of transactions: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::tests::row;

    #[test]
    fn rows_come_back_from_their_columns() {
        let mut all: Vec<Masked> = (0..50).map(|n| row(1_000_000 - n * 7_777, n)).collect();
        all[3].trace_id = None;
        all[4].who = Who::default();
        all[5].login = Some(LoginOutcome::Failed);
        all[6].login = Some(LoginOutcome::Succeeded);
        all[7].started = all[7].ended;
        all[8].failed = true;
        for rows in [&all[..], &[]] {
            let (points, details) = of(rows);
            let points: Points = unpack(&pack(&points).unwrap()).unwrap();
            let details: Details = unpack(&pack(&details).unwrap()).unwrap();
            assert_eq!(super::rows(&points, &details).unwrap(), rows);
        }
    }

    #[test]
    fn columns_of_different_lengths_are_no_rows() {
        let all: Vec<Masked> = (0..3).map(|n| row(n, n)).collect();
        let (points, _) = of(&all);
        let (_, details) = of(&all[..2]);
        assert_eq!(rows(&points, &details), None);
    }
}
