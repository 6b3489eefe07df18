//! Everything that is wrong with a request's values, collected so that one answer names it all.

use std::borrow::Cow;

use mandate_core::refusal::{Code, Refusal};
use mandate_core::say;
use mandate_core::text::{Flaw, Locale};
use mandate_core::vocabulary::Vocabulary;
use mandate_core::wording::Wording;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::decode::Step;
use crate::problem::Problem;
use crate::translation::translate;

/// One value that is not allowed: the member of the body that `pointer` names, or the query parameter `parameter`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FieldProblem)]
pub struct FieldError {
    /// The member of the body, as a JSON Pointer in fragment form (RFC 6901, section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "#/email")]
    pub pointer: Option<String>,
    /// The query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "status")]
    pub parameter: Option<String>,
    /// The cell of a table, as spreadsheets call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "F7")]
    pub cell: Option<String>,
    /// A stable code; more may be added.
    #[schema(value_type = String, example = "required")]
    pub code: Cow<'static, str>,
    /// What is wrong and what would be right, for people.
    #[schema(example = "must be given")]
    pub message: String,
}

/// A [`FieldError`] that has not been said in a language yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldFlaw {
    /// The member of the body.
    pub(crate) pointer: Option<String>,
    /// The query parameter.
    pub(crate) parameter: Option<String>,
    /// The cell of a table, as spreadsheets call it.
    pub(crate) cell: Option<String>,
    /// A stable code.
    pub(crate) code: Cow<'static, str>,
    /// What is wrong and what would be right.
    pub(crate) message: Wording,
}

impl FieldFlaw {
    /// A flaw at a place such as `/email` (or ``, the whole body) of the body.
    pub(crate) fn in_body(at: &str, flaw: Flaw) -> Self {
        let pointer = if at.starts_with('#') { at.to_owned() } else { format!("#{at}") };
        Self { pointer: Some(pointer), parameter: None, cell: None, code: flaw.code.into(), message: flaw.message }
    }

    /// The same in this language.
    pub(crate) fn said_in(&self, locale: &Locale) -> FieldError {
        let Self { pointer, parameter, cell, code, message } = self.clone();
        FieldError { pointer, parameter, cell, code, message: translate(&message, locale) }
    }

    /// Where it is: the pointer or the parameter.
    pub(crate) fn place(&self) -> &str {
        self.pointer.as_deref().or(self.parameter.as_deref()).unwrap_or("#")
    }
}

/// At most so many errors are told of one request.
const ERRORS_MAX: usize = 100;
/// At most so many elements of one list are read.
const ELEMENTS_MAX: usize = 1_000;

/// The errors of one request, in the order in which they were found; the first at each place counts.
///
/// Places in a body are JSON Pointers such as `/letter/author_name`, places in a query string names such as `status`.
#[derive(Debug)]
pub struct Errors {
    is_query: bool,
    list: Vec<FieldFlaw>,
    /// Where array elements are missing that could not be read, so that later indexes can be put right.
    removed: Vec<Vec<Step>>,
}

impl Errors {
    /// No errors of a body yet.
    pub fn of_body() -> Self {
        Self { is_query: false, list: Vec::new(), removed: Vec::new() }
    }

    /// No errors of a query string yet.
    pub fn of_query() -> Self {
        Self { is_query: true, ..Self::of_body() }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds an error, unless the place has one already.
    pub fn add(&mut self, at: &str, flaw: Flaw) {
        let steps = at.split('/').filter(|name| !name.is_empty());
        let steps: Vec<Step> =
            steps.map(|name| name.parse().map_or_else(|_| Step::Member(unescape(name)), Step::Index)).collect();
        self.note(&steps, Cow::Borrowed(flaw.code), flaw.message);
    }

    /// Adds an error at what a spreadsheet calls this cell.
    pub(crate) fn add_in_cell(&mut self, at: &str, cell: String, flaw: Flaw) {
        let known = self.list.len();
        self.add(at, flaw);
        self.list.iter_mut().skip(known).for_each(|error| error.cell = Some(cell.clone()));
    }

    /// Reads a text that must be there.
    pub fn required<T>(
        &mut self,
        at: &str,
        text: &Option<impl AsRef<str>>,
        parse: impl FnOnce(&str) -> Result<T, Flaw>,
    ) -> Option<T> {
        match text {
            Some(text) => self.keep(at, parse(text.as_ref())),
            None => self.given(at, None),
        }
    }

    /// Reads a text that may be absent or null.
    pub fn optional<T>(
        &mut self,
        at: &str,
        text: &Option<impl AsRef<str>>,
        parse: impl FnOnce(&str) -> Result<T, Flaw>,
    ) -> Option<T> {
        text.as_ref().and_then(|text| self.keep(at, parse(text.as_ref())))
    }

    /// Takes a value that must be there and needs no further reading.
    pub fn given<T>(&mut self, at: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.add(at, Flaw::new("required", say!("must be given")));
        }
        value
    }

    /// Reads a member of a merge patch that may be cleared: absent is `None`, null is `Some(None)`.
    pub fn patch<T>(
        &mut self,
        at: &str,
        text: &Option<Option<impl AsRef<str>>>,
        parse: impl FnOnce(&str) -> Result<T, Flaw>,
    ) -> Option<Option<T>> {
        match text.as_ref()? {
            Some(text) => self.keep(at, parse(text.as_ref())).map(Some),
            None => Some(None),
        }
    }

    /// Takes a member of a merge patch that cannot be cleared: absent is `None`, null an error.
    pub fn not_null<T>(&mut self, at: &str, value: Option<Option<T>>) -> Option<T> {
        let value = value?;
        if value.is_none() {
            self.add(at, Flaw::new("required", say!("cannot be cleared: leave it out or give a value")));
        }
        value
    }

    /// Reads every text of a list.
    pub fn each<T>(&mut self, at: &str, texts: &[impl AsRef<str>], parse: impl Fn(&str) -> Result<T, Flaw>) -> Vec<T> {
        let numbered = texts.iter().take(ELEMENTS_MAX).enumerate();
        numbered.filter_map(|(index, text)| self.keep(&format!("{at}/{index}"), parse(text.as_ref()))).collect()
    }

    /// Notes the flaw of a value that could not be read.
    pub fn keep<T>(&mut self, at: &str, read: Result<T, Flaw>) -> Option<T> {
        read.map_err(|flaw| self.add(at, flaw)).ok()
    }

    /// Takes over the errors of another part of the request.
    pub fn merge(&mut self, other: Self) {
        other.list.into_iter().for_each(|error| self.push(error));
    }

    /// Takes over what is wrong with a part of the body that was read by itself and lies below this place.
    pub(crate) fn merge_below(&mut self, place: &str, problem: Problem) {
        problem.below(place).into_errors().into_iter().for_each(|error| self.push(error));
    }

    /// Builds what the request asks for, if nothing is wrong.
    ///
    /// `build` answers nothing only where something was missing that has been noted before.
    ///
    /// *Errors*: `validation_failed` with every error, or `invalid_cursor` when that alone is wrong.
    pub fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        if self.list.is_empty()
            && let Some(value) = build()
        {
            return Ok(value);
        }
        Err(self.into_problem())
    }

    /// The answer that names every error.
    pub fn into_problem(self) -> Problem {
        let (code, detail) = match self.list.as_slice() {
            [error] if error.code == Code::InvalidCursor.name() => (Code::InvalidCursor, error.message.clone()),
            [error] => {
                (Code::ValidationFailed, say!("`{place}` {message}", place = error.place(), message = error.message))
            }
            errors => {
                (Code::ValidationFailed, say!("{count} values are not allowed, see `errors`", count = errors.len()))
            }
        };
        Problem::from(Refusal::new(code, detail)).with_errors(self.list)
    }

    /// Notes an error at the end of a path.
    pub(crate) fn note(&mut self, path: &[Step], code: Cow<'static, str>, message: Wording) {
        let path = self.as_sent(path);
        let (pointer, parameter) = if self.is_query {
            (None, Some(path.into_iter().next().map_or_else(String::new, Step::into_name)))
        } else {
            (Some(pointer(&path)), None)
        };
        self.push(FieldFlaw { pointer, parameter, cell: None, code, message });
    }

    /// Notes that the value at this path was taken out before reading on.
    pub(crate) fn took_out(&mut self, path: Vec<Step>) {
        if matches!(path.last(), Some(Step::Index(_))) {
            self.removed.push(self.as_sent(&path));
            self.removed.sort_by_key(|path| match path.last() {
                Some(Step::Index(index)) => *index,
                _ => 0,
            });
        }
    }

    /// Notes what the declared bounds of a body refuse.
    pub(crate) fn add_validation(&mut self, found: &ValidationErrors) {
        let mut list = Vec::new();
        collect(found, &mut Vec::new(), &mut list);
        // The order of a hash map differs from run to run.
        list.sort_by_cached_key(|(path, _)| pointer(path));
        for (path, flaw) in list {
            self.note(&path, Cow::Borrowed(flaw.code), flaw.message);
        }
    }

    fn push(&mut self, error: FieldFlaw) {
        // More errors than anybody reads are not worth the time that it takes to compare them.
        if self.list.len() < ERRORS_MAX && !self.list.iter().any(|other| other.place() == error.place()) {
            self.list.push(error);
        }
    }

    /// The path as the client counts: with the array elements that were taken out.
    fn as_sent(&self, path: &[Step]) -> Vec<Step> {
        let mut sent: Vec<Step> = Vec::with_capacity(path.len());
        for step in path {
            let mut step = step.clone();
            if let Step::Index(index) = &mut step {
                for removed in &self.removed {
                    if let Some((Step::Index(gone), array)) = removed.split_last()
                        && array == sent
                        && *gone <= *index
                    {
                        *index += 1;
                    }
                }
            }
            sent.push(step);
        }
        sent
    }
}

impl Step {
    fn into_name(self) -> String {
        match self {
            Self::Member(name) => name,
            Self::Index(index) => index.to_string(),
        }
    }
}

/// Reads a member of a merge patch, so that null differs from absent: `Option<Option<T>>` with
/// `#[serde(default, deserialize_with = "present")]`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(reader).map(Some)
}

/// A path as a JSON Pointer in fragment form (RFC 6901, section 6).
fn pointer(path: &[Step]) -> String {
    let mut pointer = "#".to_owned();
    for step in path {
        pointer.push('/');
        let name = step.clone().into_name().replace('~', "~0").replace('/', "~1");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@?".contains(&byte) {
                pointer.push(char::from(byte));
            } else {
                pointer.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    pointer
}

fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

fn collect(found: &ValidationErrors, path: &mut Vec<Step>, list: &mut Vec<(Vec<Step>, Flaw)>) {
    for (name, kind) in found.errors() {
        path.push(Step::Member(name.to_string()));
        match kind {
            ValidationErrorsKind::Field(errors) => {
                list.extend(errors.iter().map(|error| (path.clone(), flaw(error))));
            }
            ValidationErrorsKind::Struct(inner) => collect(inner, path, list),
            ValidationErrorsKind::List(elements) => {
                for (index, inner) in elements {
                    path.push(Step::Index(*index));
                    collect(inner, path, list);
                    path.pop();
                }
            }
        }
        path.pop();
    }
}

/// Code and message of a bound that does not hold. The only place where they are worded.
fn flaw(error: &ValidationError) -> Flaw {
    let number = |name: &str| error.params.get(name).and_then(Value::as_f64);
    let is_list = error.params.get("value").is_some_and(Value::is_array);
    match (error.code.as_ref(), number("min"), number("max")) {
        ("required", ..) => Flaw::new("required", say!("must be given")),
        ("length", Some(min), _) if length(error).is_some_and(|length| length < min) => {
            let message = if is_list {
                say!("must have at least {min} elements", min)
            } else {
                say!("must have at least {min} characters", min)
            };
            Flaw::new("too_short", message)
        }
        ("length", _, Some(max)) => {
            let message = if is_list {
                say!("must have at most {max} elements", max)
            } else {
                say!("must have at most {max} characters", max)
            };
            Flaw::new("too_long", message)
        }
        ("range", Some(min), Some(max)) => Flaw::new("out_of_range", say!("must be from {min} to {max}", min, max)),
        ("range", Some(min), None) => Flaw::new("out_of_range", say!("must be at least {min}", min)),
        ("range", None, Some(max)) => Flaw::new("out_of_range", say!("must be at most {max}", max)),
        ("email", ..) => Flaw::new("email_invalid", say!("is not an email address of the form `name@example.com`")),
        ("url", ..) => Flaw::new("url_invalid", say!("is not a URL")),
        ("must_match", ..) => Flaw::new("must_match", say!("is not allowed")),
        _ => Flaw::new("invalid_value", say!("is not allowed")),
    }
}

fn length(error: &ValidationError) -> Option<f64> {
    let length = match error.params.get("value")? {
        Value::String(text) => text.chars().count(),
        Value::Array(elements) => elements.len(),
        _ => return None,
    };
    u32::try_from(length).ok().map(f64::from)
}

#[cfg(test)]
mod tests {
    use mandate_core::text::{Note, Phone};

    use super::*;

    #[test]
    fn absent_null_and_a_value_are_three_things_in_a_patch() {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct Patch {
            #[serde(deserialize_with = "present")]
            phone: Option<Option<String>>,
        }
        for (json, expected) in
            [("{}", None), (r#"{"phone": null}"#, Some(None)), (r#"{"phone": "112"}"#, Some(Some("112".to_owned())))]
        {
            let patch: Patch = serde_json::from_str(json).unwrap();
            let mut errors = Errors::of_body();
            let phone = errors.patch("/phone", &patch.phone, Phone::parse);
            assert_eq!(phone.map(|phone| phone.map(|phone| phone.to_string())), expected);
            assert!(errors.is_empty());
            errors.not_null("/phone", patch.phone);
            assert_eq!(errors.is_empty(), expected != Some(None));
        }
    }

    #[test]
    fn the_first_error_at_a_place_counts() {
        let mut errors = Errors::of_body();
        assert_eq!(errors.required("/note", &Some(" "), Note::parse), None);
        errors.add("/note", Flaw::new("other", say!("is something else")));
        assert_eq!(errors.optional("/reason", &None::<&str>, Note::parse), None);
        assert_eq!(errors.given("/level", Some(1)), Some(1));
        let mut more = Errors::of_query();
        more.add("limit", Flaw::new("out_of_range", say!("is out of range")));
        errors.merge(more);
        let codes: Vec<_> = errors.list.iter().map(|error| (error.place(), error.code.as_ref())).collect();
        assert_eq!(codes, [("#/note", "blank"), ("limit", "out_of_range")]);
        assert!(errors.finish(|| Some(())).is_err());
        assert!(Errors::of_body().finish(|| Some(())).is_ok());
    }
}
