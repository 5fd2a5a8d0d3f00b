//! A proposal's life: pure state, moved by events at instants that are passed in.
//!
//! ```text
//! pending ──approve──► approved ──every site reported──► done | failed ──its time──► ended
//!    │ ▲ modify                                             └──undone by another proposal──► undone
//!    ├─┘
//!    ├──deny──► denied
//!    └──nobody decided in time──► expired
//! ```

use bongsu_sdk_model::{AppId, Effect, Order, Outcome, OutcomeState, SiteId, Timestamp};
use bongsu_sdk_plan::Action;
use serde::{Deserialize, Serialize};

use crate::{Config, Error, template};

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for a decision.
    Pending,
    /// Approved; not every site has reported.
    Approved,
    /// Carried out at every site.
    Done,
    /// Not carried out at some site.
    Failed,
    /// Somebody said no.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// Its time was over.
    Ended,
    /// Taken back.
    Undone,
}

/// What would be touched, measured before anybody decides.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Preview {
    /// When it was measured.
    pub at: Timestamp,
    /// Requests of the last hour that it would have met; none: cannot be told at the center.
    pub requests: Option<f64>,
    /// Of so many.
    pub of_requests: Option<f64>,
    /// Distinct users among these.
    pub users: Option<f64>,
    /// Sessions that are active at its sites.
    pub sessions: Option<f64>,
    /// The URLs that fit.
    pub urls: Vec<String>,
    /// What cannot be told, and why.
    pub unknown: Vec<String>,
}

impl Preview {
    /// Refuses what would meet over half of the last hour's requests.
    ///
    /// # Errors
    /// [`Error::Refused`] with the count.
    pub fn narrow_enough(&self) -> Result<(), Error> {
        match (self.requests, self.of_requests) {
            (Some(met), Some(of)) if of >= 20.0 && met * 2.0 > of => Err(Error::Refused(format!(
                "too_broad: it would have met {met:.0} of the last hour's {of:.0} requests, hint: name a narrower path"
            ))),
            _ => Ok(()),
        }
    }
}

/// What somebody decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Deny,
    /// Rather this; it must be decided again.
    Modify {
        /// Instead.
        action: Action,
    },
}

/// A decision that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Which revision he saw.
    pub revision: u32,
    /// What.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Why.
    pub note: String,
}

/// The order of one site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteOrder {
    /// Which site.
    pub site: SiteId,
    /// Handed to the road to the site.
    pub sent: bool,
    /// What became of it; none: not heard yet.
    pub outcome: Option<Outcome>,
}

/// An action that somebody proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Names it.
    pub id: String,
    /// Counts changes of what is proposed.
    pub revision: u32,
    /// What.
    pub action: Action,
    /// At these sites.
    pub sites: Vec<SiteId>,
    /// For this application; none: all.
    pub app: Option<AppId>,
    /// Who proposed it or changed it.
    pub authors: Vec<String>,
    /// What for; the question it came from.
    pub reason: String,
    /// When.
    pub created: Timestamp,
    /// Decided before, or not at all.
    pub decide_before: Timestamp,
    /// What would be touched.
    pub preview: Preview,
    /// Where it stands.
    pub state: State,
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// When it was approved.
    pub approved: Option<Timestamp>,
    /// When it ends by itself.
    pub ends: Option<Timestamp>,
    /// What each site was ordered.
    pub orders: Vec<SiteOrder>,
    /// What a site does.
    pub effects: Vec<Effect>,
    /// Orders reach their sites before, or not at all.
    pub deliver_before: Option<Timestamp>,
    /// The proposal that this one takes back.
    pub undoes: Option<String>,
}

/// What happens to a proposal.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Somebody who may decides.
    Decide(Decision),
    /// Its order was handed to the road.
    Sent(SiteId),
    /// A site reported.
    Report(SiteId, Outcome),
    /// Another proposal took it back.
    Undone,
    /// Time has passed.
    Time,
}

/// Why an event does not move a proposal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It was decided before.
    #[error("it is {0:?} and can't be decided any more")]
    Settled(State),
    /// He saw another revision.
    #[error("it was changed since: revision {0} is the present one, hint: look at it again")]
    Stale(u32),
    /// He wrote it himself.
    #[error("who wrote a proposal does not approve it, hint: ask another approver")]
    OwnProposal,
    /// The change or the effects are not possible.
    #[error("{0}")]
    Impossible(String),
}

impl Proposal {
    /// Moves it; whether anything changed.
    ///
    /// # Errors
    /// [`Refusal`]; then nothing changed.
    pub fn apply(
        &mut self,
        event: Event,
        config: &Config,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        match event {
            Event::Decide(decision) => self.decide(decision, config, now).map(|()| true),
            Event::Sent(site) => {
                Ok(self.at_site(&site, |order| !std::mem::replace(&mut order.sent, true)))
            }
            Event::Report(site, outcome) => Ok(self.report(&site, outcome)),
            Event::Undone => {
                let stands = matches!(self.state, State::Approved | State::Done | State::Failed);
                self.state = if stands { State::Undone } else { self.state };
                Ok(stands)
            }
            Event::Time => Ok(self.time(now)),
        }
    }

    fn decide(
        &mut self,
        decision: Decision,
        config: &Config,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.time(now);
        if self.state != State::Pending {
            return Err(Refusal::Settled(self.state));
        }
        if decision.revision != self.revision {
            return Err(Refusal::Stale(self.revision));
        }
        match &decision.verdict {
            Verdict::Deny => self.state = State::Denied,
            Verdict::Modify { action } => {
                template::allowed(action, self.app.as_ref())
                    .map_err(|error| Refusal::Impossible(error.to_string()))?;
                self.action = action.clone();
                self.revision += 1;
                if !self.authors.contains(&decision.by) {
                    self.authors.push(decision.by.clone());
                }
            }
            Verdict::Approve => {
                if config.two_persons && self.authors.contains(&decision.by) {
                    return Err(Refusal::OwnProposal);
                }
                self.approve(&decision.by, config, now)?;
            }
        }
        self.decisions.push(decision);
        Ok(())
    }

    fn approve(&mut self, by: &str, config: &Config, now: Timestamp) -> Result<(), Refusal> {
        let impossible = |error: Error| Refusal::Impossible(error.to_string());
        if self.undoes.is_none() {
            let effects =
                template::effects(&self.action, self.app.as_ref(), now, by).map_err(impossible)?;
            template::within(&self.action, self.app.as_ref(), now, &effects).map_err(impossible)?;
            self.effects = effects;
            self.ends = template::ends(&self.action, now);
        }
        let deliver_before = now.plus(config.deliver_within);
        self.deliver_before = Some(
            self.ends
                .map_or(deliver_before, |ends| ends.min(deliver_before)),
        );
        self.approved = Some(now);
        self.state = State::Approved;
        let order = |site: &SiteId| SiteOrder {
            site: site.clone(),
            sent: false,
            outcome: None,
        };
        self.orders = self.sites.iter().map(order).collect();
        Ok(())
    }

    fn report(&mut self, site: &SiteId, outcome: Outcome) -> bool {
        // The first word counts: an outcome that was reported does not change.
        let news = self.at_site(site, |order| {
            order.outcome.is_none() && order.outcome.replace(outcome).is_none()
        });
        if news
            && self.state == State::Approved
            && self.orders.iter().all(|order| order.outcome.is_some())
        {
            let done = |order: &SiteOrder| {
                order
                    .outcome
                    .as_ref()
                    .is_some_and(|outcome| outcome.state == OutcomeState::Done)
            };
            self.state = if self.orders.iter().all(done) {
                State::Done
            } else {
                State::Failed
            };
        }
        news
    }

    fn at_site(&mut self, site: &SiteId, change: impl FnOnce(&mut SiteOrder) -> bool) -> bool {
        self.orders
            .iter_mut()
            .find(|order| order.site == *site)
            .is_some_and(change)
    }

    fn time(&mut self, now: Timestamp) -> bool {
        if self.state == State::Pending && now >= self.decide_before {
            self.state = State::Expired;
            return true;
        }
        let mut changed = false;
        if self.state == State::Approved && self.deliver_before.is_some_and(|before| now >= before)
        {
            let expired = Outcome {
                state: OutcomeState::Expired,
                at: now,
                sessions_ended: 0,
                why: "the site was not reached in time".to_owned(),
            };
            let silent: Vec<SiteId> = self
                .orders
                .iter()
                .filter(|order| !order.sent)
                .map(|order| order.site.clone())
                .collect();
            for site in silent {
                changed |= self.report(&site, expired.clone());
            }
        }
        if matches!(self.state, State::Done | State::Failed)
            && self.ends.is_some_and(|ends| now >= ends)
        {
            self.state = State::Ended;
            return true;
        }
        changed
    }

    /// The order that its sites are given, once it is approved.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        let by = self
            .decisions
            .iter()
            .rev()
            .find(|decision| decision.verdict == Verdict::Approve)?;
        Some(Order {
            id: self.order_id(),
            issued: self.approved?,
            expires: self.deliver_before?,
            effects: self.effects.clone(),
            by: by.by.clone(),
            reason: self.id.clone(),
        })
    }

    /// How its order is named at the edges.
    #[must_use]
    pub fn order_id(&self) -> String {
        format!("{}.{}", self.id, self.revision)
    }
}
