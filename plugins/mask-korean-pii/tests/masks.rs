//! What a text looks like after masking: every kind in the forms and encodings it comes in, and what must stay although it
//! looks alike. All data is made up.

use bongsu_sdk_guest::{
    Settings,
    masker::{Field, FieldKind, Masker as _},
};
use mask_korean_pii::MaskKoreanPii;

fn masked(kind: FieldKind, source: &str) -> String {
    let mut plugin = MaskKoreanPii::init(&Settings::default()).unwrap();
    let edits = plugin.mask(&[Field {
        kind,
        text: source.to_owned(),
    }]);
    let mut out = String::new();
    let mut kept_to = 0;
    for edit in edits {
        assert!(
            edit.start as usize >= kept_to && edit.end > edit.start,
            "{source}: {edit:?}"
        );
        out.push_str(&source[kept_to..edit.start as usize]);
        out.push_str(&edit.replacement);
        kept_to = edit.end as usize;
    }
    out + &source[kept_to..]
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(source, expected)| (source, expected, masked(FieldKind::Text, source)))
        .filter(|(_, expected, found)| *expected != found)
        .map(|(source, expected, found)| {
            format!("{source}\n  expected {expected}\n  found    {found}")
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[track_caller]
fn stays(sources: &[&str]) {
    check(&sources.iter().map(|s| (*s, *s)).collect::<Vec<_>>());
}

#[test]
fn registration_numbers() {
    check(&[
        (
            "주민번호는 850607-2345678 입니다",
            "주민번호는 850607-******* 입니다",
        ),
        ("juminNo=8506072345678&x=1", "juminNo=850607*******&x=1"),
        (r#"{"rrn":"850607-5******"}"#, r#"{"rrn":"850607-*******"}"#),
        (
            "주민번호 앞자리 850607-2 까지만",
            "주민번호 앞자리 ******-* 까지만",
        ),
        (
            "WHERE rrn LIKE '850607-2345678%'",
            "WHERE rrn LIKE '850607-*******%'",
        ),
        (
            "SELECT fn_check_jumin('8506072345678')",
            "SELECT fn_check_jumin('850607*******')",
        ),
    ]);
    stays(&[
        "법인등록번호 110111-1234567",
        "corpRegNo=110111-1234567",
        "ts=1712251200123",
        "/goods/8801234567893",
        "991332-1234567",
    ]);
}

#[test]
fn telephone_numbers() {
    check(&[
        ("전화 010-9876-5432 로", "전화 010-****-5432 로"),
        ("01098765432", "010****5432"),
        ("+82 10-9876-5432", "+82 10-****-5432"),
        ("tel=%2B821098765432", "tel=%2B8210****5432"),
        (
            "(02) 987-6543 또는 031)123-4567",
            "(02) ***-6543 또는 031)***-4567",
        ),
        ("fax: 0505-123-4567", "fax: 0505-***-4567"),
        ("010-98**-5432", "010-****-5432"),
        (
            "공일공 구팔칠육 오사삼이 로 문자",
            "공일공 **** 오사삼이 로 문자",
        ),
        ("+1 415-555-0132", "+* ***-***-****"),
        ("02 987 6543 (전화)", "02 *** 6543 (전화)"),
    ]);
    stays(&[
        "1588-1234",
        "고객센터 1600-1234",
        "119 112 1339",
        "010-****-5432",
        "2024-0101-1234",
        "0.010 1234 packets",
        "rx 010 1234 drop",
    ]);
}

#[test]
fn cards_and_accounts() {
    check(&[
        ("card 4111 1111 1111 1111 ok", "card **** **** **** 1111 ok"),
        ("4111111111111111", "************1111"),
        ("pan=378282246310005", "pan=***********0005"),
        ("9410-1234-5678-9012", "****-****-****-9012"),
        ("4111-11**-****-1111", "****-****-****-1111"),
        ("신한 110-123-456789 로 송금", "신한 ***-***-**6789 로 송금"),
        ("토스뱅크 1000-1234-5678", "토스뱅크 ****-****-5678"),
        (
            "국민은행 계좌 123456-04-123456",
            "국민은행 계좌 ******-**-**3456",
        ),
        (
            "withdraw_acct_no = '3333012345678'",
            "withdraw_acct_no = '*********5678'",
        ),
    ]);
    stays(&[
        "orderNo=4111111111111111",
        "stl_no = '5105105105105100'",
        "4111111111111112",
        "123-45-67890",
        "****-****-****-1111",
    ]);
}

#[test]
fn documents_and_vehicles() {
    check(&[
        ("여권 M12345678", "여권 M********"),
        ("passport=m123a4567", "passport=m********"),
        ("doc S987B6543 scanned", "doc S******** scanned"),
        ("면허 11-22-123456-78", "면허 11-**-******-**"),
        ("경기 95-123456-78 면허", "경기 **-******-** 면허"),
        (
            "차량 서울12가3456, 345나6789",
            "차량 서울12가****, 345나****",
        ),
        ("plate=12%EA%B0%803456", "plate=12%EA%B0%80****"),
    ]);
    stays(&[
        "part_cd = 'M12345678'",
        "12주 3456건",
        "30대 4200명",
        "2024년 1234",
        "99-22-123456-78",
        "3가 1234",
    ]);
}

#[test]
fn mail() {
    check(&[
        ("kim.cs@mail.example 로", "k**.**@mail.example 로"),
        ("to=a_b%40mail.example&x", "to=a_*%40mail.example&x"),
        ("hong [at] mail.example", "h*** [at] mail.example"),
        ("<x@y.co.kr>", "<x@y.co.kr>"),
        ("ab***@mail.example", "a****@mail.example"),
    ]);
    stays(&[
        "svelte@5.1.0",
        "logo@2x.png",
        "HikariPool@5f2a9c10",
        "getty@tty1.service",
        "git@git.site.example:infra/edge.git",
        "@Override",
    ]);
}

#[test]
fn names() {
    check(&[
        ("이름: 박서연, 나이 3", "이름: 박**, 나이 3"),
        ("emp_nm = '제갈민'", "emp_nm = '제**'"),
        ("박서연 씨 계정", "박** 씨 계정"),
        ("남궁민수과장 승인", "남***과장 승인"),
        ("박서연님께 발송", "박**님께 발송"),
        ("윤*호 님", "윤** 님"),
        (r#"["박서연","오지훈"]"#, r#"["박**","오**"]"#),
        ("CALL p('박서연', 3)", "CALL p('박**', 3)"),
        (
            r#"{"applicant":{"name":"허준"}}"#,
            r#"{"applicant":{"name":"허*"}}"#,
        ),
        (
            r#"{"member":[{"name":"박 서 연"}]}"#,
            r#"{"member":[{"name":"박 * *"}]}"#,
        ),
        ("박서연 010-9876-5432", "박** 010-****-5432"),
        (
            "custName=%EB%B0%95%EC%84%9C%EC%97%B0",
            "custName=%EB%B0%95**",
        ),
        (r"name=\ubc15\uc11c\uc5f0", r"name=\ubc15**"),
        (
            "lastName=Okafor&firstName=Ada",
            "lastName=O*****&firstName=A**",
        ),
        (
            "Please ask Emily Novak about it",
            "Please ask E**** ***** about it",
        ),
        ("Contact: Kim Minjun", "Contact: K** ******"),
        ("customer: Petra Novak", "customer: P**** *****"),
        (
            "INSERT INTO applicant (nm, age) VALUES ('도담', 3)",
            "INSERT INTO applicant (nm, age) VALUES ('도*', 3)",
        ),
        ("userName=박서연", "userName=박**"),
        ("박서연 계정 잠금 풀어줘", "박** 계정 잠금 풀어줘"),
    ]);
    stays(&[
        r#"{"name":"이미지"}"#,
        r#"{"name":"전자레인지","price":3}"#,
        r#"{"menu":{"name":"조은정"}}"#,
        "product_nm = '오미자'",
        "이용자님 안녕하세요",
        "고객님, 담당자님, 전산팀장님",
        "service.name=order-api, host.name=was-1",
        "정보 조회 이상 최대 오류 민원 장애",
        "신청서 접수 담당자 배정",
        "Grace Period expired, May 3 April 5, Bill the customer",
        "name=***, name=[NAME], name=? name=#{name} name=null",
        "이유는 이미지가 전송되지 않아서",
        "Unexpected Token, Illegal State, Internal Server Error",
    ]);
}

#[test]
fn places_and_dates() {
    check(&[
        (
            "addr=경기도 용인시 수지구 푸른숲로 12-3, 101동 202호 끝",
            "addr=경기도 용인시 수지구 **** **-*, **** **** 끝",
        ),
        (
            "부산광역시 남구 바람동 123-4 (바람아파트)",
            "부산광역시 남구 *** ***-* (*****)",
        ),
        (
            "12, Pureunsup-ro, Suji-gu, Yongin-si, Gyeonggi-do",
            "**, *********-**, Suji-gu, Yongin-si, Gyeonggi-do",
        ),
        ("birth=1990-05-06", "birth=1990-**-**"),
        ("생년월일 900506", "생년월일 90****"),
        ("생일이 1990년 5월 6일", "생일이 1990년 *월 *일"),
        (
            "lat=37.123456&lng=127.123456",
            "lat=37.12****&lng=127.12****",
        ),
        ("at 35.12345, 129.12345", "at 35.12***, 129.12***"),
    ]);
    stays(&[
        "부산 해운대구 접속자 수",
        "서울 IDC 3층 랙 B-12",
        "대전광역시 서구로 3건 전송",
        "2024-05-06 10:00:00",
        "reg_dt BETWEEN '2024-01-01' AND '2024-01-31'",
        "p50_ms=37.123456, p99_ms=127.123456",
        "37.12, 127.12",
    ]);
}

#[test]
fn addresses_of_clients() {
    check(&[
        ("client_ip=10.1.2.3", "client_ip=10.1.*.*"),
        ("from 198.51.100.7 port 22", "from 198.51.***.* port 22"),
        (
            "X-Forwarded-For: 198.51.100.7, 10.1.2.3",
            "X-Forwarded-For: 198.51.***.*, 10.1.2.3",
        ),
        ("client=2001:db8:1::7", "client=2001:db8:*::*"),
        ("203.0.113.*", "203.0.***.*"),
    ]);
    stays(&[
        "upstream 198.51.100.7:8080",
        "http://198.51.100.7/x",
        "127.0.0.1 ::1 0.0.0.0 10.1.2.3",
        "v3.2.10.1 and edge-1.10.2.0.tar.gz and 2.10.3.1",
        "198.51.100.0/24",
        "10:20:14 aa:bb:cc:dd:ee:ff std::string",
        "serverIp=198.51.100.7",
    ]);
    let agent = "Mozilla/5.0 Chrome/120.99.199.201 Safari/537.36";
    assert_eq!(masked(FieldKind::UserAgent, agent), agent);
}

#[test]
fn users_and_secrets() {
    check(&[
        ("userId=kim_cs77 x", "userId=k**_**** x"),
        ("user 'kim.cs' locked", "user 'k**.**' locked"),
        ("아이디 kimcs 로그인", "아이디 k**** 로그인"),
        (
            "Failed password for invalid user kimcs from 198.51.100.7",
            "Failed password for invalid user k**** from 198.51.***.*",
        ),
        (r#"{"user":{"id":"kim_cs"}}"#, r#"{"user":{"id":"k**_**"}}"#),
        ("박서연 주임 (sy.park)", "박** 주임 (s*.****)"),
        ("password=Abc!2345", "password=****"),
        (r#"{"passwd":"hello"}"#, r#"{"passwd":"****"}"#),
        (
            "https://kim:s3cret@site.example/x",
            "https://kim:****@site.example/x",
        ),
        (
            "Authorization: Bearer abcDEF123456ghiJKL789",
            "Authorization: Bearer abcD****",
        ),
        (
            "Cookie: lang=ko; JSESSIONID=0A1B2C3D4E5F60718293A4B5C6D7E8F9",
            "Cookie: lang=ko; JSESSIONID=0A1B****",
        ),
        (
            "session 0a1b2c3d-0000-4000-8000-0123456789ab expired",
            "session 0a1b**** expired",
        ),
        (
            "/password/reset/0a1B2c3D4e5F6a7B8c9D",
            "/password/reset/0a1B****",
        ),
        (
            "X-Amz-Signature=0a1b2c3d4e5f60718293a4b5c6d7e8f9&x=1",
            "X-Amz-Signature=0a1b****&x=1",
        ),
        ("비밀번호: Qwer!234 로 초기화", "비밀번호: **** 로 초기화"),
    ]);
    stays(&[
        "user=app_rw userId= userId=? user=root",
        "password policy: minimum length 10, token lifetime 3600 s",
        "max_tokens=4096, prompt_tokens: 1024",
        "password=*** password=? (using password: YES)",
        "traceId=0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "commit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        "sha256:0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "/jobs/0a1b2c3d-0000-4000-8000-0123456789ab/result",
        "session of user postgres",
        "사용자 수와 세션 수, 아이디 목록",
        "distinct users per user agent",
    ]);
}

#[test]
fn every_encoding_of_one_value() {
    check(&[
        (
            r#"{"m":"{\"tel\":\"010-9876-5432\"}"}"#,
            r#"{"m":"{\"tel\":\"010-****-5432\"}"}"#,
        ),
        ("０１０－９８７６－５４３２", "０１０－****－５４３２"),
        ("010–9876–5432", "010–****–5432"),
        ("q=010%2D9876%2D5432", "q=010%2D****%2D5432"),
        ("010\u{200b}-9876-5432", "010\u{200b}-****-5432"),
    ]);
}

/// Each of these took minutes when a part of the work was done once per label, and some milliseconds when it is not.
#[test]
fn work_is_proportional_to_length() {
    for unit in [
        "a=",
        "name=",
        "{a:",
        "[a:",
        "user ",
        "이름 ",
        "from x where ",
        "tel in (",
        "x) values (",
        "in ('",
        "a@b.kr ",
        "\\",
        "%25",
        "://",
        "홍길동 ",
        "010-1234-5678 ",
        "1.",
        "1-",
        "°1",
        "Ab Cd ",
        "A-ro ",
        "'",
        "\"",
        "a='",
        "session ",
        "[at]",
        "공",
        "서울 ",
        "eyJ.",
        "params: ? ",
    ] {
        masked(FieldKind::Text, &unit.repeat((128 << 10) / unit.len()));
    }
}

#[test]
fn nothing_makes_it_fail() {
    let pieces = [
        "",
        "%",
        "%E",
        "\\",
        "\\u",
        "(",
        ")",
        "'",
        "\"",
        "=",
        ":",
        "?",
        "010-",
        "홍",
        "*",
        "@",
        "a@",
        "VALUES (",
        "://",
        "\u{1F600}",
    ];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                let text = format!("{a}{b}{c}{a}");
                masked(FieldKind::Text, &text);
            }
        }
    }
}
