//! What `new` writes builds and passes its own recorded test, in every language and world, through the real program and the
//! real host.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

const WORLDS: [&str; 3] = ["detector", "masker", "controller"];

fn tool(dir: &Path, words: &[&str], environment: &[(&str, String)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bongsu-plugin"));
    command
        .current_dir(dir)
        .args(words)
        .envs(environment.iter().cloned());
    command.output().expect("the tool starts")
}

fn succeeds(dir: &Path, words: &[&str], environment: &[(&str, String)]) -> String {
    let output = tool(dir, words, environment);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}:\n{said}\n{trouble}");
    said
}

/// A variable that `cargo xtask test` sets; without it the test is left out, visibly.
fn needed(variable: &str, language: &str) -> Option<String> {
    let value = env::var(variable).ok();
    if value.is_none() {
        eprintln!(
            "left out: {variable} is not set, so nothing compiles {language}; `cargo xtask test` sets it"
        );
    }
    value
}

fn every_world(language: &str, environment: &[(&str, String)]) {
    let folder = tempfile::tempdir().expect("a folder");
    for world in WORLDS {
        let name = format!("my-{world}");
        succeeds(
            folder.path(),
            &["new", &name, "--lang", language, "--world", world],
            environment,
        );
        let project = folder.path().join(&name);
        let said = succeeds(&project, &["test"], environment);
        assert!(said.contains(" 0 failures"), "{said}");
        let component = format!("{name}.wasm");
        let said = succeeds(&project, &["inspect", &component], environment);
        assert!(
            said.contains(&format!("world     {world} of bongsu:plugin@1.")),
            "{said}"
        );
        assert!(!said.contains("no host grants this"), "{said}");
        assert!(!said.contains("wasi"), "{said}");
        if world != "controller" {
            let said = succeeds(&project, &["bench", "--calls", "3"], environment);
            assert!(said.contains("ns per event"), "{said}");
        }
        signed(&project, &component, environment);
    }
    wrong(&folder.path().join("my-detector"), environment);
}

fn signed(project: &Path, component: &str, environment: &[(&str, String)]) {
    succeeds(project, &["key", "author.key"], environment);
    let said = succeeds(
        project,
        &["sign", component, "--key", "author.key"],
        environment,
    );
    assert!(said.contains("is signed by"), "{said}");
    succeeds(
        project,
        &["test", component, "--batches", &batches(project)],
        environment,
    );
}

fn batches(project: &Path) -> String {
    let mut files = fs::read_dir(project.join("tests")).expect("recorded tests");
    let file = files.next().and_then(Result::ok).expect("one of them");
    file.path().display().to_string()
}

/// An expectation that fails and a setting out of range are told, not passed over.
fn wrong(project: &Path, environment: &[(&str, String)]) {
    let output = tool(project, &["test", "--set", "least=9"], environment);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("`slow-requests` about url:/report was not found"),
        "{said}"
    );
    let output = tool(project, &["test", "--set", "least=0"], environment);
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(trouble.contains("`least`"), "{trouble}");
}

#[test]
fn python_examples_build_and_pass() {
    if let Some(componentize) = needed("BONGSU_COMPONENTIZE_PY", "Python") {
        every_world("python", &[("BONGSU_COMPONENTIZE_PY", componentize)]);
    }
}

#[test]
fn javascript_examples_build_and_pass() {
    if let Some(componentize) = needed("BONGSU_COMPONENTIZE_QJS", "JavaScript") {
        every_world("js", &[("BONGSU_COMPONENTIZE_QJS", componentize)]);
    }
}

#[test]
fn rust_examples_build_and_pass() {
    if let Some(rustc) = needed("BONGSU_WASM_RUSTC", "Rust to WebAssembly") {
        // One folder for all three: they have the same dependencies.
        let target = tempfile::tempdir().expect("a folder");
        let target = target.path().display().to_string();
        every_world("rust", &[("RUSTC", rustc), ("CARGO_TARGET_DIR", target)]);
    }
}

#[test]
fn what_is_not_a_plugin_is_called_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |words: &[&str]| {
        let output = tool(folder.path(), words, &[]);
        assert!(!output.status.success(), "{words:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said(&["build"]).contains("hint: begin one with `bongsu-plugin new"));
    fs::write(folder.path().join("x.wasm"), b"PK\x03\x04").expect("a file");
    assert!(said(&["inspect", "x.wasm"]).contains("zip"));
    assert!(said(&["sign", "x.wasm", "--key", "none.key"]).contains("bongsu-plugin key none.key"));
    fs::write(folder.path().join("plugin.py"), "").expect("a file");
    assert!(said(&["build"]).contains("plugin.json"));
}
