use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Sample {
    small: Option<u8>,
    large: Option<i64>,
    anything: Option<Value>,
    inner: Option<Box<Sample>>,
}

fn wrong(json: Value, source: Source) -> Option<String> {
    let mut errors = Errors::of_body();
    decode::<Sample>(json, source, &mut errors).unwrap();
    errors.finish(|| Some(())).err().map(|problem| problem.to_string())
}

#[test]
fn whole_numbers_are_whole_however_they_are_written() {
    for value in [json!(2), json!(2.0), json!(2e0), json!(null)] {
        assert_eq!(wrong(json!({"small": value}), Source::Json), None, "{value}");
    }
    for (value, part) in [
        (json!(2.5), "must be a whole number"),
        (json!("2"), "must be a whole number, not a string"),
        (json!(256), "is out of range"),
        (json!(-1), "is out of range"),
        (json!(1e300), "is out of range"),
        (json!(u64::MAX), "is out of range"),
        (json!([2]), "must be a whole number, not an array"),
    ] {
        let message = wrong(json!({"small": value}), Source::Json).unwrap();
        assert!(message.contains(part), "{value}: {message}");
    }
    assert_eq!(wrong(json!({"large": i64::MIN}), Source::Json), None);
    for (text, part) in [("2", None), ("x", Some("whole")), ("2.5", Some("whole")), ("1e300", Some("range"))] {
        let message = wrong(json!({"small": text}), Source::Query);
        assert_eq!(message.is_some(), part.is_some(), "{text}");
        assert!(message.unwrap_or_default().contains(part.unwrap_or_default()), "{text}");
    }
}

#[test]
fn reading_stops_after_so_many_errors() {
    let many: serde_json::Map<_, _> = (0..1_000).map(|index| (format!("m{index}"), json!(1))).collect();
    let mut errors = Errors::of_body();
    assert!(decode::<Sample>(Value::Object(many), Source::Json, &mut errors).is_none());
    assert!(errors.into_problem().to_string().contains("100 values"));
}

#[test]
fn any_value_is_read_as_it_is() {
    let value = json!({"anything": {"a": [1, -2, 2.5, null, true, "x"]}, "inner": {"inner": {"small": 1}}});
    let mut errors = Errors::of_body();
    let sample: Sample = decode(value.clone(), Source::Json, &mut errors).unwrap();
    assert_eq!(sample.anything.as_ref(), value.get("anything"));
    assert!(errors.is_empty());
}
