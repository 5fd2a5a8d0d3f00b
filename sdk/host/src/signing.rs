//! Who signed a component, and whether that is enough to run it.
//!
//! A signature is ed25519 over a fixed prefix and the SHA-256 of the component. It travels in the component itself, as its last
//! custom section `bongsu:signature`, so that one file is all there is to ship; or beside it (`x.wasm.sig`, the same 96
//! bytes in hexadecimal). A component is also trusted whose hash is on a list: that is how the built-ins come.
//!
//! Rejected: Sigstore's transparency log and certificates, which need a network that a ministry's site does not have; and
//! signing the module without its manifest, which would let needs and limits be changed.

use std::{collections::BTreeSet, fmt, str::FromStr};

use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use crate::{PluginError, manifest};

/// The custom section that holds the signature; always the last one.
pub const SIGNATURE_SECTION: &str = "bongsu:signature";

/// What is signed begins with this, so that no signature made for something else fits.
const PREFIX: &[u8] = b"bongsu-plugin-signature-1\0";

/// The SHA-256 of a component's file: what a version is known by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(hash)
    }
}

/// An ed25519 public key; as text 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

/// A text that is not the hexadecimal form of what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {digits} hexadecimal digits")]
pub struct NotHex {
    text: String,
    digits: usize,
}

/// Who signed, and the signature: 96 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    key: PublicKey,
    bytes: [u8; 64],
}

impl Signature {
    /// Who says to have signed.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    fn holds_for(&self, body: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key.0)
            .verify(&message(body), &self.bytes)
            .is_ok()
    }
}

/// A key to sign with.
pub struct SigningKey(Ed25519KeyPair);

/// Bytes that are no ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no ed25519 key in PKCS#8; hint: `bongsu-plugin key` makes one")]
pub struct NotKey;

impl SigningKey {
    /// Makes a key; keep the bytes (PKCS#8) secret.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn generate() -> Result<Vec<u8>, NotKey> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| NotKey)?;
        Ok(made.as_ref().to_vec())
    }

    /// Reads a key that [`Self::generate`] or OpenSSL made.
    ///
    /// # Errors
    /// [`NotKey`].
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, NotKey> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes)
            .map(Self)
            .map_err(|_| NotKey)
    }

    /// What others need to check its signatures.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    /// The component with a signature in place of the one it may have.
    #[must_use]
    pub fn sign(&self, component: &[u8]) -> Vec<u8> {
        let (body, _) = split(component);
        let signature = self.signature(body);
        let mut payload = signature.key.0.to_vec();
        payload.extend_from_slice(&signature.bytes);
        let mut signed = body.to_vec();
        signed.extend(manifest::custom_section(SIGNATURE_SECTION, &payload));
        signed
    }

    /// The signature of a component, to be kept beside it.
    #[must_use]
    pub fn signature(&self, component: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.0.sign(&message(component)).as_ref());
        Signature {
            key: self.public(),
            bytes,
        }
    }
}

/// Why a component may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// A trusted key signed it.
    Signed(PublicKey),
    /// Its hash is on the list.
    Listed,
    /// Nobody vouches for it, and the operator allows that.
    Unsigned,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(key) => write!(f, "signed by {key}"),
            Self::Listed => f.write_str("built in"),
            Self::Unsigned => f.write_str("unsigned"),
        }
    }
}

/// Whom the operator trusts.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Keys whose signatures count.
    pub keys: BTreeSet<PublicKey>,
    /// Components that need no signature.
    pub listed: BTreeSet<ContentHash>,
    /// Whether a component without a signature may run.
    pub unsigned: bool,
}

impl Trust {
    /// Whether a component may run. A signature beside the file counts before the one inside.
    ///
    /// A signature that does not hold, or is of a stranger, is refused even where unsigned components may run: somebody
    /// meant it to be checked.
    ///
    /// # Errors
    /// [`PluginError::Signature`].
    pub fn judge(
        &self,
        plugin: &str,
        component: &[u8],
        beside: Option<&Signature>,
    ) -> Result<Provenance, PluginError> {
        let refused = |reason: String| PluginError::Signature {
            plugin: plugin.to_owned(),
            reason,
        };
        if self.listed.contains(&ContentHash::of(component)) {
            return Ok(Provenance::Listed);
        }
        let (body, inside) = split(component);
        let (signed, signature) = match beside {
            Some(signature) => (component, Some(*signature)),
            None => (body, inside),
        };
        match signature {
            Some(signature) if !signature.holds_for(signed) => Err(refused(format!(
                "it was changed after {} signed it, or the signature is forged; hint: get the file again",
                signature.key
            ))),
            Some(signature) if self.keys.contains(&signature.key) => {
                Ok(Provenance::Signed(signature.key))
            }
            Some(signature) => Err(refused(format!(
                "its key {} is not trusted; hint: add it to [plugins] keys if it should be",
                signature.key
            ))),
            None if self.unsigned => Ok(Provenance::Unsigned),
            None => Err(refused(
                "it is not signed; hint: `bongsu-plugin sign`, or [plugins] unsigned = \"allow\" while developing"
                    .to_owned(),
            )),
        }
    }
}

/// What is signed.
fn message(body: &[u8]) -> Vec<u8> {
    let mut message = PREFIX.to_vec();
    message.extend_from_slice(&ContentHash::of(body).0);
    message
}

/// A component and the signature at its end. The section has one size, so its beginning is known without parsing what may
/// be hostile.
fn split(component: &[u8]) -> (&[u8], Option<Signature>) {
    let head = manifest::custom_section(SIGNATURE_SECTION, &[0; 96]);
    let head = head.get(..head.len() - 96).unwrap_or_default();
    let Some((body, section)) = component
        .len()
        .checked_sub(head.len() + 96)
        .and_then(|at| component.split_at_checked(at))
    else {
        return (component, None);
    };
    let Some(payload) = section.strip_prefix(head) else {
        return (component, None);
    };
    match (payload.first_chunk::<32>(), payload.last_chunk::<64>()) {
        (Some(key), Some(bytes)) => (
            body,
            Some(Signature {
                key: PublicKey(*key),
                bytes: *bytes,
            }),
        ),
        _ => (component, None),
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hex<const N: usize>(text: &str) -> Result<[u8; N], NotHex> {
    let wrong = || NotHex {
        text: crate::contract::shorten(text),
        digits: 2 * N,
    };
    let digits = text.trim().as_bytes();
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return Err(wrong());
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}

macro_rules! hexadecimal {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl FromStr for $type {
            type Err = NotHex;
            fn from_str(text: &str) -> Result<Self, NotHex> {
                read_hex(text).map(Self)
            }
        }
    )*};
}

hexadecimal!(ContentHash, PublicKey);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.key.0)?;
        write_hex(f, &self.bytes)
    }
}

impl FromStr for Signature {
    type Err = NotHex;
    fn from_str(text: &str) -> Result<Self, NotHex> {
        let bytes: [u8; 96] = read_hex(text)?;
        let (mut key, mut signature) = ([0; 32], [0; 64]);
        key.copy_from_slice(bytes.get(..32).unwrap_or_default());
        signature.copy_from_slice(bytes.get(32..).unwrap_or_default());
        Ok(Self {
            key: PublicKey(key),
            bytes: signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate().unwrap()).unwrap()
    }

    fn trusting(key: &SigningKey) -> Trust {
        Trust {
            keys: BTreeSet::from([key.public()]),
            ..Trust::default()
        }
    }

    fn refusal(trust: &Trust, bytes: &[u8]) -> String {
        trust.judge("p", bytes, None).unwrap_err().to_string()
    }

    #[test]
    fn a_trusted_signature_is_known_inside_and_beside() {
        let key = key();
        let trust = trusting(&key);
        let signed = key.sign(COMPONENT);
        assert_eq!(
            trust.judge("p", &signed, None).unwrap(),
            Provenance::Signed(key.public())
        );
        assert_eq!(key.sign(&signed), signed, "signing again changes nothing");
        let beside: Signature = key.signature(COMPONENT).to_string().parse().unwrap();
        assert!(trust.judge("p", COMPONENT, Some(&beside)).is_ok());
        assert!(trust.judge("p", &signed, Some(&beside)).is_err());
    }

    #[test]
    fn forged_stripped_and_strange_signatures_are_refused() {
        let (key, stranger) = (key(), key());
        let trust = trusting(&key);
        let signed = key.sign(COMPONENT);
        for place in 0..signed.len() {
            let mut changed = signed.clone();
            changed[place] ^= 1;
            assert!(trust.judge("p", &changed, None).is_err(), "byte {place}");
        }
        assert!(refusal(&trust, COMPONENT).contains("not signed"));
        let strange = stranger.sign(COMPONENT);
        assert!(refusal(&trust, &strange).contains("not trusted"));
        let mut lenient = trust.clone();
        lenient.unsigned = true;
        assert_eq!(
            lenient.judge("p", COMPONENT, None).unwrap(),
            Provenance::Unsigned
        );
        assert!(refusal(&lenient, &strange).contains("not trusted"));
    }

    #[test]
    fn a_listed_hash_needs_no_signature() {
        let mut trust = Trust::default();
        trust.listed.insert(ContentHash::of(COMPONENT));
        assert_eq!(
            trust.judge("p", COMPONENT, None).unwrap(),
            Provenance::Listed
        );
        assert!(trust.judge("p", b"\0asm\x0d\0\x01\0\0", None).is_err());
    }

    #[test]
    fn hashes_and_keys_are_read_as_written() {
        let hash = ContentHash::of(b"x");
        assert_eq!(hash.to_string().parse::<ContentHash>().unwrap(), hash);
        assert!("zz".parse::<PublicKey>().is_err());
        assert!("é".repeat(32).parse::<PublicKey>().is_err());
    }
}
