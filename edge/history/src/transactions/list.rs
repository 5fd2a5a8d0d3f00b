//! The transactions of a rectangle, one by one, and those of one trace.

use std::collections::BTreeSet;

use bongsu_sdk_model::Window;
use serde::Serialize;

use super::{Rectangle, TransactionId, Transactions};
use crate::{HistoryError, Masked, Token, columns};

/// Rows looked at for one page; a page may end early and say where to go on.
const MOST_LOOKED_AT: usize = 4_000_000;

/// Which transactions.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Where on the T-map.
    pub rectangle: Rectangle,
    /// Only of this URL template.
    pub url: Option<String>,
    /// Only of this instance.
    pub instance: Option<String>,
    /// Only of this session.
    pub session: Option<Token>,
    /// Only of this user: the user's own, and those of a session that was at some time the user's.
    pub user: Option<Token>,
    /// Only from this client address.
    pub client: Option<Token>,
}

impl Filter {
    /// Everything in `rectangle`.
    #[must_use]
    pub const fn of(rectangle: Rectangle) -> Self {
        Self {
            rectangle,
            url: None,
            instance: None,
            session: None,
            user: None,
            client: None,
        }
    }

    fn takes(&self, row: &Masked, sessions: &BTreeSet<Token>) -> bool {
        let is = |asked: Option<Token>, held| asked.is_none_or(|asked| held == Some(asked));
        let of_user = is(self.user, row.who.user)
            || row
                .who
                .session
                .is_some_and(|session| row.who.user.is_none() && sessions.contains(&session));
        of_user
            && is(self.session, row.who.session)
            && is(self.client, row.who.client)
            && self
                .url
                .as_deref()
                .is_none_or(|url| row.url.as_str() == url)
            && self
                .instance
                .as_deref()
                .is_none_or(|instance| row.instance.as_str() == instance)
    }
}

/// A transaction that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Which.
    pub id: TransactionId,
    /// What is known of it.
    #[serde(flatten)]
    pub transaction: Masked,
    /// Whose its session was, if the transaction itself does not say.
    pub session_user: Option<Token>,
}

/// Some transactions, last accepted first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The transactions.
    pub transactions: Vec<Found>,
    /// Give this as `before` to go on; none: there are no more.
    pub next: Option<TransactionId>,
}

impl Transactions {
    /// A page of at most `limit` transactions that were accepted before `before`.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn list(
        &self,
        filter: &Filter,
        before: Option<TransactionId>,
        limit: usize,
    ) -> Result<Page, HistoryError> {
        let sessions = match filter.user {
            Some(user) => self.bindings.sessions_of(user)?,
            None => BTreeSet::new(),
        };
        let mut page = Page {
            transactions: Vec::new(),
            next: None,
        };
        let mut looked_at = 0;
        let (blocks, open) = self.snapshot(filter.rectangle.window);
        for block in std::iter::once(open.number).chain(blocks) {
            if before.is_some_and(|before| block > before.block()) {
                continue;
            }
            if looked_at > MOST_LOOKED_AT {
                page.next = Some(TransactionId::new(block + 1, 0));
                break;
            }
            let rows = if block == open.number {
                open.rows.clone()
            } else {
                self.rows_inside(block, &filter.rectangle)?
            };
            looked_at += rows.len();
            let inside = inside(&rows, &filter.rectangle);
            for (row, masked) in rows.into_iter().enumerate().rev() {
                let id = TransactionId::new(block, row);
                let earlier = before.is_none_or(|before| id < before);
                if !earlier || !inside.contains(&row) || !filter.takes(&masked, &sessions) {
                    continue;
                }
                if page.transactions.len() == limit {
                    page.next = page.transactions.last().map(|last| last.id);
                    return Ok(page);
                }
                page.transactions.push(self.found(id, masked)?);
            }
        }
        Ok(page)
    }

    /// One transaction; `None` if it is not kept (any more).
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn one(&self, id: TransactionId) -> Result<Option<Found>, HistoryError> {
        let open = self.open_row(id);
        let masked = match open {
            Some(masked) => Some(masked),
            None => self
                .rows(id.block())?
                .and_then(|rows| rows.into_iter().nth(id.row())),
        };
        masked.map(|masked| self.found(id, masked)).transpose()
    }

    /// The transactions of a trace in the blocks of `window`, at most `limit`.
    pub(super) fn transactions_of(
        &self,
        trace: [u8; 16],
        window: Window,
        limit: usize,
    ) -> Result<Vec<Found>, HistoryError> {
        let (blocks, open) = self.snapshot(window);
        let mut found = Vec::new();
        for block in std::iter::once(open.number).chain(blocks) {
            let rows = if block == open.number {
                open.rows.clone()
            } else {
                self.rows_of_trace(block, trace)?
            };
            for (row, masked) in rows.into_iter().enumerate() {
                if masked.trace_id == Some(trace) && found.len() < limit {
                    found.push(self.found(TransactionId::new(block, row), masked)?);
                }
            }
        }
        Ok(found)
    }

    /// Whose `session` was last.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn user_of(&self, session: Token) -> Result<Option<Token>, HistoryError> {
        self.bindings.user_of(session)
    }

    fn found(&self, id: TransactionId, transaction: Masked) -> Result<Found, HistoryError> {
        let session_user = match (transaction.who.user, transaction.who.session) {
            (None, Some(session)) => self.bindings.user_of(session)?,
            _ => None,
        };
        Ok(Found {
            id,
            transaction,
            session_user,
        })
    }

    /// A block's rows, or none at all if none is in the rectangle: its points are read first, they are small.
    fn rows_inside(&self, block: u64, rectangle: &Rectangle) -> Result<Vec<Masked>, HistoryError> {
        let mut any = false;
        if let Some(points) = self.points(block)? {
            rectangle.select(&points, |_, _, _, _| any = true);
        }
        match any {
            true => Ok(self.rows(block)?.unwrap_or_default()),
            false => Ok(Vec::new()),
        }
    }
}

/// Which rows are in the rectangle.
fn inside(rows: &[Masked], rectangle: &Rectangle) -> BTreeSet<usize> {
    let mut inside = BTreeSet::new();
    let (points, _) = columns::of(rows);
    rectangle.select(&points, |row, _, _, _| {
        inside.insert(row);
    });
    inside
}
