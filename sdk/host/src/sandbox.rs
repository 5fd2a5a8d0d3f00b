//! One loaded plugin: its compiled code, its live instance, and what its failures are called. Knows no world; each
//! world is a [`World`].

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use bongsu_sdk_model::Timestamp;
use wasmtime::{Store, Trap, component::InstancePre};

use crate::{
    Counters, Engine, Limits, Loaded, Manifest, Need, PluginError, SettingValue, Setup, WorldKind,
    contract::{self, first_line, shorten},
    instance::{Broke, Figures, InstanceState},
    settings,
};

/// The functions every world exports, called through its generated bindings.
pub(crate) trait World: Sized {
    const KIND: WorldKind;
    type Pre;

    /// Checks the exports.
    fn prepare(pre: InstancePre<InstanceState>) -> wasmtime::Result<Self::Pre>;
    fn instantiate(pre: &Self::Pre, store: &mut Store<InstanceState>) -> wasmtime::Result<Self>;
    fn init(
        &self,
        store: &mut Store<InstanceState>,
        settings: &[(String, SettingValue)],
    ) -> wasmtime::Result<Result<(), String>>;
}

/// A loaded plugin of world `W`.
pub(crate) struct Sandbox<W: World> {
    setup: Setup,
    limits: Limits,
    granted: BTreeSet<Need>,
    manifest: Manifest,
    settings: Vec<(String, SettingValue)>,
    pre: W::Pre,
    live: Option<Live<W>>,
    counters: Counters,
    figures: Figures,
    /// Keeps the epoch ticking for as long as there is something to stop.
    engine: Engine,
}

struct Live<W> {
    store: Store<InstanceState>,
    world: W,
}

impl<W: World> Sandbox<W> {
    /// Compiles and starts a plugin.
    pub(crate) fn load(engine: &Engine, bytes: &[u8], setup: &Setup) -> Result<Self, PluginError> {
        let plugin = setup.name.as_str();
        let manifest = Manifest::read(plugin, bytes)?;
        if manifest.world != W::KIND {
            return Err(PluginError::Contract {
                plugin: plugin.to_owned(),
                world: W::KIND.name(),
                reason: format!("it says that it is a {}", manifest.world.name()),
            });
        }
        if let Some(need) = manifest.needs.difference(&setup.grants).next() {
            return Err(PluginError::Ungranted {
                plugin: plugin.to_owned(),
                interface: need.name(),
            });
        }
        let settings =
            settings::resolve(&manifest.settings, &setup.settings).map_err(|reason| {
                PluginError::Settings {
                    plugin: plugin.to_owned(),
                    reason,
                }
            })?;
        let component = engine
            .compile(bytes)
            .map_err(|e| PluginError::NotComponent {
                plugin: plugin.to_owned(),
                reason: first_line(&e),
            })?;
        let mut sandbox = Self {
            limits: setup.limits.with_wishes(&manifest.limits),
            granted: manifest.needs.clone(),
            manifest,
            settings,
            pre: contract::link::<W>(engine, plugin, &component)?,
            live: None,
            counters: Counters::default(),
            figures: Figures::default(),
            engine: engine.clone(),
            setup: setup.clone(),
        };
        // A trial with a copy of the state: another version may be serving, and it alone may write.
        let shared = std::mem::replace(&mut sandbox.setup.state, setup.state.fork());
        sandbox.start(Timestamp::from_ms(0))?;
        sandbox.setup.state = shared;
        Ok(sandbox)
    }

    pub(crate) const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn loaded(&self) -> Loaded<'_> {
        Loaded {
            name: &self.setup.name,
            manifest: &self.manifest,
            limits: &self.limits,
            counters: self.counters,
            figures: &self.figures,
            memory_bytes: self
                .live
                .as_ref()
                .map_or(0, |live| live.store.data().memory_bytes),
            state: &self.setup.state,
        }
    }

    /// Calls the live instance, making one first if the last was lost. `check` judges the answer; what the call wrote to
    /// its state is kept only if both succeed.
    pub(crate) fn call<A, R>(
        &mut self,
        now: Timestamp,
        call: impl FnOnce(&W, &mut Store<InstanceState>) -> wasmtime::Result<A>,
        check: impl FnOnce(A) -> Result<R, String>,
    ) -> Result<R, PluginError> {
        let watch = Stopwatch::start();
        let result = self
            .call_unmeasured(now, call)
            .and_then(|answer| check(answer).map_err(|reason| self.nonsense(reason)));
        match &result {
            Ok(_) => self.setup.state.keep(),
            Err(error) => {
                self.setup.state.undo();
                // An answer that breaks the rules comes of a guest that may not be trusted with its memory either.
                self.live = None;
                self.counters.count(error);
            }
        }
        self.counters.calls += 1;
        self.counters.busy += watch.elapsed();
        result
    }

    fn call_unmeasured<A>(
        &mut self,
        now: Timestamp,
        call: impl FnOnce(&W, &mut Store<InstanceState>) -> wasmtime::Result<A>,
    ) -> Result<A, PluginError> {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => {
                self.counters.restarts += u64::from(self.counters.calls > 0);
                self.start(now)?
            }
        };
        live.store.data_mut().begin_call(now);
        live.store
            .set_epoch_deadline(Engine::ticks(self.limits.deadline));
        let answer = call(&live.world, &mut live.store);
        self.counters.spend(live.store.data().spent);
        self.figures.take(&mut live.store.data_mut().figures);
        match answer {
            Ok(answer) => {
                self.live = Some(live);
                Ok(answer)
            }
            Err(error) => Err(self.failure(&error, live.store.data())),
        }
    }

    fn start(&self, now: Timestamp) -> Result<Live<W>, PluginError> {
        let state = InstanceState::new(&self.setup, &self.limits, &self.granted);
        let mut store = Store::new(self.engine.wasm(), state);
        store.data_mut().begin_call(now);
        store.limiter(|state| state);
        store.set_hostcall_fuel(self.limits.answer_bytes);
        store.set_epoch_deadline(Engine::ticks(self.limits.deadline));
        let world = W::instantiate(&self.pre, &mut store);
        let world = world.map_err(|e| self.failure(&e, store.data()))?;
        world
            .init(&mut store, &self.settings)
            .map_err(|e| self.failure(&e, store.data()))?
            .map_err(|reason| PluginError::Settings {
                plugin: self.setup.name.clone(),
                reason: shorten(&reason),
            })?;
        Ok(Live { store, world })
    }

    /// The name of what went wrong. Whatever is not a trap was found while the answer was lifted: it was malformed.
    fn failure(&self, error: &wasmtime::Error, state: &InstanceState) -> PluginError {
        let plugin = self.setup.name.clone();
        match (&state.broke, error.downcast_ref::<Trap>()) {
            (Some(Broke::HostCalls), _) => PluginError::HostCalls {
                plugin,
                limit: self.limits.host_calls,
            },
            (Some(Broke::Ungranted(need)), _) => PluginError::Ungranted {
                plugin,
                interface: need.name(),
            },
            _ if state.memory_refused => PluginError::Memory {
                plugin,
                limit_bytes: self.limits.memory_bytes,
            },
            (None, Some(Trap::Interrupt)) => PluginError::Deadline {
                plugin,
                limit: self.limits.deadline,
            },
            (None, Some(trap)) => {
                let reason = state
                    .panic
                    .clone()
                    .unwrap_or_else(|| shorten(&trap.to_string()));
                PluginError::Trap { plugin, reason }
            }
            (None, None) => self.nonsense(first_line(error)),
        }
    }

    fn nonsense(&self, reason: String) -> PluginError {
        PluginError::Nonsense {
            plugin: self.setup.name.clone(),
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
