//! Words that say what is wanted to be known, and how it is wanted to be shown.

use super::{
    super::concept::{
        Concept::{Cue as Q, Filler, Noun as Thing},
        Cue, Noun,
    },
    Rows,
};

pub(super) const ROWS: Rows = &[
    (
        Q(Cue::Show),
        "보여|알려|조회|출력|표시해|표시|말해|가르쳐|확인해|확인|알고 싶|궁금|뽑아|정리해|정리|요약해|요약|띄워|내놔|show|give|tell|display|print|let me see|let me know|summarize|summarise|summary|check|see|want to know|get me|fetch",
    ),
    (
        Q(Cue::Find),
        "찾아|찾고|찾은|찾기|검색|골라|탐지|추려|find|look for|search for|identify|detect|pick out",
    ),
    (
        Q(Cue::List),
        "목록|리스트|내역|이력|명단|명부|로그를|list|listing|history|log of|enumerate",
    ),
    (
        Q(Cue::Count),
        "몇 명|몇명|몇 개|몇개|몇 건|몇건|몇 번|몇 회|몇 대|몇 차례|건수|횟수|개수|how many|number of|count of|count|^수는|^수를|^수가|^수$",
    ),
    (
        Q(Cue::HowMuch),
        "얼마나|얼마야|얼마죠|얼마지|얼마인|얼마|몇 %|몇 퍼센트|몇 프로|몇|how|how much|how high|how fast|how long|how is|how are|how was",
    ),
    (Q(Cue::Which), "^어떤|^어느|^무슨|which"),
    (Q(Cue::Who), "^누가|^누구|who|whose"),
    (Q(Cue::Where), "^어디|where"),
    (
        Q(Cue::When),
        "^언제|when did|when was|when were|what time|when is|at what time|which time",
    ),
    (Q(Cue::What), "무엇|뭐뭐|뭐야|뭐지|뭐가|뭔지|^뭐|^뭘|what"),
    (Q(Cue::Most), "가장|제일|최다|젤|most|greatest"),
    (
        Q(Cue::High),
        "높은|높았|높아|높게|많은|많았|많아|많이|많고|^큰$|최상위|high|highest|largest|biggest|heaviest|heavy|heavily|worst|maximal",
    ),
    (
        Q(Cue::Low),
        "낮은|낮았|낮아|적은|적었|적게|작은|lowest|fewest|least|smallest|lightest|low",
    ),
    (
        Q(Cue::Top),
        "^상위|^탑$|^탑 |순위|랭킹|순으로|top|rank|ranking|leading",
    ),
    (Q(Cue::Bottom), "^하위|bottom"),
    (
        Q(Cue::Slow),
        "느린|느려진|느려|느렸|느리|늦은|늦어|지연된|지연이|지연|오래 걸리|오래 걸린|slow|slowest|slower|sluggish|slowed|laggy|delayed|delay",
    ),
    (Q(Cue::Fast), "빠른|빨라|fastest|quickest"),
    (
        Q(Cue::Busy),
        "바쁜|바빠|바쁘|붐빈|붐비는|붐벼|붐볐|몰린|몰리는|busiest|busy|crowded|most loaded|overloaded",
    ),
    (
        Q(Cue::Quiet),
        "한가한|한가해|한산한|한산해|여유로운|여유 있는|널널한|quietest|quiet|least busy|least loaded|idle|idlest",
    ),
    (
        Q(Cue::Used),
        "많이 쓰는|많이 쓴|많이 사용|많이 찾는|많이 방문|많이 조회|인기|requested|visited|viewed|accessed|popular|frequently used|used",
    ),
    (Q(Cue::Per), "^별로|^별|^마다|^당 "),
    (
        Q(Cue::PerBefore),
        "^각각|^각|per|by each|for each|each|by|grouped by|broken down by|split by|break down by|every",
    ),
    (
        Q(Cue::Step),
        "^단위로|^단위의|^단위|간격으로|간격|기준으로|기준|^씩|step|interval|bucket|granularity|resolution|increment",
    ),
    (
        Q(Cue::Trend),
        "추이|변화|변동|흐름|추세|경향|트렌드|어떻게 변|시계열|trend|over time|evolution|time series|timeline|how has|course of",
    ),
    (Q(Cue::Statistics), "통계|statistics|stats"),
    (
        Q(Cue::State),
        "상태|상황|현황|어때|어떤가|어떻게 돼|어떻게 되|어떻게 됐|어떠|잘 돌아|괜찮|doing|state|status of|overview|situation|health|healthy|ok",
    ),
    (
        Q(Cue::Chart),
        "그래프|차트|도표|그려|시각화|graph|chart|plot|draw|visualize|visualise",
    ),
    (
        Q(Cue::Table),
        "^표로|^표를|^표와|^표$|테이블로|테이블|table|tabular|as a table",
    ),
    (Q(Cue::Pdf), "pdf"),
    (Q(Cue::Xlsx), "엑셀|xlsx|excel|spreadsheet|스프레드시트"),
    (Q(Cue::Markdown), "마크다운|markdown"),
    (
        Q(Cue::Report),
        "주간보고|월간보고|보고서|리포트|레포트|보고 자료|리포드|report|write up",
    ),
    (Q(Cue::Weekly), "주간|weekly"),
    (Q(Cue::Monthly), "월간|monthly"),
    (
        Q(Cue::Compare),
        "비교|대비하여|대비해서|대비|견주|대조|차이|compare|comparison|compared|versus|vs|against|difference|relative to",
    ),
    (Q(Cue::Versus), "보다|에 비해|에비해|에 비하면|비해서|than"),
    (
        Q(Cue::Change),
        "증가했|증가하|증가|감소했|감소|늘었|늘어났|줄었|줄어들|달라졌|변했|올랐|떨어졌|높아졌|increase|increased|grow|grew|grown|decrease|decreased|changed|risen|dropped|higher|lower|more or less|gone up|gone down|rise",
    ),
    (
        Q(Cue::SideBySide),
        "나란히|함께 보여|같이 보여|겹쳐|한 화면에|side by side|together|overlay|next to each other",
    ),
    (
        Q(Cue::Correlate),
        "상관|연관|관련성|관계|영향을 주|correlate|correlation|correlated|relationship|related to",
    ),
    (
        Q(Cue::Why),
        "^왜|원인|이유|때문|근본 원인|why|cause|caused|causing|root cause|reason|due to|blame|responsible for|explain",
    ),
    (
        Q(Cue::Analyse),
        "분석|진단|analyze|analyse|analysis|diagnose|diagnosis|investigate",
    ),
    (
        Q(Cue::Trouble),
        "자꾸 실패|계속 실패|자꾸 에러|계속 에러|장애|문제|병목|불능|안 돼|안돼|안 되|안되|안 됩|안됩|안 됨|안됨|못 들어가|느려요|느립니다|안 떠|안떠|안 열|안열|안 들어가|안들어가|안 나와|접속이 안|먹통|뻗|죽었|멈췄|멈춰|다운됐|다운되|끊겨|끊김|버벅|렉|타임아웃|outage|incident|problem|bottleneck|broken|not working|does not work|doesn't work|isn't working|down|failing|crash|crashed|unavailable|can't|cannot|timeout|trouble|wrong|stuck|frozen",
    ),
    (
        Q(Cue::WhatsUp),
        "무슨 일|왜 이래|왜이래|왜 그래|뭔 일|무슨 문제|what's going on|what is going on|what's happening|what is happening|what happened|what's wrong|what is wrong|what went wrong",
    ),
    (
        Q(Cue::Anomaly),
        "비정상|이상 징후|이상 현상|이상 패턴|이상 행위|이상한|의심스러운|anomaly|anomalies|anomalous|abnormal|unusual|suspicious|outlier",
    ),
    (
        Q(Cue::StandsOut),
        "특이사항|특이 사항|특이점|특이한 점|이상치|눈에 띄는|눈에 띈|눈에 띄|stood out|stands out|stand out|standing out|out of the ordinary|noteworthy",
    ),
    (
        Q(Cue::Surge),
        "급증|폭증|급등|치솟|튀게|튀었|튀는|튄|뛰었|스파이크|급격히|spike|spiked|surge|surged|jumped|shot up|soared|sudden increase",
    ),
    (
        Q(Cue::AtTime),
        "했을 때|^때$|^때에|^때의|^시점|^순간|급증 시|^시에$|^시$|발생 시|when|while|at the time|the moment",
    ),
    (
        Q(Cue::Peak),
        "피크 타임|피크타임|피크 시간대|피크 시간|피크 시점|피크|정점|최고점|최고조|peak time|peak hour|peak|peaked|high point|busiest time|busiest hour",
    ),
    (
        Q(Cue::Forecast),
        "예측|예상|전망|내다|forecast|predict|prediction|projected|projection|expect|expected|estimate|outlook",
    ),
    (
        Q(Cue::Probability),
        "확률|가능성|probability|likelihood|chance|likely|how likely",
    ),
    (
        Q(Cue::WillIt),
        "넘을까|될까|할까|갈까|오를까|늘까|늘어날까|초과할까|도달할까|떨어질까|닿을까|것 같|will|going to|would",
    ),
    (
        Q(Cue::Threshold),
        "임계치|임계값|한계치|한계|기준치|threshold|limit level",
    ),
    (
        Q(Cue::Sizing),
        "더 늘려야|늘려야 돼|늘려야 하|늘려야 할|증설 필요|증설이 필요|증설해야|증설하여야|증설할|줄여도|줄여도 될|줄여도 괜찮|버틸 수|버틸수|버티나|버텨|감당|증설|증원|^용량 산정|^용량 계획|^용량|리소스 확보|자원 확보|서버 대수|몇 대가 필요|몇 대 필요|capacity planning|capacity|sizing|more server|more instances|enough server|add servers|additional server|servers do we need|many servers|fewer servers|right size",
    ),
    (
        Q(Cue::Need),
        "필요|여부|충분|부족|감당|버틸|견딜|모자|여유|괜찮을까|해야 하|해야 할|해야할|야 하나|야 할까|야 되나|야 하는지|야 할지|야 될까|need|enough|sufficient|should we|necessary|handle|cope|do we have|required",
    ),
    (
        Q(Cue::Journey),
        "전체 과정|전 과정|전체 흐름|처리 과정|호출 경로|호출 흐름|호출 체인|요청 흐름|요청 경로|어떤 경로|구간별|end to end|across services|call chain|call path|whole path|full path|journey|request flow",
    ),
    (
        Q(Cue::Stay),
        "머물|머무르|체류|위치해|접속해 있|들어가 있|보고 있|which page|what page|staying|looking at|browsing",
    ),
    (
        Q(Cue::Located),
        "어느 페이지|어떤 페이지|어느 화면|어디에 있|어디 있|어디있|위치|어느 url에 있|where is|where are|location of|locate|whereabouts",
    ),
    (
        Q(Cue::Failed),
        "실패한|실패된|실패|에러가 난|에러 난|에러난|오류가 난|오류 난|오류난|에러가 발생한|오류가 발생한|에러 발생한|오류 발생한|문제가 발생|failed|failing requests|errored|erroneous|unsuccessful",
    ),
    (Q(Cue::Created), "생성된|생성|created|opened"),
    (
        Q(Cue::Destroyed),
        "소멸된|소멸|종료된|destroyed|ended|closed",
    ),
    (Q(Cue::Duplicate), "중복|duplicate"),
    (
        Q(Cue::LongLived),
        "장시간|장기간|오랫동안|오래도록|오래 켜둔|오래 켜 둔|오래 접속|오래된|오래 머문|오래 머무|long running|long lived|for a long time|long standing|long session|idle long|longest connected",
    ),
    (
        Q(Cue::Connected),
        "접속 중인|접속중인|접속한|붙어 있는|붙어있는|붙어 있|붙어있|들어와 있|들어와있|접속된|접속 중|접속|로그인한|로그인 중인|로그인 상태|connected|logged in|signed in|online|old",
    ),
    (
        Q(Cue::Took),
        "몇 초|몇초|몇 밀리초|걸린|걸리는|걸렸|소요된|소요|took|taking|takes|lasting|lasted",
    ),
    (
        Q(Cue::All),
        "모든|전체|전부|모두|싹 다|일괄|all|every|everyone|everybody|everything|entire|whole",
    ),
    (
        Q(Cue::Deictic),
        "^^이 |^^그 |^^저 |^해당|^특정|^아까|^방금 그|^^그거|^^이거|^^그것|^^이것|this|that|these|those|it|certain|specific|a particular|particular|them",
    ),
    (Q(Cue::Same), "동일한|동일|같은|same"),
    (
        Q(Cue::Follow),
        "^그럼|^그러면|^그렇다면|^그리고|^또$|^추가로|what about|how about|and for|and in|and|then|also",
    ),
    (
        Q(Cue::Model),
        "llm|프롬프트|언어 모델|ai 모델|ai 비용|토큰 사용량|토큰|챗봇|gpt|너는 왜|네가|그렇게 답|답변한|대답한|그런 결론|결론을 내|language model|prompt|token usage|tokens|the model|ai model|your answer|you answer|you conclude|your conclusion|did you",
    ),
    (
        Q(Cue::Unmeasured),
        "디스크|하드|스토리지|대역폭|전력|온도|배터리|disk|storage|bandwidth|battery|temperature of|power consumption|gpu",
    ),
    (Q(Cue::Only), "^만 |만$|only|just"),
    (
        Thing(Noun::Action),
        "차단 이력|차단 내역|로그아웃 이력|롤백 이력|확장 이력",
    ),
    (
        Thing(Noun::Deployment),
        "재시작 이력|재시작 내역|restart history",
    ),
    (
        Thing(Noun::ModelCall),
        "모델 호출|llm 호출|llm 비용|llm 사용량|모델 비용|model call|llm call|llm cost|model cost|llm usage|model usage|cost of the model",
    ),
    (
        Filler,
        "안녕하세요|안녕|반가워|고마워|감사합니다|감사|도움말|도와줘|사용법|테스트|hello|hi|hey|thanks|thank you|help|usage|test|전국|국내|우리|해주세요|해줘|해 줘|해줄래|주세요|줄래|부탁|좀$|please|could you|can you|would you|i want|i need|i'd like|the|of|in|on|at|for|is|are|was|were|do|does|did|we|our|have|has|had|there|be|been|me|us|a|an|nationwide|national|country|korea|한국|대한민국",
    ),
];
