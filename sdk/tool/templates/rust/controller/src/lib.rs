//! Blocks URLs for at most so long.

use bongsu_sdk_guest::{
    Settings,
    controller::{Action, Controller, Effect, Proposal},
    export_controller, host,
};

struct Block {
    most_ms: i64,
}

impl Controller for Block {
    fn init(settings: &Settings) -> Result<Self, String> {
        let most_ms = settings.integer::<i64>("most_minutes")? * 60_000;
        settings.finish()?;
        Ok(Self { most_ms })
    }

    fn apply(&mut self, proposal: &Proposal) -> Result<Vec<Effect>, String> {
        if !matches!(proposal.action, Action::Block(_)) {
            return Err("this controller only blocks".to_owned());
        }
        let latest = host::now_ms() + self.most_ms;
        Ok(vec![Effect {
            action: proposal.action.clone(),
            until_ms: Some(proposal.until_ms.map_or(latest, |until| until.min(latest))),
        }])
    }
}

export_controller!(Block);
