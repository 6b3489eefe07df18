//! Notification preferences (C-9, C-19).

use mandate_core::contact::{Contact, EditContact, edit};
use mandate_core::hours::{Hours, TimeOfDay};
use mandate_core::person::{EditProfile, Profile};
use mandate_core::preferences::{CallPreference, EditCall, EditPreferences, NotificationPreferences};
use mandate_core::refusal::{Code, Extra, Refusal};
use mandate_core::say;
use mandate_core::text::{Flaw, Phone, TimeZone};
use mandate_core::vocabulary::{MailKind, Vocabulary as _};

use crate::contact::editing;
use crate::ladder::{code, refusal, short, written};
use crate::world::{by, designated, guardian, manager, reader};

/// What is missing in a call preference that is new and empty.
pub(crate) fn new_call_flaws(severity: &str) -> Vec<(String, Flaw)> {
    let flaw = |member| {
        let pointer = format!("#/notification_preferences/{severity}/{member}");
        (pointer, Flaw::new("required", say!("must be given, because there is no such preference yet")))
    };
    ["phone", "from", "until"].map(flaw).to_vec()
}

fn time(text: &str) -> TimeOfDay {
    TimeOfDay::parse(text).unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::parse(name).unwrap()
}

/// At work, told in this time zone.
fn call(time_zone: &str) -> CallPreference {
    let hours = Hours { from: time("08:00"), until: time("18:00"), time_zone: zone(time_zone) };
    CallPreference { phone: Phone::parse("112").unwrap(), hours }
}

/// The same as an edit, without a time zone.
fn new_call() -> EditCall {
    EditCall {
        phone: Some(Phone::parse("112").unwrap()),
        from: Some(time("08:00")),
        until: Some(time("18:00")),
        time_zone: None,
    }
}

/// A contact in Lisbon who may be called about severity 1, told in the time of Tokyo.
fn on_call() -> Contact {
    let preferences = NotificationPreferences { severity_1: Some(call("Asia/Tokyo")), ..Default::default() };
    Contact {
        profile: Profile { time_zone: zone("Europe/Lisbon"), ..designated().profile },
        preferences,
        ..designated()
    }
}

fn edited(contact: Contact, preferences: EditPreferences) -> Result<NotificationPreferences, Refusal> {
    let command = EditContact { preferences, ..EditContact::default() };
    edit(&by(&contact), editing(&contact, contact.clone()), command)
        .map(|edited| edited.contact.after().preferences.clone())
}

fn severity_1(edit: EditCall) -> EditPreferences {
    EditPreferences { severity_1: Some(Some(edit)), ..EditPreferences::default() }
}

#[test]
fn a_contact_changes_their_own_preferences_and_nobody_those_of_others_c_9_c_19() {
    let preferences = EditPreferences { email: Some(false), ..severity_1(new_call()) };
    let command = EditContact { preferences, ..EditContact::default() };
    for (person, contact) in [(reader(), reader()), (manager(), manager()), (guardian(), guardian())] {
        let edited = edit(&by(&person), editing(&person, contact), command.clone()).unwrap().contact;
        let head = format!("contact.updated in org_1 by {} for org_1", short(person.id));
        let call = "severity_1_calls: nothing -> 112 08:00-18:00 UTC";
        assert_eq!(written(&edited), [&head, "email_notifications: true -> false", call]);
    }
    for (person, contact) in [(reader(), designated()), (designated(), reader())] {
        assert_eq!(code(edit(&by(&person), editing(&person, contact), command.clone())), Code::PermissionRequired);
    }
    // Also not a primary support contact, and not a little of them; what else the manager edits stays theirs to edit.
    let partial = [
        EditPreferences { email: Some(true), ..EditPreferences::default() },
        EditPreferences { severity_1: Some(None), ..EditPreferences::default() },
        EditPreferences { severity_2: Some(None), ..EditPreferences::default() },
        command.preferences,
    ];
    for preferences in partial {
        for person in [manager(), guardian()] {
            let command = EditContact { preferences: preferences.clone(), ..EditContact::default() };
            let refused = refusal(edit(&by(&person), editing(&person, designated()), command));
            assert_eq!(
                (refused.code, refused.pointer),
                (Code::PermissionRequired, Some("#/notification_preferences")),
                "{preferences:?}"
            );
        }
    }
}

#[test]
fn what_is_absent_stays_and_nothing_clears_c_19() {
    let present = on_call().preferences;
    assert_eq!(edited(on_call(), EditPreferences::default()), Ok(present.clone()));
    assert_eq!(edited(on_call(), severity_1(EditCall::default())), Ok(present.clone()));
    let off = EditPreferences { email: Some(false), ..EditPreferences::default() };
    assert_eq!(edited(on_call(), off), Ok(NotificationPreferences { email: false, ..present.clone() }));
    let longer = edited(on_call(), severity_1(EditCall { until: Some(time("06:00")), ..EditCall::default() })).unwrap();
    let expected = CallPreference { hours: Hours { until: time("06:00"), ..call("Asia/Tokyo").hours }, ..call("UTC") };
    assert_eq!(longer.severity_1, Some(expected));
    let none = EditPreferences { severity_1: Some(None), severity_2: Some(None), ..EditPreferences::default() };
    assert_eq!(edited(on_call(), none), Ok(NotificationPreferences::default()));
}

#[test]
fn a_new_call_preference_is_whole_and_at_home_unless_it_says_where_c_19() {
    let refused = |preferences| refusal(edited(designated(), preferences));
    let empty = refused(severity_1(EditCall { time_zone: Some(Some(zone("Asia/Tokyo"))), ..EditCall::default() }));
    assert_eq!(empty.extras, [Extra::Flaws(new_call_flaws("severity_1"))]);
    // All that is missing is said at once.
    let half = EditCall { phone: None, ..new_call() };
    let both = EditPreferences { severity_2: Some(Some(EditCall::default())), ..severity_1(half) };
    let mut expected = vec![new_call_flaws("severity_1").remove(0)];
    expected.extend(new_call_flaws("severity_2"));
    assert_eq!(refused(both).extras, [Extra::Flaws(expected)]);
    let of = |contact, edit| edited(contact, severity_1(edit)).unwrap().severity_1;
    let without = Contact { preferences: NotificationPreferences::default(), ..on_call() };
    assert_eq!(of(without.clone(), new_call()), Some(call("Europe/Lisbon")));
    let there = EditCall { time_zone: Some(Some(zone("Asia/Tokyo"))), ..new_call() };
    assert_eq!(of(without.clone(), there), Some(call("Asia/Tokyo")));
    // Home again.
    assert_eq!(of(on_call(), EditCall { time_zone: Some(None), ..EditCall::default() }), Some(call("Europe/Lisbon")));
    // Home is where the same edit moves it; hours that were told before stay as they were told.
    let profile = EditProfile { time_zone: Some(zone("America/Lima")), ..EditProfile::default() };
    let command = EditContact { profile, preferences: severity_1(new_call()), ..EditContact::default() };
    let moved = edit(&by(&without), editing(&without, without.clone()), command.clone()).unwrap();
    assert_eq!(moved.contact.after().preferences.severity_1, Some(call("America/Lima")));
    let moved = edit(&by(&on_call()), editing(&on_call(), on_call()), command).unwrap();
    assert_eq!(moved.contact.after().preferences.severity_1, Some(call("Asia/Tokyo")));
}

#[test]
fn staff_have_no_preferences_c_19() {
    assert_eq!(NotificationPreferences::not_for_staff().code, "contacts_only");
}

/// C-19: emails about service requests can be switched off, and who joins and leaves a partner (G-18); about authority nothing can.
#[test]
fn only_emails_about_requests_and_rosters_can_be_switched_off_c_19_g_18() {
    let (usual, silent) = (
        NotificationPreferences::default(),
        NotificationPreferences { email: false, ..NotificationPreferences::default() },
    );
    let unwanted = MailKind::ALL.iter().filter(|kind| !silent.wants(**kind));
    let names: Vec<&str> = unwanted.map(|kind| kind.name()).collect();
    let expected =
        ["point_of_contact", "participant_added", "reply", "request_solved", "request_closed", "partner_roster"];
    assert_eq!(names, expected);
    assert!(MailKind::ALL.iter().all(|kind| usual.wants(*kind)));
}
