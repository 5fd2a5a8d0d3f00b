//! Telling subscribers what became of a key, where several commands say it the same way.

use crate::{
    engine::{Class, Db, Fields, Member},
    protocol::Reply,
};

/// Members were taken out: `event`, and that the key is gone if none is left.
pub(super) fn reduced(db: &mut Db<'_>, class: Class, event: &'static str, key: &[u8]) {
    db.notify(class, event, key);
    if !db.has(key) {
        db.notify(Class::Generic, "del", key);
    }
}

/// Deletes a key; whether it was there.
pub(super) fn deleted(db: &mut Db<'_>, key: &[u8]) -> bool {
    let found = db.remove(key).is_some();
    if found {
        db.notify(Class::Generic, "del", key);
    }
    found
}

/// Stores what a command computed in place of whatever `key` held, and answers with its size. Nothing
/// computed means nothing there.
pub(super) fn stored<M: Member>(
    db: &mut Db<'_>,
    class: Class,
    event: &'static str,
    key: &[u8],
    members: Fields<M>,
) -> Reply {
    let count = members.len();
    if count == 0 {
        deleted(db, key);
    } else {
        db.put(key, M::value(members), None);
        db.notify(class, event, key);
    }
    Reply::count(count)
}
