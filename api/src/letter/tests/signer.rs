//! Signs letters at moments of the tests' own: the signer of the crate knows the clock of the machine alone.

use mail_auth::AuthenticatedMessage;
use mail_auth::crypto::{Sha256, SigningKey};
use mail_auth::dkim::Signature;
use mail_auth::headers::HeaderWriter as _;

use super::NOW;

/// What a signature of a domain says that is made now.
pub(super) fn by(domain: &str, selector: &str) -> Signature {
    Signature {
        d: domain.to_owned(),
        s: selector.to_owned(),
        h: ["From", "To", "Subject", "Date"].map(str::to_owned).to_vec(),
        t: NOW.seconds().try_into().unwrap(),
        ..Signature::default()
    }
}

/// Puts a signature before a letter that ends its last line. It covers as much of the body as it says (`l=`), or all of it.
pub(super) fn sign(key: &impl SigningKey<Hasher = Sha256>, says: &Signature, letter: &str) -> String {
    let (_, body) = letter.split_once("\r\n\r\n").unwrap();
    let length = if says.l == 0 { body.len() } else { usize::try_from(says.l).unwrap() };
    let bh = key.hash(&body.as_bytes()[..length]).as_ref().to_vec();
    let mut signature = Signature { a: key.algorithm(), bh, b: vec![0], ..says.clone() };
    let unsigned = format!("{}{letter}", signature.to_header());
    let message = AuthenticatedMessage::parse_with_opts(unsigned.as_bytes(), None, false).unwrap();
    signature.b = key.sign(message.canonicalized_dkim_headers().unwrap().as_slice()).unwrap();
    format!("{}{letter}", signature.to_header())
}
