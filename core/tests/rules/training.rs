//! Training notes (C-21).

use mandate_core::access::{DESK, Standing};
use mandate_core::contact::{self, Contact, Training};
use mandate_core::contact_state::StateFacts;
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::staff::StaffMember;
use mandate_core::training::{self, NoteTraining};
use mandate_core::vocabulary::{Level, Permission, PersonStatus, StaffRole, Vocabulary as _};

use crate::ladder::{climb, code, lacks, trips, written};
use crate::world::{
    NOW, Person, YESTERDAY, by, consultant, designated, desk, guardian, manager, note, outsider, reader, staff,
    standing,
};

fn agent() -> StaffMember {
    staff(StaffRole::Agent)
}

fn facts(person: &impl Person, standing: Standing, contact: Contact) -> StateFacts {
    StateFacts { actor: person.actor(), standing, contact: Some(contact) }
}

fn needed(text: &str) -> NoteTraining {
    NoteTraining { note: Some(note(text)), expected_version: None }
}

fn cleared() -> NoteTraining {
    NoteTraining { note: None, expected_version: None }
}

/// A contact whom staff marked yesterday.
fn marked(contact: Contact) -> Contact {
    let training = Training { note: note("new console"), at: YESTERDAY, by: staff(StaffRole::DutyManager).id.into() };
    Contact { training: Some(training), ..contact }
}

#[derive(Debug, Clone)]
struct Noting {
    facts: StateFacts,
    command: NoteTraining,
}

#[test]
fn an_agent_marks_a_designated_contact_who_lacks_training_c_21() {
    let world = Noting {
        facts: StateFacts { contact: None, ..facts(&manager(), Standing::Stranger, reader()) },
        command: NoteTraining { expected_version: Some(7), ..needed("new console") },
    };
    let noted = climb(
        world,
        |world| training::note(&by(&agent()), world.facts, world.command),
        [
            trips::<Noting>(Code::NotFound).until(|world| world.facts.contact = Some(reader())),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::DesignatedSupport))
                .until(|world| world.facts.standing = standing(&manager())),
            lacks(Requirement::Roles(DESK)).until(|world| {
                world.facts.standing = desk(StaffRole::Agent);
                world.facts.actor = agent().actor();
            }),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
            trips(Code::TrainingNotApplicable).at("#/needed").until(|world| world.facts.contact = Some(designated())),
        ],
    );
    let training = noted.after().training.clone().unwrap();
    assert_eq!((training.note, training.at, training.by), (note("new console"), NOW, agent().id.into()));
    assert_eq!(
        written(&noted),
        ["contact.training_noted in org_1 by staff_1 for org_1", "training_note: nothing -> new console"]
    );
}

#[test]
fn a_new_note_takes_the_place_of_the_old_one_and_the_same_one_changes_nothing_c_21() {
    let noted = |contact, command| {
        training::note(&by(&agent()), facts(&agent(), desk(StaffRole::Agent), contact), command).unwrap()
    };
    let replaced = noted(marked(designated()), needed("old console"));
    assert_eq!(written(&replaced)[1], "training_note: new console -> old console");
    assert_eq!(replaced.after().training.as_ref().map(|training| training.at), Some(NOW));
    let same = noted(marked(designated()), needed("new console"));
    assert!(written(&same).is_empty());
    assert_eq!(same.after(), &marked(designated()), "who noted it first, and when, stays");
    let gone = noted(marked(designated()), cleared());
    assert_eq!(written(&gone)[1], "training_note: new console -> nothing");
    assert_eq!(gone.after().training, None);
    assert!(written(&noted(designated(), cleared())).is_empty());
}

#[test]
fn only_who_can_ask_support_has_training_to_lack_and_anybodys_note_can_be_cleared_c_21() {
    for permission in Permission::ALL.iter().copied() {
        for status in PersonStatus::ALL.iter().copied() {
            let contact = Contact { permission, status, ..designated() };
            let noted = |contact, command| {
                let facts = facts(&agent(), desk(StaffRole::Agent), contact);
                training::note(&by(&agent()), facts, command).map(drop).map_err(|refusal| refusal.code)
            };
            let is_theirs = permission >= Permission::DesignatedSupport
                && matches!(status, PersonStatus::Active | PersonStatus::Invited);
            let expected = if is_theirs { Ok(()) } else { Err(Code::TrainingNotApplicable) };
            assert_eq!(noted(contact.clone(), needed("new console")), expected, "{permission:?} {status:?}");
            assert_eq!(noted(marked(contact), cleared()), Ok(()));
        }
    }
}

#[test]
fn the_desk_notes_training_and_nobody_else_c_21() {
    for role in StaffRole::ALL.iter().copied() {
        let noted = training::note(&by(&staff(role)), facts(&staff(role), desk(role), designated()), needed("x"));
        let expected = match role {
            StaffRole::Agent | StaffRole::DutyManager => Ok(()),
            _ => Err(Code::StaffOnly),
        };
        assert_eq!(noted.map(drop).map_err(|refusal| refusal.code), expected, "{role:?}");
    }
    let consultants = staff(StaffRole::Consultant);
    let by_grant = facts(&consultants, consultant(Level::FullAdmin), designated());
    assert_eq!(code(training::note(&by(&consultants), by_grant, needed("x"))), Code::StaffOnly);
    for (person, expected) in [
        (guardian(), Code::StaffOnly),
        (designated(), Code::StaffOnly),
        (reader(), Code::PermissionRequired),
        (outsider(), Code::NotFound),
    ] {
        let noted = training::note(&by(&person), facts(&person, standing(&person), designated()), cleared());
        assert_eq!(code(noted), expected);
    }
}

/// C-21, C-15: what somebody lacks, and why they were disabled, is read by who guards the organization and by staff; the first also by
/// themselves. No partner reads either, whatever its level.
#[test]
fn notes_and_reasons_are_read_by_the_guards_and_by_staff_alone_c_15_c_21() {
    let of = marked(designated());
    let guard_without_contacts = Contact { permission: Permission::DesignatedSupport, ..guardian() };
    for (who, reader, reads_note, reads_why) in [
        ("a guard", guardian().actor(), true, true),
        ("a manager", manager().actor(), true, true),
        ("a primary support contact", guard_without_contacts.actor(), true, true),
        ("themselves", designated().actor(), true, false),
        ("a colleague", Contact { id: crate::world::id(31), ..designated() }.actor(), false, false),
        ("a reader", reader().actor(), false, false),
        ("another customer's guard", outsider().actor(), false, false),
        ("a partner", crate::world::partner_guardian().actor(), false, false),
        ("an agent", agent().actor(), true, true),
        ("a consultant", staff(StaffRole::Consultant).actor(), true, true),
    ] {
        assert_eq!(contact::reads_training(&reader, &of), reads_note, "{who}");
        assert_eq!(contact::reads_reason(&reader, &of), reads_why, "{who}");
    }
}
