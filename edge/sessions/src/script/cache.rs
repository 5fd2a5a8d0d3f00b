//! The texts of scripts by the SHA-1 of each, within a limit.
//!
//! What was only run gives way to what comes, oldest first: clients that put values into their scripts' texts
//! never run the same one again. What was loaded on purpose stays, and when that fills the cache, loading is
//! refused. Nothing here outlives the process, as in Redis.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The SHA-1 of a text, in lower-case hexadecimal digits.
pub(crate) type Sha = [u8; 40];

/// Most scripts.
const MAX_SCRIPTS: usize = 4096;

/// The SHA-1 of a text. Not for security: it is the name clients know a script by.
pub(super) fn sha1(text: &[u8]) -> Sha {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text);
    let mut sha = [0; 40];
    for (byte, pair) in hash.as_ref().iter().zip(sha.as_chunks_mut::<2>().0) {
        *pair = [byte >> 4, byte & 15]
            .map(|digit| DIGITS.get(usize::from(digit)).copied().unwrap_or(b'0'));
    }
    sha
}

/// A name as a client wrote it, in whatever case.
pub(super) fn read_sha(name: &[u8]) -> Option<Sha> {
    let mut sha: Sha = name.try_into().ok()?;
    sha.make_ascii_lowercase();
    Some(sha)
}

/// The texts.
#[derive(Debug)]
pub(super) struct Cache {
    scripts: HashMap<Sha, Kept>,
    /// Those only run, oldest first; some may have been loaded since.
    run: VecDeque<Sha>,
    bytes: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Kept {
    text: Bytes,
    loaded: bool,
}

impl Cache {
    /// Nothing yet; texts of `max_bytes` together at most.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            scripts: HashMap::new(),
            run: VecDeque::new(),
            bytes: 0,
            max_bytes,
        }
    }

    /// The text of a script.
    pub(super) fn get(&self, sha: &Sha) -> Option<Bytes> {
        self.scripts.get(sha).map(|kept| kept.text.clone())
    }

    /// Whether there is room for a text, or it is there.
    pub(super) fn fits(&mut self, sha: &Sha, text: &[u8], gone: &mut Vec<Sha>) -> bool {
        if self.scripts.contains_key(sha) {
            return true;
        }
        while self.scripts.len() >= MAX_SCRIPTS || self.bytes + text.len() > self.max_bytes {
            let Some(oldest) = self.run.pop_front() else {
                return false;
            };
            if self.scripts.get(&oldest).is_some_and(|kept| !kept.loaded)
                && let Some(kept) = self.scripts.remove(&oldest)
            {
                self.bytes -= kept.text.len();
                gone.push(oldest);
            }
        }
        true
    }

    /// Keeps a text for which there is room. The bytes are copied: they are a view of a whole request.
    pub(super) fn keep(&mut self, sha: Sha, text: &[u8], loaded: bool) {
        if let Some(kept) = self.scripts.get_mut(&sha) {
            kept.loaded |= loaded;
            return;
        }
        self.bytes += text.len();
        if !loaded {
            self.run.push_back(sha);
        }
        let text = Bytes::copy_from_slice(text);
        self.scripts.insert(sha, Kept { text, loaded });
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.scripts.clear();
        self.run.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &mut Cache, text: &str, loaded: bool) -> bool {
        let sha = sha1(text.as_bytes());
        let fits = cache.fits(&sha, text.as_bytes(), &mut Vec::new());
        if fits {
            cache.keep(sha, text.as_bytes(), loaded);
        }
        fits
    }

    #[test]
    fn the_oldest_that_was_only_run_gives_way_and_what_was_loaded_stays() {
        let mut cache = Cache::new(10);
        assert!(put(&mut cache, "aaaa", false) && put(&mut cache, "bbbb", false));
        assert!(put(&mut cache, "aaaa", true));
        assert!(put(&mut cache, "cccc", false));
        let has = |cache: &Cache, text: &str| cache.get(&sha1(text.as_bytes())).is_some();
        assert!(has(&cache, "aaaa") && !has(&cache, "bbbb") && has(&cache, "cccc"));
        assert!(put(&mut cache, "dddd", true) && !has(&cache, "cccc"));
        assert!(!put(&mut cache, "eeee", true) && !put(&mut cache, "eeee", false));
        cache.clear();
        assert!(put(&mut cache, "eeee", true) && !has(&cache, "aaaa"));
    }

    #[test]
    fn scripts_go_by_their_sha1() {
        let sha = sha1(b"return 1");
        assert_eq!(&sha, b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
        assert_eq!(
            read_sha(b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"),
            Some(sha)
        );
        assert_eq!(read_sha(b"e0"), None);
    }
}
