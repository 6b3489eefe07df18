//! How an escalation looks: to the organization's own people, and with more of it to the staff who review it (E-5, E-6, E-11).

use mandate_core::actor::Actor;
use mandate_core::escalation::{Act, Escalation, State};
use mandate_core::escalation_case::{CallBacks, KnownNumber, Verification};
use mandate_core::escalation_flags::{Flag, FlagKind, SignOfLife, flags, signs_of_life};
use mandate_core::id::{AttachmentId, ContactId};
use mandate_core::letter_signature::SignatureCheck;
use mandate_core::text::Domain;
use mandate_core::time::{Span, Timestamp};
use mandate_storage::{ReadTx, StorageError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::escalation_case::{LetterView, NomineeView, UnavailableView};
use crate::escalation_number::{KnownNumberView, offered};
use crate::page::page;
use crate::partner_grant::OrganizationRefView;
use crate::person::PersonRefView;
use crate::wire::{
    AttachmentIdWire, ChannelOut, ContactIdWire, EscalationIdWire, EscalationStatusOut, FlagKindOut, ItemOut,
    MethodOut, OrganizationIdWire, PersonIdWire, ServiceRequestIdWire, SignatureResultOut, TimestampWire,
};

/// By what an item was verified.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceView {
    /// What was found.
    #[schema(required = true, example = "she confirmed the letter, and the date on it")]
    note: Option<String>,
    /// The number that was called.
    #[schema(required = true, example = "+1.650.555.0199")]
    number: Option<String>,
}

/// That somebody verified an item, and how.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerificationView {
    /// What.
    item: ItemOut,
    /// How.
    method: MethodOut,
    /// By what; `null` for everybody but staff.
    #[schema(required = true)]
    evidence: Option<EvidenceView>,
    /// Who.
    verified_by: PersonRefView,
    /// When.
    verified_at: TimestampWire,
}

/// Something that a reviewer should look at twice. Nothing is refused for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlagView {
    /// `foreign_domain`, `look_alike_domain`, `mixed_scripts` or `punycode` of a domain; `presumption_ended` of somebody who is said to be
    /// unavailable, and signed in or changed something since the escalation was opened.
    code: FlagKindOut,
    /// The item that it is about: `nominee_email`, or `signature` for the author's address; `null` where it is about a contact.
    #[schema(required = true)]
    item: Option<ItemOut>,
    /// The domain, as people read it.
    #[schema(required = true, example = "acrne.example")]
    domain: Option<String>,
    /// The domain of the organization that it resembles.
    #[schema(required = true, example = "acme.example")]
    resembles: Option<String>,
    /// The contact that it is about.
    #[schema(required = true)]
    contact_id: Option<ContactIdWire>,
    /// When they last signed in or changed something.
    #[schema(required = true)]
    at: Option<TimestampWire>,
}

/// What the own signature of a letter that came as an email says: supporting evidence, never enough by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterSignatureView {
    /// The file.
    attachment_id: AttachmentIdWire,
    /// `pass`, `none`, `fail` or `not_checked`.
    result: SignatureResultOut,
    /// Who signed it.
    #[schema(required = true, example = "acme.example")]
    domain: Option<String>,
    /// Whether the signature speaks for the address that the letter comes from.
    #[schema(example = true)]
    aligned: bool,
    /// The address that the letter comes from.
    #[schema(required = true, example = "carla.mendes@acme.example")]
    author: Option<String>,
    /// When it was signed, as the signature says.
    #[schema(required = true)]
    signed_at: Option<TimestampWire>,
    /// The header fields that the signature covers; others, such as a subject, may have been written afterwards.
    #[schema(example = json!(["from", "to", "subject", "date"]))]
    covers: Vec<String>,
    /// How many bytes of the body the signature covers; `null` for all of it, as it must be to pass.
    #[schema(required = true, example = 1024)]
    body_length: Option<i64>,
    /// Whether it supports anything: it passes, speaks for the letter's author as the escalation names them, and was signed at most seven
    /// days before the letter was received, and not after it was uploaded.
    #[schema(example = true)]
    counts: bool,
}

/// That somebody did something at a moment, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActView {
    /// Who; `null` for the system.
    #[schema(required = true)]
    by: Option<PersonIdWire>,
    /// When.
    at: TimestampWire,
    /// Why, or what was asked for.
    #[schema(required = true, example = "the signature cannot be read")]
    reason: Option<String>,
}

impl From<&Act> for ActView {
    fn from(act: &Act) -> Self {
        Self { by: act.by.map(Into::into), at: act.at.into(), reason: act.reason.as_ref().map(ToString::to_string) }
    }
}

/// An escalation: how an organization whose primary support contacts are gone gets a new one.
#[derive(Debug, Serialize, ToSchema)]
pub struct EscalationView {
    /// Its id.
    id: EscalationIdWire,
    /// Whose new primary support contact it is about.
    organization_id: OrganizationIdWire,
    /// The same, with the name.
    organization: OrganizationRefView,
    /// How it came in: `service_request`, `phone` or `account_team`.
    channel: ChannelOut,
    /// The service request that moves along with it; `null` also for contacts who do not see it.
    #[schema(required = true)]
    pub(crate) service_request_id: Option<ServiceRequestIdWire>,
    /// Where it stands: `submitted`, `in_review`, `information_requested`, `approved`, `objected`, `completed`, `rejected`, `withdrawn`
    /// or `lapsed`.
    status: EscalationStatusOut,
    /// The letter.
    letter: LetterView,
    /// Who shall become primary support contact.
    nominee: NomineeView,
    /// Why each primary support contact cannot be turned to.
    unavailable: Vec<UnavailableView>,
    /// What has been verified, each item by each method once.
    verification: Vec<VerificationView>,
    /// The items that still have to be verified; `email_signature` alone does not count.
    missing: Vec<ItemOut>,
    /// The numbers that were known before, with their age, in the order in which people guard the organization; those that are `callable`
    /// may be called. `null` for everybody but staff.
    #[schema(required = true)]
    call_back_numbers: Option<Vec<KnownNumberView>>,
    /// What a reviewer should look at twice; `null` for everybody but staff.
    #[schema(required = true)]
    flags: Option<Vec<FlagView>>,
    /// What the own signatures of letters that came as emails say; `null` for everybody but staff.
    #[schema(required = true)]
    letter_signatures: Option<Vec<LetterSignatureView>>,
    /// Who opened it.
    opened_by: PersonRefView,
    /// Who took it into review.
    #[schema(required = true)]
    reviewed_by: Option<PersonIdWire>,
    /// Why it came back into review instead of being completed.
    #[schema(required = true, example = "`nora.lima@acme.example` is a contact of another organization")]
    returned_reason: Option<String>,
    /// What information was asked for, while it is waited for.
    #[schema(required = true)]
    information_requested: Option<ActView>,
    /// Who approved it, while the approval stands.
    #[schema(required = true)]
    approved_by: Option<PersonIdWire>,
    /// When it was approved.
    #[schema(required = true)]
    approved_at: Option<TimestampWire>,
    /// When the waiting period ends; later, if it rests.
    #[schema(required = true)]
    completes_at: Option<TimestampWire>,
    /// Since when the waiting period rests, because the organization is suspended.
    #[schema(required = true)]
    rests_since: Option<TimestampWire>,
    /// The objection that stops it.
    #[schema(required = true)]
    objection: Option<ActView>,
    /// How it was last resumed after an objection.
    #[schema(required = true)]
    resumption: Option<ActView>,
    /// How it ended without being completed.
    #[schema(required = true)]
    ending: Option<ActView>,
    /// The nominee's contact, once it is completed.
    #[schema(required = true)]
    completed_contact_id: Option<ContactIdWire>,
    /// When it was completed.
    #[schema(required = true)]
    completed_at: Option<TimestampWire>,
    /// When it was opened.
    created_at: TimestampWire,
    /// When it was last changed.
    updated_at: TimestampWire,
    /// Grows by one with each change; approval names the version that was read.
    #[schema(example = 4)]
    version: i64,
}

page!(EscalationPage, EscalationView);

/// What only staff see of an escalation.
#[derive(Debug, Clone)]
pub(crate) struct Inside {
    /// The numbers that were known before it was opened (E-6a).
    pub(crate) numbers: Vec<KnownNumber>,
    /// Since how long before it a number must have been on record.
    pub(crate) min_age: Span,
    /// When those who are said to be unavailable last signed in.
    pub(crate) signed_in: Vec<(ContactId, Timestamp)>,
    /// The domains that its organization owns.
    pub(crate) domains: Vec<Domain>,
    /// What the own signatures of its letters say.
    pub(crate) signatures: Vec<(AttachmentId, SignatureCheck)>,
}

/// Loads what only staff see of an escalation; nothing for others.
pub(crate) fn inside(
    tx: &mut ReadTx<'_>,
    reader: &Actor,
    escalation: &Escalation,
    min_age: Span,
) -> Result<Option<Inside>, StorageError> {
    if !reader.is_staff() {
        return Ok(None);
    }
    let organization = escalation.organization.id;
    let domains = tx.organization(organization)?.map(|organization| organization.domains).unwrap_or_default();
    let mut signed_in = Vec::new();
    for one in &escalation.case.unavailable {
        let last = tx.contact(one.contact)?.and_then(|contact| contact.last_sign_in_at);
        signed_in.extend(last.map(|at| (one.contact, at)));
    }
    Ok(Some(Inside {
        min_age,
        signed_in,
        numbers: tx.known_numbers(organization, escalation.created_at)?,
        signatures: tx.letter_signatures(&escalation.case.letter.attachments)?,
        domains,
    }))
}

pub(crate) fn verification(verification: &Verification, is_for_staff: bool) -> VerificationView {
    let evidence = EvidenceView {
        note: verification.note.as_ref().map(ToString::to_string),
        number: verification.number.as_ref().map(ToString::to_string),
    };
    VerificationView {
        item: verification.item.into(),
        method: verification.method.into(),
        evidence: is_for_staff.then_some(evidence),
        verified_by: PersonRefView::from(&verification.by),
        verified_at: verification.at.into(),
    }
}

fn signature((attachment, check): &(AttachmentId, SignatureCheck), escalation: &Escalation) -> LetterSignatureView {
    let letter = &escalation.case.letter;
    LetterSignatureView {
        attachment_id: (*attachment).into(),
        result: check.result.into(),
        domain: check.domain.clone(),
        aligned: check.aligned,
        author: check.author.clone(),
        signed_at: check.cover.signed_at.map(Into::into),
        covers: check.cover.fields.clone(),
        body_length: check.cover.body_length,
        counts: letter.author_email.as_ref().is_some_and(|author| check.is_by(author, letter.received_at)),
    }
}

fn flag(flag: Flag) -> FlagView {
    FlagView {
        code: flag.kind.into(),
        item: Some(flag.item.into()),
        domain: Some(flag.domain),
        resembles: flag.resembles.map(|domain| domain.to_string()),
        contact_id: None,
        at: None,
    }
}

fn sign(sign: SignOfLife) -> FlagView {
    FlagView {
        code: FlagKind::PresumptionEnded.into(),
        item: None,
        domain: None,
        resembles: None,
        contact_id: Some(sign.contact.into()),
        at: Some(sign.at.into()),
    }
}

impl EscalationView {
    /// An escalation, with what only staff see where it is given.
    pub(crate) fn of(escalation: &Escalation, inside: Option<&Inside>) -> Self {
        let (case, state) = (&escalation.case, &escalation.state);
        let approval = state.approval();
        let (objection, ending) = match state {
            State::Objected { objection, .. } => (Some(objection.clone()), None),
            State::Rejected(act) | State::Withdrawn(act) => (None, Some(act.clone())),
            State::Lapsed { at } => (None, Some(Act { by: None, at: *at, reason: None })),
            _ => (None, None),
        };
        let returned = match state {
            State::InReview { returned } => returned.as_ref(),
            _ => None,
        };
        let requested = match state {
            State::InformationRequested(act) => Some(act),
            _ => None,
        };
        let completed = match state {
            State::Completed { contact, at, .. } => Some((*contact, *at)),
            _ => None,
        };
        Self {
            id: escalation.id.into(),
            organization_id: escalation.organization.id.into(),
            organization: OrganizationRefView::from(&escalation.organization),
            channel: escalation.channel.into(),
            service_request_id: escalation.service_request.map(Into::into),
            status: state.status().into(),
            letter: LetterView::from(&case.letter),
            nominee: NomineeView::from(&case.nominee),
            unavailable: case.unavailable.iter().map(Into::into).collect(),
            verification: escalation.verified.iter().map(|one| verification(one, inside.is_some())).collect(),
            missing: escalation.missing().into_iter().map(Into::into).collect(),
            call_back_numbers: inside
                .map(|inside| offered(CallBacks { escalation, min_age: inside.min_age }, &inside.numbers)),
            flags: inside.map(|inside| {
                let signs = signs_of_life(escalation, &inside.signed_in).into_iter().map(sign);
                flags(case, &inside.domains).into_iter().map(flag).chain(signs).collect()
            }),
            letter_signatures: inside.map(|inside| {
                let of_case = |found: &(AttachmentId, SignatureCheck)| signature(found, escalation);
                inside.signatures.iter().map(of_case).collect()
            }),
            opened_by: PersonRefView::from(&escalation.opened_by),
            reviewed_by: escalation.reviewer.map(Into::into),
            returned_reason: returned.map(ToString::to_string),
            information_requested: requested.map(ActView::from),
            approved_by: approval.map(|approval| approval.by.into()),
            approved_at: approval.map(|approval| approval.at.into()),
            completes_at: approval.map(|approval| approval.completes_at.into()),
            rests_since: approval.and_then(|approval| approval.rests_since).map(Into::into),
            objection: objection.as_ref().map(ActView::from),
            resumption: escalation.resumption.as_ref().map(ActView::from),
            ending: ending.as_ref().map(ActView::from),
            completed_contact_id: completed.map(|(contact, _)| contact.into()),
            completed_at: completed.map(|(_, at)| at.into()),
            created_at: escalation.created_at.into(),
            updated_at: escalation.updated_at.into(),
            version: escalation.version,
        }
    }
}
