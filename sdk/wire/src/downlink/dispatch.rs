//! Which of a site's orders may go now. It keeps the rule "one after the other within a kind" and nothing else.

use std::collections::BTreeMap;

use bongsu_sdk_model::Timestamp;

use crate::{OrderId, OrderKind, OrderState, OrderStatus, Outcome};

/// The orders under way on one connection: at most one of each kind.
#[derive(Debug, Default)]
pub struct Dispatch {
    under_way: BTreeMap<OrderKind, OrderId>,
}

impl Dispatch {
    /// What may be sent of `queue`, which is one site's open orders in the order they were given. Those that
    /// are given here count as under way until [`Dispatch::settled`] is called.
    pub fn due(&mut self, queue: impl IntoIterator<Item = OrderStatus>) -> Vec<OrderStatus> {
        let mut due = Vec::new();
        for order in queue {
            if !order.state.is_final() && !self.under_way.contains_key(&order.kind) {
                self.under_way.insert(order.kind.clone(), order.id);
                due.push(order);
            }
        }
        due
    }

    /// The order has been reported, or its stream has failed: the next of its kind may go.
    pub fn settled(&mut self, id: OrderId) {
        self.under_way.retain(|_, under_way| *under_way != id);
    }

    /// What time alone makes of an order that was never sent. One that was sent may have been carried out:
    /// only the edge can say.
    #[must_use]
    pub fn overdue(order: &OrderStatus, now: Timestamp) -> Option<OrderState> {
        (order.state == OrderState::Queued && order.expires <= now)
            .then_some(OrderState::Settled(Outcome::Expired))
    }
}
