//! The session store beside Redis: the same client programs, machine and durability, in the same run.
//!
//! Turn by turn on both servers, so that a slow moment of the machine hits both; a figure is the median of the
//! runs with its least and most. Ours runs as a process of its own: this program again, with `--serve`. Run by
//! `cargo xtask bench sessions [--quick]`.
//!
//! | figures | measured with |
//! |---|---|
//! | throughput, p99 and server's processor time of SET, GET, HSET of 1 KiB, alone and 16 in a pipeline | `redis-benchmark`, 50 connections, `/proc` |
//! | resident bytes per session | 100 000 sessions of 1 KiB, `/proc` |
//! | reopening | both killed, then started; until the last session answers |
//! | p99 of GET while 100 000 sessions end within a second, to the p99 before | one connection |
//! | acknowledged writes lost by `kill -9` | a ledger in the client, see `kill` |

#![expect(clippy::print_stdout, reason = "figures are its output")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench measures time and stops at what it does not expect"
)]

#[path = "sessions/client.rs"]
mod client;
#[path = "sessions/expiry.rs"]
mod expiry;
#[path = "sessions/figure.rs"]
mod figure;
#[path = "sessions/kill.rs"]
mod kill;
#[path = "sessions/server.rs"]
mod server;
#[path = "sessions/size.rs"]
mod size;
#[path = "sessions/throughput.rs"]
mod throughput;

use std::env;

use anyhow::Result;

/// The allocator of the edge, so that what is measured here holds there.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    runs: usize,
    requests: usize,
    reopened: usize,
    kills: usize,
}

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().collect();
    if let Some(position) = arguments.iter().position(|argument| argument == "--serve") {
        return server::serve(&arguments[position + 1]);
    }
    let extent = if arguments.iter().any(|argument| argument == "--quick") {
        Extent {
            runs: 1,
            requests: 20_000,
            reopened: 100_000,
            kills: 3,
        }
    } else {
        Extent {
            runs: 5,
            requests: 100_000,
            reopened: 1_000_000,
            kills: 100,
        }
    };
    throughput::measure(extent)?;
    size::measure(extent)?;
    expiry::measure(extent)?;
    kill::measure(extent)
}
