//! Blocks client addresses for a time.
//!
//! ## Decisions
//!
//! - **Wide networks and the site's own are refused**, even where people approved them: a typing error in the bits would
//!   shut out a province, and a block of the proxy everybody.
//! - **It always ends by itself**: addresses change hands.

mod network;

use bongsu_sdk_guest::{
    Settings,
    controller::{Action, Controller, Effect, Proposal},
    export_controller, host,
};

use network::Network;

/// The plugin.
pub struct BlockClients {
    most_ms: i64,
    least_bits: (u8, u8),
    never: Vec<Network>,
}

impl Controller for BlockClients {
    fn init(settings: &Settings) -> Result<Self, String> {
        let never = settings.texts("never")?.iter().map(|text| {
            Network::parse(text).ok_or_else(|| {
                format!("`never` has `{text}`; hint: write networks like 10.0.0.0/8")
            })
        });
        let plugin = Self {
            most_ms: settings.integer::<i64>("most_minutes")? * 60_000,
            least_bits: (
                settings.integer("least_bits_v4")?,
                settings.integer("least_bits_v6")?,
            ),
            never: never.collect::<Result<_, _>>()?,
        };
        settings.finish()?;
        Ok(plugin)
    }

    fn apply(&mut self, proposal: &Proposal) -> Result<Vec<Effect>, String> {
        let Action::Block(request) = &proposal.action else {
            return Err("this controller only blocks".to_owned());
        };
        let clients = request
            .clients
            .as_deref()
            .ok_or("no clients are named; hint: URLs are blocked by `control-block-url`")?;
        let network = Network::parse(clients)
            .ok_or_else(|| format!("`{clients}` is no address or network"))?;
        let least = if network.is_v4() {
            self.least_bits.0
        } else {
            self.least_bits.1
        };
        if network.bits() < least {
            return Err(format!("`{clients}` is wider than /{least}"));
        }
        if let Some(never) = self.never.iter().find(|never| never.meets(&network)) {
            return Err(format!("`{clients}` is in {never}, which is never blocked"));
        }
        let latest = host::now_ms().saturating_add(self.most_ms);
        Ok(vec![Effect {
            action: proposal.action.clone(),
            until_ms: Some(proposal.until_ms.map_or(latest, |until| until.min(latest))),
        }])
    }
}

export_controller!(BlockClients);

#[cfg(test)]
mod tests {
    use bongsu_sdk_guest::controller::Request;

    use super::*;

    fn block(clients: &str) -> Result<Vec<Effect>, String> {
        let never = ["10.0.0.0/8", "127.0.0.0/8"];
        let mut plugin = BlockClients {
            most_ms: 60_000,
            least_bits: (24, 56),
            never: never.iter().filter_map(|n| Network::parse(n)).collect(),
        };
        plugin.apply(&Proposal {
            id: "1".into(),
            action: Action::Block(Request {
                app: None,
                url: None,
                method: None,
                user_agent: None,
                clients: Some(clients.into()),
            }),
            until_ms: Some(7),
            reason: "scan".into(),
            copies: None,
        })
    }

    #[test]
    fn addresses_and_small_networks_are_blocked() {
        for clients in ["203.0.113.7", "203.0.113.0/24", "2001:db8::/56"] {
            assert_eq!(
                block(clients).map(|e| e[0].until_ms),
                Ok(Some(7)),
                "{clients}"
            );
        }
    }

    #[test]
    fn wide_networks_the_sites_own_and_nonsense_are_refused() {
        for (clients, says) in [
            ("203.0.0.0/16", "wider than /24"),
            ("0.0.0.0/0", "wider than"),
            ("2001:db8::/32", "wider than /56"),
            ("10.3.4.5", "never blocked"),
            ("::ffff:127.0.0.1", "never blocked"),
            ("everybody", "no address"),
            ("203.0.113.0/33", "no address"),
        ] {
            let said = block(clients).unwrap_err();
            assert!(said.contains(says), "{clients}: {said}");
        }
    }
}
