//! What is measured, and the requests that it consists of.

use std::rc::Rc;

use crate::client::{Draw, Requests, request};
use crate::load::Cast;

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// An empty route.
    Livez,
    /// Read one request of many customers, as their partner.
    Read,
    /// List 50 requests of one organization, as its contact.
    ListOrganization,
    /// List 50 requests of all customers, as their partner.
    ListCustomers,
    /// Why a partner's contact may do what.
    Decide,
    /// Create a request, as a contact.
    Create,
    /// Write a message, as a contact.
    Post,
}

impl Operation {
    /// In the order of the tables. Those that write come last.
    pub(crate) const ALL: [Self; 7] =
        [Self::Livez, Self::Read, Self::ListOrganization, Self::ListCustomers, Self::Decide, Self::Create, Self::Post];

    /// For the tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Livez => "empty JSON route (`/livez`)",
            Self::Read => "read one request",
            Self::ListOrganization => "list 50 of one organization",
            Self::ListCustomers => "list 50 as the partner",
            Self::Decide => "one access decision",
            Self::Create => "create a request",
            Self::Post => "post a message",
        }
    }

    /// Whether there is a bare route for it.
    pub(crate) fn has_limit(self) -> bool {
        matches!(self, Self::Read | Self::ListOrganization | Self::ListCustomers | Self::Create)
    }

    /// How many times the processor time of the bare route it may cost.
    pub(crate) fn goal(self) -> Option<f64> {
        match self {
            Self::Read => Some(1.3),
            Self::ListOrganization | Self::ListCustomers => Some(1.2),
            Self::Create => Some(3.0),
            Self::Livez | Self::Decide | Self::Post => None,
        }
    }
}

/// Everybody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    /// A contact of the partner.
    pub(crate) partner: String,
    /// A contact of an organization with many requests.
    pub(crate) contact: String,
    /// Those who write.
    pub(crate) writers: Vec<String>,
}

/// The requests of an operation.
pub(crate) fn requests(operation: Operation, cast: &Rc<Cast>, tokens: &Rc<Tokens>) -> Requests {
    let (cast, tokens) = (Rc::clone(cast), Rc::clone(tokens));
    let get = |out: &mut Vec<u8>, path: &str, token: &str| request(out, "GET", path, token, "", "");
    match operation {
        Operation::Livez => Rc::new(move |_: &mut Draw, out: &mut Vec<u8>| get(out, "/livez", "")),
        Operation::Read => Rc::new(move |draw: &mut Draw, out: &mut Vec<u8>| {
            get(out, &format!("/v1/service-requests/{}", draw.pick(&cast.customers_requests)), &tokens.partner)
        }),
        Operation::ListOrganization => Rc::new(move |_: &mut Draw, out: &mut Vec<u8>| {
            get(out, "/v1/service-requests?view=organization", &tokens.contact)
        }),
        Operation::ListCustomers => Rc::new(move |_: &mut Draw, out: &mut Vec<u8>| {
            get(out, "/v1/service-requests?view=customers", &tokens.partner)
        }),
        Operation::Decide => Rc::new(move |draw: &mut Draw, out: &mut Vec<u8>| {
            let (organization, person) = (draw.pick(&cast.customers), &cast.partner_id);
            let path = format!("/v1/organizations/{organization}/effective-access?person_id={person}");
            get(out, &path, &tokens.partner)
        }),
        Operation::Create => Rc::new(move |draw: &mut Draw, out: &mut Vec<u8>| {
            let body = format!(
                r#"{{"subject":"Login page {} shows error 500 after the update","category":"incident","severity":2,"message":"Since this morning nobody of us can sign in; the log has nothing about it."}}"#,
                draw.unique
            );
            let key = format!("idempotency-key: create-{}\r\n", draw.unique);
            let token = &tokens.writers[draw.connection % tokens.writers.len()];
            request(out, "POST", "/v1/service-requests", token, &key, &body);
        }),
        Operation::Post => Rc::new(move |draw: &mut Draw, out: &mut Vec<u8>| {
            let writer = draw.connection % tokens.writers.len();
            let path = format!("/v1/service-requests/{}/messages", draw.pick(&cast.writers[writer].1));
            let body = r#"{"body":"It happens again whenever somebody signs in from the second office."}"#;
            let key = format!("idempotency-key: post-{}\r\n", draw.unique);
            request(out, "POST", &path, &tokens.writers[writer], &key, body);
        }),
    }
}
