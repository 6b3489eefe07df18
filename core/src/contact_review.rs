//! Contact reviews: the contacts of one moment, each confirmed, corrected or disabled (C-20).

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Action, Standing, Verdict, Visible, decide, require};
use crate::actor::{Actor, OrganizationRef};
use crate::change::{Authority, Change, Context, Recorded};
use crate::contact::Contact;
use crate::id::{AnyId, ContactId, OrganizationId, PersonId, ReviewId};
use crate::journal::{Entry, EventKind, Fact, Snapshot};
use crate::organization::expect_version;
use crate::refusal::{Code, Extra, Refusal};
use crate::say;
use crate::text::{Email, Flaw};
use crate::time::Timestamp;
use crate::vocabulary::{ReviewOutcome, ReviewStatus, Vocabulary as _};
use crate::wording::Wording;

/// How many contacts can be confirmed at once.
pub const CONFIRM_MAX: u64 = 500;

/// A review of an organization's list of contacts. At most one per organization is open.
///
/// *Shape*: it is closed when nobody in it is pending any more, and then for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactReview {
    /// Its id.
    pub id: ReviewId,
    /// Whose contacts it covers.
    pub organization: OrganizationId,
    /// The moment whose contacts it covers.
    pub started_at: Timestamp,
    /// Who started it; none for the system.
    pub started_by: Option<PersonId>,
    /// When the last contact was dealt with.
    pub closed_at: Option<Timestamp>,
    /// When a contact in it was last dealt with.
    pub updated_at: Timestamp,
    /// Grows by one each time that contacts in it are dealt with, from 1.
    pub version: i64,
}

impl ContactReview {
    /// Where it stands.
    pub fn status(&self) -> ReviewStatus {
        if self.closed_at.is_some() { ReviewStatus::Closed } else { ReviewStatus::Open }
    }
}

impl Recorded for ContactReview {
    fn subject(&self) -> AnyId {
        self.id.into()
    }

    fn journal_of(&self) -> OrganizationId {
        self.organization
    }

    fn snapshot(&self) -> Snapshot {
        vec![("status", Fact::text(self.status().name()))]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn next_version(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

/// How many contacts of a review were dealt with, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Not yet.
    pub pending: i64,
    /// As they were.
    pub confirmed: i64,
    /// Edited.
    pub corrected: i64,
    /// Disabled.
    pub disabled: i64,
    /// Gone to another organization.
    pub transferred: i64,
}

impl Tally {
    /// Everybody in the review.
    pub fn total(&self) -> i64 {
        self.pending + self.confirmed + self.corrected + self.disabled + self.transferred
    }

    /// Adds contacts that were dealt with in this way.
    pub fn add(&mut self, outcome: ReviewOutcome, number: i64) {
        let count = match outcome {
            ReviewOutcome::Pending => &mut self.pending,
            ReviewOutcome::Confirmed => &mut self.confirmed,
            ReviewOutcome::Corrected => &mut self.corrected,
            ReviewOutcome::Disabled => &mut self.disabled,
            ReviewOutcome::Transferred => &mut self.transferred,
        };
        *count += number;
    }
}

/// A contact in a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewItem {
    /// The contact.
    pub contact: ContactId,
    /// First and last name, as they are now.
    pub name: String,
    /// The user id.
    pub email: Email,
    /// How they were dealt with.
    pub outcome: ReviewOutcome,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<PersonId>,
}

/// What must be known to start a review.
#[derive(Debug, Clone)]
pub struct StartFacts {
    /// What the actor is to the organization.
    pub standing: Standing,
    /// The organization, if it exists.
    pub organization: Option<OrganizationRef>,
    /// Its open review.
    pub open: Option<ReviewId>,
    /// How many of its contacts are active or invited now.
    pub covered: i64,
}

/// A review that was started. Saving it freezes who is in it.
#[derive(Debug)]
pub struct Started {
    /// The review.
    pub review: Change<ContactReview>,
    /// How many contacts are in it.
    pub covered: i64,
}

/// Starts a review of the contacts that are active or invited now. Where there are none it is closed at once.
///
/// *Decides*: visible? may manage contacts? no review open?
pub fn start(context: &Context, facts: StartFacts, id: ReviewId) -> Result<Started, Refusal> {
    let organization = facts.organization.ok_or_else(Refusal::not_found)?.id;
    require(&facts.standing, Action::ManageContacts, organization)?;
    if let Some(open) = facts.open {
        let detail = say!("the review `{open}` is still open; it closes when everybody in it was dealt with", open);
        return Err(Refusal::new(Code::ReviewOpen, detail).with(Extra::About(open.into())));
    }
    Ok(begin(context, facts.standing.authority(organization), organization, facts.covered, id))
}

/// Begins a review, whoever asked for it.
pub(crate) fn begin(
    context: &Context,
    authority: Authority,
    organization: OrganizationId,
    covered: i64,
    id: ReviewId,
) -> Started {
    let review = ContactReview {
        id,
        organization,
        started_at: context.now,
        started_by: context.actor_id(),
        closed_at: (covered == 0).then_some(context.now),
        updated_at: context.now,
        version: 1,
    };
    let closed = match review.status() {
        ReviewStatus::Open => Vec::new(),
        ReviewStatus::Closed => {
            let kind = EventKind::ReviewClosed;
            vec![Entry::new(context, authority, kind, &review, Snapshot::new(), review.snapshot())]
        }
    };
    let review = Change::create(context, authority, EventKind::ReviewStarted, review).announce(closed);
    Started { review, covered }
}

/// Allows listing an organization's reviews.
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow_list(standing: &Standing, organization: Option<OrganizationRef>) -> Result<(), Refusal> {
    let organization = organization.ok_or_else(Refusal::not_found)?;
    require(standing, Action::ReadReviews, organization.id)
}

/// Shows a review to those who manage the organization's contacts, and to the staff who keep records.
///
/// *Errors*: `not_found`, `permission_required`.
pub fn view(
    actor: &Actor,
    standing: &Standing,
    review: Option<ContactReview>,
) -> Result<Visible<ContactReview>, Refusal> {
    let review = review.ok_or_else(Refusal::not_found)?;
    require(standing, Action::ReadReviews, review.organization)?;
    Ok(Visible::new(review, actor))
}

/// What must be known to confirm contacts.
#[derive(Debug, Clone)]
pub struct ConfirmFacts {
    /// Who asks.
    pub actor: Actor,
    /// What they are to the organization.
    pub standing: Standing,
    /// The review, if it exists.
    pub review: Option<ContactReview>,
    /// How many in it are pending.
    pub pending: i64,
    /// Whether somebody else than the actor manages the organization's contacts: another active contact manager, or a
    /// partner by `full_admin`.
    pub another_manager: bool,
    /// Those of the named contacts that are in the review, and how they were dealt with.
    pub items: Vec<(Contact, ReviewOutcome)>,
    /// Those of them whom people of the actor's organization ever created or changed by a grant.
    pub handled: BTreeSet<ContactId>,
}

/// Which contacts are right as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmContacts {
    /// The contacts, in the order of the request.
    pub contacts: Vec<ContactId>,
    /// The version of the review that the manager saw.
    pub expected_version: Option<i64>,
}

/// Contacts that were confirmed. Those that had been dealt with before are not among them.
#[derive(Debug)]
pub struct Confirmed {
    /// The review as it is then.
    pub review: ContactReview,
    /// The contacts.
    pub contacts: Vec<Change<Contact>>,
    /// What it does to the review; nothing if nobody was left to confirm.
    pub step: Option<ReviewStep>,
}

/// Confirms contacts, all or none of them. Who was dealt with before stays as they are.
///
/// *Decides*: visible? may manage contacts? version? open? all of them in the review? not oneself, where somebody else can? nobody whom
/// one's own organization created or changed by a grant?
pub fn confirm(context: &Context, facts: ConfirmFacts, command: ConfirmContacts) -> Result<Confirmed, Refusal> {
    let review = view(&facts.actor, &facts.standing, facts.review)?.into_value();
    require(&facts.standing, Action::ManageContacts, review.organization)?;
    expect_version(command.expected_version, review.version)?;
    if review.status() == ReviewStatus::Closed {
        let detail = say!("the review is closed: everybody in it was dealt with");
        return Err(Refusal::new(Code::InvalidTransition, detail).with(Extra::CurrentStatus(review.status().name())));
    }
    let mut items: BTreeMap<ContactId, (Contact, ReviewOutcome)> =
        facts.items.into_iter().map(|(contact, outcome)| (contact.id, (contact, outcome))).collect();
    refuse_strangers(&command.contacts, |contact| items.contains_key(&contact))?;
    items.retain(|contact, (_, outcome)| *outcome == ReviewOutcome::Pending && command.contacts.contains(contact));
    if facts.another_manager {
        let is_own = |contact| facts.actor.id() == PersonId::Contact(contact) && items.contains_key(&contact);
        refuse_own(&command.contacts, review.organization, is_own)?;
    }
    if decide(&facts.standing, Action::ManageManagers) != Verdict::Permit {
        refuse_handled(&command.contacts, review.organization, |contact| {
            facts.handled.contains(&contact) && items.contains_key(&contact)
        })?;
    }
    let authority = facts.standing.authority(review.organization);
    let confirmed = items.into_values().map(|(before, _)| {
        let after = before.clone().confirmed(context);
        Change::touch(context, authority, EventKind::ContactConfirmed, before, after)
    });
    let contacts: Vec<Change<Contact>> = confirmed.collect();
    if contacts.is_empty() {
        return Ok(Confirmed { review, contacts, step: None });
    }
    let ids = contacts.iter().map(|contact| contact.after().id).collect();
    let step = ReviewStep::new(context, authority, review, facts.pending, ids, ReviewOutcome::Confirmed);
    Ok(Confirmed { review: step.review().clone(), contacts, step: Some(step) })
}

/// The pointer of one of the contacts in the request.
fn place(index: usize) -> String {
    format!("#/contact_ids/{index}")
}

fn refuse_strangers(contacts: &[ContactId], is_in_review: impl Fn(ContactId) -> bool) -> Result<(), Refusal> {
    let strangers = contacts.iter().enumerate().filter(|(_, contact)| !is_in_review(**contact));
    let flaw = |(index, contact): (usize, &ContactId)| {
        (place(index), Flaw::new(Code::NotInReview.name(), say!("`{contact}` is not in this review", contact)))
    };
    let flaws: Vec<(String, Flaw)> = strangers.map(flaw).collect();
    if flaws.is_empty() {
        return Ok(());
    }
    let detail = say!(
        "{count} of the {all} contacts are not in this review; none was confirmed",
        count = flaws.len(),
        all = contacts.len()
    );
    Err(Refusal::new(Code::NotInReview, detail).with(Extra::Flaws(flaws)))
}

/// Whoever acts by a grant confirms nobody whom they or their organization created or changed (C-20).
fn refuse_handled(
    contacts: &[ContactId],
    organization: OrganizationId,
    is_handled: impl Fn(ContactId) -> bool,
) -> Result<(), Refusal> {
    let detail =
        say!("who acts by a grant confirms nobody whom their own organization created or changed; leave them out");
    refuse_some(contacts, organization, is_handled, detail)
}

fn refuse_own(
    contacts: &[ContactId],
    organization: OrganizationId,
    is_own: impl Fn(ContactId) -> bool,
) -> Result<(), Refusal> {
    let detail = say!(
        "nobody confirms only themselves: another contact manager of the organization, or a partner with \
                  `full_admin`, confirms your record; leave it out"
    );
    refuse_some(contacts, organization, is_own, detail)
}

fn refuse_some(
    contacts: &[ContactId],
    organization: OrganizationId,
    is_refused: impl Fn(ContactId) -> bool,
    detail: Wording,
) -> Result<(), Refusal> {
    let own = contacts.iter().enumerate().filter(|(_, contact)| is_refused(**contact));
    let flaw = |(index, _)| (place(index), Flaw::new(Code::OwnRecord.name(), detail.clone()));
    let flaws: Vec<(String, Flaw)> = own.map(flaw).collect();
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(Code::OwnRecord, detail).with(Extra::AskContactManagersOf(organization)).with(Extra::Flaws(flaws)))
}

/// The open review in which a contact is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenReview {
    /// The review.
    pub review: ContactReview,
    /// How many in it are pending, the contact included.
    pub pending: i64,
    /// Whether somebody else than the contact manages the organization's contacts: another active contact manager, or a
    /// partner by `full_admin`.
    pub another_manager: bool,
}

impl OpenReview {
    /// Whether an edit of the contact corrects them: by a contact manager of the organization, and not of oneself where somebody
    /// else could. Who acts by a grant confirms nobody whom they change.
    pub(crate) fn is_corrected_by(&self, standing: &Standing, is_self: bool) -> bool {
        decide(standing, Action::ManageManagers) == Verdict::Permit && !(is_self && self.another_manager)
    }
}

/// Deals with a contact in the open review. With the last one, the review closes.
pub fn deal_with(
    context: &Context,
    authority: Authority,
    open: OpenReview,
    contact: ContactId,
    outcome: ReviewOutcome,
) -> ReviewStep {
    ReviewStep::new(context, authority, open.review, open.pending, vec![contact], outcome)
}

/// Contacts that were dealt with in one way, and the review after it. Made by this crate alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewStep {
    before_version: i64,
    review: ContactReview,
    closing: Option<Change<ContactReview>>,
    contacts: Vec<ContactId>,
    outcome: ReviewOutcome,
    by: Option<PersonId>,
}

impl ReviewStep {
    fn new(
        context: &Context,
        authority: Authority,
        before: ContactReview,
        pending: i64,
        contacts: Vec<ContactId>,
        outcome: ReviewOutcome,
    ) -> Self {
        let before_version = before.version;
        let is_last = i64::try_from(contacts.len()).is_ok_and(|number| number >= pending);
        let closing = is_last.then(|| {
            let after = ContactReview { closed_at: Some(context.now), ..before.clone() };
            Change::update(context, authority, EventKind::ReviewClosed, before.clone(), after)
        });
        // Which contact was dealt with, their own entries tell.
        let review =
            closing.as_ref().map_or_else(|| before.next_version(context.now), |closing| closing.after().clone());
        Self { before_version, review, closing, contacts, outcome, by: context.actor_id() }
    }

    /// The version of the review before.
    pub fn before_version(&self) -> i64 {
        self.before_version
    }

    /// The review after. Its `updated_at` is when the contacts were dealt with.
    pub fn review(&self) -> &ContactReview {
        &self.review
    }

    /// That the review closed, if it did.
    pub fn closing(&self) -> Option<&Change<ContactReview>> {
        self.closing.as_ref()
    }

    /// Who was dealt with; all of them were pending.
    pub fn contacts(&self) -> &[ContactId] {
        &self.contacts
    }

    /// How they were dealt with.
    pub fn outcome(&self) -> ReviewOutcome {
        self.outcome
    }

    /// By whom.
    pub fn by(&self) -> Option<PersonId> {
        self.by
    }
}
