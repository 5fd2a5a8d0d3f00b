//! Debian trixie's compiler with its ready-made WebAssembly library, unpacked into the cache and run through a loader
//! and C library of its own. It needs no right to install, changes nothing of the system, and does not depend on the
//! Debian release of this machine.
//!
//! The packages come from the mirror this machine's apt already uses, checked by apt against Debian's own keys.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::shell::{self, say};

const SUITE: &str = "trixie";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The compiler, its libraries for host and WebAssembly, and every shared library it loads.
const PACKAGES: [&str; 19] = [
    "rustc",
    "libstd-rust-dev",
    "libstd-rust-1.85",
    "libstd-rust-dev-wasm32",
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "libllvm19",
    "libedit2",
    "libffi8",
    "libxml2",
    "libz3-4",
    "libzstd1",
    "zlib1g",
    "libtinfo6",
    "libbsd0",
    "libmd0",
    "liblzma5",
    "libicu76",
];

/// Where the compiler is, once it has been fetched.
pub(super) fn place(cache: &Path) -> PathBuf {
    home(cache).join("rustc")
}

fn home(cache: &Path) -> PathBuf {
    cache.join(format!("wasm-toolchain-{SUITE}"))
}

/// Fetches the compiler in place of whatever is there.
pub(super) fn fetch(cache: &Path) -> Result<PathBuf> {
    let home = home(cache);
    let machine = Machine::find()?;
    say(format!(
        "fetching Debian {SUITE}'s compiler into {} (200 MB)",
        home.display()
    ));
    let part = home.with_extension(format!("part-{}", std::process::id()));
    let made = machine.unpack(&part).and_then(|()| {
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::rename(&part, &home).with_context(|| format!("failed to write {}", home.display()))
    });
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    made.map(|()| place(cache))
}

/// What Debian calls this machine, and where its loader lies.
struct Machine {
    architecture: &'static str,
    triplet: &'static str,
    loader: &'static str,
}

const MACHINES: [Machine; 2] = [
    Machine {
        architecture: "amd64",
        triplet: "x86_64-linux-gnu",
        loader: "ld-linux-x86-64.so.2",
    },
    Machine {
        architecture: "arm64",
        triplet: "aarch64-linux-gnu",
        loader: "ld-linux-aarch64.so.1",
    },
];

impl Machine {
    fn find() -> Result<Self> {
        shell::find("apt-get").context("this is not Debian: there is no apt-get")?;
        let name = shell::output(Command::new("dpkg").arg("--print-architecture"))?;
        let found = MACHINES
            .into_iter()
            .find(|machine| machine.architecture == name.trim());
        found.with_context(|| format!("Debian has no ready-made library for `{}`", name.trim()))
    }

    fn unpack(&self, home: &Path) -> Result<()> {
        let apt = home.join("apt");
        let root = home.join("root");
        fs::create_dir_all(&root)?;
        self.download(&apt)?;
        for package in fs::read_dir(apt.join("debs"))? {
            shell::run(
                Command::new("dpkg")
                    .arg("-x")
                    .arg(package?.path())
                    .arg(&root),
            )?;
        }
        fs::remove_dir_all(&apt)?;
        let rustc = home.join("rustc");
        fs::write(&rustc, self.script())?;
        fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// Finds its own folder, so that the cache can be moved.
    fn script(&self) -> String {
        let Self {
            triplet, loader, ..
        } = self;
        [
            "#!/bin/sh",
            "usr=$(dirname \"$(readlink -f \"$0\")\")/root/usr",
            &format!("lib=$usr/lib/{triplet}"),
            &format!(
                "exec \"$lib/{loader}\" --library-path \"$lib\" --argv0 \"$usr/bin/rustc\" \"$usr/bin/rustc\" \"$@\""
            ),
            "",
        ]
        .join("\n")
    }

    /// Downloads the packages with lists and cache in `apt`; the system's are left as they are.
    fn download(&self, apt: &Path) -> Result<()> {
        for folder in ["lists/partial", "cache/archives/partial", "debs", "parts"] {
            fs::create_dir_all(apt.join(folder))?;
        }
        let mut last = None;
        for mirror in mirrors()? {
            let source = format!(
                "deb [signed-by={KEYRING} arch={}] {mirror} {SUITE} main\n",
                self.architecture
            );
            fs::write(apt.join("sources.list"), source)?;
            let fetched = shell::run(apt_get(apt).args(["-qq", "update"])).and_then(|()| {
                shell::run(
                    apt_get(apt)
                        .current_dir(apt.join("debs"))
                        .args(["-qq", "download"])
                        .args(PACKAGES),
                )
            });
            match fetched {
                Ok(()) => return Ok(()),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("apt knows no Debian mirror")))
    }
}

/// apt-get with a state of its own.
fn apt_get(apt: &Path) -> Command {
    let mut command = Command::new("apt-get");
    for (option, place) in [
        ("Dir::Etc::sourcelist", apt.join("sources.list")),
        ("Dir::Etc::sourceparts", apt.join("parts")),
        ("Dir::Etc::preferences", PathBuf::from("/dev/null")),
        ("Dir::Etc::preferencesparts", apt.join("parts")),
        ("Dir::State::lists", apt.join("lists")),
        ("Dir::Cache", apt.join("cache")),
    ] {
        command
            .arg("-o")
            .arg(format!("{option}={}", place.display()));
    }
    for option in [
        "APT::Sandbox::User=root",
        "Acquire::Languages=none",
        "Acquire::Retries=3",
    ] {
        command.args(["-o", option]);
    }
    command
}

/// The Debian mirrors of this machine's own configuration, the likeliest first. Other vendors' and the security archive do
/// not carry the suite.
fn mirrors() -> Result<Vec<String>> {
    let format = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)";
    let lines = shell::output(Command::new("apt-get").args(["indextargets", "--format", format]))?;
    let mut ranked: Vec<(u8, String)> = Vec::new();
    for line in lines.lines() {
        let mut parts = line.split('|');
        let (Some(origin), Some(uri), Some(release)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        // Before the first `apt-get update` no origin is known.
        let rank = match origin {
            "Debian" => 0,
            "" | "$(ORIGIN)" => 1,
            _ => continue,
        };
        let mirror = (rank, uri.trim_end_matches('/').to_owned());
        if !release.contains("security") && !ranked.contains(&mirror) {
            ranked.push(mirror);
        }
    }
    ranked.sort();
    Ok(ranked.into_iter().map(|(_, uri)| uri).collect())
}
