//! Signing in, deciding, and a record that tells of every change to it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may fail like the test"
)]

use std::{fs, path::Path, time::Duration};

use bongsu_center_control::{
    Audit, Config, Control, Decision, Draft, Error, Event, Format, Grant, Permit, Preview,
    Proposal, Record, Role, SignIn, State, Verdict,
};
use bongsu_sdk_model::{Effect, Outcome, OutcomeState, SiteId, Timestamp};
use bongsu_sdk_plan::Action;

const NOW: Timestamp = Timestamp::from_ms(1_795_152_600_000);

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn open(folder: &Path) -> Control {
    Control::open(folder, Config::default()).unwrap()
}

fn site(id: &str) -> SiteId {
    SiteId::new(id).unwrap()
}

fn action(json: &str) -> Action {
    serde_json::from_str(json).unwrap()
}

fn draft(by: &str, action: Action) -> Draft {
    Draft {
        action,
        sites: vec![site("busan"), site("seoul")],
        app: None,
        by: by.into(),
        reason: "/admin/* 를 막아줘".into(),
        preview: Preview::default(),
    }
}

fn propose(control: &Control, by: &str, action: Action) -> Result<Proposal, Error> {
    control
        .proposals
        .propose(draft(by, action), &control.config, NOW, |_| Ok(()))
}

fn decide(
    control: &Control,
    id: &str,
    by: &str,
    revision: u32,
    verdict: Verdict,
    at: Timestamp,
) -> Result<Proposal, Error> {
    let decision = Decision {
        by: by.into(),
        at,
        revision,
        verdict,
        note: String::new(),
    };
    control
        .proposals
        .step(id, Event::Decide(decision), &control.config, at, |_| Ok(()))
}

fn report(control: &Control, id: &str, at_site: &str, state: OutcomeState) -> Proposal {
    let outcome = Outcome {
        state,
        at: NOW,
        sessions_ended: 1,
        why: String::new(),
    };
    let event = Event::Report(site(at_site), outcome);
    control
        .proposals
        .step(id, event, &control.config, NOW, |_| Ok(()))
        .unwrap()
}

fn block() -> Action {
    action(
        r#"{"kind":"url.block","args":{"url":"/admin/*","user_agent":"mobile","duration_s":3600}}"#,
    )
}

#[test]
fn the_first_start_makes_one_administrator_who_must_choose_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let people = &open(folder.path()).people;
    let once = people.first(NOW).unwrap().unwrap();
    assert_eq!(people.first(NOW).unwrap(), None);
    let SignIn::In {
        secret,
        must_change,
    } = people.sign_in("admin", &once, "10.0.0.1", NOW).unwrap()
    else {
        panic!("the printed password opens");
    };
    assert!(must_change);
    assert!(
        !people
            .who(&secret, NOW)
            .unwrap()
            .unwrap()
            .may(Permit::Manage),
        "not before a password is chosen"
    );
    for easy in ["short", "has-admin-in-it-1", &once] {
        assert!(
            people.choose("admin", &once, easy, Some(&secret)).is_err(),
            "{easy}"
        );
    }
    people
        .choose("admin", &once, "a long enough secret", Some(&secret))
        .unwrap();
    assert!(
        people
            .who(&secret, NOW)
            .unwrap()
            .unwrap()
            .may(Permit::Manage)
    );
    assert!(
        people.set("admin", Some(Vec::new()), None).is_err(),
        "nobody would be left"
    );
    assert_eq!(
        people.who(&secret, later(3_601)).unwrap(),
        None,
        "not used for an hour"
    );
}

#[test]
fn wrong_passwords_lock_an_account_and_a_flood_of_attempts_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let people = &open(folder.path()).people;
    let once = people
        .add("kim", vec![Grant::everywhere(Role::Viewer)], NOW)
        .unwrap();
    for _ in 0..5 {
        assert_eq!(
            people.sign_in("kim", "guess", "10.0.0.1", NOW).unwrap(),
            SignIn::Wrong
        );
    }
    let locked = people.sign_in("kim", &once, "10.0.0.1", NOW).unwrap();
    assert_eq!(locked, SignIn::Locked(later(900)));
    assert!(matches!(
        people
            .sign_in("kim", &once, "10.0.0.1", later(900))
            .unwrap(),
        SignIn::In { .. }
    ));
    assert_eq!(
        people.sign_in("nobody", "guess", "10.0.0.2", NOW).unwrap(),
        SignIn::Wrong
    );
    let flood = (0..40).map(|_| people.sign_in("", "", "10.9.9.9", NOW).unwrap());
    assert_eq!(
        flood.filter(|outcome| *outcome == SignIn::TooMany).count(),
        10
    );
}

#[test]
fn a_token_does_what_its_scopes_and_its_owner_may() {
    let folder = tempfile::tempdir().unwrap();
    let people = &open(folder.path()).people;
    let once = people
        .add("kim", vec![Grant::everywhere(Role::Approver)], NOW)
        .unwrap();
    people
        .choose("kim", &once, "a long enough secret", None)
        .unwrap();
    let (token, secret) = people
        .add_token(
            "kim",
            "grafana",
            vec![Permit::View, Permit::Manage],
            later(60),
        )
        .unwrap();
    let who = people.who(&secret, NOW).unwrap().unwrap();
    assert!(who.may(Permit::View) && !who.may(Permit::Approve) && !who.may(Permit::Manage));
    assert_eq!(people.who(&secret, later(60)).unwrap(), None);
    people.remove_token(&token.id).unwrap();
    assert_eq!(people.who(&secret, NOW).unwrap(), None);
    assert_eq!(people.who("bongsu_0000", NOW).unwrap(), None);
}

#[test]
fn an_action_is_approved_by_another_carried_out_once_and_undone() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path());
    let id = propose(&control, "kim", block()).unwrap().id;
    let told = decide(&control, &id, "kim", 1, Verdict::Approve, NOW)
        .unwrap_err()
        .to_string();
    assert!(told.starts_with("who wrote a proposal"), "{told}");
    let approved = decide(&control, &id, "lee", 1, Verdict::Approve, NOW).unwrap();
    assert_eq!(
        (approved.state, approved.ends),
        (State::Approved, Some(later(3_600)))
    );
    let order = approved.order().unwrap();
    assert_eq!(
        (order.id.as_str(), order.by.as_str()),
        ("p-00000001.1", "lee")
    );
    assert!(
        decide(&control, &id, "lee", 1, Verdict::Approve, NOW).is_err(),
        "a replayed approval"
    );
    assert_eq!(
        report(&control, &id, "busan", OutcomeState::Done).state,
        State::Approved
    );
    drop(control);

    let control = open(folder.path());
    report(&control, &id, "busan", OutcomeState::Failed);
    let done = report(&control, &id, "seoul", OutcomeState::Done);
    assert_eq!(done.state, State::Done, "the first report of a site counts");

    let undo = propose(
        &control,
        "kim",
        action(r#"{"kind":"undo","args":{"action":"last"}}"#),
    )
    .unwrap();
    assert_eq!(
        undo.effects,
        [Effect::Lift {
            order: "p-00000001.1".into()
        }]
    );
    decide(&control, &undo.id, "lee", 1, Verdict::Approve, NOW).unwrap();
    report(&control, &undo.id, "busan", OutcomeState::Done);
    report(&control, &undo.id, "seoul", OutcomeState::Done);
    assert_eq!(control.proposals.one(&id).unwrap().state, State::Undone);
}

#[test]
fn a_change_makes_earlier_sight_stale_and_its_author_an_author() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path());
    let id = propose(&control, "kim", block()).unwrap().id;
    let narrower =
        action(r#"{"kind":"url.block","args":{"url":"/admin/users/*","duration_s":600}}"#);
    let changed = decide(
        &control,
        &id,
        "lee",
        1,
        Verdict::Modify { action: narrower },
        NOW,
    )
    .unwrap();
    assert_eq!((changed.state, changed.revision), (State::Pending, 2));
    let everything = action(r#"{"kind":"url.block","args":{"url":"/*"}}"#);
    assert!(
        decide(
            &control,
            &id,
            "lee",
            2,
            Verdict::Modify { action: everything },
            NOW
        )
        .is_err()
    );
    let stale = decide(&control, &id, "park", 1, Verdict::Approve, NOW)
        .unwrap_err()
        .to_string();
    assert!(stale.contains("revision 2"), "{stale}");
    for author in ["kim", "lee"] {
        assert!(
            decide(&control, &id, author, 2, Verdict::Approve, NOW).is_err(),
            "{author}"
        );
    }
    assert_eq!(
        decide(&control, &id, "park", 2, Verdict::Approve, NOW)
            .unwrap()
            .ends,
        Some(later(600))
    );
}

#[test]
fn what_nobody_decides_or_no_site_hears_in_time_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path());
    let id = propose(&control, "kim", block()).unwrap().id;
    let late = decide(&control, &id, "lee", 1, Verdict::Approve, later(3_600))
        .unwrap_err()
        .to_string();
    assert!(late.contains("Expired"), "{late}");
    let id = propose(&control, "kim", block()).unwrap().id;
    decide(&control, &id, "lee", 1, Verdict::Approve, NOW).unwrap();
    let sent = Event::Sent(site("busan"));
    control
        .proposals
        .step(&id, sent, &control.config, NOW, |_| Ok(()))
        .unwrap();
    report(&control, &id, "busan", OutcomeState::Done);
    let after = control
        .proposals
        .step(&id, Event::Time, &control.config, later(3_600), |_| Ok(()))
        .unwrap();
    let of_seoul = after
        .orders
        .iter()
        .find(|order| order.site == site("seoul"))
        .unwrap();
    assert_eq!(
        of_seoul.outcome.as_ref().unwrap().state,
        OutcomeState::Expired
    );
    assert_eq!(
        after.state,
        State::Ended,
        "and its time is over at busan, too"
    );
}

#[test]
fn a_hundred_waiting_proposals_of_one_person_are_enough_and_a_broad_one_is_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path());
    let mut preview = draft("kim", block());
    preview.preview = Preview {
        requests: Some(51.0),
        of_requests: Some(100.0),
        ..Preview::default()
    };
    let told = control
        .proposals
        .propose(preview, &control.config, NOW, |_| Ok(()))
        .unwrap_err()
        .to_string();
    assert!(
        told.starts_with("too_broad: it would have met 51 of the last hour's 100"),
        "{told}"
    );
    for _ in 0..100 {
        propose(&control, "kim", block()).unwrap();
    }
    let told = propose(&control, "kim", block()).unwrap_err().to_string();
    assert!(told.starts_with("too_many"), "{told}");
    propose(&control, "lee", block()).unwrap();
}

#[test]
fn nothing_happens_that_could_not_be_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let control = open(folder.path());
    let fails = |_: &Proposal| Err(Error::Refused("the disk is full".into()));
    assert!(
        control
            .proposals
            .propose(draft("kim", block()), &control.config, NOW, fails)
            .is_err()
    );
    assert!(control.proposals.all().unwrap().is_empty());
}

fn record(audit: &Audit, count: usize) {
    for number in 0..count {
        let record = Record {
            who: "kim".into(),
            event: "ask".into(),
            prompt: format!("질문 {number} \",\"hash\":\"x\"}}"),
            status: "ok".into(),
            ..Record::default()
        };
        audit.append(record, NOW).unwrap();
    }
}

#[test]
fn an_edit_a_gap_a_swap_and_a_cut_of_the_record_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Audit::open(&path).unwrap();
    record(&audit, 6);
    let kept = Audit::verify(&path, None).unwrap();
    assert_eq!((kept.clone(), kept.entries), (audit.head(), 6));
    let lines: Vec<String> = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    let flaw = |lines: &[String]| {
        let place = folder.path().join("changed.jsonl");
        fs::write(&place, lines.join("\n") + "\n").unwrap();
        Audit::verify(&place, Some(&kept.head))
            .unwrap_err()
            .to_string()
    };
    let mut edited = lines.clone();
    edited[2] = edited[2].replace("kim", "lee");
    assert_eq!(
        flaw(&edited),
        "line 3: it was changed: its hash is of another text"
    );
    let mut gap = lines.clone();
    gap.remove(3);
    assert_eq!(
        flaw(&gap),
        "line 4: it is entry 5: lines are missing, or in another order"
    );
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    assert_eq!(
        flaw(&swapped),
        "line 2: it is entry 3: lines are missing, or in another order"
    );
    assert!(flaw(&lines[..4]).contains("the end was cut off"));
    // Whoever makes a line fit its own hash still does not make the next one fit.
    let other = Audit::open(&folder.path().join("other.jsonl")).unwrap();
    record(&other, 2);
    other
        .append(
            Record {
                who: "lee".into(),
                ..Record::default()
            },
            NOW,
        )
        .unwrap();
    let forged = fs::read_to_string(other.path())
        .unwrap()
        .lines()
        .nth(2)
        .unwrap()
        .to_owned();
    let mut replaced = lines.clone();
    replaced[2] = forged;
    assert_eq!(
        flaw(&replaced),
        "line 4: it does not follow the line before: one of them was replaced"
    );
}

#[test]
fn the_record_goes_on_after_a_crash_and_is_read_in_pages_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    record(&Audit::open(&path).unwrap(), 600);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"{\"seq\":601,\"at\""].concat()).unwrap();
    let audit = Audit::open(&path).unwrap();
    record(&audit, 1);
    assert_eq!(Audit::verify(&path, None).unwrap().entries, 601);
    let numbers = |before, limit| -> Vec<u64> {
        audit
            .latest(before, limit)
            .unwrap()
            .iter()
            .map(|entry| entry.seq)
            .collect()
    };
    assert_eq!(numbers(None, 3), [601, 600, 599]);
    assert_eq!(numbers(Some(258), 3), [257, 256, 255]);
    assert_eq!(numbers(Some(2), 9), [1]);
    assert!(numbers(Some(1), 9).is_empty());
    let mut cef = Vec::new();
    Audit::export(&path, Format::Cef, 601, &mut cef).unwrap();
    let cef = String::from_utf8(cef).unwrap();
    assert!(
        cef.starts_with("CEF:0|Bongsu|bongsu-center|")
            && cef.contains("|ask|ask|3|rt=1795152600000 externalId=601 suser=kim outcome=ok"),
        "{cef}"
    );
}
