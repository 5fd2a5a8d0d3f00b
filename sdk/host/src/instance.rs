//! What the host knows about one running instance: its budgets, and the imports that spend them.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sdk_model::{Timestamp, Window};
use wasmtime::{
    ResourceLimiter,
    component::{HasSelf, Linker},
};

use crate::{
    Limits, Need, Setup,
    bindings::{
        controller::bongsu::plugin::types as controller_types,
        detector::bongsu::plugin::{
            baselines, clock, log, metrics,
            sessions::{self, Session},
            state, types,
        },
    },
    contract::{is_word, shorten},
    setup::{FigureScope, SessionFact},
};

/// Most entries of all tables of an instance; a Rust guest needs some hundred, a script runtime some ten thousand.
const TABLE_ENTRIES: usize = 100_000;

/// Most memories, tables and core instances inside one component.
const PARTS: usize = 64;

/// Most keys or sessions of one look-up.
const MOST_LISTED: usize = 1_000;

/// A limit or rule that the host stopped a call for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broke {
    /// It made more host calls than it may.
    HostCalls,
    /// It called something that is not granted.
    Ungranted(Need),
}

impl std::fmt::Display for Broke {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped by the host")
    }
}

impl std::error::Error for Broke {}

/// Figures a plugin reports of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) counters: BTreeMap<String, f64>,
    pub(crate) gauges: BTreeMap<String, f64>,
}

impl Figures {
    /// Moves what an instance reported since its last call here: counters add up, gauges replace.
    pub(crate) fn take(&mut self, reported: &mut Self) {
        for (name, amount) in &mut reported.counters {
            *self.counters.entry(name.clone()).or_default() += std::mem::take(amount);
        }
        for (name, value) in &reported.gauges {
            self.gauges.insert(name.clone(), *value);
        }
    }
}

/// What is counted of an instance, to be added to the plugin's counters.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) log_lines_dropped: u64,
    pub(crate) state_refused: u64,
    pub(crate) metrics_dropped: u64,
    pub(crate) host_calls: u64,
}

/// The store's data.
pub(crate) struct InstanceState {
    setup: Setup,
    limits: Limits,
    granted: BTreeSet<Need>,
    log_lines_left: u32,
    host_calls_left: u32,
    now: Timestamp,
    /// Since the last call began.
    pub(crate) spent: Spent,
    /// The instance asked for more memory than it may have.
    pub(crate) memory_refused: bool,
    /// Size of its linear memory.
    pub(crate) memory_bytes: usize,
    /// What it said it panicked of.
    pub(crate) panic: Option<String>,
    /// Why the host stopped it.
    pub(crate) broke: Option<Broke>,
    /// What it reports of itself.
    pub(crate) figures: Figures,
}

impl InstanceState {
    pub(crate) fn new(setup: &Setup, limits: &Limits, granted: &BTreeSet<Need>) -> Self {
        Self {
            limits: limits.clone(),
            granted: granted.clone(),
            log_lines_left: limits.log_lines,
            host_calls_left: limits.host_calls,
            now: Timestamp::from_ms(0),
            spent: Spent::default(),
            memory_refused: false,
            memory_bytes: 0,
            panic: None,
            broke: None,
            figures: Figures::default(),
            setup: setup.clone(),
        }
    }

    /// Gives the budgets that are per call.
    pub(crate) fn begin_call(&mut self, now: Timestamp) {
        self.now = now;
        self.spent = Spent::default();
        self.log_lines_left = self.limits.log_lines;
        self.host_calls_left = self.limits.host_calls;
    }

    /// Everything a plugin may import.
    pub(crate) fn link(linker: &mut Linker<Self>) -> wasmtime::Result<()> {
        types::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)?;
        log::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)?;
        clock::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)?;
        state::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)?;
        metrics::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)?;
        baselines::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)?;
        sessions::add_to_linker::<_, HasSelf<Self>>(linker, |state| state)
    }

    /// Pays for one host call.
    fn pay(&mut self) -> wasmtime::Result<()> {
        self.spent.host_calls += 1;
        match self.host_calls_left.checked_sub(1) {
            Some(left) => {
                self.host_calls_left = left;
                Ok(())
            }
            None => self.stop(Broke::HostCalls),
        }
    }

    /// Pays for one host call to something that has to be granted.
    fn pay_for(&mut self, need: Need) -> wasmtime::Result<()> {
        if self.granted.contains(&need) {
            self.pay()
        } else {
            self.stop(Broke::Ungranted(need))
        }
    }

    fn stop(&mut self, why: Broke) -> wasmtime::Result<()> {
        self.broke = Some(why.clone());
        Err(wasmtime::Error::new(why))
    }

    /// Whether a figure may be reported under this name.
    fn may_report(&mut self, name: &str, value: f64) -> bool {
        let known =
            self.figures.counters.contains_key(name) || self.figures.gauges.contains_key(name);
        let count = self.figures.counters.len() + self.figures.gauges.len();
        let fits = value.is_finite()
            && (known || (count < self.limits.metrics && is_word(name, 48) && !name.contains('-')));
        self.spent.metrics_dropped += u64::from(!fits);
        fits
    }
}

impl types::Host for InstanceState {}
impl controller_types::Host for InstanceState {}

impl log::Host for InstanceState {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.pay()?;
        if self.log_lines_left == 0 {
            self.spent.log_lines_dropped += 1;
            return Ok(());
        }
        self.log_lines_left -= 1;
        let line = cut(&message, self.limits.log_line_bytes);
        let plugin = &self.setup.name;
        match level {
            log::Level::Debug => tracing::debug!(plugin, "{line}"),
            log::Level::Info => tracing::info!(plugin, "{line}"),
            log::Level::Warn => tracing::warn!(plugin, "{line}"),
            log::Level::Error => tracing::error!(plugin, "{line}"),
        }
        Ok(())
    }

    fn panicking(&mut self, message: String) -> wasmtime::Result<()> {
        self.panic = Some(shorten(&message));
        self.pay()
    }
}

impl clock::Host for InstanceState {
    fn now_ms(&mut self) -> wasmtime::Result<i64> {
        self.pay()?;
        Ok(self.now.as_ms())
    }
}

impl state::Host for InstanceState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        self.pay_for(Need::State)?;
        Ok(self.setup.state.get(&key))
    }

    fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<bool> {
        self.pay_for(Need::State)?;
        let kept = self.setup.state.set(&key, &value, self.limits.state_bytes);
        self.spent.state_refused += u64::from(!kept);
        Ok(kept)
    }

    fn remove(&mut self, key: String) -> wasmtime::Result<()> {
        self.pay_for(Need::State)?;
        self.setup.state.remove(&key);
        Ok(())
    }

    fn keys(&mut self, prefix: String, limit: u32) -> wasmtime::Result<Vec<String>> {
        self.pay_for(Need::State)?;
        Ok(self.setup.state.keys(&prefix, listed(limit)))
    }
}

impl metrics::Host for InstanceState {
    fn add(&mut self, name: String, amount: f64) -> wasmtime::Result<()> {
        self.pay()?;
        if self.may_report(&name, amount) {
            *self.figures.counters.entry(name).or_default() += amount.max(0.0);
        }
        Ok(())
    }

    fn set(&mut self, name: String, value: f64) -> wasmtime::Result<()> {
        self.pay()?;
        if self.may_report(&name, value) {
            self.figures.gauges.insert(name, value);
        }
        Ok(())
    }
}

impl baselines::Host for InstanceState {
    fn usually(
        &mut self,
        scope: baselines::Scope,
        metric: String,
        window: types::Window,
    ) -> wasmtime::Result<Option<baselines::Usual>> {
        self.pay_for(Need::Baselines)?;
        if window.from_ms >= window.to_ms {
            return Ok(None);
        }
        let scope = FigureScope {
            app: scope.app,
            url: scope.url,
        };
        let window = Window::new(
            Timestamp::from_ms(window.from_ms),
            Timestamp::from_ms(window.to_ms),
        );
        let usual = self.setup.site.usually(&scope, &metric, window);
        Ok(usual.map(|usual| baselines::Usual {
            value: usual.value,
            low: usual.low,
            high: usual.high,
            days: usual.days,
        }))
    }
}

impl sessions::Host for InstanceState {
    fn find(&mut self, token: String) -> wasmtime::Result<Option<Session>> {
        self.pay_for(Need::Sessions)?;
        Ok(self.setup.site.session(&token).map(session))
    }

    fn of_user(&mut self, token: String, limit: u32) -> wasmtime::Result<Vec<Session>> {
        self.pay_for(Need::Sessions)?;
        let found = self.setup.site.sessions_of(&token, listed(limit));
        Ok(found.into_iter().map(session).collect())
    }
}

fn session(fact: SessionFact) -> Session {
    Session {
        token: fact.token,
        user: fact.user,
        app: fact.app,
        created_ms: fact.created_ms,
        last_ms: fact.last_ms,
        url: fact.url,
    }
}

fn listed(limit: u32) -> usize {
    usize::try_from(limit)
        .unwrap_or(MOST_LISTED)
        .min(MOST_LISTED)
}

/// The first `bytes` bytes, less the rest of a character, and only its first line: a guest must not forge lines.
fn cut(message: &str, bytes: usize) -> String {
    let line = message
        .get(..message.floor_char_boundary(bytes))
        .unwrap_or_default();
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

impl ResourceLimiter for InstanceState {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The limit is that of all memories together: QuickJS has two.
        let all = self
            .memory_bytes
            .saturating_add(desired.saturating_sub(current));
        let granted = all <= self.limits.memory_bytes;
        self.memory_refused |= !granted;
        if granted {
            self.memory_bytes = all;
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ENTRIES)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(limits: Limits) -> InstanceState {
        InstanceState::new(&Setup::new("p"), &limits, &BTreeSet::new())
    }

    #[test]
    fn lines_are_cut_at_characters_and_kept_to_one() {
        assert_eq!(cut("봉수\n  forged", 64), "봉수   forged");
        assert_eq!(cut("봉수", 4), "봉");
        assert_eq!(cut("봉수", 0), "");
    }

    #[test]
    fn lines_over_the_limit_are_dropped_and_counted() {
        let mut state = instance(Limits {
            log_lines: 2,
            ..Limits::default()
        });
        let write = |state: &mut InstanceState| {
            log::Host::write(state, log::Level::Info, "line".to_owned()).unwrap();
        };
        for _ in 0..5 {
            write(&mut state);
        }
        assert_eq!(state.spent.log_lines_dropped, 3);
        state.begin_call(Timestamp::from_ms(0));
        write(&mut state);
        assert_eq!(state.spent.log_lines_dropped, 0);
    }

    #[test]
    fn figures_are_bounded_in_number_name_and_value() {
        let mut state = instance(Limits {
            metrics: 2,
            ..Limits::default()
        });
        for (name, value) in [
            ("seen", 1.0),
            ("seen", 2.0),
            ("seen", -5.0),
            ("bad name", 1.0),
            ("nan", f64::NAN),
            ("second", 1.0),
            ("third", 1.0),
        ] {
            metrics::Host::add(&mut state, name.to_owned(), value).unwrap();
        }
        assert_eq!(state.figures.counters["seen"], 3.0);
        assert_eq!(state.figures.counters.len(), 2);
        assert_eq!(state.spent.metrics_dropped, 3);
    }

    #[test]
    fn what_is_not_granted_stops_the_call() {
        let mut state = instance(Limits::default());
        assert!(state::Host::get(&mut state, "k".to_owned()).is_err());
        assert_eq!(state.broke, Some(Broke::Ungranted(Need::State)));
    }
}
