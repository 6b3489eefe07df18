//! Closed sets of words. The name that a member has on the wire and in the database is spelled here and nowhere else.

/// A closed set of words.
pub trait Vocabulary: Copy + Eq + 'static {
    /// What the set is called, for messages.
    const WHAT: &'static str;
    /// Every member, in its documented order.
    const ALL: &'static [Self];

    /// The member's stable name.
    fn name(self) -> &'static str;

    /// The member with this name.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|member| member.name() == name)
    }
}

/// Declares a closed set of words. Members are ordered as they are declared.
#[macro_export]
macro_rules! vocabulary {
    ($(#[$doc:meta])* $set:ident ($what:literal) { $($(#[$member_doc:meta])* $member:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $set { $($(#[$member_doc])* $member,)+ }

        impl $crate::vocabulary::Vocabulary for $set {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &[$(Self::$member,)+];
            fn name(self) -> &'static str {
                match self { $(Self::$member => $name,)+ }
            }
        }
    };
}

pub use vocabulary;

vocabulary! {
    /// What an organization is to the vendor (O-1).
    OrganizationType ("organization kind") {
        /// Has contacts and service requests.
        Customer = "customer",
        /// A customer that other customers may grant access to.
        Partner = "partner",
        /// The one whose support desk this is; exactly one exists.
        Vendor = "vendor",
    }
}

vocabulary! {
    /// Whether an organization may use the system.
    OrganizationStatus ("organization status") {
        /// In use.
        Active = "active",
        /// Nobody of it signs in and its grants rest (G-12).
        Suspended = "suspended",
    }
}

vocabulary! {
    /// Whether a contact guards what is sensitive (C-5).
    ContactType ("contact type") {
        /// The default.
        Technical = "technical",
        /// The security gate between vendor and customer.
        PrimarySupport = "primary_support",
    }
}

vocabulary! {
    /// What a contact may do, each including those before it (C-6).
    Permission ("permission") {
        /// Reads the knowledge base.
        KnowledgeBase = "knowledge_base",
        /// Submits, views and updates the organization's service requests.
        DesignatedSupport = "designated_support",
        /// Keeps the list of contacts and the partner grants.
        ManageContacts = "manage_contacts",
    }
}

vocabulary! {
    /// What a contact looks after at the customer's (C-8).
    Duty ("duty") {
        /// Keeps workstations and network fit.
        It = "it",
        /// Users, permissions, contact records, configuration.
        SiteAdministrator = "site_administrator",
        /// Operations or business owner.
        Operations = "operations",
        /// The web pages.
        WebDevelopment = "web_development",
        /// Security.
        Security = "security",
    }
}

vocabulary! {
    /// Where a contact or staff member stands in their life cycle (C-12, C-14, C-15).
    PersonStatus ("status") {
        /// Has not set a password yet.
        Invited = "invited",
        /// May sign in.
        Active = "active",
        /// May not sign in; stays in the list.
        Disabled = "disabled",
        /// Belongs to another organization now; this record is history.
        Transferred = "transferred",
    }
}

vocabulary! {
    /// What a staff member does (O-3).
    StaffRole ("staff role") {
        /// Works on service requests.
        Agent = "agent",
        /// Leads the desk and decides escalations.
        DutyManager = "duty_manager",
        /// Looks after customers' technology.
        TechnicalAccountManager = "technical_account_manager",
        /// Looks after customers' success.
        CustomerSuccessManager = "customer_success_manager",
        /// Looks after the contracts.
        SalesManager = "sales_manager",
        /// Works at the customer's, by a grant.
        Consultant = "consultant",
        /// Keeps organizations and staff.
        Administrator = "administrator",
    }
}

vocabulary! {
    /// How far a grant reaches, each level including those before it (G-3, G-13).
    Level ("level") {
        /// Shuts one person out of what their organization was granted; for individuals alone.
        None = "none",
        /// Reads only the requests it participates in.
        Cc = "cc",
        /// Reads all requests.
        View = "view",
        /// Updates open requests.
        Update = "update",
        /// Creates requests.
        Create = "create",
        /// Creates restricted requests, except upgrades (S-8).
        ServiceAdmin = "service_admin",
        /// Manages contacts.
        FullAdmin = "full_admin",
    }
}

vocabulary! {
    /// Which requests a grant at `view` or above reaches, each scope including those before it (G-16).
    History ("history scope") {
        /// Those that were created after the grant was made.
        New = "new",
        /// Those that were not closed when the grant was made, and later ones.
        Open = "open",
        /// Past and present ones.
        All = "all",
    }
}

vocabulary! {
    /// Who holds a grant (G-1).
    GranteeType ("grantee type") {
        /// A partner organization as a whole.
        Organization = "organization",
        /// One contact of a partner organization.
        Contact = "contact",
        /// One staff member of the vendor.
        Staff = "staff",
    }
}

vocabulary! {
    /// Whether a grant gives something now (G-4, G-12).
    GrantStatus ("grant status") {
        /// Neither over nor taken back.
        Live = "live",
        /// Its time is over.
        Expired = "expired",
        /// Taken back by the grantor.
        Revoked = "revoked",
        /// Over because its holder was disabled or left.
        Ended = "ended",
    }
}

vocabulary! {
    /// Where a request for a grant stands (G-9).
    GrantRequestStatus ("grant request status") {
        /// Waits for its answer.
        Open = "open",
        /// The grant was made, or changed.
        Approved = "approved",
        /// The customer said no.
        Declined = "declined",
        /// Taken back by whoever asked.
        Withdrawn = "withdrawn",
        /// Nobody answered in time.
        Lapsed = "lapsed",
        /// Over because whoever asked, or was to hold the grant, was disabled or left.
        Cancelled = "cancelled",
    }
}

vocabulary! {
    /// What a service request is about (S-8).
    Category ("category") {
        /// How does this work?
        Question = "question",
        /// Something is broken.
        Incident = "incident",
        /// Something is missing.
        FeatureRequest = "feature_request",
        /// An administrator's password; restricted.
        PasswordReset = "password_reset",
        /// Contact records; restricted.
        ContactRecordEdit = "contact_record_edit",
        /// Configuration that customers cannot see; restricted.
        HiddenConfiguration = "hidden_configuration",
        /// The end of a site; restricted.
        SiteDeletion = "site_deletion",
        /// Access for the vendor or others; restricted.
        AccessRequest = "access_request",
        /// An upgrade; for primary support contacts alone.
        Upgrade = "upgrade",
        /// The system's own record that a contact was disabled (C-15).
        ContactDeactivation = "contact_deactivation",
        /// The way back in when every primary support contact has left (E-2).
        PrimaryContactRecovery = "primary_contact_recovery",
    }
}

vocabulary! {
    /// Where a service request stands (S-4).
    RequestStatus ("service request status") {
        /// New.
        Open = "open",
        /// The vendor's turn.
        WaitingOnSupport = "waiting_on_support",
        /// The customer's turn.
        WaitingOnCustomer = "waiting_on_customer",
        /// Answered; closes by itself.
        Solved = "solved",
        /// Final.
        Closed = "closed",
    }
}

vocabulary! {
    /// How a person takes part in one service request (S-7).
    Involvement ("participant role") {
        /// Gets copies and may read.
        Cc = "cc",
        /// Gets copies and may update.
        Secondary = "secondary",
        /// The one whom agents work with.
        PointOfContact = "point_of_contact",
    }
}

vocabulary! {
    /// What an email is about; the `X-Mandate-Kind` header.
    MailKind ("mail kind") {
        /// A new contact or staff member sets a password (C-12).
        Welcome = "welcome",
        /// A forgotten password.
        PasswordReset = "password_reset",
        /// A partner became the point of contact (S-2).
        PointOfContact = "point_of_contact",
        /// Whoever takes over service requests learns which (C-15).
        RequestsHandedOver = "service_requests_handed_over",
        /// Contact managers and primary support contacts learn that one of them is made, promoted, demoted or disabled (C-9).
        AuthorityChanged = "authority_changed",
        /// A contact whom staff disabled learns it (C-15).
        ContactDisabled = "contact_disabled",
        /// A contact is asked to come over to another organization (C-14).
        Invitation = "invitation",
        /// Whoever invited a contact learns that they came (C-14).
        InvitationAccepted = "invitation_accepted",
        /// The contact managers of an organization learn that a contact left it for another (C-14).
        ContactTransferred = "contact_transferred",
        /// Somebody learns that their password was reset.
        PasswordChanged = "password_changed",
        /// Somebody was added to a service request (S-7).
        ParticipantAdded = "participant_added",
        /// A public reply in a service request (S-12).
        Reply = "reply",
        /// A service request was solved by staff.
        RequestSolved = "request_solved",
        /// A service request was closed by staff.
        RequestClosed = "request_closed",
        /// The contact managers of a customer learn that a partner asks for a grant (G-9).
        GrantRequestReceived = "partner_grant_request_received",
        /// Whoever asked for a grant learns that it was approved (G-9).
        GrantRequestApproved = "partner_grant_request_approved",
        /// Whoever asked for a grant learns that it was declined (G-9).
        GrantRequestDeclined = "partner_grant_request_declined",
        /// Whoever asked for a grant learns that nobody answered (G-9).
        GrantRequestLapsed = "partner_grant_request_lapsed",
        /// The contact managers of a grantor learn that a grant is about to end (G-11).
        GrantExpiring = "partner_grant_expiring",
        /// Those who hold a grant learn that it is about to end (G-11).
        ReceivedGrantExpiring = "received_grant_expiring",
        /// The contact managers of a grantor learn who joined and left a partner (G-18).
        PartnerRoster = "partner_roster",
        /// The duty managers learn that an escalation was opened (E-1).
        EscalationOpened = "escalation_opened",
        /// Whoever opened an escalation learns that it is in review (E-5).
        EscalationReviewed = "escalation_reviewed",
        /// Whoever opened an escalation learns what is missing (E-5).
        EscalationInformation = "escalation_information",
        /// The contacts of an organization and its account team learn who is about to be appointed, and how to object (E-7).
        EscalationNotice = "escalation_notice",
        /// The duty managers learn that an escalation was stopped (E-8).
        EscalationObjected = "escalation_objected",
        /// The duty managers learn that an escalation could not be completed (E-9).
        EscalationReturned = "escalation_returned",
        /// Whoever opened an escalation learns that it is completed (E-9).
        EscalationCompleted = "escalation_completed",
        /// Whoever opened an escalation learns that it was rejected (E-5).
        EscalationRejected = "escalation_rejected",
        /// Whoever opened an escalation has it confirmed that it is withdrawn (E-5).
        EscalationWithdrawn = "escalation_withdrawn",
        /// Whoever opened an escalation learns that it lapsed (E-5).
        EscalationLapsed = "escalation_lapsed",
    }
}

impl MailKind {
    /// Whether contacts can switch these emails off: those about service requests, and who joins and leaves a partner (C-19, G-18).
    pub fn can_be_switched_off(self) -> bool {
        match self {
            Self::PointOfContact
            | Self::ParticipantAdded
            | Self::Reply
            | Self::RequestSolved
            | Self::RequestClosed
            | Self::PartnerRoster => true,
            Self::GrantRequestReceived
            | Self::GrantRequestApproved
            | Self::GrantRequestDeclined
            | Self::GrantRequestLapsed
            | Self::GrantExpiring
            | Self::ReceivedGrantExpiring
            | Self::RequestsHandedOver
            | Self::AuthorityChanged
            | Self::ContactDisabled
            | Self::Welcome
            | Self::PasswordReset
            | Self::Invitation
            | Self::InvitationAccepted
            | Self::ContactTransferred
            | Self::PasswordChanged
            | Self::EscalationOpened
            | Self::EscalationReviewed
            | Self::EscalationInformation
            | Self::EscalationNotice
            | Self::EscalationObjected
            | Self::EscalationReturned
            | Self::EscalationCompleted
            | Self::EscalationRejected
            | Self::EscalationWithdrawn
            | Self::EscalationLapsed => false,
        }
    }

    /// Whether thousands may be owed at once.
    pub fn is_of_many(self) -> bool {
        match self {
            Self::Welcome
            | Self::Reply
            | Self::RequestSolved
            | Self::RequestClosed
            | Self::PartnerRoster
            | Self::EscalationNotice => true,
            Self::PasswordReset
            | Self::PointOfContact
            | Self::ParticipantAdded
            | Self::RequestsHandedOver
            | Self::AuthorityChanged
            | Self::ContactDisabled
            | Self::Invitation
            | Self::InvitationAccepted
            | Self::ContactTransferred
            | Self::PasswordChanged
            | Self::GrantRequestReceived
            | Self::GrantRequestApproved
            | Self::GrantRequestDeclined
            | Self::GrantRequestLapsed
            | Self::GrantExpiring
            | Self::ReceivedGrantExpiring
            | Self::EscalationOpened
            | Self::EscalationReviewed
            | Self::EscalationInformation
            | Self::EscalationObjected
            | Self::EscalationReturned
            | Self::EscalationCompleted
            | Self::EscalationRejected
            | Self::EscalationWithdrawn
            | Self::EscalationLapsed => false,
        }
    }

    /// The email that tells of a status which staff set, where one does.
    pub fn of_status(status: RequestStatus) -> Option<Self> {
        match status {
            RequestStatus::Solved => Some(Self::RequestSolved),
            RequestStatus::Closed => Some(Self::RequestClosed),
            RequestStatus::Open | RequestStatus::WaitingOnSupport | RequestStatus::WaitingOnCustomer => None,
        }
    }
}

vocabulary! {
    /// What a single-use link is for.
    LinkPurpose ("link purpose") {
        /// Set the first password (C-12).
        Welcome = "welcome",
        /// Set a new password.
        PasswordReset = "password_reset",
        /// Come over to another organization (C-14).
        Invitation = "invitation",
        /// Object to an escalation without signing in (E-4).
        Objection = "objection",
    }
}

vocabulary! {
    /// What became of an invitation (C-14).
    InvitationStatus ("invitation status") {
        /// Its link is good.
        Pending = "pending",
        /// The contact came over.
        Accepted = "accepted",
        /// Taken back, or void because of what happened to one of those it was between.
        Cancelled = "cancelled",
        /// Its time is over.
        Expired = "expired",
    }
}

vocabulary! {
    /// Where a contact review stands (C-20).
    ReviewStatus ("review status") {
        /// Somebody in it has not been dealt with.
        Open = "open",
        /// Everybody has been dealt with.
        Closed = "closed",
    }
}

vocabulary! {
    /// How a contact was dealt with in a review (C-20).
    ReviewOutcome ("review outcome") {
        /// Not yet.
        Pending = "pending",
        /// As they are.
        Confirmed = "confirmed",
        /// Edited.
        Corrected = "corrected",
        /// Disabled.
        Disabled = "disabled",
        /// Went to another organization meanwhile.
        Transferred = "transferred",
    }
}

vocabulary! {
    /// How urgent a readiness finding is (section 6 of the rules).
    FindingSeverity ("finding severity") {
        /// The organization cannot help itself.
        Critical = "critical",
        /// One absence away from trouble.
        Warning = "warning",
        /// Could be better.
        Advice = "advice",
    }
}

vocabulary! {
    /// What a readiness finding is about.
    FindingCode ("finding") {
        ///
        NoPrimarySupportContact = "no_primary_support_contact",
        ///
        SinglePrimarySupportContact = "single_primary_support_contact",
        ///
        NoContactManager = "no_contact_manager",
        ///
        NoBackupContactManager = "no_backup_contact_manager",
        ///
        FewerThanThreeContactManagers = "fewer_than_three_contact_managers",
        ///
        PrimarySupportContactCannotManage = "primary_support_contact_cannot_manage",
        ///
        SiteAdministratorNotPrimary = "site_administrator_not_primary",
        ///
        DutyUncovered = "duty_uncovered",
        ///
        PartnerPersonAsContact = "partner_person_as_contact",
        ///
        ReviewOverdue = "review_overdue",
        ///
        TrainingNeeded = "training_needed",
        ///
        StaleContact = "stale_contact",
        ///
        GrantExpiring = "grant_expiring",
        ///
        BroadGrantUnused = "broad_grant_unused",
        ///
        SharedMailbox = "shared_mailbox",
        ///
        EmailUndeliverable = "email_undeliverable",
        ///
        ContactsOutsideDomains = "contacts_outside_domains",
    }
}
