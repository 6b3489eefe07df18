//! Lists in pages: how many, from where, and how to go on.

use actix_web::HttpResponse;
use actix_web::http::header::LINK;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use mandate_core::id::PersonId;
use mandate_core::refusal::Code;
use mandate_core::say;
use mandate_core::text::Flaw;
use mandate_core::vocabulary::{Vocabulary, vocabulary};
use mandate_storage::{Page, Position, SortKey};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::input::Errors;

/// Entries of a page when the caller does not say.
pub const LIMIT_DEFAULT: u32 = 50;
/// Entries of a page at most.
pub const LIMIT_MAX: u32 = 100;

/// Bytes of a cursor's seal.
const SEAL_LENGTH: usize = 32;

/// The secret that seals cursors.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl CursorKey {
    /// A key of 256 random bits.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey")
    }
}

/// The list that is asked for: its path and query parameters, without those that choose the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    path: String,
    /// As sent, with `limit`, without `cursor`.
    pairs: Vec<(String, String)>,
}

impl Listing {
    /// The list behind a path and decoded parameters.
    pub fn new(path: &str, pairs: Vec<(String, String)>) -> Self {
        let pairs = pairs.into_iter().filter(|(name, _)| name != "cursor").collect();
        Self { path: path.to_owned(), pairs }
    }

    /// What a cursor is good for: this caller and these filters, in whatever order they were sent. The size of the page
    /// may change.
    fn seal(&self, key: &CursorKey, caller: PersonId, position: &[u8]) -> Hmac<Sha256> {
        let mut filters: Vec<_> = self.pairs.iter().filter(|(name, _)| name != "limit").collect();
        filters.sort();
        let bound_to = json!(["page cursor", caller.to_string(), self.path, filters]).to_string();
        let mut seal = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
        seal.update(&u64::try_from(bound_to.len()).unwrap_or(u64::MAX).to_be_bytes());
        seal.update(bound_to.as_bytes());
        seal.update(position);
        seal
    }

    fn link(&self, cursor: &str) -> String {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let mut query = String::new();
        for (name, value) in &self.pairs {
            query.push_str(&format!("{}={}&", encode(name), encode(value)));
        }
        format!("<{}?{query}cursor={cursor}>; rel=\"next\"", self.path)
    }
}

vocabulary! {
    /// In which direction a list is ordered.
    Order ("order") {
        /// The first one first.
        Asc = "asc",
        /// The last one first.
        Desc = "desc",
    }
}

/// Which page of a list is asked for, and all that is needed to answer it.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// What to ask the store for.
    pub page: Page,
    listing: Listing,
    caller: PersonId,
    key: CursorKey,
}

impl PageRequest {
    /// Reads `limit` and `cursor`; what is wrong with them is in `errors` (`out_of_range`, `invalid_cursor`).
    pub fn read(
        errors: &mut Errors,
        listing: Listing,
        (limit, cursor): (Option<u32>, Option<&str>),
        caller: PersonId,
        key: &CursorKey,
    ) -> Self {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            errors
                .add("limit", Flaw::new("out_of_range", say!("must be from {min} to {max}", min = 1, max = LIMIT_MAX)));
        }
        let page = Page { limit: usize::try_from(limit).unwrap_or(usize::MAX), after: None };
        let mut request = Self { page, listing, caller, key: key.clone() };
        if let Some(cursor) = cursor {
            request.page.after = request.open(cursor);
            if request.page.after.is_none() {
                let message = say!("the cursor does not belong to this list with these filters");
                errors.add("cursor", Flaw::new(Code::InvalidCursor.name(), message));
            }
        }
        request
    }

    /// The cursor that goes on behind this position.
    fn cursor(&self, position: &Position) -> String {
        let key = match &position.key {
            SortKey::Text(text) => json!(text),
            SortKey::Number(number) => json!(number),
        };
        let position = json!([key, position.id]).to_string();
        let seal = self.listing.seal(&self.key, self.caller, position.as_bytes());
        let mut token = seal.finalize().into_bytes().to_vec();
        token.extend(position.into_bytes());
        URL_SAFE_NO_PAD.encode(token)
    }

    fn open(&self, cursor: &str) -> Option<Position> {
        let token = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (seal, position) = token.split_at_checked(SEAL_LENGTH)?;
        self.listing.seal(&self.key, self.caller, position).verify_slice(seal).ok()?;
        let (key, id) = serde_json::from_slice::<(Value, String)>(position).ok()?;
        let key = match key {
            Value::String(text) => SortKey::Text(text),
            number => SortKey::Number(number.as_i64()?),
        };
        Some(Position { key, id })
    }

    /// Answers 200 with the page, and with a `Link` to the next one where there is one.
    pub fn answer<P: PageView>(&self, data: Vec<P::Entry>, next: Option<&Position>) -> HttpResponse {
        let next_cursor = next.map(|position| self.cursor(position));
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            response.insert_header((LINK, self.listing.link(cursor)));
        }
        response.json(P::new(data, next_cursor))
    }
}

/// A page on the wire; made by the macro `page!`.
pub trait PageView: Serialize {
    /// What it lists.
    type Entry;

    /// A page and the cursor of the next one.
    fn new(data: Vec<Self::Entry>, next_cursor: Option<String>) -> Self;
}

/// Declares the page of a view: `page!(ContactPage, ContactView)`.
macro_rules! page {
    ($page:ident, $view:ty) => {
        /// One page of a list.
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub(crate) struct $page {
            /// The entries.
            data: Vec<$view>,
            /// Send it as `cursor` to get the next page; null on the last one.
            #[schema(required = true, example = "AAECAwQF…")]
            next_cursor: Option<String>,
        }

        impl $crate::page::PageView for $page {
            type Entry = $view;

            fn new(data: Vec<$view>, next_cursor: Option<String>) -> Self {
                Self { data, next_cursor }
            }
        }
    };
}

pub(crate) use page;

#[cfg(test)]
mod tests {
    use mandate_core::id::ContactId;

    use super::*;

    fn listing(path: &str, pairs: &[(&str, &str)]) -> Listing {
        Listing::new(path, pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn read(listing: Listing, cursor: Option<&str>, caller: u128, secret: u8) -> Result<PageRequest, &'static str> {
        let mut errors = Errors::of_query();
        let caller = ContactId::from_u128(caller).into();
        let page = PageRequest::read(&mut errors, listing, (None, cursor), caller, &CursorKey::new([secret; 32]));
        errors.finish(|| Some(page)).map_err(|problem| problem.code().name())
    }

    #[test]
    fn a_cursor_goes_on_where_the_page_ended() {
        let filters = [("status", "open"), ("status", "solved"), ("q", "a&b é"), ("limit", "2")];
        let list = listing("/v1/service-requests", &filters);
        for key in [SortKey::Number(-5), SortKey::Text("silva\u{0}ana".to_owned())] {
            let position = Position { key, id: "sr_1".to_owned() };
            let cursor = read(list.clone(), None, 1, 1).unwrap().cursor(&position);
            let page = read(list.clone(), Some(&cursor), 1, 1).unwrap().page;
            assert_eq!((page.after, page.limit), (Some(position), 50));
        }
        assert_eq!(
            list.link("abc"),
            "</v1/service-requests?status=open&status=solved&q=a%26b%20%C3%A9&limit=2&cursor=abc>; rel=\"next\""
        );
    }

    #[test]
    fn a_cursor_is_good_for_its_list_and_caller_alone() {
        let position = Position { key: SortKey::Number(7), id: "sr_1".to_owned() };
        let list = |pairs: &[(&str, &str)]| listing("/v1/service-requests", pairs);
        let cursor = read(list(&[("status", "open"), ("q", "x")]), None, 1, 1).unwrap().cursor(&position);
        let is_good = |list, caller, secret| read(list, Some(&cursor), caller, secret).map(|_| ());
        assert_eq!(is_good(list(&[("q", "x"), ("status", "open"), ("limit", "9")]), 1, 1), Ok(()));
        for (list, caller, secret) in [
            (list(&[("status", "solved"), ("q", "x")]), 1, 1),
            (list(&[("status", "open")]), 1, 1),
            (list(&[("status", "open"), ("q", "x"), ("q", "x")]), 1, 1),
            (listing("/v1/other", &[("status", "open"), ("q", "x")]), 1, 1),
            (list(&[("status", "open"), ("q", "x")]), 2, 1),
            (list(&[("status", "open"), ("q", "x")]), 1, 2),
        ] {
            assert_eq!(is_good(list, caller, secret), Err("invalid_cursor"));
        }
        for index in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).unwrap();
            let list = list(&[("status", "open"), ("q", "x")]);
            assert_eq!(read(list, Some(&tampered), 1, 1).map(|_| ()), Err("invalid_cursor"), "byte {index}");
        }
        for cursor in ["", "é", "AAAA", "====", "null"] {
            assert_eq!(read(list(&[]), Some(cursor), 1, 1).map(|_| ()), Err("invalid_cursor"), "{cursor}");
        }
    }

    #[test]
    fn limits_lie_between_1_and_100() {
        for (limit, expected) in
            [(None, true), (Some(1), true), (Some(100), true), (Some(0), false), (Some(101), false)]
        {
            let mut errors = Errors::of_query();
            let key = CursorKey::new([0; 32]);
            PageRequest::read(&mut errors, listing("/", &[]), (limit, None), ContactId::from_u128(1).into(), &key);
            assert_eq!(errors.is_empty(), expected, "{limit:?}");
        }
    }

    #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
    pub(crate) struct SampleView {
        id: i64,
    }

    page!(SamplePage, SampleView);

    #[actix_web::test]
    async fn the_last_page_says_so() {
        let page = read(listing("/v1/samples", &[]), None, 1, 1).unwrap();
        let response = page.answer::<SamplePage>(vec![SampleView { id: 1 }], None);
        assert!(!response.headers().contains_key(LINK));
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
        assert_eq!(body, r#"{"data":[{"id":1}],"next_cursor":null}"#);
        let position = Position { key: SortKey::Number(1), id: "1".to_owned() };
        let response = page.answer::<SamplePage>(vec![SampleView { id: 1 }], Some(&position));
        assert!(response.headers().contains_key(LINK));
    }
}
