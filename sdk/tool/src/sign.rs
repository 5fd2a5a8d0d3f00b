//! `bongsu-plugin sign`: an ed25519 signature beside the component, in `<file>.sig`.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};

use crate::{inspect::hex, run};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component
    #[arg(required_unless_present = "new_key")]
    file: Option<PathBuf>,
    /// File with the private key
    #[arg(long, default_value = "plugin.key")]
    key: PathBuf,
    /// First make a new key in the file that `--key` names
    #[arg(long)]
    new_key: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.new_key {
        make(&options.key)?;
    }
    let key = read(&options.key)?;
    println!("public key {}", hex(key.public_key().as_ref()));
    let Some(file) = &options.file else {
        return Ok(());
    };
    let component = run::read(file)?;
    bongsu_sdk_host::Manifest::read(&file.display().to_string(), &component)?;
    let to = beside(file);
    fs::write(&to, format!("{}\n", hex(key.sign(&component).as_ref())))
        .with_context(|| format!("failed to write `{}`", to.display()))?;
    println!("signed     {}", to.display());
    Ok(())
}

/// Where the signature of a component is.
pub(crate) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Makes a key; one that is there is never written over.
fn make(file: &Path) -> Result<()> {
    let Ok(pkcs8) = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()) else {
        bail!("this machine gives no random numbers");
    };
    let mut to = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("failed to make `{}`", file.display()))?;
    to.write_all(hex(pkcs8.as_ref()).as_bytes())?;
    to.write_all(b"\n")?;
    println!("new key    {} (keep it secret)", file.display());
    Ok(())
}

fn read(file: &Path) -> Result<Ed25519KeyPair> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| {
        format!("failed to read the key `{shown}`; hint: `--new-key` makes one")
    })?;
    let bytes = unhex(text.trim()).with_context(|| format!("`{shown}` holds no key"))?;
    match Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes) {
        Ok(key) => Ok(key),
        Err(reason) => bail!("`{shown}` holds no ed25519 key: {reason}"),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_new_key_signs_and_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plugin.key");
        make(&file).unwrap();
        let key = read(&file).unwrap();
        let signature = key.sign(b"component");
        UnparsedPublicKey::new(&ED25519, key.public_key().as_ref())
            .verify(b"component", signature.as_ref())
            .unwrap();
        assert!(make(&file).is_err());
    }

    #[test]
    fn what_is_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plugin.key");
        let said = |file: &Path| format!("{:#}", read(file).err().unwrap());
        assert!(said(&file).contains("--new-key"));
        fs::write(&file, "zz").unwrap();
        assert!(said(&file).contains("holds no key"));
        fs::write(&file, "00ff").unwrap();
        assert!(said(&file).contains("no ed25519 key"));
    }
}
