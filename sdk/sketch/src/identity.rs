//! Raw identity in, keyed hash out. The only place where an identity becomes a number.

use std::{fmt, hash::Hasher, str::FromStr};

use bongsu_sdk_model::IdentityMode;
use siphasher::sip::SipHasher24;

/// A keyed 64-bit hash of an identity: what sketches hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentityHash(pub(crate) u64);

impl IdentityHash {
    /// Takes an already uniform 64-bit value, as tests and generators have.
    #[must_use]
    pub const fn from_uniform(value: u64) -> Self {
        Self(value)
    }

    /// The number: what the edge's own disk holds of an identity.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// The organisation's 128-bit key. The edges share it, the center never has it; it is neither printed nor
/// serialised.
#[derive(Clone)]
pub struct IdentityKey([u8; 16]);

/// Why a key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identity key is 32 hexadecimal digits, hint: `openssl rand -hex 16` makes one")]
pub struct KeyError;

impl IdentityKey {
    /// The hash of `raw` in `mode`. The same text in two modes gives unrelated hashes, so sketches of
    /// different modes can't be joined.
    #[must_use]
    pub fn hash(&self, mode: IdentityMode, raw: &[u8]) -> IdentityHash {
        IdentityHash(self.digest(mode.name(), raw))
    }

    /// A token of 16 hexadecimal digits that stands for `raw` outside the edge's live window; `kind` (such as
    /// `client`, `user`) keeps tokens of different kinds unrelated.
    #[must_use]
    pub fn token(&self, kind: &str, raw: &[u8]) -> String {
        format!("{:016x}", self.number(kind, raw))
    }

    /// The number that [`Self::token`] writes.
    #[must_use]
    pub fn number(&self, kind: &str, raw: &[u8]) -> u64 {
        self.digest(kind, raw)
    }

    /// SipHash-2-4 (<https://www.aumasson.jp/siphash/siphash.pdf>) over `kind`, a zero byte and `raw`.
    fn digest(&self, kind: &str, raw: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(kind.as_bytes());
        hasher.write_u8(0);
        hasher.write(raw);
        hasher.finish()
    }
}

impl FromStr for IdentityKey {
    type Err = KeyError;

    fn from_str(hex: &str) -> Result<Self, KeyError> {
        let hex = hex.trim();
        if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(KeyError);
        }
        u128::from_str_radix(hex, 16)
            .map(|key| Self(key.to_be_bytes()))
            .map_err(|_| KeyError)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_and_the_mode_decide_the_hash_and_neither_shows() {
        let one: IdentityKey = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
        let two: IdentityKey = "000102030405060708090a0b0c0d0e10".parse().unwrap();
        let hash = one.hash(IdentityMode::Ip, b"203.0.113.9");
        assert_eq!(hash, one.hash(IdentityMode::Ip, b"203.0.113.9"));
        assert_ne!(hash, two.hash(IdentityMode::Ip, b"203.0.113.9"));
        assert_ne!(hash, one.hash(IdentityMode::Cookie, b"203.0.113.9"));
        assert_eq!(format!("{one:?}"), "IdentityKey(..)");
        assert_eq!("0001".parse::<IdentityKey>().unwrap_err(), KeyError);
        assert!(
            "+001020304050607080900a0b0c0d0e0"
                .parse::<IdentityKey>()
                .is_err()
        );
    }
}
