//! Stories over HTTP, and what holds for the code base as a whole.

mod access;
mod article;
mod concurrency;
mod contact;
mod contact_list;
mod contact_state;
mod crash;
mod demo;
mod effective_access;
mod errors;
mod grant_request;
mod harness;
mod me;
mod mechanisms;
mod message;
mod openapi;
mod organization;
mod partner_grant;
mod request_list;
mod rules;
mod service_request;
mod session;
mod staff;
mod tidy;
mod viewer;
