//! How a new edge gets its first certificate: the token's text and the two frames. Never touches a key.
//!
//! ```text
//! edge (no certificate yet, ALPN bongsu-join/1)      center
//!  │  TLS: the chain must hold the authority that the token names by its SHA-256
//!  │ Join{token, secret, site, key}                │  token good, unused, for this site; proof of possession
//!  ├──────────────────────────────────────────────►│  token used up, durably, then signed
//!  │                Joined{certificate, authority} │
//!  │◄──────────────────────────────────────────────┤
//! ```

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use bongsu_sdk_model::SiteId;

use crate::{Frame, PublicKey};

/// The enrolment's name in the TLS handshake (ALPN).
pub const JOIN_ALPN: &[u8] = b"bongsu-join/1";
/// Label under which both ends export what a proof of possession is bound to.
pub const PROOF_LABEL: &[u8] = b"EXPORTER-bongsu-edge-key-1";

/// The first word of a token's text.
const PREFIX: &str = "bongsu1";

/// A right to enrol one edge of one site, once. Whoever has its text has the right: it is shown once, at its
/// making, and the center keeps only a digest of the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The only site it is good for.
    pub site: SiteId,
    /// Names it.
    pub id: [u8; 8],
    /// Proves it.
    pub secret: [u8; 24],
    /// SHA-256 of the authority's certificate (DER): the edge trusts no other center.
    pub authority: [u8; 32],
}

/// Not a token's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no token, hint: copy the whole line that `bongsu-center token create` printed")]
pub struct TokenError;

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, {})", self.site, hex(&self.id))
    }
}

/// The text to hand over; secret.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, secret) = (hex(&self.id), hex(&self.secret));
        write!(
            f,
            "{PREFIX}.{}.{id}.{secret}.{}",
            self.site,
            hex(&self.authority)
        )
    }
}

impl FromStr for Token {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let words: Vec<&str> = text.trim().split('.').collect();
        let [PREFIX, site, id, secret, authority] = words.as_slice() else {
            return Err(TokenError);
        };
        Ok(Self {
            site: SiteId::new(site).map_err(|_| TokenError)?,
            id: unhex(id).ok_or(TokenError)?,
            secret: unhex(secret).ok_or(TokenError)?,
            authority: unhex(authority).ok_or(TokenError)?,
        })
    }
}

/// Edge to center: the one frame it sends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Which token.
    pub token: [u8; 8],
    /// Its secret.
    pub secret: [u8; 24],
    /// For which site.
    pub site: SiteId,
    /// The key made at the edge.
    pub key: PublicKey,
}

impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Join({}, {})", self.site, hex(&self.token))
    }
}

/// Center to edge: the one frame it answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joined {
    /// You are enrolled.
    Welcome {
        /// The edge's certificate (PEM).
        certificate: String,
        /// The authority's certificate (PEM); its digest is in the token.
        authority: String,
    },
    /// You are not.
    Refused {
        /// Why, in a sentence that helps nobody to guess.
        text: String,
    },
}

impl Frame for Join {}
impl Frame for Joined {}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_its_secret_is_in_no_log() {
        let token = Token {
            site: SiteId::new("busan").unwrap(),
            id: [1; 8],
            secret: [0xee; 24],
            authority: [3; 32],
        };
        assert_eq!(token.to_string().parse(), Ok(token.clone()));
        assert!(!format!("{token:?}").contains("ee"));
        let text = token.to_string();
        for wrong in [
            "",
            "bongsu1",
            &text[..text.len() - 1],
            &text.replace("busan", "Bu san"),
            &text.replace("ee", "é"),
            &text.replace("bongsu1", "bongsu2"),
        ] {
            assert_eq!(wrong.parse::<Token>(), Err(TokenError), "{wrong}");
        }
    }
}
