//! Who can see a service request, and why (G-15), in every small world.

use mandate_core::access::{HeldLevel, Standing};
use mandate_core::actor::Actor;
use mandate_core::contact::Contact;
use mandate_core::effective_access::{HeldGrant, HeldGrants, Path, Suspension};
use mandate_core::refusal::{Code, Requirement};
use mandate_core::service_request::{RequestFacts, ServiceRequest, view};
use mandate_core::viewer::{Candidate, allow_list, consider};
use mandate_core::vocabulary::{
    Involvement, Level, OrganizationStatus, Permission, PersonStatus, RequestStatus, StaffRole, Vocabulary as _,
};

use crate::ladder::{climb, code, lacks, trips};
use crate::world::{
    ALL_HISTORY, NOW, Person, REQUEST, TOMORROW, consultant, designated, desk, guardian, id, manager, outsider, part,
    partner, partner_designated, reader, request, request_in, staff, standing,
};

const RUNNING: OrganizationStatus = OrganizationStatus::Active;

fn held_grant(number: u128, level: Level, live: bool) -> HeldGrant {
    let expires_at = Some(if live { TOMORROW } else { NOW });
    HeldGrant { held: HeldLevel { level, grant: id(number), scope: ALL_HISTORY }, expires_at }
}

fn candidate(person: Actor, individual: Option<HeldGrant>, organization: Option<HeldGrant>) -> Candidate {
    let suspension = Suspension { grantor: RUNNING, holder: RUNNING };
    let grants = HeldGrants { individual, organization, suspension };
    Candidate { person, organization_status: RUNNING, grants, role: None }
}

#[test]
fn exactly_those_are_named_who_see_the_request_when_they_ask_g_15() {
    let people: Vec<Actor> = [guardian(), designated(), reader(), partner_designated(), outsider()]
        .iter()
        .map(Person::actor)
        .chain(StaffRole::ALL.iter().map(|role| staff(*role).actor()))
        .collect();
    let grants = || {
        let each = |number| move |level: &Level| [true, false].map(|live| Some(held_grant(number, *level, live)));
        let mut mine: Vec<Option<HeldGrant>> = Level::ALL.iter().flat_map(each(1)).collect();
        mine.push(None);
        let ours = [Some(held_grant(2, Level::Cc, true)), Some(held_grant(2, Level::Update, true)), None];
        mine.into_iter().flat_map(move |mine| ours.map(|ours| (mine, ours)))
    };
    let parts = [None, Some(Involvement::Cc), Some(Involvement::Secondary)];
    let mut compared = 0;
    for person in &people {
        for (individual, organization) in grants() {
            for role in parts {
                for leads in [false, true] {
                    let point_of_contact = leads.then(|| person.reference());
                    let request = ServiceRequest { point_of_contact, ..request() };
                    let held_role = role.map(part);
                    let candidate =
                        Candidate { role: held_role, ..candidate(person.clone(), individual, organization) };
                    let standing = Standing::of(person, request.organization.id, candidate.grants.deciding(NOW));
                    let facts = RequestFacts {
                        actor: person.clone(),
                        standing,
                        request: Some(request.clone()),
                        role,
                        lead_at_rest: false,
                    };
                    let viewer = consider(NOW, &request, candidate);
                    assert_eq!(viewer.is_some(), view(&facts).is_ok(), "{person:?} {individual:?} {organization:?}");
                    if let Some(viewer) = viewer {
                        assert_eq!(viewer.person, person.reference());
                        assert_eq!(viewer.involvement, if leads { Some(Involvement::PointOfContact) } else { role });
                    }
                    compared += 1;
                }
            }
        }
    }
    println!("compared {compared} candidates with what they see");
    assert_eq!(compared, 12 * (15 * 3) * 3 * 2);
}

#[test]
fn each_viewer_is_named_with_the_path_and_the_grant_g_15() {
    let see = |candidate: Candidate| {
        consider(NOW, &request(), candidate).map(|viewer| (viewer.path, viewer.held.map(|held| held.grant)))
    };
    let mine = |level| Some(held_grant(1, level, true));
    let ours = |level| Some(held_grant(2, level, true));
    let pedro = || partner_designated().actor();
    let part = |role, candidate| Candidate { role: Some(part(role)), ..candidate };
    let duty_manager = || staff(StaffRole::DutyManager).actor();
    let vera = || staff(StaffRole::Consultant).actor();
    for (who, candidate, expected) in [
        ("own", candidate(designated().actor(), None, None), Some((Path::OwnOrganization, None))),
        ("a reader", candidate(reader().actor(), None, None), None),
        ("a reader who takes part", part(Involvement::Secondary, candidate(reader().actor(), None, None)), None),
        (
            "by the organization's",
            candidate(pedro(), None, ours(Level::View)),
            Some((Path::OrganizationGrant, Some(id(2)))),
        ),
        (
            "by their own",
            candidate(pedro(), mine(Level::View), ours(Level::Create)),
            Some((Path::IndividualGrant, Some(id(1)))),
        ),
        ("their own is too low", candidate(pedro(), mine(Level::Cc), ours(Level::Create)), None),
        ("shut out", candidate(pedro(), mine(Level::None), ours(Level::Create)), None),
        (
            "their own is over",
            candidate(pedro(), Some(held_grant(1, Level::None, false)), ours(Level::View)),
            Some((Path::OrganizationGrant, Some(id(2)))),
        ),
        (
            "a participant",
            part(Involvement::Cc, candidate(pedro(), mine(Level::Cc), None)),
            Some((Path::Participant, Some(id(1)))),
        ),
        ("a participant without a grant", part(Involvement::Cc, candidate(pedro(), None, None)), None),
        ("staff by role", candidate(duty_manager(), None, None), Some((Path::StaffRole, None))),
        (
            "staff by role, whatever they hold",
            candidate(duty_manager(), mine(Level::None), None),
            Some((Path::StaffRole, None)),
        ),
        ("staff by grant", candidate(vera(), mine(Level::View), None), Some((Path::IndividualGrant, Some(id(1))))),
        (
            "staff who take part",
            part(Involvement::Secondary, candidate(vera(), mine(Level::Cc), None)),
            Some((Path::Participant, Some(id(1)))),
        ),
        ("staff without anything", candidate(vera(), None, None), None),
        ("an outsider", candidate(outsider().actor(), None, None), None),
    ] {
        assert_eq!(see(candidate), expected, "{who}");
    }
}

#[test]
fn who_may_not_sign_in_sees_nothing_c_15_g_12_g_15() {
    for status in PersonStatus::ALL.iter().copied() {
        for organization_status in OrganizationStatus::ALL.iter().copied() {
            let person = Contact { status, ..designated() };
            let candidate = Candidate { organization_status, ..candidate(person.actor(), None, None) };
            let expected = status == PersonStatus::Active && organization_status == RUNNING;
            assert_eq!(consider(NOW, &request(), candidate).is_some(), expected, "{status:?} {organization_status:?}");
        }
    }
    // The customer's suspension lets its partners' grants rest.
    let mut candidate = candidate(partner_designated().actor(), None, Some(held_grant(2, Level::View, true)));
    candidate.grants.suspension.grantor = OrganizationStatus::Suspended;
    assert!(consider(NOW, &request(), candidate).is_none());
}

#[test]
fn designated_contacts_and_the_desk_ask_who_can_see_a_request_g_15() {
    let nobody = RequestFacts {
        actor: partner_designated().actor(),
        standing: Standing::Stranger,
        request: None,
        role: None,
        lead_at_rest: false,
    };
    let closed = request_in(RequestStatus::Closed);
    let answer = climb(
        nobody,
        |facts| allow_list(&facts),
        [
            trips::<RequestFacts>(Code::NotFound)
                .until(|facts| facts.request = Some(request_in(RequestStatus::Closed))),
            trips(Code::NotFound).until(|facts| facts.standing = partner(Level::FullAdmin)),
            // Also the widest grant does not show who else sees it.
            lacks(Requirement::Permission(Permission::DesignatedSupport))
                .until(|facts| facts.standing = standing(&manager())),
        ],
    );
    assert_eq!(answer, closed);
    let asks = |actor: Actor, standing| {
        let facts = RequestFacts { actor, standing, request: Some(request()), role: None, lead_at_rest: false };
        allow_list(&facts).map(|request| request.id)
    };
    for role in [StaffRole::Agent, StaffRole::DutyManager] {
        assert_eq!(asks(staff(role).actor(), desk(role)), Ok(REQUEST));
    }
    assert_eq!(asks(designated().actor(), standing(&designated())), Ok(REQUEST));
    assert_eq!(code(asks(reader().actor(), standing(&reader()))), Code::NotFound);
    assert_eq!(code(asks(staff(StaffRole::Consultant).actor(), consultant(Level::FullAdmin))), Code::StaffOnly);
}
