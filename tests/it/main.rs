//! Stories over HTTP, and what holds for the code base as a whole.

mod access;
mod account_team;
mod concurrency;
mod contact;
mod contact_list;
mod contact_site;
mod contact_state;
mod crash;
mod demo;
mod effective_access;
mod errors;
mod harness;
mod me;
mod mechanisms;
mod message;
mod openapi;
mod organization;
mod partner_grant;
mod readiness;
mod request_list;
mod service_request;
mod session;
mod site;
mod staff;
mod tidy;
mod viewer;
