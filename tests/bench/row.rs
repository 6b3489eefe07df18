//! A service request as a row and as JSON, without any rule: for the bare routes.

use diesel::Queryable;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use mandate_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The SQL types of the columns of a request, as the product selects them.
pub(crate) type RequestColumns = (
    (Text, BigInt, Text, Text, Text, Text, Integer, Text),
    (Text, Text, Text, Text, Nullable<Text>, Bool),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (Nullable<Text>, Nullable<Text>),
    (BigInt, BigInt, BigInt, Nullable<BigInt>, Nullable<BigInt>, BigInt),
);

type NamedPerson = (Option<String>, Option<String>, Option<String>, Option<String>);

/// A row.
#[derive(Debug, Queryable)]
pub(crate) struct Loaded {
    what: (String, i64, String, String, String, String, i32, String),
    submitter: (String, String, String, String, Option<String>, bool),
    point_of_contact: NamedPerson,
    assigned_to: NamedPerson,
    related: (Option<String>, Option<String>),
    moments: (i64, i64, i64, Option<i64>, Option<i64>, i64),
}

/// An organization in an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Organization {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
}

/// A person in an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    id: String,
    name: String,
    organization_id: String,
}

/// A request in an answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) organization_id: String,
    pub(crate) organization: Organization,
    pub(crate) subject: String,
    pub(crate) category: String,
    pub(crate) severity: i64,
    pub(crate) status: String,
    pub(crate) submitted_by: Person,
    pub(crate) submitted_for: Option<Organization>,
    pub(crate) point_of_contact: Option<Person>,
    pub(crate) confidential: bool,
    pub(crate) partner_managed: bool,
    pub(crate) assigned_to: Option<Person>,
    pub(crate) follow_up_of: Option<String>,
    pub(crate) about_contact_id: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) last_activity_at: String,
    pub(crate) solved_at: Option<String>,
    pub(crate) closed_at: Option<String>,
    pub(crate) version: i64,
}

fn person((id, organization, first, last): NamedPerson) -> Option<Person> {
    let name = format!("{} {}", first.unwrap_or_default(), last.unwrap_or_default());
    Some(Person { id: id?, name, organization_id: organization? })
}

fn moment(micros: i64) -> String {
    Timestamp::from_micros(micros).to_string()
}

impl From<Loaded> for Request {
    fn from(row: Loaded) -> Self {
        let (id, number, organization_id, name, subject, category, severity, status) = row.what;
        let (submitter, submitter_organization, first, last, _, confidential) = row.submitter;
        let (created_at, updated_at, activity_at, solved_at, closed_at, version) = row.moments;
        let organization = Organization { id: organization_id.clone(), name };
        let point_of_contact = person(row.point_of_contact);
        Self {
            id,
            number: format!("SR-{number:06}"),
            submitted_for: (submitter_organization != organization_id).then(|| organization.clone()),
            partner_managed: point_of_contact.as_ref().is_some_and(|person| person.organization_id != organization_id),
            organization_id,
            organization,
            subject,
            category,
            severity: severity.into(),
            status,
            submitted_by: Person {
                id: submitter,
                name: format!("{first} {last}"),
                organization_id: submitter_organization,
            },
            point_of_contact,
            confidential,
            assigned_to: person(row.assigned_to),
            follow_up_of: row.related.0,
            about_contact_id: row.related.1,
            created_at: moment(created_at),
            updated_at: moment(updated_at),
            last_activity_at: moment(activity_at),
            solved_at: solved_at.map(moment),
            closed_at: closed_at.map(moment),
            version,
        }
    }
}
