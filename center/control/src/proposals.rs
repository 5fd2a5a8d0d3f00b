//! Proposals on disk; every step through the state machine.

use std::sync::{Mutex, PoisonError};

use bongsu_sdk_model::{AppId, SiteId, Timestamp};
use bongsu_sdk_plan::Action;

use crate::{
    Config, Error, Event, Preview, Proposal, State,
    people::{all, read, write},
    template,
};

/// Most proposals that wait for a decision, of all and of one person.
const PENDING: usize = 1_000;
const PENDING_OF_ONE: usize = 100;
/// Most sites of a proposal.
const SITES: usize = 1_000;

/// What somebody proposes.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What.
    pub action: Action,
    /// At these sites, each of them known.
    pub sites: Vec<SiteId>,
    /// For this application.
    pub app: Option<AppId>,
    /// Who.
    pub by: String,
    /// What for.
    pub reason: String,
    /// What would be touched.
    pub preview: Preview,
}

/// Every proposal there was.
#[derive(Debug)]
pub struct Proposals {
    tree: sled::Tree,
    /// One step at a time.
    turn: Mutex<()>,
}

impl Proposals {
    pub(crate) fn open(db: &sled::Db) -> Result<Self, Error> {
        let tree = db
            .open_tree("proposals")
            .map_err(|error| Error::store("proposals", error))?;
        Ok(Self {
            tree,
            turn: Mutex::default(),
        })
    }

    /// Takes a draft; `before` is called with the proposal before it is kept and may refuse it.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is not allowed, too broad, or too many wait.
    pub fn propose(
        &self,
        draft: Draft,
        config: &Config,
        now: Timestamp,
        before: impl FnOnce(&Proposal) -> Result<(), Error>,
    ) -> Result<Proposal, Error> {
        template::allowed(&draft.action, draft.app.as_ref())?;
        draft.preview.narrow_enough()?;
        if draft.sites.is_empty() || draft.sites.len() > SITES {
            return Err(Error::Refused(format!(
                "not_allowed: a proposal names 1 to {SITES} sites"
            )));
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let there = self.all()?;
        let waiting =
            |proposal: &&Proposal| proposal.state == State::Pending && now < proposal.decide_before;
        let waiting: Vec<_> = there.iter().filter(waiting).collect();
        let own = waiting
            .iter()
            .filter(|proposal| proposal.authors.first() == Some(&draft.by))
            .count();
        if waiting.len() >= PENDING || own >= PENDING_OF_ONE {
            return Err(Error::Refused(format!(
                "too_many: {} proposals wait, hint: decide some",
                waiting.len()
            )));
        }
        let mut proposal = Proposal {
            id: self.next_id(&there),
            revision: 1,
            action: draft.action,
            sites: draft.sites,
            app: draft.app,
            authors: vec![draft.by],
            reason: draft.reason.chars().take(2_000).collect(),
            created: now,
            decide_before: now.plus(config.decide_within),
            preview: draft.preview,
            state: State::Pending,
            decisions: Vec::new(),
            approved: None,
            ends: None,
            orders: Vec::new(),
            effects: Vec::new(),
            deliver_before: None,
            undoes: None,
        };
        if let Action::Undo { action } = &proposal.action {
            let undone = find_undoable(&there, action)?;
            proposal.effects =
                template::undo(&undone.action, undone.app.as_ref(), &undone.order_id());
            proposal.undoes = Some(undone.id.clone());
            proposal.sites.clone_from(&undone.sites);
            proposal.app.clone_from(&undone.app);
        }
        before(&proposal)?;
        self.write(&proposal)?;
        Ok(proposal)
    }

    /// Moves one; `before` is called with what it would become, before that is kept, and may refuse it.
    ///
    /// # Errors
    /// [`Error::Missing`], or [`Error::Refused`] with the reason.
    pub fn step(
        &self,
        id: &str,
        event: Event,
        config: &Config,
        now: Timestamp,
        before: impl FnOnce(&Proposal) -> Result<(), Error>,
    ) -> Result<Proposal, Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut proposal = self.one(id)?;
        let changed = proposal.apply(event, config, now);
        let changed = changed.map_err(|refusal| Error::Refused(refusal.to_string()))?;
        if !changed {
            return Ok(proposal);
        }
        before(&proposal)?;
        self.write(&proposal)?;
        if let (Some(undone), State::Done) = (&proposal.undoes, proposal.state) {
            let mut undone = self.one(undone)?;
            if undone.apply(Event::Undone, config, now).unwrap_or(false) {
                self.write(&undone)?;
            }
        }
        Ok(proposal)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn one(&self, id: &str) -> Result<Proposal, Error> {
        read(&self.tree, id)?.ok_or_else(|| Error::Missing(format!("proposal `{id}`")))
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn all(&self) -> Result<Vec<Proposal>, Error> {
        all(&self.tree)
    }

    /// Ids count up and keep their order as text.
    fn next_id(&self, there: &[Proposal]) -> String {
        let last = there
            .last()
            .and_then(|last| last.id.strip_prefix("p-")?.parse::<u64>().ok());
        format!("p-{:08}", last.unwrap_or(0) + 1)
    }

    fn write(&self, proposal: &Proposal) -> Result<(), Error> {
        write(&self.tree, &proposal.id, proposal)
    }
}

/// The proposal that `action` names (`last`: the latest that stands).
fn find_undoable<'p>(there: &'p [Proposal], action: &str) -> Result<&'p Proposal, Error> {
    let stands = |proposal: &&Proposal| {
        matches!(
            proposal.state,
            State::Approved | State::Done | State::Failed
        ) && proposal.undoes.is_none()
    };
    let mut standing = there.iter().rev().filter(stands);
    let found = standing.find(|proposal| action == "last" || proposal.id == action);
    found.ok_or_else(|| {
        Error::Refused(format!(
            "not_allowed: no action `{action}` stands that could be undone"
        ))
    })
}
