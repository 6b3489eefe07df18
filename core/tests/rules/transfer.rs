//! Accepting an invitation: what a contact leaves, takes along and finds (C-11, C-14, G-12, X-1).

use mandate_core::access::Standing;
use mandate_core::contact::{Contact, Others, WelcomeIds};
use mandate_core::contact_review::{ContactReview, OpenReview};
use mandate_core::contact_ties::Ties;
use mandate_core::id::PersonId;
use mandate_core::invitation::{Ending, Invitation, Right};
use mandate_core::organization::Organization;
use mandate_core::person::Disabling;
use mandate_core::preferences::NotificationPreferences;
use mandate_core::refusal::{Code, Refusal};
use mandate_core::service_request::ServiceRequest;
use mandate_core::session::Link;
use mandate_core::text::Email;
use mandate_core::time::Span;
use mandate_core::transfer::{AcceptFacts, MANAGERS_TOLD_MAX, Offer, Surroundings, TransferIds, Transferred, accept};
use mandate_core::vocabulary::{
    ContactType, Duty, GrantStatus, InvitationStatus, Level, LinkPurpose, OrganizationStatus, Permission, PersonStatus,
    RequestStatus, ReviewOutcome,
};

use crate::ladder::{climb, code, mails, refusal, trips, written};
use crate::world::{
    BACKED, CUSTOMER, NEW_CONTACT, NOW, OTHER_CUSTOMER, PARTNER, Person, TOMORROW, YESTERDAY, by, designated, domains,
    grant, guardian, id, individual, invitation, manager, named, note, one, organization, orphan, outsider, owners,
    partner, partner_designated, partner_guardian, reference, request, request_in, standing, welcome_ids,
};

#[derive(Debug, Clone)]
struct Accepting {
    facts: AcceptFacts,
    ids: TransferIds,
}

impl Accepting {
    fn offer(&mut self) -> &mut Offer {
        &mut self.facts.offer.as_mut().unwrap().0
    }

    fn around(&mut self) -> &mut Surroundings {
        &mut self.facts.offer.as_mut().unwrap().1
    }

    fn link(&mut self) -> &mut Link {
        self.facts.link.as_mut().unwrap()
    }
}

/// Olga of the other customer was invited by the customer's guardian to become a primary support contact.
fn invited() -> Contact {
    let mut olga = outsider();
    olga.profile.email = Email::parse("olga@acme.example").unwrap();
    Contact { preferences: NotificationPreferences { email: false, ..Default::default() }, ..olga }
}

fn offered() -> Invitation {
    Invitation {
        kind: ContactType::PrimarySupport,
        permission: Permission::DesignatedSupport,
        duties: [Duty::It].into(),
        ..invitation(1, &guardian(), &invited())
    }
}

fn link() -> Link {
    Link {
        id: id(1),
        person: invited().id.into(),
        purpose: LinkPurpose::Invitation,
        created_at: YESTERDAY,
        expires_at: TOMORROW,
        used_at: None,
        voided_at: None,
    }
}

fn accepting() -> Accepting {
    let offer = Offer {
        invitation: offered(),
        organization: organization(CUSTOMER),
        inviter: (guardian().actor(), OrganizationStatus::Active),
        right: Right {
            standing: standing(&guardian()),
            owners: owners(&[("acme.example", CUSTOMER)]),
            vendor_domains: domains(&["vendor.example"]),
        },
        contact: invited(),
        has_password: true,
        left_status: OrganizationStatus::Active,
    };
    let around = Surroundings {
        others_left: BACKED,
        others_joined: BACKED,
        ties: Ties::default(),
        invitations: Vec::new(),
        managers: Vec::new(),
        review: None,
    };
    Accepting {
        facts: AcceptFacts { link: Some(link()), offer: Some((offer, around)) },
        ids: TransferIds {
            contact: NEW_CONTACT,
            welcome: WelcomeIds { link: id(2), mail: id(2), ..welcome_ids() },
            accepted: id(3),
            left: vec![id(4), id(5)],
        },
    }
}

fn accepted(world: Accepting) -> Transferred {
    accept(&by(&invited()), world.facts, world.ids).unwrap()
}

fn refused(change: impl FnOnce(&mut Accepting)) -> Refusal {
    let mut world = accepting();
    change(&mut world);
    refusal(accept(&by(&invited()), world.facts, world.ids))
}

#[test]
fn an_invited_contact_goes_over_c_11_c_14() {
    let mut world = accepting();
    world.facts.link = None;
    let ended = Ending { at: YESTERDAY, status: InvitationStatus::Cancelled, by: None, contact: None };
    world.offer().invitation.ending = Some(ended);
    world.offer().organization.status = OrganizationStatus::Suspended;
    world.offer().contact.status = PersonStatus::Transferred;
    world.offer().inviter.0.status = PersonStatus::Disabled;
    world.offer().right.standing = Standing::Stranger;
    world.around().others_left = Others { active_manager: false, active_primary: false, active_appointer: false };
    let invalid = || trips::<Accepting>(Code::InvalidLink).at("#/token");
    let done = climb(
        world,
        |world| accept(&by(&invited()), world.facts, world.ids),
        [
            invalid().until(|world| world.facts.link = Some(Link { used_at: Some(YESTERDAY), ..link() })),
            invalid().until(|world| world.facts.link = Some(Link { voided_at: Some(YESTERDAY), ..link() })),
            invalid().until(|world| world.facts.link = Some(Link { expires_at: NOW, ..link() })),
            invalid().until(|world| world.facts.link = Some(Link { purpose: LinkPurpose::Welcome, ..link() })),
            invalid().until(|world| world.facts.link = Some(link())),
            invalid().until(|world| world.offer().invitation.ending = None),
            invalid().until(|world| world.offer().organization.status = OrganizationStatus::Active),
            invalid().until(|world| world.offer().contact.status = PersonStatus::Active),
            invalid().until(|world| world.offer().inviter.0.status = PersonStatus::Active),
            invalid().until(|world| world.offer().right.standing = standing(&guardian())),
            trips(Code::LastContactManager).until(|world| world.around().others_left.active_manager = true),
            trips(Code::LastPrimarySupportContact).until(|world| world.around().others_left.active_primary = true),
            trips(Code::LastPrimarySupportContact).until(|world| world.around().others_left.active_appointer = true),
        ],
    );
    assert_eq!(done.link.used_at, Some(NOW));
    // Where they were, a record stays.
    assert_eq!(
        written(&done.left),
        ["contact.transferred in org_4 by contact_9 for org_4", "status: active -> transferred"]
    );
    assert_eq!(done.left.after().profile, invited().profile);
    // Where they come to, they are as the invitation says, and sign in as before.
    let new = done.joined.after();
    assert_eq!((new.id, new.organization, new.status), (NEW_CONTACT, CUSTOMER, PersonStatus::Active));
    assert_eq!((new.kind, new.permission), (ContactType::PrimarySupport, Permission::DesignatedSupport));
    assert_eq!((new.duties.clone(), new.created_by), ([Duty::It].into(), Some(guardian().id.into())));
    assert_eq!((&new.profile, &new.preferences), (&invited().profile, &invited().preferences));
    assert_eq!(written(&done.joined), ["contact.created in org_1 by contact_9 for org_1"]);
    assert!(done.welcome.is_none() && mails(&done.joined).is_empty());
    // The invitation says who they became, and whoever invited them learns of it.
    assert_eq!(done.invitation.after().ending.as_ref().unwrap().contact, Some(NEW_CONTACT));
    let at = NOW.to_string();
    assert_eq!(
        written(&done.invitation),
        [
            "invitation.accepted in org_1 by contact_9 for org_1",
            &format!("ended_at: nothing -> {at}"),
            "contact_id: nothing -> contact_m",
        ]
    );
    assert_eq!(mails(&done.invitation), ["mail_3: invitation_accepted to contact_1 about inv_1"]);
}

/// whoever could not invite any more cannot be accepted any more, and nobody is told why.
#[test]
fn the_right_to_invite_is_read_again_x_1_c_10_c_13() {
    let unknown = refused(|world| world.facts.offer = None);
    assert_eq!((unknown.code, unknown.pointer), (Code::InvalidLink, Some("#/token")));
    let changes: [fn(&mut Accepting); 15] = [
        // Authority comes by nobody's grant (C-9).
        |world| world.offer().right.standing = partner(Level::FullAdmin),
        // Who could not sign in where they are goes nowhere.
        |world| world.offer().left_status = OrganizationStatus::Suspended,
        |world| world.offer().contact.status = PersonStatus::Transferred,
        |world| world.offer().organization.status = OrganizationStatus::Suspended,
        |world| world.offer().inviter.0.status = PersonStatus::Disabled,
        |world| {
            let ended = Ending { at: YESTERDAY, status: InvitationStatus::Cancelled, by: None, contact: None };
            world.offer().invitation.ending = Some(ended);
        },
        |world| world.facts.link = None,
        |world| world.offer().invitation.expires_at = NOW,
        |world| world.offer().inviter.1 = OrganizationStatus::Suspended,
        |world| world.offer().right.standing = standing(&designated()),
        // A manager who guards nothing appoints nobody who does (C-10).
        |world| world.offer().right.standing = standing(&manager()),
        |world| world.offer().right.standing = partner(Level::ServiceAdmin),
        |world| world.offer().right.owners = owners(&[("acme.example", PARTNER)]),
        |world| world.offer().right.vendor_domains = domains(&["acme.example"]),
        |world| world.link().voided_at = Some(NOW),
    ];
    for change in changes {
        assert_eq!(refused(change), unknown);
    }
    let mut by_grant = accepting();
    by_grant.offer().right.standing = partner(Level::FullAdmin);
    by_grant.offer().inviter.0 = partner_designated().actor();
    by_grant.offer().invitation.kind = ContactType::Technical;
    assert_eq!(written(&accepted(by_grant).joined), ["contact.created in org_1 by contact_9 for org_1 by grant_1"]);
    let mut technical = accepting();
    technical.offer().right.standing = standing(&manager());
    technical.offer().invitation.kind = ContactType::Technical;
    assert_eq!(accepted(technical).joined.after().kind, ContactType::Technical);
}

/// Who cannot sign in where they were sets a password where they come to.
#[test]
fn who_has_no_good_password_gets_a_welcome_email_c_12_c_14() {
    let gone = Some(Disabling { at: YESTERDAY, by: manager().id.into(), reason: note("left") });
    for (status, disabled, has_password) in [
        (PersonStatus::Invited, None, false),
        (PersonStatus::Disabled, gone, true),
        (PersonStatus::Active, None, false),
    ] {
        let mut world = accepting();
        world.offer().contact = Contact { status, disabled, ..invited() };
        world.offer().has_password = has_password;
        let done = accepted(world);
        assert_eq!(done.left.after().status, PersonStatus::Transferred);
        let new = done.joined.after();
        assert_eq!((new.status, &new.disabled), (PersonStatus::Invited, &None));
        let link = done.welcome.unwrap();
        assert_eq!((link.id, link.person, link.purpose), (id(2), NEW_CONTACT.into(), LinkPurpose::Welcome));
        assert_eq!(mails(&done.joined), ["mail_2: welcome to contact_m about contact_m with link_2"]);
    }
}

#[test]
fn what_was_theirs_ends_where_they_were_c_14_c_15_g_12() {
    let mut world = accepting();
    world.around().ties.grants = vec![individual(grant(5, one(&invited()), Level::FullAdmin), None)];
    let mine = ServiceRequest { point_of_contact: Some(reference(&invited())), ..request() };
    let own = ServiceRequest {
        id: id(8),
        organization: named(OTHER_CUSTOMER),
        submitted_by: reference(&invited()),
        ..mine.clone()
    };
    let left_behind = Contact { id: id(30), ..outsider() };
    let (submitter, guards) = (Some(invited()), [left_behind.clone()]);
    world.around().ties.leads = vec![orphan(mine, None, &[]), orphan(own, submitter.as_ref(), &guards)];
    world.around().managers = (0..30).map(|number| PersonId::Contact(id(30 + number))).collect();
    let made = Invitation { organization: OTHER_CUSTOMER, ..invitation(2, &invited(), &designated()) };
    let got = Invitation { organization: PARTNER, ..invitation(3, &partner_designated(), &invited()) };
    let over = Invitation { expires_at: NOW.minus(Span::seconds(1)), ..got.clone() };
    world.around().invitations = vec![made, got, over];
    let done = accepted(world.clone());
    assert_eq!(done.untied.grants[0].after().status(TOMORROW), GrantStatus::Ended);
    assert_eq!(written(&done.untied.grants[0])[0], "partner_grant.ended in org_1 by contact_9 for org_1");
    // Their requests go to somebody who is left, but those of others to nobody; who submitted them stays.
    assert_eq!(done.untied.handed_over.requests[0].after().point_of_contact, None);
    assert_eq!(done.untied.handed_over.requests[1].after().point_of_contact, Some(reference(&left_behind)));
    assert_eq!(done.untied.handed_over.requests[1].after().submitted_by, reference(&invited()));
    let cancelled: Vec<_> = done.invitations.iter().map(|change| written(change)[0].clone()).collect();
    assert_eq!(
        cancelled,
        [
            "invitation.cancelled in org_4 by contact_9 for org_4",
            "invitation.cancelled in org_2 by the system for org_2",
        ]
    );
    // As many managers are told as there are ids for.
    assert_eq!(
        mails(&done.left),
        [
            "mail_4: contact_transferred to contact_y about contact_9",
            "mail_5: contact_transferred to contact_z about contact_9",
        ]
    );
    world.ids.left = (0..40).map(id).collect();
    assert_eq!(mails(&accepted(world).left).len(), MANAGERS_TOLD_MAX);
}

/// Also with nobody to take over: C-11 is about active guards alone.
#[test]
fn who_guards_nothing_leaves_nobody_unguarded_c_11() {
    let alone = Others { active_manager: false, active_primary: false, active_appointer: false };
    for contact in [
        Contact { status: PersonStatus::Disabled, ..invited() },
        Contact { status: PersonStatus::Invited, ..invited() },
        Contact { kind: ContactType::Technical, permission: Permission::DesignatedSupport, ..invited() },
    ] {
        let mut world = accepting();
        world.offer().contact = contact;
        world.around().others_left = alone;
        let solved = ServiceRequest { organization: named(OTHER_CUSTOMER), ..request_in(RequestStatus::Solved) };
        world.around().ties.leads = vec![orphan(solved, None, &[])];
        assert_eq!(accepted(world).untied.handed_over.requests[0].after().point_of_contact, None);
    }
    let last = refused(|world| {
        world.offer().contact.kind = ContactType::Technical;
        world.around().others_left = alone;
    });
    assert_eq!(last.code, Code::LastContactManager);
    let mut suspended = accepting();
    let closed = Organization { status: OrganizationStatus::Suspended, ..organization(CUSTOMER) };
    suspended.offer().organization = closed;
    assert_eq!(code(accept(&by(&invited()), suspended.facts, suspended.ids)), Code::InvalidLink);
}

/// on both sides.
#[test]
fn critical_findings_clear_where_they_come_to_r_1_r_3() {
    let mut world = accepting();
    world.around().others_joined = Others { active_manager: true, active_primary: false, active_appointer: false };
    let done = accepted(world.clone());
    assert_eq!(
        written(&done.joined),
        [
            "contact.created in org_1 by contact_9 for org_1",
            "readiness.finding_cleared no_primary_support_contact in org_1"
        ]
    );
    assert_eq!(written(&done.left).len(), 2, "C-11 keeps findings from opening where they were");
    // Who is invited guards nothing yet.
    world.offer().has_password = false;
    assert_eq!(written(&accepted(world).joined).len(), 1);
}

#[test]
fn whoever_leaves_is_dealt_with_in_the_open_review_c_14_c_20() {
    let review = ContactReview {
        id: id(1),
        organization: OTHER_CUSTOMER,
        started_at: YESTERDAY,
        started_by: None,
        closed_at: None,
        updated_at: YESTERDAY,
        version: 1,
    };
    let mut world = accepting();
    world.around().review = Some(OpenReview { review, pending: 1, another_manager: true });
    let step = accepted(world).review.unwrap();
    assert_eq!((step.outcome(), step.contacts()), (ReviewOutcome::Transferred, &[invited().id][..]));
    assert_eq!(step.review().closed_at, Some(NOW));
    assert!(accepted(accepting()).review.is_none());
}

/// whoever invited somebody who goes elsewhere learns that alone.
#[test]
fn other_organizations_do_not_learn_who_ended_their_invitations_c_15_x_3() {
    let mut world = accepting();
    let theirs = Invitation { organization: PARTNER, ..invitation(5, &partner_guardian(), &invited()) };
    world.around().invitations = vec![theirs];
    let cancelled = accepted(world).invitations.remove(0);
    let entry = &cancelled.entries()[0];
    assert_eq!((entry.organization, entry.actor, entry.origin.address), (PARTNER, None, None));
    assert_eq!((entry.authority.acting_for, cancelled.after().ending.as_ref().unwrap().by), (PARTNER, None));
}

#[test]
fn who_was_disabled_left_before_and_stays_so_in_the_record_c_14_c_16() {
    let mut world = accepting();
    let disabled = Disabling { at: YESTERDAY, by: outsider().id.into(), reason: note("left") };
    let contact = Contact { status: PersonStatus::Disabled, disabled: Some(disabled.clone()), ..invited() };
    (world.offer().contact, world.around().managers) = (contact, vec![outsider().id.into()]);
    let done = accepted(world);
    assert_eq!((done.left.after().disabled.as_ref(), done.left.notices().len()), (Some(&disabled), 0));
    assert_eq!(done.joined.after().status, PersonStatus::Invited);
}
