//! The vendor's staff members (O-2, O-3, G-12).

use mandate_core::access::{ADMINISTRATION, Action, Verdict, decide};
use mandate_core::change::Context;
use mandate_core::contact::Existing;
use mandate_core::person::{EditProfile, NewProfile};
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::session::may_sign_in;
use mandate_core::staff::{
    self, CreateFacts, EditStaff, NewStaff, StaffFacts, StaffMember, activate, create, disable, edit, enable,
    resend_welcome, reset_password, view,
};
use mandate_core::text::{Email, Locale, PersonName, Phone, TimeZone, TypedEmail};
use mandate_core::vocabulary::{GrantStatus, Level, OrganizationStatus, PersonStatus, StaffRole, Vocabulary as _};

use crate::ladder::{climb, code, lacks, mails, refusal, trips, written};
use crate::world::{
    CUSTOMER, NEW_STAFF, NOW, Person as _, TOMORROW, VENDOR, by, grant, guardian, id, individual, manager, note, one,
    outsider, staff, standing, welcome_ids,
};

const ADMINISTRATOR: StaffRole = StaffRole::Administrator;

fn new_staff() -> NewStaff {
    NewStaff {
        id: NEW_STAFF,
        profile: NewProfile {
            email: Email::parse("vic@vendor.example").unwrap().into(),
            first_name: PersonName::parse("Vic").unwrap(),
            last_name: PersonName::parse("Moura").unwrap(),
            phone: None,
            time_zone: TimeZone::default(),
            locale: Locale::default(),
        },
        roles: vec![StaffRole::DutyManager, StaffRole::Agent, StaffRole::DutyManager],
        welcome: welcome_ids(),
    }
}

#[derive(Debug, Clone)]
struct Creation {
    facts: CreateFacts,
    command: NewStaff,
}

#[test]
fn an_administrator_creates_a_staff_member_who_may_hold_several_roles_o_2_o_3() {
    let world = Creation {
        facts: CreateFacts {
            actor: guardian().actor(),
            organization: None,
            existing: Some(Existing { person: outsider().id.into(), organization: outsider().organization }),
        },
        command: NewStaff {
            profile: NewProfile { email: TypedEmail::parse("Vic@vendor.example").unwrap(), ..new_staff().profile },
            ..new_staff()
        },
    };
    let created = climb(
        world,
        |world| create(&by(&staff(ADMINISTRATOR)), world.facts, world.command),
        [
            lacks::<Creation>(Requirement::Roles(ADMINISTRATION))
                .until(|world| world.facts.actor = staff(StaffRole::DutyManager).actor()),
            lacks(Requirement::Roles(ADMINISTRATION)).until(|world| world.facts.actor = staff(ADMINISTRATOR).actor()),
            trips(Code::NotFound).until(|world| world.facts.organization = Some(CUSTOMER)),
            trips(Code::NotFound).until(|world| world.facts.organization = Some(VENDOR)),
            trips(Code::ValidationFailed)
                .at("#/email")
                .with(Extra::MemberCode("email_not_lower_case"))
                .until(|world| world.command.profile.email = Email::parse("vic@vendor.example").unwrap().into()),
            // Nobody is a contact and a staff member (O-2).
            trips(Code::ContactExists)
                .with(Extra::About(outsider().id.into()))
                .until(|world| world.facts.existing = None),
        ],
    );
    let member = created.staff.after();
    assert_eq!((member.organization, member.status, member.version), (VENDOR, PersonStatus::Invited, 1));
    assert_eq!(member.roles, [StaffRole::Agent, StaffRole::DutyManager]);
    assert_eq!((member.created_at, member.created_by), (NOW, Some(staff(ADMINISTRATOR).id.into())));
    assert_eq!(written(&created.staff), ["staff.created in org_9 by staff_7 for org_9"]);
    assert_eq!(mails(&created.staff), ["mail_1: welcome to staff_m about staff_m with link_1"]);
    assert_eq!((created.link.person, created.link.expires_at), (NEW_STAFF.into(), TOMORROW));
}

#[test]
fn the_roles_are_the_seven_of_the_vendor_o_3() {
    let names: Vec<&str> = StaffRole::ALL.iter().map(|role| role.name()).collect();
    assert_eq!(
        names,
        [
            "agent",
            "duty_manager",
            "technical_account_manager",
            "customer_success_manager",
            "sales_manager",
            "consultant",
            "administrator",
        ]
    );
}

#[test]
fn each_of_several_roles_counts_o_3() {
    let works = |roles: &[StaffRole]| {
        let member = StaffMember { roles: roles.to_vec(), ..staff(StaffRole::Consultant) };
        decide(&standing(&member), Action::WorkOnRequests) == Verdict::Permit
    };
    assert!(!works(&[StaffRole::SalesManager, StaffRole::Consultant]));
    assert!(works(&[StaffRole::Agent, StaffRole::Consultant]));
    assert!(works(&[StaffRole::TechnicalAccountManager, StaffRole::Consultant, StaffRole::DutyManager]));
}

#[test]
fn the_first_administrator_comes_from_the_configuration() {
    let context = Context { actor: None, ..by(&staff(ADMINISTRATOR)) };
    for (active, status) in [(true, PersonStatus::Active), (false, PersonStatus::Invited)] {
        let person = NewStaff { roles: vec![ADMINISTRATOR], ..new_staff() };
        let founded = staff::found_administrator(&context, VENDOR, person, active);
        assert_eq!((founded.staff.after().status, founded.staff.after().created_by), (status, None));
        assert_eq!(written(&founded.staff), ["staff.created in org_9 by the system for org_9"]);
        assert!(mails(&founded.staff).is_empty());
        // Another link instead of one that was lost is shown, not sent, as well.
        let again = staff::resend_first_welcome(&context, founded.staff.after().clone(), welcome_ids());
        assert_eq!(written(&again.staff), ["staff.updated in org_9 by the system for org_9"]);
        assert_eq!((again.link.person, again.staff.notices().len()), (NEW_STAFF.into(), 0));
    }
}

fn facts(role: StaffRole, member: StaffMember) -> StaffFacts {
    StaffFacts { actor: staff(role).actor(), staff: Some(member) }
}

#[derive(Debug, Clone)]
struct Editing {
    facts: StaffFacts,
    command: EditStaff,
}

#[test]
fn an_administrator_edits_a_staff_member_but_never_their_own_roles_o_3() {
    let world = Editing {
        facts: StaffFacts { actor: staff(StaffRole::SalesManager).actor(), staff: None },
        command: EditStaff {
            profile: EditProfile { first_name: Some(PersonName::parse("Vito").unwrap()), ..EditProfile::default() },
            roles: Some(vec![StaffRole::Consultant, StaffRole::Agent]),
            expected_version: Some(7),
        },
    };
    let edited = climb(
        world,
        |world| edit(&by(&staff(ADMINISTRATOR)), world.facts, world.command),
        [
            trips::<Editing>(Code::NotFound).until(|world| world.facts.staff = Some(staff(StaffRole::Consultant))),
            // Another's record does not exist for them; their own does.
            trips(Code::NotFound).until(|world| world.facts.staff = Some(staff(StaffRole::SalesManager))),
            lacks(Requirement::Roles(ADMINISTRATION))
                .until(|world| world.facts = facts(ADMINISTRATOR, staff(ADMINISTRATOR))),
            trips(Code::OwnRecord).until(|world| world.facts.staff = Some(staff(StaffRole::Agent))),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
        ],
    );
    assert_eq!(
        written(&edited),
        ["staff.updated in org_9 by staff_7 for org_9", "first_name: Vera -> Vito", "roles: agent -> agent consultant",]
    );
}

#[test]
fn a_staff_member_changes_their_own_phone_time_zone_and_locale() {
    let profile = EditStaff {
        profile: EditProfile {
            phone: Some(Some(Phone::parse("112").unwrap())),
            time_zone: Some(TimeZone::parse("Asia/Tokyo").unwrap()),
            locale: Some(Locale::parse("es").unwrap()),
            ..EditProfile::default()
        },
        ..EditStaff::default()
    };
    let own = facts(StaffRole::Agent, staff(StaffRole::Agent));
    let edited = edit(&by(&staff(StaffRole::Agent)), own, profile).unwrap();
    assert_eq!(
        written(&edited),
        [
            "staff.updated in org_9 by staff_1 for org_9",
            "phone: nothing -> 112",
            "time_zone: UTC -> Asia/Tokyo",
            "locale: en -> es",
        ]
    );
}

#[test]
fn a_staff_members_record_exists_for_those_who_see_the_list_and_themselves_x_3() {
    let agent = || staff(StaffRole::Agent);
    assert!(view(facts(ADMINISTRATOR, agent())).is_ok());
    assert!(view(facts(StaffRole::Agent, agent())).is_ok());
    assert!(view(facts(StaffRole::DutyManager, agent())).is_ok());
    let hidden = refusal(view(facts(StaffRole::SalesManager, agent())));
    assert_eq!(hidden, refusal(view(StaffFacts { actor: guardian().actor(), staff: Some(agent()) })));
    assert_eq!(hidden, refusal(view(StaffFacts { actor: staff(ADMINISTRATOR).actor(), staff: None })));
}

#[derive(Debug, Clone)]
struct Moving {
    facts: StaffFacts,
    expected_version: Option<i64>,
}

fn nobody() -> Moving {
    Moving { facts: StaffFacts { actor: staff(StaffRole::Agent).actor(), staff: None }, expected_version: Some(7) }
}

fn with_status(status: PersonStatus) -> StaffMember {
    StaffMember { status, ..staff(StaffRole::Consultant) }
}

#[test]
fn an_administrator_disables_a_staff_member_and_their_grants_end_g_12() {
    let grants = || vec![individual(grant(4, one(&staff(StaffRole::Consultant)), Level::Update), None)];
    let done = climb(
        nobody(),
        |world| {
            let reason = note("left");
            disable(&by(&staff(ADMINISTRATOR)), world.facts, grants(), reason, world.expected_version)
        },
        [
            trips::<Moving>(Code::NotFound).until(|world| world.facts.staff = Some(staff(StaffRole::Agent))),
            lacks(Requirement::Roles(ADMINISTRATION))
                .until(|world| world.facts = facts(ADMINISTRATOR, staff(ADMINISTRATOR))),
            trips(Code::VersionMismatch).with(Extra::CurrentVersion(1)).until(|world| world.expected_version = None),
            trips(Code::OwnRecord).until(|world| world.facts.staff = Some(with_status(PersonStatus::Disabled))),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("disabled"))
                .until(|world| world.facts.staff = Some(with_status(PersonStatus::Active))),
        ],
    );
    let member = done.staff.after();
    let disabled = member.disabled.as_ref().unwrap();
    assert_eq!((member.status, disabled.at), (PersonStatus::Disabled, NOW));
    assert_eq!(disabled.by, staff(ADMINISTRATOR).id.into());
    assert!(!may_sign_in(&member.actor(), OrganizationStatus::Active));
    assert_eq!(
        written(&done.staff),
        [
            "staff.disabled in org_9 by staff_7 for org_9",
            "status: active -> disabled",
            "disabled_reason: nothing -> left",
        ]
    );
    assert_eq!(done.grants[0].after().status(NOW), GrantStatus::Ended);
    assert_eq!(written(&done.grants[0])[0], "partner_grant.ended in org_1 by staff_7 for org_9");
}

#[test]
fn an_administrator_enables_a_staff_member_who_is_invited_anew() {
    let enabled = climb(
        nobody(),
        |world| enable(&by(&staff(ADMINISTRATOR)), world.facts, world.expected_version, welcome_ids()),
        [
            trips::<Moving>(Code::NotFound).until(|world| world.facts.staff = Some(staff(StaffRole::Agent))),
            lacks(Requirement::Roles(ADMINISTRATION))
                .until(|world| world.facts = facts(ADMINISTRATOR, with_status(PersonStatus::Invited))),
            trips(Code::VersionMismatch).with(Extra::CurrentVersion(1)).until(|world| world.expected_version = None),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("invited"))
                .until(|world| world.facts.staff = Some(with_status(PersonStatus::Disabled))),
        ],
    );
    assert_eq!(written(&enabled.staff), ["staff.updated in org_9 by staff_7 for org_9", "status: disabled -> invited"]);
    assert_eq!(mails(&enabled.staff), ["mail_1: welcome to staff_6 about staff_6 with link_1"]);
}

#[test]
fn an_administrator_sends_the_welcome_email_again() {
    let sent = climb(
        nobody(),
        |world| resend_welcome(&by(&staff(ADMINISTRATOR)), world.facts, None, welcome_ids()),
        [
            trips::<Moving>(Code::NotFound).until(|world| world.facts.staff = Some(staff(StaffRole::Agent))),
            lacks(Requirement::Roles(ADMINISTRATION))
                .until(|world| world.facts = facts(ADMINISTRATOR, with_status(PersonStatus::Active))),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("active"))
                .until(|world| world.facts.staff = Some(with_status(PersonStatus::Invited))),
        ],
    );
    assert_eq!(written(&sent.staff), ["staff.updated in org_9 by staff_7 for org_9"]);
    assert_eq!(mails(&sent.staff), ["mail_1: welcome to staff_6 about staff_6 with link_1"]);
}

#[test]
fn a_staff_member_is_invited_until_they_set_a_password() {
    let invited = with_status(PersonStatus::Invited);
    let activated = activate(&by(&invited), invited).unwrap();
    assert_eq!(written(&activated), ["staff.activated in org_9 by staff_6 for org_9", "status: invited -> active"]);
    for status in [PersonStatus::Active, PersonStatus::Disabled] {
        assert_eq!(code(activate(&by(&manager()), with_status(status))), Code::InvalidLink);
    }
}

#[test]
fn only_who_may_sign_in_sets_a_new_password() {
    let active = with_status(PersonStatus::Active);
    let reset = reset_password(&by(&active), active, id(5)).unwrap();
    assert_eq!(written(&reset), ["person.password_reset in org_9 by staff_6 for org_9"]);
    for status in [PersonStatus::Invited, PersonStatus::Disabled] {
        assert_eq!(code(reset_password(&by(&with_status(status)), with_status(status), id(5))), Code::InvalidLink);
    }
}
