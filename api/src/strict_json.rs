//! JSON without ambiguity: what two readers could read differently is refused (X-5).

use std::fmt;

use mandate_core::say;
use mandate_core::text::BYTE_ORDER_MARK;
use mandate_core::wording::Wording;
use serde::de::{Deserialize, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How many arrays and objects may lie within one another.
pub(crate) const DEPTH_MAX: usize = 64;

/// Reads one JSON text, which may begin with a byte order mark (RFC 8259, section 8.1).
///
/// *Errors*: what is wrong, and where: no text at all, bytes that are not UTF-8, anything that RFC
/// 8259 does not allow, a member that occurs twice, U+0000 or half a surrogate pair in a string, more than
/// [`DEPTH_MAX`] levels, text behind the end.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Wording> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| say!("the body is not UTF-8: byte {place} is wrong", place = error.valid_up_to()))?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if text.trim().is_empty() {
        return Err(say!("the body is empty; send a JSON object"));
    }
    parse_text(text).map_err(|reason| say!("the body is not acceptable JSON: {reason}", reason))
}

/// Reads the JSON text of a part of a body.
///
/// *Errors*: as [`parse`], in the words of the reader, which has English alone.
pub(crate) fn parse_text(text: &str) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Level(0).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value)).map_err(|error| plain(&error))
}

/// What serde_json says, but for the half of a surrogate pair that it calls the end of an escape.
fn plain(error: &serde_json::Error) -> String {
    error.to_string().replace("unexpected end of hex escape", "lone leading surrogate in hex escape")
}

/// A value at this depth.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    /// The level of what is inside.
    fn within<E: Error>(self) -> Result<Self, E> {
        if self.0 < DEPTH_MAX { Ok(Self(self.0 + 1)) } else { Err(E::custom(format!("more than {DEPTH_MAX} levels"))) }
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        without_nul(text).map(|text| Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        without_nul(&text)?;
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let level = self.within()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(level)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let level = self.within()?;
        let mut object = Map::new();
        while let Some(Name(name)) = members.next_key()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("the member `{name}` occurs twice")));
            }
            object.insert(name, members.next_value_seed(level)?);
        }
        Ok(Value::Object(object))
    }
}

/// The name of a member.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let name = String::deserialize(reader)?;
        without_nul::<D::Error>(&name)?;
        Ok(Self(name))
    }
}

fn without_nul<E: Error>(text: &str) -> Result<&str, E> {
    if text.contains('\0') { Err(E::custom("a string contains U+0000")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn well_formed_json_is_read_as_it_is() {
        let text = r#" {"a": [1, -2, 2.5, true, null, "é\ud83d\ude00"], "b": {"a": {}}} "#;
        assert_eq!(parse(text.as_bytes()), Ok(json!({"a": [1, -2, 2.5, true, null, "é😀"], "b": {"a": {}}})));
        assert_eq!(
            parse("\u{feff}{\"a\": 1}".as_bytes()),
            Ok(json!({"a": 1})),
            "some programs begin every text with a mark"
        );
        let deepest = "[".repeat(DEPTH_MAX) + &"]".repeat(DEPTH_MAX);
        assert!(parse(deepest.as_bytes()).is_ok());
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused_x_5() {
        let too_deep = "[".repeat(DEPTH_MAX + 1) + &"]".repeat(DEPTH_MAX + 1);
        for (text, part) in [
            (r#"{"a": 1, "a": 2}"#, "`a` occurs twice"),
            (r#"{"b": {"a": 1, "\u0061": 2}}"#, "`a` occurs twice"),
            (r#"{"a": "x\u0000y"}"#, "U+0000"),
            (r#"{"x\u0000y": 1}"#, "U+0000"),
            (r#"{"a": "\ud800"}"#, "surrogate"),
            (r#"{"a": "\udc00"}"#, "surrogate"),
            (too_deep.as_str(), "64 levels"),
            ("{} {}", "trailing"),
            ("{},", "trailing"),
            ("", "empty"),
            (" \n", "empty"),
            ("{'a': 1}", "line 1"),
            (r#"{"a": NaN}"#, "line 1"),
            (r#"{"a": 1e999}"#, "out of range"),
            ("\u{feff}\u{feff}{}", "line 1"),
            ("{\u{feff}}", "line 1"),
            ("\u{feff}", "empty"),
            (r#"{"a": 01}"#, "line 1"),
        ] {
            let message = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(parse(b"{\"a\": \"\xff\"}").unwrap_err().to_string().contains("byte 7"));
        assert!(parse(&"[".repeat(100_000).into_bytes()).is_err());
    }
}
