//! The key-value state of a plugin: bounded, kept over instances, versions and restarts, and unchanged by a call
//! that fails.
//!
//! Whoever owns the process writes [`PluginState::encode`] to disk now and then, and reads it at start. The format is a magic
//! word and length-prefixed keys and values; it is the plugin's own bytes, so there is nothing else to version.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const MAGIC: &[u8; 8] = b"bongsuS1";

/// A plugin's state; clones share it.
#[derive(Debug, Clone, Default)]
pub struct PluginState(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<String, Vec<u8>>,
    bytes: usize,
    /// Rises with every kept change.
    revision: u64,
    /// What the call in progress replaced, in order; `None` where there was nothing.
    undo: Vec<(String, Option<Vec<u8>>)>,
}

/// State that is not what was once written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no plugin state; hint: remove the file, the plugin starts with an empty state")]
pub struct StateError;

impl PluginState {
    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// [`StateError`] if the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(StateError)?;
        let mut inner = Inner::default();
        while !rest.is_empty() {
            let key = String::from_utf8(take(&mut rest)?.to_vec()).map_err(|_| StateError)?;
            let value = take(&mut rest)?.to_vec();
            inner.put(key, Some(value));
        }
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    /// All of it as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let inner = self.lock();
        let mut bytes = MAGIC.to_vec();
        let mut push = |part: &[u8]| {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(part);
        };
        for (key, value) in &inner.entries {
            push(key.as_bytes());
            push(value);
        }
        bytes
    }

    /// A copy of its own, less what a call in progress has changed.
    pub(crate) fn fork(&self) -> Self {
        let inner = self.lock();
        let mut copy = Inner {
            entries: inner.entries.clone(),
            bytes: inner.bytes,
            revision: 0,
            undo: Vec::new(),
        };
        for (key, old) in inner.undo.iter().rev() {
            copy.put(key.clone(), old.clone());
        }
        Self(Arc::new(Mutex::new(copy)))
    }

    /// Rises with every change that was kept: tells whether there is something new to write.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Bytes of keys and values.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    pub(crate) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.lock().entries.get(key).cloned()
    }

    /// False if it would grow beyond `limit`.
    pub(crate) fn set(&self, key: &str, value: &[u8], limit: usize) -> bool {
        let mut inner = self.lock();
        let freed = inner
            .entries
            .get(key)
            .map_or(0, |old| key.len() + old.len());
        if inner.bytes - freed + key.len() + value.len() > limit {
            return false;
        }
        let old = inner.put(key.to_owned(), Some(value.to_vec()));
        inner.undo.push((key.to_owned(), old));
        true
    }

    pub(crate) fn remove(&self, key: &str) {
        let mut inner = self.lock();
        if let Some(old) = inner.put(key.to_owned(), None) {
            inner.undo.push((key.to_owned(), Some(old)));
        }
    }

    pub(crate) fn keys(&self, prefix: &str, limit: usize) -> Vec<String> {
        let inner = self.lock();
        let from = inner.entries.range(prefix.to_owned()..);
        from.map(|(key, _)| key)
            .take_while(|key| key.starts_with(prefix))
            .take(limit)
            .cloned()
            .collect()
    }

    /// Keeps what the call changed.
    pub(crate) fn keep(&self) {
        let mut inner = self.lock();
        if !inner.undo.is_empty() {
            inner.undo.clear();
            inner.revision += 1;
        }
    }

    /// Forgets what the call changed.
    pub(crate) fn undo(&self) {
        let mut inner = self.lock();
        while let Some((key, old)) = inner.undo.pop() {
            inner.put(key, old);
        }
    }

    /// A panic while it was held can't leave it half changed: every change is one insertion.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Puts or removes an entry; gives what was there.
    fn put(&mut self, key: String, value: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let length = key.len();
        let new = value.as_ref().map_or(0, |value| length + value.len());
        let old = match value {
            Some(value) => self.entries.insert(key, value),
            None => self.entries.remove(&key),
        };
        let freed = old.as_ref().map_or(0, |old| length + old.len());
        self.bytes = self.bytes + new - freed;
        old
    }
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], StateError> {
    let (length, after) = rest.split_first_chunk::<4>().ok_or(StateError)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| StateError)?;
    let (part, after) = after.split_at_checked(length).ok_or(StateError)?;
    *rest = after;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failed_call_wrote_is_undone() {
        let state = PluginState::default();
        assert!(state.set("a", b"1", 100) && state.set("b", b"2", 100));
        state.keep();
        state.set("a", b"9", 100);
        state.set("a", b"10", 100);
        state.remove("b");
        state.set("c", b"3", 100);
        state.undo();
        assert_eq!(state.get("a"), Some(b"1".to_vec()));
        assert_eq!(state.get("b"), Some(b"2".to_vec()));
        assert_eq!(state.keys("", 9), ["a", "b"]);
        assert_eq!((state.bytes(), state.revision()), (4, 1));
    }

    #[test]
    fn it_never_grows_beyond_its_limit() {
        let state = PluginState::default();
        assert!(state.set("k", &[0; 9], 10));
        assert!(!state.set("l", &[], 10), "the key counts");
        assert!(!state.set("k", &[0; 10], 10));
        assert!(state.set("k", &[1; 9], 10), "replacing frees first");
        assert_eq!(state.bytes(), 10);
    }

    #[test]
    fn it_is_written_and_read_and_damage_is_noticed() {
        let state = PluginState::default();
        state.set("봉수", b"\0\xff", 100);
        state.set("x", b"", 100);
        let bytes = state.encode();
        let read = PluginState::decode(&bytes).unwrap();
        assert_eq!(read.encode(), bytes);
        assert_eq!(read.bytes(), state.bytes());
        for cut in [0, 7, 10, bytes.len() - 1] {
            assert!(PluginState::decode(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn keys_are_listed_by_prefix() {
        let state = PluginState::default();
        for key in ["b1", "a2", "a1", "a3"] {
            state.set(key, b"", 100);
        }
        assert_eq!(state.keys("a", 2), ["a1", "a2"]);
        assert_eq!(state.keys("z", 2), Vec::<String>::new());
    }
}
