//! What a file is, by its beginning (S-6).

use mandate_core::media_type::MediaType;

/// Bytes of a file's beginning that are looked at.
pub(crate) const HEAD_BYTES: usize = 8 * 1024;

/// The type that the beginning of a file has the marks of; plain text if it is made of characters; else nobody knows.
pub(crate) fn sniff(head: &[u8]) -> MediaType {
    let known = infer::get(head).and_then(|kind| MediaType::parse(kind.mime_type()).ok());
    known.unwrap_or_else(|| if is_text(head) { MediaType::plain() } else { MediaType::opaque() })
}

/// Whether all of it is UTF-8 without control characters; the last character may be cut off.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let (whole, _) = head.split_at(error.valid_up_to());
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return false,
    };
    // Logs are coloured with escapes.
    text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_beginning_s_6() {
        for (head, media_type) in [
            (b"\x89PNG\r\n\x1a\n____".as_slice(), "image/png"),
            (b"%PDF-1.7\n", "application/pdf"),
            (b"PK\x03\x04________", "application/zip"),
            (b"<!DOCTYPE html><html>", "text/html"),
            (b"<?xml version=\"1.0\"?><a/>", "text/xml"),
            (b"{\"a\": 1}\r\n\t", "text/plain"),
            ("naïve".as_bytes(), "text/plain"),
            (&"naï".as_bytes()[..3], "text/plain"),
            (b"\x1b[31mred\x1b[0m\n", "text/plain"),
            (b"na\xefve", "application/octet-stream"),
            (b"a\0b", "application/octet-stream"),
        ] {
            assert_eq!(sniff(head).as_str(), media_type, "{head:?}");
        }
    }
}
