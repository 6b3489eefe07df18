//! Invitations: who may invite whom, as what (C-13, C-14).

use mandate_core::access::Standing;
use mandate_core::contact::Existing;
use mandate_core::id::{ContactId, InvitationId, StaffId};
use mandate_core::invitation::{
    CreateFacts, Ending, Invitation, InvitationFacts, NewInvitation, Right, allow_list, cancel, create, view,
};
use mandate_core::refusal::{Code, Extra, Requirement};
use mandate_core::text::TypedEmail;
use mandate_core::time::Span;
use mandate_core::vocabulary::{ContactType, Duty, InvitationStatus, Level, LinkPurpose, Permission, StaffRole};

use crate::ladder::{climb, code, lacks, mails, refusal, trips, written};
use crate::world::{
    CUSTOMER, NOW, OTHER_CUSTOMER, PARTNER, Person, TOMORROW, VENDOR, YESTERDAY, by, consultant, designated, desk,
    domains, guardian, id, invitation, manager, organization, outsider, owners, partner, partner_designated,
    partner_guardian, reader, staff, standing,
};

#[derive(Debug, Clone)]
struct Inviting {
    facts: CreateFacts,
    command: NewInvitation,
}

const INVITED: ContactId = ContactId::from_u128(9);
const STAFF: StaffId = StaffId::from_u128(1);
const OPEN: InvitationId = InvitationId::from_u128(7);

fn email(text: &str) -> TypedEmail {
    TypedEmail::parse(text).unwrap()
}

/// The guardian invites Olga of the other customer, whose email is in the customer's domain.
fn inviting() -> Inviting {
    Inviting {
        facts: CreateFacts {
            right: Right {
                standing: standing(&guardian()),
                owners: owners(&[("acme.example", CUSTOMER)]),
                vendor_domains: domains(&["vendor.example"]),
            },
            organization: Some(organization(CUSTOMER)),
            existing: Some(Existing { person: INVITED.into(), organization: OTHER_CUSTOMER }),
            open: None,
        },
        command: NewInvitation {
            id: id(1),
            email: email("olga@acme.example"),
            kind: ContactType::PrimarySupport,
            permission: Permission::ManageContacts,
            duties: [Duty::It].into(),
            link: id(1),
            mail: id(1),
            expires_at: TOMORROW,
        },
    }
}

#[test]
fn a_guardian_invites_a_contact_of_another_organization_c_13_c_14() {
    let mut world = inviting();
    world.facts.organization = None;
    world.facts.right.standing = Standing::Stranger;
    world.facts.right.owners = owners(&[("acme.example", PARTNER)]);
    world.facts.right.vendor_domains = domains(&["acme.example"]);
    world.facts.existing = Some(Existing { person: STAFF.into(), organization: VENDOR });
    world.facts.open = Some(invitation(7, &manager(), &outsider()));
    world.command.email = email("Olga@acme.example");
    world.command.permission = Permission::KnowledgeBase;
    let created = climb(
        world,
        |world| create(&by(&guardian()), world.facts, world.command),
        [
            trips::<Inviting>(Code::NotFound).until(|world| world.facts.organization = Some(organization(CUSTOMER))),
            trips(Code::NotFound).until(|world| world.facts.right.standing = standing(&designated())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.right.standing = standing(&manager())),
            lacks(Requirement::PrimarySupport).until(|world| world.facts.right.standing = standing(&guardian())),
            trips(Code::ValidationFailed)
                .at("#/email")
                .with(Extra::MemberCode("email_not_lower_case"))
                .until(|world| world.command.email = email("olga@acme.example")),
            trips(Code::ContactCombinationInvalid)
                .at("#/permission")
                .until(|world| world.command.permission = Permission::ManageContacts),
            // Asked before anybody is looked for, so that nobody learns who exists.
            trips(Code::InvitationNotAvailable)
                .at("#/email")
                .until(|world| world.facts.right.owners = owners(&[("acme.example", CUSTOMER)])),
            trips(Code::VendorStaffNotAllowed)
                .at("#/email")
                .until(|world| world.facts.right.vendor_domains = domains(&["vendor.example"])),
            // Somebody of the vendor, whatever their address.
            trips(Code::VendorStaffNotAllowed).at("#/email").until(|world| {
                world.facts.existing = Some(Existing { person: INVITED.into(), organization: CUSTOMER });
            }),
            trips(Code::ContactExists).with(Extra::About(INVITED.into())).until(|world| world.facts.existing = None),
            trips(Code::InvitationNotAvailable).at("#/email").until(|world| {
                world.facts.existing = Some(Existing { person: INVITED.into(), organization: OTHER_CUSTOMER });
            }),
            trips(Code::InvitationExists)
                .with(Extra::About(OPEN.into()))
                .until(|world| world.facts.open.as_mut().unwrap().expires_at = NOW),
        ],
    );
    let invited = created.invitation.after();
    assert_eq!((invited.person, invited.created_by), (INVITED, guardian().id.into()));
    assert_eq!((invited.status(NOW), invited.status(TOMORROW)), (InvitationStatus::Pending, InvitationStatus::Expired));
    assert_eq!(written(&created.invitation), ["invitation.created in org_1 by contact_1 for org_1"]);
    assert_eq!(mails(&created.invitation), ["mail_1: invitation to contact_9 about inv_1 with link_1"]);
    let link = created.link;
    assert_eq!((link.person, link.purpose), (INVITED.into(), LinkPurpose::Invitation));
    assert_eq!((link.created_at, link.expires_at), (NOW, TOMORROW));
    // The one whose time was over has ended, and made room.
    let expired = created.expired.unwrap();
    let at = NOW.to_string();
    assert_eq!(
        written(&expired),
        ["invitation.expired in org_1 by contact_1 for org_1", &format!("ended_at: nothing -> {at}")]
    );
    assert_eq!(expired.after().status(YESTERDAY), InvitationStatus::Expired);
}

/// C-9, G-3: who may manage contacts may invite; the domains are those of the organization to join (C-13).
#[test]
fn full_administrators_invite_by_their_grant_c_9_c_10_c_13() {
    let by_grant = |standing: Standing| {
        let mut world = inviting();
        world.facts.right.standing = standing;
        (world.command.kind, world.command.permission) = (ContactType::Technical, Permission::DesignatedSupport);
        create(&by(&partner_designated()), world.facts, world.command)
    };
    let made = by_grant(partner(Level::FullAdmin)).unwrap();
    assert_eq!(written(&made.invitation)[0], "invitation.created in org_1 by contact_6 for org_1 by grant_1");
    assert_eq!(code(by_grant(partner(Level::ServiceAdmin))), Code::PermissionRequired);
    assert!(by_grant(consultant(Level::FullAdmin)).is_ok());
    for role in [StaffRole::Agent, StaffRole::Administrator] {
        assert_eq!(code(by_grant(desk(role))), Code::PermissionRequired);
    }
}

/// C-9: a partner does not outlive its grant as a contact of the customer.
#[test]
fn nobody_invites_themselves_c_9_c_14_g_5() {
    let mut world = inviting();
    world.facts.right.standing = partner(Level::FullAdmin);
    (world.command.kind, world.command.permission) = (ContactType::Technical, Permission::DesignatedSupport);
    world.facts.existing = Some(Existing { person: partner_designated().id.into(), organization: PARTNER });
    let refused = refusal(create(&by(&partner_designated()), world.facts.clone(), world.command.clone()));
    assert_eq!((refused.code, refused.pointer), (Code::OwnRecord, Some("#/email")));
    assert!(create(&by(&partner_guardian()), world.facts, world.command).is_ok());
}

/// Whoever has no right to an address gets the same answer, whether somebody has it or not.
#[test]
fn nobody_is_probed_by_inviting_c_13_x_3() {
    let existing = |existing: Option<Existing>| {
        let mut world = inviting();
        world.command.email = email("olga@other.example");
        world.facts.existing = existing;
        refusal(create(&by(&guardian()), world.facts, world.command))
    };
    let staff = Existing { person: STAFF.into(), organization: VENDOR };
    for somebody in [staff, Existing { person: INVITED.into(), organization: OTHER_CUSTOMER }] {
        assert_eq!(existing(Some(somebody)), existing(None));
    }
    assert_eq!(existing(None).code, Code::InvitationNotAvailable);
}

#[derive(Debug, Clone)]
struct Cancelling {
    facts: InvitationFacts,
    expected_version: Option<i64>,
}

fn facts(person: &impl Person, invitation: Option<Invitation>) -> InvitationFacts {
    InvitationFacts { actor: person.actor(), standing: standing(person), invitation }
}

fn ended(status: InvitationStatus) -> Invitation {
    let ending = Ending { at: YESTERDAY, status, by: None, contact: None };
    Invitation { ending: Some(ending), ..invitation(1, &manager(), &outsider()) }
}

#[test]
fn a_manager_cancels_a_pending_invitation_c_14() {
    let nothing = InvitationFacts { standing: Standing::Stranger, ..facts(&manager(), None) };
    let cancelled = climb(
        Cancelling { facts: nothing, expected_version: Some(7) },
        |world| cancel(&by(&manager()), world.facts, world.expected_version),
        [
            trips::<Cancelling>(Code::NotFound)
                .until(|world| world.facts.invitation = Some(ended(InvitationStatus::Accepted))),
            trips(Code::NotFound).until(|world| world.facts.standing = standing(&reader())),
            lacks(Requirement::Permission(Permission::ManageContacts))
                .until(|world| world.facts.standing = standing(&manager())),
            trips(Code::VersionMismatch).with(Extra::CurrentVersion(1)).until(|world| world.expected_version = Some(1)),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("accepted"))
                .until(|world| world.facts.invitation = Some(ended(InvitationStatus::Cancelled))),
            trips(Code::InvalidTransition).with(Extra::CurrentStatus("cancelled")).until(|world| {
                world.facts.invitation = Some(Invitation { expires_at: NOW, ..invitation(1, &manager(), &outsider()) });
            }),
            trips(Code::InvalidTransition)
                .with(Extra::CurrentStatus("expired"))
                .until(|world| world.facts.invitation = Some(invitation(1, &guardian(), &outsider()))),
        ],
    );
    assert_eq!(cancelled.after().status(YESTERDAY), InvitationStatus::Cancelled);
    assert_eq!(cancelled.after().ending.as_ref().unwrap().by, Some(manager().id.into()));
    let at = NOW.to_string();
    assert_eq!(
        written(&cancelled),
        ["invitation.cancelled in org_1 by contact_2 for org_1", &format!("ended_at: nothing -> {at}")]
    );
}

#[test]
fn invitations_are_for_contact_managers_c_14_x_3() {
    let seen = |standing: Standing| {
        let facts = InvitationFacts { standing, ..facts(&manager(), Some(invitation(1, &manager(), &outsider()))) };
        let (one, list) = (view(facts.clone()).map(drop), allow_list(&facts.standing, CUSTOMER));
        assert_eq!(one, list);
        list.map_err(|refusal| refusal.code)
    };
    assert_eq!(seen(standing(&manager())), Ok(()));
    assert_eq!(seen(partner(Level::FullAdmin)), Ok(()));
    // The staff who keep records read them, and do no more.
    for role in [StaffRole::Agent, StaffRole::DutyManager, StaffRole::Administrator] {
        assert_eq!(seen(desk(role)), Ok(()), "{role:?}");
        let facts =
            InvitationFacts { standing: desk(role), ..facts(&manager(), Some(invitation(1, &manager(), &outsider()))) };
        assert_eq!(code(cancel(&by(&staff(role)), facts, None)), Code::PermissionRequired);
    }
    for denied in [standing(&designated()), partner(Level::ServiceAdmin)] {
        assert_eq!(seen(denied), Err(Code::PermissionRequired));
    }
    assert_eq!(seen(desk(StaffRole::SalesManager)), Err(Code::StaffOnly));
    assert_eq!(seen(Standing::Stranger), Err(Code::NotFound));
    // Whom it is to, neither: it is the inviting organization's own business.
    assert_eq!(seen(Standing::of(&outsider().actor(), CUSTOMER, None)), Err(Code::NotFound));
}

/// C-14: from that moment on, on the server's clock.
#[test]
fn an_invitation_is_pending_until_its_time_is_over_c_14() {
    let pending = invitation(1, &manager(), &outsider());
    assert!(pending.is_pending(TOMORROW.minus(Span::seconds(1))));
    assert_eq!(pending.status(TOMORROW), InvitationStatus::Expired);
    for status in [InvitationStatus::Accepted, InvitationStatus::Cancelled, InvitationStatus::Expired] {
        assert_eq!(ended(status).status(NOW), status);
    }
}
