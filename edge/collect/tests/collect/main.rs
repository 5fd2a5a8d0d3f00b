//! Collection as its senders see it: real sockets, a real gRPC client, raw HTTP, files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod access_log;
mod grpc;
mod hostile_input;
mod http;
mod json;
mod logs;
mod real_logs;
mod site;
