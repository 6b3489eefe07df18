//! Stories over HTTP, and what holds for the code base as a whole.

mod access;
mod concurrency;
mod contact;
mod contact_list;
mod contact_state;
mod crash;
mod demo;
mod effective_access;
mod errors;
mod harness;
mod invitation;
mod me;
mod mechanisms;
mod message;
mod notice;
mod openapi;
mod organization;
mod partner_grant;
mod password;
mod request_list;
mod service_request;
mod session;
mod staff;
mod tidy;
mod transfer;
mod viewer;
