//! The first-party cookie that tells clients apart where nothing else does: 128 random bits, no meaning.

use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

/// How the cookie is set. It is `HttpOnly` and `SameSite=Lax` always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Its name; the same as in `[collect]` of the counting mode `cookie`.
    pub name: String,
    /// How long a browser keeps it.
    pub life: Duration,
    /// Only over TLS.
    pub secure: bool,
}

impl Cookie {
    /// A `Set-Cookie` for a client that has none, or one that is not ours. None: it has one, or there is no
    /// randomness, and then nobody is given a cookie that others could have.
    #[must_use]
    pub fn issue(&self, present: Option<&str>) -> Option<String> {
        if present.is_some_and(is_ours) {
            return None;
        }
        let mut random = [0_u8; 16];
        SystemRandom::new().fill(&mut random).ok()?;
        let value: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let secure = if self.secure { "; Secure" } else { "" };
        Some(format!(
            "{}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            self.name,
            self.life.as_secs()
        ))
    }
}

fn is_ours(value: &str) -> bool {
    value.len() == 32
        && value
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_one_cookie_and_no_two_clients_the_same() {
        let cookie = Cookie {
            name: "bongsu_id".into(),
            life: Duration::from_secs(60),
            secure: true,
        };
        let first = cookie.issue(None).unwrap();
        assert_ne!(cookie.issue(None).unwrap(), first);
        assert!(
            first.ends_with("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"),
            "{first}"
        );
        let value = first
            .strip_prefix("bongsu_id=")
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        assert_eq!(cookie.issue(Some(value)), None);
        assert!(
            cookie.issue(Some("everybody")).is_some(),
            "a value of the client's own choice is replaced"
        );
    }
}
