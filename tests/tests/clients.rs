//! Applications with the session clients that people run: a user's session goes on at another instance when
//! the first is killed, and after the session store was killed.
//!
//! `BONGSU_TEST_AGAINST=redis` puts the system's Redis in the session store's place: a check of these tests,
//! and of what `tests/clients/README.md` says that clients send.

#[path = "clients/go.rs"]
mod go;
#[path = "clients/java.rs"]
mod java;
#[path = "clients/node.rs"]
mod node;
#[path = "clients/php.rs"]
mod php;
#[path = "clients/python.rs"]
mod python;
#[path = "clients/scenario.rs"]
mod scenario;
#[path = "clients/store.rs"]
mod store;
#[path = "clients/tools.rs"]
mod tools;
#[path = "clients/visitor.rs"]
mod visitor;

use std::path::{Path, PathBuf};

/// Where the applications' sources are.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}
