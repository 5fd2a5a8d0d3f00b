//! Names of metrics, dimensions, baselines, operations and slots in both languages.

use bongsu_sdk_model::Metric;

use crate::{BaselineKind, Dimension, Lang, Op, Slot};

/// What a metric is called, with the window that defines it.
pub(crate) const fn metric_label(metric: Metric, lang: Lang) -> &'static str {
    let (ko, en) = match metric {
        Metric::UsersConcurrent => ("동시접속자(최근 5분)", "concurrent users (5 min)"),
        Metric::UsersDistinct => ("순방문자", "distinct users"),
        Metric::UsersInFlight => ("처리 중 사용자", "in-flight users"),
        Metric::SessionsActive => ("활성 세션", "active sessions"),
        Metric::SessionsCreated => ("생성된 세션", "sessions created"),
        Metric::SessionsDestroyed => ("종료된 세션", "sessions destroyed"),
        Metric::Logins => ("로그인", "logins"),
        Metric::LoginsFailed => ("로그인 실패", "failed logins"),
        Metric::LoginsDuplicate => ("중복 로그인", "duplicate logins"),
        Metric::Tps => ("처리량", "throughput"),
        Metric::Requests => ("요청 수", "requests"),
        Metric::LatencyAvg => ("평균 응답시간", "mean response time"),
        Metric::LatencyP95 => ("응답시간 p95", "p95 response time"),
        Metric::LatencyP99 => ("응답시간 p99", "p99 response time"),
        Metric::LatencyMax => ("최대 응답시간", "longest response time"),
        Metric::Apdex => ("APDEX", "APDEX"),
        Metric::ErrorsRate => ("에러율", "error rate"),
        Metric::ErrorsCount => ("에러 건수", "errors"),
        Metric::Cpu => ("CPU 사용률", "CPU usage"),
        Metric::Memory => ("메모리 사용률", "memory usage"),
        Metric::JvmHeap => ("JVM 힙 사용률", "JVM heap usage"),
        Metric::GcPause => ("GC 정지 시간", "GC pause"),
        Metric::ThreadsBusy => ("스레드 사용률", "busy threads"),
        Metric::DbLatency => ("DB 응답시간", "database time"),
        Metric::DbConnections => ("DB 커넥션 사용률", "database connections"),
        Metric::NetworkLatency => ("네트워크 지연", "network latency"),
        Metric::Load => ("부하율", "load"),
        Metric::Sla => ("SLA 준수율", "SLA attainment"),
        Metric::Alerts => ("알림", "alerts"),
        Metric::Oom => ("OOM 발생", "out-of-memory events"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// What the members of a dimension are called.
pub(crate) const fn split_title(dimension: Option<Dimension>, lang: Lang) -> &'static str {
    let (ko, en) = match dimension {
        None => ("범위", "scope"),
        Some(Dimension::Site) => ("지역", "region"),
        Some(Dimension::App) => ("앱", "application"),
        Some(Dimension::Instance) => ("서버", "server"),
        Some(Dimension::Url) => ("URL", "URL"),
        Some(Dimension::User) => ("사용자", "user"),
        Some(Dimension::Session) => ("세션", "session"),
        Some(Dimension::Ip) => ("IP", "address"),
        Some(Dimension::Browser) => ("브라우저", "browser"),
        Some(Dimension::Service) => ("서비스", "service"),
        Some(Dimension::Hour) => ("시간대", "hour"),
        Some(Dimension::Weekday) => ("요일", "weekday"),
        Some(Dimension::Day) => ("날짜", "day"),
        Some(Dimension::Version) => ("버전", "version"),
        Some(Dimension::Sql) => ("SQL", "SQL statement"),
        Some(Dimension::Error) => ("에러", "error"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// What a baseline is called.
pub(crate) const fn baseline_label(kind: BaselineKind, lang: Lang) -> &'static str {
    let (ko, en) = match kind {
        BaselineKind::PreviousDay => ("전일 같은 시간대", "the same time the day before"),
        BaselineKind::SameWeekdayLastWeek => (
            "지난주 같은 요일 같은 시간대",
            "the same weekday and time last week",
        ),
        BaselineKind::PreviousWeek => ("전주 같은 기간", "the same span the week before"),
        BaselineKind::PreviousMonth => ("전월 같은 기간", "the same span the month before"),
        BaselineKind::SamePeriodLastYear => ("작년 같은 기간", "the same period last year"),
        BaselineKind::WeekdayVsWeekend => ("평일과 주말", "weekdays and weekends"),
        BaselineKind::Range => ("비교 기간", "the other period"),
        BaselineKind::Usual => ("평소", "the usual level"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// What an operation is called.
pub(crate) const fn op_label(op: Op, lang: Lang) -> &'static str {
    let (ko, en) = match op {
        Op::Value => ("수치 조회", "reading a figure"),
        Op::Series => ("추이", "a course over time"),
        Op::Compare => ("비교", "comparison"),
        Op::Top => ("순위", "ranking"),
        Op::List => ("목록", "listing"),
        Op::Locate => ("위치 확인", "locating a user"),
        Op::Peak => ("피크 찾기", "finding a peak"),
        Op::Correlate => ("상관 분석", "correlation"),
        Op::Explain => ("원인 분석", "root-cause analysis"),
        Op::Forecast => ("예측", "forecasting"),
        Op::Anomalies => ("이상 탐지", "finding what stood out"),
        Op::Sizing => ("증설 판단", "sizing"),
        Op::Report => ("보고서", "reports"),
        Op::Trace => ("추적", "tracing"),
        Op::Act => ("조치 제안", "proposing an action"),
        Op::Approve => ("제안 승인", "approving a proposal"),
        Op::Deny => ("제안 거절", "denying a proposal"),
        Op::Alias => ("이름 기억", "remembering a name"),
        Op::Refuse => ("거절", "refusing"),
        Op::Clarify => ("되묻기", "asking back"),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}

/// The question that fills a slot.
pub(crate) const fn slot_label(slot: Slot, lang: Lang) -> &'static str {
    let (ko, en) = match slot {
        Slot::User => (
            "어느 사용자인가요? 사용자 ID를 알려 주세요.",
            "Which user? Please give the user id.",
        ),
        Slot::Session => (
            "어느 세션인가요? 세션 ID를 알려 주세요.",
            "Which session? Please give its id.",
        ),
        Slot::Url => (
            "어느 URL인가요? /admin/* 처럼 적어 주세요.",
            "Which URL? Write it as /admin/*.",
        ),
        Slot::Cidr => ("어느 IP 또는 대역인가요?", "Which address or range?"),
        Slot::App => ("어느 앱(서비스)인가요?", "Which application?"),
        Slot::Site => ("어느 지역인가요?", "Which region?"),
        Slot::To => (
            "몇 대로 할까요, 또는 어디로 보낼까요?",
            "How many, or where to?",
        ),
        Slot::Metric => (
            "어떤 지표인가요? 예: 동시접속자, 응답시간, 에러율.",
            "Which metric? For example concurrent users, response time, error rate.",
        ),
        Slot::Window => (
            "언제인가요? 예: 오늘, 어제 오후, 지난주.",
            "When? For example today, yesterday afternoon, last week.",
        ),
        Slot::Baseline => (
            "무엇과 비교할까요? 예: 어제, 지난주 같은 요일.",
            "Compared with what? For example yesterday or the same weekday last week.",
        ),
        Slot::Threshold => ("기준값이 얼마인가요?", "Which threshold?"),
        Slot::Trace => (
            "어느 트랜잭션인가요? 추적 ID를 알려 주세요.",
            "Which transaction? Please give its trace id.",
        ),
        Slot::Question => (
            "무엇을 알고 싶으신가요? 지표와 시간을 말해 주세요. 예: 부산 현재 동시접속자.",
            "What would you like to know? Name a metric and a time, for example: concurrent users in Busan now.",
        ),
    };
    match lang {
        Lang::Ko => ko,
        Lang::En => en,
    }
}
