//! Carries out approved orders: session effects by the session store, rules by the guard.
//!
//! An order is carried out once. Its outcome is written in the transaction that makes its rules hold; an order whose
//! outcome is known is only answered again. The effects on sessions come before that write, and are such that doing
//! them again changes nothing: they name instants, and end only sessions that began before the order was issued. So
//! after a crash at any point the order is either not carried out or carried out, never twice.

use std::{sync::Arc, time::Duration};

use bongsu_edge_guard::Guard;
use bongsu_edge_sessions::{Control, Deny, Filter};
use bongsu_edge_ship::{Attempt, CarriesOut};
use bongsu_sdk_model::{AppId, Clock, Effect, GuardRule, Order, Outcome, OutcomeState, Timestamp};
use tokio::{runtime::Handle, sync::Mutex};

/// The kind of order, on the road from the center.
pub(crate) const KIND: &str = "action";
/// Rules with their ids.
type Named = Vec<(String, GuardRule)>;
/// Most effects of one order.
const MOST_EFFECTS: usize = 64;

/// What carries orders out.
pub(crate) struct Orders {
    guard: Arc<Guard>,
    sessions: Control,
    clock: Arc<dyn Clock>,
    /// One order at a time.
    turn: Mutex<()>,
}

/// Why an order ended otherwise than done.
enum Stop {
    Refused(String),
    Failed(String),
}

impl CarriesOut for Orders {
    /// The note is the outcome; an interrupted attempt may be made again, as the module says.
    fn carry_out(&self, order: &bongsu_edge_ship::Order, _: Attempt) -> Result<String, String> {
        let read = serde_json::from_slice::<Order>(&order.body);
        let order = read.map_err(|error| format!("the order can't be read: {error}"))?;
        let id = order.id.clone();
        let outcome = Handle::current().block_on(self.obey(order));
        tracing::info!(order = id, state = ?outcome.state, "an order of the center");
        serde_json::to_string(&outcome).map_err(|error| error.to_string())
    }
}

impl Orders {
    pub(crate) fn new(guard: Arc<Guard>, sessions: Control, clock: Arc<dyn Clock>) -> Self {
        Self {
            guard,
            sessions,
            clock,
            turn: Mutex::default(),
        }
    }

    /// Carries an order out, or says what became of it before.
    pub(crate) async fn obey(&self, order: Order) -> Outcome {
        let _turn = self.turn.lock().await;
        let now = self.clock.now();
        let ended = |state, why: String| Outcome {
            state,
            at: now,
            sessions_ended: 0,
            why,
        };
        match self.known(&order.id).await {
            Ok(Some(outcome)) => return outcome,
            Ok(None) => {}
            Err(why) => return ended(OutcomeState::Failed, why),
        }
        if now >= order.expires {
            let outcome = ended(OutcomeState::Expired, "it came after its time".to_owned());
            return self.note(&order.id, outcome).await;
        }
        match self.apply(&order, now).await {
            Ok(outcome) => outcome,
            Err(Stop::Refused(why)) => {
                let outcome = ended(OutcomeState::Refused, why);
                self.note(&order.id, outcome).await
            }
            // Not noted: it may be tried again.
            Err(Stop::Failed(why)) => ended(OutcomeState::Failed, why),
        }
    }

    async fn apply(&self, order: &Order, now: Timestamp) -> Result<Outcome, Stop> {
        let (rules, lift) = rules(order)?;
        self.check(&rules, now)?;
        let mut ended = 0;
        for effect in &order.effects {
            ended += self.on_sessions(order, effect, now).await?;
        }
        let done = Outcome {
            state: OutcomeState::Done,
            at: now,
            sessions_ended: ended as u64,
            why: String::new(),
        };
        self.change(rules, lift, &order.id, done).await
    }

    /// What the guard would refuse must be known before sessions end.
    fn check(&self, rules: &[(String, GuardRule)], now: Timestamp) -> Result<(), Stop> {
        for (_, rule) in rules {
            let fits = self.guard.preview(rule, now);
            fits.map_err(|error| Stop::Refused(error.to_string()))?;
        }
        Ok(())
    }

    async fn on_sessions(
        &self,
        order: &Order,
        effect: &Effect,
        now: Timestamp,
    ) -> Result<usize, Stop> {
        let done = match effect {
            Effect::EndSessions {
                user,
                tag,
                app,
                begun_before,
            } => {
                let tag = tag.as_deref().map(|tag| u64::from_str_radix(tag, 16));
                let tag = tag
                    .transpose()
                    .map_err(|_| Stop::Refused("`tag` is not 16 hexadecimal digits".to_owned()))?;
                if user.is_none() && tag.is_none() && begun_before.is_none() {
                    return Err(Stop::Refused("it would end every session".to_owned()));
                }
                let before = begun_before.map_or(order.issued, |at| at.min(order.issued));
                let filter = Filter {
                    application: app.as_ref().map(AppId::to_string),
                    user: user.clone(),
                    tag,
                    // At least a millisecond, so that what begins now is not ended.
                    age: now.since(before).max(Duration::from_millis(1)),
                    ..Filter::default()
                };
                self.sessions.end_matching(&filter).await
            }
            Effect::DenyUser { user, app, until } if *until > now => {
                let deny = Deny {
                    user: user.as_str().into(),
                    application: app.as_ref().map(|app| app.as_str().into()),
                    until: *until,
                    reason: order.reason.clone(),
                    by: order.by.clone(),
                };
                self.sessions.deny(deny).await
            }
            Effect::AllowUser { user, app } => {
                let app = app.as_ref().map(AppId::as_str);
                self.sessions.allow(user, app).await.map(|_| 0)
            }
            Effect::DenyUser { .. } | Effect::Guard { .. } | Effect::Lift { .. } => Ok(0),
        };
        done.map_err(|error| match error {
            bongsu_edge_sessions::OrderError::Refused(why) => Stop::Refused(why),
            other => Stop::Failed(other.to_string()),
        })
    }

    /// Rules and outcome in one transaction.
    async fn change(
        &self,
        rules: Vec<(String, GuardRule)>,
        lift: Vec<String>,
        id: &str,
        outcome: Outcome,
    ) -> Result<Outcome, Stop> {
        let (guard, id, noted) = (Arc::clone(&self.guard), id.to_owned(), outcome.clone());
        let now = outcome.at;
        let write = move || guard.change(&rules, &lift, Some((id.as_str(), noted)), now);
        match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => Ok(outcome),
            Ok(Err(error @ bongsu_edge_guard::Error::Store(_))) => {
                Err(Stop::Failed(error.to_string()))
            }
            Ok(Err(error)) => Err(Stop::Refused(error.to_string())),
            Err(error) => Err(Stop::Failed(error.to_string())),
        }
    }

    async fn known(&self, id: &str) -> Result<Option<Outcome>, String> {
        let (guard, id) = (Arc::clone(&self.guard), id.to_owned());
        let read = tokio::task::spawn_blocking(move || guard.outcome(&id));
        let read = read.await.map_err(|error| error.to_string())?;
        read.map_err(|error| error.to_string())
    }

    async fn note(&self, id: &str, outcome: Outcome) -> Outcome {
        let noted = self.change(Vec::new(), Vec::new(), id, outcome.clone());
        match noted.await {
            Ok(outcome) => outcome,
            Err(Stop::Refused(why) | Stop::Failed(why)) => Outcome {
                state: OutcomeState::Failed,
                why,
                ..outcome
            },
        }
    }
}

/// The rules of an order, named after it, and the orders whose rules it ends.
fn rules(order: &Order) -> Result<(Named, Vec<String>), Stop> {
    let is_name = (1..=100).contains(&order.id.len());
    if !is_name || order.effects.is_empty() || order.effects.len() > MOST_EFFECTS {
        let why =
            format!("an order has an id of at most 100 bytes and 1 to {MOST_EFFECTS} effects");
        return Err(Stop::Refused(why));
    }
    let (mut rules, mut lift) = (Vec::new(), Vec::new());
    for (number, effect) in order.effects.iter().enumerate() {
        match effect {
            Effect::Guard { rule } => {
                let mut rule = rule.clone();
                rule.by.clone_from(&order.by);
                rule.reason.clone_from(&order.reason);
                rules.push((format!("{}.{number}", order.id), rule));
            }
            Effect::Lift { order } => lift.push(order.clone()),
            _ => {}
        }
    }
    Ok((rules, lift))
}
