//! Which rules could fit a request, without looking at the others.
//!
//! Each rule stands in one place, by its narrowest condition. A path walks the tree of literal segments once, so
//! looking up costs the length of the path and the rules found there. How many rules stand in one place is bounded.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;

use crate::{
    Error,
    rule::{Compiled, Seen},
};

/// Most rules found by the same condition.
const TOGETHER: usize = 128;

/// Rules found by the same condition.
type Together = Vec<Arc<Compiled>>;

/// Compiled rules, to be looked up.
#[derive(Debug, Default)]
pub(crate) struct Index {
    sessions: HashMap<Box<str>, Together>,
    users: HashMap<Box<str>, Together>,
    /// By family and length of the network's prefix.
    nets: BTreeMap<(bool, u8), HashMap<IpAddr, Together>>,
    paths: Node,
    count: usize,
}

#[derive(Debug, Default)]
struct Node {
    children: HashMap<Box<str>, Self>,
    rules: Together,
}

impl Index {
    /// Puts every rule in its place.
    pub(crate) fn of<'c>(
        rules: impl IntoIterator<Item = &'c Arc<Compiled>>,
    ) -> Result<Self, Error> {
        let mut index = Self::default();
        for rule in rules {
            index.put(rule)?;
        }
        Ok(index)
    }

    fn put(&mut self, rule: &Arc<Compiled>) -> Result<(), Error> {
        self.count += 1;
        if let Some(session) = &rule.session {
            return push(self.sessions.entry(session.clone()).or_default(), rule);
        }
        if let Some(user) = &rule.rule.user {
            return push(self.users.entry(user.as_str().into()).or_default(), rule);
        }
        if !rule.nets.is_empty() {
            return rule.nets.iter().try_for_each(|net| {
                let place = self.nets.entry((net.addr().is_ipv4(), net.prefix_len()));
                push(place.or_default().entry(net.network()).or_default(), rule)
            });
        }
        let stem = rule.url.as_ref().map_or("", |url| url.stem());
        let mut node = &mut self.paths;
        for segment in stem.split('/').filter(|segment| !segment.is_empty()) {
            node = node.children.entry(segment.into()).or_default();
        }
        push(&mut node.rules, rule)
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Whether a rule asks whose requests are.
    pub(crate) fn asks_for_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// Calls `found` with every rule that fits.
    pub(crate) fn fitting(&self, seen: &Seen<'_>, mut found: impl FnMut(&Arc<Compiled>)) {
        let mut each = |rules: &[Arc<Compiled>]| {
            rules
                .iter()
                .filter(|rule| rule.fits(seen))
                .for_each(&mut found)
        };
        if let Some(rules) = seen.session.and_then(|session| self.sessions.get(session)) {
            each(rules);
        }
        if let Some(rules) = seen.user.and_then(|user| self.users.get(user)) {
            each(rules);
        }
        if let Some(client) = seen.client {
            for ((v4, length), place) in &self.nets {
                let net = (client.is_ipv4() == *v4)
                    .then(|| IpNet::new(client, *length).ok())
                    .flatten();
                if let Some(rules) = net.and_then(|net| place.get(&net.network())) {
                    each(rules);
                }
            }
        }
        let mut node = &self.paths;
        each(&node.rules);
        for segment in seen.path.split('/').filter(|segment| !segment.is_empty()) {
            let Some(child) = node.children.get(segment) else {
                return;
            };
            node = child;
            each(&node.rules);
        }
    }
}

fn push(place: &mut Together, rule: &Arc<Compiled>) -> Result<(), Error> {
    if place.len() >= TOGETHER {
        let what = format!(
            "{TOGETHER} rules are found by the same condition as `{}`",
            rule.id
        );
        return Err(Error::Full(what));
    }
    place.push(Arc::clone(rule));
    Ok(())
}
