//! The life cycle of a contact (C-10 … C-12, C-15, C-17, G-12).

use mandate_core::access::Standing;
use mandate_core::contact::{Contact, Existing, Others, WelcomeIds};
use mandate_core::contact_state::{
    DisableContact, DisableFacts, Disabled, EnableFacts, RecordIds, StateFacts, activate, disable, enable,
    resend_welcome, reset_password,
};
use mandate_core::contact_ties::Ties;
use mandate_core::invitation::Invitation;
use mandate_core::partner_grant::PartnerGrant;
use mandate_core::person;
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::service_request::ServiceRequest;
use mandate_core::session::{may_sign_in, use_link};
use mandate_core::text::PersonName;
use mandate_core::vocabulary::{
    Category, GrantStatus, InvitationStatus, Level, LinkPurpose, OrganizationStatus, Permission, PersonStatus,
    RequestStatus, StaffRole,
};

use crate::ladder::{climb, code, lacks, mails, refusal, trips, written};
use crate::world::{
    BACKED, CUSTOMER, NOW, OTHER_CUSTOMER, PARTNER, Person, TOMORROW, YESTERDAY, by, consultant, designated, desk,
    grant, guardian, id, individual, invitation, manager, named, note, one, orphan, outsider, owners, partner,
    partner_designated, partner_guardian, reader, reference, request, request_in, staff, standing, welcome_ids,
};

fn state(person: &impl Person, contact: Contact) -> StateFacts {
    let standing = Standing::of(&person.actor(), contact.organization, None);
    StateFacts { actor: person.actor(), standing, contact: Some(contact) }
}

/// Nobody else has the address, and it is the customer's own.
pub(crate) fn enabling(state: StateFacts) -> EnableFacts {
    EnableFacts { state, holder: None, owners: owners(&[("example.com", CUSTOMER)]), former: Vec::new() }
}

fn invited() -> Contact {
    Contact { status: PersonStatus::Invited, ..designated() }
}

fn disabled() -> Contact {
    Contact {
        status: PersonStatus::Disabled,
        disabled: Some(person::Disabling { at: YESTERDAY, by: manager().id.into(), reason: note("left") }),
        ..designated()
    }
}

#[test]
fn a_contact_is_invited_until_they_set_a_password_c_12() {
    let activated = activate(&by(&invited()), invited(), BACKED).unwrap();
    assert_eq!(activated.after().status, PersonStatus::Active);
    assert_eq!(written(&activated), ["contact.activated in org_1 by contact_3 for org_1", "status: invited -> active"]);
    assert!(!may_sign_in(&invited().actor(), OrganizationStatus::Active));
    for status in [PersonStatus::Active, PersonStatus::Disabled, PersonStatus::Transferred] {
        let refused = refusal(activate(&by(&invited()), Contact { status, ..invited() }, BACKED));
        assert_eq!((refused.code, refused.pointer), (Code::InvalidLink, Some("#/token")));
    }
}

#[derive(Debug, Clone)]
struct Moving {
    facts: StateFacts,
    expected_version: Option<i64>,
}

fn nobody() -> Moving {
    let facts = StateFacts { contact: None, standing: Standing::Stranger, ..state(&manager(), designated()) };
    Moving { facts, expected_version: Some(7) }
}

#[test]
fn a_manager_sends_the_welcome_email_again_c_12() {
    let newer = WelcomeIds { link: id(2), mail: id(2), expires_at: TOMORROW };
    let sent = climb(
        nobody(),
        |world| resend_welcome(&by(&manager()), world.facts, false, None, newer),
        [
            trips::<Moving>(Code::NotFound).until(|world| world.facts.contact = Some(designated())),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&manager())),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("active"))
                .until(|world| world.facts.contact = Some(disabled())),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("disabled"))
                .until(|world| world.facts.contact = Some(invited())),
        ],
    );
    assert_eq!(sent.contact.after().status, PersonStatus::Invited);
    assert_eq!(written(&sent.contact), ["contact.welcome_resent in org_1 by contact_2 for org_1"]);
    assert_eq!(mails(&sent.contact), ["mail_2: welcome to contact_3 about contact_3 with link_2"]);
    assert_eq!((sent.link.id, sent.link.expires_at), (id(2), TOMORROW));
    // It works once, and not after its time.
    let used = use_link(NOW, LinkPurpose::Welcome, Some(sent.link.clone())).unwrap();
    assert_eq!(code(use_link(NOW, LinkPurpose::Welcome, Some(used))), Code::InvalidLink);
    assert_eq!(code(use_link(TOMORROW, LinkPurpose::Welcome, Some(sent.link))), Code::InvalidLink);
}

#[test]
fn a_manager_enables_a_disabled_contact_who_is_invited_anew_c_10_c_17() {
    let enabled = climb(
        nobody(),
        |world| enable(&by(&guardian()), enabling(world.facts), world.expected_version, welcome_ids()),
        [
            trips::<Moving>(Code::NotFound).until(|world| world.facts.contact = Some(guardian())),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&manager())),
            // To enable a primary support contact is to appoint one.
            lacks(Requirement::PrimarySupport).until(|world| world.facts.standing = standing(&guardian())),
            trips(Code::VersionMismatch).with(Extra::CurrentVersion(1)).until(|world| world.expected_version = None),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("active"))
                .until(|world| world.facts.contact = Some(disabled())),
        ],
    );
    let contact = enabled.contact.after();
    assert_eq!((contact.status, contact.version), (PersonStatus::Invited, 2));
    assert_eq!(contact.disabled, None);
    assert_eq!(
        written(&enabled.contact),
        [
            "contact.enabled in org_1 by contact_1 for org_1",
            "status: disabled -> invited",
            "disabled_reason: left -> nothing",
        ]
    );
    assert_eq!(mails(&enabled.contact), ["mail_1: welcome to contact_3 about contact_3 with link_1"]);
    assert_eq!((enabled.link.person, enabled.link.purpose), (designated().id.into(), LinkPurpose::Welcome));
    // They do not sign in before they have set a new password.
    assert!(!may_sign_in(&contact.actor(), OrganizationStatus::Active));
}

#[test]
fn an_address_that_somebody_else_has_now_is_not_enabled_again_c_13() {
    let enabled = |holder, owned: &[(&str, mandate_core::id::OrganizationId)]| {
        let facts = EnableFacts { holder, owners: owners(owned), ..enabling(state(&manager(), disabled())) };
        refusal(enable(&by(&manager()), facts, None, welcome_ids()).map(drop))
    };
    let here = Some(Existing { person: reader().id.into(), organization: CUSTOMER });
    assert_eq!(enabled(here, &[]).code, Code::ContactExists);
    let there = || Some(Existing { person: outsider().id.into(), organization: OTHER_CUSTOMER });
    for (owned, is_available) in [(&[("example.com", CUSTOMER)][..], true), (&[], false)] {
        let refused = enabled(there(), owned);
        assert_eq!(refused.code, Code::ContactInOtherOrganization);
        assert_eq!(refused.extras, [Extra::InvitationAvailable(is_available)]);
    }
}

/// Somebody disables somebody, and nothing is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Disabling {
    pub(crate) facts: DisableFacts,
    pub(crate) command: DisableContact,
}

impl Disabling {
    fn contact(&mut self) -> &mut Contact {
        self.facts.state.contact.as_mut().unwrap()
    }
}

pub(crate) fn disabling(person: &impl Person, contact: Contact) -> Disabling {
    let organization = named(contact.organization);
    let record = RecordIds { request: id(2), number: 124, message: id(1), mail: id(9) };
    Disabling {
        facts: DisableFacts {
            state: state(person, contact),
            organization,
            others: Others { active_manager: true, active_primary: true, active_appointer: true },
            ties: Ties::default(),
            under_way: None,
            successor: None,
            review: None,
            invitations: Vec::new(),
        },
        command: DisableContact { reason: note("left the company"), expected_version: None, record },
    }
}

fn disabled_by(person: &impl Person, world: Disabling) -> Disabled {
    disable(&by(person), world.facts, world.command).unwrap()
}

#[test]
fn a_guardian_disables_a_contact_c_9_c_10_c_11_c_15() {
    let mut world = disabling(&manager(), guardian());
    world.facts.state.standing = Standing::Stranger;
    world.facts.state.contact = None;
    world.facts.others = Others { active_manager: false, active_primary: false, active_appointer: false };
    world.command.expected_version = Some(7);
    let done = climb(
        world,
        |world| disable(&by(&manager()), world.facts, world.command),
        [
            trips::<Disabling>(Code::NotFound).until(|world| world.facts.state.contact = Some(manager())),
            trips(Code::NotFound).until(|world| world.facts.state.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.state.standing = standing(&manager())),
            // The last one who acts on themselves is told that first (C-11).
            trips(Code::LastContactManager).until(|world| world.facts.others.active_manager = true),
            trips(Code::OwnRecord).until(|world| {
                world.facts.others.active_manager = false;
                world.facts.state.contact = Some(Contact { status: PersonStatus::Disabled, ..guardian() });
            }),
            lacks(Requirement::PrimarySupport).until(|world| world.facts.state.standing = standing(&guardian())),
            trips(Code::VersionMismatch)
                .with(Extra::CurrentVersion(1))
                .until(|world| world.command.expected_version = Some(1)),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("disabled"))
                .until(|world| world.contact().status = PersonStatus::Transferred),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("transferred"))
                .until(|world| world.contact().status = PersonStatus::Active),
            trips(Code::LastContactManager).until(|world| world.facts.others.active_manager = true),
            trips(Code::LastPrimarySupportContact).until(|world| world.facts.others.active_primary = true),
            trips(Code::LastPrimarySupportContact).until(|world| world.facts.others.active_appointer = true),
        ],
    );
    let contact = done.contact.after();
    assert_eq!(contact.status, PersonStatus::Disabled);
    let disabled = contact.disabled.as_ref().unwrap();
    assert_eq!((disabled.at, disabled.by), (NOW, manager().id.into()));
    assert!(!may_sign_in(&contact.actor(), OrganizationStatus::Active));
    assert!(done.contact.notices().is_empty());
    assert_eq!(
        written(&done.contact),
        [
            "contact.disabled in org_1 by contact_2 for org_1",
            "status: active -> disabled",
            "disabled_reason: nothing -> left the company",
        ]
    );
}

#[test]
fn disabling_ends_the_grants_hands_over_the_requests_and_is_recorded_c_15_g_12() {
    let mut world = disabling(&manager(), designated());
    let theirs = PartnerGrant { grantor: named(PARTNER), ..grant(5, one(&designated()), Level::Create) };
    world.facts.ties.grants = vec![individual(theirs, None)];
    world.facts.ties.leads = vec![orphan(request_in(RequestStatus::WaitingOnCustomer), None, &[])];
    let done = disabled_by(&manager(), world);
    // Their grants end, for good, in the journal of whoever made them.
    let ended = done.untied.grants[0].after();
    assert_eq!(ended.status(NOW), GrantStatus::Ended);
    assert_eq!(ended.status(YESTERDAY), GrantStatus::Ended);
    assert_eq!(ended.ending.as_ref().unwrap().by, Some(manager().id.into()));
    let at = NOW.to_string();
    assert_eq!(
        written(&done.untied.grants[0]),
        ["partner_grant.ended in org_2 by contact_2 for org_1", &format!("ended_at: nothing -> {at}")]
    );
    // Their open requests go to the manager who did it.
    assert_eq!(
        written(&done.untied.handed_over.requests[0]),
        ["service_request.updated in org_1 by contact_2 for org_1", "point_of_contact: contact_3 -> contact_2",]
    );
    // A request records it and is tied to the contact.
    let record = done.record.after();
    assert_eq!((record.category, record.status), (Category::ContactDeactivation, RequestStatus::Solved));
    assert_eq!((record.id, record.number, record.organization.id), (id(2), 124, CUSTOMER));
    assert_eq!((record.about, record.solved_at), (Some(designated().id), Some(NOW)));
    assert_eq!(
        (&record.submitted_by, &record.point_of_contact),
        (&reference(&manager()), &Some(reference(&manager())))
    );
    assert_eq!(record.subject.as_str(), "Contact disabled: Dina Silva");
    assert_eq!(written(&done.record), ["service_request.created in org_1 by contact_2 for org_1"]);
    let message = done.message.after();
    assert_eq!((message.request, message.internal), (record.id, false));
    assert_eq!(message.body.as_str(), "Dina Silva (dina@example.com) was disabled.");
    assert_eq!(written(&done.message), ["service_request.message_created in org_1 by contact_2 for org_1"]);
}

#[test]
fn invitations_around_a_disabled_contact_are_cancelled_c_15() {
    let mut world = disabling(&manager(), designated());
    let made = invitation(1, &designated(), &outsider());
    let abroad = Invitation { organization: PARTNER, ..invitation(2, &designated(), &outsider()) };
    let got = Invitation { organization: OTHER_CUSTOMER, ..invitation(3, &outsider(), &designated()) };
    let over = Invitation { expires_at: NOW, ..invitation(4, &designated(), &partner_designated()) };
    world.facts.invitations = vec![made, abroad, got, over];
    let done = disabled_by(&manager(), world);
    let lines: Vec<_> = done.invitations.iter().map(|change| written(change)[0].clone()).collect();
    assert_eq!(
        lines,
        [
            "invitation.cancelled in org_1 by contact_2 for org_1",
            "invitation.cancelled in org_2 by the system for org_2",
            "invitation.cancelled in org_4 by the system for org_4",
        ]
    );
    assert!(done.invitations.iter().all(|change| change.after().status(NOW) == InvitationStatus::Cancelled));
    // What others do is not told, and one whose time was over had ended already.
    assert_eq!(done.effects.invitations, [id(1)]);
}

#[test]
fn the_answer_to_disabling_tells_what_its_reader_may_know_c_15_x_3_g_10() {
    let mut world = disabling(&partner_guardian(), partner_designated());
    let mine = Some(reference(&partner_designated()));
    let customers = ServiceRequest { point_of_contact: mine.clone(), ..request() };
    let own = ServiceRequest { id: id(9), organization: named(PARTNER), ..customers.clone() };
    world.facts.ties.leads = vec![orphan(customers, None, &[]), orphan(own, None, &[])];
    world.facts.ties.grants = vec![individual(grant(5, one(&partner_designated()), Level::Create), None)];
    let told = disabled_by(&partner_guardian(), world.clone()).effects;
    assert_eq!((told.grants, told.requests), (vec![id(5)], vec![id(9)]));
    assert_eq!(told.heir, Some(reference(&partner_guardian())));
    // Somebody who manages the partner's contacts by a grant does not see what the partner's people hold.
    world.facts.state.actor = outsider().actor();
    world.facts.state.standing = partner(Level::FullAdmin);
    let told = disabled_by(&outsider(), world.clone()).effects;
    assert_eq!((told.grants, told.requests), (vec![], vec![id(9)]));
    // The desk does; where nobody is left, it is told so.
    world.facts.state.actor = staff(StaffRole::Agent).actor();
    world.facts.state.standing = desk(StaffRole::Agent);
    let told = disabled_by(&staff(StaffRole::Agent), world.clone()).effects;
    assert_eq!((told.grants, told.requests, told.heir), (vec![id(5)], vec![id(9)], None));
    world.facts.ties.leads.clear();
    world.facts.successor = Some(reference(&partner_guardian()));
    let told = disabled_by(&staff(StaffRole::Agent), world).effects;
    assert_eq!((told.requests, told.heir), (vec![], None), "nobody takes over nothing");
}

#[test]
fn when_staff_disable_somebody_a_guardian_takes_over_or_nobody_does_c_11_c_15() {
    for role in [StaffRole::Agent, StaffRole::DutyManager, StaffRole::Administrator] {
        for successor in [Some(reference(&Contact { id: id(30), ..guardian() })), None] {
            // The last manager and the last primary support contact, who is known to have left.
            let mut world = disabling(&staff(role), guardian());
            world.facts.others = Others { active_manager: false, active_primary: false, active_appointer: false };
            let mine = ServiceRequest { point_of_contact: Some(reference(&guardian())), ..request() };
            let left = if successor.is_some() { vec![Contact { id: id(30), ..guardian() }] } else { Vec::new() };
            world.facts.ties.leads = vec![orphan(mine, None, &left)];
            world.facts.successor = successor.clone();
            let done = disabled_by(&staff(role), world);
            assert_eq!(done.contact.after().status, PersonStatus::Disabled);
            assert_eq!(done.untied.handed_over.requests[0].after().point_of_contact, successor);
            assert_eq!(done.record.after().point_of_contact, successor);
            assert_eq!(done.record.after().submitted_by, reference(&staff(role)));
        }
    }
    for role in [StaffRole::Consultant, StaffRole::SalesManager, StaffRole::TechnicalAccountManager] {
        let world = disabling(&staff(role), designated());
        assert_eq!(code(disable(&by(&staff(role)), world.facts, world.command)), Code::StaffOnly);
    }
}

#[test]
fn a_partners_manager_gets_no_say_in_the_requests_of_the_partners_customers_c_15_s_2() {
    let mut world = disabling(&partner_guardian(), partner_designated());
    let customers = ServiceRequest { point_of_contact: Some(reference(&partner_designated())), ..request() };
    let own = ServiceRequest { id: id(9), organization: named(PARTNER), ..customers.clone() };
    world.facts.ties.leads = vec![orphan(customers, None, &[]), orphan(own, None, &[])];
    let done = disabled_by(&partner_guardian(), world);
    assert_eq!(done.untied.handed_over.requests[0].after().point_of_contact, None);
    assert!(!done.untied.handed_over.requests[0].after().is_partner_managed(NOW));
    assert_eq!(done.untied.handed_over.requests[1].after().point_of_contact, Some(reference(&partner_guardian())));
}

#[test]
fn a_full_admin_partner_disables_by_the_grant_but_nobody_who_has_authority_c_9_g_3() {
    let by_grant = |contact: Contact| {
        let mut world = disabling(&partner_designated(), contact);
        world.facts.state.standing = partner(Level::FullAdmin);
        disable(&by(&partner_designated()), world.facts, world.command)
    };
    let done = by_grant(designated()).unwrap();
    assert_eq!(written(&done.contact)[0], "contact.disabled in org_1 by contact_6 for org_1 by grant_1");
    assert_eq!(done.record.after().submitted_by_grant, Some(id(1)));
    // Who has authority is their own organization's affair.
    for contact in [guardian(), manager()] {
        assert_eq!(code(by_grant(contact)), Code::ContactManagerProtected);
    }
}

#[test]
fn an_invited_contact_can_be_disabled_and_counts_for_nothing_c_11_c_15() {
    let invited = Contact { status: PersonStatus::Invited, ..guardian() };
    let mut world = disabling(&guardian(), Contact { id: id(30), ..invited });
    world.facts.others = Others { active_manager: false, active_primary: false, active_appointer: false };
    assert_eq!(disabled_by(&guardian(), world).contact.after().status, PersonStatus::Disabled);
}

#[test]
fn a_manager_who_guards_nothing_does_not_remove_a_guardian_also_not_an_invited_one_c_10() {
    for status in [PersonStatus::Active, PersonStatus::Invited] {
        let world = disabling(&manager(), Contact { status, ..guardian() });
        let refused = code(disable(&by(&manager()), world.facts, world.command));
        assert_eq!(refused, Code::PrimarySupportContactRequired);
    }
}

#[test]
fn what_ended_on_disabling_does_not_come_back_c_17_g_12() {
    let mut world = disabling(&manager(), designated());
    world.facts.ties.grants = vec![individual(grant(5, one(&designated()), Level::FullAdmin), None)];
    world.facts.ties.leads = vec![orphan(request(), None, &[])];
    let done = disabled_by(&manager(), world);
    let facts = state(&manager(), done.contact.after().clone());
    // Enabling changes the contact and makes a link; there is nothing else that it could change.
    let enabled = enable(&by(&manager()), enabling(facts), None, welcome_ids()).unwrap();
    assert_eq!(enabled.contact.after().id, designated().id);
    assert_eq!(done.untied.grants[0].after().status(TOMORROW), GrantStatus::Ended);
}

#[test]
fn the_longest_name_and_reason_still_make_a_record_c_15() {
    let long = PersonName::parse(&"ç".repeat(100)).unwrap();
    let profile = person::Profile { first_name: long.clone(), last_name: long, ..designated().profile };
    let contact = Contact { profile, ..designated() };
    let mut world = disabling(&manager(), contact);
    world.command.reason = note(&"ç".repeat(2_000));
    let done = disabled_by(&manager(), world);
    assert_eq!(done.record.after().subject.as_str().chars().count(), 200);
    assert!(done.message.after().body.as_str().ends_with("@example.com) was disabled."));
    assert_eq!(done.contact.after().disabled.as_ref().unwrap().reason, note(&"ç".repeat(2_000)));
}

#[test]
fn only_who_may_sign_in_sets_a_new_password_c_15() {
    let reset = reset_password(&by(&designated()), designated(), id(5)).unwrap();
    assert_eq!(reset.after().status, PersonStatus::Active);
    assert_eq!(written(&reset), ["person.password_reset in org_1 by contact_3 for org_1"]);
    // They learn of it, should it not have been them.
    assert_eq!(mails(&reset), ["mail_5: password_changed to contact_3"]);
    for status in [PersonStatus::Invited, PersonStatus::Disabled, PersonStatus::Transferred] {
        let person = Contact { status, ..designated() };
        assert_eq!(code(reset_password(&by(&person), person.clone(), id(5))), Code::InvalidLink);
    }
}

#[test]
fn strangers_hear_the_same_of_a_contact_as_of_nobody_x_3() {
    let hidden = |contact: Option<Contact>| {
        let facts = StateFacts { contact, ..state(&outsider(), designated()) };
        refusal(enable(&by(&outsider()), enabling(facts), None, welcome_ids()))
    };
    assert_eq!(hidden(Some(disabled())), hidden(None));
    let staff_without_grant =
        StateFacts { standing: desk(StaffRole::Agent), ..state(&staff(StaffRole::Agent), disabled()) };
    let refused = code(enable(&by(&staff(StaffRole::Agent)), enabling(staff_without_grant), None, welcome_ids()));
    assert_eq!(refused, Code::PermissionRequired);
}

#[test]
fn staff_who_act_by_a_grant_are_bound_like_a_partner_c_9_c_11() {
    let last = || Others { active_manager: false, active_primary: false, active_appointer: false };
    let attempt = |standing: Standing, member: StaffRole, contact: Contact| {
        let mut world = disabling(&staff(member), contact);
        world.facts.state.standing = standing;
        world.facts.others = last();
        world.command.expected_version = None;
        disable(&by(&manager()), world.facts, world.command).map(drop).map_err(|refusal| refusal.code)
    };
    let (agent, adviser) = (StaffRole::Agent, StaffRole::Consultant);
    assert_eq!(attempt(desk(agent), agent, guardian()), Ok(()));
    let by_grant = || consultant(Level::FullAdmin);
    assert_eq!(attempt(by_grant(), adviser, designated()), Ok(()));
    assert_eq!(attempt(by_grant(), adviser, manager()), Err(Code::ContactManagerProtected));
    assert_eq!(attempt(by_grant(), adviser, guardian()), Err(Code::ContactManagerProtected));
}

#[test]
fn administrators_send_the_first_welcome_again_while_nobody_has_ever_entered_c_10_c_12() {
    let invited = || Contact { status: PersonStatus::Invited, ..guardian() };
    let attempt = |role: StaffRole, never_entered: bool| {
        let standing = Standing::Staff { roles: vec![role], held: None };
        let facts = StateFacts { actor: staff(role).actor(), standing, contact: Some(invited()) };
        resend_welcome(&by(&staff(role)), facts, never_entered, None, welcome_ids())
            .map(drop)
            .map_err(|refusal| refusal.code)
    };
    assert_eq!(attempt(StaffRole::Administrator, true), Ok(()));
    assert_eq!(attempt(StaffRole::Administrator, false), Err(Code::PermissionRequired));
    assert_eq!(attempt(StaffRole::Agent, true), Err(Code::PermissionRequired));
}

#[test]
fn staff_who_disable_the_last_of_a_kind_open_a_critical_finding_r_1_r_3() {
    let opened = |contact: Contact, others| {
        let agent = staff(StaffRole::Agent);
        let mut world = disabling(&agent, contact);
        world.facts.others = others;
        written(&disabled_by(&agent, world).contact).into_iter().skip(3).collect::<Vec<_>>()
    };
    let (primary, managing) = (
        "readiness.finding_opened no_primary_support_contact in org_1",
        "readiness.finding_opened no_contact_manager in org_1",
    );
    let alone = Others { active_manager: false, active_primary: false, active_appointer: false };
    assert_eq!(opened(guardian(), alone), [primary, managing]);
    assert_eq!(opened(manager(), alone), [managing]);
    assert_eq!(opened(designated(), alone), [""; 0]);
    // Not where others remain, and not where there was nobody to lose.
    assert_eq!(
        opened(guardian(), Others { active_manager: true, active_primary: true, active_appointer: true }),
        [""; 0]
    );
    assert_eq!(
        opened(guardian(), Others { active_manager: true, active_primary: false, active_appointer: false }),
        [primary]
    );
    assert_eq!(opened(Contact { status: PersonStatus::Invited, ..guardian() }, alone), [""; 0]);
}
