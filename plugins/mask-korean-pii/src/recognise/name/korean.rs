//! What Korean names are made of, and the common words that look like them.

use crate::{
    category::{listed, without_particle, without_particles},
    text::is_hangul,
    words::Words,
};

/// Surnames of one syllable that are common enough to count without more evidence.
const SURNAMES: &str = "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지엄채원천방공현함변염여추도소석\
    선설마길연위표명기반라왕금옥육인맹제모탁국어은편용예경봉사부가복태목형피두감호빈동온견승좌팽";

/// Surnames of two syllables.
static COMPOUND: Words =
    Words::new("남궁 황보 제갈 선우 사공 독고 서문 동방 어금 망절 강전 소봉 장곡 무본");

/// Syllables that given names are made of.
const GIVEN: &str = "가강건결겸경고관광교국권규균근금기길나난남노누늘다단달담대덕도동두라람란랑래려련령로루률름리린림마만명모목무문미민\
    바반배백범벼별병보복본봄봉부빈빛산상새샘서석선설섬섭성세소솔송수숙순슬승시식신실아안애양언연열엽영예오온완용우욱운울웅원월위유\
    윤율으은을음의이익인일임자잔장재정제조종주준중지진찬창채천철초춘출치칠탁태택평표필하학한해향헌혁현협형혜호홍화환효후훈휘흠흥희힘\
    맑밝슬잎꽃볕빈샛솜";

/// Given syllables that never end a name of three syllables, though they begin some.
const NEVER_LAST: &str = "가고교무부바백반사자조중치출칠표";

/// Common words with the form of a name, and words for people that are nobody's name.
static COMMON: Words = Words::new(
    "이미지 이용자 이용료 이용률 정보화 정보과 정보원 정수기 안마기 고구마 강아지 고양이 송아지 장아찌 도라지 이유식 이상한 \
    이상의 이하의 이전의 이후의 주문서 주문자 주소지 신청서 신청자 신청인 신고서 신고자 안내문 안내서 안전한 안정화 안정성 전문가 전주시 \
    고양시 성남시 안성시 여수시 안산시 안양시 양산시 양주시 하남시 오산시 원주시 진주시 전남도 전북도 경기도 경상도 강원도 강남구 강서구 \
    강동구 강북구 도봉구 노원구 동대문 서초구 성동구 성북구 송파구 양천구 용산구 은평구 종로구 중랑구 마포구 금천구 구로구 남구청 서구청 \
    동구청 정기적 정상화 정상적 정확한 정확도 유일한 유효한 유사한 유지한 유형별 지역별 지난주 지난달 지난해 주간별 연도별 연월일 이번주 \
    이번달 원인은 원본의 원하는 우선순 조회수 조회한 조건문 조선소 주민세 주유소 주차장 주차권 주의보 주말에 공유기 공인인 공지문 공개한 \
    국민연 국가별 기관별 기본값 기간별 기준일 기준치 기능별 기상청 기반의 방문자 방문일 방화벽 변경일 변경한 변수명 복구일 복사본 부산시 \
    부서별 부서명 사용자 사용량 사용률 사용한 사유서 사이트 상세한 선택한 선물용 설명서 설문지 설정한 성공률 성공한 성능이 소요시 소진율 \
    송수신 수신자 수신일 수정일 수정한 승인자 승인일 시작일 신규로 신용도 실시간 심사자 어린이 연결한 연동한 연락한 연장한 예매율 예산안 \
    예약자 예약일 예정일 오늘의 오류율 오류의 오전의 오후의 온도계 완료일 외국인 요청자 용량이 우리의 원격지 위치한 유저의 은행명 의료원 \
    이동한 이력이 이름이 이메일 이벤트 인증서 인증일 인원수 일시적 임시로 임직원 입력한 입원일 장애인 장애의 장치명 재고량 재시도 전국의 \
    전달한 전산실 전송한 전일의 전자정 전체의 점검일 접수일 접속자 접속한 정산일 제목이 제품명 제한된 조정한 종료일 주기적 주요한 중복된 \
    지연된 지원금 지정한 진료일 진행률 진행한 차단된 차량용 차례로 참여자 처리율 최근에 최대의 최신의 최종의 추가한 추이를 출력한 하나은 \
    하나의 하루의 한국어 한국인 함수명 해당일 현재의 현황판 확인한 환경이 회원수 효율이 고객님 고객의 관리자 담당자 운영자 개발자 책임자 \
    노동자 민원인 신입생 재학생 학부모 보호자 배송지 배달원 상담원 조리사 원산지 공무원 전문의 조합원 위원회 심의회 이사회 정부의 정류장 \
    기차역 지하철 고속도 노선도 지도의 나머지 하반기 상반기 전반기 후반기 국제선 국내선 소고기 양고기 고등어 오징어 한정식 유기농 수산물 \
    농산물 조미김 송편이 인삼주 홍삼정 나주배 감자전 김치전 부침개 우동면 하이면 이온음 두유의 연유라 주스의 복숭아 도시락 정식이 한우의 \
    문자가 문서의 문제의 문의한 이유로 이유는 여기서 여러분 모두의 모든것 모니터 모바일 모듈명 마이크 마스터 나라장 다시금 라우터 리소스 \
    서비스 시스템 서버의 서식명 석유화 노트북 구글의 구성원 구조물 구현한 류현상 강수량 강우량 온수기 \
    보안관 인사과 재무과 총무과 기획과 민원과 세무과 위생과 주택과 교육과 문화과 홍보과 감사과 전산과 정책과 안전과 도로과 하수과 상수과 건축과 \
    정보 정상 정지 정리 정책 정보의 이상 이하 이전 이후 이유 이용 이동 이력 이름 조회 조건 조치 최대 최소 최신 최근 최종 오류 오전 오후 오늘 민원 민감 \
    장애 장소 장비 강제 강화 유저 유형 유지 유효 서버 서울 서식 고객 고정 고급 전체 전송 전달 전산 전화 전국 신청 신고 신규 신용 안내 안전 안정 \
    한국 한도 한번 권한 송신 송금 홍보 문의 문서 문자 문제 양식 배송 배정 배포 배치 백업 남은 심사 심각 노드 노선 하루 하나 하위 성공 성능 성명 차단 차량 \
    주문 주소 주의 주간 주말 우선 우리 구분 구매 구성 나중 진행 진료 지연 지역 지원 지정 지표 채널 원인 원본 원격 천건 방문 방금 공지 공개 공유 현재 \
    현황 변경 변수 여권 여부 추가 추이 추천 도입 도메 소스 소요 선택 설정 설명 설치 연결 연동 연락 위치 위험 표시 명령 기간 기능 기록 기본 기준 반복 \
    반려 라인 금액 금일 인증 인원 제목 제외 제한 모두 모든 국가 국민 은행 용량 예약 예산 예외 예정 경로 경고 경우 봉사 사용 사유 사이 부서 부산 부분 \
    복구 복사 태그 목록 형식 피크 두번 감사 감지 호출 호스 동기 동시 동작 승인 없음 미상 익명 무명 테스트 홍보팀 관리 운영 담당 본인 가족 대표 \
    이관 이체 이번 임시 입력 인력 조정 조사 주기 지급 지난 정산 정기 정비 유입 유출 유료 심의 문구 방법 방식 안됨 전부 상담 신분 실명 공통 공용",
);

/// What stands behind a name. The first four may follow a name of two syllables.
static TITLES: Words = Words::new(
    "씨 님 귀하 선생 과장 팀장 부장 차장 대리 사원 주임 주무관 사무관 서기관 이사관 국장 실장 본부장 센터장 이사 상무 전무 사장 부사장 \
    대표 회장 부회장 교수 기자 간호사 판사 변호사 의원 위원 위원장 장관 차관 군수 구청장 면장 읍장 동장 소장 원장 부원장 박사 연구원 연구관 연구사 매니저 \
    주사 주사보 서기 서기보 계장 반장 총무 어르신 여사 작가 감독 선수 상담사 상담원 지도사 복지사 조사관 감사관 심사관 수사관 경위 경감 경사 순경 소방관 소방장 \
    대위 중위 소위 대령 중령 소령 병장 상병 일병 중사 상사 고객 회원 환자 학생 민원인 담당 담당자 책임 선임 수석 약사 수의사 세무사 회계사 법무사 노무사 \
    관장 단장 처장 청장 총장 학장 교장 교감 교사 강사 조교 목사 신부 스님 기사 사서 선생님 군 양",
);

/// What people own, in front of which a name stands: `홍길동 계정 잠금 풀어줘`.
static OWNED: Words = Words::new(
    "계정 세션 아이디 연락처 전화 휴대폰 이메일 주민번호 계좌 카드 여권 면허 차량 주소 생년월일 로그인 접속 명의 본인",
);

/// How much a word looks like a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    /// It cannot be one, or is a common word.
    No,
    /// Its length is a name's; nothing else speaks for it.
    Possible,
    /// A surname and one given syllable, or an unusual given name: many words look like that.
    Short,
    /// A surname and given syllables, three or four in all.
    Full,
}

/// How much a whole word looks like a name. Masks stand for any syllable.
pub(super) fn likeness(word: &[char]) -> Likeness {
    let text: String = word.iter().collect();
    let common = COMMON.has(&text) || TITLES.has(&text) || without_particles(&text).any(is_common);
    if !(2..=5).contains(&word.len()) || common || !is_hangul(word[0]) {
        return Likeness::No;
    }
    let given = |part: &[char]| part.iter().all(|c| GIVEN.contains(*c) || *c == '*');
    let compound = word
        .get(..2)
        .is_some_and(|two| COMPOUND.has(&two.iter().collect::<String>()));
    let last = word.last().is_some_and(|c| !NEVER_LAST.contains(*c));
    match word.len() {
        3 | 4 if compound && given(&word[2..]) && last => Likeness::Full,
        3 if SURNAMES.contains(word[0]) && given(&word[1..]) && last => Likeness::Full,
        2 if SURNAMES.contains(word[0]) && given(&word[1..]) && last => Likeness::Short,
        2..=5 => Likeness::Possible,
        _ => Likeness::No,
    }
}

/// Length of the name that a word is or begins with, before an honorific or a particle.
pub(super) fn name_in(word: &[char], least: Likeness) -> Option<usize> {
    let text: String = word.iter().collect();
    let honorific = ["고객님", "님께서", "님께", "님의", "님", "씨"]
        .iter()
        .find_map(|h| text.strip_suffix(h));
    let candidates = [Some(text.as_str()), honorific, without_particle(&text)];
    let best = |candidate: &str| {
        let chars: Vec<char> = candidate.chars().collect();
        (likeness(&chars), chars.len())
    };
    let mut found: Option<(Likeness, usize)> = None;
    for candidate in candidates.into_iter().flatten() {
        let (like, length) = best(candidate);
        if like >= least && found.is_none_or(|(so_far, _)| like > so_far) {
            found = Some((like, length));
        }
    }
    // `신청서는` is no name because `신청서` is none.
    let common = is_common(&text) || without_particles(&text).any(is_common);
    found.filter(|_| !common).map(|(_, length)| length)
}

/// Length of the name in a word that goes on with a title or honorific: `서가온님께`, `홍길동과장`.
pub(super) fn before_title(word: &[char]) -> Option<usize> {
    [4, 3].into_iter().find(|length| {
        word.len() > *length && likeness(&word[..*length]) == Likeness::Full && {
            let rest: String = word[*length..].iter().collect();
            is_title(&word[*length..])
                && !matches!(rest.chars().next(), Some('군' | '양' | '기' | '사'))
        }
    })
}

/// Whether a word is a title, perhaps with `님` and a particle behind it.
pub(super) fn is_title(word: &[char]) -> bool {
    let text: String = word.iter().collect();
    let mut bare = text.as_str();
    for _ in 0..4 {
        if TITLES.has(bare) {
            return true;
        }
        let less = bare
            .strip_suffix("께")
            .or_else(|| bare.strip_suffix("들"))
            .or_else(|| without_particle(bare));
        let Some(less) = less else { return false };
        bare = less;
    }
    false
}

/// Whether an unusual name of three syllables stands before the title of someone in an office; not that of the office itself.
pub(super) fn is_staff(word: &[char], title: &[char]) -> bool {
    const STAFF: &str = "사원 주임 대리 과장 차장 부장 팀장 주무관 사무관 서기관 씨";
    let title: String = title.iter().collect();
    let staff = listed(STAFF, &title)
        || STAFF.split(' ').any(|t| {
            title
                .strip_prefix(t)
                .is_some_and(|rest| without_particle(&format!("{t}{rest}")) == Some(t))
        });
    let office = word
        .last()
        .is_some_and(|c| "과팀실국부처원단청소점반장관기계별급전후내외신구현의".contains(*c));
    word.len() == 3
        && staff
        && !office
        && SURNAMES.contains(word[0])
        && word.iter().all(|c| is_hangul(*c))
}

/// Whether a word is an honorific, which only people have.
pub(super) fn is_honorific(word: &[char]) -> bool {
    let text: String = word.iter().collect();
    ["씨", "님", "귀하"].iter().any(|h| text.starts_with(h)) && is_title(word)
}

/// Whether a word is something a person has.
pub(super) fn is_owned(word: &[char]) -> bool {
    let text: String = word.iter().collect();
    OWNED.has(&text) || without_particle(&text).is_some_and(|bare| OWNED.has(bare))
}

/// `홍*동`, `홍길*`: a name of which too much is left.
pub(super) fn is_half_masked(word: &[char]) -> bool {
    (2..=4).contains(&word.len())
        && SURNAMES.contains(word[0])
        && word.contains(&'*')
        && word[1..].iter().any(|c| is_hangul(*c))
}

/// Whether a word is a common one.
pub(super) fn is_common(word: &str) -> bool {
    COMMON.has(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(word: &str) -> Likeness {
        likeness(&word.chars().collect::<Vec<_>>())
    }

    #[test]
    fn names_look_like_names_and_common_words_do_not() {
        for name in [
            "홍길동",
            "이서준",
            "박지민",
            "남궁하늘",
            "황보단",
            "최은별",
            "정수빈",
        ] {
            assert_eq!(like(name), Likeness::Full, "{name}");
        }
        for word in [
            "이미지",
            "정보화",
            "서비스",
            "시스템",
            "고객님",
            "김치전",
            "유자차",
            "유부초밥",
            "결제서비스",
        ] {
            assert!(like(word) < Likeness::Short, "{word}");
        }
        assert_eq!(like("허윤"), Likeness::Short);
        assert_eq!(like("정보"), Likeness::No);
    }

    #[test]
    fn a_name_ends_before_honorifics_and_particles() {
        let length = |word: &str| name_in(&word.chars().collect::<Vec<_>>(), Likeness::Full);
        assert_eq!(length("홍길동님께"), Some(3));
        assert_eq!(length("홍길동은"), Some(3));
        assert_eq!(length("신청서는"), None);
        let title = |word: &str| before_title(&word.chars().collect::<Vec<_>>());
        assert_eq!(title("서가온님께"), Some(3));
        assert_eq!(title("전산팀장님께"), None);
    }
}
