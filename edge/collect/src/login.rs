//! Tells an attempt to log in, and what it came to, from the request alone.
//!
//! The trade-off: an application that answers refused credentials with 200 or a redirect back to its form
//! counts as logged in here; it must answer 401, 403 or 422, or set `login.failed` to what it does answer.

use bongsu_sdk_model::LoginOutcome;

/// Which requests log in.
#[derive(Debug, Clone)]
pub(crate) struct LoginRule {
    pub(crate) urls: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) failed: Vec<u16>,
}

impl LoginRule {
    /// What the request came to; `None` if it was not an attempt, or ended neither way (a server error).
    pub(crate) fn outcome(
        &self,
        method: &str,
        path: &str,
        route: &str,
        status: u16,
    ) -> Option<LoginOutcome> {
        let here = self.urls.iter().any(|url| url == path || url == route)
            && self.methods.iter().any(|known| known == method);
        match status {
            _ if !here => None,
            _ if self.failed.contains(&status) => Some(LoginOutcome::Failed),
            200..400 => Some(LoginOutcome::Succeeded),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_post_to_the_login_url_is_an_attempt() {
        let rule = LoginRule {
            urls: vec!["/login".to_owned()],
            methods: vec!["POST".to_owned()],
            failed: vec![401, 403, 422],
        };
        let outcome = |method, path, status| rule.outcome(method, path, path, status);
        assert_eq!(
            outcome("POST", "/login", 302),
            Some(LoginOutcome::Succeeded)
        );
        assert_eq!(outcome("POST", "/login", 403), Some(LoginOutcome::Failed));
        assert_eq!(outcome("POST", "/login", 500), None);
        assert_eq!(outcome("POST", "/login", 0), None);
        assert_eq!(outcome("GET", "/login", 200), None);
        assert_eq!(outcome("POST", "/orders", 200), None);
        assert_eq!(
            rule.outcome("POST", "/ko/login", "/login", 200),
            Some(LoginOutcome::Succeeded)
        );
    }
}
