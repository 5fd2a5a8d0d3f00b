//! `bongsu-plugin key` makes an ed25519 key, `bongsu-plugin sign` signs a component with it. The signature goes into the
//! component, so that one file is all there is to deliver.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use bongsu_sdk_host::{Manifest, SigningKey};
use clap::Args;

use crate::run;

#[derive(Debug, Args)]
pub(crate) struct KeyOptions {
    /// The file to make (PKCS#8, as `openssl genpkey -algorithm ed25519 -outform DER` makes it)
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The component; it is replaced by the signed one
    file: PathBuf,
    /// File with the private key; `bongsu-plugin key FILE` makes one
    #[arg(long)]
    key: PathBuf,
}

/// Makes a key; one that is there is never written over.
pub(crate) fn make_key(options: &KeyOptions) -> Result<()> {
    let shown = options.file.display();
    let mut to = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&options.file)
        .with_context(|| format!("failed to make `{shown}`"))?;
    let pkcs8 = SigningKey::generate()?;
    to.write_all(&pkcs8)?;
    println!("private key {shown} (keep it secret)");
    println!(
        "public key  {} (for `[plugins] keys` of the edges)",
        SigningKey::from_pkcs8(&pkcs8)?.public()
    );
    Ok(())
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let key = read(&options.key)?;
    let shown = options.file.display();
    let component = run::read(&options.file)?;
    Manifest::read(&shown.to_string(), &component)?;
    let part = options.file.with_extension("part");
    fs::write(&part, key.sign(&component))
        .with_context(|| format!("failed to write `{}`", part.display()))?;
    fs::rename(&part, &options.file).with_context(|| format!("failed to write `{shown}`"))?;
    println!("{shown} is signed by {}", key.public());
    Ok(())
}

fn read(file: &Path) -> Result<SigningKey> {
    let shown = file.display();
    let bytes = fs::read(file).with_context(|| {
        format!("failed to read the key `{shown}`; hint: `bongsu-plugin key {shown}` makes one")
    })?;
    SigningKey::from_pkcs8(&bytes).with_context(|| format!("`{shown}` holds no key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("author.key");
        let options = KeyOptions { file: file.clone() };
        make_key(&options).unwrap();
        let key = read(&file).unwrap();
        assert!(make_key(&options).is_err(), "never written over");
        assert_eq!(read(&file).unwrap().public(), key.public());
    }

    #[test]
    fn what_is_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("author.key");
        let said = |file: &Path| format!("{:#}", read(file).err().unwrap());
        assert!(said(&file).contains("hint: `bongsu-plugin key"));
        fs::write(&file, "zz").unwrap();
        assert!(said(&file).contains("holds no key"));
    }
}
