//! Collection as its senders see it: real sockets, a real gRPC client, raw HTTP, files.

mod access_log;
mod grpc;
mod hostile_input;
mod http;
mod site;
