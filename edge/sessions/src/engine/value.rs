//! What a key can hold. Values know their own weight, so that the memory limit never has to walk them, and
//! how their members stand on disk; they know nothing of expiry or of commands.

use std::sync::Arc;

use bytes::Bytes;
use indexmap::IndexMap;

/// A key, shared by the keyspace, the expiry queue and the list of changes.
pub(crate) type Key = Arc<[u8]>;

/// Bytes of bookkeeping per member of a hash or set: hash, two pointers and allocator rounding.
const MEMBER_OVERHEAD: usize = 64;

/// The types a key can be of; the numbers stand in the log and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bytes.
    String = 0,
    /// Fields with values.
    Hash = 1,
    /// Members.
    Set = 2,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 3] = [Self::String, Self::Hash, Self::Set];

    /// The name `TYPE` answers with.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Hash => "hash",
            Self::Set => "set",
        }
    }
}

/// What a key holds. A hash or set in the keyspace is never empty.
#[derive(Debug)]
pub(crate) enum Value {
    /// Bytes.
    String(Bytes),
    /// Fields with values.
    Hash(Box<Fields<Bytes>>),
    /// Members.
    Set(Box<Fields<()>>),
}

impl Value {
    /// Its type.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::String(_) => Kind::String,
            Self::Hash(_) => Kind::Hash,
            Self::Set(_) => Kind::Set,
        }
    }

    /// Bytes it holds, members' bookkeeping included.
    pub(crate) const fn weight(&self) -> usize {
        match self {
            Self::String(value) => value.len(),
            Self::Hash(fields) => fields.weight,
            Self::Set(fields) => fields.weight,
        }
    }

    /// Whether it is a hash or set without members, which must not stay in the keyspace.
    pub(crate) fn is_hollow(&self) -> bool {
        match self {
            Self::String(_) => false,
            Self::Hash(fields) => fields.is_empty(),
            Self::Set(fields) => fields.is_empty(),
        }
    }

    /// The names of its members; none for a string.
    pub(crate) fn members(&self) -> Box<dyn Iterator<Item = &[u8]> + '_> {
        match self {
            Self::String(_) => Box::new(std::iter::empty()),
            Self::Hash(fields) => Box::new(fields.iter().map(|(name, _)| name)),
            Self::Set(fields) => Box::new(fields.iter().map(|(name, ())| name)),
        }
    }

    /// What the log keeps beside the name of a member, if it is one.
    pub(crate) fn member(&self, name: &[u8]) -> Option<&[u8]> {
        match self {
            Self::String(_) => None,
            Self::Hash(fields) => fields.get(name).map(Member::encoded),
            Self::Set(fields) => fields.get(name).map(Member::encoded),
        }
    }
}

/// What stands beside the name of a member of a hash (its value) or of a set (nothing).
pub(crate) trait Member: Sized {
    /// Its bytes in the log.
    fn encoded(&self) -> &[u8];
    /// The members inside a value of the matching kind.
    fn fields(value: &Value) -> Option<&Fields<Self>>;
    /// The same, to change.
    fn fields_mut(value: &mut Value) -> Option<&mut Fields<Self>>;
    /// A value of the matching kind.
    fn value(fields: Fields<Self>) -> Value;
}

impl Member for Bytes {
    fn encoded(&self) -> &[u8] {
        self
    }
    fn fields(value: &Value) -> Option<&Fields<Self>> {
        if let Value::Hash(fields) = value {
            Some(fields)
        } else {
            None
        }
    }
    fn fields_mut(value: &mut Value) -> Option<&mut Fields<Self>> {
        if let Value::Hash(fields) = value {
            Some(fields)
        } else {
            None
        }
    }
    fn value(fields: Fields<Self>) -> Value {
        Value::Hash(Box::new(fields))
    }
}

impl Member for () {
    fn encoded(&self) -> &[u8] {
        &[]
    }
    fn fields(value: &Value) -> Option<&Fields<Self>> {
        if let Value::Set(fields) = value {
            Some(fields)
        } else {
            None
        }
    }
    fn fields_mut(value: &mut Value) -> Option<&mut Fields<Self>> {
        if let Value::Set(fields) = value {
            Some(fields)
        } else {
            None
        }
    }
    fn value(fields: Fields<Self>) -> Value {
        Value::Set(Box::new(fields))
    }
}

/// The members of a hash or set, in no promised order.
#[derive(Debug)]
pub(crate) struct Fields<M> {
    members: IndexMap<Box<[u8]>, M>,
    weight: usize,
}

impl<M> Default for Fields<M> {
    fn default() -> Self {
        Self {
            members: IndexMap::new(),
            weight: 0,
        }
    }
}

impl<M: Member> Fields<M> {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What stands beside `name`.
    pub(crate) fn get(&self, name: &[u8]) -> Option<&M> {
        self.members.get(name)
    }

    /// Every member.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &M)> {
        self.members.iter().map(|(name, member)| (&**name, member))
    }

    /// Adds or replaces; whether it is new.
    pub(crate) fn insert(&mut self, name: &[u8], member: M) -> bool {
        self.weight += member.encoded().len();
        match self.members.get_mut(name) {
            Some(present) => {
                self.weight -= present.encoded().len();
                *present = member;
                false
            }
            None => {
                self.weight += name.len() + MEMBER_OVERHEAD;
                self.members.insert(name.into(), member);
                true
            }
        }
    }

    /// Removes; whether it was there.
    pub(crate) fn remove(&mut self, name: &[u8]) -> bool {
        let Some(member) = self.members.swap_remove(name) else {
            return false;
        };
        self.weight -= member.encoded().len() + name.len() + MEMBER_OVERHEAD;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_of_members_returns_to_zero() {
        let mut fields = Fields::<Bytes>::default();
        assert!(fields.insert(b"a", Bytes::from_static(b"one")));
        assert!(!fields.insert(b"a", Bytes::from_static(b"longer")));
        assert!(fields.insert(b"b", Bytes::new()));
        assert_eq!(fields.weight, 2 * MEMBER_OVERHEAD + 2 + 6);
        assert!(fields.remove(b"a") && fields.remove(b"b") && !fields.remove(b"b"));
        assert_eq!(fields.weight, 0);
    }
}
