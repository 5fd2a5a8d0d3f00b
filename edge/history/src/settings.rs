//! The section `history` of `edge.toml`.
//!
//! | key | default | meaning and cost |
//! |---|---|---|
//! | `durability` | `group` | when an OTLP export is answered: `group`, when what was counted of it is on the disk (survives a power cut); `os`, when the kernel has it (survives the end of the process) |
//! | `transactions_kept` | `7d` | how long single transactions are kept |
//! | `transactions_bytes` | `4GiB` | how many bytes of them; the oldest go first |
//! | `vault_key_file` | none | file with the vault's key, 64 hexadecimal digits; or the environment variable `BONGSU_VAULT_KEY`. Without a key user ids are not kept at all, only their tokens |

use std::time::Duration;

use bongsu_sdk_config::Section;

use crate::{Durability, VaultKey};

const VAULT_KEY: &str = "BONGSU_VAULT_KEY";

/// How single transactions are kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// When an export is answered.
    pub durability: Durability,
    /// For how long transactions are kept.
    pub transactions_kept: Duration,
    /// How many bytes of them.
    pub transactions_bytes: u64,
    /// Seals user ids; without it none is kept.
    pub vault: Option<VaultKey>,
}

impl Settings {
    /// Reads the section; faults go to its list and leave a usable default.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let settings = Self {
            durability: durability(&section),
            transactions_kept: section
                .duration("transactions_kept", Duration::from_secs(7 * 86_400)),
            transactions_bytes: section.size("transactions_bytes", 4 << 30),
            vault: vault(&section),
        };
        section.finish();
        settings
    }
}

fn durability(section: &Section) -> Durability {
    match section.text("durability", "group").as_str() {
        "group" => Durability::Group,
        "os" => Durability::Os,
        other => {
            let what = format!("`{other}` is neither \"group\" nor \"os\"");
            section.fault("durability", what);
            Durability::Group
        }
    }
}

fn vault(section: &Section) -> Option<VaultKey> {
    let (from, text) = match section.optional_path("vault_key_file") {
        Some(path) => match std::fs::read_to_string(&path) {
            Ok(text) => (format!("`{}`", path.display()), text),
            Err(error) => {
                let what = format!("cannot read `{}`: {error}", path.display());
                section.fault("vault_key_file", what);
                return None;
            }
        },
        None => (VAULT_KEY.to_owned(), std::env::var(VAULT_KEY).ok()?),
    };
    let key = text.parse();
    if let Err(error) = &key {
        section.fault("vault_key_file", format!("{from}: {error}"));
    }
    key.ok()
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::Faults;

    use super::*;

    #[test]
    fn every_fault_is_reported_and_the_key_is_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("vault.key");
        std::fs::write(&path, "secret").unwrap();
        let text = format!(
            "durability = \"maybe\"\ntransactions_kept = \"long\"\nvault_key_file = \"{}\"\nvault = 1\n",
            path.display()
        );
        let faults = Faults::default();
        let settings = Settings::read(Section::parse(&text, &faults));
        assert_eq!(faults.lines().len(), 4, "{:?}", faults.lines());
        assert!(!faults.lines().join(" ").contains("secret"));
        assert!(settings.vault.is_none());
        std::fs::write(&path, "0f".repeat(32)).unwrap();
        let text = format!("vault_key_file = \"{}\"\n", path.display());
        let faults = Faults::default();
        let settings = Settings::read(Section::parse(&text, &faults));
        assert!(faults.is_empty(), "{:?}", faults.lines());
        assert!(!format!("{settings:?}").contains("0f"), "{settings:?}");
    }
}
