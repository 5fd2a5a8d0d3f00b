//! What every path of the control service may answer instead.

use utoipa::IntoResponses;

use crate::problem::Problem;

/// Problems by status.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only describes")]
pub(super) enum Refusals {
    /// `bad_request`: not JSON
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(Problem),
    /// `unauthorized`: not signed in, or a wrong password
    #[response(status = 401, content_type = "application/problem+json")]
    Unknown(Problem),
    /// `forbidden`, `cross_site` or `password_due`
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// `not_found`
    #[response(status = 404, content_type = "application/problem+json")]
    Missing(Problem),
    /// `refused`, `not_allowed`, `too_broad`, `too_many` or `mixed_query_and_control`
    #[response(status = 409, content_type = "application/problem+json")]
    Refused(Problem),
    /// `bad_request`: JSON of another shape
    #[response(status = 422, content_type = "application/problem+json")]
    Shape(Problem),
    /// `locked`: too many attempts
    #[response(status = 429, content_type = "application/problem+json")]
    Locked(Problem),
    /// `internal`
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// `busy` or `timeout`
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(Problem),
}
