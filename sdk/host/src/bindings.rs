//! The host's side of `wit/`, generated. `host` and `types` are generated once, with the masker, and shared.

pub(crate) mod masker {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "masker",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

pub(crate) mod detector {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "detector",
        ownership: Borrowing { duplicate_if_necessary: true },
        with: {
            "bongsu:plugin/host": crate::bindings::masker::bongsu::plugin::host,
            "bongsu:plugin/types": crate::bindings::masker::bongsu::plugin::types,
        },
    });
}
