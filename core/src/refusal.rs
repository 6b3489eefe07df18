//! The one table of error codes, and what a rule answers when it says no.
//!
//! Codes are added, never renamed, reused or removed. Core names a [`RefusalKind`]; which HTTP status that is, is
//! decided in one function of the api crate.

use std::fmt;

use crate::id::{AnyId, GrantId, OrganizationId};
use crate::say;
use crate::text::Flaw;
use crate::time::Timestamp;
use crate::vocabulary::{Level, Permission, StaffRole, Vocabulary};
use crate::wording::Wording;

/// Who has to act on an error, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// Not readable at all: the client's programmer.
    Malformed,
    /// No or bad credentials.
    Unauthenticated,
    /// The caller may know that it exists, but may not do this.
    Forbidden,
    /// Does not exist, or the caller may not know that it does.
    NotFound,
    /// The resource has no such method.
    MethodNotAllowed,
    /// No representation that the caller accepts.
    NotAcceptable,
    /// Contradicts the present state: look again.
    Conflict,
    /// `If-Match` does not hold: reload.
    Stale,
    /// Longer than the limit.
    TooLarge,
    /// A part of the content that is not there.
    OutsideContent,
    /// A media type that this operation does not read.
    UnsupportedMediaType,
    /// Readable, but a value is not allowed.
    Invalid,
    /// Too often: later.
    Exhausted,
    /// A bug or a damaged row: us.
    Internal,
    /// Not now: later.
    Unavailable,
}

macro_rules! codes {
    ($($code:ident = $name:literal : $kind:ident, $title:literal, $advice:literal;)+) => {
        /// A stable error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $code,)+ }

        impl Vocabulary for Code {
            const WHAT: &'static str = "error code";
            const ALL: &'static [Self] = &[$(Self::$code,)+];
            fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }
        }

        impl Code {
            /// Who has to act.
            pub fn kind(self) -> RefusalKind {
                match self { $(Self::$code => RefusalKind::$kind,)+ }
            }

            /// The error in a few words, the same at each occurrence.
            pub fn title(self) -> Wording {
                match self { $(Self::$code => say!($title),)+ }
            }

            /// What the caller can do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$code => $advice,)+ }
            }
        }
    };
}

codes! {
    // variant = "code on the wire" : kind, "title", "what to do";
    MalformedRequest = "malformed_request" : Malformed, "the request cannot be read",
        "Send what the operation's description asks for: well-formed JSON without duplicate members, readable headers.";
    InvalidIfMatch = "invalid_if_match" : Malformed, "the If-Match or If-None-Match header cannot be read",
        "Send the resource's ETag, or its version in double quotes.";
    InvalidIdempotencyKey = "invalid_idempotency_key" : Malformed, "the Idempotency-Key header cannot be read",
        "Send 1 to 255 visible ASCII characters, for example a UUID.";
    InvalidFileName = "invalid_file_name" : Malformed, "the name of the file is missing or cannot be read",
        "Send Content-Disposition: attachment; filename=\"…\" (beyond ASCII: filename*=UTF-8''…) with 1 to 255 characters.";
    InvalidContentDigest = "invalid_content_digest" : Malformed, "the Content-Digest header cannot be read",
        "Send sha-256=:…: with the SHA-256 of the body in base64 (RFC 9530), or leave the header out.";
    Unauthenticated = "unauthenticated" : Unauthenticated, "no valid credentials",
        "Sign in with POST /v1/sessions, or refresh, and send the access token as a bearer token.";
    InvalidCredentials = "invalid_credentials" : Unauthenticated, "email and password do not match",
        "Check both; set a new password with POST /v1/password-resets. A contact who was invited sets one with the link in the welcome email.";
    InvalidRefreshToken = "invalid_refresh_token" : Unauthenticated, "the refresh token is not valid",
        "Sign in again. A refresh token is good for one use; using an old one ends the session.";
    PermissionRequired = "permission_required" : Forbidden, "this takes more permission",
        "The member `required` names what would be enough, `ask` where to ask for it.";
    PrimarySupportContactRequired = "primary_support_contact_required" : Forbidden, "only a primary support contact may do this",
        "Ask a primary support contact of the organization; `ask` says where to find them.";
    ContactManagerProtected = "contact_manager_protected" : Forbidden, "contact managers and primary support contacts are their own organization's affair",
        "Ask a contact manager of the organization; `ask` says where to find them.";
    OutsideCustomerDomains = "outside_customer_domains" : Forbidden, "the email is in none of the organization's own domains",
        "Whoever acts by a grant makes contacts in the organization's own domains alone; ask one of its contact managers.";
    StaffOnly = "staff_only" : Forbidden, "only the vendor's staff may do this",
        "Leave the member out, or ask support.";
    OwnRecord = "own_record" : Forbidden, "nobody changes their own type, permission or status, or confirms only themselves",
        "Ask another contact manager of the organization.";
    SecondPersonRequired = "second_person_required" : Forbidden, "this takes another person",
        "Ask another duty manager: nobody decides alone about what they opened, changed or verified, or resumes what they approved.";
    NotFound = "not_found" : NotFound, "not found",
        "Check the id. What you may not know of answers the same as what does not exist.";
    RouteNotFound = "route_not_found" : NotFound, "no such path",
        "Check the path against the reference at /docs.";
    MethodNotAllowed = "method_not_allowed" : MethodNotAllowed, "the path does not have this method",
        "The Allow header names the methods that it has.";
    ContactsAreNotDeleted = "contacts_are_not_deleted" : MethodNotAllowed, "contacts are never deleted",
        "Disable the contact with POST /v1/contacts/{id}/disable: it takes effect at once, and the record stays in the list.";
    NotAcceptable = "not_acceptable" : NotAcceptable, "no representation that you accept",
        "Accept application/json; the list of contacts also comes as text/csv.";
    ContactExists = "contact_exists" : Conflict, "the contact already exists in this organization",
        "Look the contact up by email and edit it, or enable it if it is disabled.";
    ContactInOtherOrganization = "contact_in_other_organization" : Conflict, "this contact already exists but is not in your organization",
        "If `invitation_available` is true, invite the contact; else use another email address.";
    LastContactManager = "last_contact_manager" : Conflict, "the organization would be left without an active contact manager",
        "Give another active contact manage_contacts first.";
    LastPrimarySupportContact = "last_primary_support_contact" : Conflict, "the organization would be left without an active primary support contact",
        "Appoint another active contact as primary support contact first.";
    DomainTaken = "domain_taken" : Conflict, "the domain belongs to another organization",
        "Check the domain; each belongs to one organization.";
    GrantExists = "grant_exists" : Conflict, "this grantee already has a live grant",
        "Edit the grant that `grant_id` names.";
    InvitationExists = "invitation_exists" : Conflict, "the contact has been invited already",
        "Wait for the answer to the invitation that `about` names, or cancel it first.";
    ReviewOpen = "review_open" : Conflict, "a contact review is open already",
        "Finish the review that `about` names.";
    SiteExists = "site_exists" : Conflict, "the organization has a site of this name",
        "Use another name, or edit the site that `about` names.";
    TooManySites = "too_many_sites" : Conflict, "the organization has as many sites as it may have",
        "Archive a site that is out of use with PATCH /v1/sites/{site_id} first.";
    GrantRequestExists = "grant_request_exists" : Conflict, "this grant has been asked for already",
        "Wait for the answer to the request that `about` names, or withdraw it first.";
    EscalationExists = "escalation_exists" : Conflict, "an escalation of this organization is under way",
        "Follow the escalation that `about` names.";
    EscalationUnderWay = "escalation_under_way" : Conflict, "an escalation of this organization is under way",
        "Staff disable no primary support contact or contact manager until it is over, but by completing it; `about` names it.";
    ServiceRequestSealed = "service_request_sealed" : Conflict, "the service request stays confidential for good",
        "It tells of an escalation, which nobody outside the organization learns of; write another service request for what others shall see.";
    PrimarySupportContactAvailable = "primary_support_contact_available" : Conflict, "the organization has a primary support contact who is not said to be unavailable",
        "Turn to them; or say in `unavailable` why each one that `missing` names is not available.";
    VerificationIncomplete = "verification_incomplete" : Conflict, "not everything has been verified",
        "Verify the items that `missing` names, each by a method other than `email_signature`.";
    WaitingPeriod = "waiting_period" : Conflict, "the waiting period is not over",
        "Wait until `completes_at`; the server completes the escalation by itself then.";
    InvalidTransition = "invalid_transition" : Conflict, "the present state does not allow this",
        "Load the resource again; `current_status` is where it stands.";
    ServiceRequestClosed = "service_request_closed" : Conflict, "the service request is closed",
        "Closed is final: create a new request with `follow_up_of`.";
    IdempotencyKeyInUse = "idempotency_key_in_use" : Conflict, "a request with this idempotency key is being worked on",
        "Wait a moment and repeat the same request.";
    PointOfContactRequired = "point_of_contact_required" : Conflict, "the point of contact stays until somebody else is named",
        "Name another point of contact first; the one whom `about` names can be added or removed then.";
    TooManyParticipants = "too_many_participants" : Conflict, "the service request has as many participants as it may have",
        "Remove somebody with DELETE /v1/service-requests/{id}/participants/{person_id} first.";
    VersionMismatch = "version_mismatch" : Stale, "the resource has changed since it was read",
        "Load it again, look at what changed, and repeat with its present version.";
    BodyTooLarge = "body_too_large" : TooLarge, "the body is too large",
        "JSON bodies may have 256 KiB, imports 16 MiB, attachments 25 MiB.";
    RangeNotSatisfiable = "range_not_satisfiable" : OutsideContent, "the content has no such range",
        "The Content-Range header names the content's length; ask for a range that begins within it.";
    UnsupportedMediaType = "unsupported_media_type" : UnsupportedMediaType, "the operation does not read this media type",
        "Send application/json (for PATCH also application/merge-patch+json; for imports text/csv or application/x-ndjson).";
    ValidationFailed = "validation_failed" : Invalid, "values are not allowed",
        "`errors` names every one of them.";
    InvalidCursor = "invalid_cursor" : Invalid, "the cursor does not belong to this list",
        "Start again without a cursor; use a cursor only with the filters that it was made with.";
    InvalidLink = "invalid_link" : Invalid, "the link is not valid",
        "Links are good for one use and for a limited time. Ask for a new one.";
    VendorStaffNotAllowed = "vendor_staff_not_allowed" : Invalid, "the vendor's own people cannot be contacts",
        "Use an email address outside the vendor's domains.";
    ContactCombinationInvalid = "contact_combination_invalid" : Invalid, "a primary support contact needs more than knowledge_base",
        "Choose designated_support or manage_contacts, or the type technical.";
    GranteeNotAllowed = "grantee_not_allowed" : Invalid, "this grantee cannot hold a grant of yours",
        "Grant to a partner organization, to an active contact of one, or to a staff member of the vendor.";
    PartnersOnly = "partners_only" : Invalid, "only partner organizations can do this",
        "Customers are asked for grants by partners; the vendor's administrators say which organizations are partners.";
    GrantorNotAllowed = "grantor_not_allowed" : Invalid, "this organization cannot be asked",
        "Name a customer, by its id or by one of its domains.";
    RenewalNotAllowed = "renewal_not_allowed" : Invalid, "this grant cannot be renewed",
        "Name a grant that the grantee holds, or held until its time was over; for a revoked one ask anew.";
    LevelNotAllowed = "level_not_allowed" : Invalid, "this level is for individuals alone",
        "To take an organization's access away, revoke its grant.";
    ExpiryRequired = "expiry_required" : Invalid, "a grant to the vendor's staff needs an expiry",
        "Send `expires_at`.";
    ExpiryInPast = "expiry_in_past" : Invalid, "the expiry is not in the future",
        "Send a later `expires_at`; to end a grant now, revoke it.";
    AcknowledgementRequired = "acknowledgement_required" : Invalid, "this shows everything to the whole partner organization",
        "Read `detail`, then send `acknowledge_organization_wide_visibility: true`.";
    PointOfContactNotAllowed = "point_of_contact_not_allowed" : Invalid, "this person cannot be the point of contact",
        "Name a designated contact of the organization or, as the organization's own contact, an enabled partner.";
    AssigneeNotAllowed = "assignee_not_allowed" : Invalid, "this person cannot be assigned",
        "Assign an active agent or duty manager.";
    FollowUpNotAllowed = "follow_up_not_allowed" : Invalid, "this request cannot be followed up",
        "Follow up a closed request of the same organization; a request that is not closed can be updated instead.";
    InvitationNotAvailable = "invitation_not_available" : Invalid, "this person cannot be invited",
        "Invite a contact of another organization whose email is in one of the domains of the organization that they would join; create a contact whom nobody has yet.";
    NotInReview = "not_in_review" : Invalid, "these contacts are not in the review",
        "A review covers the contacts of the moment when it was started; list them with GET /v1/contact-reviews/{id}/contacts.";
    SiteNotAllowed = "site_not_allowed" : Invalid, "no such site or shift of the organization",
        "Name sites of the contact's own organization that are not archived, and shifts that they have.";
    AccountTeamNotAllowed = "account_team_not_allowed" : Invalid, "this staff member cannot have this place in the account team",
        "Name an active staff member who has the role.";
    TrainingNotApplicable = "training_not_applicable" : Invalid, "only designated contacts have training to lack",
        "Mark contacts with designated_support or above who are not disabled.";
    ImportRefused = "import_refused" : Invalid, "rows of the import are not allowed, so none was taken",
        "`errors` names every row and field; mend them, try with dry_run=true, and send the file again.";
    ImportTooLong = "import_too_long" : Invalid, "the import has too many rows",
        "Send at most 10,000 rows at once.";
    AttachmentNotAllowed = "attachment_not_allowed" : Invalid, "a message cannot have these attachments",
        "Name what you have uploaded to the same request yourself, each once, within a day; `errors` names those that are not.";
    DigestMismatch = "digest_mismatch" : Invalid, "the body is not what Content-Digest says",
        "Send the file again; if it fails again, compute the digest over exactly the bytes of the body.";
    CallBackNumberNotAllowed = "call_back_number_not_allowed" : Invalid, "this number is not one to call back",
        "Call a number of `call_back_numbers`: those that were known before the escalation was opened.";
    NomineeNotAllowed = "nominee_not_allowed" : Invalid, "this person cannot be appointed",
        "Nominate somebody who is not said to be unavailable, and was not disabled since the escalation was opened.";
    NothingToVerify = "nothing_to_verify" : Invalid, "the letter does not have this yet",
        "Ask for the information first.";
    IdempotencyKeyReused = "idempotency_key_reused" : Invalid, "the idempotency key was used with another request",
        "Use a new key for a new request, or repeat the first one exactly.";
    ParticipantNotAllowed = "participant_not_allowed" : Invalid, "this person cannot take part in the service request",
        "Name a contact of the organization with designated_support or above, or a person with a live grant of it.";
    TooManyAttempts = "too_many_attempts" : Exhausted, "too many failed attempts",
        "Wait as long as Retry-After says.";
    Internal = "internal" : Internal, "something went wrong on our side",
        "Report `request_id` to whoever runs this server.";
    Unavailable = "unavailable" : Unavailable, "the server cannot answer now",
        "Repeat after Retry-After; send an Idempotency-Key so that nothing happens twice.";
    DeadlineExceeded = "deadline_exceeded" : Unavailable, "the answer took too long",
        "Repeat after Retry-After; send an Idempotency-Key so that nothing happens twice.";
}

/// What would have been enough (X-3a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// A contact of the organization with at least this permission.
    Permission(Permission),
    /// A primary support contact of the organization.
    PrimarySupport,
    /// A partner's grant of at least this level.
    Level(Level),
    /// A staff member with one of these roles.
    Roles(&'static [StaffRole]),
}

impl Requirement {
    /// What it takes, as a part of a sentence.
    pub fn wording(self) -> Wording {
        match self {
            Self::Permission(permission) => say!("permission `{permission}`", permission = permission.name()),
            Self::PrimarySupport => say!("type `primary_support`"),
            Self::Level(level) => say!("a grant of level `{level}`", level = level.name()),
            Self::Roles(roles) => {
                let mut names = roles.iter().map(|role| role.name());
                let first = say!("the role `{role}`", role = names.next().unwrap_or_default());
                names.fold(first, |roles, role| say!("{roles} or `{role}`", roles, role))
            }
        }
    }
}

/// A machine-readable member of a refusal, beside its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// `required`: what would have been enough (X-3a).
    Required(Requirement),
    /// `ask`: the organization whose contact managers could give it (X-3a).
    AskContactManagersOf(OrganizationId),
    /// `ask`: a request for a grant by the caller's own organization could lead to it (X-3a).
    AskForGrant,
    /// `invitation_available` (C-13).
    InvitationAvailable(bool),
    /// `grant_id` (G-6).
    Grant(GrantId),
    /// `current_status`.
    CurrentStatus(&'static str),
    /// `current_version`.
    CurrentVersion(i64),
    /// `Retry-After`, in seconds.
    RetryAfter(i64),
    /// `about`: what stands in the way.
    About(AnyId),
    /// `missing`: what is lacking, by name or id.
    Missing(Vec<String>),
    /// `completes_at`: when a waiting period ends.
    CompletesAt(Timestamp),
    /// The code of the member that the pointer names, where it is finer than the refusal's own.
    MemberCode(&'static str),
    /// `errors`: the values that are to blame, each with its own pointer, where there may be several.
    Flaws(Vec<(String, Flaw)>),
}

/// A rule's no.
///
/// *Shape*: `detail` is for people, in lower case without a full stop and with values in backticks; `pointer` is the
/// member of the request's body that it is about, as a JSON Pointer in fragment form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What was wrong, with which value.
    pub detail: Wording,
    /// The member of the body, if one is to blame.
    pub pointer: Option<&'static str>,
    /// Further members.
    pub extras: Vec<Extra>,
}

impl Refusal {
    /// A refusal with its explanation.
    pub fn new(code: Code, detail: Wording) -> Self {
        Self { code, detail, pointer: None, extras: Vec::new() }
    }

    /// A refusal whose title says it all.
    pub fn of(code: Code) -> Self {
        Self::new(code, code.title())
    }

    /// The same answer for what does not exist and for what the caller may not know of.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, say!("there is nothing here that you may see"))
    }

    /// A value that cannot be accepted, found while deciding.
    pub fn flawed(pointer: &'static str, flaw: Flaw) -> Self {
        Self::new(Code::ValidationFailed, flaw.message).at(pointer).with(Extra::MemberCode(flaw.code))
    }

    /// Names the member of the body that is to blame.
    #[must_use]
    pub fn at(mut self, pointer: &'static str) -> Self {
        self.pointer = Some(pointer);
        self
    }

    /// Adds a machine-readable member.
    #[must_use]
    pub fn with(mut self, extra: Extra) -> Self {
        self.extras.push(extra);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl std::error::Error for Refusal {}
