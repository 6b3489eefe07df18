//! What gives, takes, moves, shows or names something about contacts, against whoever could gain by it: see [`crate::pairs`].

use mandate_core::access::Action;

use crate::pairs::Who::{
    Consultant, Copied, Designated, Desk, DutyManager, FullAdmin, Gone, Manager, Newcomer, PartnerManager, ShutOut,
    Working,
};
use crate::pairs::{AT_HOME, Row, because, denied, held, mended};

/// The rows about contacts.
pub(crate) const ROWS: &[Row] = &[
    Row {
        what: "creates a contact",
        operations: &["createContact"],
        cells: &[
            mended(
                &[FullAdmin, Consultant],
                &[1, 19, 21],
                &[
                    "who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9",
                    "who_acts_by_a_grant_brings_in_the_organizations_own_people_alone_c_9_o_5",
                    "who_acts_by_a_grant_makes_no_managers_c_9",
                    "who_acts_by_a_grant_brings_in_the_customers_own_people_alone_c_9",
                ],
            ),
            held(
                &[Manager],
                &[
                    "only_a_guardian_appoints_and_removes_a_primary_support_contact_c_5_c_9_c_10",
                    "a_contact_manager_changes_managers_but_no_primary_support_contacts_c_9_c_10",
                ],
            ),
            // What the partner was granted is everybody's there (G-7), and the customer is told who joins.
            held(
                &[PartnerManager],
                &[
                    "whoever_comes_joins_and_what_changes_in_between_moves_nobody_g_18",
                    "the_grantors_contact_managers_are_told_by_one_email_g_18",
                ],
            ),
            mended(
                &[ShutOut],
                &[15],
                &[
                    "a_grant_that_takes_away_applies_to_the_record_that_its_holder_becomes_g_12_c_14",
                    "who_is_shut_out_stays_shut_out_elsewhere_g_12",
                ],
            ),
            held(
                &[Newcomer],
                &[
                    "an_address_of_the_vendor_is_refused_whatever_its_case_and_subdomain_o_2",
                    "an_existing_email_offers_an_invitation_only_in_the_domains_of_the_organization_to_join_c_13",
                    "nobody_joins_by_an_address_of_an_honest_customer",
                ],
            ),
            held(
                &[Desk],
                &[
                    "administrators_onboard_again_while_nobody_has_ever_entered_c_10",
                    "the_vendors_staff_edit_no_contact_without_a_grant_c_9",
                ],
            ),
            denied(&[Copied, Working, Designated, Gone, DutyManager], Action::ManageContacts),
        ],
    },
    Row {
        what: "imports contacts",
        operations: &["importContacts"],
        cells: &[
            mended(
                &[FullAdmin, Consultant],
                &[1, 19],
                &[
                    "who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9",
                    "who_acts_by_a_grant_brings_in_the_organizations_own_people_alone_c_9_o_5",
                    "an_import_is_for_those_who_create_contacts_c_9_c_10_c_22_g_3",
                ],
            ),
            held(
                &[Manager, Newcomer],
                &[
                    "each_row_answers_as_single_creation_would_c_2_c_7_c_10_c_13_c_22_o_2",
                    "a_contact_whom_the_organization_has_is_left_alone_whatever_the_row_says_c_22",
                ],
            ),
            because(
                &[PartnerManager, ShutOut],
                "each row is decided as a single creation is, so that row of this table holds",
            ),
            denied(&[Copied, Working, Designated, Gone, Desk, DutyManager], Action::ManageContacts),
        ],
    },
    Row {
        what: "creates a contact who takes part in a request, in one step",
        operations: &["addParticipant"],
        cells: &[
            mended(
                &[FullAdmin, Consultant],
                &[1, 19],
                &[
                    "who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9",
                    "who_acts_by_a_grant_brings_in_the_customers_own_people_alone_c_9",
                ],
            ),
            held(
                &[Manager],
                &[
                    "a_contact_manager_creates_the_designated_contact_who_is_added_s_9_c_9",
                    "a_contact_manager_changes_managers_but_no_primary_support_contacts_c_9_c_10",
                ],
            ),
            denied(&[Copied, Working, ShutOut, Designated, Gone, Newcomer, Desk, DutyManager], Action::ManageContacts),
            AT_HOME,
        ],
    },
    Row {
        what: "invites a contact of another organization, and takes the invitation back",
        operations: &["createInvitation", "cancelInvitation"],
        cells: &[
            mended(
                &[FullAdmin, Consultant],
                &[1, 19],
                &[
                    "full_administrators_invite_by_their_grant_c_9_c_10_c_13",
                    "nobody_invites_themselves_c_9_c_14_g_5",
                    "who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9",
                    "an_invitation_is_for_the_domains_of_the_organization_to_join_c_9_c_13",
                ],
            ),
            held(
                &[Manager],
                &[
                    "a_guardian_invites_a_contact_of_another_organization_c_13_c_14",
                    "a_contact_manager_changes_managers_but_no_primary_support_contacts_c_9_c_10",
                ],
            ),
            held(
                &[PartnerManager, Newcomer],
                &["nobody_is_probed_by_inviting_c_13_x_3", "not_everybody_can_be_invited"],
            ),
            mended(&[ShutOut], &[15], &["who_is_shut_out_stays_shut_out_elsewhere_g_12"]),
            mended(&[Desk, DutyManager], &[13], &["staff_who_keep_records_read_invitations_and_reviews"]),
            denied(&[Copied, Working, Designated, Gone], Action::ManageContacts),
        ],
    },
    Row {
        what: "accepts an invitation, and leaves where one was",
        operations: &["acceptInvitation"],
        cells: &[
            mended(
                &[ShutOut],
                &[15],
                &[
                    "a_grant_that_takes_away_applies_to_the_record_that_its_holder_becomes_g_12_c_14",
                    "who_is_shut_out_stays_shut_out_elsewhere_g_12",
                ],
            ),
            held(&[Manager, FullAdmin, Consultant], &["the_right_to_invite_is_read_again_x_1_c_10_c_13"]),
            held(
                &[Copied, Working, PartnerManager],
                &[
                    "what_shuts_somebody_out_waits_while_they_are_a_contact_of_the_grantor_itself_g_5_g_8_g_12",
                    "what_was_theirs_ends_where_they_were_c_14_c_15_g_12",
                ],
            ),
            held(
                &[Gone],
                &[
                    "what_was_theirs_ends_where_they_were_c_14_c_15_g_12",
                    "who_was_disabled_left_before_and_stays_so_in_the_record_c_14_c_16",
                ],
            ),
            held(&[Designated], &["who_guards_nothing_leaves_nobody_unguarded_c_11"]),
            held(
                &[Newcomer],
                &["an_invited_contact_goes_over_c_11_c_14", "an_invitation_is_pending_until_its_time_is_over_c_14"],
            ),
            because(&[Desk, DutyManager], "staff are contacts of nobody, and an address of theirs is not invited"),
        ],
    },
    Row {
        what: "promotes and demotes somebody",
        operations: &["updateContact"],
        cells: &[
            mended(
                &[FullAdmin, Consultant],
                &[28, 29],
                &[
                    "who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9",
                    "who_acts_by_a_grant_changes_no_managers_c_9",
                ],
            ),
            mended(
                &[Manager],
                &[6],
                &[
                    "a_contact_manager_changes_managers_but_no_primary_support_contacts_c_9_c_10",
                    "no_edit_leaves_an_organization_without_a_manager_or_a_primary_support_contact_c_11",
                    "somebody_is_left_who_can_appoint_primary_support_contacts_c_10_c_11",
                ],
            ),
            mended(
                &[Gone],
                &[8],
                &[
                    "from_a_reader_a_request_goes_to_its_submitter_then_to_a_primary_support_contact_then_to_a_manager_c_15",
                    "who_only_reads_the_knowledge_base_is_no_point_of_contact_c_15",
                ],
            ),
            mended(
                &[PartnerManager],
                &[12],
                &[
                    "their_organizations_grant_is_not_theirs_who_only_read_the_knowledge_base_g_7",
                    "what_a_reader_has_by_a_grant_to_themselves_stays_and_all_else_ends_c_15_g_7",
                ],
            ),
            held(
                &[Designated],
                &["everybody_changes_their_own_phone_time_zone_and_locale_and_never_their_own_type_or_permission_c_9"],
            ),
            denied(&[Copied, Working, ShutOut, Newcomer, Desk, DutyManager], Action::ManageContacts),
        ],
    },
    Row {
        what: "edits what else a record says: name, phone, duties, sites",
        operations: &["updateContact"],
        cells: &[
            held(&[FullAdmin, Consultant], &["who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9"]),
            // A phone of the day is no number to call back (E-6a).
            mended(
                &[Manager],
                &[3],
                &[
                    "a_guardian_edits_a_contact_c_7_c_9_c_10_c_11_c_19",
                    "a_number_is_called_by_its_digits_when_it_is_old_or_confirmed_and_was_not_brought_e_6a",
                ],
            ),
            denied(&[Copied, Working, ShutOut, Designated, Gone, Newcomer, Desk, DutyManager], Action::ManageContacts),
            AT_HOME,
        ],
    },
    Row {
        what: "changes one's own phone, time zone, language and preferences",
        operations: &["updateMe", "updateContact"],
        cells: &[
            mended(
                &[Manager, FullAdmin],
                &[23],
                &[
                    "a_contact_changes_their_own_preferences_and_nobody_those_of_others_c_9_c_19",
                    "preferences_are_ones_own_alone_c_19",
                ],
            ),
            mended(
                &[Designated],
                &[3],
                &[
                    "a_number_is_called_by_its_digits_when_it_is_old_or_confirmed_and_was_not_brought_e_6a",
                    "numbers_are_called_by_their_digits_and_age",
                ],
            ),
            mended(&[Gone], &[17], &["a_sign_of_life_ends_the_presumption_e_9", "a_sign_of_life_ends_the_presumption"]),
            held(
                &[Desk, DutyManager, Consultant],
                &["staff_have_no_preferences_c_19", "a_staff_member_changes_their_own_phone_time_zone_and_locale"],
            ),
            because(
                &[Copied, Working, PartnerManager, ShutOut, Newcomer],
                "their own record at their own organization alone: no rule about a customer reads it",
            ),
        ],
    },
];
