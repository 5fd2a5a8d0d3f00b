//! A configuration that can't be used: every fault is named, and the exit code says that it is the file.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Result, ensure};
use bongsu_tests::binary;

/// `EX_USAGE`.
const BAD_CONFIG: i32 = 64;

const BAD_EDGE: &str = r#"
site = "Busan"
[sessions]
durability = "never"
[collect]
grpc = "everywhere"
[rollup]
lateness = "soon"
[http]
bnd = "127.0.0.1:7070"
"#;
const EDGE_FAULTS: [&str; 5] = [
    "site: ",
    "sessions.durability: ",
    "collect.grpc: ",
    "rollup.lateness: ",
    "http.bnd: ",
];

const BAD_CENTER: &str = r#"
time_zone = "Mars/Olympus"
[receive]
bind = 7443
connections = 0
[dashboard]
request_timeout = "0s"
[[sites]]
name = "nowhere"
"#;
const CENTER_FAULTS: [&str; 5] = [
    "time_zone: ",
    "receive.bind: ",
    "receive.connections: ",
    "dashboard.request_timeout: ",
    "sites[0].id: ",
];

#[test]
fn five_faults_of_an_edge_are_five_lines_and_exit_64() -> Result<()> {
    check("bongsu-edge", BAD_EDGE, EDGE_FAULTS)
}

#[test]
fn five_faults_of_a_center_are_five_lines_and_exit_64() -> Result<()> {
    check("bongsu-center", BAD_CENTER, CENTER_FAULTS)
}

#[test]
fn a_file_that_is_not_toml_is_one_fault_with_its_line() -> Result<()> {
    for program in ["bongsu-edge", "bongsu-center"] {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("bad.toml");
        fs::write(&file, "time_zone = \"Asia/Seoul\"\n[http\n")?;
        let (output, said) = run(program, &file, &["--check"])?;
        ensure!(
            output.status.code() == Some(BAD_CONFIG),
            "{program}: {said}"
        );
        ensure!(
            said.contains("not TOML") && said.contains("line 2"),
            "{program}: {said}"
        );
    }
    Ok(())
}

#[test]
fn a_file_that_is_not_there_is_named() -> Result<()> {
    for program in ["bongsu-edge", "bongsu-center"] {
        let (output, said) = run(program, Path::new("/nowhere/at-all.toml"), &[])?;
        ensure!(
            output.status.code() == Some(BAD_CONFIG),
            "{program}: {said}"
        );
        ensure!(
            said.contains("/nowhere/at-all.toml") && said.contains("hint: "),
            "{program}: {said}"
        );
    }
    Ok(())
}

#[test]
fn the_example_files_are_sound() -> Result<()> {
    let deploy = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    for (program, file) in [
        ("bongsu-edge", "edge.toml"),
        ("bongsu-center", "center.toml"),
    ] {
        let (output, said) = run(program, &deploy.join(file), &["--check"])?;
        ensure!(output.status.success(), "{program}: {said}");
        ensure!(said.contains("is sound"), "{program}: {said}");
    }
    Ok(())
}

/// Both ways of reading the file report the same, and only start nothing.
fn check(program: &str, text: &str, faults: [&str; 5]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bad.toml");
    fs::write(&file, text)?;
    for words in [&["--check"][..], &[]] {
        let (output, said) = run(program, &file, words)?;
        ensure!(
            output.status.code() == Some(BAD_CONFIG),
            "{program} {words:?}: {said}"
        );
        for fault in faults {
            let lines = said
                .lines()
                .filter(|line| line.contains(&format!(": {fault}")))
                .count();
            ensure!(
                lines == 1,
                "{program}: `{fault}` is in {lines} lines of:\n{said}"
            );
        }
        let lines = said
            .lines()
            .filter(|line| line.contains("bad.toml: "))
            .count();
        ensure!(
            lines == faults.len(),
            "{program}: {lines} faults in:\n{said}"
        );
    }
    let written = fs::read_dir(folder.path())?.count();
    ensure!(
        written == 1,
        "{program} wrote something beside its bad configuration"
    );
    Ok(())
}

fn run(program: &str, file: &Path, words: &[&str]) -> Result<(Output, String)> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(binary(program)?);
    command
        .arg("--config")
        .arg(file)
        .args(words)
        .current_dir(folder.path());
    let output = command.env("NO_COLOR", "1").output()?;
    let said = String::from_utf8(output.stderr.clone())?;
    Ok((output, said))
}
