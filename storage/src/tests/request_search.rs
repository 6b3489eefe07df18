//! Service requests are found by how the words of subjects and visible messages begin, whether few or many have them (S-11, S-5).

use mandate_core::actor::{Actor, Position};
use mandate_core::id::{MessageId, ServiceRequestId, StaffId};
use mandate_core::message::Message;
use mandate_core::request_access::reach;
use mandate_core::text::{Email, MessageBody, SearchWords, words};
use mandate_core::vocabulary::{ContactType, OrganizationType, Permission, PersonStatus, RequestStatus, StaffRole};

use super::common::{self, Database};
use super::{NOW, execute, organization, person, store, write};
use crate::backend::on;
use crate::request_filter::{RequestFilter, RequestView};
use crate::request_words::Spread;
use crate::sql::Sql;
use crate::{Page, StorageError, Store, WriteTx};
use diesel::prelude::*;

/// More than are walked before the index is asked; the first [`OLD`] are older than those, and have a word of their own.
const REQUESTS: i64 = 5_600;
const OLD: i64 = 1_100;

fn subject(number: i64) -> String {
    let rare = if number % 700 == 3 { " rarissimum" } else { "" };
    let word = if number < OLD { "ancient" } else { "modern" };
    format!("Printer {word} n{} k{}{rare}", number % 3, number % 40)
}

fn public(number: i64) -> String {
    format!("Toner m{}", number % 5)
}

fn note(number: i64) -> String {
    format!("secret{} hidden", number % 700)
}

/// Whether a request is one of the first organization.
fn is_own(number: i64) -> bool {
    number % 4 == 0
}

fn save_messages(tx: &mut WriteTx<'_>, number: i64) -> Result<(), StorageError> {
    for (internal, body) in [(false, public(number)), (true, note(number))] {
        let message = Message {
            id: MessageId::from_u128(1),
            request: ServiceRequestId::from_u128(number.unsigned_abs().into()),
            organization: organization(1),
            author: None,
            internal,
            body: MessageBody::parse(&body).unwrap(),
            created_at: NOW,
        };
        tx.save_message_words(&message)?;
    }
    Ok(())
}

fn fill(store: &Store) {
    write(store, |tx| {
        let mut rows = String::new();
        for number in 0..REQUESTS {
            let id = ServiceRequestId::from_u128(number.unsigned_abs().into());
            let (owner, submitter) = (organization(if is_own(number) { 1 } else { 2 }), person());
            rows += if rows.is_empty() { "" } else { ", " };
            rows += &format!(
                "('{id}', {number}, '{owner}', '{}', 'question', {}, 'open', '{submitter}', '{owner}', 0, 0, {number}, 1)",
                subject(number),
                number % 4 + 1
            );
        }
        execute(
            tx,
            &format!(
                "INSERT INTO service_requests (id, number, organization_id, subject, category, severity, status, submitted_by, \
                 submitter_organization_id, created_at, updated_at, activity_at, version) VALUES {rows}"
            ),
        )?;
        for number in 0..REQUESTS {
            let found_by = tx.connection().full_text(&words(&subject(number)));
            let insert = Sql::<()>::new("INSERT INTO request_words (part, internal, words, number) SELECT 0, FALSE, ")
                .append(found_by)
                .push(", ")
                .bind_big(number);
            on!(tx, |connection| insert.execute(connection))?;
        }
        let result = tx.connection().index_words(Sql::new("TRUE"));
        tx.settle(result)?;
        (0..REQUESTS).try_for_each(|number| save_messages(tx, number))
    })
    .unwrap();
}

fn actor(position: Position) -> Actor {
    Actor {
        position,
        organization: organization(1),
        organization_kind: OrganizationType::Customer,
        name: "Reader".to_owned(),
        email: Email::parse("reader@acme.example").unwrap(),
        status: PersonStatus::Active,
    }
}

fn agent() -> Actor {
    actor(Position::Staff { id: StaffId::from_u128(9), roles: vec![StaffRole::Agent] })
}

fn contact() -> Actor {
    let (permission, kind) = (Permission::DesignatedSupport, ContactType::Technical);
    actor(Position::Contact { id: person(), permission, kind })
}

/// The numbers that a search finds, by pages.
fn found(store: &Store, reader: &Actor, text: &str, severities: &[i32], limit: usize) -> Vec<i64> {
    let filter = RequestFilter {
        severities: severities.to_vec(),
        statuses: vec![RequestStatus::Open],
        search: Some(SearchWords::parse(text).unwrap()),
        ..RequestFilter::all(RequestView::All)
    };
    let (mut page, mut numbers) = (Page { limit, after: None }, Vec::new());
    loop {
        let slice = store.read(|tx| tx.service_requests(reader, &reach(reader), NOW, &filter, &page)).unwrap();
        numbers.extend(slice.rows.iter().map(|request| request.number));
        match slice.next {
            Some(next) => page.after = Some(next),
            None => return numbers,
        }
    }
}

/// The same, looked for one by one.
fn expected(is_agent: bool, text: &str, severities: &[i32]) -> Vec<i64> {
    let search = SearchWords::parse(text).unwrap();
    let has = |number: i64| {
        let mut own = words(&format!("{} {}", subject(number), public(number)));
        own.extend(words(&note(number)).into_iter().filter(|_| is_agent));
        search.as_slice().iter().all(|begin| own.iter().any(|word| word.starts_with(begin)))
    };
    let is_severe = |number: i64| severities.is_empty() || severities.contains(&i32::try_from(number % 4 + 1).unwrap());
    (0..REQUESTS).rev().filter(|number| (is_agent || is_own(*number)) && is_severe(*number) && has(*number)).collect()
}

on_both! {
    fn few_and_many_are_found_alike_and_notes_by_the_desk_alone_s_11_s_5(database: Database) {
        let store = store(&database);
        fill(&store);
        let mut ways = [0, 0];
        // Before and after PostgreSQL knows what is frequent.
        for settle in ["ANALYZE service_requests", "ANALYZE"] {
            write(&store, |tx| execute(tx, settle)).unwrap();
            for (text, severities) in [
                ("rarissim", [].as_slice()), ("printer", &[]), ("print toner", &[4]), ("ancient", &[]), ("anci m3", &[]), ("ancient", &[1, 2]),
                ("k7", &[]), ("k3 m1 n0", &[]), ("secret3", &[]), ("secret", &[]), ("hidden printer", &[]), ("modern secret1", &[2]),
                ("inter", &[]), ("nobody", &[]), ("printer nobody", &[]), ("rarissimum ancient hidden", &[]),
            ] {
                for (reader, is_agent) in [(agent(), true), (contact(), false)] {
                    let expected = expected(is_agent, text, severities);
                    let found = found(&store, &reader, text, severities, 700);
                    assert_eq!(found, expected, "{text} {severities:?} {is_agent}");
                }
                let search = SearchWords::parse(text).unwrap();
                let is_rare = store.read(|tx| Ok::<_, StorageError>(matches!(tx.spread(&search)?, Spread::Few(_)))).unwrap();
                ways[usize::from(is_rare)] += 1;
            }
        }
        assert!(ways.iter().all(|count| *count > 4), "{ways:?}");
    }
}
