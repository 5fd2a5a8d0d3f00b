//! Identities as tokens: what leaves the pipeline in place of who somebody is.

use bongsu_edge_history::{Token, Who};
use bongsu_edge_rollup::identities;
use bongsu_sdk_host::MaskedTransaction;
use bongsu_sdk_model::Transaction;
use bongsu_sdk_sketch::IdentityKey;

/// Kind of the tokens of users.
pub(crate) const USER: &str = "user";
/// Kind of the tokens of client addresses.
pub(crate) const CLIENT: &str = "client";

/// The token of a user's id.
pub(crate) fn user(key: &IdentityKey, id: &str) -> Token {
    Token(key.number(USER, id.as_bytes()))
}

/// Whose a transaction is, in tokens and in what sketches count.
pub(crate) fn of(key: &IdentityKey, t: &Transaction) -> Who {
    let [ip, session, cookie] = identities(key, t).map(|hash| hash.map(|hash| Token(hash.value())));
    Who {
        ip,
        session,
        cookie,
        client: t
            .client
            .map(|client| Token(key.number(CLIENT, client.to_canonical().to_string().as_bytes()))),
        user: t.user.as_ref().map(|id| user(key, id)),
    }
}

/// What detectors see of a transaction, its target only if one of them may.
pub(crate) fn tokenised(key: &IdentityKey, t: &Transaction, targets: bool) -> MaskedTransaction {
    let token = |kind: &str, raw: &String| key.token(kind, raw.as_bytes());
    MaskedTransaction {
        ended: t.ended,
        duration_us: t.duration_us,
        sql_us: t.sql_us,
        external_us: t.external_us,
        release: None,
        target: targets.then(|| t.target.clone()),
        app: t.app.clone(),
        instance: t.instance.clone(),
        url: t.url.clone(),
        method: t.method.clone(),
        status: t.status,
        failed: t.failed,
        client: t
            .client
            .map(|client| token(CLIENT, &client.to_canonical().to_string())),
        session: t.session.as_ref().map(|session| token("session", session)),
        user: t.user.as_ref().map(|user| token(USER, user)),
        login: t.login,
    }
}
