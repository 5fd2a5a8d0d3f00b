//! Collection beside its peers: OTLP/gRPC spans beside the OpenTelemetry Collector's core, access-log lines beside
//! GoAccess, on the same load and in the same run. Run by `cargo xtask bench collect [--quick]`.
//!
//! Figures are per second of CPU time, of user and system together, so that what else the machine does and how
//! many cores it has make no difference. Ours is a process of its own: this program again, with `--serve`, which
//! collects, joins and counts into roll-ups. It neither masks nor keeps a history: a Wasm masker's time is the
//! plugin's.
//!
//! | figures | measured with |
//! |---|---|
//! | spans per CPU-second | exports of 500 spans, 4 to a trace, 8 connections; the Collector receives and drops |
//! | lines per CPU-second | one file in `combined` format; GoAccess makes its JSON report of it |

#![expect(clippy::print_stdout, reason = "figures are its output")]
#![expect(
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench measures time and stops at what it does not expect"
)]

#[expect(dead_code, reason = "no figure here has an upper bar")]
#[path = "sessions/figure.rs"]
mod figure;
#[path = "collect/lines.rs"]
mod lines;
#[path = "collect/process.rs"]
mod process;
#[path = "collect/serve.rs"]
mod serve;
#[path = "collect/spans.rs"]
mod spans;

use std::env;

use anyhow::Result;

/// The allocator of the edge, so that what is measured here holds there.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    runs: usize,
    lines: usize,
    exports: usize,
}

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().collect();
    if let Some(position) = arguments.iter().position(|argument| argument == "--serve") {
        return serve::serve(&arguments[position + 1]);
    }
    let extent = if arguments.iter().any(|argument| argument == "--quick") {
        Extent {
            runs: 1,
            lines: 200_000,
            exports: 400,
        }
    } else {
        Extent {
            runs: 5,
            lines: 1_000_000,
            exports: 2_000,
        }
    };
    lines::measure(extent)?;
    spans::measure(extent)
}
