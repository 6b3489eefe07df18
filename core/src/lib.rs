//! The rules of Mandate.
//!
//! Facts in, [`change::Change`] or [`refusal::Refusal`] out. Nothing here reads a clock, draws a random number,
//! talks to a database or a network, or can be serialized: whoever wants to do one of these things depends on this
//! crate, never the reverse.
//!
//! Three invariants carry the rest of the system:
//! - **No write without a decision.** A [`change::Change`] can be built by this crate alone, and storage saves nothing else.
//! - **No read without a reach.** Lists are queried with an [`request_access::Reach`], single things are shown as
//!   [`access::Visible`]; both come from the access table in [`access`].
//! - **Time is an argument.** Every decision takes its `now` from [`change::Context`].
//!
//! Read the modules in this order: [`id`], [`time`], [`wording`], [`text`], [`vocabulary`], [`refusal`], [`actor`], [`access`],
//! [`change`], then the nouns.

pub mod access;
pub mod account_team;
pub mod actor;
pub mod article;
pub mod attachment;
pub mod broadcast;
pub mod call_list;
pub mod change;
pub mod contact;
pub mod contact_import;
mod contact_record;
pub mod contact_review;
pub mod contact_site;
pub mod contact_state;
pub mod contact_ties;
pub mod domain_owner;
pub mod duty_coverage;
pub mod effective_access;
pub mod escalation;
pub mod escalation_case;
pub mod escalation_completion;
pub mod escalation_flags;
pub mod escalation_guard;
pub mod escalation_step;
pub mod escalation_story;
pub mod finding;
pub mod free_mail;
pub mod grant_preview;
pub mod grant_reminder;
pub mod grant_request;
pub mod grant_request_notice;
pub mod grant_rest;
pub mod grant_withdrawal;
pub mod handover;
pub mod hours;
pub mod id;
pub mod invitation;
pub mod journal;
pub mod letter_signature;
pub mod manager_protection;
pub mod media_type;
pub mod message;
pub mod organization;
pub mod participant;
pub mod partner_grant;
pub mod person;
pub mod point_of_contact;
pub mod preferences;
pub mod readiness;
pub mod refusal;
pub mod request_access;
pub(crate) mod request_admission;
pub(crate) mod request_record;
pub mod roster;
pub mod service_request;
pub mod session;
pub mod site;
pub mod staff;
pub mod telling;
pub mod text;
pub mod throttle;
pub mod time;
pub mod training;
pub mod transfer;
pub mod viewer;
pub mod vocabulary;
pub mod wording;
