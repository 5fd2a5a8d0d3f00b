//! Blocks, redirects or limits requests to a URL for a time.
//!
//! ## Decisions
//!
//! - **A pattern that is nearly all stars is refused**, and so is one that could match what must never be blocked (the
//!   login page, health checks), even where people approved it: at three in the morning `/*` is easily typed.
//! - **It always ends by itself**, like every block.

mod pattern;

use bongsu_sdk_guest::{
    Settings,
    controller::{Action, Controller, Effect, Proposal, Request},
    export_controller, host,
};

/// The plugin.
pub struct BlockUrl {
    most_ms: i64,
    least_letters: usize,
    never: Vec<String>,
}

impl Controller for BlockUrl {
    fn init(settings: &Settings) -> Result<Self, String> {
        let plugin = Self {
            most_ms: settings.integer::<i64>("most_minutes")? * 60_000,
            least_letters: settings.integer("least_letters")?,
            never: settings.texts("never")?.to_vec(),
        };
        settings.finish()?;
        Ok(plugin)
    }

    fn apply(&mut self, proposal: &Proposal) -> Result<Vec<Effect>, String> {
        let request = match &proposal.action {
            Action::Block(request) => request,
            Action::Redirect(detour) => &detour.from,
            Action::Limit(rate) => &rate.of,
            _ => return Err("this controller blocks, redirects and limits URLs".to_owned()),
        };
        let url = self.allowed(request)?;
        if let Action::Redirect(detour) = &proposal.action {
            if pattern::matches(url, &detour.to) {
                return Err(format!("`{}` would be redirected to itself", detour.to));
            }
        }
        let latest = host::now_ms().saturating_add(self.most_ms);
        Ok(vec![Effect {
            action: proposal.action.clone(),
            until_ms: Some(proposal.until_ms.map_or(latest, |until| until.min(latest))),
        }])
    }
}

impl BlockUrl {
    fn allowed<'a>(&self, request: &'a Request) -> Result<&'a str, String> {
        let url = request
            .url
            .as_deref()
            .ok_or("no URL is named; hint: clients are blocked by `control-block-clients`")?;
        let letters = url.chars().filter(|c| c.is_alphanumeric()).count();
        if letters < self.least_letters {
            return Err(format!(
                "`{url}` is too wide; hint: write at least {} letters of the path",
                self.least_letters
            ));
        }
        match self.never.iter().find(|never| pattern::meet(url, never)) {
            None => Ok(url),
            Some(never) => Err(format!(
                "`{url}` could match `{never}`, which is never touched"
            )),
        }
    }
}

export_controller!(BlockUrl);

#[cfg(test)]
mod tests {
    use bongsu_sdk_guest::controller::{Detour, Rate};

    use super::*;

    fn apply(action: Action) -> Result<Vec<Effect>, String> {
        let mut plugin = BlockUrl {
            most_ms: 60_000,
            least_letters: 3,
            never: vec!["/login*".into(), "/health*".into()],
        };
        plugin.apply(&Proposal {
            id: "1".into(),
            action,
            until_ms: None,
            reason: "slow".into(),
            copies: None,
        })
    }

    fn of(url: &str) -> Request {
        Request {
            app: None,
            url: Some(url.into()),
            method: None,
            user_agent: None,
            clients: None,
        }
    }

    #[test]
    fn a_url_is_blocked_redirected_or_limited_for_a_time() {
        let detour = Detour {
            from: of("/report/*"),
            to: "/busy.html".into(),
        };
        let rate = Rate {
            of: of("/report/*"),
            per_second: Some(5.0),
            max_ms: None,
        };
        for action in [
            Action::Block(of("/report/*")),
            Action::Redirect(detour),
            Action::Limit(rate),
        ] {
            let effects = apply(action).unwrap();
            assert_eq!(effects.len(), 1);
            assert_eq!(effects[0].until_ms, Some(60_000));
        }
    }

    #[test]
    fn what_is_too_wide_or_never_touched_is_refused() {
        for (url, says) in [
            ("/*", "too wide"),
            ("*", "too wide"),
            ("/login", "never touched"),
            ("*login*", "never touched"),
            ("/log*", "never touched"),
        ] {
            let said = apply(Action::Block(of(url))).unwrap_err();
            assert!(said.contains(says), "{url}: {said}");
        }
        let circle = Detour {
            from: of("/report*"),
            to: "/report-busy".into(),
        };
        assert!(
            apply(Action::Redirect(circle))
                .unwrap_err()
                .contains("itself")
        );
    }
}
