//! English and romanised names: two or more capitalised words of which the first is a given name or the last a Korean surname;
//! under a label any.

use std::ops::Range;

use crate::{text::Text, words::Words};

static GIVEN: Words = Words::new(
    "aaron abigail adam adrian aiden alan albert alex alexander alexandra alice alicia alison amanda amber amelia amy andrea andrew \
    angela anita ann anna anne annie anthony antonio arthur ashley austin barbara beatrice ben benjamin bernard beth betty beverly \
    bill billy bob brandon brenda brian bridget bruce bryan caleb cameron carl carlos carmen carol caroline carolyn catherine charles charlotte \
    cheryl chloe chris christian christina christine christopher claire clara colin connor craig cynthia daisy daniel danielle david dean deborah \
    debra denise dennis derek diana diane diego donald donna dorothy douglas dylan edward eleanor elena elizabeth ella ellen emily emma eric \
    erica erin ethan eugene eva evan evelyn felix fiona florence frances francis frank fred gabriel gary george gerald gina gloria gordon grace \
    graham greg gregory hannah harold harry heather helen henry holly howard hugo ian ingrid irene isaac isabel isabella jack jackson jacob \
    jacqueline james jamie jane janet janice jason jasmine jean jeffrey jennifer jeremy jerry jesse jessica jill jim joan joanna joe john johnny \
    jonathan jordan jose joseph joshua joyce juan judith judy julia julian julie justin karen kate katherine kathleen kathryn katie keith kelly \
    kenneth kevin kim kimberly kyle larry laura lauren lawrence leah leo leon leonard leslie liam lillian linda lisa logan louis lucas lucy luis \
    luke lydia madison margaret maria marie marilyn mark martha martin mary mason matthew megan melissa mia michael michelle miguel mike mina \
    mohammed monica nancy naomi natalie nathan nicholas nicole nina noah nora oliver olivia oscar owen pamela patricia patrick paul paula pedro \
    peter philip phillip rachel ralph ray raymond rebecca richard robert robin roger ronald rosa rose roy russell ruth ryan sally sam samantha \
    samuel sandra sara sarah scott sean sebastian sharon shawn shirley simon sofia sophia sophie stella stephanie stephen steve steven stuart \
    susan suzanne sylvia teresa terry theodore theresa thomas tiffany tim timothy tina todd tom tracy tyler valerie vanessa victor victoria \
    vincent violet virginia walter wayne wendy william zachary zoe \
    minjun minji minho minsu jiwon jiwoo jihoon jihye jimin jisoo seojun seoyeon seoyun haeun hayoon haneul yuna yuri yejin yujin junho junseo \
    jaehyun jaewon sungho sungmin donghyun eunji eunwoo soyeon sora sumin subin taehyung taeyang hyejin hyunwoo kyungsoo youngho youngmi",
);

/// Surnames as Koreans write them in Latin letters.
static KOREAN_SURNAMES: Words = Words::new(
    "kim lee yi rhee park pak bak choi choe jung jeong chung kang gang cho jo yoon yun jang chang lim im han oh seo suh shin \
    sin kwon gwon hwang ahn song jeon jun hong yoo yu ryu ko goh moon mun yang son sohn bae baek paik heo hur nam shim sim noh roh ha kwak \
    gwak sung cha joo woo koo ku min na jin eom um chae won cheon bang gong hyun ham",
);

/// Capitalised words that follow what looks like a given name and are no surname.
static NOT_SURNAMES: Words = Words::new(
    "period time limit server site team service error exception check request response system page user account data date log \
    file table the and or for from with in on at to of is was has will can may not all new old bean pool client class handler manager cache \
    code test case report cost day week month year am pm st street avenue road university hospital center centre company inc ltd corp \
    fools monday tuesday wednesday thursday friday saturday sunday january february march june july august september october november december",
);

/// Names anywhere in a text.
pub(super) fn find(text: &Text) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in (0..text.len()).filter(|i| text.at(*i).is_ascii_uppercase()) {
        if found.last().is_some_and(|f| f.end > start) || joined(text.before(start)) {
            continue;
        }
        let words = capitalised(text, start, text.len());
        if words.len() < 2 {
            continue;
        }
        let given = GIVEN.has(&lower(text, &words[0]));
        let surname = words.len() <= 3
            && KOREAN_SURNAMES.has(&lower(text, &words[words.len() - 1]))
            && korean_given(text, &words[0]);
        if given || surname {
            found.push(start..words[words.len() - 1].end);
        }
    }
    found
}

/// The name that begins at `start`. When it is `sure` that there is one, any capitalised words are; otherwise two are
/// needed, and when not even `likely`, a known one among them.
pub(super) fn at(
    text: &Text,
    start: usize,
    end: usize,
    sure: bool,
    likely: bool,
) -> Option<Range<usize>> {
    let words = capitalised(text, start, end);
    if words.is_empty() {
        return upper_case(text, start, end, sure);
    }
    let known = words.first().is_some_and(|w| GIVEN.has(&lower(text, w)));
    let last = words.last()?.end;
    let enough = if sure { 1 } else { 2 };
    (words.len() >= enough && (sure || likely || known)).then_some(start..last)
}

/// `HONG GILDONG`, as on a passport: the whole value, in two to four words.
fn upper_case(text: &Text, start: usize, end: usize, sure: bool) -> Option<Range<usize>> {
    let value = text.string(start..end);
    let words: Vec<&str> = value.split([' ', '+']).collect();
    let letters = words
        .iter()
        .all(|w| w.len() >= 2 && w.chars().all(|c| c.is_ascii_uppercase() || c == '-'));
    let known = |w: &&str| {
        KOREAN_SURNAMES.has(&w.to_ascii_lowercase()) || GIVEN.has(&w.to_ascii_lowercase())
    };
    ((2..=4).contains(&words.len()) && letters && (sure || words.iter().any(known)))
        .then_some(start..end)
}

/// The capitalised words in a row from `start`, at most four.
fn capitalised(text: &Text, start: usize, end: usize) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut at = start;
    while at < end && words.len() < 4 && text.at(at).is_ascii_uppercase() {
        let stop = text
            .find(at, |c| {
                !(c.is_ascii_alphabetic() || matches!(c, '\'' | '-' | '*'))
            })
            .min(end);
        let stop = text.back(stop, |c| matches!(c, '\'' | '-')).max(at);
        let initial = stop == at + 1;
        let plain = text
            .slice(at + 1..stop)
            .iter()
            .any(|c| c.is_ascii_lowercase() || *c == '*')
            || initial;
        let digits = text.at(stop).is_ascii_digit()
            || matches!(text.at(stop), '_' | ':' | '(' | '=')
                && !words.is_empty()
                && text.at(stop) != ':';
        if !plain || digits || (!words.is_empty() && NOT_SURNAMES.has(&lower(text, &(at..stop)))) {
            break;
        }
        words.push(at..stop);
        let dot = stop + usize::from(initial && text.at(stop) == '.');
        if !matches!(text.at(dot), ' ' | '+') {
            break;
        }
        at = dot + 1;
    }
    // An initial alone at the end is a letter, not a name.
    while words.last().is_some_and(|w| w.len() == 1) {
        words.pop();
    }
    words
}

fn lower(text: &Text, word: &Range<usize>) -> String {
    text.string(word.clone()).to_ascii_lowercase()
}

/// `Gildong`, `Gil-dong`: what a given name looks like in front of a Korean surname.
fn korean_given(text: &Text, word: &Range<usize>) -> bool {
    (4..=11).contains(&word.len())
        && (GIVEN.has(&lower(text, word)) || text.slice(word.clone()).contains(&'-'))
}

fn joined(before: char) -> bool {
    before.is_ascii_alphanumeric() || matches!(before, '_' | '.' | '$' | '/' | '@' | '-')
}
