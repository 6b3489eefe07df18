//! Who is disabled and let in again, signs in, is reviewed and shown, against whoever could gain by it: see [`crate::pairs`].

use mandate_core::access::Action;

use crate::pairs::Who::{
    Consultant, Copied, Designated, Desk, DutyManager, FullAdmin, Gone, Manager, Newcomer, PartnerManager, ShutOut,
    Working,
};
use crate::pairs::{AT_HOME, Row, SIGNED_OUT, because, denied, held, mended};

/// The rows about where contacts stand.
pub(crate) const ROWS: &[Row] = &[
    Row {
        what: "disables somebody",
        operations: &["disableContact"],
        cells: &[
            mended(
                &[FullAdmin, Consultant],
                &[1, 29],
                &[
                    "a_full_admin_partner_disables_by_the_grant_but_nobody_who_has_authority_c_9_g_3",
                    "staff_who_act_by_a_grant_are_bound_like_a_partner_c_9_c_11",
                    "who_acts_by_a_grant_changes_no_managers_c_9",
                ],
            ),
            held(
                &[Manager],
                &[
                    "a_manager_who_guards_nothing_does_not_remove_a_guardian_also_not_an_invited_one_c_10",
                    "a_guardian_disables_a_contact_c_9_c_10_c_11_c_15",
                    "two_managers_who_disable_each_other_never_both_succeed",
                ],
            ),
            mended(
                &[PartnerManager, ShutOut],
                &[15],
                &[
                    "a_grant_that_takes_away_rests_while_its_holder_is_disabled_and_another_one_ends_g_12_g_13",
                    "a_partner_does_not_end_what_shuts_one_of_its_people_out",
                ],
            ),
            mended(
                &[Desk, DutyManager],
                &[16],
                &[
                    "staff_disable_no_guard_while_an_escalation_is_under_way_e_4",
                    "a_guard_whom_staff_disabled_within_thirty_days_counts_as_active_e_4_e_7_e_8",
                    "whom_staff_disable_is_told_and_the_reason_stands_in_the_record_alone_c_15",
                    "staff_disable_nobody_who_could_object_while_an_escalation_is_open",
                ],
            ),
            held(
                &[Gone],
                &[
                    "disabling_ends_the_grants_hands_over_the_requests_and_is_recorded_c_15_g_12",
                    "what_ended_on_disabling_does_not_come_back_c_17_g_12",
                ],
            ),
            denied(&[Copied, Working, Designated, Newcomer], Action::DisableContacts),
        ],
    },
    Row {
        what: "hands over what somebody looked after who was disabled, demoted, went elsewhere or lost a grant",
        operations: &["disableContact", "updateContact", "acceptInvitation", "revokePartnerGrant"],
        cells: &[
            mended(
                &[Manager],
                &[2],
                &[
                    "a_confidential_request_goes_only_to_who_could_see_it_before_c_15_s_14",
                    "what_was_handed_over_is_named_to_nobody_who_does_not_see_it_c_15_s_14",
                    "a_confidential_request_is_not_inherited_by_who_disabled_its_point_of_contact_c_15",
                ],
            ),
            mended(
                &[FullAdmin],
                &[2, 31],
                &[
                    "a_confidential_request_goes_only_to_who_could_see_it_before_c_15_s_14",
                    "the_manager_who_disables_takes_over_and_else_a_primary_support_contact_then_a_manager_c_15",
                    "a_partner_inherits_nothing_by_disabling_c_15",
                ],
            ),
            mended(
                &[Copied, Working],
                &[24],
                &[
                    "with_a_grant_that_is_revoked_everything_ends_and_the_requests_go_back_s_7_c_15",
                    "a_point_of_contact_leads_while_the_grant_behind_them_gives_something_s_7_s_10_c_15",
                    "a_partner_without_its_grant_leads_nothing_c_15",
                ],
            ),
            held(
                &[PartnerManager],
                &[
                    "a_partners_manager_gets_no_say_in_the_requests_of_the_partners_customers_c_15_s_2",
                    "a_request_elsewhere_goes_to_nobody_who_does_not_see_it_c_15_s_2",
                ],
            ),
            mended(
                &[Gone],
                &[8],
                &[
                    "from_a_reader_a_request_goes_to_its_submitter_then_to_a_primary_support_contact_then_to_a_manager_c_15",
                ],
            ),
            held(&[Designated], &["a_confidential_request_goes_only_to_who_could_see_it_before_c_15_s_14"]),
            held(
                &[Desk, DutyManager, Consultant],
                &["when_staff_disable_somebody_a_guardian_takes_over_or_nobody_does_c_11_c_15"],
            ),
            because(&[ShutOut, Newcomer], "requests go to people of the organization alone, who may see them"),
        ],
    },
    Row {
        what: "shows why somebody was disabled, and what training they lack",
        operations: &["disableContact", "noteContactTraining"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[10],
                &[
                    "whom_staff_disable_is_told_and_the_reason_stands_in_the_record_alone_c_15",
                    "notes_and_reasons_are_read_by_the_guards_and_by_staff_alone_c_15_c_21",
                    "the_reason_of_a_disabling_is_for_few_c_15",
                ],
            ),
            mended(
                &[Designated],
                &[26],
                &[
                    "notes_and_reasons_are_read_by_the_guards_and_by_staff_alone_c_15_c_21",
                    "a_note_on_training_is_for_few_c_21",
                ],
            ),
            // These read them, and are meant to.
            held(
                &[Manager, Desk, DutyManager, Consultant],
                &["notes_and_reasons_are_read_by_the_guards_and_by_staff_alone_c_15_c_21"],
            ),
            denied(&[ShutOut, Gone, Newcomer], Action::ReadContacts),
            AT_HOME,
        ],
    },
    Row {
        what: "enables somebody again",
        operations: &["enableContact"],
        cells: &[
            mended(
                &[FullAdmin, Consultant],
                &[19, 28],
                &[
                    "who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9",
                    "who_acts_by_a_grant_brings_in_the_organizations_own_people_alone_c_9_o_5",
                    "who_acts_by_a_grant_makes_no_managers_c_9",
                ],
            ),
            held(
                &[Manager],
                &[
                    "a_manager_enables_a_disabled_contact_who_is_invited_anew_c_10_c_17",
                    "a_contact_manager_changes_managers_but_no_primary_support_contacts_c_9_c_10",
                ],
            ),
            mended(
                &[PartnerManager, ShutOut],
                &[15],
                &[
                    "a_grant_that_takes_away_rests_while_its_holder_is_disabled_and_another_one_ends_g_12_g_13",
                    "who_is_enabled_under_an_address_that_was_shut_out_elsewhere_stays_shut_out_g_12_c_13",
                    "who_is_shut_out_stays_shut_out_when_enabled_again_g_12",
                ],
            ),
            held(
                &[Gone],
                &[
                    "what_ended_on_disabling_does_not_come_back_c_17_g_12",
                    "an_address_that_somebody_else_has_now_is_not_enabled_again_c_13",
                ],
            ),
            denied(&[Copied, Working, Designated, Newcomer, Desk, DutyManager], Action::ManageContacts),
        ],
    },
    Row {
        what: "sends a welcome email again",
        operations: &["resendContactWelcome"],
        cells: &[
            held(&[FullAdmin, Consultant], &["who_acts_by_a_grant_neither_makes_nor_changes_who_has_authority_c_9"]),
            held(&[Manager], &["a_manager_sends_the_welcome_email_again_c_12"]),
            held(&[Desk], &["administrators_send_the_first_welcome_again_while_nobody_has_ever_entered_c_10_c_12"]),
            denied(&[Copied, Working, ShutOut, Designated, Gone, Newcomer, DutyManager], Action::ManageContacts),
            AT_HOME,
        ],
    },
    Row {
        what: "lets somebody in by a welcome link or a new password",
        operations: &["confirmWelcome", "createPasswordReset", "confirmPasswordReset"],
        cells: &[
            mended(
                &[Gone],
                &[13],
                &[
                    "a_reset_is_for_those_who_may_sign_in_and_welcomes_the_invited_again_c_12_c_15",
                    "only_who_may_sign_in_sets_a_new_password_c_15",
                    "a_reset_link_waits_while_the_organization_is_suspended",
                ],
            ),
            held(
                &[Newcomer],
                &[
                    "a_link_is_good_for_one_use_one_purpose_and_a_while_c_12",
                    "a_contact_is_invited_until_they_set_a_password_c_12",
                    "strangers_hear_the_same_of_a_contact_as_of_nobody_x_3",
                ],
            ),
            because(
                &[
                    Copied,
                    Working,
                    FullAdmin,
                    PartnerManager,
                    ShutOut,
                    Manager,
                    Designated,
                    Desk,
                    DutyManager,
                    Consultant,
                ],
                "a link goes to its receiver alone and lets them in as who they are; what they may, other rows say",
            ),
        ],
    },
    Row {
        what: "signs in and out",
        operations: &["createSession", "refreshSession", "deleteSession"],
        cells: &[
            // Who is said to have left and signs in is there.
            mended(
                &[Gone],
                &[17],
                &[
                    "whoever_may_not_sign_in_hears_the_same_c_12_c_15",
                    "nobody_refreshes_who_may_not_sign_in_x_1_g_12",
                    "a_sign_of_life_ends_the_presumption_e_9",
                ],
            ),
            held(&[Newcomer], &["every_failed_sign_in_gets_the_same_answer"]),
            held(
                &[
                    Copied,
                    Working,
                    FullAdmin,
                    PartnerManager,
                    ShutOut,
                    Manager,
                    Designated,
                    Desk,
                    DutyManager,
                    Consultant,
                ],
                &["permission_and_type_come_from_the_database_whatever_they_were_at_sign_in_x_1"],
            ),
        ],
    },
    Row {
        what: "reviews the contacts, and confirms them",
        operations: &["startContactReview", "confirmContacts"],
        cells: &[
            mended(
                &[FullAdmin, Consultant],
                &[19],
                &[
                    "who_acts_by_a_grant_confirms_nobody_whom_their_organization_made_or_changed_c_20",
                    "a_partner_confirms_nobody_whom_it_planted_c_20",
                ],
            ),
            held(
                &[Manager],
                &[
                    "nobody_confirms_themselves_where_somebody_else_can_c_20",
                    "an_edit_of_oneself_corrects_nothing_where_somebody_else_can_c_20",
                ],
            ),
            mended(&[Desk, DutyManager], &[13], &["staff_who_keep_records_read_invitations_and_reviews"]),
            denied(&[Copied, Working, ShutOut, Designated, Gone, Newcomer], Action::ManageContacts),
            AT_HOME,
        ],
    },
    Row {
        what: "notes that somebody lacks training",
        operations: &["noteContactTraining"],
        cells: &[
            held(&[Desk, DutyManager], &["the_desk_notes_training_and_nobody_else_c_21"]),
            denied(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Manager, Designated, Gone, Newcomer, Consultant],
                Action::NoteTraining,
            ),
        ],
    },
    Row {
        what: "keeps sites and shifts",
        operations: &["createSite", "updateSite"],
        cells: &[
            held(
                &[Manager],
                &[
                    "a_contact_manager_creates_a_site_with_shifts_o_5",
                    "sites_and_shifts_that_are_not_the_organizations_are_refused_alike_o_5_x_3",
                ],
            ),
            because(
                &[FullAdmin, Consultant],
                "a site gives nothing; that somebody works there is an edit of their record",
            ),
            denied(&[Copied, Working, ShutOut, Designated, Gone, Newcomer, Desk, DutyManager], Action::ManageContacts),
            AT_HOME,
        ],
    },
    Row {
        what: "shows the contacts, and who manages them",
        operations: &[],
        cells: &[
            held(
                &[Designated],
                &["designated_contacts_see_the_list_and_everybody_sees_the_managers_and_themselves_c_18"],
            ),
            held(
                &[FullAdmin, Manager, Desk, DutyManager, Consultant],
                &[
                    "the_access_table_is_what_the_rules_say_c_6_c_9_c_10_g_3_g_5_s_2_s_3_s_8_s_13_x_3",
                    "notes_and_reasons_are_read_by_the_guards_and_by_staff_alone_c_15_c_21",
                ],
            ),
            denied(&[Copied, Working, ShutOut, Newcomer], Action::ReadContacts),
            SIGNED_OUT,
            AT_HOME,
        ],
    },
];
