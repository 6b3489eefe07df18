//! Who may turn out to be a possible point of contact (S-2). Core decides for each of them.

use diesel::prelude::*;
use diesel::sql_types::Text;
use mandate_core::id::OrganizationId;
use mandate_core::point_of_contact::ENABLED;
use mandate_core::text::SearchWords;
use mandate_core::time::Timestamp;
use mandate_core::viewer::Candidate;
use mandate_core::vocabulary::{Level, Permission, PersonStatus, Vocabulary as _};

use crate::backend::on;
use crate::error::StorageError;
use crate::page::{Page, Position, SortKey};
use crate::partner_grant::live;
use crate::people_words::with_words;
use crate::tx::ReadTx;
use crate::viewer::{CandidateColumns, CandidateRow, from_everybody, read_candidate, select_candidate};

type ChoiceColumns = (CandidateColumns, Text);
type ChoiceRow = (CandidateRow, String);

impl ReadTx<'_> {
    /// The organization's own designated contacts and the people of those who hold a grant that may enable them, by name, each with
    /// their place in this order.
    pub fn point_of_contact_candidates(
        &mut self,
        organization: OrganizationId,
        now: Timestamp,
        search: Option<&SearchWords>,
        page: &Page,
    ) -> Result<Vec<(Candidate, Position)>, StorageError> {
        let levels = || Level::ALL.iter().filter(|level| **level >= ENABLED).map(|level| level.name());
        let everybody = select_candidate().push(", p.sort_name");
        let mut query = from_everybody(everybody, organization, None)
            .push(" WHERE p.status IN (")
            .bind_texts([PersonStatus::Active.name(), PersonStatus::Invited.name()])
            .push(") AND p.organization_id IN (SELECT v.id FROM organizations v WHERE v.id = ")
            .bind_text(organization)
            .push(" UNION ALL SELECT g.grantee_organization_id FROM partner_grants g WHERE g.grantor_id = ")
            .bind_text(organization)
            .push(" AND ")
            .append(live(now))
            .push(" AND g.level IN (")
            .bind_texts(levels())
            .push(")) AND ((p.organization_id = ")
            .bind_text(organization)
            .push(" AND p.permission <> ")
            .bind_text(Permission::KnowledgeBase.name())
            .push(") OR gi.level IN (")
            .bind_texts(levels())
            .push(") OR go.level IN (")
            .bind_texts(levels())
            .push("))");
        if let Some(words) = search {
            query = with_words(query, words);
        }
        let query = page.ascending(query, "p.sort_name", "p.id").retyped::<ChoiceColumns>();
        let rows: Vec<ChoiceRow> = on!(self, |connection| query.load(connection))?;
        rows.into_iter()
            .map(|(candidate, sort_name)| {
                let candidate = read_candidate(candidate)?;
                let id = candidate.person.id().to_string();
                Ok((candidate, Position { key: SortKey::Text(sort_name), id }))
            })
            .collect()
    }
}
