//! What an escalation asks for: the letter, the nominee, and why nobody else can be turned to (E-3, E-4); and what of it has
//! been verified (E-6, E-6a).

use std::collections::BTreeSet;

use crate::actor::PersonRef;
use crate::escalation::Escalation;
use crate::id::{AttachmentId, ContactId};
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::text::{AddressLine, Country, Email, JobTitle, Note, PersonName, Phone, TimeZone};
use crate::time::{Span, Timestamp};
use crate::vocabulary::{Vocabulary as _, vocabulary};
use crate::wording::Wording;

/// Lines of a mailing address, at most.
pub const ADDRESS_LINES_MAX: u64 = 5;
/// Attachments of a letter, at most.
pub const LETTER_ATTACHMENTS_MAX: u64 = 20;

vocabulary! {
    /// How senior the author of the letter is (E-3).
    Seniority ("seniority") {
        /// A director.
        Director = "director",
        /// A vice president.
        VicePresident = "vice_president",
        /// One of the chief officers.
        CLevel = "c_level",
        /// The owner.
        Owner = "owner",
    }
}

vocabulary! {
    /// Why a primary support contact cannot be turned to (E-4).
    Absence ("reason") {
        /// They do not work there any more.
        Left = "left",
        /// They do not answer.
        Unreachable = "unreachable",
        /// They are away.
        OnLeave = "on_leave",
    }
}

vocabulary! {
    /// What has to be verified before an escalation can be approved (E-3, E-6).
    Item ("item") {
        /// The title or position of the letter's author.
        AuthorTitle = "author_title",
        /// That they are a director or more senior.
        AuthorSeniority = "author_seniority",
        /// Their signature.
        Signature = "signature",
        /// The email address of the nominee.
        NomineeEmail = "nominee_email",
        /// The phone number of the nominee.
        NomineePhone = "nominee_phone",
        /// The mailing address of the nominee.
        NomineeMailingAddress = "nominee_mailing_address",
        /// The statement that the nominee shall have permission to create contact records.
        ExpressStatement = "express_statement",
    }
}

vocabulary! {
    /// How an item was verified (E-6).
    Method ("method") {
        /// The letter was read.
        LetterRead = "letter_read",
        /// Somebody was called at a number that was known before (E-6a).
        CallBack = "call_back",
        /// Somebody was seen.
        VideoCall = "video_call",
        /// The account team knows it.
        AccountTeamConfirmed = "account_team_confirmed",
        /// The email's own signature says so: supporting evidence, never enough by itself.
        EmailSignature = "email_signature",
    }
}

/// The letter (E-3). It may come in parts; what is missing is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// Who wrote it.
    pub author_name: Option<PersonName>,
    /// Their title or position.
    pub author_title: Option<JobTitle>,
    /// How senior they are.
    pub author_seniority: Option<Seniority>,
    /// Their email address.
    pub author_email: Option<Email>,
    /// Whether they signed it.
    pub signed: bool,
    /// When it arrived.
    pub received_at: Option<Timestamp>,
    /// Whether it says expressly that the nominee shall have permission to create contact records.
    pub grants_contact_creation: bool,
    /// The letter itself.
    pub attachments: BTreeSet<AttachmentId>,
}

/// Where mail reaches somebody (E-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailingAddress {
    /// Street and number; from 1 to [`ADDRESS_LINES_MAX`].
    pub lines: Vec<AddressLine>,
    /// City.
    pub city: AddressLine,
    /// State or province.
    pub region: Option<AddressLine>,
    /// Postal code.
    pub postal_code: Option<AddressLine>,
    /// Country.
    pub country: Country,
}

impl MailingAddress {
    /// The address in one line.
    pub fn in_one_line(&self) -> String {
        let parts = self.lines.iter().chain([&self.city]).chain(&self.region).chain(&self.postal_code);
        let parts: Vec<&str> = parts.map(AddressLine::as_str).chain([self.country.as_str()]).collect();
        parts.join(", ")
    }
}

/// Who shall become primary support contact (E-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nominee {
    /// The user id to be (C-2).
    pub email: Email,
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// Phone.
    pub phone: Option<Phone>,
    /// Time zone.
    pub time_zone: TimeZone,
    /// Where mail reaches them.
    pub mailing_address: Option<MailingAddress>,
}

impl Nominee {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// Why one primary support contact cannot be turned to (E-4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// Who.
    pub contact: ContactId,
    /// Why.
    pub reason: Absence,
    /// What else is known.
    pub note: Option<Note>,
}

/// What an escalation asks for. Whoever opened it may edit it until it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The letter.
    pub letter: Letter,
    /// The nominee.
    pub nominee: Nominee,
    /// Why each primary support contact cannot be turned to; no contact twice.
    pub unavailable: Vec<Unavailable>,
}

impl Case {
    /// Whether the case has what an item is about, so that it can be verified.
    fn has(&self, item: Item) -> bool {
        match item {
            Item::AuthorTitle => self.letter.author_name.is_some() && self.letter.author_title.is_some(),
            Item::AuthorSeniority => self.letter.author_name.is_some() && self.letter.author_seniority.is_some(),
            Item::Signature => self.letter.signed && !self.letter.attachments.is_empty(),
            Item::NomineeEmail => true,
            Item::NomineePhone => self.nominee.phone.is_some(),
            Item::NomineeMailingAddress => self.nominee.mailing_address.is_some(),
            Item::ExpressStatement => self.letter.grants_contact_creation,
        }
    }

    /// The items whose verification an edit voids (E-6): those that it touches. Another letter touches all of them, another
    /// author what the author vouches for, another person all that is about the nominee.
    pub(crate) fn touched(&self, after: &Self) -> BTreeSet<Item> {
        let (letter, nominee) = ((&self.letter, &after.letter), (&self.nominee, &after.nominee));
        let another_letter = letter.0.attachments != letter.1.attachments;
        let another_author =
            letter.0.author_name != letter.1.author_name || letter.0.author_email != letter.1.author_email;
        let another_nominee = (&nominee.0.first_name, &nominee.0.last_name, &nominee.0.email)
            != (&nominee.1.first_name, &nominee.1.last_name, &nominee.1.email);
        let is_touched = |item: &Item| {
            another_letter
                || match item {
                    Item::AuthorTitle => another_author || letter.0.author_title != letter.1.author_title,
                    Item::AuthorSeniority => another_author || letter.0.author_seniority != letter.1.author_seniority,
                    Item::Signature => another_author || letter.0.signed != letter.1.signed,
                    Item::NomineeEmail => another_nominee,
                    Item::NomineePhone => another_nominee || nominee.0.phone != nominee.1.phone,
                    Item::NomineeMailingAddress => {
                        another_nominee || nominee.0.mailing_address != nominee.1.mailing_address
                    }
                    Item::ExpressStatement => {
                        another_nominee || letter.0.grants_contact_creation != letter.1.grants_contact_creation
                    }
                }
        };
        Item::ALL.iter().copied().filter(is_touched).collect()
    }

    /// That each active primary support contact is said to be unavailable (E-4).
    ///
    /// *Errors*: `primary_support_contact_available` with those of whom nothing is said.
    pub(crate) fn expect_nobody_else(&self, active: &[ContactId]) -> Result<(), Refusal> {
        let is_named = |contact: &&ContactId| self.unavailable.iter().any(|one| one.contact == **contact);
        let available: Vec<String> = active.iter().filter(|one| !is_named(one)).map(ToString::to_string).collect();
        if available.is_empty() {
            return Ok(());
        }
        let detail = say!(
            "say why each of these is unavailable, or turn to them: `{contacts}`",
            contacts = available.join("`, `")
        );
        Err(Refusal::new(Code::PrimarySupportContactAvailable, detail)
            .at("#/unavailable")
            .with(Extra::Missing(available)))
    }
}

/// That somebody verified an item, how, and by what evidence (E-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// What.
    pub item: Item,
    /// How.
    pub method: Method,
    /// What was found.
    pub note: Option<Note>,
    /// The number that was called.
    pub number: Option<Phone>,
    /// Who.
    pub by: PersonRef,
    /// When.
    pub at: Timestamp,
}

/// The items that nobody verified by more than the email's own signature, in their order.
pub(crate) fn unverified(verified: &[Verification]) -> Vec<Item> {
    let counts = |item: &Item| verified.iter().any(|one| one.item == *item && one.method != Method::EmailSignature);
    Item::ALL.iter().copied().filter(|item| !counts(item)).collect()
}

/// That somebody of the account team knows a number that was recorded shortly before the escalation (E-6a).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedNumber {
    /// The number.
    pub number: Phone,
    /// Who.
    pub by: PersonRef,
    /// How they know it.
    pub note: Note,
    /// When.
    pub at: Timestamp,
}

/// A number that was known before the escalation was opened (E-6a).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNumber {
    /// The number.
    pub number: Phone,
    /// Whose it is.
    pub person: PersonRef,
    /// Since when it has been on record.
    pub since: Timestamp,
}

/// An item to verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyItem {
    /// What.
    pub item: Item,
    /// How.
    pub method: Method,
    /// What was found.
    pub note: Option<Note>,
    /// The number that was called.
    pub number: Option<Phone>,
}

/// The numbers that were known before an escalation was opened, and what decides whether they may be called (E-6a).
#[derive(Debug, Clone, Copy)]
pub struct CallBacks<'a> {
    /// The escalation.
    pub escalation: &'a Escalation,
    /// Since how long before it a number must have been on record.
    pub min_age: Span,
}

impl CallBacks<'_> {
    /// Whether the letter or a nominee brought a number, in whatever writing.
    pub fn is_brought(&self, number: &Phone) -> bool {
        let brought = &self.escalation.traces.brought;
        brought.iter().chain(&self.escalation.case.nominee.phone).any(|one| one.may_be(number))
    }

    /// How long a number had been on record when the escalation was opened.
    pub fn age(&self, known: &KnownNumber) -> Span {
        self.escalation.created_at.since(known.since)
    }

    /// Who of the account team confirmed a number.
    pub fn confirmation(&self, number: &Phone) -> Option<&ConfirmedNumber> {
        self.escalation.traces.confirmed.iter().find(|one| one.number.is_same(number))
    }

    /// A number that was known before, by its digits, as long as it has been: nobody brought it since.
    ///
    /// *Errors*: `call_back_number_not_allowed`.
    pub(crate) fn expect_known<'k>(
        &self,
        numbers: &'k [KnownNumber],
        number: &Phone,
    ) -> Result<&'k KnownNumber, Refusal> {
        let refused = |why| Err(Refusal::new(Code::CallBackNumberNotAllowed, why));
        if self.is_brought(number) {
            return refused(say!(
                "`{number}` came with the letter or the nominee, in this or another writing; call one of \
                 `call_back_numbers`",
                number
            ));
        }
        let same = numbers.iter().filter(|known| known.number.is_same(number));
        match same.min_by_key(|known| known.since) {
            Some(known) => Ok(known),
            None => refused(say!(
                "`{number}` was not on record before the escalation was opened; call one of `call_back_numbers`",
                number
            )),
        }
    }

    /// Whether a number may be called.
    pub fn is_callable(&self, known: &KnownNumber) -> bool {
        let is_known_for_long = self.age(known) >= self.min_age || self.confirmation(&known.number).is_some();
        is_known_for_long && !self.is_brought(&known.number)
    }
}

/// What has to be known of an item's evidence to accept it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    /// What decides which numbers may be called.
    pub(crate) calls: CallBacks<'a>,
    /// The numbers that were known before.
    pub(crate) numbers: &'a [KnownNumber],
    /// Whether the letter came as an email whose signature is good and its author's own.
    pub(crate) is_signed_by_author: bool,
}

impl Evidence<'_> {
    /// Whether an item can be verified like this.
    ///
    /// *Errors*: `nothing_to_verify`, `call_back_number_not_allowed`, `validation_failed` where the evidence is missing.
    pub(crate) fn expect(&self, wanted: &VerifyItem) -> Result<(), Refusal> {
        let case = &self.calls.escalation.case;
        if !case.has(wanted.item) {
            let detail = say!("the case has nothing about `{item}` that could be verified", item = wanted.item.name());
            return Err(Refusal::new(Code::NothingToVerify, detail).at("#/items"));
        }
        match (wanted.method, &wanted.number) {
            (Method::CallBack, None) => Err(lacking(say!("a call back names the `number` that was called"))),
            (Method::CallBack, Some(number)) => self.expect_callable(number),
            (_, Some(number)) => Err(lacking(say!("`{number}` is for `call_back` alone", number))),
            (Method::LetterRead, None) if case.letter.attachments.is_empty() => {
                Err(lacking(say!("there is no letter to read; attach it first")))
            }
            (Method::EmailSignature, None) if !self.is_signed_by_author => {
                Err(lacking(say!("the letter is no email with a good signature of its author's domain")))
            }
            (Method::VideoCall | Method::AccountTeamConfirmed, None) if wanted.note.is_none() => {
                Err(lacking(say!("say in `note` who was seen, or who confirmed it")))
            }
            (Method::LetterRead | Method::EmailSignature | Method::VideoCall | Method::AccountTeamConfirmed, None) => {
                Ok(())
            }
        }
    }
}

impl Evidence<'_> {
    /// Whether a number may be called (E-6a).
    fn expect_callable(&self, number: &Phone) -> Result<(), Refusal> {
        let known = self.calls.expect_known(self.numbers, number).map_err(|refusal| refusal.at("#/items"))?;
        if self.calls.is_callable(known) {
            return Ok(());
        }
        let detail = say!(
            "`{number}` has been on record since `{since}` alone; somebody of the account team has to confirm it first",
            number,
            since = known.since
        );
        Err(Refusal::new(Code::CallBackNumberNotAllowed, detail).at("#/items"))
    }
}

fn lacking(why: Wording) -> Refusal {
    Refusal::new(Code::ValidationFailed, why).at("#/items")
}
