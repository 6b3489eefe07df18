//! Letters that came as emails (E-3): what is read of them, and what their own signatures say (E-6).
//!
//! A letter is whatever somebody attached, so everything here is bounded: the head, the parts, the signatures that are looked at,
//! the keys that are asked for and the letters that are checked at the same time.

mod email;
mod resolver;
mod signature;

use actix_web::web::Bytes;
use mandate_core::letter_signature::{SignatureCheck, SignatureResult};
use mandate_core::time::Timestamp;
use tokio::task::spawn_blocking;

pub use email::{LetterAttachment, LetterEmail};
pub use resolver::{LetterResolver, ResolverError};

/// Reads a letter, and checks its signatures with the keys that the resolver knows; none if it is no email.
///
/// *Shape*: what mail programs save as `.eml`. One that was saved with the line ends of Unix is brought back to those of mail,
/// which were signed.
pub async fn check(bytes: Bytes, now: Timestamp, resolver: &LetterResolver) -> Option<(LetterEmail, SignatureCheck)> {
    let _turn = resolver.turn().await;
    let (letter, email, names) = apart(move || {
        let letter = email::with_line_ends_of_mail(bytes);
        let message = email::head(&letter)?;
        let email = LetterEmail::read(&message, &letter);
        let names = signature::key_names(message, now);
        Some((letter, email, names))
    })
    .await
    .flatten()?;
    let keys = resolver.keys(names).await;
    let author = email.author.clone();
    let check = apart(move || signature::verify(&letter, author, now, &keys)).await;
    let unknown = || SignatureCheck::new(SignatureResult::NotChecked, None, email.author.clone(), now);
    let check = check.unwrap_or_else(unknown);
    Some((email, check))
}

/// Runs work that keeps a processor busy where nobody waits for it; nothing comes of work that panics.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    spawn_blocking(work).await.inspect_err(|error| tracing::error!(%error, "a letter could not be read")).ok()
}

#[cfg(test)]
mod tests;
