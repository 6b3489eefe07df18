//! Bulk import of contacts (C-22): every row by the rules of single creation, then all of them or none.

use std::collections::BTreeMap;

use crate::access::{Action, Standing, require};
use crate::broadcast::Broadcast;
use crate::change::Context;
use crate::contact::{self, CreateFacts, Existing, NewContact, Welcomed, is_onboarding};
use crate::grant_rest::Individual;
use crate::id::PersonId;
use crate::organization::Organization;
use crate::refusal::{Code, Refusal};
use crate::say;
use crate::site::Site;
use crate::text::Email;

/// Rows of an import, at most.
pub const ROWS_MAX: usize = 10_000;

/// A row of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// The contact to be; none if the row could not be read, which refuses it.
    pub contact: Option<NewContact>,
}

/// What must be known to import contacts.
#[derive(Debug, Clone)]
pub struct ImportFacts {
    /// What must be known to create any of them; who has an email is in `existing` instead.
    pub create: CreateFacts,
    /// Who has which of the emails: a contact of the organization, whatever became of them, or else somebody elsewhere.
    pub existing: BTreeMap<Email, Existing>,
    /// The grants without an ending to earlier records with these emails (G-12).
    pub former: BTreeMap<Email, Vec<Individual>>,
}

/// A row that a rule refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRefusal {
    /// The row's number, from 1.
    pub row: usize,
    /// Why, as single creation would say it.
    pub refusal: Refusal,
}

impl RowRefusal {
    /// The member of the row that is to blame.
    pub fn field(&self) -> &'static str {
        match (self.refusal.pointer.and_then(|pointer| pointer.strip_prefix("#/")), self.refusal.code) {
            (Some(field), _) => field,
            (None, Code::ContactExists | Code::ContactInOtherOrganization) => "email",
            (None, Code::PrimarySupportContactRequired | Code::PermissionRequired) => "type",
            (None, Code::ContactManagerProtected) => "permission",
            (None, _) => "",
        }
    }
}

/// What an import does, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// How many rows there are.
    pub rows: usize,
    /// How many of them name a contact whom the organization has already; nothing is done about these.
    pub existing: usize,
    /// How many are refused, those that could not be read included.
    pub refused: usize,
    /// Why, for those that a rule refuses.
    pub refusals: Vec<RowRefusal>,
    /// The places of those that become contacts.
    new: Vec<usize>,
}

/// Allows beginning an import, before anything of it is read (C-9, C-10).
///
/// *Errors*: `not_found`, `permission_required`.
pub fn allow(standing: &Standing, organization: Option<&Organization>, never_entered: bool) -> Result<(), Refusal> {
    let organization = organization.ok_or_else(Refusal::not_found)?;
    if is_onboarding(standing, never_entered) {
        return Ok(());
    }
    require(standing, Action::ManageContacts, organization.id)
}

/// Refuses more than [`ROWS_MAX`] rows.
///
/// *Errors*: `import_too_long`.
pub fn check_length(rows: usize) -> Result<(), Refusal> {
    if rows > ROWS_MAX {
        return Err(Refusal::new(Code::ImportTooLong, say!("the import has more than {max} rows", max = ROWS_MAX)));
    }
    Ok(())
}

/// Decides on an import.
///
/// *Decides*: visible? may manage contacts, or onboards? not too long? Then for each row: readable? a contact of the organization
/// already? all that [`contact::create`] asks; not in the file before?
///
/// *Errors*: `not_found`, `permission_required`, `import_too_long`. A refused row is no error but in [`Import::refusals`].
pub fn decide(context: &Context, facts: &ImportFacts, rows: &[ImportRow]) -> Result<Import, Refusal> {
    let CreateFacts { standing, organization, never_entered, .. } = &facts.create;
    allow(standing, organization.as_ref(), *never_entered)?;
    check_length(rows.len())?;
    let mut import = Import { rows: rows.len(), existing: 0, refused: 0, refusals: Vec::new(), new: Vec::new() };
    let mut named: BTreeMap<&Email, usize> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        let row_number = place + 1;
        let Some(contact) = &row.contact else {
            import.refused += 1;
            continue;
        };
        if facts.is_existing(contact) {
            import.existing += 1;
            continue;
        }
        let email = &contact.profile.email.email;
        let earlier = *named.entry(email).or_insert(row_number);
        let decided = facts.create(context, contact).and_then(|_| refuse_repeated(email, earlier, row_number));
        match decided {
            Ok(()) => import.new.push(place),
            Err(refusal) => {
                import.refused += 1;
                import.refusals.push(RowRefusal { row: row_number, refusal });
            }
        }
    }
    Ok(import)
}

/// An email belongs to one person (C-2), also within one file.
fn refuse_repeated(email: &Email, earlier: usize, row: usize) -> Result<(), Refusal> {
    if earlier == row {
        return Ok(());
    }
    Err(Refusal::new(Code::ContactExists, say!("`{email}` is in row {earlier} of this import already", email, earlier)))
}

impl ImportFacts {
    /// Whether the organization has this contact already, so that there is nothing to do. An email that was not typed in lower
    /// case is nobody's (C-2).
    fn is_existing(&self, contact: &NewContact) -> bool {
        let own = self.create.organization.as_ref().map(|organization| organization.id);
        let is_own =
            |found: &&Existing| Some(found.organization) == own && matches!(found.person, PersonId::Contact(_));
        let found = self.existing.get(&contact.profile.email.email).filter(is_own);
        contact.profile.email.case.is_none() && found.is_some()
    }

    /// Creates one of them.
    fn create(&self, context: &Context, contact: &NewContact) -> Result<Welcomed, Refusal> {
        let CreateFacts { standing, organization, vendor_domains, owners, never_entered, sites, .. } = &self.create;
        let named = |site: &&Site| contact.sites.ids.as_ref().is_some_and(|ids| ids.contains(&site.id));
        let facts = CreateFacts {
            standing: standing.clone(),
            organization: organization.clone(),
            vendor_domains: vendor_domains.clone(),
            owners: owners.clone(),
            existing: self.existing.get(&contact.profile.email.email).cloned(),
            former: self.former.get(&contact.profile.email.email).cloned().unwrap_or_default(),
            never_entered: *never_entered,
            // An organization may have hundreds, and a file thousands of rows.
            sites: sites.iter().filter(named).cloned().collect(),
        };
        contact::create(context, facts, contact.clone())
    }
}

impl Import {
    /// How many contacts are new.
    pub fn created(&self) -> usize {
        self.new.len()
    }

    /// Whether a row is refused, so that none is taken.
    pub fn is_refused(&self) -> bool {
        self.refused > 0
    }

    /// The new contacts in the order of their rows, all or, where a row is refused, none. They are made one by one, so that
    /// nobody has to hold all of them.
    ///
    /// Context, facts and rows are those that were decided on.
    pub fn contacts<'a>(
        &'a self,
        context: &'a Context,
        facts: &'a ImportFacts,
        rows: &'a [ImportRow],
    ) -> impl Iterator<Item = Result<Welcomed, Refusal>> + 'a {
        let taken = if self.is_refused() { &[] } else { self.new.as_slice() };
        let contacts = taken.iter().filter_map(|place| rows.get(*place)?.contact.as_ref());
        let mut is_told = false;
        contacts.map(move |contact| {
            let welcomed = facts.create(context, contact)?;
            // However many get authority by it, the others are told once (C-9).
            let broadcast = welcomed
                .contact
                .broadcasts()
                .filter(|_| !is_told)
                .map(|broadcast| Broadcast { about: welcomed.contact.after().organization.into(), ..*broadcast });
            is_told |= broadcast.is_some();
            Ok(Welcomed { contact: welcomed.contact.told_as(broadcast), ..welcomed })
        })
    }
}
