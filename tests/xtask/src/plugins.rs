//! `cargo xtask plugins`: builds every plugin of `plugins/` to a component, `target/plugins/<name>.wasm`, and lists their
//! hashes in `built-in.sha256`, by which edges trust them.
//!
//! The target is `wasm32-unknown-unknown` with `wasm-component-ld` as linker: that makes a finished component that imports
//! only our own interfaces, with no adapter and no WASI. The builds have a target directory of their own, so that they
//! wait for no host build and no host build waits for them; cargo skips what has not changed.

mod debian;
mod toolchain;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    shell::{self, say},
    workspace::Workspace,
};
use toolchain::{TARGET, Toolchain};

/// Stack of a plugin. The default of 1 MiB would be most of a small plugin's memory.
const STACK_BYTES: u32 = 256 << 10;

/// Builds every plugin.
///
/// # Errors
/// If no toolchain can be had (with the commands that would help), or a plugin does not build.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::find()?;
    let names = names(&workspace.root.join("plugins"))?;
    let toolchain = Toolchain::find(&workspace.cache)?;
    say(format!(
        "building {} plugins with {}",
        names.len(),
        toolchain.how
    ));
    let target = workspace.target.join("wasm");
    build(&workspace, &toolchain, &names, &target)?;
    let built = target.join(TARGET).join("release");
    fs::create_dir_all(workspace.plugins())?;
    for name in &names {
        let to = workspace.plugins().join(name).with_extension("wasm");
        let from = built.join(name.replace('-', "_")).with_extension("wasm");
        let bytes = place(&from, &to)?;
        say(format!("{} ({} KiB)", to.display(), bytes.div_ceil(1024)));
    }
    list(&workspace.plugins(), &names)
}

/// Writes the list by which an edge trusts the built-ins: what `sha256sum` prints, so that `sha256sum -c` checks it.
fn list(folder: &Path, names: &[String]) -> Result<()> {
    let files = names.iter().map(|name| format!("{name}.wasm"));
    let hashes = shell::output(Command::new("sha256sum").args(files).current_dir(folder))?;
    let list = folder.join("built-in.sha256");
    fs::write(&list, hashes).with_context(|| format!("failed to write {}", list.display()))
}

/// The compiler that builds plugins here, for the tests of the author's tool.
///
/// # Errors
/// As [`run`].
pub(crate) fn compiler(workspace: &Workspace) -> Result<PathBuf> {
    Ok(Toolchain::find(&workspace.cache)?.compiler())
}

/// The folders of `plugins/`, each named as its package.
fn names(plugins: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(plugins).with_context(|| format!("failed to list {}", plugins.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            names.extend(
                path.file_name()
                    .and_then(|name| name.to_str())
                    .map(str::to_owned),
            );
        }
    }
    names.sort();
    Ok(names)
}

fn build(
    workspace: &Workspace,
    toolchain: &Toolchain,
    names: &[String],
    target: &Path,
) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args([
            "build",
            "--locked",
            "--release",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(target);
    for name in names {
        cargo.args(["--package", name]);
    }
    toolchain.apply(&mut cargo)?;
    // What the machine's user set for host builds does not fit here.
    for key in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "RUSTC_WRAPPER",
        "LD_LIBRARY_PATH",
    ] {
        cargo.env_remove(key);
    }
    cargo.env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
        flags(&workspace.root),
    );
    for (key, value) in [
        ("LTO", "fat"),
        ("CODEGEN_UNITS", "1"),
        ("OPT_LEVEL", "3"),
        ("STRIP", "symbols"),
    ] {
        cargo.env(format!("CARGO_PROFILE_RELEASE_{key}"), value);
    }
    shell::run(&mut cargo).context("a plugin does not build")
}

/// No path of this machine in a component: the same sources make the same bytes everywhere.
fn flags(root: &Path) -> String {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")))
        .unwrap_or_default();
    [
        format!("-Clink-arg=-zstack-size={STACK_BYTES}"),
        format!("--remap-path-prefix={}=/bongsu", root.display()),
        format!(
            "--remap-path-prefix={}=/cargo",
            cargo_home.join("registry").join("src").display()
        ),
    ]
    .join(" ")
}

/// Copies a component, unless it is there already: whoever watches the folder is not disturbed for nothing.
fn place(from: &Path, to: &Path) -> Result<usize> {
    let bytes = fs::read(from).with_context(|| format!("the build left no {}", from.display()))?;
    if fs::read(to).ok().as_ref() != Some(&bytes) {
        let part = to.with_extension("part");
        fs::write(&part, &bytes).with_context(|| format!("failed to write {}", part.display()))?;
        fs::rename(&part, to).with_context(|| format!("failed to write {}", to.display()))?;
    }
    Ok(bytes.len())
}
