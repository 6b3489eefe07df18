//! From JSON values and query strings to Rust types, collecting everything that is wrong on the way.
//!
//! Serde stops at the first error. Here the member that is to blame is noted, taken out, and reading starts again
//! without it; so one answer names every wrong member. For that, every member of a body is optional to serde
//! (`Option<…>` or `#[serde(default)]`): what is missing is found later, by [`Errors`].
//!
//! Unlike serde's own reader of JSON values, this one refuses an array where an object belongs, speaks of JSON instead
//! of Rust types in its messages, and refuses members that the type does not have.

use std::borrow::Cow;
use std::fmt::{self, Display};

use mandate_core::say;
use mandate_core::text::Flaw;
use mandate_core::wording::{self, Wording};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value, json};

use crate::input::Errors;

#[cfg(test)]
mod tests;

/// How many errors are collected before reading stops.
const ERRORS_MAX: usize = 100;

/// The code of a member that the type does not have. Types that say so themselves do not know of query strings.
const UNKNOWN_MEMBER: &str = "unknown_member";

/// Begins an error of [`flawed`].
const MARK: char = '\u{1f}';

/// Where the value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A JSON body: values have types.
    Json,
    /// A query string: every value is a text, and a list is a repeated name.
    Query,
}

/// One step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into the member of an object.
    Member(String),
    /// To an element of an array.
    Index(usize),
}

/// A flaw on its way through a deserializer: its code, its message's template, and the values with their names.
type Carried = (Cow<'static, str>, Cow<'static, str>, Vec<(Cow<'static, str>, String)>);

/// Makes an error of whatever deserializer that carries a flaw. Nothing but text comes through there, so it is JSON meanwhile.
pub(crate) fn flawed<E: Error>(flaw: Flaw) -> E {
    let (template, values) = flaw.message.into_parts();
    let values = values.into_iter().map(|(name, value)| (name, value.to_string())).collect();
    let carried: Carried = (flaw.code.into(), template, values);
    E::custom(format_args!("{MARK}{}", json!(carried)))
}

/// Reads as much of a value as is right, and notes the rest in `errors`.
///
/// *Errors*: nothing when not even a value without the wrong members can be read; then `errors` says why.
pub(crate) fn decode<T: DeserializeOwned>(mut value: Value, source: Source, errors: &mut Errors) -> Option<T> {
    for _ in 0..ERRORS_MAX {
        match T::deserialize(Decoder { value: &value, source }) {
            Ok(read) => return Some(read),
            Err(mut error) => {
                error.path.reverse();
                if source == Source::Query && error.code == UNKNOWN_MEMBER {
                    error = DecodeError { path: error.path, ..DecodeError::unknown_parameter() };
                }
                errors.note(&error.path, error.code, error.message);
                errors.took_out(take_out(&mut value, error.path)?);
            }
        }
    }
    None
}

/// Removes the value at the path, or the innermost one around it that can be removed; answers which one it was.
fn take_out(value: &mut Value, mut path: Vec<Step>) -> Option<Vec<Step>> {
    while let Some((last, way)) = path.split_last() {
        let parent = way.iter().try_fold(&mut *value, |at, step| match step {
            Step::Member(name) => at.get_mut(name),
            Step::Index(index) => at.get_mut(*index),
        });
        let is_removed = match (parent, last) {
            (Some(Value::Object(object)), Step::Member(name)) => object.remove(name).is_some(),
            (Some(Value::Array(array)), Step::Index(index)) if *index < array.len() => {
                array.remove(*index);
                true
            }
            _ => false,
        };
        if is_removed {
            return Some(path);
        }
        path.pop();
    }
    None
}

/// What is wrong with a value.
#[derive(Debug)]
struct DecodeError {
    /// From the value outwards.
    path: Vec<Step>,
    code: Cow<'static, str>,
    message: Wording,
}

impl DecodeError {
    fn new(code: &'static str, message: Wording) -> Self {
        Self { path: Vec::new(), code: Cow::Borrowed(code), message }
    }

    fn unknown_member() -> Self {
        Self::new(UNKNOWN_MEMBER, say!("is not a member that this operation knows"))
    }

    fn unknown_parameter() -> Self {
        Self::new("unknown_parameter", say!("is not a parameter that this operation knows"))
    }

    fn at(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }
}

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl std::error::Error for DecodeError {}

impl Error for DecodeError {
    fn custom<M: Display>(message: M) -> Self {
        let message = message.to_string();
        let carried = message.strip_prefix(MARK).and_then(|text| serde_json::from_str::<Carried>(text).ok());
        match carried {
            Some((code, template, values)) => {
                let values = values.into_iter().map(|(name, value)| (name, wording::Value::Text(value))).collect();
                Self { path: Vec::new(), code, message: Wording::new(template, values) }
            }
            None => Self::new("invalid_value", say!("cannot be read: {reason}", reason = message)),
        }
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("invalid_type", say!("must be {expected}", expected))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match unexpected {
            Unexpected::Signed(_) | Unexpected::Unsigned(_) => Self::new("out_of_range", say!("is out of range")),
            _ => Self::new("invalid_value", say!("must be {expected}", expected)),
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(
            "invalid_value",
            say!("`{text}` is not one of `{names}`", text = variant, names = expected.join("`, `")),
        )
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::unknown_member().at(Step::Member(field.to_owned()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("required", say!("must be given")).at(Step::Member(field.to_owned()))
    }
}

/// A value that is being read.
#[derive(Clone, Copy)]
struct Decoder<'de> {
    value: &'de Value,
    source: Source,
}

impl<'de> Decoder<'de> {
    fn of(self, value: &'de Value) -> Self {
        Self { value, ..self }
    }

    fn mismatch(self, expected: Wording) -> DecodeError {
        let found = match self.value {
            Value::Null => say!("null"),
            Value::Bool(_) => say!("a boolean"),
            Value::Number(_) => say!("a number"),
            Value::String(_) if self.source == Source::Query => {
                return DecodeError::new("invalid_type", say!("must be {expected}", expected));
            }
            Value::Array(_) if self.source == Source::Query => {
                return DecodeError::new("repeated", say!("must be given once only"));
            }
            Value::String(_) => say!("a string"),
            Value::Array(_) => say!("an array"),
            Value::Object(_) => say!("an object"),
        };
        DecodeError::new("invalid_type", say!("must be {expected}, not {found}", expected, found))
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let number = match (self.value, self.source) {
            (Value::Number(number), _) => whole(number),
            (Value::String(text), Source::Query) => text.parse::<Number>().ok().as_ref().and_then(whole),
            _ => return Err(self.mismatch(say!("a whole number"))),
        };
        let number = number.ok_or_else(|| DecodeError::new("invalid_type", say!("must be a whole number")))?;
        match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => visitor.visit_u64(number),
            (None, Some(number)) => visitor.visit_i64(number),
            (None, None) => Err(DecodeError::new("out_of_range", say!("is out of range"))),
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(self.mismatch(say!("a string"))),
        }
    }

    fn array<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let elements = match (self.value, self.source) {
            (Value::Array(array), _) => array.as_slice(),
            (single, Source::Query) => std::slice::from_ref(single),
            (_, Source::Json) => return Err(self.mismatch(say!("an array"))),
        };
        visitor.visit_seq(Elements { elements: elements.iter().enumerate(), decoder: self })
    }

    fn object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let Value::Object(object) = self.value else {
            return Err(self.mismatch(say!("an object")));
        };
        visitor.visit_map(Members { members: object.iter(), current: None, decoder: self })
    }
}

/// `1.0` and `1e3` are whole numbers too (JSON Schema 2020-12, section 4.2.3). One that is too large for an integer
/// stays as it is.
fn whole(number: &Number) -> Option<Number> {
    match number.as_f64().filter(|_| number.is_f64()) {
        None => Some(number.clone()),
        Some(float) if float.fract() != 0.0 => None,
        Some(float) => Some(format!("{float:.0}").parse::<i64>().map_or_else(|_| number.clone(), Number::from)),
    }
}

macro_rules! integers {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.integer(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for Decoder<'de> {
    type Error = DecodeError;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(_) => self.text(visitor),
            Value::Array(_) => self.array(visitor),
            Value::Object(_) => self.object(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match (self.value, self.source) {
            (Value::Bool(value), _) => visitor.visit_bool(*value),
            (Value::String(text), Source::Query) if text == "true" => visitor.visit_bool(true),
            (Value::String(text), Source::Query) if text == "false" => visitor.visit_bool(false),
            _ => Err(self.mismatch(say!("`true` or `false`"))),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Number(number) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            _ => Err(self.mismatch(say!("a number"))),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.array(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.object(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.object(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.value {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(self.mismatch(say!("a string"))),
        }
    }

    /// Serde asks for this when the type has no such member.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, DecodeError> {
        Err(match self.source {
            Source::Json => DecodeError::unknown_member(),
            Source::Query => DecodeError::unknown_parameter(),
        })
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

struct Elements<'de> {
    elements: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    decoder: Decoder<'de>,
}

impl<'de> serde::de::SeqAccess<'de> for Elements<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        let Some((index, element)) = self.elements.next() else {
            return Ok(None);
        };
        // A lone value of a query string is not in an array: it has no index.
        let is_inside = matches!(self.decoder.value, Value::Array(_));
        seed.deserialize(self.decoder.of(element))
            .map(Some)
            .map_err(|error| if is_inside { error.at(Step::Index(index)) } else { error })
    }
}

struct Members<'de> {
    members: serde_json::map::Iter<'de>,
    current: Option<(&'de String, &'de Value)>,
    decoder: Decoder<'de>,
}

impl<'de> serde::de::MapAccess<'de> for Members<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        self.current = self.members.next();
        self.current.map(|(name, _)| seed.deserialize(name.as_str().into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let (name, value) = self.current.take().expect("serde asks for a value after its key");
        seed.deserialize(self.decoder.of(value)).map_err(|error| error.at(Step::Member(name.clone())))
    }
}
