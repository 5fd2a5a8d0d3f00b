//! A user with a browser: one cookie, and what the session must hold.

use anyhow::{Context as _, Result, ensure};
use bongsu_tests::{Web, until};

/// A user who may be logged in.
pub(crate) struct Visitor {
    user: &'static str,
    cookie: Option<String>,
    visits: u64,
}

impl Visitor {
    /// One who has not been anywhere.
    pub(crate) fn new(user: &'static str) -> Self {
        Self {
            user,
            cookie: None,
            visits: 0,
        }
    }

    /// Fills in the form.
    pub(crate) fn log_in(&mut self, web: &Web) -> Result<()> {
        let fields = [("user", self.user), ("password", "secret")];
        let reply = web.submit("/login", self.cookie.as_deref(), &fields)?;
        ensure!(reply.status == 200, "the login was answered with {reply:?}");
        self.cookie = Some(reply.cookie.context("the login gave no cookie")?);
        self.visits = 0;
        Ok(())
    }

    /// The session is there, and has counted one more.
    pub(crate) fn visit(&mut self, web: &Web) -> Result<()> {
        let visits = self.look(web)?;
        ensure!(
            visits == self.visits + 1,
            "{visits} visits follow {}",
            self.visits
        );
        self.visits = visits;
        Ok(())
    }

    /// The session is there as soon as the application has found its store again. Requests that fail until
    /// then may have been counted or not.
    pub(crate) fn visit_when_it_is_back(&mut self, web: &Web) -> Result<()> {
        let mut requests = 0;
        let visits = until("the application finds its sessions again", || {
            requests += 1;
            self.look(web).map(Some)
        })?;
        ensure!(
            (self.visits + 1..=self.visits + requests).contains(&visits),
            "{visits} visits follow {} and {requests} requests",
            self.visits
        );
        self.visits = visits;
        Ok(())
    }

    /// Logs out; what the browser had held is worth nothing then.
    pub(crate) fn log_out(&mut self, web: &Web) -> Result<()> {
        let reply = web.submit("/logout", self.cookie.as_deref(), &[])?;
        ensure!(
            reply.status == 200,
            "the logout was answered with {reply:?}"
        );
        let after = web.get("/", self.cookie.as_deref())?;
        ensure!(
            !after.text.contains(self.user),
            "after the logout came {after:?}"
        );
        Ok(())
    }

    fn look(&mut self, web: &Web) -> Result<u64> {
        let reply = web.get("/", self.cookie.as_deref())?;
        ensure!(reply.status == 200, "the visit was answered with {reply:?}");
        let session = reply.json()?;
        ensure!(
            session.get("user").and_then(|user| user.as_str()) == Some(self.user),
            "somebody else's: {session}"
        );
        self.cookie = reply.cookie.or(self.cookie.take());
        let visits = session.get("visits").and_then(serde_json::Value::as_u64);
        visits.context("no visits")
    }
}
