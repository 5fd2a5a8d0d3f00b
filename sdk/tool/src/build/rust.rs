//! Rust: cargo with the target `wasm32-unknown-unknown` and rustup's own component linker. That makes a finished component
//! that imports only our interfaces; the manifest is put in by the SDK's macro.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::shell::{find, run, say};
use crate::project::Project;

const TARGET: &str = "wasm32-unknown-unknown";

/// Stack of a plugin. The default of 1 MiB would be most of a small plugin's memory.
const STACK_BYTES: u32 = 256 << 10;

pub(super) fn build(project: &Project) -> Result<Vec<u8>> {
    let linker = linker()?;
    let dir = project.dir.canonicalize()?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| dir.join("target"), PathBuf::from);
    say("compiling with cargo");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--target", TARGET, "--target-dir"])
        .arg(&target)
        .current_dir(&dir)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &linker)
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            format!(
                "-Clink-arg=-zstack-size={STACK_BYTES} --remap-path-prefix={}=/plugin",
                dir.display()
            ),
        )
        .env("PATH", path_with_linkers(&linker)?)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    if let Err(error) = run(&mut cargo) {
        if format!("{error:#}").contains("can't find crate for `core`")
            || format!("{error:#}").contains("can't find crate for `std`")
        {
            bail!(
                "the compiler has no library for {TARGET}; hint: run `rustup target add {TARGET}`, or point RUSTC at a compiler that has it"
            );
        }
        return Err(error);
    }
    let package = package_name(&dir)?;
    let built = target
        .join(TARGET)
        .join("release")
        .join(package.replace('-', "_"))
        .with_extension("wasm");
    fs::read(&built).with_context(|| {
        format!(
            "cargo left no `{}`; hint: Cargo.toml needs `crate-type = [\"cdylib\", \"rlib\"]`",
            built.display()
        )
    })
}

/// `wasm-component-ld`, which ships with every toolchain of rustup.
fn linker() -> Result<PathBuf> {
    let hint = "hint: install Rust with rustup";
    let sysroot = run(Command::new("rustc").args(["--print", "sysroot"])).context(hint)?;
    let version = run(Command::new("rustc").arg("-vV"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc names no host")?;
    let own = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(host)
        .join("bin/wasm-component-ld");
    if own.is_file() {
        return Ok(own);
    }
    find("wasm-component-ld").context(
        "there is no wasm-component-ld; hint: use a toolchain of rustup, or run `cargo install wasm-component-ld`",
    )
}

/// The component linker starts another one that lies beside it.
fn path_with_linkers(linker: &Path) -> Result<std::ffi::OsString> {
    let folder = linker.parent().unwrap_or(linker);
    let path = env::var_os("PATH").unwrap_or_default();
    let all = [folder.join("gcc-ld"), folder.to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    Ok(env::join_paths(all)?)
}

/// What cargo calls the package of the folder.
fn package_name(dir: &Path) -> Result<String> {
    let text = run(Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(dir))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let manifest = dir.join("Cargo.toml");
    let packages = metadata.get("packages").and_then(|all| all.as_array());
    packages
        .into_iter()
        .flatten()
        .find(|package| {
            let path = package.get("manifest_path").and_then(|path| path.as_str());
            path.is_some_and(|path| Path::new(path) == manifest)
        })
        .and_then(|package| package.get("name")?.as_str())
        .map(str::to_owned)
        .context("cargo names no package here")
}
