//! Checking the signatures (DKIM) of a letter. Stricter than mail in transit: what is left here is somebody's evidence.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use actix_web::web::Bytes;
use futures_util::FutureExt as _;
use mail_auth::crypto::Algorithm;
use mail_auth::dkim::{DkimError, Signature, VerifySignature as _};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DnsCache, DnsError, Error, MessageAuthenticator, NoCache, Parameters,
    ResolverCache, TxtRecord,
};
use mandate_core::letter_signature::{Cover, SignatureCheck, SignatureResult};
use mandate_core::time::Timestamp;

use crate::letter::email::{fields, shown};

/// Signatures of a letter that are looked at, at most: the first ones.
const SIGNATURES_MAX: usize = 5;
/// Fields that a signature covers, at most.
const COVERED_MAX: usize = 200;
/// Characters of the name of a field, at most.
const NAME_MAX: usize = 76;
/// Bytes of a signature by RSA, at least: as many as its key has, which has 1024 bits or more (RFC 8301, section 3.2).
const RSA_BYTES_MIN: usize = 1024 / 8;
/// The last second that has a year of four digits.
const LAST_SECOND: u64 = 253_402_300_799;

/// The keys that were asked for, by their names in DNS, with what was answered.
pub(super) struct Keys {
    /// What checks with them; it asks for nothing itself.
    pub(super) authenticator: MessageAuthenticator,
    /// The answers.
    pub(super) found: Found,
}

/// Answers by name; for every name, so that nobody is asked.
pub(super) struct Found(pub(super) HashMap<Box<str>, TxtRecord>);

impl ResolverCache<Box<str>, TxtRecord> for Found {
    fn get<Q>(&self, name: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(self.0.get(name).cloned().unwrap_or_else(|| unknown("nobody was asked")))
    }

    fn remove<Q>(&self, _: &Q) -> Option<TxtRecord>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: TxtRecord, _: Instant) {}
}

impl DnsCache for Found {
    type Txt = Self;
    type Mx = NoCache;
    type Ipv4 = NoCache;
    type Ipv6 = NoCache;
    type Ptr = NoCache;

    fn txt(&self) -> Option<&Self> {
        Some(self)
    }

    fn mx(&self) -> Option<&NoCache> {
        None
    }

    fn ipv4(&self) -> Option<&NoCache> {
        None
    }

    fn ipv6(&self) -> Option<&NoCache> {
        None
    }

    fn ptr(&self) -> Option<&NoCache> {
        None
    }
}

/// The answer of a resolver that does not know now whether there is a key.
pub(super) fn unknown(why: &str) -> TxtRecord {
    TxtRecord::Error(Error::Dns(DnsError::Resolver(why.to_owned())))
}

/// Leaves those of the first signatures that could count.
///
/// What does not count: a signature that covers a part of the body alone (`l=`; the parser has put it among the errors), that does
/// not cover the author, that has expired, or that is made with SHA-1 or by a key that is too short.
fn keep_countable(message: &mut AuthenticatedMessage<'_>, now: Timestamp) {
    let mut seen = 0;
    message.retain_dkim_signatures(|signature| {
        seen += 1;
        // Nobody reads why.
        if seen <= SIGNATURES_MAX && is_countable(signature, now) {
            Ok(())
        } else {
            Err(DkimError::UnsupportedAlgorithm)
        }
    });
}

/// Whether a signature could count. The parser looks at the time once more, by the clock of the machine.
pub(super) fn is_countable(signature: &Signature, now: Timestamp) -> bool {
    let covers_author = signature.h.iter().any(|name| name.trim().eq_ignore_ascii_case("from"));
    let ends = i64::try_from(signature.x).unwrap_or(i64::MAX);
    let is_in_time = signature.x == 0 || (signature.x > signature.t && ends > now.seconds());
    let is_strong = match signature.a {
        Algorithm::RsaSha256 => signature.b.len() >= RSA_BYTES_MIN,
        Algorithm::Ed25519Sha256 => true,
        Algorithm::RsaSha1 | Algorithm::MlDsa44 => false,
    };
    covers_author && is_in_time && is_strong && signature.h.len() <= COVERED_MAX
}

/// Whether a signature is good. What its domain lets third parties do (`atps=`) is looked at when it was found good, and is nothing
/// that the author's own domain says.
fn is_good(output: &DkimOutput<'_>) -> bool {
    *output.result() == DkimResult::Pass || output.is_atps()
}

/// What a signature says of itself.
fn cover(message: &AuthenticatedMessage<'_>, signature: &Signature) -> Cover {
    let moment = |seconds: u64| {
        let seconds = i64::try_from(seconds).ok().filter(|_| (1..=LAST_SECOND).contains(&seconds))?;
        Some(Timestamp::from_micros(seconds.checked_mul(1_000_000)?))
    };
    Cover {
        signed_at: moment(signature.t),
        expires_at: moment(signature.x),
        fields: covered(message, signature),
        body_length: i64::try_from(signature.l).ok().filter(|length| *length > 0),
    }
}

/// The fields that a signature covers, in lower case, each once.
///
/// A name covers the lowest field of that name which no other name covers yet (RFC 6376, section 5.4.2). So a field that stands in the
/// letter more often than in the signature is not covered: mail programs show the highest, which anybody may have put there. Nor is one
/// with a blank before its colon, which mail programs read as the field and a signature does not.
fn covered(message: &AuthenticatedMessage<'_>, signature: &Signature) -> Vec<String> {
    let names = || signature.h.iter().take(COVERED_MAX).map(|name| name.trim());
    let mut covered: Vec<String> = Vec::new();
    for name in names().filter(|name| name.len() <= NAME_MAX && name.bytes().all(|byte| byte.is_ascii_graphic())) {
        let signed = names().filter(|other| other.eq_ignore_ascii_case(name)).count();
        let exact = message.headers().iter().filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes())).count();
        let name = name.to_ascii_lowercase();
        if fields(message, &name).count() == exact && exact <= signed && !covered.contains(&name) {
            covered.push(name);
        }
    }
    covered
}

/// The names in DNS of the keys that are needed to check a letter.
pub(super) fn key_names(mut message: AuthenticatedMessage<'_>, now: Timestamp) -> Vec<String> {
    keep_countable(&mut message, now);
    let mut names: Vec<String> = message.dkim_signatures().iter().map(|header| header.header.domain_key()).collect();
    names.sort();
    names.dedup();
    names
}

/// Checks the signatures of a letter with the keys that were found.
pub(super) fn verify(letter: &Bytes, author: Option<String>, now: Timestamp, keys: &Keys) -> SignatureCheck {
    let Some(mut message) = AuthenticatedMessage::parse(letter) else {
        return SignatureCheck::new(SignatureResult::Unsigned, None, author, now);
    };
    let mut signatures = fields(&message, "dkim-signature").peekable();
    if signatures.peek().is_none() {
        return SignatureCheck::new(SignatureResult::Unsigned, None, author, now);
    }
    let first = signatures.take(SIGNATURES_MAX).find_map(|value| Signature::parse(value).ok());
    keep_countable(&mut message, now);
    let outputs = keys
        .authenticator
        .verify_dkim(Parameters::new(&message).with_cache(&keys.found))
        .now_or_never()
        .expect("every name has an answer, so nothing is waited for");
    let says = |result, signature: &Signature| {
        let cover = cover(&message, signature);
        // Who is named by a field that anybody may have put there wrote nothing.
        let author = author
            .clone()
            .filter(|_| result != SignatureResult::Pass || cover.fields.iter().any(|name| name == "from"));
        SignatureCheck::new(result, shown(&signature.d), author, now).covering(cover)
    };
    let passed = outputs.iter().filter(|output| is_good(output)).filter_map(|output| output.signature());
    let passed = passed.map(|signature| says(SignatureResult::Pass, signature));
    // The first that speaks for the author and is of its time, or else that speaks for the author, or else the first.
    if let Some(check) = passed.min_by_key(|check| (!check.aligned, !check.is_timely(None))) {
        return check;
    }
    let is_unknown = outputs.iter().any(|output| matches!(output.result(), DkimResult::TempError(_)));
    let result = if is_unknown { SignatureResult::NotChecked } else { SignatureResult::Fail };
    match first {
        Some(signature) => says(result, &signature),
        None => SignatureCheck::new(result, None, author, now),
    }
}
