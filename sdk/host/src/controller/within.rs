//! Whether an effect stays within the proposal people approved: the same action, no other target, no longer, no harder.

use ipnet::IpNet;

use super::{Action, Deny, Effect, Owner, Proposal, Rate, Request, Scaling};
use crate::Site;

/// Refuses an effect that is wider than the proposal.
pub(super) fn check(proposal: &Proposal, effect: &Effect, site: &dyn Site) -> Result<(), String> {
    if let Some(approved) = proposal.until_ms
        && effect.until_ms.is_none_or(|until| until > approved)
    {
        return Err("an effect lasts longer than was approved".to_owned());
    }
    let fits = match (&proposal.action, &effect.action) {
        (Action::EndSessions(approved), Action::EndSessions(asked)) => owner(approved, asked, site),
        (Action::DenyUser(approved), Action::DenyUser(asked)) => deny(approved, asked),
        (Action::Block(approved), Action::Block(asked)) => request(approved, asked),
        (Action::Redirect(approved), Action::Redirect(asked)) => {
            approved.to == asked.to && request(&approved.from, &asked.from)
        }
        (Action::Limit(approved), Action::Limit(asked)) => rate(approved, asked),
        (Action::Scale(approved), Action::Scale(asked)) => {
            scaling(approved, asked, proposal.copies)
        }
        (Action::RollBack(approved), Action::RollBack(asked)) => approved == asked,
        (Action::Notify(approved), Action::Notify(asked)) => {
            approved.route == asked.route
                && asked.text.len() <= 1_000
                && !asked.text.chars().any(|c| c.is_control() && c != '\n')
        }
        (approved, asked) => {
            return Err(format!(
                "an effect is `{}`, approved was `{}`",
                name(asked),
                name(approved)
            ));
        }
    };
    if fits {
        Ok(())
    } else {
        Err(format!(
            "an effect `{}` is wider than what was approved",
            name(&effect.action)
        ))
    }
}

const fn name(action: &Action) -> &'static str {
    match action {
        Action::EndSessions(_) => "end-sessions",
        Action::DenyUser(_) => "deny-user",
        Action::Block(_) => "block",
        Action::Redirect(_) => "redirect",
        Action::Limit(_) => "limit",
        Action::Scale(_) => "scale",
        Action::RollBack(_) => "roll-back",
        Action::Notify(_) => "notify",
    }
}

/// Sessions of an approved user are within, as far as the store knows them to be that user's.
fn owner(approved: &Owner, asked: &Owner, site: &dyn Site) -> bool {
    match (approved, asked) {
        (Owner::User(approved), Owner::User(asked)) => approved == asked,
        (Owner::Sessions(approved), Owner::Sessions(asked)) => {
            asked.iter().all(|session| approved.contains(session))
        }
        (Owner::User(user), Owner::Sessions(asked)) => asked.iter().all(|session| {
            site.session(session)
                .is_some_and(|known| known.user.as_ref() == Some(user))
        }),
        (Owner::Sessions(_), Owner::User(_)) => false,
    }
}

fn deny(approved: &Deny, asked: &Deny) -> bool {
    approved.user == asked.user && narrower(&approved.url, &asked.url, pattern)
}

/// Every condition that was approved is there, and at least as narrow; and there is at least one.
fn request(approved: &Request, asked: &Request) -> bool {
    let same = |approved: &str, asked: &str| approved == asked;
    let conditions = [
        &asked.app,
        &asked.url,
        &asked.method,
        &asked.user_agent,
        &asked.clients,
    ];
    conditions.iter().any(|condition| condition.is_some())
        && narrower(&approved.app, &asked.app, same)
        && narrower(&approved.url, &asked.url, pattern)
        && narrower(&approved.method, &asked.method, same)
        && narrower(&approved.user_agent, &asked.user_agent, same)
        && narrower(&approved.clients, &asked.clients, network)
}

fn narrower(
    approved: &Option<String>,
    asked: &Option<String>,
    within: impl Fn(&str, &str) -> bool,
) -> bool {
    match (approved, asked) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(approved), Some(asked)) => within(approved, asked),
    }
}

/// Whether every path that `asked` stands for is one that `approved` stands for. A star of `asked` is matched by a star
/// of `approved` only, so the answer may be no where it could be yes, never the reverse.
fn pattern(approved: &str, asked: &str) -> bool {
    let Some((head, rest)) = approved.split_once('*') else {
        return approved == asked;
    };
    let Some(mut open) = asked.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        match open.find(part) {
            Some(at) => open = open.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    open.ends_with(tail)
}

/// Whether a CIDR, or a single address, lies within another.
fn network(approved: &str, asked: &str) -> bool {
    let parse = |text: &str| -> Option<IpNet> {
        let address = || text.parse().ok().map(std::net::IpAddr::into);
        text.parse().ok().or_else(address)
    };
    match (parse(approved), parse(asked)) {
        (Some(approved), Some(asked)) => approved.contains(&asked),
        _ => false,
    }
}

/// A lower limit refuses more, and is wider.
fn rate(approved: &Rate, asked: &Rate) -> bool {
    let gentler_rate = match (approved.per_second, asked.per_second) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(approved), Some(asked)) => asked.is_finite() && asked >= approved,
    };
    let gentler_time = match (approved.max_ms, asked.max_ms) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(approved), Some(asked)) => asked >= approved,
    };
    gentler_rate && gentler_time && request(&approved.of, &asked.of)
}

/// From where it is to what was approved, and not beyond either.
fn scaling(approved: &Scaling, asked: &Scaling, now: Option<u32>) -> bool {
    let now = now.unwrap_or(approved.copies);
    let (least, most) = (now.min(approved.copies), now.max(approved.copies));
    approved.app == asked.app && (least..=most).contains(&asked.copies)
}

#[cfg(test)]
mod tests {
    use super::super::{Detour, Notice};
    use super::*;
    use crate::{FigureScope, SessionFact, UsualFigure};

    struct Known;

    impl Site for Known {
        fn usually(
            &self,
            _: &FigureScope,
            _: &str,
            _: bongsu_sdk_model::Window,
        ) -> Option<UsualFigure> {
            None
        }

        fn session(&self, token: &str) -> Option<SessionFact> {
            (token == "s1").then(|| SessionFact {
                token: token.to_owned(),
                user: Some("u1".to_owned()),
                app: None,
                created_ms: 0,
                last_ms: 0,
                url: None,
            })
        }

        fn sessions_of(&self, _: &str, _: usize) -> Vec<SessionFact> {
            Vec::new()
        }
    }

    #[track_caller]
    fn check_all(approved: &Action, within: &[Action], wider: &[Action]) {
        let proposal = Proposal {
            id: "p".to_owned(),
            action: approved.clone(),
            until_ms: Some(1_000),
            reason: String::new(),
            copies: Some(2),
        };
        let judged = |action: &Action| {
            let effect = Effect {
                action: action.clone(),
                until_ms: Some(1_000),
            };
            check(&proposal, &effect, &Known)
        };
        for action in within.iter().chain([approved]) {
            assert_eq!(judged(action), Ok(()), "{action:?}");
        }
        for action in wider {
            assert!(judged(action).is_err(), "{action:?}");
        }
        for until_ms in [None, Some(1_001)] {
            let longer = Effect {
                action: approved.clone(),
                until_ms,
            };
            assert!(check(&proposal, &longer, &Known).is_err());
        }
    }

    fn url(url: &str) -> Request {
        Request {
            app: None,
            url: Some(url.to_owned()),
            method: None,
            user_agent: None,
            clients: None,
        }
    }

    fn clients(cidr: &str) -> Request {
        Request {
            url: None,
            clients: Some(cidr.to_owned()),
            ..url("")
        }
    }

    #[test]
    fn a_block_may_be_narrower_and_never_wider() {
        let nothing = Request {
            url: None,
            ..url("")
        };
        check_all(
            &Action::Block(url("/admin/*")),
            &[
                Action::Block(url("/admin/users")),
                Action::Block(url("/admin/*/edit")),
                Action::Block(Request {
                    user_agent: Some("mobile".to_owned()),
                    ..url("/admin/*")
                }),
            ],
            &[
                Action::Block(url("/*")),
                Action::Block(url("/admin")),
                Action::Block(url("*")),
                Action::Block(nothing.clone()),
                Action::Block(clients("10.0.0.0/8")),
                Action::DenyUser(Deny {
                    user: "u".to_owned(),
                    url: None,
                }),
            ],
        );
        check_all(
            &Action::Block(clients("10.1.0.0/16")),
            &[
                Action::Block(clients("10.1.2.0/24")),
                Action::Block(clients("10.1.2.3")),
            ],
            &[
                Action::Block(clients("10.0.0.0/8")),
                Action::Block(clients("0.0.0.0/0")),
                Action::Block(clients("everyone")),
                Action::Block(nothing),
            ],
        );
    }

    #[test]
    fn sessions_are_those_approved_or_known_to_be_the_users() {
        let user = |u: &str| Action::EndSessions(Owner::User(u.to_owned()));
        let sessions = |s: &[&str]| {
            Action::EndSessions(Owner::Sessions(s.iter().map(|s| (*s).to_owned()).collect()))
        };
        check_all(
            &user("u1"),
            &[sessions(&["s1"])],
            &[user("u2"), sessions(&["s1", "s2"])],
        );
        check_all(
            &sessions(&["a", "b"]),
            &[sessions(&["b"]), sessions(&[])],
            &[sessions(&["a", "c"]), user("u1")],
        );
    }

    #[test]
    fn limits_redirects_and_scaling_do_not_go_beyond() {
        let limit = |per_second, max_ms| {
            Action::Limit(Rate {
                of: url("/a"),
                per_second,
                max_ms,
            })
        };
        check_all(
            &limit(Some(10.0), None),
            &[limit(Some(20.0), None)],
            &[
                limit(Some(9.0), None),
                limit(Some(f64::NAN), None),
                limit(Some(10.0), Some(5)),
            ],
        );
        let redirect = |to: &str| {
            Action::Redirect(Detour {
                from: url("/a"),
                to: to.to_owned(),
            })
        };
        check_all(&redirect("/wait"), &[], &[redirect("//elsewhere")]);
        let scale = |app: &str, copies| {
            Action::Scale(Scaling {
                app: app.to_owned(),
                copies,
            })
        };
        check_all(
            &scale("shop", 4),
            &[scale("shop", 3), scale("shop", 2)],
            &[scale("shop", 5), scale("shop", 1), scale("bank", 4)],
        );
        let notify = |route: &str| {
            Action::Notify(Notice {
                route: route.to_owned(),
                text: "x".to_owned(),
            })
        };
        check_all(&notify("ops"), &[], &[notify("boss")]);
    }
}
