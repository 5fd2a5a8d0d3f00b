//! Who may give orders and see whose sessions are whose: whoever knows the administrator's token.
//!
//! Without a token configured nobody may. Sent as `Authorization: Bearer …`; compared in constant time, never
//! logged. A page of another site cannot send the header from somebody's browser.

use axum::http::{HeaderMap, StatusCode, header};
use bongsu_edge_sessions::Password;

use super::problem::Problem;

/// The administrator's token, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Admin(Option<Password>);

impl Admin {
    pub(crate) const fn new(token: Option<Password>) -> Self {
        Self(token)
    }

    /// Refuses a request that does not present the token.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let problem = |status, code, detail: &str| Problem {
            status,
            code,
            detail: detail.to_owned(),
        };
        let Some(token) = &self.0 else {
            return Err(problem(
                StatusCode::FORBIDDEN,
                "no_administrator",
                "orders are switched off here, hint: set [http] admin_token_file",
            ));
        };
        let presented = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        match presented {
            Some(presented) if token.matches(presented.trim_ascii()) => Ok(()),
            _ => Err(problem(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "the administrator's token is missing or wrong, hint: send Authorization: Bearer …",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens_and_without_one_nothing_does() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            headers
        };
        let admin = Admin::new(Some(Password::new(b"secret")));
        assert!(admin.check(&with("Bearer secret")).is_ok());
        for wrong in ["Bearer secre", "Bearer ", "Basic secret", "secret"] {
            let problem = admin.check(&with(wrong)).unwrap_err();
            assert_eq!(problem.status, StatusCode::UNAUTHORIZED, "{wrong}");
        }
        let refused = Admin::default().check(&with("Bearer secret")).unwrap_err();
        assert_eq!(refused.code, "no_administrator");
    }
}
