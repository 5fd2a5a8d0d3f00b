//! What the center may ask of this edge. Who a user is, it is not told: sessions are shown as on the site's own
//! page without the administrator's token.
//!
//! | question | body | parts |
//! |---|---|---|
//! | `sessions.live` | JSON of the query of `GET /api/sessions`; `page` counts all sessions wanted, default 200 | pages as `GET /api/sessions` gives them |

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use bongsu_edge_sessions::{Control, Query};
use bongsu_edge_ship::{Answers, Asked, Downlink, Unanswered};
use bongsu_sdk_model::Clock;
use bongsu_sdk_sketch::IdentityKey;

use crate::http::sessions;

/// Sessions in one part of an answer.
const PART: usize = 200;

/// Opens the ledger of orders and registers what this edge answers.
///
/// # Errors
/// If the ledger cannot be opened.
pub(crate) fn open(
    directory: &Path,
    control: Control,
    key: IdentityKey,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Downlink> {
    let mut downlink =
        Downlink::open(directory, clock.now()).context("failed to open the ledger of orders")?;
    let live = LiveSessions {
        control,
        key,
        clock: Arc::clone(clock),
    };
    downlink.answers("sessions.live", Arc::new(live))?;
    Ok(downlink)
}

/// The live view of the session store.
struct LiveSessions {
    control: Control,
    key: IdentityKey,
    clock: Arc<dyn Clock>,
}

impl Answers for LiveSessions {
    fn answer(&self, body: &[u8], asked: &mut Asked) -> Result<(), Unanswered> {
        let wanted: sessions::Asked =
            serde_json::from_slice(body).map_err(|error| Unanswered::Bad(error.to_string()))?;
        let mut left = wanted.page().unwrap_or(PART);
        let mut query = wanted.of_center().map_err(Unanswered::Bad)?;
        loop {
            query.page = left.min(PART);
            let page = sessions::page_of(&self.control, &self.key, &query, false, self.clock.now());
            let part =
                serde_json::to_vec(&page).map_err(|error| Unanswered::Failed(error.to_string()))?;
            asked.part(part)?;
            left = left.saturating_sub(page.len());
            match page.next().map(str::parse) {
                Some(Ok(next)) if left > 0 => {
                    query = Query {
                        after: Some(next),
                        ..query
                    };
                }
                _ => return Ok(()),
            }
        }
    }
}
