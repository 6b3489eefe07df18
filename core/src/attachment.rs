//! Attachments of a service request: uploaded by somebody, then added to a message of theirs (S-6).
//!
//! Until then a file is a draft, which its uploader alone knows of. Those that no message takes up are removed after a day.

use std::fmt;

use crate::access::Visible;
use crate::actor::PersonRef;
use crate::change::{Change, Context, Recorded};
use crate::escalation::{self, Escalation, EscalationFacts};
use crate::escalation_step;
use crate::id::{AnyId, AttachmentId, EscalationId, MessageId, OrganizationId, ServiceRequestId};
use crate::journal::{EventKind, Fact, Snapshot};
use crate::media_type::MediaType;
use crate::message::{self, Message};
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::service_request::{self, RequestFacts, expect_open};
use crate::text::{FileName, Flaw};
use crate::time::{Span, Timestamp};
use crate::vocabulary::Vocabulary as _;

/// Bytes in an attachment, at most.
pub const ATTACHMENT_BYTES_MAX: u64 = 25 * 1024 * 1024;
/// Attachments of one message, at most.
pub const ATTACHMENTS_MAX: u64 = 20;
/// How long a file that no message takes up is kept.
pub const DRAFT_KEPT: Span = Span::days(1);

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it was uploaded to.
    pub place: Place,
    /// Whose request or escalation that is.
    pub organization: OrganizationId,
    /// Who uploaded it.
    pub uploaded_by: PersonRef,
    /// What it is called.
    pub file_name: FileName,
    /// What is known of its bytes.
    pub content: Content,
    /// Whether a message has taken it up.
    pub stage: Stage,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

/// What a file is uploaded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A service request.
    Request(ServiceRequestId),
    /// An escalation, whose letter it is (E-3).
    Escalation(EscalationId),
}

impl Place {
    /// The request, if it is one.
    pub fn request(self) -> Option<ServiceRequestId> {
        match self {
            Self::Request(id) => Some(id),
            Self::Escalation(_) => None,
        }
    }

    /// The escalation, if it is one.
    pub fn escalation(self) -> Option<EscalationId> {
        match self {
            Self::Request(_) => None,
            Self::Escalation(id) => Some(id),
        }
    }

    /// Its id.
    pub fn id(self) -> AnyId {
        match self {
            Self::Request(id) => id.into(),
            Self::Escalation(id) => id.into(),
        }
    }
}

/// What is known of the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What its uploader says it is.
    pub media_type: MediaType,
    /// What its beginning looks like.
    pub detected: MediaType,
    /// How many bytes it has, from 1 to [`ATTACHMENT_BYTES_MAX`].
    pub size: i64,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Sum,
}

impl Content {
    /// As what it is handed out: as what its uploader says, unless it does not look like that.
    pub fn served_as(&self) -> MediaType {
        if self.media_type.agrees_with(&self.detected) { self.media_type.clone() } else { MediaType::opaque() }
    }
}

/// SHA-256 of some bytes. Printed as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sha256Sum(pub [u8; 32]);

impl Sha256Sum {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut sum = [0; 32];
        let is_whole = text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        for (index, byte) in sum.iter_mut().enumerate().filter(|_| is_whole) {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        is_whole.then_some(Self(sum))
    }
}

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where an attachment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No message has taken it up: it is its uploader's alone.
    Draft,
    /// It belongs to a message, for good.
    Added {
        /// The message.
        message: MessageId,
        /// Whether that is a note that only staff see (S-5).
        internal: bool,
    },
    /// It is the letter of an escalation, or a part of it, for good (E-3).
    Letter,
}

impl Stage {
    /// The message, if there is one.
    pub fn message(self) -> Option<MessageId> {
        match self {
            Self::Draft | Self::Letter => None,
            Self::Added { message, .. } => Some(message),
        }
    }
}

impl Recorded for Attachment {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    /// Whoever may not know of it finds no gap in their journal: a draft, and what belongs to a note, stand in that of the
    /// uploader's organization, which for notes is the vendor's.
    fn journal_of(&self) -> OrganizationId {
        match self.stage {
            Stage::Added { internal: false, .. } | Stage::Letter => self.organization,
            Stage::Added { internal: true, .. } | Stage::Draft => self.uploaded_by.organization,
        }
    }

    /// The name of the file stays out of the journal, as the text of a message does.
    fn snapshot(&self) -> Snapshot {
        vec![
            ("service_request_id", Fact::optional(self.place.request().as_ref())),
            ("escalation_id", Fact::optional(self.place.escalation().as_ref())),
            ("message_id", Fact::optional(self.stage.message().as_ref())),
            ("media_type", Fact::text(&self.content.media_type)),
            ("detected_media_type", Fact::text(&self.content.detected)),
            ("size", Fact::Number(self.content.size)),
            ("sha256", Fact::text(self.content.sha256)),
        ]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, _now: Timestamp) -> Self {
        Self { version: self.version + 1, ..self }
    }
}

/// An attachment to be, its bytes received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAttachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it is called.
    pub file_name: FileName,
    /// What is known of its bytes.
    pub content: Content,
}

/// Allows uploading to a request, before anything of the file is received.
///
/// *Decides*: request visible? may update it? not closed?
pub fn allow_upload(facts: &RequestFacts) -> Result<(), Refusal> {
    service_request::updatable(facts).and_then(|request| expect_open(&request))
}

/// Takes up an uploaded file as a draft. Decides again what [`allow_upload`] did, for receiving takes its time.
pub fn create(
    context: &Context,
    facts: &RequestFacts,
    command: CreateAttachment,
) -> Result<Change<Attachment>, Refusal> {
    let request = service_request::updatable(facts)?;
    expect_open(&request)?;
    let organization = request.organization.id;
    let attachment = Attachment {
        id: command.id,
        place: Place::Request(request.id),
        organization,
        uploaded_by: facts.actor.reference(),
        file_name: command.file_name,
        content: command.content,
        stage: Stage::Draft,
        created_at: context.now,
        version: 1,
    };
    Ok(Change::create(context, facts.standing.authority(organization), EventKind::AttachmentUploaded, attachment))
}

/// Adds drafts to a message that is just being written; `named` are the attachments that it names, where they exist.
///
/// *Decides*, of each: a draft, uploaded by the author to the same request, and named once? One answer for all that is wrong, so
/// that nobody learns of somebody else's.
///
/// *Errors*: `attachment_not_allowed`, with a flaw for each.
pub fn add(
    context: &Context,
    facts: &RequestFacts,
    message: &Change<Message>,
    named: Vec<Option<Attachment>>,
) -> Result<Vec<Change<Attachment>>, Refusal> {
    let message = message.after();
    let mut drafts: Vec<Attachment> = Vec::with_capacity(named.len());
    let mut flaws = Vec::new();
    for (index, attachment) in named.into_iter().enumerate() {
        let is_own_draft = |draft: &Attachment| {
            draft.stage == Stage::Draft
                && draft.place == Place::Request(message.request)
                && draft.uploaded_by.id == facts.actor.id()
                && drafts.iter().all(|other| other.id != draft.id)
        };
        match attachment.filter(is_own_draft) {
            Some(draft) => drafts.push(draft),
            None => {
                let flaw = say!("is not an upload of yours to this request that no message has yet, named once");
                flaws.push((format!("#/attachment_ids/{index}"), Flaw::new(Code::AttachmentNotAllowed.name(), flaw)));
            }
        }
    }
    if !flaws.is_empty() {
        let detail =
            say!("{count} of the attachments cannot be added to the message, see `errors`", count = flaws.len());
        return Err(Refusal::new(Code::AttachmentNotAllowed, detail).with(Extra::Flaws(flaws)));
    }
    let authority = facts.standing.authority(message.organization);
    let stage = Stage::Added { message: message.id, internal: message.internal };
    let add = |draft: Attachment| {
        let added = Attachment { stage, ..draft.clone() };
        Change::update(context, authority, EventKind::AttachmentAdded, draft, added)
    };
    Ok(drafts.into_iter().map(add).collect())
}

/// What must be known to show an attachment.
#[derive(Debug, Clone)]
pub struct AttachmentFacts {
    /// Who asks, and the request that the attachment was uploaded to.
    pub request: RequestFacts,
    /// The attachment, if it exists.
    pub attachment: Option<Attachment>,
}

/// Shows an attachment to whoever may read its message, and a draft to its uploader.
///
/// *Errors*: `not_found`, the same for what does not exist and for what is hidden.
pub fn view(facts: AttachmentFacts) -> Result<Visible<Attachment>, Refusal> {
    let reach = message::allow_list(&facts.request)?;
    let actor = &facts.request.actor;
    let is_visible = |attachment: &Attachment| match attachment.stage {
        Stage::Draft => attachment.uploaded_by.id == actor.id(),
        Stage::Added { internal, .. } => !internal || reach.reaches_internal(),
        Stage::Letter => false,
    };
    let visible = facts.attachment.filter(is_visible).ok_or_else(Refusal::not_found)?;
    Ok(Visible::new(visible, actor))
}

/// Allows uploading the letter of an escalation, before anything of the file is received.
///
/// *Errors*: as editing the escalation.
pub fn allow_letter(context: &Context, facts: EscalationFacts) -> Result<(), Refusal> {
    escalation_step::editable(context, facts).map(drop)
}

/// A letter that was taken up. Saved in this order.
#[derive(Debug)]
pub struct LetterAdded {
    /// The file.
    pub attachment: Change<Attachment>,
    /// The escalation, whose letter it belongs to now.
    pub escalation: Change<Escalation>,
}

/// Takes up an uploaded file as the letter of an escalation, or a part of it; what was verified before has to be verified again (E-6).
/// Decides again what [`allow_letter`] did.
pub fn create_letter(
    context: &Context,
    facts: EscalationFacts,
    command: CreateAttachment,
) -> Result<LetterAdded, Refusal> {
    let (actor, standing, escalation) = escalation_step::editable(context, facts)?;
    let attachment = Attachment {
        id: command.id,
        place: Place::Escalation(escalation.id),
        organization: escalation.organization.id,
        uploaded_by: actor.reference(),
        file_name: command.file_name,
        content: command.content,
        stage: Stage::Letter,
        created_at: context.now,
        version: 1,
    };
    let authority = standing.authority(attachment.organization);
    let escalation = escalation_step::attach(context, &standing, escalation, attachment.id)?;
    let attachment = Change::create(context, authority, EventKind::AttachmentUploaded, attachment);
    Ok(LetterAdded { attachment, escalation })
}

/// Whether somebody may name a file as the letter of an escalation, or of one to be: a file of the escalation, or one of its service
/// request that they see (E-3).
pub fn can_be_letter(
    facts: AttachmentFacts,
    escalation: Option<EscalationId>,
    request: Option<ServiceRequestId>,
) -> bool {
    match facts.attachment.as_ref().map(|found| found.place) {
        Some(Place::Escalation(place)) => Some(place) == escalation,
        Some(Place::Request(place)) => Some(place) == request && view(facts).is_ok(),
        None => false,
    }
}

/// Shows the letter of an escalation to whoever may see the escalation (E-11).
///
/// *Errors*: `not_found`, the same for what does not exist and for what is hidden.
pub fn view_letter(
    now: Timestamp,
    facts: EscalationFacts,
    attachment: Option<Attachment>,
) -> Result<Visible<Attachment>, Refusal> {
    let actor = facts.actor.clone();
    let escalation = escalation::view(now, facts).map_err(|_| Refusal::not_found())?.into_value();
    let attachment = attachment.filter(|letter| letter.place == Place::Escalation(escalation.id));
    attachment.map(|letter| Visible::new(letter, &actor)).ok_or_else(Refusal::not_found)
}
