//! The table of codes, and how a refusal reads (X-3, X-3a, C-16).

use std::collections::BTreeSet;

use mandate_core::refusal::{Code, Extra, Refusal, RefusalKind, Requirement};
use mandate_core::say;
use mandate_core::text::Flaw;
use mandate_core::vocabulary::{Level, Permission, StaffRole, Vocabulary as _};

#[test]
fn every_code_is_unique_and_says_what_happened_and_what_to_do() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL.iter().copied() {
        let name = code.name();
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        let title = code.title().to_string();
        assert!(!title.is_empty() && !title.ends_with('.'), "{name}");
        assert!(code.advice().ends_with('.'), "{name}");
        assert_eq!(Code::from_name(name), Some(code));
    }
    assert_eq!(Code::from_name("no_such_code"), None);
}

#[test]
fn what_is_hidden_is_not_found_and_what_is_denied_is_forbidden_x_3() {
    assert_eq!(Refusal::not_found().code.kind(), RefusalKind::NotFound);
    for code in [Code::PermissionRequired, Code::PrimarySupportContactRequired, Code::StaffOnly, Code::OwnRecord] {
        assert_eq!(code.kind(), RefusalKind::Forbidden, "{}", code.name());
    }
    // A refusal of what is hidden carries nothing that could give it away.
    assert_eq!((Refusal::not_found().pointer, Refusal::not_found().extras), (None, Vec::new()));
}

#[test]
fn contacts_are_never_deleted_and_the_answer_names_disabling_c_16() {
    assert_eq!(Code::ContactsAreNotDeleted.kind(), RefusalKind::MethodNotAllowed);
    assert!(Code::ContactsAreNotDeleted.advice().contains("/disable"));
}

#[test]
fn a_requirement_reads_as_a_sentence_x_3a() {
    for (requirement, text) in [
        (Requirement::Permission(Permission::ManageContacts), "permission `manage_contacts`"),
        (Requirement::PrimarySupport, "type `primary_support`"),
        (Requirement::Level(Level::ServiceAdmin), "a grant of level `service_admin`"),
        (Requirement::Roles(&[StaffRole::Agent, StaffRole::DutyManager]), "the role `agent` or `duty_manager`"),
    ] {
        assert_eq!(requirement.wording().to_string(), text);
    }
}

#[test]
fn a_flawed_value_names_its_member_and_its_own_code() {
    let refusal =
        Refusal::flawed("#/email", Flaw::new("email_invalid", say!("`{text}` is not an email address", text = "x")));
    assert_eq!((refusal.code, refusal.pointer), (Code::ValidationFailed, Some("#/email")));
    assert_eq!(refusal.extras, [Extra::MemberCode("email_invalid")]);
    assert_eq!(refusal.to_string(), "validation_failed: `x` is not an email address");
}
