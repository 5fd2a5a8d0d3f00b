//! One loaded plugin: its compiled code, its live instance, and what its failures are called. Knows no world; each
//! world is a [`World`].

use std::time::{Duration, Instant};

use wasmtime::{
    Store, Trap,
    component::{Component, InstancePre},
};

use crate::{
    Counters, Engine, Limits, Manifest, PluginError,
    bindings::masker::bongsu::plugin::types,
    contract::{self, first_line, shorten},
    instance::InstanceState,
};

/// The functions every world exports, called through its generated bindings.
pub(crate) trait World: Sized {
    const NAME: &'static str;
    type Pre;

    /// Checks the exports.
    fn prepare(pre: InstancePre<InstanceState>) -> wasmtime::Result<Self::Pre>;
    fn instantiate(pre: &Self::Pre, store: &mut Store<InstanceState>) -> wasmtime::Result<Self>;
    fn describe(&self, store: &mut Store<InstanceState>) -> wasmtime::Result<types::Manifest>;
    fn init(
        &self,
        store: &mut Store<InstanceState>,
        settings: &[(&str, &str)],
    ) -> wasmtime::Result<Result<(), String>>;
}

/// A loaded plugin of world `W`.
pub(crate) struct Sandbox<W: World> {
    plugin: String,
    manifest: Manifest,
    settings: Vec<(String, String)>,
    limits: Limits,
    pre: W::Pre,
    live: Option<Live<W>>,
    counters: Counters,
    /// Keeps the epoch ticking for as long as there is something to stop.
    engine: Engine,
}

struct Live<W> {
    store: Store<InstanceState>,
    world: W,
}

impl<W: World> Sandbox<W> {
    /// Compiles and starts a plugin. `plugin` is the name it goes by in errors and logs.
    pub(crate) fn load(
        engine: &Engine,
        plugin: &str,
        bytes: &[u8],
        limits: &Limits,
        settings: &[(String, String)],
    ) -> Result<Self, PluginError> {
        let component =
            Component::new(engine.wasm(), bytes).map_err(|e| PluginError::NotComponent {
                plugin: plugin.to_owned(),
                reason: first_line(&e),
            })?;
        let mut sandbox = Self {
            plugin: plugin.to_owned(),
            manifest: Manifest {
                name: String::new(),
                version: String::new(),
                summary: String::new(),
            },
            settings: settings.to_vec(),
            limits: limits.clone(),
            pre: contract::link::<W>(engine, plugin, &component)?,
            live: None,
            counters: Counters::default(),
            engine: engine.clone(),
        };
        let (live, manifest) = sandbox.start()?;
        sandbox.manifest = manifest;
        sandbox.live = Some(live);
        Ok(sandbox)
    }

    pub(crate) const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn counters(&self) -> Counters {
        self.counters
    }

    /// Calls the live instance, making one first if the last was lost. `check` judges the answer.
    pub(crate) fn call<A, R>(
        &mut self,
        call: impl FnOnce(&W, &mut Store<InstanceState>) -> wasmtime::Result<A>,
        check: impl FnOnce(A) -> Result<R, String>,
    ) -> Result<R, PluginError> {
        let watch = Stopwatch::start();
        let result = self
            .call_unmeasured(call)
            .and_then(|answer| check(answer).map_err(|reason| self.nonsense(reason)));
        self.counters.calls += 1;
        self.counters.busy += watch.elapsed();
        if let Err(error) = &result {
            self.counters.count(error);
        }
        result
    }

    fn call_unmeasured<A>(
        &mut self,
        call: impl FnOnce(&W, &mut Store<InstanceState>) -> wasmtime::Result<A>,
    ) -> Result<A, PluginError> {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => {
                self.counters.restarts += 1;
                self.start()?.0
            }
        };
        live.store.data_mut().begin_call();
        live.store
            .set_epoch_deadline(Engine::ticks(self.limits.deadline));
        let dropped = live.store.data().log_lines_dropped;
        let answer = call(&live.world, &mut live.store);
        self.counters.log_lines_dropped += live.store.data().log_lines_dropped - dropped;
        match answer {
            Ok(answer) => {
                self.live = Some(live);
                Ok(answer)
            }
            Err(error) => Err(self.failure(&error, live.store.data())),
        }
    }

    fn start(&self) -> Result<(Live<W>, Manifest), PluginError> {
        let state = InstanceState::new(&self.plugin, &self.limits);
        let mut store = Store::new(self.engine.wasm(), state);
        store.limiter(|state| state);
        store.set_hostcall_fuel(self.limits.answer_bytes);
        store.set_epoch_deadline(Engine::ticks(self.limits.deadline));
        let world = W::instantiate(&self.pre, &mut store);
        let world = world.map_err(|e| self.failure(&e, store.data()))?;
        let said = world
            .describe(&mut store)
            .map_err(|e| self.failure(&e, store.data()))?;
        let manifest = contract::check::<W>(said).map_err(|reason| self.contract(reason))?;
        let settings: Vec<(&str, &str)> = self
            .settings
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        world
            .init(&mut store, &settings)
            .map_err(|e| self.failure(&e, store.data()))?
            .map_err(|reason| PluginError::Settings {
                plugin: self.plugin.clone(),
                reason: shorten(&reason),
            })?;
        Ok((Live { store, world }, manifest))
    }

    /// The name of what went wrong. Whatever is not a trap was found while the answer was lifted: it was malformed.
    fn failure(&self, error: &wasmtime::Error, state: &InstanceState) -> PluginError {
        let plugin = self.plugin.clone();
        match error.downcast_ref::<Trap>() {
            _ if state.memory_refused => PluginError::Memory {
                plugin,
                limit_bytes: self.limits.memory_bytes,
            },
            Some(Trap::Interrupt) => PluginError::Deadline {
                plugin,
                limit: self.limits.deadline,
            },
            Some(trap) => {
                let reason = state
                    .panic
                    .clone()
                    .unwrap_or_else(|| shorten(&trap.to_string()));
                PluginError::Trap { plugin, reason }
            }
            None => self.nonsense(first_line(error)),
        }
    }

    fn contract(&self, reason: String) -> PluginError {
        PluginError::Contract {
            plugin: self.plugin.clone(),
            world: W::NAME,
            reason,
        }
    }

    fn nonsense(&self, reason: String) -> PluginError {
        PluginError::Nonsense {
            plugin: self.plugin.clone(),
            reason,
        }
    }
}

/// Measures what a call costs. The figure goes to [`Counters::busy`] and decides nothing.
struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "cost of a call, monotonic and finer than the passed-in clock"
    )]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
