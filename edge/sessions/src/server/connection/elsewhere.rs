//! Requests whose keys are in a backend: run together, once the requests around them have been.

use tokio::io::{AsyncRead, AsyncWrite};

use super::Connection;
use crate::{
    client::{Elsewhere, Ran},
    protocol::{Protocol, Reply},
};

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Has the backend run what is its to run, and puts its replies in their places. What outgrew the output
    /// limit ends the connection.
    pub(super) async fn run_elsewhere(
        &mut self,
        mut answers: Vec<(Protocol, Ran)>,
    ) -> Vec<(Protocol, Ran)> {
        let Some(backend) = self.client.server.backend.clone() else {
            return answers;
        };
        let mut places = Vec::new();
        let mut calls = Vec::new();
        for (place, (_, ran)) in answers.iter_mut().enumerate() {
            if let Some(Elsewhere { call, told }) = ran.elsewhere.take() {
                places.push((place, told));
                calls.push(call);
            }
        }
        if calls.is_empty() {
            return answers;
        }
        let replies = backend.run(&calls, self.client.protocol).await;
        let missing = places.get(replies.len()).map(|(place, _)| *place);
        for ((place, told), reply) in places.into_iter().zip(replies) {
            if let Some((_, ran)) = answers.get_mut(place).filter(|_| told) {
                ran.reply = reply;
            }
        }
        if let Some(place) = missing {
            tracing::warn!(
                client = self.client.peer.id,
                "session client closed: replies beyond max_output"
            );
            self.client.leaving = true;
            answers.truncate(place);
        }
        answers
    }
}

impl From<Elsewhere> for Ran {
    fn from(elsewhere: Elsewhere) -> Self {
        Self {
            reply: Reply::NOTHING,
            changes: false,
            elsewhere: Some(elsewhere),
        }
    }
}
