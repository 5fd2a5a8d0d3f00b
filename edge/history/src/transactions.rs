//! The site's transactions, masked, in blocks of columns: written as they came, read by when they ended.
//!
//! New rows wait in an open block in memory, which the journal covers; a block is sealed by the thousands of
//! rows or when a minute ends, in one transaction with the number of the journal's record up to which rows are
//! stored. A row keeps its id, `block-row`, from the moment it is accepted. What is read: a picture
//! ([`crate::TMap`]), a page ([`crate::Page`]), or one row. Nothing here names a person: only tokens.
//!
//! ## Decisions
//!
//! - **A picture's columns are stored apart from the rest**: a million points are about 6 MB to read, not 60.
//! - **Blocks are in the order of arrival** with the span of their ends beside them in memory: late rows cost a
//!   wider span, not a rewrite. Rejected: blocks by minute of end, which a replayed log would rewrite for days.
//! - **Erasure blanks, it does not remove**: who, target and trace of a row go, that a request took so long
//!   stays, so that pictures and roll-ups go on to agree.

mod binding;
mod erase;
mod list;
mod spans;
mod tmap;

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use bongsu_sdk_model::{Timestamp, Window};
use serde::{Serialize, Serializer};
use sled::{
    Tree,
    transaction::{ConflictableTransactionError, TransactionError, Transactional as _},
};

use self::binding::Bindings;
pub use self::{
    list::{Filter, Found, Page},
    spans::{Role, Span, SpanId},
    tmap::{Cell, Density, Rectangle, TMap},
};
use crate::{
    HistoryError, Masked,
    columns::{self, Details, Points},
    keys,
};

/// Rows after which an open block is sealed.
pub const FULL: usize = 16_384;
/// Bits of an id for the row.
const ROW_BITS: u32 = 24;
const STORED: &str = "stored";

/// Which transaction: block and row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(u64);

impl TransactionId {
    fn new(block: u64, row: usize) -> Self {
        Self(block << ROW_BITS | row as u64)
    }

    const fn block(self) -> u64 {
        self.0 >> ROW_BITS
    }

    fn row(self) -> usize {
        usize::try_from(self.0 & ((1 << ROW_BITS) - 1)).unwrap_or(usize::MAX)
    }
}

impl std::fmt::Display for TransactionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.block(), self.row())
    }
}

impl std::str::FromStr for TransactionId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('-').and_then(|(block, row)| {
            let (block, row) = (block.parse::<u64>().ok()?, row.parse::<usize>().ok()?);
            (block < 1 << (64 - ROW_BITS) && row < 1 << ROW_BITS).then_some((block, row))
        });
        numbers
            .map(|(block, row)| Self::new(block, row))
            .ok_or("a transaction's id is two numbers with a dash between")
    }
}

impl Serialize for TransactionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is known of a sealed block without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    /// End of the row that ended first.
    first: Timestamp,
    /// End of the row that ended last.
    last: Timestamp,
    bytes: u64,
}

impl Extent {
    fn touches(&self, window: Window) -> bool {
        self.first < window.to && window.from <= self.last
    }

    fn encode(self) -> Vec<u8> {
        let first = keys::of_instant(self.first);
        let last = keys::of_instant(self.last);
        [first, last, keys::of_number(self.bytes)].concat()
    }

    fn decode(bytes: &[u8]) -> Result<Self, HistoryError> {
        let (first, rest) = bytes.split_at_checked(8).unwrap_or_default();
        let (last, size) = rest.split_at_checked(8).unwrap_or_default();
        Ok(Self {
            first: keys::instant_of(first)?,
            last: keys::instant_of(last)?,
            bytes: keys::number_of(size)?,
        })
    }
}

/// The store.
#[derive(Debug)]
pub struct Transactions {
    points: Tree,
    details: Tree,
    spans: Tree,
    extents: Tree,
    meta: Tree,
    bindings: Bindings,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    sealed: BTreeMap<u64, Extent>,
    /// Rows of the block with the number `next`.
    open: Vec<Masked>,
    open_spans: Vec<Span>,
    next: u64,
}

/// The open block at an instant.
struct Open {
    number: u64,
    rows: Vec<Masked>,
    spans: Vec<Span>,
}

impl Transactions {
    pub(crate) fn open(db: &sled::Db, meta: Tree) -> Result<Self, HistoryError> {
        let extents = db.open_tree("transaction-extent")?;
        let mut state = State {
            next: 1,
            ..State::default()
        };
        for item in &extents {
            let (key, value) = item?;
            let number = keys::number_of(&key)?;
            state.sealed.insert(number, Extent::decode(&value)?);
            state.next = number + 1;
        }
        Ok(Self {
            points: db.open_tree("transaction-point")?,
            details: db.open_tree("transaction-detail")?,
            spans: db.open_tree("transaction-span")?,
            bindings: Bindings::open(db)?,
            extents,
            meta,
            state: RwLock::new(state),
        })
    }

    /// The journal's record up to which rows are stored.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn stored_through(&self) -> Result<u64, HistoryError> {
        let stored = self.meta.get(STORED)?;
        stored.map_or(Ok(0), |number| keys::number_of(&number))
    }

    /// Takes rows and spans into the open block; gives how many it holds.
    pub fn keep(&self, rows: Vec<Masked>, spans: Vec<Span>) -> usize {
        let mut state = self.write();
        state.open.extend(rows);
        state.open_spans.extend(spans);
        state.open.len().max(state.open_spans.len() / 4)
    }

    /// Stores the open block, and that everything up to the journal's record `through` is stored.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be written; the rows stay open.
    pub fn seal(&self, through: u64) -> Result<(), HistoryError> {
        // What is fed without a journal is not in it.
        let through = through.max(self.stored_through()?);
        let mut state = self.write();
        let ends = || {
            let rows = state.open.iter().map(|row| row.ended);
            rows.chain(state.open_spans.iter().map(Span::ended))
        };
        let (Some(first), Some(last)) = (ends().min(), ends().max()) else {
            self.meta.insert(STORED, &keys::of_number(through))?;
            return Ok(());
        };
        let (points, details) = columns::of(&state.open);
        let (points, details) = (columns::pack(&points)?, columns::pack(&details)?);
        let spans = columns::pack(&state.open_spans)?;
        let bytes = (points.len() + details.len() + spans.len()) as u64;
        let extent = Extent { first, last, bytes };
        let key = keys::of_number(state.next);
        let Self {
            points: of_points,
            details: of_details,
            ..
        } = self;
        (
            of_points,
            of_details,
            &self.spans,
            &self.extents,
            &self.meta,
        )
            .transaction(|(of_points, of_details, of_spans, extents, meta)| {
                of_spans.insert(&key, spans.as_slice())?;
                of_points.insert(&key, points.as_slice())?;
                of_details.insert(&key, details.as_slice())?;
                extents.insert(&key, extent.encode())?;
                meta.insert(STORED, &keys::of_number(through))?;
                Ok::<_, ConflictableTransactionError>(())
            })
            .map_err(stored)?;
        self.bindings.note(&state.open)?;
        let number = state.next;
        state.sealed.insert(number, extent);
        state.next += 1;
        state.open.clear();
        state.open_spans.clear();
        Ok(())
    }

    /// Bytes of all sealed blocks.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.read().sealed.values().map(|extent| extent.bytes).sum()
    }

    /// Removes blocks whose rows all ended longer ago than `kept`, then the oldest until at most `most` bytes
    /// are left; and forgets sessions not seen for `kept`.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be written.
    pub fn prune(&self, now: Timestamp, kept: Duration, most: u64) -> Result<(), HistoryError> {
        let oldest = now.minus(kept);
        let mut bytes = self.bytes();
        let mut gone = Vec::new();
        for (number, extent) in &self.read().sealed {
            if extent.last < oldest || bytes > most {
                gone.push(*number);
                bytes -= extent.bytes;
            }
        }
        for number in gone {
            let key = keys::of_number(number);
            (&self.points, &self.details, &self.spans, &self.extents)
                .transaction(|(points, details, spans, extents)| {
                    spans.remove(&key)?;
                    points.remove(&key)?;
                    details.remove(&key)?;
                    extents.remove(&key)?;
                    Ok::<_, ConflictableTransactionError>(())
                })
                .map_err(stored)?;
            self.write().sealed.remove(&number);
        }
        self.bindings.prune(oldest)
    }

    /// Sealed blocks with a row that may have ended in `window`, newest first, and the open block as it is.
    fn snapshot(&self, window: Window) -> (Vec<u64>, Open) {
        let state = self.read();
        let touching = state.sealed.iter().rev();
        let blocks = touching
            .filter(|(_, extent)| extent.touches(window))
            .map(|(number, _)| *number);
        let open = Open {
            number: state.next,
            rows: state.open.clone(),
            spans: state.open_spans.clone(),
        };
        (blocks.collect(), open)
    }

    /// A row of the open block.
    fn open_row(&self, id: TransactionId) -> Option<Masked> {
        let state = self.read();
        let row = state
            .open
            .get(id.row())
            .filter(|_| id.block() == state.next);
        row.cloned()
    }

    /// A block's rows if one of them is of `trace`, else none.
    fn rows_of_trace(&self, block: u64, trace: [u8; 16]) -> Result<Vec<Masked>, HistoryError> {
        let Some(details) = self.details.get(keys::of_number(block))? else {
            return Ok(Vec::new());
        };
        let details: Details = columns::unpack(&details)?;
        if !details.traces.contains(&trace) {
            return Ok(Vec::new());
        }
        Ok(self.rows(block)?.unwrap_or_default())
    }

    /// A block's points; `None` if it was removed meanwhile.
    fn points(&self, block: u64) -> Result<Option<Points>, HistoryError> {
        let bytes = self.points.get(keys::of_number(block))?;
        bytes.map(|bytes| columns::unpack(&bytes)).transpose()
    }

    /// A block's rows; `None` if it was removed meanwhile.
    fn rows(&self, block: u64) -> Result<Option<Vec<Masked>>, HistoryError> {
        let key = keys::of_number(block);
        let (Some(points), Some(details)) = (self.points.get(key)?, self.details.get(key)?) else {
            return Ok(None);
        };
        let points: Points = columns::unpack(&points)?;
        let details: Details = columns::unpack(&details)?;
        columns::rows(&points, &details)
            .map(Some)
            .ok_or_else(|| HistoryError::Damaged(format!("block {block} of transactions")))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stored(error: TransactionError) -> HistoryError {
    match error {
        TransactionError::Storage(error) | TransactionError::Abort(error) => {
            HistoryError::Store(error)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use bongsu_sdk_model::{AppId, InstanceId, UrlTemplate};

    use super::*;
    use crate::{History, Token, masked::Who};

    pub(crate) fn row(ended: i64, n: i64) -> Masked {
        let number = n.unsigned_abs();
        Masked {
            ended: Timestamp::from_ms(ended),
            started: Timestamp::from_ms(ended - n),
            duration_us: number * 1_000 + number % 1_000,
            app: AppId::new(["minwon", "shop"][n as usize % 2]).unwrap(),
            instance: InstanceId::new("was-1").unwrap(),
            url: UrlTemplate::new("/orders/{}").unwrap(),
            target: format!("/orders/{n}"),
            method: "GET".into(),
            status: if n % 10 == 9 { 500 } else { 200 },
            failed: false,
            response_bytes: number,
            sql_us: 1,
            external_us: 2,
            who: Who {
                ip: Some(Token(1)),
                session: Some(Token(100 + number % 5)),
                cookie: None,
                client: Some(Token(2)),
                user: (n % 5 == 0).then_some(Token(7)),
            },
            trace_id: Some(u128::from(number).to_be_bytes()),
            login: None,
        }
    }

    fn window(from: i64, to: i64) -> Window {
        Window::new(Timestamp::from_ms(from), Timestamp::from_ms(to))
    }

    fn history(dir: &std::path::Path) -> History {
        History::open(dir, Timestamp::from_ms(1)).unwrap()
    }

    /// A hundred rows a second apart, the last twenty still open.
    fn filled(dir: &std::path::Path) -> History {
        let history = history(dir);
        for block in 0..4 {
            let rows = (block * 20..block * 20 + 20).map(|n| row(n * 1_000, n));
            history.transactions().keep(rows.collect(), Vec::new());
            history.transactions().seal(block.unsigned_abs()).unwrap();
        }
        history
            .transactions()
            .keep((80..100).map(|n| row(n * 1_000, n)).collect(), Vec::new());
        history
    }

    #[test]
    fn a_picture_counts_what_is_inside_sealed_or_open() {
        let dir = tempfile::tempdir().unwrap();
        let history = filled(dir.path());
        let mut rectangle = Rectangle::of(window(10_000, 90_000));
        let tmap = history.transactions().tmap(&rectangle, 1_000).unwrap();
        assert_eq!((tmap.total, tmap.errors, tmap.thinned), (80, 8, false));
        assert_eq!(tmap.ended, (10..90).map(|n| n * 1_000).collect::<Vec<_>>());
        rectangle.shortest_us = 50_000;
        rectangle.longest_us = 60_000;
        rectangle.app = Some(AppId::new("shop").unwrap());
        let tmap = history.transactions().tmap(&rectangle, 1_000).unwrap();
        let durations: Vec<_> = [51, 53, 55, 57, 59].map(|n| n * 1_001).into();
        assert_eq!(tmap.duration_us, durations);
        rectangle.errors_only = true;
        let tmap = history.transactions().tmap(&rectangle, 1_000).unwrap();
        assert_eq!((tmap.total, tmap.error), (1, vec![true]));
    }

    #[test]
    fn a_thinned_picture_says_so_and_its_density_is_exact() {
        let dir = tempfile::tempdir().unwrap();
        let history = history(dir.path());
        let rows = (0..5_000).map(|n| row(n * 10, n % 50)).collect();
        history.transactions().keep(rows, Vec::new());
        history.transactions().seal(1).unwrap();
        let rectangle = Rectangle::of(window(0, 40_000));
        let tmap = history.transactions().tmap(&rectangle, 500).unwrap();
        assert_eq!((tmap.total, tmap.errors, tmap.thinned), (4_000, 400, true));
        assert!(tmap.id.len() <= 500 && !tmap.id.is_empty());
        let density = tmap.density.unwrap();
        let counted = density.cells.iter().map(|cell| cell.2).sum::<u64>();
        let errors = density.cells.iter().map(|cell| cell.3).sum::<u64>();
        assert_eq!((counted, errors), (4_000, 400));
        // 12 ms and 18 ms are in rows of their own, and a second has three columns.
        assert_eq!((density.ended[0], density.ended[3]), (0, 1_000));
        assert!(density.cells.iter().all(|cell| cell.2 <= 4_000 / 120 + 1));
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let dir = tempfile::tempdir().unwrap();
        let history = filled(dir.path());
        let filter = Filter::of(Rectangle::of(window(5_000, 95_000)));
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let page = history.transactions().list(&filter, before, 7).unwrap();
            seen.extend(
                page.transactions
                    .iter()
                    .map(|f| f.transaction.ended.as_ms() / 1_000),
            );
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, (5..95).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_row_keeps_its_id_when_its_block_is_sealed_and_over_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let history = filled(dir.path());
        let rectangle = Rectangle::of(window(85_000, 86_000));
        let id = history.transactions().tmap(&rectangle, 9).unwrap().id[0];
        assert_eq!(id.to_string().parse::<TransactionId>().unwrap(), id);
        let open = history.transactions().one(id).unwrap().unwrap();
        assert_eq!(open.transaction, row(85_000, 85));
        history.transactions().seal(9).unwrap();
        assert_eq!(history.transactions().one(id).unwrap().unwrap(), open);
        history.flush().unwrap();
        drop(history);
        let history = self::history(dir.path());
        assert_eq!(history.transactions().stored_through().unwrap(), 9);
        assert_eq!(history.transactions().one(id).unwrap().unwrap(), open);
        assert_eq!(
            history
                .transactions()
                .one(TransactionId::new(99, 0))
                .unwrap(),
            None
        );
        let trace = 85_u128.to_be_bytes();
        let of_trace = history
            .transactions()
            .of_trace(trace, window(0, 100_000), 9);
        assert_eq!(of_trace.unwrap(), (vec![open], Vec::new()));
    }

    #[test]
    fn a_session_is_its_users_before_the_login_and_after_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let history = history(dir.path());
        let mut anonymous = row(1_000, 1);
        anonymous.who.session = Some(Token(50));
        let mut known = row(2_000, 2);
        known.who.session = Some(Token(50));
        known.who.user = Some(Token(8));
        history
            .transactions()
            .keep(vec![anonymous, known, row(3_000, 3)], Vec::new());
        history.transactions().seal(1).unwrap();
        let mut filter = Filter::of(Rectangle::of(window(0, 9_000)));
        filter.user = Some(Token(8));
        let page = history.transactions().list(&filter, None, 9).unwrap();
        let ended: Vec<_> = page
            .transactions
            .iter()
            .map(|f| f.transaction.ended.as_ms())
            .collect();
        assert_eq!(ended, [2_000, 1_000]);
        assert_eq!(page.transactions[1].session_user, Some(Token(8)));
        assert_eq!(
            history.transactions().user_of(Token(50)).unwrap(),
            Some(Token(8))
        );
    }

    #[test]
    fn an_erased_user_is_nowhere_and_the_counts_stay() {
        let dir = tempfile::tempdir().unwrap();
        let history = filled(dir.path());
        let all = Rectangle::of(window(0, 100_000));
        // Every fifth is the user's, in a session that is the user's alone.
        assert_eq!(history.transactions().erase(Token(7)).unwrap(), 20);
        assert_eq!(history.transactions().erase(Token(7)).unwrap(), 0);
        let page = history
            .transactions()
            .list(&Filter::of(all.clone()), None, 1_000)
            .unwrap();
        assert_eq!(page.transactions.len(), 100);
        for found in page.transactions {
            assert_ne!(found.transaction.who.user, Some(Token(7)));
            assert_ne!(found.transaction.who.session, Some(Token(100)));
            assert_eq!(found.session_user, None);
        }
        assert_eq!(history.transactions().tmap(&all, 10).unwrap().total, 100);
    }

    #[test]
    fn a_trace_has_its_spans_from_every_block_and_erasure_takes_them() {
        let dir = tempfile::tempdir().unwrap();
        let history = history(dir.path());
        let span = |number: u8, started: i64| Span {
            trace_id: Some(5_u128.to_be_bytes()),
            id: SpanId([number; 8]),
            parent: (number > 1).then_some(SpanId([1; 8])),
            app: AppId::new("shop").unwrap(),
            instance: InstanceId::new("was-1").unwrap(),
            role: Role::Sql,
            name: "SELECT orders".into(),
            detail: "SELECT * FROM orders WHERE id = ?".into(),
            started: Timestamp::from_ms(started),
            duration_us: 10,
            failed: false,
        };
        let mut other = span(3, 1_100);
        other.trace_id = Some(6_u128.to_be_bytes());
        history
            .transactions()
            .keep(Vec::new(), vec![span(2, 1_200), other]);
        history.transactions().seal(1).unwrap();
        history
            .transactions()
            .keep(vec![row(2_000, 5)], vec![span(1, 1_000)]);
        let of_trace = || {
            let trace = 5_u128.to_be_bytes();
            let (found, spans) = history
                .transactions()
                .of_trace(trace, window(0, 9_000), 9)
                .unwrap();
            (found.len(), spans.len())
        };
        assert_eq!(of_trace(), (1, 2));
        history.transactions().seal(2).unwrap();
        assert_eq!(of_trace(), (1, 2));
        let json = serde_json::to_value(span(2, 0)).unwrap();
        assert_eq!(json["id"], "0202020202020202");
        assert_eq!(json["trace_id"], format!("{:032x}", 5));
        // The row is user 7's.
        assert_eq!(history.transactions().erase(Token(7)).unwrap(), 1);
        assert_eq!(of_trace(), (0, 0));
    }

    #[test]
    fn retention_is_by_age_and_by_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let history = filled(dir.path());
        let transactions = history.transactions();
        let total = || {
            transactions
                .tmap(&Rectangle::of(window(0, 100_000)), 1)
                .unwrap()
                .total
        };
        let kept = Duration::from_secs(70);
        transactions
            .prune(Timestamp::from_ms(100_000), kept, u64::MAX)
            .unwrap();
        assert_eq!(
            total(),
            80,
            "the block that ended at 19 s is gone, that with 30 s stays"
        );
        let one = transactions.bytes() / 2;
        transactions
            .prune(Timestamp::from_ms(100_000), kept, one)
            .unwrap();
        assert_eq!(total(), 40, "one block is left, and what is open");
        assert!(transactions.bytes() <= one);
    }
}
