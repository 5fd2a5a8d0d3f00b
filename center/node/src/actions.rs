//! Brings approved actions to their sites and what became of them back.
//!
//! Orders leave when a proposal was decided, and every second for what was left; the road delivers each once. A
//! proposal that was approved before a crash of the center is sent after it: the same order again is the same order.

use std::{sync::Arc, time::Duration};

use bongsu_center_control::{Control, Error, Event, Proposal, Record, State};
use bongsu_center_receive::Sites;
use bongsu_sdk_model::{Clock, Outcome, OutcomeState, SiteId, Timestamp};
use bongsu_sdk_wire::{NewOrder, OrderKind, OrderState, Outcome as Settled};
use tokio::{sync::Notify, time::interval};

const AGAIN: Duration = Duration::from_secs(1);
/// The kind of order that edges carry actions out by.
const KIND: &str = "action";

/// Who brings them.
#[derive(Clone)]
pub(crate) struct Actions {
    pub(crate) control: Arc<Control>,
    pub(crate) sites: Sites,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Actions {
    /// Goes on until it is dropped.
    pub(crate) async fn run(self, decided: Arc<Notify>) {
        let mut tick = interval(AGAIN);
        let mut changes = self.sites.changes();
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = decided.notified() => {}
                _ = changes.changed() => {}
            }
            let actions = self.clone();
            match tokio::task::spawn_blocking(move || actions.round()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!("failed to bring actions to their sites: {error}")
                }
                Err(error) => tracing::error!("bringing actions ended badly: {error}"),
            }
        }
    }

    fn round(&self) -> Result<(), Error> {
        let now = self.clock.now();
        for proposal in self.control.proposals.all()? {
            let is_over = matches!(
                proposal.state,
                State::Denied | State::Expired | State::Ended | State::Undone
            );
            if is_over {
                continue;
            }
            if proposal.state == State::Approved {
                self.at_sites(&proposal, now)?;
            }
            self.step(&proposal.id, Event::Time, "proposal.time", "", now)?;
        }
        Ok(())
    }

    fn at_sites(&self, proposal: &Proposal, now: Timestamp) -> Result<(), Error> {
        let Some(order) = proposal.order() else {
            return Ok(());
        };
        let failed = |error: &dyn std::fmt::Display| Error::Refused(error.to_string());
        let order = NewOrder {
            kind: OrderKind::new(KIND).map_err(|error| failed(&error))?,
            key: order.id.clone(),
            expires: order.expires,
            body: serde_json::to_vec(&order).map_err(|error| failed(&error))?,
        };
        for at in proposal.orders.iter().filter(|at| at.outcome.is_none()) {
            if !at.sent {
                match self.sites.order(&at.site, &order) {
                    Ok(_) => self.step(
                        &proposal.id,
                        Event::Sent(at.site.clone()),
                        "proposal.send",
                        at.site.as_str(),
                        now,
                    )?,
                    Err(error) => {
                        tracing::warn!(site = %at.site, proposal = proposal.id, "the order was not taken: {error}")
                    }
                }
            }
            let status = self
                .sites
                .status(&at.site, order.id())
                .map_err(|error| failed(&error))?;
            let outcome = status.and_then(|status| outcome(&status.state, status.since));
            if let Some(outcome) = outcome {
                self.report(proposal, &at.site, outcome, now)?;
            }
        }
        Ok(())
    }

    fn report(
        &self,
        proposal: &Proposal,
        site: &SiteId,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        let told = serde_json::to_string(&outcome).unwrap_or_default();
        let event = Event::Report(site.clone(), outcome);
        self.step(
            &proposal.id,
            event,
            "proposal.result",
            &format!("{site} {told}"),
            now,
        )
    }

    /// A step of a proposal, recorded before it is kept.
    fn step(
        &self,
        id: &str,
        event: Event,
        name: &str,
        result: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let noted = |proposal: &Proposal| {
            let entry = Record {
                who: "-".to_owned(),
                event: name.to_owned(),
                target: proposal.order_id(),
                command: serde_json::to_value(&proposal.action).unwrap_or_default(),
                status: format!("{:?}", proposal.state).to_lowercase(),
                result: result.to_owned(),
                ..Record::default()
            };
            self.control.audit.append(entry, now).map(|_| ())
        };
        self.control
            .proposals
            .step(id, event, &self.control.config, now, noted)
            .map(|_| ())
    }
}

/// What the road says became of an order, if it is settled.
fn outcome(state: &OrderState, at: Timestamp) -> Option<Outcome> {
    let ended = |state, why: &str| Outcome {
        state,
        at,
        sessions_ended: 0,
        why: why.to_owned(),
    };
    match state {
        OrderState::Queued | OrderState::Delivered => None,
        OrderState::Withdrawn => Some(ended(
            OutcomeState::Expired,
            "it was withdrawn before it was sent",
        )),
        OrderState::Settled(Settled::Expired) => Some(ended(
            OutcomeState::Expired,
            "the site was not reached in time",
        )),
        OrderState::Settled(Settled::Failed { reason }) => {
            Some(ended(OutcomeState::Failed, reason))
        }
        OrderState::Settled(Settled::Applied { note }) => {
            let read = serde_json::from_str(note);
            Some(
                read.unwrap_or_else(|_| {
                    ended(OutcomeState::Failed, "the site's report can't be read")
                }),
            )
        }
    }
}
