//! `math.random` as Redis has it: the same numbers in each run, so that a script does the same each time.
//! The generator is POSIX's `drand48`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use mlua::{Lua, Table};

use super::native::register;

const FACTOR: u64 = 0x0005_DEEC_E66D;
const FIRST: u64 = 0x1234_ABCD_330E;
const MASK: u64 = (1 << 48) - 1;

/// The generator's state.
#[derive(Debug, Clone, Default)]
pub(super) struct Random(Arc<AtomicU64>);

impl Random {
    /// Begins anew, where the generator begins in a fresh redis-server.
    pub(super) fn reset(&self) {
        self.0.store(FIRST, Relaxed);
    }

    /// Begins where a script wants.
    fn seed(&self, seed: u32) {
        self.0.store(u64::from(seed) << 16 | 0x330E, Relaxed);
    }

    /// The next number, at least 0 and below 1.
    fn next(&self) -> f64 {
        let state = self.0.load(Relaxed).wrapping_mul(FACTOR).wrapping_add(0xB) & MASK;
        self.0.store(state, Relaxed);
        let top = u32::try_from(state >> 17).unwrap_or(0);
        f64::from(top % 0x7FFF_FFFF) / f64::from(0x7FFF_FFFF_u32)
    }

    /// Puts its functions into `native`.
    pub(super) fn install(&self, lua: &Lua, native: &Table) -> mlua::Result<()> {
        let own = self.clone();
        register(lua, native, "randomseed", move |_, args| {
            let low = args.integer(1)? & i64::from(u32::MAX);
            own.seed(u32::try_from(low).unwrap_or(0));
            Ok(())
        })?;
        let own = self.clone();
        native.raw_set("random", lua.create_function(move |_, ()| Ok(own.next()))?)
    }
}
