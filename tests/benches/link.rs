//! What the road costs: bytes between a site and the center beside OTLP, bytes on the center's disk, and what
//! applying takes. Run by `cargo xtask bench link [--quick]`.
//!
//! | figures | measured with |
//! |---|---|
//! | WAN bytes of a site-hour, ledger and pulses, to OTLP/gRPC with zstd | the edge's own aggregator and frames; the same transactions encoded with `opentelemetry-proto` |
//! | disk of a site-day, fresh and packed; applying beside readers | the center's own store |
//! | CPU, frames per second, p99 and memory for 250 and 1 000 sites | the center's own store, four threads |
//! | catch-up after 72 h without a center at 10 Mbit/s | the edge's own spool, a token bucket, the center's own store |
//!
//! The site is described in `site`; its traffic is the same all day, which no real site's is.

#![expect(clippy::print_stdout, reason = "figures are its output")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench measures time and stops at what it does not expect"
)]

#[path = "link/center.rs"]
mod center;
#[path = "link/disk.rs"]
mod disk;
#[path = "link/figure.rs"]
mod figure;
#[path = "link/otlp.rs"]
mod otlp;
#[path = "link/site.rs"]
mod site;
#[path = "link/wan.rs"]
mod wan;

/// The allocator of the center, so that what is measured here holds there.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    wan::measure(if is_quick { 4 } else { 60 });
    disk::measure(if is_quick { 1 } else { 4 });
    let rounds = if is_quick { 4 } else { 30 };
    center::fleet(250, rounds, "sites_250", Some(20.0));
    center::fleet(1_000, rounds / 2, "edges_1000", None);
    let hours = if is_quick { 12 } else { 72 };
    for max_mb in [64, 256] {
        center::catch_up(hours, max_mb << 20);
    }
}
