//! Every built-in plugin finds in its recorded batches what they say, and nothing else, through the real host.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn every_built_in_finds_what_its_recorded_batches_say() {
    let Some(built) = env::var_os("BONGSU_PLUGINS").map(PathBuf::from) else {
        eprintln!("left out: BONGSU_PLUGINS is not set; `cargo xtask test` sets it");
        return;
    };
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let mut tried = 0;
    for entry in fs::read_dir(&sources).expect("plugins") {
        let plugin = entry.expect("an entry").path();
        let recorded = plugin.join("tests/recorded.jsonl");
        let Some(name) = plugin.file_name().filter(|_| recorded.is_file()) else {
            continue;
        };
        let component = built.join(name).with_extension("wasm");
        let output = Command::new(env!("CARGO_BIN_EXE_bongsu-plugin"))
            .arg("test")
            .arg(&component)
            .arg("--batches")
            .arg(&recorded)
            .output()
            .expect("the tool starts");
        let said = String::from_utf8_lossy(&output.stdout);
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}:\n{said}\n{trouble}",
            plugin.display()
        );
        assert!(said.contains(" 0 failures"), "{said}");
        tried += 1;
    }
    assert!(tried >= 17, "{tried} plugins have recorded batches");
}

#[test]
fn every_built_in_is_named_as_its_folder_and_has_a_page() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    for entry in fs::read_dir(&sources).expect("plugins") {
        let plugin = entry.expect("an entry").path();
        let json = fs::read_to_string(plugin.join("plugin.json")).expect("a manifest");
        let manifest = bongsu_sdk_host::Manifest::parse(json.as_bytes())
            .unwrap_or_else(|reason| panic!("{}: {reason}", plugin.display()));
        assert_eq!(plugin.file_name(), Some(manifest.name.as_ref()));
        assert!(
            manifest.name == "mask-korean-pii" || plugin.join("README.md").is_file(),
            "{}",
            manifest.name
        );
    }
}
