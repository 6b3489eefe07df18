//! The harness of Mandate's stories.
//!
//! A story is a function that takes a [`World`] and speaks HTTP. [`e2e!`] makes two tests of it, one on SQLite and one on
//! PostgreSQL, which share their snapshots: the two databases give the same answers.
//!
//! ```ignore
//! e2e! {
//!     /// G-3
//!     async fn a_partner_with_view_reads_but_does_not_write(world: World) {
//!         let acme = world.customer("Acme", "acme.example").await;
//!         let globex = world.partner("Globex", "globex.example").await;
//!         let request = acme.request("The printer is on fire").await;
//!         acme.grant_organization(&globex, "view").await;
//!         let path = format!("/v1/service-requests/{}", request.id());
//!         snapshot!(globex.get(&path).await.expect(200));
//!         snapshot!(globex.patch(&path, json!({"subject": "It is not"})).await.expect(403));
//!     }
//! }
//! ```
//!
//! Read the modules in this order: [`world`] brings people in; [`verbs`] are what they do in many stories; [`client`] lets
//! them send requests, and [`answer`] is what comes back; [`contract`] compares that with `openapi.yaml`; [`mailbox`] reads
//! what was sent to them; [`matrix`] runs a story on both databases, which [`database`] and [`cluster`] provide;
//! [`process`] is the real program, to be killed; `fault` ends a transaction between two statements; [`bucket`] is where it may keep files.
//!
//! `RUST_LOG=warn` shows what the servers log.

pub mod answer;
pub mod bucket;
pub mod client;
pub mod cluster;
pub mod contract;
pub mod database;
mod fault;
pub mod mailbox;
pub mod matrix;
pub mod process;
mod strict;
pub mod verbs;
pub mod world;

use std::sync::Once;

pub use answer::Answer;
pub use bucket::Bucket;
pub use client::{Actor, Instance, PASSWORD, Payload, plain_client};
pub use database::Backend;
pub use insta;
pub use mailbox::Mail;
pub use serde_json::{Value, json};
pub use verbs::{person, with};
pub use world::{ProcessWorld, World, days, hours, minutes, seconds};

use tracing_subscriber::EnvFilter;

/// Shows what is logged, where `RUST_LOG` asks for it.
pub(crate) fn log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Ok(filter) = EnvFilter::try_from_default_env() {
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
        }
    });
}
