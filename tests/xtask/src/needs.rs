//! What a command stands on besides Rust, and how it gets there.
//!
//! A missing system part is installed with apt-get where that may be done without asking (root, or sudo
//! without a password). Elsewhere the exact command is printed and the part that depends on it is skipped
//! visibly; with `CI=true` a skip is a failure, so that a green run never means "not tried".

pub(crate) mod built;
pub(crate) mod node;
pub(crate) mod python;

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};

use crate::shell::{find, in_ci, run, say, succeeds};

/// A program of the system and the Debian packages that bring it.
pub(crate) struct Part {
    /// The program's name, and the part's.
    pub(crate) program: &'static str,
    packages: &'static [&'static str],
    present: fn() -> bool,
}

impl Part {
    /// Where its program is, if the part is there whole.
    pub(crate) fn place(&self) -> Option<PathBuf> {
        (self.present)().then(|| find(self.program)).flatten()
    }
}

/// The web server in front of the demo's applications, and of forward-auth tests.
pub(crate) const NGINX: Part = Part {
    program: "nginx",
    packages: &["nginx"],
    present: || find("nginx").is_some(),
};

/// Another web server that asks the guard.
pub(crate) const HAPROXY: Part = Part {
    program: "haproxy",
    packages: &["haproxy"],
    present: || find("haproxy").is_some(),
};

/// The peer of the session benches and tests.
pub(crate) const REDIS: Part = Part {
    program: "redis-server",
    packages: &["redis-server", "redis-tools"],
    present: || find("redis-server").is_some() && find("redis-benchmark").is_some(),
};

/// The peer of the access-log bench.
pub(crate) const GOACCESS: Part = Part {
    program: "goaccess",
    packages: &["goaccess"],
    present: || find("goaccess").is_some(),
};

/// Java with its compiler.
pub(crate) const JAVA: Part = Part {
    program: "java",
    packages: &["default-jdk-headless"],
    present: || {
        find("javac").is_some_and(|javac| {
            succeeds(Command::new(javac).args(["--release", "17", "--version"]))
        })
    },
};

/// What builds Java.
pub(crate) const MAVEN: Part = Part {
    program: "mvn",
    packages: &["maven"],
    present: || find("mvn").is_some(),
};

/// PHP with its Redis extension.
pub(crate) const PHP: Part = Part {
    program: "php",
    packages: &["php-cli", "php-redis"],
    present: || find("php").is_some_and(|php| succeeds(Command::new(php).args(["--ri", "redis"]))),
};

/// Go; Debian's is new enough.
pub(crate) const GO: Part = Part {
    program: "go",
    packages: &["golang-go"],
    present: || find("go").is_some(),
};

/// Python with the means to make virtual environments.
pub(crate) const PYTHON: Part = Part {
    program: "python3",
    packages: &["python3", "python3-venv"],
    present: || python::system().is_some(),
};

/// Sees to it that every part is there.
///
/// Returns the programs that are still missing; the caller leaves out what stands on them.
///
/// # Errors
/// With `CI=true`, if one is missing.
pub(crate) fn ensure(parts: &[&Part]) -> Result<Vec<&'static str>> {
    let missing: Vec<&Part> = parts
        .iter()
        .copied()
        .filter(|part| !(part.present)())
        .collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|part| part.packages.iter().copied())
        .collect();
    match apt_get() {
        Some(apt) => install(&apt, &packages),
        None => say(format!(
            "missing, install with: sudo apt-get install {}",
            packages.join(" ")
        )),
    }
    let still: Vec<&'static str> = missing
        .iter()
        .filter(|part| !(part.present)())
        .map(|part| part.program)
        .collect();
    for program in &still {
        skip(program, "it is not installed")?;
    }
    Ok(still)
}

/// Reports that something is left out.
///
/// # Errors
/// With `CI=true`, where nothing may be left out.
pub(crate) fn skip(what: &str, why: &str) -> Result<()> {
    if in_ci() {
        bail!("{what}: {why}; hint: with CI=true nothing may be skipped");
    }
    say(format!("SKIPPED {what}: {why}"));
    Ok(())
}

/// The words that run apt-get with the right to install, if there are any.
fn apt_get() -> Option<Vec<&'static str>> {
    find("apt-get")?;
    if succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"])) {
        return Some(vec!["apt-get"]);
    }
    succeeds(Command::new("sudo").args(["-n", "true"])).then(|| vec!["sudo", "-n", "apt-get"])
}

fn install(apt: &[&str], packages: &[&str]) {
    say(format!("installing {} with apt-get", packages.join(" ")));
    let apt_get = |words: &[&str]| {
        let mut command = Command::new("env");
        command
            .arg("DEBIAN_FRONTEND=noninteractive")
            .args(apt)
            .args(["-qq"])
            .args(words);
        run(&mut command)
    };
    let done = apt_get(&["update"]).and_then(|()| {
        apt_get(&[&["install", "-y", "--no-install-recommends"], packages].concat())
    });
    if let Err(error) = done {
        say(format!("{error:#}"));
    }
}
