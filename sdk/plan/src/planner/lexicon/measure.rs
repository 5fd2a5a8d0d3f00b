//! Metrics, things that are counted, places in general, figures of a window, comparisons with numbers.

use bongsu_sdk_model::Metric as M;

use super::{
    super::concept::{
        Concept::{Agent, Agg as A, Cmp as C, Filler, Metric, Noun as Thing},
        Noun,
    },
    Rows,
};
use crate::{Agg, Cmp};

pub(super) const ROWS: Rows = &[
    // users
    (
        Metric(M::UsersConcurrent),
        "동시 접속자 수|동시 접속자|동시 접속 수|동시 접속|동접자 수|동접자|동접 수|동접|동시 사용자 수|동시 사용자|동시 이용자 수|동시 이용자|접속자 수|접속자|접속 인원|접속 사용자 수|접속 현황|접속 패턴|접속량|접속이|사용자 수|이용자 수|유저 수|현재 사용자 수|concurrent user|concurrent user count|simultaneous user|user concurrency|concurrency|concurrent connection|concurrent|online user|users online|people online|active user|ccu|number of users|user count|connected user",
    ),
    (
        Metric(M::UsersDistinct),
        "순 방문자 수|순 방문자|방문자 수|방문자|방문 수|^고유 방문자|고유 사용자|순 사용자 수|순 사용자|순 이용자 수|순 이용자|dau|wau|mau|^uv|unique user|unique visitor|distinct user|distinct visitor|visitor|visitor count",
    ),
    (
        Metric(M::UsersInFlight),
        "처리 중인 사용자 수|처리 중인 사용자|처리 중 사용자 수|처리 중 사용자|요청 처리 중인 사용자|in flight user|in flight",
    ),
    // sessions
    (
        Metric(M::SessionsActive),
        "활성 세션 수|활성 세션|활성화된 세션|살아있는 세션|유효 세션|세션 수|세션 개수|세션 분포|세션 현황|active session|session count|number of sessions|live session|open session|active session count|session distribution",
    ),
    (
        Metric(M::SessionsCreated),
        "생성된 세션 수|생성된 세션|세션 생성 수|세션 생성 건수|세션 생성|신규 세션 수|신규 세션|새 세션|new session|session created|created session|session creation|sessions were created|sessions opened",
    ),
    (
        Metric(M::SessionsDestroyed),
        "종료된 세션 수|종료된 세션|소멸된 세션 수|소멸된 세션|세션 종료 수|세션 종료 건수|세션 소멸|세션 소멸 수|session destroyed|destroyed session|session ended|ended session|sessions were destroyed|sessions closed",
    ),
    // logins
    (
        Metric(M::Logins),
        "로그인 횟수|로그인 건수|로그인 수|로그인 성공 건수|로그인 성공|로그인|login count|login|logon|sign in|successful login|log ins",
    ),
    (
        Metric(M::LoginsFailed),
        "로그인 실패 횟수|로그인 실패 건수|로그인 실패 수|로그인 실패|로그인 오류|로그인 에러|실패한 로그인|실패 로그인|failed login|login failure|failed logon|failed sign in|login error|failed login attempt|login attempts failed|unsuccessful login",
    ),
    (
        Metric(M::LoginsDuplicate),
        "중복 로그인 건수|중복 로그인 수|중복 로그인|이중 로그인|동시 로그인|duplicate login|double login|duplicated login",
    ),
    // throughput
    (
        Metric(M::Tps),
        "tps|초당 요청 수|초당 처리량|초당 처리 건수|초당 트랜잭션 수|초당 트랜잭션|초당 요청|처리량|throughput|requests per second|request per second|transactions per second|transaction rate|request rate|rps|qps",
    ),
    (
        Metric(M::Requests),
        "요청 수|요청 건수|요청 횟수|요청량|호출 수|호출 건수|호출 횟수|호출량|호출된|트래픽 양|트래픽량|트래픽|트랜잭션 수|트랜잭션 건수|유입량|유입|조회수|페이지뷰|히트 수|traffic|request count|number of requests|request volume|call count|number of calls|requests count|transaction count|number of transactions|page view|hit count|hits|call volume",
    ),
    // latency
    (
        Metric(M::LatencyAvg),
        "평균 응답 시간|평균 응답 속도|응답 시간 평균|평균 지연 시간|평균 지연|평균 레이턴시|응답 시간|응답 속도|응답 지연|레이턴시|레이턴씨|지연 시간|지연율|처리 시간|수행 시간|응답이|응답|average response time|avg response time|mean response time|average latency|avg latency|mean latency|response time|latency|response latency|request duration|avg. response time",
    ),
    (
        Metric(M::LatencyP95),
        "p95 응답 시간|p95 응답속도|응답 시간 p95|p95 지연 시간|p95 레이턴시|95 퍼센타일 응답 시간|95 백분위 응답 시간|95 퍼센타일|95 백분위|95백분위수|p95|p95 latency|p95 response time|95th percentile|95th percentile latency|95th percentile response time|95th percentile of latency|95th percentile of response time|latency p95",
    ),
    (
        Metric(M::LatencyP99),
        "p99 응답 시간|p99 응답속도|응답 시간 p99|p99 지연 시간|p99 레이턴시|99 퍼센타일 응답 시간|99 백분위 응답 시간|99 퍼센타일|99 백분위|99백분위수|p99|p99 latency|p99 response time|99th percentile|99th percentile latency|99th percentile response time|99th percentile of latency|99th percentile of response time|latency p99",
    ),
    (
        Metric(M::LatencyMax),
        "최대 응답 시간|최장 응답 시간|최고 응답 시간|응답 시간 최대|최대 지연 시간|최대 지연|가장 긴 응답 시간|max response time|maximum response time|max latency|maximum latency|longest response time|peak latency|worst response time|worst latency|slowest response time",
    ),
    (
        Metric(M::Apdex),
        "apdex 점수|apdex|아프덱스|애프덱스|apdex score|사용자 만족도|만족도 지수",
    ),
    // errors
    (
        Metric(M::ErrorsRate),
        "에러율|오류율|에러 비율|오류 비율|에러 발생률|오류 발생률|실패율|장애율|error rate|failure rate|error ratio|error percentage|percentage of errors|share of failed requests",
    ),
    (
        Metric(M::ErrorsCount),
        "에러 건수|에러 수|에러 개수|에러 횟수|에러량|오류 건수|오류 수|오류 개수|오류 횟수|실패 건수|실패 수|에러 발생 건수|오류 발생 건수|에러|오류|예외|exception|error count|number of errors|error|failure count|number of failures|5xx 건수|5xx count|server error",
    ),
    // levels
    (
        Metric(M::Cpu),
        "cpu 사용률|cpu 사용량|cpu 점유율|cpu 이용률|cpu 부하율|cpu 부하|cpu 로드|cpu 사용|cpu 평균|cpu|씨피유|시피유|프로세서 사용률|cpu usage|cpu utilization|cpu utilisation|cpu load|cpu use|processor usage",
    ),
    (
        Metric(M::Memory),
        "메모리 사용률|메모리 사용량|메모리 점유율|메모리 이용률|메모리 사용|메모리|램 사용률|램 사용량|memory usage|memory utilization|memory utilisation|memory use|memory consumption|memory|ram usage|ram",
    ),
    (
        Metric(M::JvmHeap),
        "jvm 힙 메모리 사용률|jvm 힙 메모리|jvm 힙 사용률|jvm 힙 사용량|jvm 힙|힙 메모리 사용률|힙 메모리 사용량|힙 메모리|heap 사용률|heap 사용량|heap 메모리|힙 사용률|힙 사용량|^힙|jvm heap usage|jvm heap memory|jvm heap|heap usage|heap memory|heap use|heap|jvm 메모리|jvm memory",
    ),
    (
        Metric(M::GcPause),
        "gc 정지 시간|gc 중단 시간|gc 시간|gc 일시 정지|gc 일시정지|gc 횟수|가비지 컬렉션 시간|가비지 컬렉션|gc pause time|gc pause|gc time|garbage collection pause|garbage collection time|garbage collection|gc",
    ),
    (
        Metric(M::ThreadsBusy),
        "사용 중인 스레드 수|사용 중인 스레드|활성 스레드 수|활성 스레드|작업 중인 스레드|바쁜 스레드|스레드 사용률|스레드 풀 사용률|스레드 풀|스레드 수|스레드|쓰레드 사용률|쓰레드 풀|쓰레드|busy thread|active thread|thread usage|thread pool usage|thread pool utilization|thread pool|thread",
    ),
    (
        Metric(M::DbLatency),
        "db 응답 시간|db 지연 시간|db 지연|db 쿼리 시간|db 처리 시간|디비 응답 시간|디비 지연|데이터베이스 응답 시간|데이터베이스 지연 시간|데이터베이스 지연|쿼리 응답 시간|쿼리 수행 시간|쿼리 실행 시간|쿼리 시간|sql 수행 시간|sql 실행 시간|sql 응답 시간|sql 시간|db latency|db response time|db time|database latency|database response time|database time|query latency|query time|query duration|sql latency|sql time|query response time",
    ),
    (
        Metric(M::DbConnections),
        "db 커넥션 사용률|db 커넥션 풀 사용률|db 커넥션 풀|db 커넥션 수|db 커넥션|db 연결 수|db 연결|디비 커넥션|디비 연결|데이터베이스 커넥션|데이터베이스 연결 수|데이터베이스 연결|커넥션 풀 사용률|커넥션 풀|커넥션 수|커넥션|db connection|db connection pool|db connection count|database connection|database connection pool|connection pool usage|connection pool|connection pool utilization",
    ),
    (
        Metric(M::NetworkLatency),
        "네트워크 지연 시간|네트워크 지연|네트워크 레이턴시|네트워크 응답 시간|네트웍 지연|망 지연|회선 지연|네트워크 왕복 시간|network latency|network delay|network round trip|network rtt|round trip time|rtt",
    ),
    (
        Metric(M::Load),
        "시스템 사용률|시스템 부하율|시스템 부하|서버 부하율|서버 부하|부하율|부하|사용률|자원 사용률|리소스 사용률|리소스 사용량|시스템 로드|system usage|system utilization|system utilisation|system load|server load|load|utilization|utilisation|resource usage|resource utilization",
    ),
    (
        Metric(M::Sla),
        "sla 준수율|sla 준수 현황|sla 준수|sla 달성률|sla 충족률|sla|slo 달성률|slo 준수율|slo|가용률|가용성|sla attainment|sla compliance|slo attainment|slo compliance|availability|uptime",
    ),
    (
        Metric(M::Alerts),
        "알림 수|알림 건수|알람 수|알람 건수|경보 수|경보 건수|경고 수|경고 건수|number of alerts|alert count|alarm count",
    ),
    (
        Metric(M::Oom),
        "oom 발생 건수|oom 발생 횟수|oom 건수|oom 횟수|oom 장애|oom|메모리 부족 오류|메모리 부족 에러|메모리 부족|out of memory error|out of memory event|out of memory|oom event|oom kill|oom error",
    ),
    // things
    (
        Thing(Noun::Region),
        "^지역|^시도$|^사이트|^지자체|^권역|^광역시|^거점|^센터$|region|site|province|location|area",
    ),
    (
        Thing(Noun::App),
        "^앱|^어플리케이션|^애플리케이션|^어플|^업무 시스템|^업무|application|app",
    ),
    (
        Thing(Noun::Server),
        "^서버|^인스턴스|^노드|^호스트|웹서버|^was$|^장비|server|instance|node|host|machine",
    ),
    (
        Thing(Noun::Pod),
        "^파드|^포드|pod|replica|레플리카|컨테이너|container",
    ),
    (
        Thing(Noun::Url),
        "^url 패턴|^url|^유알엘|^엔드포인트|^페이지|^메뉴|^화면|^api|^주소$|^경로|^기능|^트랜잭션 유형|^트랜잭션 종류|endpoint|page|route|api|screen|menu|transaction type|feature|path",
    ),
    (
        Thing(Noun::User),
        "^사용자 id|^사용자 아이디|^유저 id|^사용자들|^사용자|^유저|^이용자|^회원|^고객|^아이디|^계정|^id$|user id|userid|user name|username|user|account|customer|client|people|person|ppl|folks|^사람들|^사람|^분들",
    ),
    (
        Thing(Noun::Session),
        "^세션 id|^세션 아이디|^세션 위치|^세션|session id|session|세숀|쎄션",
    ),
    (
        Thing(Noun::Ip),
        "^ip 주소|^ip 대역|^아이피 대역|^아이피 주소|^아이피|^ip|^클라이언트 주소|ip address|client address|client ip|ip range|subnet|cidr",
    ),
    (
        Thing(Noun::Browser),
        "브라우저 유형|브라우저 종류|브라우저|browser type|browser|user agent",
    ),
    (
        Thing(Noun::Service),
        "^서비스|^마이크로서비스|microservice|service",
    ),
    (
        Thing(Noun::Hour),
        "^시간대|^시간 대|^시간별|hour of the day|hour of day|time of day|hour|^몇 시",
    ),
    (
        Thing(Noun::Weekday),
        "^요일|^무슨 요일|day of the week|day of week|weekday by weekday|^어느 요일",
    ),
    (
        Thing(Noun::Day),
        "^날짜|^일자|^며칠|^몇일|^하루 중|calendar day|date|^어느 날|^어떤 날|^무슨 날",
    ),
    (
        Thing(Noun::Version),
        "앱 버전|^버전|^릴리스|^릴리즈|app version|version|release",
    ),
    (
        Thing(Noun::Sql),
        "^sql 문|^sql|^쿼리|^질의|sql statement|sql query|sql|query|queries|db query|statement",
    ),
    (
        Thing(Noun::ErrorKind),
        "에러 유형|에러 종류|에러 타입|오류 유형|오류 종류|예외 유형|예외 종류|에러 메시지|오류 메시지|error type|type of error|kind of error|exception type|error kind|error class|error message|error code|에러 코드|오류 코드",
    ),
    (
        Thing(Noun::Transaction),
        "트랜잭션|트랜젝션|트렌젝션|^거래|^요청|^호출|^로그$|^로그를|transaction|request|call|trx",
    ),
    (
        Thing(Noun::Alert),
        "알림|알람|경보|경고|alert|alarm|notification|warning",
    ),
    (
        Thing(Noun::Deployment),
        "배포|디플로이|deployment|deploy|rollout",
    ),
    (
        Thing(Noun::Action),
        "조치|실행된 조치|액션|action|remediation|intervention",
    ),
    (
        Thing(Noun::Trace),
        "trace id|traceid|트레이스 id|트레이스 아이디|추적 id|추적 아이디|트레이스|trace|span|distributed trace",
    ),
    (Thing(Noun::Group), "^그룹|^그룹에 속한|group|role"),
    (
        Thing(Noun::Status),
        "상태 코드|응답 코드|http 상태|http 코드|status code|response code|http status|http code|status|^http",
    ),
    (Thing(Noun::System), "^시스템|system|platform|플랫폼"),
    // kinds of clients
    (
        Agent("mobile"),
        "모바일 브라우저|모바일 기기|모바일|휴대폰|스마트폰|핸드폰|mobile browser|mobile device|mobile phone|mobile|smartphone|phone",
    ),
    (
        Agent("desktop"),
        "데스크톱 브라우저|데스크탑 브라우저|데스크톱|데스크탑|^pc$|pc 브라우저|desktop browser|desktop",
    ),
    (Agent("chrome"), "크롬 브라우저|크롬|chrome browser|chrome"),
    (Agent("safari"), "사파리|safari"),
    (Agent("firefox"), "파이어폭스|firefox"),
    (
        Agent("edge"),
        "엣지 브라우저|ms 엣지|마이크로소프트 엣지|edge browser|microsoft edge|ms edge",
    ),
    (
        Agent("samsung"),
        "삼성 브라우저|삼성 인터넷|samsung internet|samsung browser",
    ),
    (Agent("whale"), "네이버 웨일|웨일 브라우저|whale browser"),
    (Agent("bot"), "^봇$|크롤러|bot|crawler"),
    // figures of a window
    (A(Agg::Avg), "^평균값|^평균|average|avg|mean"),
    (
        A(Agg::Max),
        "^최대값|^최댓값|^최대치|^최대|^최고치|^최고|^최고값|maximum|max|peak value",
    ),
    (
        A(Agg::Min),
        "^최소값|^최솟값|^최소치|^최소|^최저|minimum|min",
    ),
    (
        A(Agg::Sum),
        "^합계|^총합|^누적|^총$|total|sum|cumulative|in total|altogether",
    ),
    (A(Agg::Last), "^마지막 값|^최종 값|latest value|last value"),
    // comparisons with numbers
    (
        C(Cmp::Ge),
        "^이상$|^이상인|^이상으로|^이상이|^이상 |at least|or more|no less than|not less than|or higher|or above|and above|and over|>=|≥|^크거나 같",
    ),
    (
        C(Cmp::Gt),
        "넘게|넘는|넘은|넘어|넘었|넘을|넘긴|넘으면|넘기|넘고|초과하는|초과한|초과하면|초과할|초과|^보다 큰|보다 높은|보다 높으면|보다 많은|보다 많으면|보다 오래|보다 느린|보다 크면|를 웃도|웃도는|over|above|exceeds|exceed|exceeding|exceeded|more than|greater than|higher than|longer than|slower than|older than|goes above|goes over|rises above|larger than|beyond|>|surpass|cross|crosses|bigger than",
    ),
    (
        C(Cmp::Le),
        "^이하$|^이하인|^이하로|^이하|^이내로|^이내에|^이내|at most|no more than|not more than|or less|or fewer|or below|up to|<=|≤",
    ),
    (
        C(Cmp::Lt),
        "^미만$|^미만인|^미만으로|^미만|^보다 작은|보다 낮은|보다 적은|보다 작으면|보다 낮으면|밑으로 떨어|아래로 떨어|떨어지면|내려가면|아래로|^밑도는|under|below|less than|fewer than|lower than|shorter than|faster than|younger than|drops below|falls below|goes below|drop below|fall below|<|smaller than",
    ),
    (
        Filler,
        "in order to|in order|order by|of course|on top of|in case|on call|at all|point of view|관점에서",
    ),
];
