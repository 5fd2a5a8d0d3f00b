//! What happens when a user logs in who already is.

/// The rule of one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Login {
    /// Most sessions of one user at once; none: any number.
    pub limit: Option<usize>,
    /// What happens to one more.
    pub beyond: Beyond,
}

/// What happens to a login over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beyond {
    /// It is refused.
    #[default]
    DenyNew,
    /// The user's oldest session ends for it.
    EndOldest,
}
