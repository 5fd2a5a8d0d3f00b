//! Random secrets and what is kept of them.

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};

use crate::Error;

/// 256 random bits as text.
pub(crate) fn random() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// A password that a person types once: 100 random bits in groups of five letters that are not mixed up.
pub(crate) fn one_time() -> Result<String, Error> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
    let mut bytes = [0_u8; 20];
    fill(&mut bytes)?;
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'x');
    let groups = bytes
        .chunks(5)
        .map(|group| group.iter().map(|byte| char::from(letter(byte))).collect());
    Ok(groups.collect::<Vec<String>>().join("-"))
}

fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    let filled = SystemRandom::new().fill(bytes);
    filled.map_err(|_| Error::store("the system's randomness", "it gives none"))
}

/// What is kept of a random secret. It needs no salt: nobody guesses 256 bits.
pub(crate) fn kept(secret: &str) -> String {
    hex(digest(&SHA256, secret.as_bytes()).as_ref())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is kept of a password. Takes some ten milliseconds and 19 MiB, on purpose.
pub(crate) fn hash(password: &str) -> Result<String, Error> {
    let mut salt = [0_u8; 16];
    fill(&mut salt)?;
    let failed = |error: argon2::password_hash::Error| Error::store("argon2", error);
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    let hash = Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .map_err(failed)?;
    Ok(hash.to_string())
}

/// Whether it is the password; takes as long as hashing one.
pub(crate) fn matches(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_only_and_no_two_hashes_are_alike() {
        let hash = hash("correct horse battery").unwrap();
        assert!(matches("correct horse battery", &hash));
        assert!(!matches("correct horse batterz", &hash));
        assert_ne!(super::hash("correct horse battery").unwrap(), hash);
        assert_eq!(one_time().unwrap().len(), 23);
    }
}
