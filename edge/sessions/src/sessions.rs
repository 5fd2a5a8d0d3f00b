//! Sessions, not just keys: which application a key belongs to, whose session it is, and what is allowed.
//!
//! Everything here is a pure function or a plain map: no socket, no disk, and time is passed in. The
//! engine asks it at every write of a session key and carries out what it decides, under its own locks.
//!
//! | module | answers |
//! |---|---|
//! | `pattern` | which part of a key is the id |
//! | `application` | which application and role a key has |
//! | `builtin` | how the well-known clients name their keys |
//! | `settings` | what `[sessions.applications.<name>]` says |
//! | `user` | which user a value names |
//! | `prospect` | which sessions a command may give to a user |
//! | `users` | who is logged in where |
//! | `login` | whether one more login may be |
//! | `denies` | who may not log in at all |
//! | `filter`, `lifetime` | which sessions may begin, and how long they may stay |
//! | `visits` | where in the application a session is |
//! | `live` | a page of sessions out of a million |
//! | `registry` | holds users, denies and visits for all shards, behind locks of its own |
//!
//! ## Decisions
//!
//! - **A user is read out of a value only if that is possible without running foreign code**: plain text,
//!   JSON, MessagePack, PHP's own format. Java serialisation and pickle are not: their readers execute what
//!   they read. There, `BONGSU.BIND`, the API or a transaction names the user.
//! - **What cannot be read changes nothing.** A value that is too long, damaged or of a foreign format
//!   leaves a session bound as it was; only a readable value without a user unbinds it.
//! - **Text of a refusal names the application and a count, never a session or a user.** It ends in the logs
//!   of the web application.

mod application;
mod builtin;
mod denies;
mod filter;
mod lifetime;
mod live;
mod login;
mod pattern;
mod prospect;
mod registry;
mod settings;
mod user;
mod users;
mod visits;

pub(crate) use self::{
    application::{AppNumber, Role},
    denies::{denied as user_denied, key as deny_key},
    live::{Candidate, Search},
    login::{Decision, denied as login_denied},
    prospect::{Command, Prospect},
    registry::{BINDINGS, DENIES, Registry},
    user::{Found, indexed_forms, is_user},
    users::{Binding, SessionKey},
};
pub use self::{
    application::{Application, Applications},
    denies::Deny,
    filter::Filter as CreationFilter,
    lifetime::{Lifetime, Renewal},
    live::{Cursor, CursorError, Filter, LONGEST_PAGE, Page, Query, Row, Sort},
    login::{Beyond, Login},
    pattern::{Pattern, PatternError},
    user::{UserSource, UserSourceError},
    users::BindingSource,
    visits::Visit,
};
