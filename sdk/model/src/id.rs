//! Checked names. Each is a non-empty string of bounded length without control characters.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The name was empty.
    #[error("{kind} must not be empty")]
    Empty {
        /// Which id was being made.
        kind: &'static str,
    },
    /// The name was longer than the limit, in bytes.
    #[error("{kind} is {len} bytes long, the limit is {limit}")]
    TooLong {
        /// Which id was being made.
        kind: &'static str,
        /// Length in bytes.
        len: usize,
        /// Limit in bytes.
        limit: usize,
    },
    /// The name held a character that the id does not allow.
    #[error("{kind} must not contain {character:?}")]
    Character {
        /// Which id was being made.
        kind: &'static str,
        /// The first offending character.
        character: char,
    },
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $limit:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Longest accepted name, in bytes.
            pub const MAX_BYTES: usize = $limit;

            /// Checks and takes a name.
            ///
            /// # Errors
            /// [`IdError`] if it is empty, too long or holds a forbidden character.
            pub fn new(name: &str) -> Result<Self, IdError> {
                if name.is_empty() {
                    return Err(IdError::Empty { kind: $kind });
                }
                if name.len() > $limit {
                    return Err(IdError::TooLong { kind: $kind, len: name.len(), limit: $limit });
                }
                let allowed: fn(char) -> bool = $allowed;
                match name.chars().find(|c| !allowed(*c)) {
                    Some(character) => Err(IdError::Character { kind: $kind, character }),
                    None => Ok(Self(name.into())),
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(name: String) -> Result<Self, IdError> {
                Self::new(&name)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(name: &str) -> Result<Self, IdError> {
                Self::new(name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

id!(
    /// A regional site; one edge each. Lower-case ASCII letters, digits and dashes: it is also a DNS label
    /// in the edge's certificate.
    SiteId, "site id", 63, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
);
id!(
    /// An application (`service.name` of its spans, or the name given to a log or a session space).
    AppId, "application id", 128, |c| !c.is_control()
);
id!(
    /// One running copy of an application (`service.instance.id`, else its host).
    InstanceId, "instance id", 128, |c| !c.is_control()
);
id!(
    /// A URL without its variable parts: `http.route`, or a learned template such as `/orders/{}`.
    UrlTemplate, "URL template", 512, |c| !c.is_control()
);

impl UrlTemplate {
    /// The bucket for URLs beyond an application's cap; always visible, never dropped.
    pub const OTHER: &'static str = "{other}";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_dns_label() {
        assert_eq!(SiteId::new("busan-2").unwrap().as_str(), "busan-2");
        assert_eq!(SiteId::new(""), Err(IdError::Empty { kind: "site id" }));
        assert_eq!(
            SiteId::new("Busan"),
            Err(IdError::Character {
                kind: "site id",
                character: 'B'
            })
        );
        assert!(matches!(
            SiteId::new(&"b".repeat(64)),
            Err(IdError::TooLong { len: 64, .. })
        ));
    }
}
