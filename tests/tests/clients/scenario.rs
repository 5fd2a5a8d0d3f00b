//! What every application has to live through.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use bongsu_tests::{Process, Web, free_port, lives};

use crate::{store::Store, visitor::Visitor};

/// One instance of an application.
pub(crate) struct Instance {
    process: Process,
    pub(crate) web: Web,
}

impl Instance {
    /// Starts `command(port of the store, port to serve at, folder)` and does not wait.
    pub(crate) fn start(
        store: &Store,
        command: &impl Fn(u16, u16, &Path) -> Result<Command>,
    ) -> Result<Self> {
        let http = free_port()?;
        let log = store.folder().join(format!("application-{http}.log"));
        let process = Process::start(&mut command(store.port(), http, store.folder())?, &log)?;
        Ok(Self {
            process,
            web: Web::at(http),
        })
    }

    /// Waits until it serves.
    pub(crate) fn ready(&mut self) -> Result<()> {
        let web = &self.web;
        self.process.wait_until("the application serves", || {
            Ok((web.get("/ready", None)?.status == 200).then_some(()))
        })
    }

    /// Adds what it said to an error.
    pub(crate) fn explain<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.with_context(|| {
            let said = self.process.said();
            let from = said.len().saturating_sub(4_000);
            String::from_utf8_lossy(said.as_bytes().get(from..).unwrap_or_default()).into_owned()
        })
    }
}

/// A user logs in at one of two instances, and goes on at the other when that one is killed, and after the
/// store was killed; no visit is lost, and the logout ends it.
pub(crate) fn a_session_outlives(
    command: impl Fn(u16, u16, &Path) -> Result<Command>,
) -> Result<()> {
    let mut store = Store::start()?;
    let mut first = Instance::start(&store, &command)?;
    let mut second = Instance::start(&store, &command)?;
    first.ready()?;
    second.ready()?;
    let ids = [first.process.id(), second.process.id()];
    ensure!(ids.into_iter().all(lives), "two instances are running");

    let mut visitor = Visitor::new("hong");
    first.explain(visitor.log_in(&first.web))?;
    for _ in 0..3 {
        first.explain(visitor.visit(&first.web))?;
        second.explain(visitor.visit(&second.web))?;
    }
    first.process.kill()?;
    second.explain(visitor.visit(&second.web))?;
    store.kill()?;
    store.restart()?;
    second.explain(visitor.visit_when_it_is_back(&second.web))?;
    second.explain(visitor.visit(&second.web))?;
    second.explain(visitor.log_out(&second.web))?;
    second.process.kill()?;
    ensure!(!ids.into_iter().any(lives), "an instance was left behind");
    Ok(())
}
