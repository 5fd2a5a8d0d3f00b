//! `bongsu-plugin inspect`: what a component says of itself and what it really imports, without running it.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bongsu_sdk_host::{Manifest, Need};
use clap::Args;
use ring::digest::{SHA256, digest};
use wasmparser::{ComponentTypeRef, Parser, Payload};

use crate::run;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component
    file: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let bytes = run::read(&options.file)?;
    println!("file      {}", options.file.display());
    println!("size      {} bytes", bytes.len());
    println!("sha256    {}", hex(digest(&SHA256, &bytes).as_ref()));
    let manifest = Manifest::read(&options.file.display().to_string(), &bytes)?;
    println!("plugin    {} {}", manifest.name, manifest.version);
    println!(
        "world     {} of {}",
        manifest.world.name(),
        manifest.contract
    );
    println!("summary   {}", manifest.summary);
    if !manifest.authors.is_empty() {
        println!("authors   {}", manifest.authors.join(", "));
    }
    if !manifest.licence.is_empty() {
        println!("licence   {}", manifest.licence);
    }
    let events: Vec<_> = manifest.events.iter().map(|e| format!("{e:?}")).collect();
    if !events.is_empty() {
        println!("events    {}", events.join(", "));
    }
    let needs: Vec<_> = manifest.needs.iter().map(|need| need.name()).collect();
    println!("needs     {}", or_nothing(&needs.join(", ")));
    for setting in &manifest.settings {
        let default = serde_json::to_string(&setting.default)?;
        println!("setting   {} = {default}  {}", setting.key, setting.summary);
    }
    let (imports, exports) = doors(&bytes)?;
    for import in &imports {
        println!("imports   {import}{}", remark(import, &manifest));
    }
    for export in &exports {
        println!("exports   {export}");
    }
    Ok(())
}

/// Says where an import and the manifest contradict each other.
fn remark(import: &str, manifest: &Manifest) -> &'static str {
    let interface = |need: &Need| import.starts_with(&format!("bongsu:plugin/{}@", need.name()));
    if !import.starts_with("bongsu:plugin/") {
        return "  (no host grants this: build without WASI)";
    }
    match Need::ALL.iter().find(|need| interface(need)) {
        Some(need) if !manifest.needs.contains(need) => "  (not in `needs`: a call to it fails)",
        _ => "",
    }
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

/// Names of what the outermost component imports and exports.
fn doors(component: &[u8]) -> Result<(Vec<String>, Vec<String>)> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.context("the component cannot be read")? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import?;
                    // A type gives nothing that could be called.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
