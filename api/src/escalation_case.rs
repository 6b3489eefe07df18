//! What an escalation asks for, in bodies and answers: the letter, the nominee, and why nobody else can be turned to (E-3, E-4).

use mandate_core::escalation_case::{
    ADDRESS_LINES_MAX, Case, LETTER_ATTACHMENTS_MAX, Letter, MailingAddress, Nominee, Unavailable,
};
use mandate_core::say;
use mandate_core::text::{
    ADDRESS_LINE_MAX, AddressLine, Country, EMAIL_MAX, Email, JobTitle, NOTE_MAX, Note, PERSON_NAME_MAX, PHONE_MAX,
    PersonName, Phone, TimeZone,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::input::{Errors, present};
use crate::wire::{AbsenceIn, AbsenceOut, AttachmentIdWire, ContactIdWire, SeniorityIn, SeniorityOut, TimestampWire};

/// Primary support contacts who may be named unavailable, at most.
const UNAVAILABLE_MAX: u64 = 100;

/// The letter of a director or somebody more senior.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterView {
    /// Who wrote it.
    #[schema(required = true, example = "Carla Mendes")]
    author_name: Option<String>,
    /// Their title or position.
    #[schema(required = true, example = "Chief Operating Officer")]
    author_title: Option<String>,
    /// How senior they are: `director`, `vice_president`, `c_level` or `owner`.
    #[schema(required = true)]
    author_seniority: Option<SeniorityOut>,
    /// Their email address.
    #[schema(required = true, format = "email", example = "carla.mendes@acme.example")]
    author_email: Option<String>,
    /// Whether they signed it.
    #[schema(example = true)]
    signed: bool,
    /// When it arrived.
    #[schema(required = true)]
    received_at: Option<TimestampWire>,
    /// Whether it says expressly that the nominee shall have permission to create contact records.
    #[schema(example = true)]
    grants_contact_creation: bool,
    /// The letter itself.
    attachment_ids: Vec<AttachmentIdWire>,
}

/// Where mail reaches somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailingAddressView {
    /// Street and number.
    #[schema(example = json!(["1 Main Street"]))]
    lines: Vec<String>,
    /// City.
    #[schema(example = "Springfield")]
    city: String,
    /// State or province.
    #[schema(required = true, example = "Oregon")]
    region: Option<String>,
    /// Postal code.
    #[schema(required = true, example = "97477")]
    postal_code: Option<String>,
    /// Country, as two letters of ISO 3166-1.
    #[schema(example = "US")]
    country: String,
}

/// Who shall become primary support contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct NomineeView {
    /// The user id to be.
    #[schema(format = "email", example = "nora.lima@acme.example")]
    email: String,
    /// First name.
    #[schema(example = "Nora")]
    first_name: String,
    /// Last name.
    #[schema(example = "Lima")]
    last_name: String,
    /// Phone.
    #[schema(required = true, example = "+1.650.555.0100")]
    phone: Option<String>,
    /// Time zone.
    #[schema(example = "America/Lima")]
    time_zone: String,
    /// Where mail reaches them.
    #[schema(required = true)]
    mailing_address: Option<MailingAddressView>,
}

/// Why a primary support contact cannot be turned to.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnavailableView {
    /// Who.
    contact_id: ContactIdWire,
    /// `left`, `unreachable` or `on_leave`.
    reason: AbsenceOut,
    /// What else is known.
    #[schema(required = true, example = "the mailbox answers that she left in May")]
    note: Option<String>,
}

fn text<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

impl From<&Letter> for LetterView {
    fn from(letter: &Letter) -> Self {
        Self {
            author_name: text(letter.author_name.as_ref()),
            author_title: text(letter.author_title.as_ref()),
            author_seniority: letter.author_seniority.map(Into::into),
            author_email: text(letter.author_email.as_ref()),
            signed: letter.signed,
            received_at: letter.received_at.map(Into::into),
            grants_contact_creation: letter.grants_contact_creation,
            attachment_ids: letter.attachments.iter().copied().map(Into::into).collect(),
        }
    }
}

impl From<&Nominee> for NomineeView {
    fn from(nominee: &Nominee) -> Self {
        let address = |address: &MailingAddress| MailingAddressView {
            lines: address.lines.iter().map(ToString::to_string).collect(),
            city: address.city.to_string(),
            region: text(address.region.as_ref()),
            postal_code: text(address.postal_code.as_ref()),
            country: address.country.to_string(),
        };
        Self {
            email: nominee.email.to_string(),
            first_name: nominee.first_name.to_string(),
            last_name: nominee.last_name.to_string(),
            phone: text(nominee.phone.as_ref()),
            time_zone: nominee.time_zone.to_string(),
            mailing_address: nominee.mailing_address.as_ref().map(address),
        }
    }
}

impl From<&Unavailable> for UnavailableView {
    fn from(one: &Unavailable) -> Self {
        Self { contact_id: one.contact.into(), reason: one.reason.into(), note: text(one.note.as_ref()) }
    }
}

/// What is known of the letter; absent members stay, `null` clears.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterBody {
    /// Who wrote it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 100, example = "Carla Mendes")]
    author_name: Option<Option<String>>,
    /// Their title or position.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 100, example = "Chief Operating Officer")]
    author_title: Option<Option<String>>,
    /// How senior they are.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<SeniorityIn>)]
    author_seniority: Option<Option<SeniorityIn>>,
    /// Their email address.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = "email", max_length = 254, example = "carla.mendes@acme.example")]
    author_email: Option<Option<String>>,
    /// Whether they signed it.
    #[schema(nullable = false, example = true)]
    signed: Option<bool>,
    /// When it arrived.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<TimestampWire>)]
    received_at: Option<Option<TimestampWire>>,
    /// Whether it says expressly that the nominee shall have permission to create contact records.
    #[schema(nullable = false, example = true)]
    grants_contact_creation: Option<bool>,
    /// The letter itself: uploads to this escalation, or attachments of its service request.
    #[validate(length(max = LETTER_ATTACHMENTS_MAX))]
    #[schema(nullable = false, max_items = 20)]
    attachment_ids: Option<Vec<AttachmentIdWire>>,
}

/// Where mail reaches somebody.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailingAddressBody {
    /// Street and number.
    #[validate(length(min = 1, max = ADDRESS_LINES_MAX))]
    #[schema(required = true, nullable = false, min_items = 1, max_items = 5, example = json!(["1 Main Street"]))]
    lines: Option<Vec<String>>,
    /// City.
    #[validate(length(max = ADDRESS_LINE_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Springfield")]
    city: Option<String>,
    /// State or province.
    #[validate(length(max = ADDRESS_LINE_MAX))]
    #[schema(max_length = 100, example = "Oregon")]
    region: Option<String>,
    /// Postal code.
    #[validate(length(max = ADDRESS_LINE_MAX))]
    #[schema(max_length = 100, example = "97477")]
    postal_code: Option<String>,
    /// Country, as two letters of ISO 3166-1.
    #[schema(required = true, nullable = false, min_length = 2, max_length = 2, example = "US")]
    country: Option<String>,
}

/// Who shall become primary support contact.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NomineeBody {
    /// The user id to be.
    #[validate(length(max = EMAIL_MAX))]
    #[schema(
        required = true,
        nullable = false,
        format = "email",
        max_length = 254,
        example = "nora.lima@acme.example"
    )]
    email: Option<String>,
    /// First name.
    #[validate(length(max = PERSON_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Nora")]
    first_name: Option<String>,
    /// Last name.
    #[validate(length(max = PERSON_NAME_MAX))]
    #[schema(required = true, nullable = false, min_length = 1, max_length = 100, example = "Lima")]
    last_name: Option<String>,
    /// Phone.
    #[validate(length(max = PHONE_MAX))]
    #[schema(max_length = 32, example = "+1.650.555.0100")]
    phone: Option<String>,
    /// Time zone; UTC if absent.
    #[schema(example = "America/Lima")]
    time_zone: Option<String>,
    /// Where mail reaches them.
    #[validate(nested)]
    mailing_address: Option<MailingAddressBody>,
}

/// What changes in the nominee; absent members stay, `null` clears. The mailing address is replaced as a whole.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchNomineeBody {
    /// The user id to be.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, format = "email", max_length = 254, example = "nora.lima@acme.example")]
    email: Option<Option<String>>,
    /// First name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, example = "Nora")]
    first_name: Option<Option<String>>,
    /// Last name.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, example = "Lima")]
    last_name: Option<Option<String>>,
    /// Phone.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 32, example = "+1.650.555.0100")]
    phone: Option<Option<String>>,
    /// Time zone.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, nullable = false, example = "America/Lima")]
    time_zone: Option<Option<String>>,
    /// Where mail reaches them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<MailingAddressBody>)]
    mailing_address: Option<Option<MailingAddressBody>>,
}

/// Why a primary support contact cannot be turned to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnavailableBody {
    /// Who: a primary support contact of the organization.
    #[schema(required = true, nullable = false)]
    contact_id: Option<ContactIdWire>,
    /// `left`, `unreachable` or `on_leave`.
    #[schema(required = true, nullable = false)]
    reason: Option<AbsenceIn>,
    /// What else is known.
    #[validate(length(max = NOTE_MAX))]
    #[schema(max_length = 2000, example = "the mailbox answers that she left in May")]
    note: Option<String>,
}

/// What changes in a letter, read.
#[derive(Debug, Clone, Default)]
pub(crate) struct LetterChange {
    author_name: Option<Option<PersonName>>,
    author_title: Option<Option<JobTitle>>,
    author_seniority: Option<Option<mandate_core::escalation_case::Seniority>>,
    author_email: Option<Option<Email>>,
    signed: Option<bool>,
    received_at: Option<Option<mandate_core::time::Timestamp>>,
    grants_contact_creation: Option<bool>,
    attachments: Option<std::collections::BTreeSet<mandate_core::id::AttachmentId>>,
}

impl LetterBody {
    pub(crate) fn read(self, errors: &mut Errors) -> LetterChange {
        LetterChange {
            author_name: errors.patch("/letter/author_name", &self.author_name, PersonName::parse),
            author_title: errors.patch("/letter/author_title", &self.author_title, JobTitle::parse),
            author_seniority: self.author_seniority.map(|word| word.map(|word| word.0)),
            author_email: errors.patch("/letter/author_email", &self.author_email, Email::parse),
            signed: self.signed,
            received_at: self.received_at.map(|moment| moment.map(|moment| moment.0)),
            grants_contact_creation: self.grants_contact_creation,
            attachments: self.attachment_ids.map(|ids| ids.into_iter().map(|id| id.0).collect()),
        }
    }
}

impl LetterChange {
    pub(crate) fn apply(self, letter: &Letter) -> Letter {
        Letter {
            author_name: self.author_name.unwrap_or_else(|| letter.author_name.clone()),
            author_title: self.author_title.unwrap_or_else(|| letter.author_title.clone()),
            author_seniority: self.author_seniority.unwrap_or(letter.author_seniority),
            author_email: self.author_email.unwrap_or_else(|| letter.author_email.clone()),
            signed: self.signed.unwrap_or(letter.signed),
            received_at: self.received_at.unwrap_or(letter.received_at),
            grants_contact_creation: self.grants_contact_creation.unwrap_or(letter.grants_contact_creation),
            attachments: self.attachments.unwrap_or_else(|| letter.attachments.clone()),
        }
    }
}

impl MailingAddressBody {
    fn read(&self, errors: &mut Errors) -> Option<MailingAddress> {
        let at = "/nominee/mailing_address";
        let lines = errors.given(&format!("{at}/lines"), self.lines.as_ref());
        let lines = lines.map(|lines| errors.each(&format!("{at}/lines"), lines, AddressLine::parse));
        let city = errors.required(&format!("{at}/city"), &self.city, AddressLine::parse);
        let region = errors.optional(&format!("{at}/region"), &self.region, AddressLine::parse);
        let postal_code = errors.optional(&format!("{at}/postal_code"), &self.postal_code, AddressLine::parse);
        let country = errors.required(&format!("{at}/country"), &self.country, Country::parse);
        Some(MailingAddress { lines: lines?, city: city?, region, postal_code, country: country? })
    }
}

impl NomineeBody {
    pub(crate) fn read(&self, errors: &mut Errors) -> Option<Nominee> {
        let email = errors.required("/nominee/email", &self.email, Email::parse);
        let first_name = errors.required("/nominee/first_name", &self.first_name, PersonName::parse);
        let last_name = errors.required("/nominee/last_name", &self.last_name, PersonName::parse);
        let phone = errors.optional("/nominee/phone", &self.phone, Phone::parse);
        let time_zone = errors.optional("/nominee/time_zone", &self.time_zone, TimeZone::parse);
        let mailing_address = self.mailing_address.as_ref().and_then(|address| address.read(errors));
        Some(Nominee {
            email: email?,
            first_name: first_name?,
            last_name: last_name?,
            phone,
            time_zone: time_zone.unwrap_or_default(),
            mailing_address,
        })
    }
}

/// What changes in a nominee, read.
#[derive(Debug, Clone, Default)]
pub(crate) struct NomineeChange {
    email: Option<Email>,
    first_name: Option<PersonName>,
    last_name: Option<PersonName>,
    phone: Option<Option<Phone>>,
    time_zone: Option<TimeZone>,
    mailing_address: Option<Option<MailingAddress>>,
}

impl PatchNomineeBody {
    pub(crate) fn read(self, errors: &mut Errors) -> NomineeChange {
        let email = errors.not_null("/nominee/email", self.email);
        let first_name = errors.not_null("/nominee/first_name", self.first_name);
        let last_name = errors.not_null("/nominee/last_name", self.last_name);
        let time_zone = errors.not_null("/nominee/time_zone", self.time_zone);
        NomineeChange {
            email: errors.optional("/nominee/email", &email, Email::parse),
            first_name: errors.optional("/nominee/first_name", &first_name, PersonName::parse),
            last_name: errors.optional("/nominee/last_name", &last_name, PersonName::parse),
            phone: errors.patch("/nominee/phone", &self.phone, Phone::parse),
            time_zone: errors.optional("/nominee/time_zone", &time_zone, TimeZone::parse),
            mailing_address: self.mailing_address.map(|address| address.and_then(|address| address.read(errors))),
        }
    }
}

impl NomineeChange {
    pub(crate) fn apply(self, nominee: &Nominee) -> Nominee {
        Nominee {
            email: self.email.unwrap_or_else(|| nominee.email.clone()),
            first_name: self.first_name.unwrap_or_else(|| nominee.first_name.clone()),
            last_name: self.last_name.unwrap_or_else(|| nominee.last_name.clone()),
            phone: self.phone.unwrap_or_else(|| nominee.phone.clone()),
            time_zone: self.time_zone.unwrap_or_else(|| nominee.time_zone.clone()),
            mailing_address: self.mailing_address.unwrap_or_else(|| nominee.mailing_address.clone()),
        }
    }
}

/// Reads who is said to be unavailable; nobody twice.
pub(crate) fn read_unavailable(named: &[UnavailableBody], errors: &mut Errors) -> Vec<Unavailable> {
    let mut read: Vec<Unavailable> = Vec::new();
    if u64::try_from(named.len()).unwrap_or(u64::MAX) > UNAVAILABLE_MAX {
        let message = say!("must have at most {max} elements", max = UNAVAILABLE_MAX);
        errors.add("/unavailable", mandate_core::text::Flaw::new("too_long", message));
        return read;
    }
    for (index, one) in named.iter().enumerate() {
        let at = format!("/unavailable/{index}");
        let contact = errors.given(&format!("{at}/contact_id"), one.contact_id);
        let reason = errors.given(&format!("{at}/reason"), one.reason);
        let note = errors.optional(&format!("{at}/note"), &one.note, Note::parse);
        let (Some(contact), Some(reason)) = (contact, reason) else { continue };
        if read.iter().any(|other| other.contact == contact.0) {
            let message = say!("`{contact}` is named twice", contact = contact.0);
            errors.add(&format!("{at}/contact_id"), mandate_core::text::Flaw::new("duplicate", message));
        }
        read.push(Unavailable { contact: contact.0, reason: reason.0, note });
    }
    read
}

/// What changes in a case, read.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseChange {
    pub(crate) letter: LetterChange,
    pub(crate) nominee: NomineeChange,
    pub(crate) unavailable: Option<Vec<Unavailable>>,
}

impl CaseChange {
    pub(crate) fn apply(self, case: &Case) -> Case {
        Case {
            letter: self.letter.apply(&case.letter),
            nominee: self.nominee.apply(&case.nominee),
            unavailable: self.unavailable.unwrap_or_else(|| case.unavailable.clone()),
        }
    }
}
