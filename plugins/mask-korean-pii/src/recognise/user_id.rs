//! Users' login names: under a label, in the third field of an access log, and in the messages of sshd and PAM. Accounts of
//! services are nobody's.

use std::ops::Range;

use crate::{
    category::{Category, listed},
    hit::{Hit, Kind, Trust},
    labels::{Bond, Label, Labels},
    text::{Text, is_hangul, is_word},
    words::Words,
};

static SERVICES: Words = Words::new(
    "root tomcat postgres app deploy admin administrator system sys sa sysdba oracle mysql mariadb redis nginx apache \
    httpd www www-data nobody daemon bin mail git svn jenkins gitlab runner ubuntu debian centos ec2-user guest anonymous public \
    default test tester dba backup batch scheduler cron monitor monitoring exporter prometheus grafana kibana elastic logstash kafka \
    zookeeper rabbitmq mongo mongodb zabbix nagios docker kube kubelet kubernetes envoy haproxy vault consul etcd service operator \
    robot bot ansible terraform vagrant sshd systemd messagebus dbus polkitd chrony ntp syslog hdfs yarn spark hive airflow \
    superuser supervisor manager user users username userid client server none me self owner",
);

/// Values that stand for nothing.
static NOTHING: Words = Words::new(
    "null nil none undefined nan true false yes no on off ok empty n/a na unknown missing invalid incorrect \
    required changed expired string varchar integer text password passwd token ? - y n",
);

pub(super) fn find(text: &Text, labels: &Labels, hits: &mut Vec<Hit>) {
    for label in labels.of(&[
        Category::UserId,
        Category::UserName,
        Category::AccountOrUser,
    ]) {
        if let Some(range) = labelled(text, label) {
            hits.push(Hit::new(Kind::UserId, Trust::Labelled, range));
        }
    }
    let people = [
        Category::UserId,
        Category::Name,
        Category::MaybeName,
        Category::Phone,
        Category::Email,
        Category::ClientIp,
        Category::Password,
    ];
    let about_people = people.iter().any(|category| labels.mentions(*category));
    for label in labels.of(&[Category::MaybeUserId]) {
        let found = labelled(text, label).filter(|range| is_id(&text.string(range.clone())));
        if about_people || !is_bare_id(text, label.value.start) {
            hits.extend(found.map(|range| Hit::new(Kind::UserId, Trust::Context, range)));
        }
    }
    in_path(text, hits);
    in_chat(text, hits);
    hits.extend(in_access_log(text).map(|range| Hit::new(Kind::UserId, Trust::Shape, range)));
    for at in (0..text.len()).filter(|i| text.is_at(*i, " for ")) {
        hits.extend(in_sshd(text, at + 5).map(|range| Hit::new(Kind::UserId, Trust::Shape, range)));
    }
}

fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '*')
}

fn labelled(text: &Text, label: &Label) -> Option<Range<usize>> {
    let start = label.value.start;
    let end = text.find(start, |c| !is_id_char(c)).min(label.value.end);
    let end = text.back(end, |c| c == '.').max(start);
    let word = text.string(start..end);
    let whole = !label.quoted || end == label.value.end;
    let next = text.at(end);
    let letters = word.chars().any(|c| c.is_ascii_alphabetic());
    let number = label.category == Category::UserId && label.bond == Bond::Tied && word.len() >= 6;
    let shaped =
        (letters && word.len() >= 3) || (number && word.bytes().all(|b| b.is_ascii_digit()));
    let spoken =
        label.bond == Bond::Tied || label.quoted || is_id(&word) || korean_label(text, start);
    let part =
        is_hangul(next) && label.bond == Bond::Tied || matches!(next, '@' | '/' | '(' | '\\' | ':');
    (whole && shaped && spoken && !part && !is_nothing(&word) && !is_service(&word))
        .then_some(start..end)
}

/// Whether a word is more than a word of prose: letters with a digit, dot or underscore among them.
pub(super) fn is_id(word: &str) -> bool {
    word.len() >= 4
        && word.chars().any(|c| c.is_ascii_alphabetic())
        && word
            .chars()
            .any(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))
        && word.chars().all(is_id_char)
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && !(word.starts_with('v') && word[1..].starts_with(|c: char| c.is_ascii_digit()))
}

/// `아이디 hongkd`: in Korean prose a Latin word behind such a label is the value. So is one behind `user ID`.
fn korean_label(text: &Text, start: usize) -> bool {
    let end = text.back(start, |c| matches!(c, ' ' | '\'' | '"' | '[' | '('));
    let id = text.is_at(end.saturating_sub(2), "id") && text.before(end.saturating_sub(2)) == ' ';
    is_hangul(text.before(end)) || id
}

/// `lee_dh 계정으로`, `lee_dh 님`; and `sudo: leedh : TTY=…`.
fn in_chat(text: &Text, hits: &mut Vec<Hit>) {
    for blank in (1..text.len()).filter(|i| text.at(*i) == ' ') {
        let start = text.back(blank, is_id_char);
        let word = || text.string(start..blank);
        let owns = ["계정", "아이디", "사용자", "유저", "회원", "님", "세션"]
            .iter()
            .any(|w| text.is_at(blank + 1, w));
        let sudo = text.is_at(blank, " : tty=") && text.is_at(start.saturating_sub(6), "sudo: ");
        if (sudo || (owns && is_id(&word())))
            && start < blank
            && !is_service(&word())
            && !is_word(text.before(start))
        {
            hits.push(Hit::new(Kind::UserId, Trust::Context, start..blank));
        }
    }
}

/// Whether the key in front of a value is just `id`: anything has one.
fn is_bare_id(text: &Text, value: usize) -> bool {
    let end = text.back(value, |c| matches!(c, ' ' | ':' | '=' | '"' | '\''));
    text.string(text.back(end, is_word)..end)
        .eq_ignore_ascii_case("id")
}

/// `/users/kim.cs/profile`.
fn in_path(text: &Text, hits: &mut Vec<Hit>) {
    for slash in (0..text.len()).filter(|i| text.at(*i) == '/') {
        let people = [
            "users",
            "user",
            "members",
            "member",
            "accounts",
            "customers",
            "employees",
        ];
        let begins = |word: &&str| {
            slash >= word.len()
                && text.is_at(slash - word.len(), word)
                && text.before(slash - word.len()) == '/'
        };
        let end = text.find(slash + 1, |c| !is_id_char(c));
        let word = text.string(slash + 1..end);
        let file = word
            .rsplit_once('.')
            .is_some_and(|(_, end)| listed("js css json html png svg jsp do php xml csv", end));
        if people.iter().any(begins)
            && is_id(&word)
            && !file
            && !is_service(&word)
            && matches!(text.at(end), '/' | '?' | ' ' | '"' | '\0')
        {
            hits.push(Hit::new(Kind::UserId, Trust::Context, slash + 1..end));
        }
    }
}

/// `203.0.113.88 - eunbyul [12/Mar/2025`.
fn in_access_log(text: &Text) -> Option<Range<usize>> {
    let first = text.find(0, |c| c == ' ');
    if !text.is_at(first, " - ") || !text.slice(0..first).iter().any(|c| matches!(c, '.' | ':')) {
        return None;
    }
    let start = first + 3;
    let end = text.find(start, |c| c == ' ');
    let word = text.string(start..end);
    (text.is_at(end, " [") && word != "-" && !is_service(&word)).then_some(start..end)
}

/// `Accepted publickey for dodam.kwon from …`, `Failed password for invalid user x from …`, `session opened for user x`.
fn in_sshd(text: &Text, at: usize) -> Option<Range<usize>> {
    let mut start = at;
    for word in ["invalid ", "user "] {
        if text.is_at(start, word) {
            start += word.len();
        }
    }
    let end = text.find(start, |c| !is_id_char(c));
    let word = text.string(start..end);
    let known = text.is_at(end, " from ") || start > at;
    let first = text.at(start).is_ascii_lowercase();
    (known && first && word.len() >= 3 && !is_service(&word) && !is_nothing(&word))
        .then_some(start..end)
}

/// Whether an account is a program's.
pub(super) fn is_service(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let program = |part: &str| {
        [
            "svc", "app", "sys", "srv", "service", "batch", "bot", "ro", "rw", "job", "api", "db",
            "etl",
        ]
        .contains(&part)
    };
    let parts: Vec<&str> = lower.split(['_', '-', '.']).collect();
    SERVICES.has(&lower)
        || (parts.len() > 1
            && (program(parts[0])
                || parts
                    .last()
                    .is_some_and(|last| program(last) || *last == "service")))
}

/// Whether a value is a placeholder or says that there is none.
pub(super) fn is_nothing(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let masks = word
        .chars()
        .all(|c| matches!(c, '*' | 'x' | 'X' | '.' | '-' | '#'));
    let bracket = word.starts_with(['{', '[', '<', '$', ':', '?', '#', '%'])
        && !word.chars().skip(2).any(|c| c == '!');
    word.is_empty() || masks || bracket || NOTHING.has(&lower) || !word.chars().any(is_word)
}
