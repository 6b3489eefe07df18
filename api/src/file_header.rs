//! Headers of files: their name, their type, their digest, the parts of them that somebody asks for.

use std::ops::Range;

use actix_web::HttpRequest;
use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, Charset, ContentDisposition, DispositionParam,
    DispositionType, ExtendedValue, HeaderName, IF_RANGE, RANGE,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mandate_core::attachment::{ATTACHMENT_BYTES_MAX, Sha256Sum};
use mandate_core::media_type::MediaType;
use mandate_core::refusal::Code;
use mandate_core::say;
use mandate_core::text::FileName;
use mandate_core::wording::Wording;

use crate::problem::Problem;

/// What the body hashes to, as its sender says (RFC 9530, section 2).
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// What the head of an upload says about the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadHead {
    /// What it is called.
    pub(crate) file_name: FileName,
    /// What it is said to be; `application/octet-stream` where nothing is said.
    pub(crate) media_type: MediaType,
    /// What it has to hash to.
    pub(crate) digest: Option<Sha256Sum>,
}

impl UploadHead {
    /// Reads the head of an upload.
    ///
    /// *Errors*: `invalid_file_name`, `invalid_content_digest`, `malformed_request` for the media type, `unsupported_media_type` for
    /// a content encoding, `body_too_large` if the length is told and too large.
    pub(crate) fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let header = |name| request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        if let Some(encoding) = header(CONTENT_ENCODING).filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            let detail = say!("files are read without content encoding, not in `{encoding}`", encoding);
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        let length = header(CONTENT_LENGTH).and_then(|length| length.trim().parse::<u64>().ok());
        if length.is_some_and(|length| length > ATTACHMENT_BYTES_MAX) {
            return Err(too_large());
        }
        let media_type = match header(CONTENT_TYPE) {
            Some(text) => MediaType::parse(&text).map_err(|flaw| Problem::malformed(flaw.message))?,
            None => MediaType::opaque(),
        };
        Ok(Self { file_name: file_name(request)?, media_type, digest: digest(request)? })
    }
}

/// The refusal of a file with too many bytes.
pub(crate) fn too_large() -> Problem {
    Problem::new(Code::BodyTooLarge, say!("the file has more than {max} bytes", max = ATTACHMENT_BYTES_MAX))
}

/// The name in `Content-Disposition` (RFC 6266): `filename*` before `filename`.
fn file_name(request: &HttpRequest) -> Result<FileName, Problem> {
    let refuse = |detail: Wording| Problem::new(Code::InvalidFileName, detail);
    let header = request.headers().get(CONTENT_DISPOSITION);
    let header = header.ok_or_else(|| refuse(say!("the header Content-Disposition is missing")))?;
    let disposition = ContentDisposition::from_raw(header);
    let disposition = disposition.map_err(|_| refuse(say!("the header Content-Disposition cannot be read")))?;
    let name = match (disposition.get_filename_ext(), disposition.get_filename()) {
        (Some(extended), _) if extended.charset == Charset::Ext("UTF-8".to_owned()) => {
            let name = String::from_utf8(extended.value.clone());
            name.map_err(|_| refuse(say!("the name in filename* is not UTF-8")))?
        }
        (_, Some(name)) => name.to_owned(),
        (Some(_), None) => return Err(refuse(say!("the name in filename* must be in UTF-8"))),
        (None, None) => return Err(refuse(say!("the header Content-Disposition has no filename"))),
    };
    FileName::parse(&name).map_err(|flaw| refuse(say!("the name of the file {flaw}", flaw = flaw.message)))
}

/// The SHA-256 in `Content-Digest`; digests of other kinds are nobody's business (RFC 9530, section 3).
fn digest(request: &HttpRequest) -> Result<Option<Sha256Sum>, Problem> {
    let mut found = None;
    for line in request.headers().get_all(CONTENT_DIGEST) {
        let refuse =
            || Problem::new(Code::InvalidContentDigest, say!("the header Content-Digest is not `sha-256=:…:`"));
        for member in line.to_str().map_err(|_| refuse())?.split(',') {
            let (algorithm, value) = member.trim().split_once('=').ok_or_else(refuse)?;
            if algorithm.trim() == "sha-256" {
                let value = value.split(';').next().unwrap_or_default().trim();
                let text = value.strip_prefix(':').and_then(|text| text.strip_suffix(':')).ok_or_else(refuse)?;
                let sum: Vec<u8> = BASE64_STANDARD.decode(text).map_err(|_| refuse())?;
                found = Some(Sha256Sum(sum.try_into().map_err(|_| refuse())?));
            }
        }
    }
    Ok(found)
}

/// A digest as `Repr-Digest` has it.
pub(crate) fn repr_digest(sum: Sha256Sum) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(sum.0))
}

/// Hands a file out to be saved, never to be shown (RFC 6266): with a name that every client reads and, where that is not all of
/// it, the whole one besides.
pub(crate) fn disposition(name: &FileName) -> ContentDisposition {
    let name = name.as_str();
    let is_plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !"\"\\%".contains(c);
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut parameters = vec![DispositionParam::Filename(plain.clone())];
    if plain != name {
        let value = ExtendedValue {
            charset: Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.as_bytes().to_vec(),
        };
        parameters.push(DispositionParam::FilenameExt(value));
    }
    ContentDisposition { disposition: DispositionType::Attachment, parameters }
}

/// Which part of a content of so many bytes a request asks for (RFC 9110, section 14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it: nothing else is asked for, or nothing that is understood, or of another content.
    Whole,
    /// These bytes.
    Bytes(Range<u64>),
    /// Bytes that are not there.
    Outside,
}

impl Part {
    /// Reads `Range` and `If-Range`; the tag is that of the content.
    pub(crate) fn of(request: &HttpRequest, tag: &str, size: u64) -> Self {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        if header(IF_RANGE).is_some_and(|condition| condition != tag) {
            return Self::Whole;
        }
        header(RANGE).map_or(Self::Whole, |range| Self::read(range, size))
    }

    /// A single range. Several, and what cannot be read, are answered with the whole.
    fn read(text: &str, size: u64) -> Self {
        let Some((first, last)) = text.trim().strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let number = |text: &str| match text.bytes().all(|digit| digit.is_ascii_digit()) {
            // So many digits that no number holds them lie behind every content.
            true if !text.is_empty() => Some(text.parse().unwrap_or(u64::MAX)),
            _ => None,
        };
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first > last => Self::Whole,
            (Some(first), _) if first >= size && (last.is_empty() || number(last).is_some()) => Self::Outside,
            (Some(first), Some(last)) => Self::Bytes(first..last.saturating_add(1).min(size)),
            (Some(first), None) if last.is_empty() => Self::Bytes(first..size),
            (None, Some(0)) if first.is_empty() => Self::Outside,
            (None, Some(count)) if first.is_empty() => Self::Bytes(size.saturating_sub(count)..size),
            _ => Self::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::TryIntoHeaderPair;
    use actix_web::test::TestRequest;

    use super::*;

    fn head(headers: &[(&'static str, &'static [u8])]) -> Result<UploadHead, Code> {
        let mut request = TestRequest::default();
        for (name, value) in headers {
            request = request.append_header((*name, actix_web::http::header::HeaderValue::from_bytes(value).unwrap()));
        }
        UploadHead::read(&request.to_http_request()).map_err(|problem| problem.code())
    }

    #[test]
    fn the_name_of_a_file_is_read_as_rfc_6266_writes_it_s_6() {
        for (header, name) in [
            (b"attachment; filename=log.txt".as_slice(), Ok("log.txt")),
            (b"attachment; filename=\"a b; c.txt\"", Ok("a b; c.txt")),
            (b"attachment; filename=\"a \\\"b\\\".txt\"", Ok("a \"b\".txt")),
            (b"ATTACHMENT; FILENAME=log.txt", Ok("log.txt")),
            (b"attachment; filename=\"plain.txt\"; filename*=UTF-8''na%C3%AFve.txt", Ok("naïve.txt")),
            (b"attachment; filename*=utf-8'pt'a%2Fb.txt", Ok("b.txt")),
            ("attachment; filename=\"naïve.txt\"".as_bytes(), Ok("naïve.txt")),
            (b"attachment; filename=\"../../etc/passwd\"", Ok("passwd")),
            (b"attachment", Err(Code::InvalidFileName)),
            (b"attachment; filename=\"\"", Err(Code::InvalidFileName)),
            (b"attachment; filename=\"open", Err(Code::InvalidFileName)),
            (b"attachment; filename*=UTF-8''%FF.txt", Err(Code::InvalidFileName)),
            (b"attachment; filename*=ISO-8859-1''x.txt", Err(Code::InvalidFileName)),
            (b"attachment; filename*=UTF-8''a%0Ab.txt", Err(Code::InvalidFileName)),
            (b"attachment; filename=\"na\xEFve.txt\"", Err(Code::InvalidFileName)),
        ] {
            let read = head(&[("content-disposition", header)]).map(|head| head.file_name.to_string());
            assert_eq!(read, name.map(str::to_owned), "{}", String::from_utf8_lossy(header));
        }
        assert_eq!(head(&[]), Err(Code::InvalidFileName));
    }

    #[test]
    fn the_head_of_an_upload_says_what_the_file_is_s_6() {
        const NAME: (&str, &[u8]) = ("content-disposition", b"attachment; filename=a");
        let sum = Sha256Sum([0; 32]);
        let digest = b"sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:".as_slice();
        let of = |more: &[(&'static str, &'static [u8])]| head(&[&[NAME], more].concat());
        let media_type = |text: &'static [u8]| of(&[("content-type", text)]).map(|head| head.media_type.to_string());
        assert_eq!(of(&[]).map(|head| head.media_type), Ok(MediaType::opaque()));
        assert_eq!(media_type(b"Image/PNG; x=y"), Ok("image/png".to_owned()));
        assert_eq!(media_type(b"picture"), Err(Code::MalformedRequest));
        assert_eq!(of(&[("content-encoding", b"gzip")]), Err(Code::UnsupportedMediaType));
        assert_eq!(of(&[("content-length", b"26214401")]), Err(Code::BodyTooLarge));
        assert!(of(&[("content-length", b"26214400"), ("content-encoding", b"identity")]).is_ok());
        let read = |text: &'static [u8]| of(&[("content-digest", text)]).map(|head| head.digest);
        assert_eq!(read(digest), Ok(Some(sum)));
        assert_eq!(read(b"sha-512=:AAAA:"), Ok(None));
        assert_eq!(of(&[("content-digest", b"sha-512=:AAAA:"), ("content-digest", digest)]).unwrap().digest, Some(sum));
        for wrong in [b"sha-256=:AAAA:".as_slice(), b"sha-256=AAAA", b"sha-256", b"sha-256=:?:", b"\xFF"] {
            assert_eq!(read(wrong), Err(Code::InvalidContentDigest));
        }
        assert_eq!(repr_digest(sum).as_bytes(), digest);
    }

    #[test]
    fn a_file_is_handed_out_under_a_name_that_every_client_reads_s_6() {
        for (name, header) in [
            ("log.txt", "attachment; filename=\"log.txt\""),
            ("a b.txt", "attachment; filename=\"a b.txt\""),
            ("na\u{ef}ve.txt", "attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt"),
            ("100%\".txt", "attachment; filename=\"100__.txt\"; filename*=UTF-8''100%25%22.txt"),
        ] {
            let (_, value) = disposition(&FileName::parse(name).unwrap()).try_into_pair().unwrap();
            assert_eq!(value.to_str().unwrap(), header);
        }
    }

    #[test]
    fn single_ranges_are_understood_and_the_rest_is_the_whole_s_6() {
        for (text, part) in [
            ("bytes=0-0", Part::Bytes(0..1)),
            ("bytes=2-4", Part::Bytes(2..5)),
            ("bytes=2-", Part::Bytes(2..10)),
            ("bytes=2-99", Part::Bytes(2..10)),
            ("bytes=-3", Part::Bytes(7..10)),
            ("bytes=-99", Part::Bytes(0..10)),
            ("bytes=9-18446744073709551616", Part::Bytes(9..10)),
            ("bytes=10-", Part::Outside),
            ("bytes=10-11", Part::Outside),
            ("bytes=-0", Part::Outside),
            ("bytes=4-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=10-x", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=0-1", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(Part::read(text, 10), part, "{text}");
        }
        let of = |condition: &'static str| {
            let request =
                TestRequest::default().insert_header((RANGE, "bytes=0-0")).insert_header((IF_RANGE, condition));
            Part::of(&request.to_http_request(), "\"abc\"", 10)
        };
        assert_eq!(of("\"abc\""), Part::Bytes(0..1));
        assert_eq!(of("W/\"abc\""), Part::Whole);
        assert_eq!(of("\"other\""), Part::Whole);
    }
}
