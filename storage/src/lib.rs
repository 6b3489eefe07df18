//! Storage of Mandate on SQLite and PostgreSQL.
//!
//! What this crate promises:
//! - **One transaction per command.** [`Store::write`] begins, repeats and commits; nothing else does.
//! - **Fenced first, read after.** Facts are found on a [`WriteTx`], which only [`Unlocked::lock`] makes. They stay true until
//!   the commit.
//! - **Nothing is saved without a decision**, nor without its journal entry: saves take a `Change`, which core alone builds,
//!   and record it.
//! - **The database decides nothing.** There are no defaults, triggers or sequences, and a query is written once for both databases.
//!
//! Read the modules in this order: `error`, `backend`, `store`, `tx`, `journal`, `sql`, `column`, then the nouns.

mod account_team;
mod article;
mod attachment;
mod backend;
mod batch;
mod broadcast;
mod call_list;
mod clock;
mod column;
mod contact_list;
mod contact_review;
mod database_url;
mod error;
mod escalation;
mod escalation_json;
mod escalation_notice;
mod grant_preview;
mod grant_request;
mod handover;
mod idempotency;
mod invitation;
mod journal;
mod key;
mod known_number;
mod letter_signature;
mod mail;
mod message;
mod migrate;
mod number;
mod organization;
mod page;
mod participant;
mod partner_grant;
mod people;
mod people_save;
mod people_words;
mod point_of_contact;
mod readiness;
mod request_filter;
mod request_list;
mod request_words;
mod roster;
mod schema;
mod service_request;
mod session;
mod site;
mod sql;
mod store;
mod telling;
#[cfg(test)]
mod tests;
mod tx;
mod undeliverable;
mod upload;
mod viewer;

pub use article::ArticleFilter;
pub use contact_list::{ContactFilter, ContactSort};
pub use database_url::DatabaseUrl;
pub use error::{DatabaseUrlError, OpenError, StorageError};
pub use escalation_notice::EscalationNotice;
pub use grant_preview::{Exposure, People};
pub use grant_request::RequestSide;
pub use idempotency::StoredResponse;
pub use journal::JournalEntry;
pub use key::{Key, KeyPurpose};
pub use mail::{Mail, MailOutcome};
pub use organization::OrganizationFilter;
pub use page::{Page, Position, Slice, SortKey};
pub use partner_grant::{GrantFilter, GrantSide};
pub use request_filter::{RequestFilter, RequestView};
pub use service_request::CallerAndRequest;
pub use store::{PoolSettings, PoolState, Store};
pub use telling::DueTelling;
pub use tx::{Fence, IdSource, ReadTx, Unlocked, WriteTx};
pub use upload::Upload;
