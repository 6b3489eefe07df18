//! Who is told of requests for grants (G-9).

use mandate_core::access::Standing;
use mandate_core::change::Change;
use mandate_core::contact::Contact;
use mandate_core::grant_request::{
    CreateFacts, CreateGrantRequest, Decision, GrantRequest, LAPSE, NamedGrantor, RequestFacts, create, decline,
    withdraw,
};
use mandate_core::grant_request_notice::{NoticeFacts, schedule, tell, view};
use mandate_core::organization::Organization;
use mandate_core::partner_grant::{Candidate, Grantee};
use mandate_core::telling::{Schedule, TOLD_MAX};
use mandate_core::text::Domain;
use mandate_core::time::Span;
use mandate_core::vocabulary::{GrantRequestStatus, Level, MailKind, PersonStatus, StaffRole, Vocabulary as _};

use crate::ladder::told;
use crate::world::{
    CUSTOMER, NOW, PARTNER, Person, YESTERDAY, all_of, by, by_the_server, designated, desk, guardian, id, manager,
    note, one, organization, outsider, partner, partner_designated, partner_guardian, partner_reader, silent, staff,
    standing,
};

fn asked(grantee: Grantee) -> GrantRequest {
    GrantRequest {
        id: id(1),
        named: NamedGrantor::Domain(Domain::parse("acme.example").unwrap()),
        grantor: Some(organization(CUSTOMER).reference()),
        grantee,
        level: Level::View,
        expires_at: None,
        message: None,
        renews: None,
        decision: None,
        created_at: YESTERDAY,
        created_by: partner_designated().reference(),
        updated_at: YESTERDAY,
        version: 1,
    }
}

fn decided(status: GrantRequestStatus, grantee: Grantee) -> GrantRequest {
    let decision = Decision { at: NOW, status, by: None, reason: None, grant: None };
    GrantRequest { decision: Some(decision), ..asked(grantee) }
}

fn lapsed() -> GrantRequest {
    GrantRequest { created_at: NOW.minus(LAPSE), ..asked(all_of(PARTNER)) }
}

fn facts(request: GrantRequest) -> NoticeFacts {
    let managers = if request.grantor.is_some() { vec![guardian(), manager()] } else { Vec::new() };
    NoticeFacts { request: Some(request), managers, older: None }
}

fn made(grantor: Option<Organization>) -> Change<GrantRequest> {
    let facts = CreateFacts {
        actor: partner_designated().actor(),
        standing: Standing::of(&partner_designated().actor(), PARTNER, None),
        partner: Some(organization(PARTNER)),
        grantor,
        grantee: Some(Candidate::Organization(organization(PARTNER))),
        renewed: None,
        same_name: None,
    };
    let command = CreateGrantRequest {
        id: id(1),
        named: NamedGrantor::Domain(Domain::parse("acme.example").unwrap()),
        level: Level::View,
        expires_at: None,
        message: None,
        renews: None,
    };
    create(&by(&partner_designated()), facts, command).unwrap()
}

#[test]
fn a_request_to_nobody_is_looked_at_like_one_to_a_customer_g_9() {
    for grantor in [Some(organization(CUSTOMER)), None] {
        let change = made(grantor);
        assert_eq!(schedule(&change), Schedule::At(NOW));
        assert_eq!(change.notices(), []);
        let telling = tell(&by_the_server(), facts(change.after().clone()));
        assert_eq!(telling.next(), Some(NOW.plus(LAPSE)));
    }
    let nobody = GrantRequest { grantor: None, ..asked(all_of(PARTNER)) };
    assert_eq!(told(&tell(&by_the_server(), facts(nobody))).len(), 0);
}

#[test]
fn a_request_is_looked_at_when_it_is_answered_and_not_when_it_is_taken_back_g_9() {
    let request = || asked(all_of(PARTNER));
    let of = |person: &Contact, standing| RequestFacts { actor: person.actor(), standing, request: Some(request()) };
    let answered = decline(&by(&manager()), of(&manager(), standing(&manager())), note("no"), None).unwrap();
    assert_eq!(schedule(&answered), Schedule::At(NOW));
    let asker = partner_designated();
    let withdrawn = withdraw(&by(&asker), of(&asker, Standing::Stranger), None).unwrap();
    assert_eq!(schedule(&withdrawn), Schedule::Never);
}

#[test]
fn the_customers_contact_managers_are_told_that_somebody_asks_g_9_c_19() {
    let telling = tell(&by_the_server(), facts(asked(all_of(PARTNER))));
    assert_eq!(
        told(&telling),
        [
            "partner_grant_request_received to contact_1 about grantreq_1",
            "partner_grant_request_received to contact_2 about grantreq_1",
        ]
    );
    assert_eq!(telling.next(), Some(YESTERDAY.plus(LAPSE)));
    let many = (100..200).map(|number| Contact { id: id(number), ..manager() });
    let disabled = Contact { status: PersonStatus::Disabled, ..manager() };
    let managers = [silent(guardian()), disabled, designated()].into_iter().chain(many).collect();
    let telling = tell(&by_the_server(), NoticeFacts { managers, ..facts(asked(all_of(PARTNER))) });
    let first: Vec<_> = telling.letters().iter().take(2).map(|letter| letter.to).collect();
    // About authority nobody turns emails off (C-19).
    assert_eq!(
        (telling.letters().len(), first),
        (TOLD_MAX, vec![guardian().id.into(), Contact { id: id(100), ..manager() }.id.into()])
    );
}

#[test]
fn a_customer_who_is_asked_under_several_names_is_told_of_one_g_9() {
    let older = GrantRequest { id: id(2), created_at: YESTERDAY.minus(Span::hours(1)), ..asked(all_of(PARTNER)) };
    let tell_beside = |older: GrantRequest| {
        tell(&by_the_server(), NoticeFacts { older: Some(older), ..facts(asked(all_of(PARTNER))) })
    };
    let telling = tell_beside(older.clone());
    assert_eq!(
        (told(&telling).len(), telling.next()),
        (0, Some(NOW.plus(Span::days(1)))),
        "it may be decided any time"
    );
    let lapses_soon =
        GrantRequest { created_at: NOW.minus(older.lapses_at().since(older.created_at)).plus(Span::hours(1)), ..older };
    assert_eq!(tell_beside(lapses_soon.clone()).next(), Some(lapses_soon.lapses_at()));
    assert!(lapses_soon.lapses_at() < NOW.plus(Span::days(1)));
    // Once the older one is over, it is told.
    for over in [GrantRequest { id: id(2), ..lapsed() }, decided(GrantRequestStatus::Declined, all_of(PARTNER))] {
        assert_eq!(told(&tell_beside(over)).len(), 2);
    }
}

#[test]
fn who_asked_and_who_shall_hold_it_are_told_what_became_of_it_g_9() {
    for (status, kind) in [
        (GrantRequestStatus::Approved, "partner_grant_request_approved"),
        (GrantRequestStatus::Declined, "partner_grant_request_declined"),
    ] {
        let asker = format!("{kind} to contact_6 about grantreq_1");
        let holder = format!("{kind} to contact_7 about grantreq_1");
        let of = |grantee| tell(&by_the_server(), facts(decided(status, grantee)));
        assert_eq!(told(&of(all_of(PARTNER))), std::slice::from_ref(&asker));
        assert_eq!(told(&of(one(&partner_designated()))), std::slice::from_ref(&asker));
        assert_eq!(told(&of(one(&partner_reader()))), [asker, holder]);
        assert_eq!(of(all_of(PARTNER)).next(), None);
    }
    for status in [GrantRequestStatus::Withdrawn, GrantRequestStatus::Cancelled] {
        let telling = tell(&by_the_server(), facts(decided(status, all_of(PARTNER))));
        assert_eq!((told(&telling).len(), telling.next()), (0, None));
    }
    let gone = tell(&by_the_server(), NoticeFacts { request: None, managers: vec![manager()], older: None });
    assert_eq!((told(&gone).len(), gone.next()), (0, None));
}

#[test]
fn that_a_request_lapsed_is_told_and_stands_in_the_journals_g_9_x_2() {
    let of_partner = "partner_grant_request.lapsed of grantreq_1 in org_2: decision=lapsed";
    let of_customer = "partner_grant_request.lapsed of grantreq_1 in org_1: decision=lapsed";
    let letter = "partner_grant_request_lapsed to contact_6 about grantreq_1";
    let telling = tell(&by_the_server(), facts(lapsed()));
    assert_eq!((told(&telling), telling.next()), (vec![of_partner.into(), of_customer.into(), letter.into()], None));
    let nobody = tell(&by_the_server(), facts(GrantRequest { grantor: None, ..lapsed() }));
    assert_eq!(told(&nobody), [of_partner, letter]);
}

fn sees(kind: MailKind, person: &impl Person, standing: Standing, request: GrantRequest) -> bool {
    view(NOW, kind, RequestFacts { actor: person.actor(), standing, request: Some(request) }).is_some()
}

/// C-15: whether it is still so, and whether its receiver may still know, is decided when the email leaves.
#[test]
fn what_is_not_so_any_more_is_not_told_g_9_c_15() {
    let open = || asked(one(&partner_reader()));
    let received = MailKind::GrantRequestReceived;
    assert!(sees(received, &manager(), standing(&manager()), open()));
    assert!(!sees(received, &designated(), standing(&designated()), open()));
    assert!(!sees(received, &outsider(), Standing::Stranger, open()));
    assert!(!sees(received, &partner_designated(), partner(Level::FullAdmin), open()));
    assert!(!sees(received, &staff(StaffRole::Agent), desk(StaffRole::Agent), open()));
    assert!(!sees(received, &manager(), standing(&manager()), lapsed()));
    let kinds = [
        (MailKind::GrantRequestApproved, decided(GrantRequestStatus::Approved, one(&partner_reader()))),
        (MailKind::GrantRequestDeclined, decided(GrantRequestStatus::Declined, one(&partner_reader()))),
        (MailKind::GrantRequestLapsed, GrantRequest { grantee: one(&partner_reader()), ..lapsed() }),
    ];
    for (kind, request) in &kinds {
        assert!(!sees(received, &manager(), standing(&manager()), request.clone()), "{}", kind.name());
        for asker in [partner_designated(), partner_reader()] {
            assert!(sees(*kind, &asker, Standing::Stranger, request.clone()), "{}", kind.name());
            assert!(!sees(*kind, &asker, Standing::Stranger, open()), "{}", kind.name());
        }
        // Neither the customer nor others of the partner, who may read the request; nor who asked and may not read it any more.
        assert!(!sees(*kind, &manager(), standing(&manager()), request.clone()));
        assert!(!sees(*kind, &partner_guardian(), Standing::Stranger, request.clone()));
        let demoted = Contact { permission: partner_reader().permission, ..partner_designated() };
        assert!(!sees(*kind, &demoted, Standing::Stranger, request.clone()), "{}", kind.name());
    }
}
