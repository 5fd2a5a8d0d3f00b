//! What a key, a column or a word in front of a value says the value is.

use std::{collections::BTreeMap, sync::OnceLock};

use crate::{text::is_hangul, words::Words};

/// What stands under a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    /// A person's name.
    Name,
    /// A name that may be a person's: `name`, or someone's role.
    MaybeName,
    /// A user's name: in Korean systems often the real one, elsewhere the login.
    UserName,
    Phone,
    Email,
    Rrn,
    Card,
    Account,
    /// `account`: a bank's or a user's.
    AccountOrUser,
    Passport,
    DriverLicense,
    Plate,
    Address,
    Birth,
    ClientIp,
    ServerIp,
    Geo,
    UserId,
    /// Perhaps a login name: `id`, or a message about a login.
    MaybeUserId,
    Password,
    Token,
    /// A number or code that identifies a thing: order, document, trace, time, version, amount.
    Neutral,
    /// A name of a thing: product, file, service.
    Thing,
}

use Category::{
    Account, AccountOrUser, Address, Birth, Card, ClientIp, DriverLicense, Email, Geo, MaybeName,
    MaybeUserId, Name, Neutral, Passport, Password, Phone, Plate, Rrn, ServerIp, Thing, Token,
    UserId, UserName,
};

/// Keys in English, written together and in lower case; they match the end of a key.
const KEYS: &[(Category, &str)] = &[
    (
        Name,
        "fullname firstname lastname givenname familyname middlename surname realname legalname korname engname \
            nickname",
    ),
    (UserName, "username"),
    (
        MaybeName,
        "receiver recipient sender holder accountholder cardholder applicant customer reporter assignee requester \
                 requestor approver author writer owner manager patient employee guardian depositor remitter payer payee \
                 beneficiary insured visitor student teacher resident citizen signer buyer seller driver passenger guest \
                 leader teamleader chief chairman attendee participant claimant petitioner complainant registrant contactperson rcvr recvnm rcvnm",
    ),
    (
        Phone,
        "phone mobile tel telno telephone hp hpno handphone cell cellphone cellno phoneno phonenum phonenumber mobileno \
             mobilenum mobilenumber mobilephone contactno contactnumber contacttel msisdn fax faxno faxnumber callback \
             callbackno callbacknumber caller callee callerid hometel officetel smsto recvno rcvno sendno ctn cphone mphone \
             tel1 tel2 tel3 mobileno",
    ),
    (
        Email,
        "email mail emailaddr emailaddress mailaddr mailaddress emailid",
    ),
    (
        Rrn,
        "rrn rrno jumin juminno juminnum juminnumber juminbunho ssn ssno ssnno residentno residentnumber residentid \
           residentregno residentregistrationnumber frn foreignerno foreignerregno foreignregno foreignerid alienno \
           alienregno arcno socialno socialnumber personalno ihidnum nationalid idcardno",
    ),
    (
        Card,
        "card cardno cardnum cardnumber cardnbr creditcard creditcardno creditcardnumber ccnum ccno ccnumber pan \
            debitcard primaryaccountnumber",
    ),
    (
        Account,
        "acct acctno acctnum acctnumber accountno accountnum accountnumber accno accnum bankaccount bankaccountno \
               bankacct bankno vacctno virtualaccount depositaccount refundaccount withdrawaccount accnt accntno iban \
               gyejwa bankaccountnumber actno",
    ),
    (AccountOrUser, "account"),
    (
        Passport,
        "passport passportno passportnum passportnumber passportid ppno psptno psptnum",
    ),
    (
        DriverLicense,
        "driverlicense driverlicence driverlicenseno driverlicenceno driverslicense driverslicenseno licenseno \
                     licenceno licensenumber licencenumber driverlicensenumber drvlicno driveno dlno driverno \
                     drivinglicense drivinglicence drivinglicenceno",
    ),
    (
        Plate,
        "carno carnum carnumber plate plateno platenum platenumber licenseplate vehicleno vehiclenum vehiclenumber vhclno \
             regplate carplate vehicleplate",
    ),
    (
        Address,
        "addr address roadaddr roadaddress homeaddr homeaddress shipaddr shippingaddress deliveryaddr deliveryaddress \
               dtladdr detailaddr addrdetail addressdetail addrdtl addressline jibunaddr streetaddress street residence",
    ),
    (
        Birth,
        "birth birthdate birthday birthdt birthymd birthde dob dateofbirth bday brth brthdy brdt bthday birthdaydate",
    ),
    (
        ClientIp,
        "clientip clientaddr clientaddress remoteaddr remoteip remoteaddress remotehost xforwardedfor forwardedfor \
                xrealip realip userip loginip accessip connip connectip connectedip visitorip sourceip srcip srcaddr \
                requestip reqip client remote src xff trueclientip cfconnectingip rhost callerip customerip ip ipaddr \
                ipaddress clienthost xclientip peeraddr peerip fromip regip wrtip cip",
    ),
    (
        ServerIp,
        "serverip server serveraddr serveraddress upstream upstreamaddr host hostip hostname nodeip node podip pod \
                dbhost dbip db listen bind bindaddr bindaddress listenaddr dst dest destip dstip destinationip targetip target \
                vip virtualip gateway gw nameserver dns endpoint backend backendip proxy proxypass master slave replica \
                redis localaddr localip lb clusterip serviceip loadbalancer svcip wasip webip broker leader follower \
                containerip instanceip privateip internalip",
    ),
    (
        Geo,
        "lat lng lon long latitude longitude gps pos position location loc coord coords coordinate coordinates geo \
           geopoint latlng latlon lonlat lnglat gpslat gpslng gpslon point xpos ypos",
    ),
    (
        UserId,
        "userid loginid memberid custid customerid empid employeeid adminid accountid mbrid memid usrid uid loginname \
              loginuser login user userno empno employeeno membernumber principal createdby updatedby modifiedby \
              deletedby operatorid operator actor actorid ruser userlogin registerid regid regrid rgtrid modid mdfrid \
              writerid authorid senderid receiverid ownerid managerid approverid studentid patientid",
    ),
    (MaybeUserId, "id"),
    (
        Password,
        "password passwd passwrd pwd pass passphrase pw userpw userpwd loginpw loginpwd newpassword oldpassword \
                currentpassword passcode passwordconfirm dbpassword masterpassword pin pinno pinnumber otp otpcode secret \
                clientsecret userpassword rootpassword",
    ),
    (
        Token,
        "token accesstoken refreshtoken idtoken authtoken apitoken bearertoken resettoken verifytoken invitetoken \
             sessiontoken csrftoken xsrftoken devicetoken pushtoken fcmtoken rememberme remembertoken apikey xapikey appkey \
             servicekey secretkey accesskey accesskeyid privatekey authkey authkeyid certkey crtfckey licensekey \
             encryptionkey signingkey session sessionid sessid sid jsessionid phpsessid connectsid aspnetsessionid \
             sessionkey sesskey signature sig xamzsignature xgoogsignature xamzsecuritytoken xamzcredential credential \
             hmac jwt bearer authorization proxyauthorization csrf xsrf xcsrftoken xxsrftoken ticket assertion \
             samlresponse webhooksecret sessioncookie authcookie ssotoken onetimetoken confirmtoken activationkey",
    ),
    (
        Neutral,
        "traceid spanid trace span parentid requestid xrequestid reqid correlationid transactionid txid txseq tid \
               commit sha sha1 sha256 sha512 md5 digest checksum crc etag hash idempotencykey jobid messageid msgid eventid \
               orderno orderid ordno ordernumber orderseq invoiceno receiptno approveno approvalno stlno trackingno waybillno \
               partno partcd lot lotno serial serialno gtin ean isbn barcode upc sku goodsno itemno prodno productno bizno \
               businessno businessnumber brn bizregno corpno corpregno corpnumber crn ts timestamp time datetime version ver \
               build rev revision port pid ppid thread seq idx index code cd status ms us ns sec duration elapsed latency \
               price amount amt total sum count cnt qty size bytes length len offset limit page zip zipcode postcode \
               postalcode docno docid fileid boardno postno noticeno caseno reportno width height heap max min avg mean p50 \
               p90 p95 p99 rate ratio score percent created updated expires expiry exp iat nbf start end millis \
               epoch createdat updatedat etagid uuid guid objectid resourceid deviceseq deviceid",
    ),
];

/// Words in front of `name` or `nm` that make it a person's.
static PERSON: Words = Words::new(
    "user member cust customer emp employee person people full first last given family real kor eng recv rcv \
    rcvr receiver recipient sender send owner holder applicant applcnt aplcnt patient student guardian parent child rider \
    driver visitor guest contact manager mngr mgr reg rgtr writer wrtr author depositor dpstr payer payee nick resident staff \
    citizen insured reporter assignee approver buyer seller orderer purchaser rep ceo teacher professor doctor nurse \
    worker operator chrg charger mbr mem usr civil petitioner claimant complainant passenger tenant spouse father mother \
    register signer attendee participant head account",
);

/// Words in front of `name`, or keys around it, that make it a thing's.
static THING: Words = Words::new(
    "product prod item menu goods good file folder class table column host service svc dept department org \
    organization company corp bank branch code job app application bean thread event sort display field method param \
    parameter server node site db database schema tag pod container namespace image region city country brand model shop \
    store team project group role category cate doc document page screen program module package pkg api rule policy cluster \
    queue topic index logger metric queue key var variable attr attribute property option domain instance device sensor \
    stage step task batch process pool cache bucket object resource template theme font color size unit type kind market \
    food dish drink meal book song movie game place building room floor school course subject pos position duty rank grade class maker vendor supplier exam center office agency \
    institution facility station road street bill law board article title label channel stream job zone area part lot sku \
    material ingredient recipe animal plant vehicle car equipment asset plan campaign coupon stores goods items products \
    menus services files options fields columns tables categories",
);

/// Labels in Korean; they match the end of a word, without its particle.
const KOREAN: &[(Category, &str)] = &[
    (
        Name,
        "이름 성명 성함 고객명 회원명 사용자명 예금주명 신청자명 신청인명 수령인명 수취인명 담당자명 직원명 환자명 \
            보호자명 민원인명 대표자명 자녀명 아동명 성명(한글) 실명 가입자명 주문자명",
    ),
    (
        MaybeName,
        "신청인 신청자 예금주 결재자 수취인 수령인 수신자 수신인 받는분 받는사람 보낸사람 보내는분 담당자 작성자 \
                 등록자 민원인 환자 보호자 대표자 세대주 계약자 피보험자 탑승자 예약자 주문자 구매자 입금자 송금인 송금자 \
                 발신자 발신인 접수자 신고자 신고인 제보자 사용자 이용자 고객 회원 직원 학생 근무자 당직자 승인자 요청자 참석자 \
                 방문자 운전자 소유자 소유주 상담원 상담사 의뢰인 청구인 피해자 임차인 임대인 대리인 배우자 자녀 아동 학부모 \
                 수강생 지원자 응시자 합격자 당첨자 처리자 책임자 명의자 명의인 가입자 납부자 납세자 체납자 전입자 세입자 입주자 \
                 본인 동거인 대상자 지급대상자 수혜자 서명자 인솔자 발표자 참여자 팀원 반장 기안자 검토자 확인자 배정자 문의자 입찰자 낙찰자 채무자 채권자 차주 투숙객 승객 가족 수급자 상속인 \
                 피상속인 후견인 위임인 수임인 법정대리인 주민 시민 유저",
    ),
    (
        Phone,
        "전화 전화번호 연락처 휴대폰 휴대전화 핸드폰 휴대폰번호 휴대전화번호 핸드폰번호 팩스 팩스번호 착신 발신 회신번호 \
             발신번호 수신번호 비상연락망 자택전화 번호로",
    ),
    (Email, "이메일 메일 메일주소 이메일주소 전자우편"),
    (
        Rrn,
        "주민번호 주민등록번호 주민 외국인등록번호 외국인번호 거소신고번호 국내거소신고번호 주민등록 외국인등록",
    ),
    (
        Card,
        "카드 카드번호 신용카드 체크카드 신용카드번호 법인카드",
    ),
    (
        Account,
        "계좌 계좌번호 가상계좌 환불계좌 입금계좌 출금계좌 통장 통장번호",
    ),
    (Passport, "여권 여권번호"),
    (
        DriverLicense,
        "면허 면허번호 운전면허 운전면허번호 면허증 운전면허증",
    ),
    (
        Plate,
        "차량 차량번호 차번호 차번 번호판 차량등록번호 자동차번호",
    ),
    (
        Address,
        "주소 배송지 거주지 주소지 도로명주소 지번주소 수령지 배달지 자택주소 집주소 상세주소 실거주지 소재지",
    ),
    (Birth, "생년월일 생일 출생일 생년 출생"),
    (
        ClientIp,
        "접속IP 접속자 접속자IP 클라이언트 클라이언트IP 사용자IP 공인IP 접속지 출발지 원격지 접속아이피 아이피 IP \
                접속주소 공격자 해커",
    ),
    (
        ServerIp,
        "서버 서버IP 노드 호스트 목적지 게이트웨이 업스트림 VIP 디비 DB DB서버 마스터 슬레이브",
    ),
    (Geo, "위치 좌표 위도 경도 위경도 GPS"),
    (
        UserId,
        "아이디 사용자ID 사용자아이디 유저ID 로그인ID 회원ID 고객ID 관리자ID 계정ID 계정 접속계정 로그인계정 사용자계정",
    ),
    (
        MaybeUserId,
        "로그인 로그인실패 로그인차단 로그인성공 로그아웃 차단 잠금 계정잠금 가입 회원가입",
    ),
    (
        Password,
        "비밀번호 패스워드 암호 비번 임시비밀번호 새비밀번호",
    ),
    (
        Token,
        "토큰 세션ID 세션아이디 세션키 인증키 API키 서비스키 액세스키 시크릿 인증토큰 접근토큰 갱신토큰 세션 서명 쿠키",
    ),
    (
        Neutral,
        "사업자번호 사업자등록번호 법인번호 법인등록번호 주문번호 송장번호 운송장번호 접수번호 문서번호 관리번호 결재번호 \
               승인번호 대표번호 고객센터 우편번호 품번 상품번호 상품코드 바코드 일련번호 거래번호 정산번호 버전 건수 금액 예산 \
               시각 시간 기간 일자 날짜 일시 코드 포트",
    ),
    (
        Thing,
        "상품명 제품명 메뉴 메뉴명 품명 부서 부서명 기관명 회사명 업체명 상호 은행명 파일명 서비스명 시스템명 화면명 과목명 \
             업무명 사업명 행사명 지역명 학교명",
    ),
];

/// The category of an English key, written in any of the usual ways (`user_nm`, `userNm`, `USER-NM`); `parent` are the words
/// of what it stands in (an outer key, a table).
pub(crate) fn of_key(key: &str, parent: &[String]) -> Option<Category> {
    if key.chars().any(is_hangul) {
        let found = of_korean(
            &key.chars()
                .filter(|c| !matches!(c, '_' | '-' | ' '))
                .collect::<String>(),
        );
        // `신규 가입 id`: a word of prose in front of a key.
        let last = key.rsplit(' ').next().filter(|last| last.is_ascii());
        return found.or_else(|| last.and_then(|last| of_key(last, parent)));
    }
    let words = words(key);
    by_words(&words, parent)
}

fn by_words(words: &[String], parent: &[String]) -> Option<Category> {
    let last = words.last()?.as_str();
    if matches!(last, "name" | "nm") && words.len() == 1 {
        return Some(of_bare_name(parent));
    }
    let short = matches!(
        last,
        "no" | "num" | "number" | "id" | "value" | "key" | "addr" | "nbr"
    );
    if words.len() == 1 && short && !parent.is_empty() {
        let mut joined = parent.to_vec();
        joined.extend_from_slice(words);
        let found = by_end(&joined).filter(|_| last != "key");
        return found.or_else(|| by_end(words)).or(Some(Neutral));
    }
    if let Some(found) = by_end(words) {
        return Some(found);
    }
    // `UsernameNotFoundException: kim_cs`
    if last == "exception"
        && words.iter().any(|w| {
            matches!(
                w.as_str(),
                "user" | "username" | "member" | "account" | "login"
            )
        })
    {
        return Some(MaybeUserId);
    }
    let before = words.len().checked_sub(2).map(|i| words[i].as_str());
    match (last, before) {
        ("name" | "nm", Some(before)) if PERSON.has(before) => Some(Name),
        ("name" | "nm", Some(before)) if THING.has(before) => Some(Thing),
        ("name" | "nm", Some(_)) => Some(MaybeName),
        (
            "no" | "num" | "number" | "seq" | "id" | "cd" | "code" | "key" | "dt" | "date" | "at"
            | "ymd" | "ms",
            Some(_),
        ) => Some(Neutral),
        ("addr" | "address", _) => Some(Address),
        (_, None) if last.len() > 4 => compound(last),
        _ => None,
    }
}

/// A key of several words that were written as one: `custnm`, `empname`.
fn compound(key: &str) -> Option<Category> {
    let front = key
        .strip_suffix("name")
        .or_else(|| key.strip_suffix("nm"))?;
    Some(if PERSON.has(front) { Name } else { Thing })
}

/// `name` alone is whatever it stands in.
fn of_bare_name(parent: &[String]) -> Category {
    match parent.iter().rev().find_map(|word| {
        let thing = THING.has(word).then_some(Thing);
        thing.or_else(|| (PERSON.has(word) || word == "resident").then_some(Name))
    }) {
        Some(found) => found,
        None => MaybeName,
    }
}

/// The longest end of a key that is known, of up to three words.
fn by_end(words: &[String]) -> Option<Category> {
    (1..=words.len().min(3)).rev().find_map(|n| {
        static TABLE: OnceLock<Table> = OnceLock::new();
        let table = TABLE.get_or_init(|| table(KEYS));
        let joined = words[words.len() - n..].concat();
        // `addr1`, `tel2` are numbered keys; `sha256` is a word.
        let unnumbered = joined.trim_end_matches(|c: char| c.is_ascii_digit());
        table
            .get(joined.as_str())
            .or_else(|| table.get(unnumbered))
            .copied()
    })
}

type Table = BTreeMap<&'static str, Category>;

/// The lists as a table; a word in two lists belongs to the first.
fn table(lists: &'static [(Category, &'static str)]) -> Table {
    let mut table = Table::new();
    for (category, list) in lists {
        for word in list.split_ascii_whitespace() {
            table.entry(word).or_insert(*category);
        }
    }
    table
}

/// The category of a Korean word or words written without blanks: its longest end that is known. A particle at its end
/// is not part of it.
pub(crate) fn of_korean(word: &str) -> Option<Category> {
    let upper: String = word.chars().map(|c| c.to_ascii_uppercase()).collect();
    let mut bare = upper.as_str();
    for _ in 0..2 {
        if let Some(found) = by_korean_end(bare) {
            return Some(found);
        }
        bare = without_particle(bare)?;
    }
    None
}

fn by_korean_end(word: &str) -> Option<Category> {
    static TABLE: OnceLock<Table> = OnceLock::new();
    let table = TABLE.get_or_init(|| table(KOREAN));
    word.char_indices()
        .find_map(|(at, _)| table.get(&word[at..]).copied())
}

/// A Korean word less the particle it ends with.
pub(crate) fn without_particle(word: &str) -> Option<&str> {
    without_particles(word).next()
}

/// A Korean word less each of the particles that it may end with: `추이랑` is `추` with one and `추이` with another.
pub(crate) fn without_particles(word: &str) -> impl Iterator<Item = &str> {
    const PARTICLES: &str = "으로 에서 에게 께서 부터 까지 한테 이랑 하고 라고 이 가 은 는 을 를 의 로 에 도 와 과 만 랑 님";
    PARTICLES
        .split(' ')
        .filter_map(move |particle| word.strip_suffix(particle))
        .filter(|rest| !rest.is_empty())
}

/// The words of a key: split at anything but letters and digits, and where lower case turns upper. Words of digits only
/// number a key and say nothing.
pub(crate) fn words(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    let chars: Vec<char> = key.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let next_lower = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        let starts = !previous.is_ascii_alphanumeric()
            || (c.is_ascii_uppercase()
                && (previous.is_ascii_lowercase()
                    || (previous.is_ascii_uppercase() && next_lower)));
        if c.is_ascii_alphanumeric() {
            match words.last_mut() {
                Some(word) if !starts => word.push(c.to_ascii_lowercase()),
                _ => words.push(c.to_ascii_lowercase().to_string()),
            }
        }
        previous = c;
    }
    words.retain(|word| !word.bytes().all(|b| b.is_ascii_digit()));
    words
}

/// Whether `word` is one of the words of `list`.
pub(crate) fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_however_they_are_written() {
        for (key, category) in [
            ("userId", Some(UserId)),
            ("USER_ID", Some(UserId)),
            ("userid", Some(UserId)),
            ("X-Forwarded-For", Some(ClientIp)),
            ("t.passport_no", Some(Passport)),
            ("homeTel", Some(Phone)),
            ("hotel", None),
            ("cust_nm", Some(Name)),
            ("empNm", Some(Name)),
            ("product_nm", Some(Thing)),
            ("service.name", Some(Thing)),
            ("jsessionid", Some(Token)),
            ("JSESSIONID", Some(Token)),
            ("max_tokens", None),
            ("stl_no", Some(Neutral)),
            ("addr1", Some(Address)),
            ("remoteAddr", Some(ClientIp)),
            ("p50_ms", Some(Neutral)),
            ("법인등록번호", Some(Neutral)),
            ("사용자 ID", Some(UserId)),
        ] {
            assert_eq!(of_key(key, &[]), category, "{key}");
        }
    }

    #[test]
    fn a_bare_name_is_whose_it_stands_in() {
        let of = |parent: &str| of_key("name", &words(parent));
        assert_eq!(of(""), Some(MaybeName));
        assert_eq!(of("menu"), Some(Thing));
        assert_eq!(of("applicant"), Some(Name));
        assert_eq!(of_key("no", &words("passport")), Some(Passport));
        assert_eq!(of_key("id", &words("user")), Some(UserId));
    }

    #[test]
    fn korean_labels_are_known_behind_other_words_and_before_particles() {
        assert_eq!(of_korean("고객전화"), Some(Phone));
        assert_eq!(of_korean("생년월일이"), Some(Birth));
        assert_eq!(of_korean("운전면허번호"), Some(DriverLicense));
        assert_eq!(of_korean("접속IP"), Some(ClientIp));
        assert_eq!(of_korean("점심"), None);
    }
}
