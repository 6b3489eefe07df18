//! Confidential service requests: who makes them so, lets people in, and opens them again (S-14, E-11).

use mandate_core::access::Standing;
use mandate_core::actor::Actor;
use mandate_core::participant::Invited;
use mandate_core::point_of_contact::PointOfContact;
use mandate_core::refusal::{Code, Refusal};
use mandate_core::service_request::{
    CreateFacts, CreateRequest, EditFacts, EditRequest, RequestFacts, ServiceRequest, create, edit, view,
};
use mandate_core::vocabulary::{Category, Involvement, Level, RequestStatus, StaffRole};

use crate::participant::{added, candidate, command as adding, facts as add_facts};
use crate::service_request_edit::{facts as edit_facts, naming};
use crate::world::{
    CUSTOMER, Person as _, by, designated, desk, guardian, held, id, levels, manager, organization, partner,
    partner_designated, reference, request, request_in, staff, standing,
};

/// Somebody who takes part in a confidential request: its submitter or not, and by which role.
#[derive(Clone)]
struct Reader {
    name: &'static str,
    actor: Actor,
    standing: Standing,
    submitted: bool,
    role: Option<Involvement>,
}

fn reader(name: &'static str, actor: Actor, standing: Standing, submitted: bool, role: Option<Involvement>) -> Reader {
    Reader { name, actor, standing, submitted, role }
}

/// Everybody who may see one, with whether they let people in.
fn readers() -> Vec<(Reader, bool)> {
    use Involvement::{Cc, Secondary};
    let partner_at = |level| partner(level);
    let pedro = || partner_designated().actor();
    vec![
        (reader("a primary support contact", guardian().actor(), standing(&guardian()), false, None), true),
        (reader("its submitter", manager().actor(), standing(&manager()), true, None), true),
        (reader("an agent", staff(StaffRole::Agent).actor(), desk(StaffRole::Agent), false, None), true),
        (reader("with a copy", manager().actor(), standing(&manager()), false, Some(Cc)), false),
        (reader("a secondary", manager().actor(), standing(&manager()), false, Some(Secondary)), false),
        (reader("a partner at cc, secondary", pedro(), partner_at(Level::Cc), false, Some(Secondary)), false),
        (reader("a full_admin, secondary", pedro(), partner_at(Level::FullAdmin), false, Some(Secondary)), false),
        (reader("a partner who submitted it", pedro(), partner_at(Level::FullAdmin), true, None), false),
        (
            reader("a partner who submitted it, secondary", pedro(), partner_at(Level::Create), true, Some(Secondary)),
            false,
        ),
    ]
}

impl Reader {
    fn request(&self, only_guards_open: bool, confidential: bool) -> ServiceRequest {
        let submitted_by = if self.submitted { self.actor.reference() } else { reference(&designated()) };
        ServiceRequest { confidential, only_guards_open, submitted_by, ..request() }
    }

    fn edit(
        &self,
        request: ServiceRequest,
        point_of_contact: PointOfContact,
        command: EditRequest,
    ) -> Result<ServiceRequest, Refusal> {
        let mut facts =
            EditFacts { point_of_contact, ..edit_facts(self.actor.clone(), self.standing.clone(), request) };
        facts.request.role = self.role;
        edit(&by(&manager()), facts, command).map(|change| change.after().clone())
    }
}

#[test]
fn only_who_may_conceal_a_request_lets_people_in_s_14() {
    for (who, admits) in readers() {
        let expected = if admits { Ok(()) } else { Err(Code::PrimarySupportContactRequired) };
        let mut facts = add_facts(
            who.actor.clone(),
            who.standing.clone(),
            Some(candidate(&mandate_core::contact::Contact { id: id(31), ..designated() }, None)),
        );
        facts.request.request = Some(who.request(false, true));
        facts.request.role = who.role;
        for role in [Involvement::Cc, Involvement::Secondary] {
            let person: mandate_core::id::ContactId = id(31);
            let answer = added(&manager(), facts.clone(), adding(person, role)).map(drop);
            assert_eq!(answer.map_err(|refusal| refusal.code), expected, "{} adds", who.name);
        }
        let named = PointOfContact::Contact(Box::new(guardian()), None);
        let answer = who.edit(who.request(false, true), named, naming(&guardian())).map(drop);
        assert_eq!(answer.map_err(|refusal| refusal.code), expected, "{} names", who.name);
    }
}

#[test]
fn who_gets_copies_of_it_reads_and_does_no_more_s_14_s_3() {
    let copied = reader("", manager().actor(), standing(&manager()), false, Some(Involvement::Cc));
    let severity = || EditRequest { severity: Some(1), ..EditRequest::default() };
    let answer = copied.edit(copied.request(false, true), PointOfContact::Unnamed, severity());
    let refused = crate::ladder::refusal(answer.map(drop));
    assert_eq!(refused.code, Code::PrimarySupportContactRequired);
    assert!(refused.detail.to_string().contains("gets copies"), "{refused}");
    // Of any other request they do what all of the organization do (S-3).
    assert!(copied.edit(copied.request(false, false), PointOfContact::Unnamed, severity()).is_ok());
    let guards = reader("", guardian().actor(), standing(&guardian()), false, Some(Involvement::Cc));
    assert!(guards.edit(guards.request(false, true), PointOfContact::Unnamed, severity()).is_ok());
}

#[test]
fn what_a_guard_concealed_only_a_guard_opens_and_no_partner_ever_s_14_e_11() {
    for (who, _) in readers() {
        let is_guard = matches!(who.name, "a primary support contact" | "an agent");
        let is_own_submitter = who.name == "its submitter";
        for only_guards_open in [false, true] {
            let open = EditRequest { confidential: Some(false), ..EditRequest::default() };
            let answer = who.edit(who.request(only_guards_open, true), PointOfContact::Unnamed, open);
            let allowed = is_guard || (is_own_submitter && !only_guards_open);
            match answer {
                Ok(after) => assert!(allowed && !after.confidential, "{} {only_guards_open}", who.name),
                Err(refusal) => {
                    assert!(!allowed, "{} {only_guards_open}: {refusal}", who.name);
                    assert_eq!(refusal.code, Code::PrimarySupportContactRequired, "{}", who.name);
                }
            }
        }
        // Who submitted it conceals it, a partner as well; who conceals it decides who opens it.
        let conceal = EditRequest { confidential: Some(true), ..EditRequest::default() };
        let answer = who.edit(who.request(true, false), PointOfContact::Unnamed, conceal.clone());
        match answer {
            Ok(after) => {
                assert!(is_guard || who.submitted, "{}", who.name);
                assert_eq!((after.confidential, after.only_guards_open), (true, is_guard), "{}", who.name);
            }
            Err(refusal) => {
                assert!(!is_guard && !who.submitted, "{}: {refusal}", who.name);
                assert!(
                    matches!(
                        refusal.code,
                        Code::PrimarySupportContactRequired | Code::PermissionRequired | Code::NotFound
                    ),
                    "{}: {refusal}",
                    who.name
                );
            }
        }
        // A guard who says so once more makes it theirs.
        if let Ok(after) = who.edit(who.request(false, true), PointOfContact::Unnamed, conceal) {
            assert_eq!(after.only_guards_open, is_guard, "{}", who.name);
        }
    }
}

#[test]
fn a_partner_who_submits_a_confidential_request_names_nobody_in_it_s_14() {
    let attempt = |actor: Actor, standing: Standing, point_of_contact: PointOfContact, invites: bool| {
        let invited = Invited { candidate: Some(candidate(&guardian(), None)), role: Involvement::Cc, mail: id(3) };
        let facts = CreateFacts {
            actor,
            standing,
            organization: Some(organization(CUSTOMER)),
            point_of_contact,
            follow_up_of: None,
            participants: if invites { vec![invited] } else { Vec::new() },
        };
        let command = CreateRequest { confidential: Some(true), ..crate::service_request::command(Category::Incident) };
        create(&by(&manager()), facts, command).map(drop).map_err(|refusal| (refusal.code, refusal.pointer))
    };
    let (pedro, level) = (partner_designated().actor(), partner(Level::Create));
    let dina = || PointOfContact::Contact(Box::new(designated()), None);
    let refused = |place| Err((Code::PrimarySupportContactRequired, Some(place)));
    assert_eq!(attempt(pedro.clone(), level.clone(), PointOfContact::Unnamed, false), Ok(()));
    assert_eq!(attempt(pedro.clone(), level.clone(), dina(), false), refused("#/point_of_contact"));
    assert_eq!(attempt(pedro, level, PointOfContact::Unnamed, true), refused("#/participants"));
    let own = (manager().actor(), standing(&manager()));
    assert_eq!(attempt(own.0.clone(), own.1.clone(), dina(), true), Ok(()));
    assert_eq!(attempt(own.0, own.1, PointOfContact::Unnamed, true), Ok(()));
}

/// What an escalation was tied to.
fn sealed(status: RequestStatus) -> ServiceRequest {
    ServiceRequest { confidential: true, only_guards_open: true, sealed: true, ..request_in(status) }
}

#[test]
fn what_an_escalation_was_tied_to_stays_closed_to_partners_whoever_asks_e_11() {
    for (who, admits) in readers() {
        let request =
            ServiceRequest { submitted_by: who.request(true, true).submitted_by, ..sealed(RequestStatus::Open) };
        // No partner sees it, whatever they are to it.
        if matches!(who.standing, Standing::Partner(_)) {
            let point_of_contact = Some(reference(&partner_designated()));
            for request in [request.clone(), ServiceRequest { point_of_contact, ..request.clone() }] {
                let mut facts = edit_facts(who.actor.clone(), who.standing.clone(), request).request;
                facts.role = who.role;
                assert_eq!(crate::ladder::code(view(&facts)), Code::NotFound, "{}", who.name);
            }
            continue;
        }
        let open = EditRequest { confidential: Some(false), ..EditRequest::default() };
        let answer = who.edit(request.clone(), PointOfContact::Unnamed, open).map(drop);
        let copied = who.role == Some(Involvement::Cc);
        let expected = if copied { Code::PrimarySupportContactRequired } else { Code::ServiceRequestSealed };
        assert_eq!(crate::ladder::code(answer), expected, "{} opens it", who.name);
        // Who lets people in lets no partner in, at no level and in no role.
        for level in levels().filter(|_| admits) {
            let pedro = || partner_designated();
            let named = PointOfContact::Contact(Box::new(pedro()), Some(held(level)));
            let refused = crate::ladder::refusal(who.edit(request.clone(), named, naming(&pedro())));
            let is_own = matches!(who.standing, Standing::Member { .. });
            if is_own {
                assert_eq!(
                    (refused.code, refused.pointer),
                    (Code::PointOfContactNotAllowed, Some("#/point_of_contact"))
                );
            }
            for role in [Involvement::Cc, Involvement::Secondary] {
                let candidate = Some(candidate(&pedro(), Some(level)));
                let mut facts = add_facts(who.actor.clone(), who.standing.clone(), candidate);
                facts.request.request = Some(request.clone());
                let answer = added(&manager(), facts, adding(pedro().id, role)).map(drop);
                assert_eq!(crate::ladder::code(answer), Code::ParticipantNotAllowed, "{} {level:?} {role:?}", who.name);
            }
        }
    }
    // What follows it up is the same.
    let followed = |confidential| {
        let (actor, standing) = (guardian().actor(), standing(&guardian()));
        let request = Some(sealed(RequestStatus::Closed));
        let closed =
            RequestFacts { actor: actor.clone(), standing: standing.clone(), request, role: None, lead_at_rest: false };
        let facts = CreateFacts {
            actor,
            standing,
            organization: Some(organization(CUSTOMER)),
            point_of_contact: PointOfContact::Unnamed,
            follow_up_of: Some(closed),
            participants: Vec::new(),
        };
        let command = CreateRequest { confidential, ..crate::service_request::command(Category::Question) };
        create(&by(&guardian()), facts, command).map(|created| created.request.after().clone())
    };
    for confidential in [None, Some(true)] {
        let after = followed(confidential).unwrap();
        assert_eq!((after.confidential, after.sealed), (true, true));
    }
    let refused = crate::ladder::refusal(followed(Some(false)));
    assert_eq!((refused.code, refused.pointer), (Code::ServiceRequestSealed, Some("#/confidential")));
}
