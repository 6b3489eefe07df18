//! What gives, takes, moves, shows or names something about service requests, against whoever could gain by it: see [`crate::pairs`].

use mandate_core::access::Action;

use crate::pairs::Who::{
    Consultant, Copied, Designated, Desk, DutyManager, FullAdmin, Gone, Manager, Newcomer, PartnerManager, ShutOut,
    Working,
};
use crate::pairs::{AT_HOME, OWN_LEVEL, Row, SIGNED_OUT, denied, held, mended};

/// The rows about service requests.
pub(crate) const ROWS: &[Row] = &[
    Row {
        what: "submits a request",
        operations: &["createServiceRequest"],
        cells: &[
            held(
                &[Working, FullAdmin, Consultant],
                &[
                    "a_partner_submits_for_its_customer_from_create_on_and_the_grant_is_named_s_1_s_2_x_2",
                    "restricted_categories_take_more_than_a_designated_contact_s_8",
                ],
            ),
            held(
                &[Manager, Designated],
                &[
                    "the_refusal_of_a_restricted_request_names_what_would_have_been_enough_s_8_x_3a",
                    "restricted_categories_take_more_than_a_designated_contact_s_8",
                ],
            ),
            held(&[Desk, DutyManager], &["an_agent_writes_a_request_down_and_is_not_its_point_of_contact_s_2_s_13"]),
            denied(&[Copied, Newcomer], Action::CreateRequest),
            OWN_LEVEL,
            SIGNED_OUT,
            AT_HOME,
        ],
    },
    Row {
        what: "asks for an upgrade, and works on it",
        operations: &[
            "createServiceRequest",
            "updateServiceRequest",
            "addParticipant",
            "createMessage",
            "uploadAttachment",
        ],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[7],
                &[
                    "of_an_upgrade_no_partner_is_more_than_cc_and_none_updates_one_s_8",
                    "a_primary_support_contact_alone_submits_an_upgrade_s_8",
                    "partners_are_not_supported_for_upgrades_s_8",
                ],
            ),
            held(&[Manager, Designated], &["a_primary_support_contact_alone_submits_an_upgrade_s_8"]),
            denied(
                &[PartnerManager, ShutOut, Gone, Newcomer, Desk, DutyManager, Consultant],
                Action::CreateUpgradeRequest,
            ),
        ],
    },
    Row {
        what: "names the point of contact, or moves it",
        operations: &["createServiceRequest", "updateServiceRequest", "addParticipant"],
        cells: &[
            mended(
                &[Copied, Working],
                &[4, 22],
                &[
                    "the_point_of_contact_is_named_by_the_rule_of_editing_s_2_s_7_s_10",
                    "only_the_organizations_own_people_hand_a_request_to_a_partner_s_2_s_7",
                    "a_partner_at_cc_or_view_updates_the_one_request_that_it_takes_part_in_s_7_g_3",
                    "who_acts_by_a_grant_moves_the_point_of_contact_only_where_they_are_it_s_7",
                    "a_partner_at_any_level_is_made_point_of_contact_s_7",
                ],
            ),
            mended(
                &[FullAdmin, Consultant],
                &[22],
                &["who_acts_by_a_grant_moves_the_point_of_contact_only_where_they_are_it_s_7"],
            ),
            mended(
                &[Designated, Manager],
                &[11],
                &[
                    "naming_a_partner_tells_the_submitter_and_the_partner_s_2_s_10",
                    "a_submitter_is_told_whom_agents_work_with_and_nobody_is_told_twice_s_2",
                    "everybody_made_point_of_contact_is_told_s_2",
                ],
            ),
            held(
                &[ShutOut],
                &[
                    "the_point_of_contact_is_a_designated_contact_or_for_the_own_submitter_an_enabled_partner_s_2",
                    "a_partner_at_any_level_is_made_point_of_contact_s_7",
                ],
            ),
            mended(
                &[Gone],
                &[8],
                &[
                    "exactly_those_are_candidates_whom_one_could_name_s_2",
                    "who_only_reads_the_knowledge_base_is_no_point_of_contact_c_15",
                ],
            ),
            held(&[Newcomer], &["exactly_those_are_candidates_whom_one_could_name_s_2"]),
            held(&[Desk, DutyManager], &["an_agent_writes_a_request_down_and_is_not_its_point_of_contact_s_2_s_13"]),
            AT_HOME,
        ],
    },
    Row {
        what: "adds somebody who takes part",
        operations: &["addParticipant", "createServiceRequest"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[30],
                &[
                    "what_widens_a_partners_access_the_organizations_own_people_alone_give_s_7_s_14_x_3a",
                    "a_grant_that_does_not_reach_the_request_gives_no_more_than_cc_s_7_g_16",
                    "lowering_ends_what_the_partner_could_not_make_now_s_7",
                ],
            ),
            mended(
                &[PartnerManager],
                &[12],
                &[
                    "their_organizations_grant_is_not_theirs_who_only_read_the_knowledge_base_g_7",
                    "knowledge_base_opens_nothing_abroad_g_7",
                ],
            ),
            held(
                &[ShutOut, Newcomer],
                &["people_of_the_organization_and_holders_of_a_live_grant_can_be_added_s_3_s_7_x_3"],
            ),
            held(&[Manager, Designated], &["somebody_is_added_by_whoever_may_update_the_request_s_7"]),
            mended(
                &[Gone],
                &[9],
                &[
                    "a_part_counts_while_the_grant_behind_it_gives_something_s_7_g_12_g_13",
                    "the_grant_behind_a_part_is_the_one_that_decided_s_7_g_2",
                    "the_same_role_again_changes_nothing_and_another_one_rests_on_the_grant_of_now_s_7_x_2",
                ],
            ),
            held(
                &[Desk, DutyManager, Consultant],
                &["what_widens_a_partners_access_the_organizations_own_people_alone_give_s_7_s_14_x_3a"],
            ),
        ],
    },
    Row {
        what: "takes out somebody who takes part",
        operations: &["removeParticipant"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin, Consultant],
                &[22],
                &[
                    "who_acts_by_a_grant_takes_out_only_themselves_and_whom_their_organization_added_s_7",
                    "a_partner_takes_out_nobody_of_the_customers_s_7",
                ],
            ),
            held(
                &[Manager, Designated, Desk, DutyManager],
                &[
                    "a_participant_is_removed_by_whoever_may_update_the_request_s_7_x_2",
                    "everybody_may_leave_a_request_but_its_point_of_contact_s_7",
                ],
            ),
            denied(&[Newcomer], Action::UpdateRequests),
            OWN_LEVEL,
            SIGNED_OUT,
            AT_HOME,
        ],
    },
    Row {
        what: "conceals a request, and opens it",
        operations: &["createServiceRequest", "updateServiceRequest"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[20],
                &[
                    "what_a_guard_concealed_only_a_guard_opens_and_no_partner_ever_s_14_e_11",
                    "a_partner_never_opens_what_is_confidential_s_14",
                ],
            ),
            mended(
                &[Manager, Designated],
                &[20],
                &[
                    "what_a_guard_concealed_only_a_guard_opens_and_no_partner_ever_s_14_e_11",
                    "a_request_is_confidential_where_its_submitter_says_so_or_follows_such_a_one_up_s_14",
                    "only_who_may_conceal_a_request_lets_people_in_s_14",
                ],
            ),
            held(&[Desk, DutyManager], &["what_a_guard_concealed_only_a_guard_opens_and_no_partner_ever_s_14_e_11"]),
            held(
                &[Consultant],
                &["partners_and_consultants_do_what_the_rules_say_g_2_g_3_g_4_g_6_g_12_g_13_g_16_s_4_s_5_s_7_s_14"],
            ),
            denied(&[Newcomer], Action::ReadRequests),
            OWN_LEVEL,
            SIGNED_OUT,
            AT_HOME,
        ],
    },
    Row {
        what: "lets somebody into a confidential request",
        operations: &["addParticipant", "createServiceRequest", "updateServiceRequest"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[20],
                &[
                    "only_who_may_conceal_a_request_lets_people_in_s_14",
                    "a_partner_who_submits_a_confidential_request_names_nobody_in_it_s_14",
                ],
            ),
            mended(
                &[Manager, Designated],
                &[20],
                &[
                    "only_who_may_conceal_a_request_lets_people_in_s_14",
                    "who_gets_copies_of_it_reads_and_does_no_more_s_14_s_3",
                ],
            ),
            held(&[Desk, DutyManager], &["only_who_may_conceal_a_request_lets_people_in_s_14"]),
            held(
                &[Consultant],
                &["partners_and_consultants_do_what_the_rules_say_g_2_g_3_g_4_g_6_g_12_g_13_g_16_s_4_s_5_s_7_s_14"],
            ),
            denied(&[Newcomer], Action::ReadRequests),
            OWN_LEVEL,
            SIGNED_OUT,
            AT_HOME,
        ],
    },
    Row {
        what: "sets status and severity, and assigns",
        operations: &["updateServiceRequest"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[30],
                &[
                    "a_partner_at_cc_or_view_updates_the_one_request_that_it_takes_part_in_s_7_g_3",
                    "partners_and_consultants_do_what_the_rules_say_g_2_g_3_g_4_g_6_g_12_g_13_g_16_s_4_s_5_s_7_s_14",
                    "lowering_a_grant_takes_what_the_partner_made_itself_s_7",
                ],
            ),
            held(
                &[Manager, Designated],
                &[
                    "the_desk_sets_any_status_and_customers_say_solved_and_take_it_back_s_4_s_13",
                    "a_closed_request_is_updated_by_nobody_s_4",
                ],
            ),
            held(&[Desk, DutyManager], &["active_agents_and_duty_managers_are_assigned_s_13"]),
            held(
                &[Consultant],
                &["partners_and_consultants_do_what_the_rules_say_g_2_g_3_g_4_g_6_g_12_g_13_g_16_s_4_s_5_s_7_s_14"],
            ),
            denied(&[Newcomer], Action::UpdateRequests),
            OWN_LEVEL,
            SIGNED_OUT,
            AT_HOME,
        ],
    },
    Row {
        what: "writes in a request",
        operations: &["createMessage"],
        cells: &[
            held(
                &[Copied],
                &[
                    "who_reads_but_does_not_update_writes_no_message_g_3_s_7",
                    "a_partner_at_cc_or_view_updates_the_one_request_that_it_takes_part_in_s_7_g_3",
                ],
            ),
            mended(
                &[Working, FullAdmin],
                &[30],
                &[
                    "lowering_a_grant_takes_what_the_partner_made_itself_s_7",
                    "nobody_but_the_desk_writes_or_reads_internal_notes_s_5_s_13",
                ],
            ),
            held(
                &[Consultant],
                &[
                    "partners_and_consultants_do_what_the_rules_say_g_2_g_3_g_4_g_6_g_12_g_13_g_16_s_4_s_5_s_7_s_14",
                    "nobody_but_the_desk_writes_or_reads_internal_notes_s_5_s_13",
                ],
            ),
            held(
                &[Manager, Designated],
                &["a_designated_contact_replies_s_3_s_4_s_5", "who_gets_copies_of_it_reads_and_does_no_more_s_14_s_3"],
            ),
            held(&[Desk, DutyManager], &["nobody_but_the_desk_writes_or_reads_internal_notes_s_5_s_13"]),
            mended(
                &[Gone],
                &[9],
                &[
                    "a_part_counts_while_the_grant_behind_it_gives_something_s_7_g_12_g_13",
                    "a_part_ends_with_the_grant_behind_it_s_7",
                    "the_end_of_a_part_is_never_overtaken_by_a_reply",
                ],
            ),
            denied(&[Newcomer], Action::UpdateRequests),
            OWN_LEVEL,
            AT_HOME,
        ],
    },
    Row {
        what: "attaches files, and hands them out",
        operations: &["uploadAttachment"],
        cells: &[
            held(
                &[Copied, Working, FullAdmin, Manager, Designated, Desk, DutyManager, Consultant],
                &[
                    "whoever_may_update_an_open_request_uploads_to_it_s_6_s_3_s_4",
                    "whoever_may_read_the_message_may_read_its_attachments_and_nobody_else_s_6_s_5",
                    "a_message_takes_up_nothing_but_its_authors_drafts_of_its_request_each_once_s_6",
                ],
            ),
            held(
                &[Gone],
                &[
                    "a_draft_is_its_uploaders_alone_as_long_as_they_see_the_request_s_6_x_1",
                    "a_lost_right_ends_uploads_and_downloads_at_once",
                ],
            ),
            denied(&[Newcomer], Action::UpdateRequests),
            OWN_LEVEL,
            AT_HOME,
        ],
    },
    Row {
        what: "follows a request up",
        operations: &["createServiceRequest"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin, Manager, Designated],
                &[26],
                &[
                    "a_follow_up_refers_to_a_closed_request_of_the_same_organization_s_4",
                    "a_request_is_confidential_where_its_submitter_says_so_or_follows_such_a_one_up_s_14",
                    "a_follow_up_tells_of_the_other_only_who_may_see_it_s_4",
                ],
            ),
            held(
                &[Desk, DutyManager, Consultant],
                &["a_follow_up_refers_to_a_closed_request_of_the_same_organization_s_4"],
            ),
            denied(&[Newcomer], Action::CreateRequest),
            OWN_LEVEL,
            SIGNED_OUT,
            AT_HOME,
        ],
    },
    Row {
        what: "shows requests: lists, searches, who can see one",
        operations: &[],
        cells: &[
            held(
                &[Copied, Working, FullAdmin],
                &[
                    "a_list_reaches_what_its_reader_may_see_g_3_s_3_s_11_s_13_s_14",
                    "exactly_those_are_named_who_see_the_request_when_they_ask_g_15",
                    "lists_single_reads_and_viewers_agree_for_everybody",
                ],
            ),
            mended(
                &[PartnerManager],
                &[12],
                &[
                    "their_organizations_grant_is_not_theirs_who_only_read_the_knowledge_base_g_7",
                    "knowledge_base_opens_nothing_abroad_g_7",
                ],
            ),
            mended(
                &[Manager],
                &[2],
                &[
                    "contacts_and_the_desk_do_what_the_rules_say_c_6_s_3_s_4_s_5_s_7_s_13_s_14",
                    "what_was_handed_over_is_named_to_nobody_who_does_not_see_it_c_15_s_14",
                ],
            ),
            mended(
                &[Designated],
                &[10],
                &[
                    "contacts_and_the_desk_do_what_the_rules_say_c_6_s_3_s_4_s_5_s_7_s_13_s_14",
                    "the_reason_of_a_disabling_is_for_few_c_15",
                ],
            ),
            held(
                &[ShutOut, Consultant],
                &["partners_and_consultants_do_what_the_rules_say_g_2_g_3_g_4_g_6_g_12_g_13_g_16_s_4_s_5_s_7_s_14"],
            ),
            held(&[Gone], &["who_may_not_sign_in_sees_nothing_c_15_g_12_g_15"]),
            held(&[Newcomer], &["a_hidden_request_answers_as_one_that_does_not_exist_s_11_x_3"]),
            held(
                &[Desk, DutyManager],
                &[
                    "designated_contacts_and_the_desk_ask_who_can_see_a_request_g_15",
                    "contacts_and_the_desk_do_what_the_rules_say_c_6_s_3_s_4_s_5_s_7_s_13_s_14",
                ],
            ),
        ],
    },
    Row {
        what: "tells of a request by email",
        operations: &["createMessage", "updateServiceRequest", "addParticipant"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[11],
                &[
                    "a_reply_is_told_to_those_who_take_part_and_to_organizations_with_view_s_12_g_2_g_7_g_13",
                    "individual_grantees_are_told_of_replies_s_12",
                ],
            ),
            mended(
                &[Manager, Designated],
                &[11, 24],
                &[
                    "while_a_lead_rests_somebody_of_the_organization_stands_in_s_12_c_15",
                    "everybody_made_point_of_contact_is_told_s_2",
                    "answers_reach_somebody_where_a_partner_led_c_15_s_10_s_12",
                ],
            ),
            held(
                &[PartnerManager, ShutOut, Desk, DutyManager, Consultant],
                &[
                    "a_reply_is_told_to_those_who_take_part_and_to_organizations_with_view_s_12_g_2_g_7_g_13",
                    "never_to_the_author_never_a_note_never_of_another_request_s_5_s_12",
                ],
            ),
            held(
                &[Gone],
                &[
                    "who_was_added_is_told_as_long_as_they_take_part_and_may_read_s_7_s_12",
                    "whoever_lost_access_meanwhile_gets_none",
                ],
            ),
            held(&[Newcomer], &["never_to_the_author_never_a_note_never_of_another_request_s_5_s_12"]),
        ],
    },
];
