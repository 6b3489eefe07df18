//! The HTTP interface of Mandate: maps resources onto core's commands, and runs them.
//!
//! A handler parses ([`extract`]), then runs its operation in one transaction ([`state`]): facts from storage, a decision
//! from core, a save, a view. Nothing here decides a rule, and nothing here writes SQL.
//!
//! Read the modules in this order: [`serve`], [`openapi`], [`state`], [`caller`], [`reply`], then a noun, for example
//! [`partner_grant`], then the edge ([`edge`], [`extract`], [`problem`]).

pub mod access_token;
pub mod account_team;
pub mod article;
pub mod attachment;
pub mod call_list;
pub mod caller;
pub mod command;
pub mod conditional;
pub mod contact;
mod contact_csv;
mod contact_export;
pub mod contact_import;
pub mod contact_list;
pub mod contact_review;
pub mod contact_state;
pub mod credential;
pub mod decode;
pub mod demo;
pub mod edge;
pub mod effective_access;
pub mod extract;
mod file_header;
pub mod files;
pub mod founding;
pub mod grant_list;
pub mod grant_preview;
pub mod grant_request;
pub mod grant_request_list;
pub mod input;
pub mod invitation;
pub mod keyring;
pub mod letter;
pub mod logging;
pub mod mail;
pub mod me;
pub mod message;
pub mod metrics;
pub mod notice;
pub mod number;
pub mod openapi;
pub mod organization;
pub mod page;
pub mod participant;
pub mod partner_grant;
pub mod password;
pub mod person;
pub mod point_of_contact;
pub mod preferences;
pub mod probes;
pub mod problem;
pub mod readiness;
mod replay;
pub mod reply;
pub mod request_list;
pub mod routes_table;
pub mod seal;
pub mod secret;
pub mod serve;
pub mod service_request;
pub mod session;
pub mod settings;
pub mod shutdown;
pub mod site;
mod sniff;
pub mod sources;
pub mod staff;
pub mod state;
pub mod strict_json;
pub mod training;
pub mod transfer;
pub mod upload;
pub mod viewer;
pub mod wire;
pub mod worker;
