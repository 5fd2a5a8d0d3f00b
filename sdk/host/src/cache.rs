//! The engine's cache of compiled code on disk.
//!
//! What is kept, and under which key (hash of the component, compiler and its settings), is wasmtime's own affair. Ours is that
//! nobody else can write there (mode 0700), and that what damaged itself is not run: every file's hash is noted once it
//! is written, and a file that is not as it was noted is deleted before the engine looks.
//!
//! Rejected: keeping compiled code ourselves. Loading it is `unsafe`, since the machine code in it is believed.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use wasmtime::{Cache, CacheConfig};

use crate::ContentHash;

/// The file with the hashes.
const NOTES: &str = "hashes";

/// A directory of compiled code.
pub(crate) struct CodeCache {
    dir: PathBuf,
    noted: Mutex<()>,
}

impl CodeCache {
    /// Opens or makes the directory and deletes what is not as it was noted.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        let cache = Self {
            dir: dir.canonicalize()?,
            noted: Mutex::new(()),
        };
        cache.purge()?;
        Ok(cache)
    }

    /// The cache as the engine uses it.
    pub(crate) fn for_engine(&self) -> wasmtime::Result<Cache> {
        let mut config = CacheConfig::new();
        config
            .with_directory(&self.dir)
            // Files stay as they were written, so that their hashes hold.
            .with_optimized_compression_usage_counter_threshold(u64::MAX);
        Cache::new(config)
    }

    /// Notes the hashes of what is there: call after the engine may have written.
    pub(crate) fn note(&self) -> io::Result<()> {
        let _one_at_a_time = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = String::new();
        for file in files(&self.dir)? {
            let hash = ContentHash::of(&fs::read(self.dir.join(&file))?);
            lines.push_str(&format!("{hash}  {}\n", file.display()));
        }
        let part = self.dir.join("hashes.part");
        fs::write(&part, lines)?;
        fs::rename(part, self.dir.join(NOTES))
    }

    fn purge(&self) -> io::Result<()> {
        let notes = fs::read_to_string(self.dir.join(NOTES)).unwrap_or_default();
        let noted: BTreeMap<&str, &str> = notes
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(hash, file)| (file, hash))
            .collect();
        for file in files(&self.dir)? {
            let path = self.dir.join(&file);
            let hash = ContentHash::of(&fs::read(&path)?).to_string();
            if noted.get(&*file.to_string_lossy()) != Some(&hash.as_str()) {
                tracing::warn!(
                    "compiled code {} is not as it was written, compiling again",
                    file.display()
                );
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Compiled code under a directory, as paths within it. The engine's statistics, which change with use, are not code.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(dir.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if folder != Path::new("") && path.extension().is_none() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
