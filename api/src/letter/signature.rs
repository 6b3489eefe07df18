//! Checking the signatures (DKIM) of a letter. Stricter than mail in transit: what is left here is somebody's evidence.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use actix_web::web::Bytes;
use futures_util::FutureExt as _;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::verify::VerifySignature as _;
use mail_auth::dkim::Signature;
use mail_auth::{
    AuthenticatedMessage, DkimResult, DnsError, Error, MessageAuthenticator, Parameters, ResolverCache, Txt,
};
use mandate_core::letter_signature::{Cover, SignatureCheck, SignatureResult};
use mandate_core::time::Timestamp;

/// Signatures of a letter that are looked at, at most: the first ones.
const SIGNATURES_MAX: usize = 5;
/// Fields that a signature covers, at most.
const COVERED_MAX: usize = 200;

/// The keys that were asked for, by their names in DNS, with what was answered.
pub(super) struct Keys {
    /// What checks with them; it asks for nothing itself.
    pub(super) authenticator: MessageAuthenticator,
    /// The answers.
    pub(super) found: Found,
}

/// Answers by name; for every name, so that nobody is asked.
pub(super) struct Found(pub(super) HashMap<Box<str>, Txt>);

impl ResolverCache<Box<str>, Txt> for Found {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.0.get(name).cloned().unwrap_or_else(|| unknown("nobody was asked")))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

/// The answer of a resolver that does not know now whether there is a key.
pub(super) fn unknown(why: &str) -> Txt {
    Txt::Error(Error::Dns(DnsError::Resolver(why.to_owned())))
}

/// Leaves the first signatures that could count, as they are to be checked.
///
/// What does not count: a signature that covers a part of the body alone (`l=`; the parser has put it among the errors), that does
/// not cover the author, that has expired, or that is made with SHA-1. Nobody is asked for a report address or for the leave of a
/// third party, which mail in transit would do.
fn keep_countable(message: &mut AuthenticatedMessage<'_>, now: Timestamp) {
    message.dkim_headers.truncate(SIGNATURES_MAX);
    message.dkim_headers.retain(|header| is_countable(&header.header, now));
    for header in &mut message.dkim_headers {
        let signature = &mut header.header;
        // The time was looked at here, by the one clock.
        (signature.x, signature.r, signature.atps) = (0, false, None);
    }
}

pub(super) fn is_countable(signature: &Signature, now: Timestamp) -> bool {
    let covers_author = signature.h.iter().any(|name| name.trim().eq_ignore_ascii_case("from"));
    let ends = i64::try_from(signature.x).unwrap_or(i64::MAX);
    let is_in_time = signature.x == 0 || (signature.x > signature.t && ends > now.seconds());
    covers_author && is_in_time && signature.h.len() <= COVERED_MAX && signature.a != Algorithm::RsaSha1
}

/// What a signature says of itself.
fn cover(signature: &Signature) -> Cover {
    let micros = |seconds: u64| i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?.checked_mul(1_000_000);
    let moment = |seconds| micros(seconds).map(Timestamp::from_micros);
    Cover {
        signed_at: moment(signature.t),
        expires_at: moment(signature.x),
        fields: signature.h.iter().take(COVERED_MAX).map(|name| name.trim().to_ascii_lowercase()).collect(),
        body_length: i64::try_from(signature.l).ok().filter(|length| *length > 0),
    }
}

/// The names in DNS of the keys that are needed to check a letter.
pub(super) fn key_names(mut message: AuthenticatedMessage<'_>, now: Timestamp) -> Vec<String> {
    keep_countable(&mut message, now);
    let mut names: Vec<String> = message.dkim_headers.iter().map(|header| header.header.domain_key()).collect();
    names.sort();
    names.dedup();
    names
}

/// Checks the signatures of a letter with the keys that were found.
pub(super) fn verify(letter: &Bytes, author: Option<String>, now: Timestamp, keys: &Keys) -> SignatureCheck {
    let Some(mut message) = AuthenticatedMessage::parse(letter) else {
        return SignatureCheck::new(SignatureResult::Unsigned, None, author, now);
    };
    let signed = |name: &[u8]| name.trim_ascii().eq_ignore_ascii_case(b"dkim-signature");
    let mut signatures = message.headers.iter().filter(|(name, _)| signed(name)).map(|(_, value)| *value).peekable();
    if signatures.peek().is_none() {
        return SignatureCheck::new(SignatureResult::Unsigned, None, author, now);
    }
    let first = signatures.take(SIGNATURES_MAX).find_map(|value| Signature::parse(value).ok());
    keep_countable(&mut message, now);
    let outputs = keys
        .authenticator
        .verify_dkim(Parameters::new(&message).with_txt_cache(&keys.found))
        .now_or_never()
        .expect("every name has an answer, so nothing is waited for");
    let passed = outputs.iter().filter(|output| *output.result() == DkimResult::Pass);
    let passed = passed.filter_map(|output| output.signature()).map(|signature| {
        SignatureCheck::new(SignatureResult::Pass, Some(signature.d.clone()), author.clone(), now)
            .covering(cover(signature))
    });
    // The first that speaks for the author and is of its time, or else that speaks for the author, or else the first.
    if let Some(check) = passed.min_by_key(|check| (!check.aligned, !check.is_timely(None))) {
        return check;
    }
    let is_unknown = outputs.iter().any(|output| matches!(output.result(), DkimResult::TempError(_)));
    let result = if is_unknown { SignatureResult::NotChecked } else { SignatureResult::Fail };
    let says = first.as_ref().map(cover).unwrap_or_default();
    SignatureCheck::new(result, first.map(|signature| signature.d), author, now).covering(says)
}
