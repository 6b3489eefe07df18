//! Who looks after a service request when its point of contact cannot any more (C-15, E-11, S-14).

use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::contact::{Contact, EditContact, EditFacts, Edited, edit};
use mandate_core::contact_state::{Disabled, disable};
use mandate_core::contact_ties::Ties;
use mandate_core::handover::{HandoverNotice, Orphan};
use mandate_core::id::{GrantId, PersonId, ServiceRequestId};
use mandate_core::participant::Participant;
use mandate_core::service_request::ServiceRequest;
use mandate_core::vocabulary::{GrantRequestStatus, Involvement, Level, Permission, PersonStatus, StaffRole};

use crate::contact::editing;
use crate::contact_state::disabling;
use crate::ladder::{mails, written};
use crate::world::{
    ADMITTED, CUSTOMER, GRANT, NOW, OTHER_CUSTOMER, PARTNER, Person, REQUEST, YESTERDAY, all_of, by, designated, desk,
    grant, guardian, id, individual, manager, one, orphan, partner, partner_designated, partner_guardian, reader,
    reference, request, staff, standing,
};

/// A designated contact of the customer who guards nothing (contact 31).
fn colleague() -> Contact {
    Contact { id: id(31), ..designated() }
}

fn confidential() -> ServiceRequest {
    ServiceRequest { confidential: true, ..request() }
}

/// Somebody disables the customer's designated contact, from whom these requests go to others.
fn disabled(actor: &Actor, standing: Standing, leads: Vec<Orphan>) -> Disabled {
    let mut world = disabling(&manager(), designated());
    (world.facts.state.actor, world.facts.state.standing) = (actor.clone(), standing);
    world.facts.ties.leads = leads;
    disable(&by(&manager()), world.facts, world.command).unwrap()
}

/// Whoever takes over the only request.
fn heir(done: &Disabled) -> Option<PersonId> {
    let [change] = done.untied.handed_over.requests.as_slice() else { panic!("one request") };
    change.after().point_of_contact.as_ref().map(|person| person.id)
}

fn is(contact: &Contact) -> Option<PersonId> {
    Some(contact.id.into())
}

#[test]
fn the_manager_who_disables_takes_over_and_else_a_primary_support_contact_then_a_manager_c_15() {
    let own = || (manager().actor(), standing(&manager()));
    let agent = || (staff(StaffRole::Agent).actor(), desk(StaffRole::Agent));
    let guest = || (partner_designated().actor(), partner(Level::FullAdmin));
    for (who, (actor, standing), expected) in [
        ("a manager", own(), [is(&manager()), is(&manager()), is(&manager())]),
        ("an agent", agent(), [is(&guardian()), is(&manager()), None]),
        ("a partner", guest(), [is(&guardian()), is(&manager()), None]),
    ] {
        let guards = [vec![manager(), guardian()], vec![manager()], Vec::new()];
        let heirs = guards.map(|guards| {
            // Who submitted it is not asked when somebody is disabled.
            let lead = orphan(request(), Some(&colleague()), &guards);
            heir(&disabled(&actor, standing.clone(), vec![lead]))
        });
        assert_eq!(heirs, expected, "{who}");
    }
}

#[test]
fn a_request_elsewhere_goes_to_nobody_who_does_not_see_it_c_15_s_2() {
    let theirs = Some(reference(&partner_designated()));
    let customers = ServiceRequest { point_of_contact: theirs, admission: Some(ADMITTED), ..request() };
    for (guards, expected) in [(vec![guardian()], is(&guardian())), (Vec::new(), None)] {
        let mut world = disabling(&partner_guardian(), partner_designated());
        world.facts.ties.leads = vec![orphan(customers.clone(), None, &guards)];
        let done = disable(&by(&partner_guardian()), world.facts, world.command).unwrap();
        assert_eq!(heir(&done), expected, "the partner's manager has no say in it");
        let after = done.untied.handed_over.requests[0].after();
        assert!(after.admission.is_none() && !after.is_partner_managed(NOW));
    }
}

#[test]
fn a_confidential_request_goes_only_to_who_could_see_it_before_c_15_s_14() {
    let by_manager = || (manager().actor(), standing(&manager()));
    let by_guardian = || (guardian().actor(), standing(&guardian()));
    let by_agent = || (staff(StaffRole::Agent).actor(), desk(StaffRole::Agent));
    let by_partner = || (partner_designated().actor(), partner(Level::FullAdmin));
    let with_status = |status| Contact { status, ..colleague() };
    let gone = designated();
    let another = Contact { organization: OTHER_CUSTOMER, ..colleague() };
    let low = Contact { permission: Permission::KnowledgeBase, ..colleague() };
    for (who, (actor, standing), guards, submitter, takes_part, expected) in [
        (
            "a primary support contact first",
            by_manager(),
            vec![manager(), guardian()],
            Some(colleague()),
            None,
            is(&guardian()),
        ),
        ("herself, who disables", by_guardian(), vec![guardian()], Some(colleague()), None, is(&guardian())),
        ("its submitter", by_manager(), vec![manager()], Some(colleague()), None, is(&colleague())),
        ("by staff, its submitter", by_agent(), vec![manager()], Some(colleague()), None, is(&colleague())),
        ("by a partner, its submitter", by_partner(), vec![manager()], Some(colleague()), None, is(&colleague())),
        ("a manager who takes part", by_manager(), vec![manager()], None, Some(manager()), is(&manager())),
        ("somebody who takes part", by_agent(), vec![manager()], None, Some(colleague()), is(&colleague())),
        ("nobody: the manager sees it not", by_manager(), vec![manager()], None, None, None),
        ("nobody: they submitted it themselves", by_manager(), vec![manager()], Some(gone), None, None),
        ("nobody: a reader", by_manager(), vec![manager()], Some(low.clone()), None, None),
        ("nobody: a reader who takes part", by_manager(), vec![manager()], None, Some(low), None),
        ("nobody: a partner's", by_manager(), vec![manager()], Some(partner_designated()), None, None),
        ("nobody: who takes part by a grant", by_manager(), vec![manager()], None, Some(partner_designated()), None),
        ("nobody: who is elsewhere", by_manager(), vec![manager()], Some(another), None, None),
        (
            "nobody: who is disabled",
            by_manager(),
            vec![manager()],
            Some(with_status(PersonStatus::Disabled)),
            None,
            None,
        ),
        ("who is invited", by_manager(), vec![], Some(with_status(PersonStatus::Invited)), None, is(&colleague())),
    ] {
        let mut request = confidential();
        if let Some(submitter) = &submitter {
            request.submitted_by = reference(submitter);
        }
        let mut lead = orphan(request, submitter.as_ref(), &guards);
        lead.participants = takes_part.iter().map(|person| (person.actor(), Involvement::Cc)).collect();
        let done = disabled(&actor, standing, vec![lead]);
        assert_eq!(heir(&done), expected, "{who}");
    }
}

#[test]
fn what_was_handed_over_is_named_to_nobody_who_does_not_see_it_c_15_s_14() {
    let open = ServiceRequest { id: id(9), ..request() };
    let leads = || vec![orphan(confidential(), None, &[guardian()]), orphan(open.clone(), None, &[guardian()])];
    let told = |actor: Actor, standing| {
        let effects = disabled(&actor, standing, leads()).effects;
        (effects.requests, effects.heir.map(|heir| heir.id))
    };
    let both: Vec<ServiceRequestId> = vec![REQUEST, id(9)];
    let rest: Vec<ServiceRequestId> = vec![id(9)];
    assert_eq!(told(manager().actor(), standing(&manager())), (rest.clone(), is(&manager())));
    assert_eq!(told(guardian().actor(), standing(&guardian())), (both.clone(), is(&guardian())));
    assert_eq!(told(staff(StaffRole::Agent).actor(), desk(StaffRole::Agent)), (both, is(&guardian())));
    let administrator = staff(StaffRole::Administrator);
    assert_eq!(told(administrator.actor(), desk(StaffRole::Administrator)).0, rest, "they keep records and read none");
    assert_eq!(told(partner_designated().actor(), partner(Level::FullAdmin)), (rest, is(&guardian())));
    // With nothing else there is no heir to name either.
    let alone = vec![orphan(confidential(), None, &[guardian()])];
    let effects = disabled(&manager().actor(), standing(&manager()), alone).effects;
    assert_eq!((effects.requests.len(), effects.heir), (0, None));
}

#[test]
fn each_heir_gets_one_email_with_the_list_c_15() {
    let theirs = |number| ServiceRequest { id: id(number), ..request() };
    let leads = vec![
        orphan(theirs(1), None, &[guardian(), manager()]),
        orphan(theirs(2), None, &[manager()]),
        orphan(theirs(3), None, &[guardian()]),
        orphan(theirs(4), None, &[]),
    ];
    let done = disabled(&staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), leads);
    let about = designated().id.into();
    let expected = [
        HandoverNotice { to: guardian().id.into(), about, requests: vec![id(1), id(3)] },
        HandoverNotice { to: manager().id.into(), about, requests: vec![id(2)] },
    ];
    assert_eq!(done.untied.handed_over.letters, expected);
}

#[test]
fn whom_staff_disable_is_told_and_the_reason_stands_in_the_record_alone_c_15() {
    for (actor, standing, told) in [
        (staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), true),
        (staff(StaffRole::DutyManager).actor(), desk(StaffRole::DutyManager), true),
        (manager().actor(), standing(&manager()), false),
        (partner_designated().actor(), partner(Level::FullAdmin), false),
    ] {
        let done = disabled(&actor, standing, Vec::new());
        let expected: &[&str] = if told { &["mail_9: contact_disabled to contact_3 about contact_3"] } else { &[] };
        assert_eq!(mails(&done.contact), expected);
        let reason = done.contact.after().disabled.as_ref().unwrap().reason.to_string();
        assert_eq!(reason, "left the company");
        let (record, message) = (done.record.after(), done.message.after());
        assert!(!message.body.as_str().contains(&reason) && !record.subject.as_str().contains(&reason));
    }
}

/// The guardian edits the customer's designated contact, or a partner's guardian one of theirs.
fn demoted(person: &Contact, contact: Contact, to: Permission, ties: Ties) -> Edited {
    let standing = Standing::of(&person.actor(), contact.organization, None);
    let facts = EditFacts { standing, ties, ..editing(person, contact) };
    edit(&by(person), facts, EditContact { permission: Some(to), ..EditContact::default() }).unwrap()
}

#[test]
fn from_a_reader_a_request_goes_to_its_submitter_then_to_a_primary_support_contact_then_to_a_manager_c_15() {
    let guards = || vec![manager(), guardian()];
    for (who, submitter, guards, expected) in [
        ("its submitter", Some(colleague()), guards(), is(&colleague())),
        ("they submitted it themselves", Some(designated()), guards(), is(&guardian())),
        ("a partner submitted it", Some(partner_designated()), guards(), is(&guardian())),
        (
            "the submitter is gone",
            Some(Contact { status: PersonStatus::Disabled, ..colleague() }),
            guards(),
            is(&guardian()),
        ),
        ("the submitter reads alone", Some(Contact { id: id(32), ..reader() }), guards(), is(&guardian())),
        ("a manager", None, vec![manager()], is(&manager())),
        ("nobody", None, Vec::new(), None),
    ] {
        let leads = vec![orphan(request(), submitter.as_ref(), &guards)];
        let edited = demoted(&guardian(), designated(), Permission::KnowledgeBase, Ties { leads, ..Ties::default() });
        let after = edited.untied.handed_over.requests[0].after();
        assert_eq!(after.point_of_contact.as_ref().map(|person| person.id), expected, "{who}");
        assert_eq!(edited.untied.handed_over.letters.len(), usize::from(expected.is_some()), "{who}");
    }
}

fn part(number: u128, behind: Option<GrantId>) -> Participant {
    Participant {
        request: id(number),
        organization: CUSTOMER,
        person: reference(&partner_designated()),
        role: Some(Involvement::Cc),
        grant: behind,
        added_at: YESTERDAY,
        added_by: reference(&manager()),
        version: 1,
    }
}

#[test]
fn what_a_reader_has_by_a_grant_to_themselves_stays_and_all_else_ends_c_15_g_7() {
    let lead = |number, behind: GrantId| {
        let admission = Some(mandate_core::request_access::Admission { grant: behind, ..ADMITTED });
        let point_of_contact = Some(reference(&partner_designated()));
        orphan(ServiceRequest { id: id(number), point_of_contact, admission, ..request() }, None, &[guardian()])
    };
    let ties = || Ties {
        grants: vec![individual(grant(5, one(&partner_designated()), Level::Update), None)],
        leads: vec![lead(1, GRANT), lead(2, id(5))],
        participations: vec![part(3, None), part(4, Some(GRANT)), part(5, Some(id(5)))],
        grant_requests: vec![crate::grant_request::asked(all_of(PARTNER))],
    };
    let edited = demoted(&partner_guardian(), partner_designated(), Permission::KnowledgeBase, ties());
    let untied = edited.untied;
    assert!(untied.grants.is_empty());
    assert_eq!(untied.handed_over.requests.iter().map(|change| change.after().id).collect::<Vec<_>>(), [id(1)]);
    let ended: Vec<ServiceRequestId> = untied.participations.iter().map(|change| change.after().request).collect();
    assert_eq!(ended, [id(3), id(4)]);
    assert!(untied.participations.iter().all(|change| change.after().role.is_none()));
    let statuses: Vec<_> = untied.grant_requests.iter().map(|change| change.after().status(NOW)).collect();
    assert_eq!(statuses, [GrantRequestStatus::Cancelled]);
    // Whoever still works on requests keeps everything.
    let manages = Contact { permission: Permission::ManageContacts, ..partner_designated() };
    let kept = demoted(&partner_guardian(), manages, Permission::DesignatedSupport, ties()).untied;
    assert!(kept.handed_over.requests.is_empty() && kept.participations.is_empty() && kept.grant_requests.is_empty());
}

#[test]
fn the_handing_over_is_told_in_the_journal_of_the_request_c_15_x_2() {
    let ties = Ties { leads: vec![orphan(request(), Some(&colleague()), &[])], ..Ties::default() };
    let edited = demoted(&guardian(), designated(), Permission::KnowledgeBase, ties);
    assert_eq!(
        written(&edited.untied.handed_over.requests[0]),
        ["service_request.updated in org_1 by contact_1 for org_1", "point_of_contact: contact_3 -> contact_z"]
    );
}
