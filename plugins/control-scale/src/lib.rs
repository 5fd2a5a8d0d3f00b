//! Changes the number of copies of an application in safe steps.
//!
//! ## Decisions
//!
//! - **Up at once, down slowly.** Too many copies cost money, too few cost the service: a removal is cut to so many copies
//!   at a time, an addition only at the greatest number.

use bongsu_sdk_guest::{
    Settings,
    controller::{Action, Controller, Effect, Proposal, Scaling},
    export_controller,
};

/// The plugin.
pub struct Scale {
    least: u32,
    most: u32,
    most_removed: u32,
}

impl Controller for Scale {
    fn init(settings: &Settings) -> Result<Self, String> {
        let plugin = Self {
            least: settings.integer("least")?,
            most: settings.integer("most")?,
            most_removed: settings.integer("most_removed")?,
        };
        settings.finish()?;
        if plugin.least > plugin.most {
            return Err("`least` is more than `most`".to_owned());
        }
        Ok(plugin)
    }

    fn apply(&mut self, proposal: &Proposal) -> Result<Vec<Effect>, String> {
        let Action::Scale(scaling) = &proposal.action else {
            return Err("this controller only scales".to_owned());
        };
        let now = proposal
            .copies
            .ok_or("how many copies run now is not known")?;
        let copies = self.copies(now, scaling.copies);
        if copies == now {
            return Err(format!(
                "there are {now} copies, and {} to {} are allowed",
                self.least, self.most
            ));
        }
        Ok(vec![Effect {
            action: Action::Scale(Scaling {
                app: scaling.app.clone(),
                copies,
            }),
            until_ms: proposal.until_ms,
        }])
    }
}

impl Scale {
    /// Between what there is and what is wanted, as far as is safe.
    fn copies(&self, now: u32, wanted: u32) -> u32 {
        if wanted >= now {
            wanted.min(self.most).max(now)
        } else {
            wanted
                .max(self.least)
                .max(now.saturating_sub(self.most_removed))
                .min(now)
        }
    }
}

export_controller!(Scale);

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale {
        least: 2,
        most: 10,
        most_removed: 1,
    };

    #[test]
    fn up_at_once_and_down_slowly_within_the_bounds() {
        for (now, wanted, copies) in [
            (3, 8, 8),
            (3, 50, 10),
            (8, 3, 7),
            (2, 0, 2),
            (3, 2, 2),
            (12, 12, 12),
            (12, 20, 12),
            (1, 0, 1),
        ] {
            assert_eq!(SCALE.copies(now, wanted), copies, "{now} to {wanted}");
        }
    }

    #[test]
    fn without_a_change_or_knowledge_it_says_why_not() {
        let mut plugin = SCALE;
        let mut apply = |copies, wanted| {
            plugin.apply(&Proposal {
                id: "1".into(),
                action: Action::Scale(Scaling {
                    app: "minwon".into(),
                    copies: wanted,
                }),
                until_ms: None,
                reason: "surge".into(),
                copies,
            })
        };
        assert!(apply(None, 3).is_err());
        assert!(apply(Some(10), 30).is_err_and(|said| said.contains("10 copies")));
        assert!(apply(Some(3), 5).is_ok());
    }
}
