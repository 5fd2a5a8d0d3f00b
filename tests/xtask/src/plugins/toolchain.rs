//! Finds a compiler with a standard library for [`TARGET`], in this order, and says which way it took:
//!
//! 1. the compiler in use has it;
//! 2. an earlier run left Debian's compiler in the cache;
//! 3. `rustup target add` brings it;
//! 4. Debian's compiler with its ready-made library, unpacked privately (see [`super::debian`]).
//!
//! A way counts as found only when a program has been compiled and linked by it, not when its files exist.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use super::debian;
use crate::shell::{self, say};

/// What plugins are compiled for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// Longest that `rustup target add` may take; where it cannot work it fails within a second or hangs.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

/// What it takes to build a plugin.
pub(super) struct Toolchain {
    /// In words, for the person at the terminal.
    pub(super) how: String,
    /// The compiler, where it is not cargo's own choice.
    rustc: Option<PathBuf>,
    linker: Linker,
}

impl Toolchain {
    /// Tries the ways in order.
    pub(super) fn find(cache: &Path) -> Result<Self> {
        let linker = Linker::find()?;
        let own = |how: &str| Self {
            how: how.to_owned(),
            rustc: None,
            linker: linker.clone(),
        };
        let installed = own("the installed target");
        let debian = |rustc| Self {
            how: "Debian's compiler, unpacked privately".to_owned(),
            rustc: Some(rustc),
            linker: linker.clone(),
        };
        let cached = debian(debian::place(cache));
        if let Some(found) = [installed, cached].into_iter().find(Self::works) {
            return Ok(found);
        }
        let installed = own("the target that rustup just added");
        let mut reasons = Vec::new();
        match rustup_target_add() {
            Ok(()) if installed.works() => return Ok(installed),
            Ok(()) => {
                reasons.push("rustup added the target, but nothing compiles for it".to_owned())
            }
            Err(error) => reasons.push(format!("{error:#}")),
        }
        say(format!(
            "{}; falling back to Debian's compiler",
            reasons.join("; ")
        ));
        match debian::fetch(cache).map(debian) {
            Ok(fetched) if fetched.works() => return Ok(fetched),
            Ok(_) => {
                reasons.push("Debian's compiler was unpacked, but does not compile".to_owned())
            }
            Err(error) => reasons.push(format!("{error:#}")),
        }
        bail!(
            "no compiler here can build for {TARGET}:\n  - {}\nhint: on a machine with a network run\n    rustup target add {TARGET}\nor, behind a mirror,\n    RUSTUP_DIST_SERVER=<mirror> rustup target add {TARGET}",
            reasons.join("\n  - ")
        )
    }

    /// The compiler.
    pub(super) fn compiler(&self) -> PathBuf {
        self.rustc.clone().unwrap_or_else(|| PathBuf::from("rustc"))
    }

    /// Points a cargo at this compiler and linker.
    pub(super) fn apply(&self, cargo: &mut Command) -> Result<()> {
        cargo.env("PATH", self.linker.path()?);
        cargo.env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            &self.linker.program,
        );
        match &self.rustc {
            Some(rustc) => cargo.env("RUSTC", rustc),
            None => cargo.env_remove("RUSTC"),
        };
        Ok(())
    }

    /// Whether a small program that needs the standard library becomes a component.
    fn works(&self) -> bool {
        self.compile_probe().unwrap_or(false)
    }

    fn compile_probe(&self) -> Result<bool> {
        const PROBE: &str =
            "#[unsafe(no_mangle)] pub fn probe(n: usize) -> usize { vec![n; n].iter().sum() }";
        let folder = env::temp_dir().join(format!("bongsu-wasm-probe-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (source, built) = (folder.join("probe.rs"), folder.join("probe.wasm"));
        fs::write(&source, PROBE)?;
        let mut rustc = Command::new(self.compiler());
        rustc.args([
            "--edition",
            "2024",
            "--crate-type",
            "cdylib",
            "--target",
            TARGET,
        ]);
        rustc.arg(format!("-Clinker={}", self.linker.program.display()));
        rustc
            .arg("-o")
            .arg(&built)
            .arg(&source)
            .current_dir(&folder)
            .env("PATH", self.linker.path()?);
        rustc.env_remove("LD_LIBRARY_PATH");
        let works = shell::succeeds(&mut rustc) && built.is_file();
        fs::remove_dir_all(&folder)?;
        Ok(works)
    }
}

/// `wasm-component-ld`, and the folders of the linker that it starts.
#[derive(Clone)]
struct Linker {
    program: PathBuf,
    folders: Vec<PathBuf>,
}

impl Linker {
    /// It ships with every rustup toolchain.
    fn find() -> Result<Self> {
        let sysroot = shell::output(Command::new("rustc").args(["--print", "sysroot"]))?;
        let version = shell::output(Command::new("rustc").arg("-vV"))?;
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .context("rustc names no host")?;
        let bin = Path::new(sysroot.trim())
            .join("lib/rustlib")
            .join(host)
            .join("bin");
        let program = bin.join("wasm-component-ld");
        if program.is_file() {
            return Ok(Self {
                program,
                folders: vec![bin.join("gcc-ld"), bin],
            });
        }
        let program = shell::find("wasm-component-ld").context(
            "no wasm-component-ld; hint: use a toolchain of rustup, which has it, or run `cargo install wasm-component-ld`",
        )?;
        Ok(Self {
            program,
            folders: Vec::new(),
        })
    }

    fn path(&self) -> Result<std::ffi::OsString> {
        let path = env::var_os("PATH").unwrap_or_default();
        Ok(env::join_paths(
            self.folders.iter().cloned().chain(env::split_paths(&path)),
        )?)
    }
}

fn rustup_target_add() -> Result<()> {
    shell::find("rustup").context("there is no rustup")?;
    say(format!(
        "the target {TARGET} is not installed; trying `rustup target add`"
    ));
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]);
    // Without this it retries an unreachable server for minutes.
    rustup
        .env("RUSTUP_MAX_RETRIES", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if finishes_within(&mut rustup, RUSTUP_LIMIT)? {
        return Ok(());
    }
    bail!("`rustup target add {TARGET}` did not succeed")
}

/// Runs a program, and ends it when it takes too long.
fn finishes_within(command: &mut Command, limit: Duration) -> Result<bool> {
    const STEP: Duration = Duration::from_millis(100);
    let mut child = command.spawn()?;
    let mut waited = Duration::ZERO;
    while waited < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        thread::sleep(STEP);
        waited += STEP;
    }
    child.kill()?;
    child.wait()?;
    Ok(false)
}
