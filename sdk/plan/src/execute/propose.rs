//! `act`: the action as a proposal. Nothing is executed here, and nothing is stored: whoever asked sees what was
//! understood, and the approval desk, where there is one, takes it from the answer.

use super::build::Builder;

pub(super) fn run(builder: &mut Builder<'_>) {
    builder.propose();
    builder.say_in(
        "제안으로 이해했습니다. 실행하지 않았으며, 권한 있는 담당자의 승인이 필요합니다.",
        "Understood as a proposal. Nothing was executed; it needs the approval of an authorised person.",
    );
}
