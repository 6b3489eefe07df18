//! The rules of Mandate, asked through the public door of its core.
//!
//! Read [`world`] and [`ladder`] first: who lives in the tests, and how a decision is climbed check by check. Then one
//! file per noun. A test's name is a sentence and ends with the ids of the rules that it holds.

mod access_table;
mod account_team;
mod article;
mod attachment;
mod broadcast;
mod contact;
mod contact_import;
mod contact_review;
mod contact_site;
mod contact_state;
mod effective_access;
mod escalation;
mod escalation_completion;
mod escalation_flags;
mod escalation_story;
mod escalation_table;
mod grant_preview;
mod grant_reminder;
mod grant_request;
mod grant_request_notice;
mod ids_and_time;
mod invitation;
mod journal;
mod ladder;
mod letter_signature;
mod message;
mod organization;
mod participant;
mod partner_grant;
mod partner_grant_sides;
mod preferences;
mod readiness;
mod refusal;
mod request_access;
mod roster;
mod service_request;
mod service_request_edit;
mod session;
mod site;
mod staff;
mod text;
mod training;
mod transfer;
mod viewer;
mod world;
