//! Saving contacts and staff members: one, or very many at once (C-22).

use diesel::prelude::*;
use mandate_core::change::{Change, Recorded};
use mandate_core::contact::{Contact, Welcomed};
use mandate_core::staff::StaffMember;

use crate::backend::on;
use crate::batch::insert_all;
use crate::error::StorageError;
use crate::people::PersonRow;
use crate::people_words::WordRow;
use crate::schema::people;
use crate::tx::WriteTx;

impl WriteTx<'_> {
    /// Saves a contact. When they may not sign in any more, their sessions and links end with it (C-15); tells how many sessions
    /// that were good.
    pub fn save_contact(&mut self, change: &Change<Contact>) -> Result<usize, StorageError> {
        self.save_contacts([change])
    }

    /// Saves contacts, with the same consequences; the new ones in few statements, however many they are.
    pub fn save_contacts<'c>(
        &mut self,
        changes: impl IntoIterator<Item = &'c Change<Contact>, IntoIter: Clone>,
    ) -> Result<usize, StorageError> {
        let changes = changes.into_iter();
        self.save_people(changes.clone())?;
        self.record_all(changes.clone())?;
        self.gather_movements(changes.clone())?;
        changes.into_iter().try_fold(0, |ended, change| {
            let after = change.after();
            Ok(ended + self.silence(after.id.into(), after.status, after.updated_at)?)
        })
    }

    /// Saves new contacts with their welcome links and emails (C-12), and the grants that apply to them (G-12), in few statements, however many they are.
    pub fn save_welcomed(&mut self, welcomed: &[Welcomed]) -> Result<(), StorageError> {
        self.save_contacts(welcomed.iter().map(|one| &one.contact))?;
        self.insert_links(welcomed.iter().map(|one| &one.link))?;
        welcomed.iter().flat_map(|one| &one.grants).try_for_each(|grant| self.save_partner_grant(grant))
    }

    /// Saves a staff member, with the same consequences.
    pub fn save_staff(&mut self, change: &Change<StaffMember>) -> Result<(), StorageError> {
        self.save_people([change].into_iter())?;
        self.record(change)?;
        self.silence(change.after().id.into(), change.after().status, change.after().updated_at).map(drop)
    }

    fn save_people<'c, T>(&mut self, changes: impl Iterator<Item = &'c Change<T>> + Clone) -> Result<(), StorageError>
    where
        T: Recorded + 'c,
        PersonRow: From<&'c T>,
    {
        let is_new = |change: &&Change<T>| change.before().is_none();
        let new: Vec<PersonRow> =
            changes.clone().filter(is_new).map(|change| PersonRow::from(change.after())).collect();
        let words: Vec<WordRow> = new.iter().flat_map(WordRow::of).collect();
        insert_all!(self, people::table, new)?;
        self.insert_words(&words)?;
        for change in changes {
            let Some(before) = change.before().filter(|_| change.is_effective()) else { continue };
            let (old, row) = (PersonRow::from(before), PersonRow::from(change.after()));
            let rows = on!(self, |connection| diesel::update(people::table.find(&row.id))
                .filter(people::version.eq(old.version))
                .set(&row)
                .execute(connection))?;
            self.expect_one(rows, "people", &row.id)?;
            if old.search != row.search {
                self.replace_words(&row)?;
            }
        }
        Ok(())
    }
}
