//! The host's side of `wit/`, generated. What the worlds share is generated once, with the detector.

#![allow(
    missing_docs,
    reason = "generated; the documentation is in `wit/` and comes with it where there is any"
)]

pub(crate) mod detector {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "detector",
        ownership: Borrowing { duplicate_if_necessary: true },
        imports: { default: trappable },
    });
}

pub(crate) mod masker {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "masker",
        ownership: Borrowing { duplicate_if_necessary: true },
        imports: { default: trappable },
        with: {
            "bongsu:plugin/types": crate::bindings::detector::bongsu::plugin::types,
            "bongsu:plugin/log": crate::bindings::detector::bongsu::plugin::log,
            "bongsu:plugin/clock": crate::bindings::detector::bongsu::plugin::clock,
            "bongsu:plugin/metrics": crate::bindings::detector::bongsu::plugin::metrics,
        },
    });
}

/// Owned types: proposals are few, and are part of this crate's own vocabulary.
pub(crate) mod controller {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "controller",
        imports: { default: trappable },
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        with: {
            "bongsu:plugin/log": crate::bindings::detector::bongsu::plugin::log,
            "bongsu:plugin/clock": crate::bindings::detector::bongsu::plugin::clock,
            "bongsu:plugin/state": crate::bindings::detector::bongsu::plugin::state,
            "bongsu:plugin/metrics": crate::bindings::detector::bongsu::plugin::metrics,
            "bongsu:plugin/sessions": crate::bindings::detector::bongsu::plugin::sessions,
        },
    });
}
