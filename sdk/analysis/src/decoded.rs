//! Blocks of a store, decoded once per question while they are few.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use bongsu_sdk_model::{SiteId, Tier, Window};
use bongsu_sdk_plan::SourceError;
use bongsu_sdk_sketch::Block;

use crate::Blocks;

/// Most decoded blocks kept for one question; each may be 100 KB.
const MAX_DECODED: usize = 1_000;

/// Site, window in milliseconds, coarsest tier.
type Key = (SiteId, i64, i64, Tier);

/// A store, and what was read of it for the present question.
#[derive(Debug)]
pub(crate) struct Decoded<B> {
    store: B,
    kept: RefCell<BTreeMap<Key, Rc<Vec<Block>>>>,
}

impl<B: Blocks> Decoded<B> {
    pub(crate) const fn new(store: B) -> Self {
        Self {
            store,
            kept: RefCell::new(BTreeMap::new()),
        }
    }

    /// The store itself.
    pub(crate) const fn store(&self) -> &B {
        &self.store
    }

    /// Hands every block of `site` in `window` to `visit`, from memory if it was read before.
    pub(crate) fn each(
        &self,
        site: &SiteId,
        window: Window,
        coarsest: Tier,
        visit: &mut dyn FnMut(&Block),
    ) -> Result<(), SourceError> {
        let key = (
            site.clone(),
            window.from.as_ms(),
            window.to.as_ms(),
            coarsest,
        );
        let known = self.kept.borrow().get(&key).cloned();
        if let Some(blocks) = known {
            blocks.iter().for_each(visit);
            return Ok(());
        }
        let held: usize = self.kept.borrow().values().map(|blocks| blocks.len()).sum();
        let mut keep = Some(Vec::new());
        self.store
            .visit(site, window, coarsest, &mut |block| {
                visit(&block);
                match &mut keep {
                    Some(kept) if held + kept.len() < MAX_DECODED => kept.push(block),
                    _ => keep = None,
                }
            })
            .map_err(|error| SourceError::Failed(error.0))?;
        if let Some(blocks) = keep {
            self.kept.borrow_mut().insert(key, Rc::new(blocks));
        }
        Ok(())
    }
}
