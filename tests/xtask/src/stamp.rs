//! "Nothing changed": a digest of file contents, kept beside what was built from them.
//!
//! The digest is the standard library's hasher: good against accidents, not against an attacker, and it may
//! change with the compiler, which costs one rebuild.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Digest of the files under `folder`, names included; entries called one of `except` are left out.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn of_folder(folder: &Path, except: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    collect(folder, except, &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(folder).unwrap_or(&file).hash(&mut hasher);
        fs::read(&file)
            .with_context(|| format!("failed to read {}", file.display()))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Digest of some texts.
pub(crate) fn of_texts(texts: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn collect(folder: &Path, except: &[&str], files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if except.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), except, files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_or_name_changes_the_digest_and_an_excepted_folder_does_not() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let write = |name: &str, text: &str| {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        let digest = || of_folder(&folder, &["dist"]).unwrap();
        write("src/a", "one");
        let first = digest();
        write("dist/built", "anything");
        assert_eq!(digest(), first);
        write("src/a", "two");
        let second = digest();
        assert_ne!(second, first);
        fs::rename(folder.join("src/a"), folder.join("src/b")).unwrap();
        assert_ne!(digest(), second);
        fs::remove_dir_all(folder).unwrap();
    }
}
