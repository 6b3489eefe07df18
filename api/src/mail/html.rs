//! Emails as HTML, made from the same templates as their plain text.
//!
//! Each paragraph is one of four things: the link alone, what somebody wrote, an indented line, or text. Whatever a placeholder stands for is escaped, and
//! cannot become another one of them. Nothing is loaded from elsewhere, and without its styles it reads just as well.

use mandate_core::vocabulary::MailKind;

use super::MailError;
use super::template::{Values, fill};

/// What is around every email.
const LAYOUT: &str = include_str!("../../templates/mail/layout.html");
/// The paragraph that is the link.
const LINK: &str = "{link}";
/// The paragraph that is what somebody wrote, in lines of its own.
const MESSAGE: &str = "{message}";
/// What an indented line begins with.
const INDENT: &str = "    ";

/// Writes an email as an HTML document.
///
/// *Errors*: a placeholder without a value.
pub(super) fn render(
    kind: MailKind,
    (text, button): (&str, &str),
    values: &Values,
    lang: &str,
    subject: &str,
) -> Result<String, MailError> {
    let mut escaped: Values = values.iter().map(|(name, value)| (*name, escape(value))).collect();
    escaped.push(("button", escape(button)));
    let paragraphs = text.trim_end().split("\n\n").map(|text| fill(kind, &paragraph(text), &escaped));
    let content = paragraphs.collect::<Result<Vec<_>, _>>()?.join("\n");
    fill(kind, LAYOUT, &[("lang", escape(lang)), ("title", escape(subject)), ("content", content)])
}

/// A paragraph of a template, its placeholders still in it.
fn paragraph(text: &str) -> String {
    if text == LINK {
        return "<p style=\"margin:24px 0\"><a href=\"{link}\" style=\"padding:12px 20px;background-color:#1d4ed8;color:#ffffff;\
                text-decoration:none;border-radius:6px;font-weight:bold\">{button}</a></p>\n\
                <p style=\"margin:0 0 16px;font-size:13px;word-break:break-all\">{link}</p>"
            .to_owned();
    }
    if text == MESSAGE {
        return "<blockquote style=\"margin:0 0 16px;padding:4px 16px;border-left:4px solid #d4d4d8;white-space:pre-wrap\">{message}</blockquote>"
            .to_owned();
    }
    let lines: Vec<String> = text.lines().map(|line| escape(line.trim_start())).collect();
    let lines = lines.join("\n");
    if text.starts_with(INDENT) {
        format!(
            "<blockquote style=\"margin:0 0 16px;padding:4px 16px;border-left:4px solid #d4d4d8;font-weight:bold\">{lines}</blockquote>"
        )
    } else {
        format!("<p style=\"margin:0 0 16px\">{lines}</p>")
    }
}

/// Text that is nothing but text, also within an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
