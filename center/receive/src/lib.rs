//! Receives what edges ship.

mod inbox;

pub use inbox::{Inbox, InboxError, Link, Loss};
