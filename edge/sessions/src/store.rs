//! Where the values are: in this process, or in a backend.

use std::sync::Arc;

use crate::{backend::Backend, engine::Engine};

/// Where the values are; a clone is the same store.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    /// In memory here, with a journal on disk.
    Local(Arc<Engine>),
    /// In servers that speak RESP.
    Redis(Arc<Backend>),
}

impl Store {
    /// Makes everything durable. Blocks.
    pub(crate) fn close(&self) {
        if let Self::Local(engine) = self {
            engine.close();
        }
    }
}
