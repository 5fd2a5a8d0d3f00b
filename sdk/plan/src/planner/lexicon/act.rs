//! Verbs that change something, words around proposals, and what is out of reach.

use super::{
    super::concept::{
        Concept::{Cue as Q, Verb as V},
        Cue, Verb,
    },
    Rows,
};

pub(super) const ROWS: Rows = &[
    (
        V(Verb::Kill),
        "강제 로그아웃|로그아웃|로그 아웃|강제 종료|강제로 종료|세션을 종료|세션 종료해|종료해|종료시켜|종료 시켜|끊어|내보내|쫓아내|추방|강퇴|kick out|kick|log out|logout|log off|sign out|kill|terminate|disconnect|force out|log them|log him|log her|logged off|end the session|end session|drop the session",
    ),
    (
        V(Verb::Block),
        "차단해|차단시켜|차단하|차단|막아|막으|못 들어오|못들어오|못 하게|못하게|못 쓰게|못쓰게|금지|접근 제한|접근을 제한|block|ban|deny access|blacklist|blocklist|prevent|shut out|keep out|forbid|lock out|disallow",
    ),
    (
        V(Verb::Redirect),
        "돌려줘|돌려 줘|돌려|리다이렉트|리디렉션|리다이렉션|우회시켜|우회|보내줘|넘겨줘|redirect|reroute|forward|send to",
    ),
    (
        V(Verb::Limit),
        "제한하|제한해|제한 하|제한을 걸|제한|조절해|throttle|rate limit|limit|cap|restrict",
    ),
    (
        V(Verb::Grow),
        "증설해|확장해|확장하고|확장|늘려|늘리|추가해|추가|스케일 아웃|스케일아웃|스케일 업|스케일업|키워|증설하|scale out|scale up|add|increase the number|grow to|spin up",
    ),
    (
        V(Verb::Shrink),
        "축소해|축소|줄여|줄이|감축|스케일 인|스케일인|스케일 다운|스케일다운|빼줘|scale in|scale down|reduce|shrink|remove",
    ),
    (
        V(Verb::Set),
        "맞춰|맞추|조정해|설정해|스케일을|스케일해|유지해|으로 변경|scale|set|resize|adjust",
    ),
    (
        V(Verb::Rollback),
        "롤백|되돌려|이전 버전으로|직전 버전으로|원복|roll back|rollback|revert|previous version",
    ),
    (
        V(Verb::Notify),
        "알림을 줘|알림 줘|알림을 보내|알림 보내|알람을 줘|알람 줘|알림을 설정|알림 설정|알림을 걸|알람 걸|알람 설정|알림을 등록|알림 등록|알림 규칙|경보를 울|경보 울|통보해|통지해|notify|alert me|alert us|warn me|warn us|send an alert|raise an alert|page me|ping me|create an alert|set an alert|set up an alert|alert when|alert if|warn when|warn if",
    ),
    (
        Q(Cue::If),
        "으면|하면|되면|이면|^면$|넘을 때|초과 시|초과시|이상일 때|이하일 때|미만일 때|일 때|경우|if|whenever|once|as soon as|when",
    ),
    (
        Q(Cue::Access),
        "접근|접속 못|들어오|접근을|access|entering|visiting|reach|using",
    ),
    (
        Q(Cue::Approve),
        "승인|수락|허가|동의|그렇게 해|진행해|실행해|승낙|approve|accept|go ahead|confirm|agree|proceed|yes do it|do it",
    ),
    (
        Q(Cue::Deny),
        "거절|반려|거부|기각|승인하지|하지 마|하지마|reject|decline|deny|dismiss|don't do it|do not do it|turn down",
    ),
    (
        Q(Cue::Undo),
        "취소해|취소|되돌려|원래대로|철회|해제해|해제|풀어|undo|cancel|revert|take back|unblock|lift",
    ),
    (
        Q(Cue::Proposal),
        "제안을|제안|건의|그 조치|방금 조치|마지막 조치|직전 조치|proposal|suggestion|proposed action|pending|last action|previous action|that action",
    ),
    (
        Q(Cue::Remember),
        "기억해|기억 해|외워|등록해 둬|저장해 둬|별칭|이라고 부르|라고 부르|라고 하자|라 하자|이라 하자|줄여서|remember|alias|call it|let's call|name it|from now on|nickname|save as|define",
    ),
    (
        Q(Cue::Means),
        "means|mean|stands for|refers to|is short for|equals|as",
    ),
    (
        Q(Cue::Forbidden),
        "재시작|재기동|재부팅|리부팅|리스타트|껐다 켜|껐다켜|서버를 꺼|서버 꺼|전원을|셧다운|포맷|삭제|지워|초기화|비밀번호|패스워드|암호를|권한을 부여|관리자 권한|덤프|실행시켜|명령어|명령을 실행|스크립트|쉘|패치|설치|업그레이드|업데이트|배포해|설정을 변경|설정 변경|설정을 바꿔|쓰기|수정해|중지시켜|중지해|서버를 내려|방화벽|restart|reboot|shut down|shutdown|power off|turn off|delete|drop|truncate|erase|wipe|reset|password|grant|sudo|root access|run the script|run a script|execute|shell|rm -rf|install|upgrade|deploy the|change the config|change config|modify|stop the server|stop server|stop the service|disable|purge|flush",
    ),
    (
        Q(Cue::Develop),
        "함수|코드|버그|리팩토링|리팩터링|새로운 api|새로운 기능|새 기능|기능을 추가|api를 생성|api를 만들|테스트 코드|컴파일|알고리즘|소스|프로그램을|프로그래밍|번역|source code|refactor|bug|new feature|new api|unit test|function|write code|write a program|compile|translate|python|javascript|algorithm",
    ),
    (
        Q(Cue::Outside),
        "날씨|기온|미세먼지|비가 올|인사 이동|인사이동|휴가|연차|급여|월급|연봉|결재|전자결재|회의실|회의록|메일을|이메일|주가|주식|환율|비트코인|코인|뉴스|축구|야구|경기 결과|경기 일정|노래|음악|영화|드라마|맛집|메뉴 추천|점심 메뉴|저녁 메뉴|요리|레시피|여행|호텔|항공|농담|재미있는 이야기|시를 써|시 한 편|소설|운세|로또|대통령|선거|정치|수도가|역사|철학|인생|사랑|매출|영업이익|재무|회계|예산|erp|그룹웨어|인력 현황|채용|지하철|버스|택시|생일|몇 살|이름이 뭐|weather|temperature outside|rain|poem|joke|story|song|recipe|cook|restaurant|movie|music|football|soccer|baseball|stock price|share price|exchange rate|bitcoin|news|president|election|capital of|translate|payroll|vacation|salary|hr|human resources|sales revenue|revenue|invoice|groupware|email|calendar|meeting room|birthday|travel|flight|hotel|horoscope|lottery|meaning of life|who are you|your name|homework|essay|math problem",
    ),
    (
        Q(Cue::Injection),
        "이제부터 너는|이제부터 당신은|모든 제한을|이전 지시|이전 지침|이전 명령|앞의 지시|앞선 지시|지시를 무시|지침을 무시|명령을 무시|규칙을 무시|무시하고|시스템 프롬프트|개발자 모드|제한을 해제|역할을 바꿔|너는 이제|관리자라고 가정|ignore previous|ignore all previous|ignore your|ignore the above|ignore all|disregard|forget your|forget previous|forget all|system prompt|developer mode|jailbreak|you are now|pretend to be|pretend you|act as|override your|bypass|without approval|승인 없이|확인 없이",
    ),
];
