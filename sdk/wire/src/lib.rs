//! The protocol between an edge and the center, without sockets, clocks or threads.
//!
//! Bytes come in ([`Decoder`]), frames come out ([`Up`], [`Down`]); two state machines, [`Sender`] and
//! [`Receiver`], say what to do with them. `edge/ship` and `center/receive` drive them over QUIC; the tests
//! drive them over a list of bytes that loses, repeats and stops.
//!
//! ## A connection
//!
//! ```text
//! edge                                         center
//!  │ Hello{versions, site, epoch, oldest, clock}  │  one bidirectional stream
//!  ├─────────────────────────────────────────────►│  position of (site, epoch) is looked up
//!  │       Welcome{version, acked_through, clock} │
//!  │◄─────────────────────────────────────────────┤
//!  │ Batch{acked_through + 1}, Batch{+ 2}, …      │  a wide window, nothing waits for an answer
//!  ├─────────────────────────────────────────────►│  many batches and the ledger: one transaction
//!  │                                 Ack{through} │  only after it is durable
//!  │◄─────────────────────────────────────────────┤
//!  │ Pulse{…}                                     │  each on a stream of its own; newest wins,
//!  ├─────────────────────────────────────────────►│  never acknowledged, lost without harm
//! ```
//!
//! **The ledger rule.** Sequences of one `(site, epoch)` start at 1 and are contiguous. With `p` the
//! center's position: `sequence <= p` was applied before and is only acknowledged again; `p + 1` is
//! applied; anything beyond is refused as a gap. A gap is accepted in one place, at the handshake, when
//! the Hello's `oldest` says the edge no longer holds what the center misses (the center was restored from
//! an older copy, or the spool overflowed); it is then reported as a [`Lost`] interval, never passed over.
//!
//! ## Frames, byte by byte
//!
//! A frame is a length and a body: 4 bytes, unsigned, big endian, the number of bytes of the body, then the
//! body in [postcard](https://postcard.jamesmunns.com/wire-format): unsigned integers are LEB128 varints,
//! signed ones are zigzagged first, text and bytes are a varint length and their bytes, an option is `00` or
//! `01` and the value, a list is a varint count and its items, an enum is a varint number and its fields.
//! Bytes after the last field, an empty body and a body over the limit are errors.
//!
//! | body | fields in order |
//! |---|---|
//! | up `00` Hello | versions oldest `u16`, newest `u16`; site text; epoch `u64`; oldest `u64`; clock `i64` ms |
//! | up `01` Batch | sequence `u64`; payload bytes |
//! | up `02` Pulse | window from `i64` ms, to `i64` ms; list of blocks (bytes); sessions option of 6 × `u64`; health text |
//! | up `03` Lane (since 2) | class enum; oldest `u64` |
//! | down `00` Welcome | version `u16`; acked through `u64`; clock `i64` ms |
//! | down `01` Ack | through `u64` |
//! | down `02` Refused | code enum; text |
//!
//! On a stream that the center opened (since version 2):
//!
//! | body | fields in order |
//! |---|---|
//! | call `00` Ask | kind text; body bytes; within `u32` ms; max bytes `u32` |
//! | call `01` Order | id 32 bytes; kind text; key text; bytes `u64`; expires in `u64` ms |
//! | call `02` Body | piece bytes |
//! | call `03` Renew | – |
//! | call `04` Certificate | PEM text |
//! | reply `00` Part | bytes |
//! | reply `01` End | how enum; text |
//! | reply `02` Want | from `u64` |
//! | reply `03` Report | outcome enum: `00` applied, note text; `01` failed, reason text; `02` expired |
//! | reply `04` Key | point bytes; proof bytes |
//! | reply `05` Kept | – |
//!
//! On a connection with the ALPN [`JOIN_ALPN`], one frame each way:
//!
//! | body | fields in order |
//! |---|---|
//! | join | token 8 bytes; secret 24 bytes; site text; point bytes; proof bytes |
//! | joined `00` Welcome | certificate text; authority text |
//! | joined `01` Refused | text |
//!
//! | payload | fields in order |
//! |---|---|
//! | `00` RollUps | one encoded block of roll-ups, bytes, opaque here |
//! | `01` Findings | list of findings |
//!
//! **What a new version is.** A frame is added at the end of its enum, or a table above gets a row; no field of
//! an old frame moves. [`Versions::SPOKEN`] gets a new `newest`, the center agrees on the highest that both know and
//! says it in Welcome, and whoever has the newer frames does not send them on a connection of the older version:
//! version 2 added the downlink and the lanes this way, and a center of version 2 asks an edge of version 1 nothing.
//!
//! The layouts of Hello and Refused are the same in every version, so that two programs that share no
//! version can still say so. `tests/golden.rs` holds every frame in hexadecimal.
//!
//! ## Decisions
//!
//! - **State machines without I/O.** Every loss, restart and restore is a test that runs in microseconds.
//!   Rejected: testing through real sockets alone, which cannot stop at a chosen byte.
//! - **One contiguous sequence per `(site, epoch)`**, so that the ledger is one number per edge. Rejected: a
//!   set of applied ids, which grows with every outage, and classes in one
//!   sequence, of which an urgent one waits behind a backlog. A [`Class`] of its own is a further epoch
//!   ([`Class::epoch`]) on a further stream ([`Lane`]): ledger and frames of batches stay what they are. Both
//!   machines speak lanes; no spool keeps any yet, so that today everything goes the way of [`Class::Minutes`].
//! - **A batch's payload is encoded once, when it is spooled, and stays opaque bytes until it is applied.**
//!   The price is a second decoding step at the center, off the network threads.
//! - **A spool that coarsens keeps its numbering**: the merged roll-up takes the place of the last of the
//!   sequences it replaces, the others become empty [`Payload::Findings`]. It may only touch what was never
//!   sent: what was sent may have been applied although no acknowledgement came back. Rejected: holes,
//!   which the receiver could not tell from loss.

#![forbid(unsafe_code)]

mod class;
mod codec;
mod downlink;
mod enrol;
mod frame;
mod payload;
mod receiver;
mod sender;

pub use class::Class;
pub use codec::{Decoder, Frame, FrameError, MAX_FRAME_BYTES, encode};
pub use downlink::{
    Answer, Ask, Attempt, Call, Dispatch, End, Ending, Gathering, Handed, Handing, Intake,
    MAX_KEY_BYTES, MAX_NOTE_BYTES, MAX_ORDER_BYTES, MAX_PIECE_BYTES, MAX_QUESTION_BYTES, NewOrder,
    Next, Order, OrderError, OrderHead, OrderId, OrderKind, OrderState, OrderStatus, Outcome,
    PublicKey, Record, Reply,
};
pub use enrol::{JOIN_ALPN, Join, Joined, PROOF_LABEL, Token, TokenError, hex};
pub use frame::{Batch, Down, Hello, Lane, Refusal, RefusalCode, Up, Versions, Welcome};
pub use payload::{MAX_PAYLOAD_BYTES, Payload, Pulse};
pub use receiver::{Lost, Opened, Received, Receiver};
pub use sender::{Heard, Room, SendWindow, Sender, SenderError};

use bongsu_sdk_model::SiteId;

/// The protocol's name in the TLS handshake (ALPN). It changes only if Hello's own layout has to.
pub const ALPN: &[u8] = b"bongsu/1";

/// Priority of a pulse's stream: after findings, before everything else.
pub const PULSE_PRIORITY: i32 = 3;

/// The DNS name in the certificate of a site's edge, such as `busan.edge.bongsu`. It is a name, not an
/// address: nothing resolves it.
#[must_use]
pub fn edge_name(site: &SiteId) -> String {
    format!("{site}.edge.bongsu")
}
