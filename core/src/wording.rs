//! Sentences for people, whose values are kept apart from their text so that they can be said in another language.

use std::borrow::Cow;
use std::fmt;

/// A sentence for people: [`say!`](crate::say) makes it, so that every text that they read can be found and translated.
///
/// *Shape*: a template in English with named places such as `{email}`, and what stands in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    template: Cow<'static, str>,
    values: Values,
}

/// What stands in the places of a template, by their names.
pub type Values = Vec<(Cow<'static, str>, Value)>;

/// What stands in a place of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The same in every language.
    Text(String),
    /// Has words of its own.
    Wording(Wording),
}

/// Makes a [`Wording`] of a template and its values, each by the name of its place.
///
/// ```
/// let email = "ana@acme.example";
/// let wording = mandate_core::say!("`{email}` is in row {earlier} of this import already", email, earlier = 1 + 2);
/// assert_eq!(wording.to_string(), "`ana@acme.example` is in row 3 of this import already");
/// ```
///
/// A template and values that do not fit do not compile:
///
/// ```compile_fail
/// let email = "ana@acme.example";
/// mandate_core::say!("`{email}` is taken");
/// ```
#[macro_export]
macro_rules! say {
    ($template:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {{
        #[allow(unused_imports, reason = "a template without places has no values")]
        use $crate::wording::ToValue as _;
        // The compiler compares them; behind `concat!` it takes no variable that is not named as a value.
        let _ = ::std::format_args!(::std::concat!($template), $($name = ""),*);
        let values = ::std::vec![$((::std::stringify!($name).into(), $crate::say!(@value $name $(= $value)?))),*];
        $crate::wording::Wording::new($template, values)
    }};
    (@value $name:ident) => { $name.to_value() };
    (@value $name:ident = $value:expr) => { $value.to_value() };
}

/// How [`say!`](crate::say) takes a value; a [`Wording`] has a method of this name itself, which comes first.
pub trait ToValue {
    /// The value as it stands in a sentence.
    fn to_value(&self) -> Value;
}

impl<T: fmt::Display + ?Sized> ToValue for T {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

impl Wording {
    /// For [`say!`](crate::say), and for who puts one together again.
    pub fn new(template: impl Into<Cow<'static, str>>, values: Values) -> Self {
        Self { template: template.into(), values }
    }

    /// The sentence in English, with its places.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The template, and what stands in its places, for who puts them together again.
    pub fn into_parts(self) -> (Cow<'static, str>, Values) {
        (self.template, self.values)
    }

    /// A part of another sentence, which is translated with it.
    pub fn to_value(&self) -> Value {
        Value::Wording(self.clone())
    }

    /// The sentence in the language into which templates are translated.
    pub fn in_words_of(&self, translate: &dyn Fn(&str) -> Option<&'static str>) -> String {
        let template = translate(&self.template).unwrap_or(&self.template);
        let mut said = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some((text, behind)) = rest.split_once('{') {
            let (place, behind) = behind.split_once('}').unwrap_or((behind, ""));
            said.push_str(text);
            match self.values.iter().find(|(name, _)| name == place) {
                Some((_, Value::Text(text))) => said.push_str(text),
                Some((_, Value::Wording(part))) => said.push_str(&part.in_words_of(translate)),
                None => {}
            }
            rest = behind;
        }
        said.push_str(rest);
        said
    }
}

/// In English.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Wording(wording) => wording.fmt(f),
        }
    }
}

/// In English.
impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words_of(&|_| None))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_sentence_is_said_with_its_values_in_whatever_order_a_language_has() {
        let name = "{name} Silva".to_owned();
        let wording = say!("`{name}` has {count} of {max}", name, count = 1 + 2, max = 4);
        assert_eq!(wording.to_string(), "`{name} Silva` has 3 of 4");
        let reversed =
            |template: &str| (template == "`{name}` has {count} of {max}").then_some("de {max} {name} {count}");
        assert_eq!(wording.in_words_of(&reversed), "de 4 {name} Silva 3");
        assert_eq!(say!("must be given").to_string(), "must be given");
        assert_eq!(name.len(), 12, "values are borrowed");
    }

    #[test]
    fn a_sentence_within_another_is_translated_with_it() {
        let reason = say!("it has {count} members", count = 2);
        let translate = |template: &str| match template {
            "no: {reason}" => Some("não: {reason}"),
            "it has {count} members" => Some("tem {count} membros"),
            _ => None,
        };
        for wording in [say!("no: {reason}", reason), say!("no: {reason}", reason = &reason)] {
            assert_eq!(wording.to_string(), "no: it has 2 members");
            assert_eq!(wording.in_words_of(&translate), "não: tem 2 membros");
        }
    }
}
