//! What a key can hold. Values know their own weight, so that the memory limit never has to walk them, and
//! how their members stand on disk; they know nothing of expiry or of commands.

mod sorted;

use std::{borrow::Borrow, fmt::Debug, hash::Hash, sync::Arc};

use bytes::Bytes;
use indexmap::{IndexMap, map::Slice};

pub(crate) use self::sorted::Score;

/// A key, shared by the keyspace, the expiry queue and the list of changes.
pub(crate) type Key = Arc<[u8]>;

/// [`Member::OVERHEAD`] where there is no order.
const UNORDERED: usize = 64;

/// The types a key can be of; the numbers stand in the log and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bytes.
    String = 0,
    /// Fields with values.
    Hash = 1,
    /// Members.
    Set = 2,
    /// Members with scores, in their order.
    SortedSet = 3,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 4] = [Self::String, Self::Hash, Self::Set, Self::SortedSet];

    /// The name `TYPE` answers with.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Hash => "hash",
            Self::Set => "set",
            Self::SortedSet => "zset",
        }
    }
}

/// What a key holds. What has members is never without any in the keyspace.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Bytes.
    String(Bytes),
    /// Fields with values.
    Hash(Box<Fields<Bytes>>),
    /// Members.
    Set(Box<Fields<()>>),
    /// Members with scores.
    SortedSet(Box<Fields<Score>>),
}

impl Value {
    /// Its type.
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::String(_) => Kind::String,
            Self::Hash(_) => Kind::Hash,
            Self::Set(_) => Kind::Set,
            Self::SortedSet(_) => Kind::SortedSet,
        }
    }

    /// Bytes it holds, members' bookkeeping included.
    pub(crate) const fn weight(&self) -> usize {
        match self {
            Self::String(value) => value.len(),
            Self::Hash(fields) => fields.weight,
            Self::Set(fields) => fields.weight,
            Self::SortedSet(fields) => fields.weight,
        }
    }

    /// Whether it lacks the members its kind has, which must not stay in the keyspace.
    pub(crate) fn is_hollow(&self) -> bool {
        match self {
            Self::String(_) => false,
            Self::Hash(fields) => fields.is_empty(),
            Self::Set(fields) => fields.is_empty(),
            Self::SortedSet(fields) => fields.is_empty(),
        }
    }

    /// The names of its members; none for a string.
    pub(crate) fn members(&self) -> Box<dyn Iterator<Item = &[u8]> + '_> {
        match self {
            Self::String(_) => Box::new(std::iter::empty()),
            Self::Hash(fields) => Box::new(fields.iter().map(|(name, _)| name)),
            Self::Set(fields) => Box::new(fields.iter().map(|(name, ())| name)),
            Self::SortedSet(fields) => Box::new(fields.iter().map(|(name, _)| name)),
        }
    }

    /// What the log keeps beside the name of a member, if it is one.
    pub(crate) fn member(&self, name: &[u8]) -> Option<&[u8]> {
        match self {
            Self::String(_) => None,
            Self::Hash(fields) => fields.get(name).map(Member::encoded),
            Self::Set(fields) => fields.get(name).map(Member::encoded),
            Self::SortedSet(fields) => fields.get(name).map(Member::encoded),
        }
    }
}

/// What stands beside the name of a member: in a hash its value, in a sorted set its score, in a set nothing.
pub(crate) trait Member: Sized + Clone + Debug {
    /// How a name is held: shared if an order holds it too.
    type Name: Borrow<[u8]> + for<'a> From<&'a [u8]> + Hash + Eq + Clone + Debug;
    /// Keeps the members in an order, if they have one.
    type Order: Default + Clone + Debug;
    /// Bytes of bookkeeping per member: hash, pointers and allocator rounding.
    const OVERHEAD: usize;
    /// Its bytes in the log.
    fn encoded(&self) -> &[u8];
    /// The members inside a value of the matching kind.
    fn fields(value: &Value) -> Option<&Fields<Self>>;
    /// The same, to change.
    fn fields_mut(value: &mut Value) -> Option<&mut Fields<Self>>;
    /// A value of the matching kind.
    fn value(fields: Fields<Self>) -> Value;
    /// Tells the order what stood beside `name` before and what stands there now.
    fn reorder(
        _order: &mut Self::Order,
        _name: &Self::Name,
        _before: Option<&Self>,
        _after: Option<&Self>,
    ) {
    }
}

impl Member for Bytes {
    type Name = Box<[u8]>;
    type Order = ();
    const OVERHEAD: usize = UNORDERED;

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
    type Name = Box<[u8]>;
    type Order = ();
    const OVERHEAD: usize = UNORDERED;

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

/// The members of a hash, set or sorted set. Their positions are in no promised order, but only the last
/// member ever changes its own, into a hole: a cursor over positions counted downwards misses none that stays.
#[derive(Debug, Clone)]
pub(crate) struct Fields<M: Member> {
    members: IndexMap<M::Name, M>,
    order: M::Order,
    weight: usize,
}

impl<M: Member> Default for Fields<M> {
    fn default() -> Self {
        Self {
            members: IndexMap::new(),
            order: M::Order::default(),
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
        self.slice(usize::MAX, 0)
    }

    /// The members at some positions; `from` is exclusive and counted down to `to`.
    pub(crate) fn slice(&self, from: usize, to: usize) -> impl Iterator<Item = (&[u8], &M)> {
        let members = self.members.get_range(to..from.min(self.len()));
        members
            .into_iter()
            .flat_map(Slice::iter)
            .map(|(name, member)| (name.borrow(), member))
    }

    /// The member at a position.
    pub(crate) fn at(&self, position: usize) -> Option<(&[u8], &M)> {
        let (name, member) = self.members.get_index(position)?;
        Some((name.borrow(), member))
    }

    /// Adds or replaces; whether it is new.
    pub(crate) fn insert(&mut self, name: &[u8], member: M) -> bool {
        self.weight += member.encoded().len();
        if let Some((_, name, present)) = self.members.get_full_mut(name) {
            self.weight -= present.encoded().len();
            M::reorder(&mut self.order, name, Some(present), Some(&member));
            *present = member;
            return false;
        }
        self.weight += name.len() + M::OVERHEAD;
        let name = M::Name::from(name);
        M::reorder(&mut self.order, &name, None, Some(&member));
        self.members.insert(name, member);
        true
    }

    /// Removes; whether it was there.
    pub(crate) fn remove(&mut self, name: &[u8]) -> bool {
        let Some((name, member)) = self.members.swap_remove_entry(name) else {
            return false;
        };
        M::reorder(&mut self.order, &name, Some(&member), None);
        self.weight -= member.encoded().len() + name.borrow().len() + M::OVERHEAD;
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
        assert_eq!(fields.weight, 2 * UNORDERED + 2 + 6);
        assert!(fields.remove(b"a") && fields.remove(b"b") && !fields.remove(b"b"));
        assert_eq!(fields.weight, 0);
    }
}
