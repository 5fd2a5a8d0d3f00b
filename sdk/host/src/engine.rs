//! The engine: compiles components, and a thread that lets deadlines pass.

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use wasmtime::component::Component;

use crate::{PluginError, cache::CodeCache};

/// Compiles and runs plugins. One per process is enough; clones share it. The ticking thread ends with the last clone or
/// loaded plugin.
#[derive(Clone)]
pub struct Engine {
    wasm: wasmtime::Engine,
    cache: Option<Arc<CodeCache>>,
    _ticker: Arc<Ticker>,
}

impl Engine {
    /// Resolution of deadlines: a call is stopped between its deadline and one tick later.
    pub const TICK: Duration = Duration::from_millis(5);

    /// Deepest a guest's stack may grow, in bytes.
    const STACK_BYTES: usize = 512 << 10;

    /// Starts an engine that compiles everything anew.
    ///
    /// # Errors
    /// [`PluginError::Engine`] if this machine cannot run compiled WebAssembly, or no thread can be started.
    pub fn new() -> Result<Self, PluginError> {
        Self::start(None)
    }

    /// Starts an engine that keeps compiled code in a directory, which it makes private to this user.
    ///
    /// # Errors
    /// As [`Self::new`], and if the directory cannot be used.
    pub fn cached(dir: &Path) -> Result<Self, PluginError> {
        let cache = CodeCache::open(dir).map_err(|e| PluginError::Engine {
            reason: format!("failed to open the code cache `{}`: {e}", dir.display()),
        })?;
        Self::start(Some(cache))
    }

    fn start(cache: Option<CodeCache>) -> Result<Self, PluginError> {
        let failed = |e: wasmtime::Error| PluginError::Engine {
            reason: format!("{e:#}"),
        };
        let mut config = wasmtime::Config::new();
        config
            .epoch_interruption(true)
            .max_wasm_stack(Self::STACK_BYTES)
            .wasm_relaxed_simd(false);
        if let Some(cache) = &cache {
            config.cache(Some(cache.for_engine().map_err(failed)?));
        }
        let wasm = wasmtime::Engine::new(&config).map_err(failed)?;
        let ticker = Ticker::start(wasm.clone()).map_err(|e| PluginError::Engine {
            reason: e.to_string(),
        })?;
        Ok(Self {
            wasm,
            cache: cache.map(Arc::new),
            _ticker: Arc::new(ticker),
        })
    }

    /// Compiles a component, or finds it compiled.
    pub(crate) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<Component> {
        let component = Component::new(&self.wasm, bytes)?;
        if let Some(cache) = &self.cache
            && let Err(error) = cache.note()
        {
            // The next start compiles again; nothing else is lost.
            tracing::warn!("failed to note compiled code: {error}");
        }
        Ok(component)
    }

    pub(crate) const fn wasm(&self) -> &wasmtime::Engine {
        &self.wasm
    }

    /// How many ticks must pass before a call with this deadline is stopped: never early, hence the one more.
    pub(crate) fn ticks(deadline: Duration) -> u64 {
        let ticks = deadline.as_nanos().div_ceil(Self::TICK.as_nanos());
        u64::try_from(ticks)
            .unwrap_or(u64::MAX / 2)
            .min(u64::MAX / 2)
            + 1
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// The thread that moves the epoch on; stopped and joined on drop.
struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::Builder::new()
            .name("plugin-epoch".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(Engine::TICK) == Err(RecvTimeoutError::Timeout) {
                    engine.increment_epoch();
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the ticker has already been printed, and there is no one to hand it to.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_early() {
        for (deadline, ticks) in [(0, 1), (1, 2), (5, 2), (6, 3), (50, 11)] {
            assert_eq!(
                Engine::ticks(Duration::from_millis(deadline)),
                ticks,
                "{deadline} ms"
            );
        }
        assert_eq!(Engine::ticks(Duration::MAX), u64::MAX / 2 + 1);
    }

    #[test]
    fn the_ticker_stops_with_its_engine() {
        let engine = Engine::new().unwrap();
        let copy = engine.clone();
        drop(engine);
        let ticker = Arc::downgrade(&copy._ticker);
        drop(copy);
        assert!(ticker.upgrade().is_none(), "joined in drop");
    }
}
