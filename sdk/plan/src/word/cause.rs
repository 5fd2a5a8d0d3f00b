//! Words for what root-cause analysis finds: patterns, doubts, checks.

use crate::{Check, Dimension, Doubt, Lang, Pattern, SuspectPart, Weakness};

/// What a pattern is called.
pub(crate) const fn pattern_label(pattern: Pattern, lang: Lang) -> &'static str {
    let (ko, en) = match pattern {
        Pattern::HeapExhaustion => ("힙 메모리 고갈", "heap exhaustion"),
        Pattern::GarbageCollection => ("GC 정지", "garbage-collection pauses"),
        Pattern::ThreadStarvation => ("스레드 풀 고갈", "thread-pool starvation"),
        Pattern::ConnectionStarvation => ("커넥션 풀 고갈", "connection-pool starvation"),
        Pattern::SlowSql => ("느린 SQL", "slow SQL"),
        Pattern::NPlusOne => (
            "요청당 SQL 수 급증(N+1)",
            "many more statements a request (N+1)",
        ),
        Pattern::TrafficSurge => ("트래픽 급증", "traffic surge"),
        Pattern::Attack => (
            "한 클라이언트의 요청 폭주",
            "flood of requests from one client",
        ),
        Pattern::HotUser => ("특정 사용자의 과다 사용", "one user's heavy use"),
        Pattern::BadRelease => ("배포 후 악화", "worse since a release"),
        Pattern::NetworkDelay => ("네트워크 지연", "network delay"),
        Pattern::DependencyFailure => ("의존 시스템 장애", "failing dependency"),
        Pattern::HostSaturation => ("서버 자원 포화", "saturated host"),
        Pattern::SessionExplosion => ("세션 급증", "session explosion"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// What speaks against a candidate, as a clause.
pub(crate) const fn doubt_label(doubt: Doubt, lang: Lang) -> &'static str {
    let (ko, en) = match doubt {
        Doubt::WithinNoise => (
            "변화가 평소 흔들림과 비슷합니다",
            "its change is hardly more than its usual noise",
        ),
        Doubt::ExplainedByCallee => (
            "변화의 대부분은 이것이 호출하는 쪽에서 왔습니다",
            "most of its change comes from what it calls",
        ),
        Doubt::SmallShare => (
            "변화가 증상을 설명하기에 작습니다",
            "its change is too small for the symptom",
        ),
        Doubt::BeganLater => ("증상보다 늦게 시작했습니다", "it began after the symptom"),
        Doubt::LoadPassedDown => (
            "호출하는 쪽의 요청이 늘어 함께 늘었습니다",
            "it is asked more because its callers are",
        ),
        Doubt::OutOfReach => (
            "증상에서 이어지는 호출이 확인되지 않았습니다",
            "no known call leads to it from the symptom",
        ),
        Doubt::OtherKind => (
            "증상과 종류(시간·에러)가 다릅니다",
            "it is of another kind (time, errors) than the symptom",
        ),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// What would settle it, as a sentence without its end.
#[expect(clippy::too_many_lines, reason = "a table of words")]
pub(crate) const fn check_label(check: Check, lang: Lang) -> &'static str {
    let (ko, en) = match check {
        Check::HeapHistogram => (
            "힙 히스토그램을 떠서 한 시간 전과 비교해 보세요",
            "take a heap histogram and compare it with an hour ago",
        ),
        Check::GcLog => (
            "이 구간의 GC 로그를 확인해 보세요",
            "read the garbage collector's log of the window",
        ),
        Check::ThreadDumps => (
            "몇 초 간격으로 스레드 덤프를 떠 보세요",
            "take thread dumps some seconds apart",
        ),
        Check::ConnectionHolders => (
            "누가 커넥션을 얼마나 오래 잡고 있는지 확인해 보세요",
            "see who holds connections and for how long",
        ),
        Check::SqlPlan => (
            "느린 SQL의 실행 계획과 잠금(lock)을 확인해 보세요",
            "explain the slow statements and look for locks",
        ),
        Check::SqlOfOneTrace => (
            "느린 추적 하나에서 SQL 수를 세어 보세요",
            "count the statements of one slow trace",
        ),
        Check::RequestsByClient => (
            "늘어난 요청을 클라이언트·URL·상태 코드별로 나눠 보세요",
            "break the added requests down by client, URL and status",
        ),
        Check::UserActivity => (
            "그 사용자가 무엇을 하는지 확인해 보세요",
            "look at what the user does",
        ),
        Check::CompareVersions => (
            "버전별로 비교하거나 한 대만 되돌려 보세요",
            "compare the versions, or roll one instance back",
        ),
        Check::RoundTrip => (
            "호출하는 쪽에서 왕복 시간을 재 보세요",
            "measure the round trip from the caller",
        ),
        Check::DependencyStatus => (
            "의존 시스템의 자체 지표나 담당자에게 확인해 보세요",
            "ask the dependency's own measurements or its operator",
        ),
        Check::Processes => (
            "어떤 프로세스가 서버 자원을 쓰는지 확인해 보세요",
            "see which processes use the machine",
        ),
        Check::SessionCreators => (
            "어떤 URL과 클라이언트가 세션을 만드는지 확인해 보세요",
            "see which URL and client create the sessions",
        ),
        Check::ErrorLog => (
            "이 구간의 에러 로그와 설정 변경 이력을 확인해 보세요",
            "read the error log of the window and what was changed in the configuration",
        ),
        Check::SlowTraces => (
            "이 구간의 느린 추적을 열어 어디에서 시간이 걸렸는지 확인해 보세요",
            "open slow traces of the window and see where the time is spent",
        ),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// What an explanation suffers from.
pub(crate) const fn weakness_note(weakness: Weakness) -> (&'static str, &'static str) {
    match weakness {
        Weakness::NoPast => (
            "비교할 지난 자료가 없어 이 구간 안에서만 견주었습니다.",
            "There is no earlier day to compare with; the window was held against itself.",
        ),
        Weakness::MovedLevel => (
            "지난 자료와 이 구간의 평상시 수준이 서로 달라 구간 안의 변화를 더 중하게 보았습니다.",
            "The days before are at another level, so changes inside the window counted more.",
        ),
        Weakness::FewRows => (
            "구간이 짧아 확신이 낮습니다.",
            "The window is short, so the result is less certain.",
        ),
    }
}

/// What a part of a scope is called after the scope's name.
pub(crate) const fn part_label(part: SuspectPart, lang: Lang) -> &'static str {
    let (ko, en) = match part {
        SuspectPart::Site | SuspectPart::App => ("", ""),
        SuspectPart::Database => (" 데이터베이스", " database"),
        SuspectPart::External => (" 외부 호출", " external calls"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// What was added, by the metric that stands for it.
pub(crate) const fn added_label(metric: bongsu_sdk_model::Metric, lang: Lang) -> &'static str {
    use bongsu_sdk_model::Metric as M;
    let (ko, en) = match metric {
        M::ErrorsCount => ("에러", "errors"),
        M::LatencyAvg => ("처리 시간", "time spent"),
        _ => ("요청", "requests"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// What a member of a dimension is called before its name.
pub(crate) const fn member_label(dimension: Dimension, lang: Lang) -> &'static str {
    super::split_title(Some(dimension), lang)
}
