//! The guard itself: decides from the index, changes rules through the store.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bongsu_sdk_model::{GuardRule, GuardVerdict, Outcome, Timestamp};
use serde::Serialize;

use crate::{
    Config, Error, Impact, Request, agent, digest,
    impact::Sample,
    index::Index,
    path,
    rule::{Compiled, Seen},
    session,
    store::{Change, Kept, Store},
};

/// Requests a rule must have been tried on before its share says anything.
const ENOUGH: usize = 20;
/// How long an order's outcome is remembered; an order does not live longer.
const REMEMBERED: Duration = Duration::from_secs(30 * 86_400);

/// What is to happen to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Allow,
    /// It is refused.
    Block {
        /// With this status.
        status: u16,
        /// With this text; empty for the web server's own.
        text: String,
    },
    /// It is sent elsewhere.
    Redirect {
        /// Where to.
        to: String,
    },
    /// It came too early.
    Limited {
        /// Seconds until it may come again.
        retry_after_s: u64,
    },
}

/// A rule and what it has done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// Names it.
    pub id: String,
    /// What it says; a session's id as a digest.
    pub rule: GuardRule,
    /// The order that made it; none: the administrator.
    pub order: Option<String>,
    /// Since when.
    pub added: Timestamp,
    /// Requests it refused, redirected or slowed down since the edge was started.
    pub hits: u64,
}

/// Decisions since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Passed.
    pub allowed: u64,
    /// Refused.
    pub blocked: u64,
    /// Sent elsewhere.
    pub redirected: u64,
    /// Came too early.
    pub limited: u64,
    /// Rules that hold.
    pub rules: u64,
    /// Identity cookies given.
    pub cookies: u64,
}

#[derive(Debug, Default)]
struct Tally {
    allowed: AtomicU64,
    blocked: AtomicU64,
    redirected: AtomicU64,
    limited: AtomicU64,
    cookies: AtomicU64,
}

/// What is known of one rule beside its compiled form.
#[derive(Debug)]
struct Holding {
    compiled: Arc<Compiled>,
    kept: Kept,
    hits: Arc<AtomicU64>,
}

/// What a decision reads.
#[derive(Debug, Default)]
struct Live {
    index: Index,
    hits: HashMap<Box<str>, Arc<AtomicU64>>,
}

/// Judges requests; shared by all that ask.
#[derive(Debug)]
pub struct Guard {
    config: Config,
    store: Store,
    live: RwLock<Arc<Live>>,
    rules: Mutex<BTreeMap<String, Holding>>,
    sample: Sample,
    tally: Tally,
}

impl Guard {
    /// Opens the store and makes its rules hold again. A rule that cannot be used any more is an error: a start
    /// that forgets a block would be worse.
    ///
    /// # Errors
    /// [`Error::Store`], or whatever is wrong with a kept rule.
    pub fn open(config: Config, now: Timestamp) -> Result<Self, Error> {
        let store = Store::open(&config.data_dir)?;
        let mut rules = BTreeMap::new();
        for (id, kept) in store.rules()? {
            let compiled = Arc::new(Compiled::new(&id, &kept.rule)?);
            rules.insert(
                id,
                Holding {
                    compiled,
                    kept,
                    hits: Arc::default(),
                },
            );
        }
        store.forget(now.minus(REMEMBERED))?;
        let guard = Self {
            config,
            store,
            live: RwLock::default(),
            rules: Mutex::new(rules),
            sample: Sample::default(),
            tally: Tally::default(),
        };
        let rules = guard.holdings();
        guard.publish(&rules)?;
        drop(rules);
        guard.sweep(now)?;
        Ok(guard)
    }

    /// How it is configured.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Judges a request. `user` is called, with the session's id, only if a rule asks whose requests are.
    pub fn decide(
        &self,
        request: &Request<'_>,
        now: Timestamp,
        user: impl FnOnce(&str) -> Option<Arc<str>>,
    ) -> Verdict {
        let live = Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner));
        let path = path::plain(request.target);
        let agent = agent::lower(request.user_agent);
        let asks = live.index.asks_for_users();
        let session = request.session.map(session::id);
        let user = session.as_deref().filter(|_| asks).and_then(user);
        let session = session.as_deref().map(digest::of);
        let seen = Seen {
            app: request.app,
            method: request.method,
            path: &path,
            agent: &agent,
            client: request.client,
            user: user.as_deref(),
            session: session.as_deref(),
        };
        self.sample.remember(&seen, now);
        let verdict = judge(&live, &seen, now);
        self.tally.count(&verdict);
        verdict
    }

    /// A `Set-Cookie` for a client that has no identity yet, if identities are given.
    #[must_use]
    pub fn identify(&self, request: &Request<'_>) -> Option<String> {
        let issued = self.config.cookie.as_ref()?.issue(request.identity)?;
        self.tally.cookies.fetch_add(1, Ordering::Relaxed);
        Some(issued)
    }

    /// Makes rules hold, all or none, and notes the outcome of the order they came by in the same transaction. A
    /// rule with an id that there is already is replaced. `lift` names orders whose rules end.
    ///
    /// # Errors
    /// [`Error`]; then nothing has changed.
    pub fn change(
        &self,
        add: &[(String, GuardRule)],
        lift: &[String],
        order: Option<(&str, Outcome)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let compiled = self.check(add, now)?;
        let mut rules = self.holdings();
        let delete: Vec<String> = rules
            .iter()
            .filter(|(_, held)| {
                held.kept
                    .order
                    .as_ref()
                    .is_some_and(|order| lift.contains(order))
            })
            .map(|(id, _)| id.clone())
            .collect();
        let by = order.as_ref().map(|(order, _)| (*order).to_owned());
        let fresh = compiled.into_iter().map(|compiled| {
            let kept = Kept {
                rule: compiled.rule.clone(),
                order: by.clone(),
                added: now,
            };
            (
                compiled.id.to_string(),
                Holding {
                    compiled: Arc::new(compiled),
                    kept,
                    hits: Arc::default(),
                },
            )
        });
        let fresh: Vec<(String, Holding)> = fresh.collect();
        let there = rules
            .iter()
            .filter(|(id, _)| !delete.contains(id) && !fresh.iter().any(|(new, _)| new == *id));
        let total = there.clone().count() + fresh.len();
        if total > self.config.max_rules {
            return Err(Error::Full(format!(
                "there would be {total} rules, the limit is {}",
                self.config.max_rules
            )));
        }
        // What could not be looked up must not be written.
        Index::of(
            there
                .map(|(_, held)| &held.compiled)
                .chain(fresh.iter().map(|(_, held)| &held.compiled)),
        )?;
        let change = Change {
            put: fresh
                .iter()
                .map(|(id, held)| (id.clone(), held.kept.clone()))
                .collect(),
            delete: delete.clone(),
            outcome: order.map(|(order, outcome)| (order.to_owned(), outcome)),
        };
        self.store.write(&change)?;
        delete.iter().for_each(|id| drop(rules.remove(id)));
        rules.extend(fresh);
        self.publish(&rules)
    }

    /// Checks rules without making them hold.
    ///
    /// # Errors
    /// [`Error::Rule`], [`Error::TooBroad`].
    pub fn preview(&self, rule: &GuardRule, now: Timestamp) -> Result<Impact, Error> {
        let compiled = Compiled::new("preview", rule)?;
        let impact = self.sample.impact(&compiled, now);
        narrow_enough(&compiled, &impact)?;
        Ok(impact)
    }

    fn check(&self, add: &[(String, GuardRule)], now: Timestamp) -> Result<Vec<Compiled>, Error> {
        let check = |(id, rule): &(String, GuardRule)| {
            let is_name = (1..=128).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
            if !is_name {
                return Err(Error::Rule(format!(
                    "`{id}` is no id of a rule, hint: up to 128 letters, digits, `-`, `_`, `.`, `:`"
                )));
            }
            if rule.until.is_some_and(|until| until <= now) {
                return Err(Error::Rule("`until` has passed".to_owned()));
            }
            let compiled = Compiled::new(id, rule)?;
            narrow_enough(&compiled, &self.sample.impact(&compiled, now))?;
            Ok(compiled)
        };
        add.iter().map(check).collect()
    }

    /// Ends a rule by its id; whether there was one.
    ///
    /// # Errors
    /// [`Error::Store`]; then it still holds.
    pub fn remove(&self, id: &str) -> Result<bool, Error> {
        let mut rules = self.holdings();
        if !rules.contains_key(id) {
            return Ok(false);
        }
        self.store.write(&Change {
            delete: vec![id.to_owned()],
            ..Change::default()
        })?;
        rules.remove(id);
        self.publish(&rules)?;
        Ok(true)
    }

    /// Deletes rules whose time is over; how many there were. They do not hold from that instant on, whether or
    /// not this is called.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn sweep(&self, now: Timestamp) -> Result<usize, Error> {
        let mut rules = self.holdings();
        let over = rules.iter().filter(|(_, held)| held.compiled.is_over(now));
        let delete: Vec<String> = over.map(|(id, _)| id.clone()).collect();
        if delete.is_empty() {
            return Ok(0);
        }
        self.store.write(&Change {
            delete: delete.clone(),
            ..Change::default()
        })?;
        delete.iter().for_each(|id| drop(rules.remove(id)));
        self.publish(&rules)?;
        Ok(delete.len())
    }

    /// What became of an order that was carried out here.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn outcome(&self, order: &str) -> Result<Option<Outcome>, Error> {
        self.store.outcome(order)
    }

    /// Every rule that holds, by id.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let show = |(id, held): (&String, &Holding)| Rule {
            id: id.clone(),
            rule: held.kept.rule.clone(),
            order: held.kept.order.clone(),
            added: held.kept.added,
            hits: held.hits.load(Ordering::Relaxed),
        };
        self.holdings().iter().map(show).collect()
    }

    /// What was decided.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        Counts {
            allowed: read(&self.tally.allowed),
            blocked: read(&self.tally.blocked),
            redirected: read(&self.tally.redirected),
            limited: read(&self.tally.limited),
            rules: live.index.len() as u64,
            cookies: read(&self.tally.cookies),
        }
    }

    fn holdings(&self) -> MutexGuard<'_, BTreeMap<String, Holding>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, rules: &BTreeMap<String, Holding>) -> Result<(), Error> {
        let index = Index::of(rules.values().map(|held| &held.compiled))?;
        let hits = rules
            .iter()
            .map(|(id, held)| (id.as_str().into(), Arc::clone(&held.hits)));
        let live = Arc::new(Live {
            index,
            hits: hits.collect(),
        });
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        Ok(())
    }
}

impl Tally {
    fn count(&self, verdict: &Verdict) {
        let count = match verdict {
            Verdict::Allow => &self.allowed,
            Verdict::Block { .. } => &self.blocked,
            Verdict::Redirect { .. } => &self.redirected,
            Verdict::Limited { .. } => &self.limited,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// A block goes before a redirect, a redirect before a limit; of equals the one with the first id.
fn judge(live: &Live, seen: &Seen<'_>, now: Timestamp) -> Verdict {
    let mut first: Option<Arc<Compiled>> = None;
    let mut limits: Vec<Arc<Compiled>> = Vec::new();
    let rank = |rule: &Compiled| {
        (
            matches!(rule.rule.then, GuardVerdict::Redirect { .. }),
            rule.id.clone(),
        )
    };
    live.index.fitting(seen, |rule| {
        if rule.is_over(now) {
            return;
        }
        if rule.limiter.is_some() {
            limits.push(Arc::clone(rule));
        } else if first
            .as_ref()
            .is_none_or(|present| rank(rule) < rank(present))
        {
            first = Some(Arc::clone(rule));
        }
    });
    let hit = |rule: &Compiled| {
        if let Some(hits) = live.hits.get(&rule.id) {
            hits.fetch_add(1, Ordering::Relaxed);
        }
    };
    if let Some(rule) = first {
        hit(&rule);
        return match &rule.rule.then {
            GuardVerdict::Redirect { to } => Verdict::Redirect { to: to.clone() },
            GuardVerdict::Block { status, text } => Verdict::Block {
                status: status.unwrap_or(403),
                text: text.clone().unwrap_or_default(),
            },
            GuardVerdict::Limit { .. } => Verdict::Allow,
        };
    }
    let mut verdict = Verdict::Allow;
    for rule in &limits {
        if let Some(Err(retry_after_s)) =
            rule.limiter.as_ref().map(|limiter| limiter.pass(seen, now))
        {
            hit(rule);
            verdict = Verdict::Limited { retry_after_s };
        }
    }
    verdict
}

/// Refuses a rule that would have kept out more than half of what was seen lately. A limit keeps nobody out.
fn narrow_enough(rule: &Compiled, impact: &Impact) -> Result<(), Error> {
    let keeps_out = rule.limiter.is_none();
    if keeps_out && impact.sampled >= ENOUGH && impact.fitting * 2 > impact.sampled {
        return Err(Error::TooBroad(format!(
            "the rule would have met {} of the last {} requests ({} %)",
            impact.fitting,
            impact.sampled,
            impact.fitting * 100 / impact.sampled
        )));
    }
    Ok(())
}
