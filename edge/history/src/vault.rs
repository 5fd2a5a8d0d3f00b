//! Token to user id, sealed. Who has the disk but not the key learns nothing; who has the key may turn a token
//! back, which the caller authorises and records.
//!
//! Sealed form: a version byte (1), a random nonce of 12 bytes, then ChaCha20-Poly1305 (RFC 8439) of the id with
//! the token as associated data: an entry moved to another token does not open.
//!
//! ## Decisions
//!
//! - **`ring`**, which TLS brings along anyway. Rejected: another cipher crate beside it.
//! - **Random nonces**: 2³² entries of one key stay far from a repeated one, and a counter would have to be as
//!   durable as the entries.

use std::{fmt, str::FromStr, sync::Arc};

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

use crate::{History, HistoryError, Token, keys};

const VERSION: u8 = 1;

/// The key that seals the vault of one edge.
#[derive(Clone)]
pub struct VaultKey(Arc<LessSafeKey>);

impl FromStr for VaultKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = "not 64 hexadecimal digits, hint: `openssl rand -hex 32 > vault.key`";
        let text = text.trim();
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refused);
        }
        let bytes: Vec<u8> = (0..32)
            .filter_map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok())
            .collect();
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| refused)?;
        Ok(Self(Arc::new(LessSafeKey::new(key))))
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(..)")
    }
}

/// Seals and opens entries.
#[derive(Debug, Clone)]
pub struct Vault {
    key: VaultKey,
    random: SystemRandom,
}

impl Vault {
    /// A vault under `key`.
    #[must_use]
    pub fn new(key: VaultKey) -> Self {
        Self {
            key,
            random: SystemRandom::new(),
        }
    }

    /// The sealed entry of `token`; `None` if the system has no randomness.
    #[must_use]
    pub fn seal(&self, token: Token, id: &str) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = id.as_bytes().to_vec();
        let nonce_of_key = Nonce::assume_unique_for_key(nonce);
        let aad = Aad::from(keys::of_number(token.0));
        let VaultKey(key) = &self.key;
        key.seal_in_place_append_tag(nonce_of_key, aad, &mut sealed)
            .ok()?;
        Some([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// The id in a sealed entry; `None` if it is not one of this key and token.
    #[must_use]
    pub fn open(&self, token: Token, sealed: &[u8]) -> Option<String> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        if *version != VERSION {
            return None;
        }
        let mut bytes = sealed.to_vec();
        let aad = Aad::from(keys::of_number(token.0));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let VaultKey(key) = &self.key;
        let id = key.open_in_place(nonce, aad, &mut bytes).ok()?;
        String::from_utf8(id.to_vec()).ok()
    }
}

impl History {
    /// The sealed entry of `token`.
    ///
    /// # Errors
    /// [`HistoryError`] if the store can't be read.
    pub fn secret(&self, token: Token) -> Result<Option<Vec<u8>>, HistoryError> {
        let sealed = self.vault.get(keys::of_number(token.0))?;
        Ok(sealed.map(|sealed| sealed.to_vec()))
    }

    /// Erases a user: the vault's entry, and what transactions and sessions say of the user. Gives how many
    /// transactions were blanked. On disk when this returns.
    ///
    /// # Errors
    /// [`HistoryError`] if the store fails; erasing again goes on.
    pub fn erase(&self, user: Token) -> Result<u64, HistoryError> {
        self.vault.remove(keys::of_number(user.0))?;
        let blanked = self.transactions().erase(user)?;
        self.flush()?;
        Ok(blanked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_opens_with_its_key_and_token_only() {
        let vault = |digit: &str| Vault::new(digit.repeat(64).parse().unwrap());
        let sealed = vault("1").seal(Token(5), "kim@example.go.kr").unwrap();
        assert_eq!(
            vault("1").open(Token(5), &sealed).unwrap(),
            "kim@example.go.kr"
        );
        assert_eq!(vault("2").open(Token(5), &sealed), None);
        assert_eq!(vault("1").open(Token(6), &sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(vault("1").open(Token(5), &damaged), None, "{at}");
            assert_eq!(vault("1").open(Token(5), &sealed[..at]), None, "{at}");
        }
        let again = vault("1").seal(Token(5), "kim@example.go.kr").unwrap();
        assert_ne!(again, sealed, "the nonce is another");
        assert!(!sealed.windows(3).any(|three| three == b"kim"));
        assert!("12".parse::<VaultKey>().is_err());
    }
}
