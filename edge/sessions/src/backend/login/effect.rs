//! What follows from a login, and making it so: sessions that end, bindings that are stored beside theirs.

use bytes::Bytes;
use redis::Value;

use super::super::{
    Backend,
    delivery::{Fault, Parcel},
    look::{BINDING_LIFE, delete, on_key},
    names,
    track::Look,
};
use crate::{
    protocol::Protocol,
    sessions::{Binding, SessionKey, indexed_forms},
};

/// What follows from a login.
#[derive(Debug)]
pub(in crate::backend) enum Effect {
    Bind(SessionKey, Binding),
    Unbind(SessionKey),
    End(SessionKey),
}

impl Effect {
    /// Whether it ends a session.
    pub(super) fn ends(&self, session: &SessionKey) -> bool {
        matches!(self, Self::End(ended) if ended == session)
    }
}

/// The sessions that are to be bound to a user.
pub(super) fn bound_to<'e>(
    effects: &'e [Effect],
    user: &'e str,
) -> impl Iterator<Item = SessionKey> + 'e {
    effects.iter().filter_map(move |effect| match effect {
        Effect::Bind(session, binding) if &*binding.user == user => Some(session.clone()),
        _ => None,
    })
}

impl Backend {
    /// The binding of a session, to be stored beside it.
    pub(super) fn stored(&self, session: &SessionKey, binding: &Binding) -> Parcel {
        let applications = &self.registry.applications;
        let name = applications
            .get(binding.application)
            .map(|found| &*found.name);
        let value = Bytes::from(binding.encode(name.unwrap_or_default()));
        let key = names::binding(&session.key);
        let ms = Bytes::from(BINDING_LIFE.as_millis().to_string());
        let (set, px) = (Bytes::from_static(b"SET"), Bytes::from_static(b"PX"));
        on_key(false, &key, [set, key.clone(), value, px, ms])
    }

    /// Makes an effect so.
    pub(in crate::backend) async fn carry_out(&self, effect: Effect) -> Result<(), Fault> {
        match effect {
            Effect::End(session) => self.end(&session).await.map(drop),
            Effect::Unbind(session) => {
                self.registry.users().unbind(session.db, &session.key);
                self.done(&session, delete(&names::binding(&session.key)))
                    .await
            }
            Effect::Bind(session, binding) => {
                if !self.track().lives(&session, self.now()) {
                    return Ok(());
                }
                let stored = self.stored(&session, &binding);
                self.note_bound(&session, Some(binding));
                self.done(&session, stored).await
            }
        }
    }

    async fn done(&self, session: &SessionKey, parcel: Parcel) -> Result<(), Fault> {
        let told = self
            .delivery
            .deliver(Protocol::Resp2, session.db, &[parcel])
            .await;
        told.into_iter().try_for_each(|told| told.map(drop))
    }

    /// Ends a session: its key, what goes with it, and its place in the application's index. Whether it was
    /// there.
    pub(in crate::backend) async fn end(&self, session: &SessionKey) -> Result<bool, Fault> {
        let applications = &self.registry.applications;
        let mut parcels = vec![delete(&session.key), delete(&names::binding(&session.key))];
        let known = applications.session(session.db, &session.key);
        if let Some((number, id)) = known
            && let Some(application) = applications.get(number)
        {
            parcels.extend(application.companion_keys(id).iter().map(|key| delete(key)));
            let users = self.registry.users();
            let binding = users.binding(session.db, &session.key);
            let index = binding.and_then(|binding| application.index_key(&binding.user));
            if let Some(index) = index {
                let (srem, index) = (Bytes::from_static(b"SREM"), Bytes::from(index));
                let forms = indexed_forms(id).map(Bytes::from);
                parcels.push(on_key(
                    false,
                    &index,
                    [srem, index.clone()].into_iter().chain(forms),
                ));
            }
        }
        let told = self
            .delivery
            .deliver(Protocol::Resp2, session.db, &parcels)
            .await;
        let mut was_there = false;
        for (at, told) in told.into_iter().enumerate() {
            let value = told.inspect_err(|_| self.suspect(session, self.now()))?;
            was_there |= at == 0 && value == Value::Int(1);
        }
        let now = self.now();
        if was_there {
            self.registry.note_ended(session.clone(), now);
        }
        let look = Look {
            there: None,
            bytes: None,
        };
        self.observe(session, look, now);
        Ok(was_there)
    }
}
