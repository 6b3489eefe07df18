//! Lists show exactly what core decides, row by row, in random worlds (S-11, G-2, G-3, G-7, G-12, G-16, S-7, S-14).

use mandate_core::actor::{Actor, Position};
use mandate_core::id::{ContactId, GrantId, OrganizationId, PersonId, ServiceRequestId, StaffId};
use mandate_core::request_access::reach;
use mandate_core::service_request::{ServiceRequest, view};
use mandate_core::text::Email;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{
    ContactType, History, Level, OrganizationType, Permission, PersonStatus, RequestStatus, StaffRole, Vocabulary as _,
};

use super::common::{self, Database};
use super::{execute, organization, store, write};
use crate::request_filter::{RequestFilter, RequestView};
use crate::{Page, Store};

const WORLDS: u64 = 2;
/// More than the rows of a page, so that some of them are left out.
const ORGANIZATIONS: u128 = 24;
const REQUESTS: u64 = 240;
/// Everything happened within so many microseconds, so that moments fall together.
const SPAN: u64 = 40;
const NOW: Timestamp = Timestamp::from_micros(30);

/// Numbers that look random and are the same in each run (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % bound
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }

    fn organization(&mut self) -> OrganizationId {
        organization(10 + u128::from(self.below(ORGANIZATIONS as u64)))
    }
}

fn actor(position: Position, organization: OrganizationId) -> Actor {
    Actor {
        position,
        organization,
        organization_kind: OrganizationType::Partner,
        name: "Reader".to_owned(),
        email: Email::parse("reader@acme.example").unwrap(),
        status: PersonStatus::Active,
    }
}

/// The last two organizations rest.
fn is_suspended(number: u128) -> bool {
    number + 2 >= ORGANIZATIONS
}

fn is_suspended_organization(id: OrganizationId) -> bool {
    (0..ORGANIZATIONS).any(|number| is_suspended(number) && id == organization(10 + number))
}

/// Two people of each organization, and staff.
fn readers() -> Vec<Actor> {
    use ContactType::{PrimarySupport, Technical};
    use Permission::{DesignatedSupport, KnowledgeBase, ManageContacts};
    let mut readers = Vec::new();
    for number in 0..ORGANIZATIONS {
        let [first, second] = match number % 3 {
            0 => [(DesignatedSupport, Technical), (KnowledgeBase, Technical)],
            1 => [(ManageContacts, PrimarySupport), (DesignatedSupport, Technical)],
            _ => [(ManageContacts, Technical), (DesignatedSupport, PrimarySupport)],
        };
        for (place, (permission, kind)) in [(0, first), (1, second)] {
            let id = ContactId::from_u128(100 + number * 2 + place);
            readers.push(actor(Position::Contact { id, permission, kind }, organization(10 + number)));
        }
    }
    for (number, role) in [(1, StaffRole::Agent), (2, StaffRole::Consultant), (3, StaffRole::SalesManager)] {
        readers.push(actor(Position::Staff { id: StaffId::from_u128(number), roles: vec![role] }, organization(1)));
    }
    readers
}

/// A world: who belongs where, who granted what to whom, and what was asked.
fn world(dice: &mut Dice, readers: &[Actor]) -> String {
    let mut sql = String::new();
    for number in 0..ORGANIZATIONS {
        let (id, status) = (organization(10 + number), if is_suspended(number) { "suspended" } else { "active" });
        sql += &format!(
            "INSERT INTO organizations VALUES ('{id}', 'partner', 'Org', '', '[]', '{status}', 1, 0, 0, NULL);"
        );
    }
    let people: Vec<(PersonId, OrganizationId)> =
        readers.iter().map(|reader| (reader.id(), reader.organization)).collect();
    for (id, home) in &people {
        sql += &format!(
            "INSERT INTO people (id, organization_id, email, first_name, last_name, search, sort_name, time_zone, locale, duties, \
             roles, status, created_at, updated_at, version) VALUES ('{id}', '{home}', '{id}', 'A', 'B', '', '', '', '', '', '', \
             'active', 0, 0, 1);"
        );
    }
    let mut taken = std::collections::BTreeSet::new();
    let mut made: Vec<(GrantId, OrganizationId, String)> = Vec::new();
    for number in 0..400 {
        let (grantor, (person, home)) = (dice.organization(), dice.pick(&people));
        let grantee = if dice.below(2) == 0 && home != organization(1) { home.to_string() } else { person.to_string() };
        let is_ended = dice.below(6) == 0;
        if grantor == home || (!is_ended && !taken.insert((grantor, grantee.clone()))) {
            continue;
        }
        made.push((GrantId::from_u128(number), grantor, grantee.clone()));
        let level = dice.pick(Level::ALL);
        let level = if level == Level::None && grantee.starts_with("org_") { Level::Cc } else { level };
        let expires = dice.pick(&["NULL", "NULL", "30", "31"]);
        sql += &format!(
            "INSERT INTO partner_grants (id, grantor_id, grantee_type, grantee_id, grantee_organization_id, level, expires_at, \
             ended_at, created_at, created_by, updated_at, version, history, history_since) VALUES ('{}', '{grantor}', '', \
             '{grantee}', '{home}', '{}', {expires}, {}, 0, '', 0, 1, '{}', {});",
            GrantId::from_u128(number),
            level.name(),
            if is_ended { "1" } else { "NULL" },
            dice.pick(History::ALL).name(),
            dice.below(SPAN)
        );
    }
    for number in 1..=REQUESTS {
        let id = ServiceRequestId::from_u128(number.into());
        let (owner, (submitter, home), (contact, contact_home)) =
            (dice.organization(), dice.pick(&people), dice.pick(&people));
        let (created, status) = (dice.below(SPAN), dice.pick(RequestStatus::ALL));
        // Whoever leads holds the grant, or did; the server sees to that.
        let behind_lead = behind(dice, &made, owner, (contact, contact_home), false);
        let closed = if status == RequestStatus::Closed { dice.below(SPAN).to_string() } else { "NULL".to_owned() };
        sql += &format!(
            "INSERT INTO service_requests (id, number, organization_id, subject, category, severity, status, submitted_by, \
             submitter_organization_id, point_of_contact_id, point_of_contact_organization_id, assigned_to, created_at, updated_at, \
             activity_at, closed_at, version, confidential, point_of_contact_grant, point_of_contact_named_by, only_guards_open) VALUES ('{id}', {number}, '{owner}', 'S', '{}', {}, '{}', '{submitter}', \
             '{home}', '{contact}', '{contact_home}', '{}', {created}, 0, {}, {closed}, 1, {}, {behind_lead}, {}, {});",
            dice.pick(&["question", "incident"]),
            dice.below(4) + 1,
            status.name(),
            StaffId::from_u128(dice.pick(&[1, 2])),
            dice.below(SPAN),
            dice.below(4) == 0,
            if behind_lead == "NULL" { behind_lead.clone() } else { format!("'{owner}'") },
            dice.below(2) == 0
        );
        for _ in 0..dice.below(3) {
            let (person, home) = dice.pick(&people);
            let behind_part = behind(dice, &made, owner, (person, home), true);
            sql += &format!(
                "INSERT INTO participants (service_request_id, person_id, role, added_at, added_by, grant_id) SELECT '{id}', '{person}', '{}', 0, '', {behind_part} WHERE NOT EXISTS \
                 (SELECT 1 FROM participants WHERE service_request_id = '{id}' AND person_id = '{person}');",
                dice.pick(&["cc", "secondary"])
            );
        }
    }
    sql
}

/// The grant behind how somebody takes part in a request, as SQL: none for people of the organization; else one of those that they or
/// their organization were ever given there or, sometimes, another one or none.
fn behind(
    dice: &mut Dice,
    made: &[(GrantId, OrganizationId, String)],
    owner: OrganizationId,
    (person, home): (PersonId, OrganizationId),
    may_be_others: bool,
) -> String {
    let theirs = [person.to_string(), home.to_string()];
    let fitting = made.iter().filter(|(_, grantor, grantee)| *grantor == owner && theirs.contains(grantee));
    let fitting: Vec<GrantId> = fitting.map(|(id, _, _)| *id).collect();
    match (fitting.is_empty(), dice.below(8)) {
        _ if home == owner => "NULL".to_owned(),
        (_, 0) => "NULL".to_owned(),
        (true, _) | (false, 1) if may_be_others => {
            format!("'{}'", made[usize::try_from(dice.below(made.len() as u64)).unwrap()].0)
        }
        (true, _) => "NULL".to_owned(),
        (false, _) => format!("'{}'", dice.pick(&fitting)),
    }
}

fn filters(dice: &mut Dice, people: &[PersonId]) -> Vec<RequestFilter> {
    let mut filters: Vec<RequestFilter> =
        [RequestView::All, RequestView::Organization, RequestView::Customers, RequestView::Mine]
            .map(RequestFilter::all)
            .into();
    let all = || RequestFilter::all(RequestView::All);
    filters.push(RequestFilter { organizations: vec![dice.organization(), dice.organization()], ..all() });
    filters.push(RequestFilter {
        statuses: vec![RequestStatus::Open, RequestStatus::Closed],
        severities: vec![1, 3],
        ..all()
    });
    filters.push(RequestFilter { submitted_by: vec![dice.pick(people), dice.pick(people)], ..all() });
    filters.push(RequestFilter { point_of_contact: vec![dice.pick(people)], partner_managed: Some(true), ..all() });
    let assigned_to = vec![StaffId::from_u128(1)];
    filters.push(RequestFilter { assigned_to, view: RequestView::Customers, partner_managed: Some(false), ..all() });
    let (created_after, created_before) = (Some(Timestamp::from_micros(5)), Some(Timestamp::from_micros(30)));
    filters.push(RequestFilter { created_after, created_before, view: RequestView::Mine, ..all() });
    filters
}

/// Whether a filter asks for a request, said once more.
fn asks_for(filter: &RequestFilter, reader: &Actor, request: &ServiceRequest) -> bool {
    let any = |is_empty: bool, has: bool| is_empty || has;
    let contact = request.point_of_contact.as_ref();
    let assignee = request.assigned_to.as_ref().map(|person| person.id);
    let is_own = request.organization.id == reader.organization;
    let is_mine =
        [Some(request.submitted_by.id), contact.map(|person| person.id), assignee].contains(&Some(reader.id()));
    let is_managed = request.is_partner_managed(NOW);
    let of_view = match filter.view {
        RequestView::All => true,
        RequestView::Organization => is_own,
        RequestView::Customers => !is_own,
        RequestView::Mine => is_mine,
    };
    of_view
        && any(filter.organizations.is_empty(), filter.organizations.contains(&request.organization.id))
        && any(filter.statuses.is_empty(), filter.statuses.contains(&request.status))
        && any(filter.severities.is_empty(), filter.severities.contains(&request.severity))
        && any(filter.submitted_by.is_empty(), filter.submitted_by.contains(&request.submitted_by.id))
        && any(filter.point_of_contact.is_empty(), contact.is_some_and(|one| filter.point_of_contact.contains(&one.id)))
        && any(filter.assigned_to.is_empty(), filter.assigned_to.iter().any(|one| assignee == Some((*one).into())))
        && filter.partner_managed.is_none_or(|wanted| wanted == is_managed)
        && filter.created_after.is_none_or(|moment| request.created_at >= moment)
        && filter.created_before.is_none_or(|moment| request.created_at < moment)
}

/// The requests that core lets a reader see, newest activity first.
fn decided(store: &Store, reader: &Actor) -> Vec<ServiceRequest> {
    let decide = |number: u64| {
        let id = ServiceRequestId::from_u128(number.into());
        let facts = store.glance(|tx| tx.request_facts(reader, id, NOW)).unwrap();
        view(&facts).ok().map(|visible| visible.into_value())
    };
    let mut requests: Vec<ServiceRequest> = (1..=REQUESTS).filter_map(decide).collect();
    requests.sort_by_key(|request| std::cmp::Reverse((request.activity_at, request.id)));
    requests
}

fn listed(store: &Store, reader: &Actor, filter: &RequestFilter, limit: usize) -> Vec<ServiceRequestId> {
    let (mut page, mut ids) = (Page { limit, after: None }, Vec::new());
    loop {
        let slice = store.read(|tx| tx.service_requests(reader, &reach(reader), NOW, filter, &page)).unwrap();
        ids.extend(slice.rows.iter().map(|request| request.id));
        match slice.next {
            Some(next) => page.after = Some(next),
            None => return ids,
        }
    }
}

on_both! {
    fn lists_are_what_is_decided_row_by_row_s_11_g_16_s_14(database: Database) {
        let store = store(&database);
        let readers = readers();
        let people: Vec<PersonId> = readers.iter().map(Actor::id).collect();
        let mut compared = 0;
        for seed in 1..=WORLDS {
            let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let forget = "DELETE FROM participants; DELETE FROM service_requests; DELETE FROM partner_grants; \
                          DELETE FROM people WHERE email <> ''; DELETE FROM organizations WHERE kind = 'partner'; \
                          UPDATE organizations SET status = 'active';";
            let sql = world(&mut dice, &readers);
            write(&store, |tx| execute(tx, forget).and_then(|()| execute(tx, &sql))).unwrap();
            // Nobody of a suspended organization is let in.
            for reader in readers.iter().filter(|reader| !is_suspended_organization(reader.organization)) {
                let visible = decided(&store, reader);
                for filter in filters(&mut dice, &people) {
                    let asked_for = visible.iter().filter(|request| asks_for(&filter, reader, request));
                    let expected: Vec<ServiceRequestId> = asked_for.map(|request| request.id).collect();
                    for limit in [10, 200] {
                        let ids = listed(&store, reader, &filter, limit);
                        assert_eq!(ids, expected, "world {seed}, by {limit}: {reader:?} {filter:?}");
                    }
                    compared += expected.len();
                }
            }
        }
        assert!(compared > 5_000, "{compared}");
    }
}
