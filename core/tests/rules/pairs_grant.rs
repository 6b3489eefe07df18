//! What gives, takes, moves, shows or names something about grants, against whoever could gain by it: see [`crate::pairs`].

use mandate_core::access::Action;

use crate::pairs::Who::{
    Consultant, Copied, Designated, Desk, DutyManager, FullAdmin, Gone, Manager, Newcomer, PartnerManager, ShutOut,
    Working,
};
use crate::pairs::{Row, because, denied, held, mended};

/// The rows about grants.
pub(crate) const ROWS: &[Row] = &[
    Row {
        what: "makes a grant",
        operations: &["createPartnerGrant"],
        cells: &[
            mended(
                &[Manager],
                &[14],
                &[
                    "making_and_approving_an_administrators_grant_takes_a_primary_support_contact_g_5_c_10",
                    "only_a_primary_support_contact_gives_administration_g_5",
                ],
            ),
            held(
                &[Copied, Working, FullAdmin, PartnerManager],
                &[
                    "only_contact_managers_of_the_grantor_make_grants_and_no_partner_or_staff_member_does_g_5",
                    "a_partners_own_partner_gets_nothing_from_its_grants_g_8",
                ],
            ),
            held(
                &[Desk, DutyManager, Consultant],
                &[
                    "only_contact_managers_of_the_grantor_make_grants_and_no_partner_or_staff_member_does_g_5",
                    "a_grant_to_staff_says_when_it_ends_and_no_grant_ends_before_it_begins_g_4",
                ],
            ),
            held(
                &[ShutOut],
                &[
                    "none_shuts_out_one_person_and_never_an_organization_g_13",
                    "at_most_one_live_grant_connects_two_and_an_expired_one_makes_room_g_6",
                ],
            ),
            mended(
                &[Gone],
                &[9],
                &[
                    "a_new_grant_that_gives_less_ends_what_hung_on_the_one_that_it_hides_s_7_g_2_g_6",
                    "a_part_counts_while_the_grant_behind_it_gives_something_s_7_g_12_g_13",
                    "only_partners_their_active_people_and_staff_hold_grants",
                ],
            ),
            held(&[Newcomer], &["a_grant_goes_to_a_partner_one_of_its_contacts_or_a_staff_member_g_1"]),
            denied(&[Designated], Action::ManageGrants),
        ],
    },
    Row {
        what: "raises, extends or widens a grant",
        operations: &["updatePartnerGrant"],
        cells: &[
            mended(
                &[Manager],
                &[14, 28],
                &[
                    "raising_to_an_administrators_grant_takes_a_primary_support_contact_and_lowering_does_not_g_5",
                    "extending_and_widening_an_administrators_grant_takes_a_primary_support_contact_g_5_g_16",
                ],
            ),
            mended(
                &[ShutOut],
                &[26],
                &[
                    "with_none_everything_ends_and_a_later_raise_revives_nothing_s_7_g_13",
                    "a_part_ends_with_the_grant_behind_it_s_7",
                ],
            ),
            held(
                &[Copied, Working, FullAdmin, PartnerManager],
                &["a_partner_never_manages_grants_also_not_the_one_it_acts_by_g_5"],
            ),
            denied(&[Designated, Gone, Newcomer, Desk, DutyManager, Consultant], Action::ManageGrants),
        ],
    },
    Row {
        what: "lowers or narrows a grant, or shuts somebody out",
        operations: &["updatePartnerGrant", "createPartnerGrant"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin, PartnerManager],
                &[30],
                &[
                    "lowering_ends_what_the_partner_could_not_make_now_s_7",
                    "a_narrower_history_counts_as_lowering_s_7_g_16",
                    "lowering_a_grant_takes_what_the_partner_made_itself_s_7",
                ],
            ),
            held(
                &[ShutOut],
                &[
                    "with_none_everything_ends_and_a_later_raise_revives_nothing_s_7_g_13",
                    "the_individuals_grant_decides_before_the_organizations_in_every_world_g_2_g_4_g_12_g_13",
                ],
            ),
            held(
                &[Manager],
                &["raising_to_an_administrators_grant_takes_a_primary_support_contact_and_lowering_does_not_g_5"],
            ),
            held(&[Consultant], &["a_part_counts_while_the_grant_behind_it_gives_something_s_7_g_12_g_13"]),
            denied(&[Designated, Gone, Newcomer, Desk, DutyManager], Action::ManageGrants),
        ],
    },
    Row {
        what: "revokes a grant, or lets it end sooner",
        operations: &["revokePartnerGrant", "updatePartnerGrant"],
        cells: &[
            mended(
                &[Manager, ShutOut],
                &[27],
                &[
                    "taking_away_what_keeps_somebody_from_an_administrators_grant_takes_a_primary_support_contact_g_2_g_5",
                    "ending_what_hides_administration_takes_a_primary_support_contact_g_5",
                ],
            ),
            mended(
                &[Copied, Working, FullAdmin],
                &[9, 24],
                &[
                    "with_a_grant_that_is_revoked_everything_ends_and_the_requests_go_back_s_7_c_15",
                    "what_rests_on_no_grant_any_more_ends_with_any_change_of_it_s_7",
                    "a_part_ends_with_the_grant_behind_it_s_7",
                ],
            ),
            held(&[PartnerManager], &["a_partner_never_manages_grants_also_not_the_one_it_acts_by_g_5"]),
            held(
                &[Consultant],
                &["a_contact_manager_revokes_a_grant_at_once_g_4_g_5", "a_revocation_is_never_overtaken_by_a_use"],
            ),
            held(&[Gone], &["a_grant_that_ended_once_leaves_the_next_one_to_decide_g_4_g_6_g_12"]),
            denied(&[Designated, Newcomer, Desk, DutyManager], Action::ManageGrants),
        ],
    },
    Row {
        what: "lets a grant end when its time is over",
        operations: &[],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[9],
                &[
                    "when_its_time_is_over_the_server_ends_what_hangs_on_it_s_7_g_4",
                    "a_grant_gives_nothing_from_the_moment_of_its_expiry_on_g_4",
                    "from_the_moment_of_its_expiry_a_grant_gives_nothing",
                ],
            ),
            mended(
                &[Manager, ShutOut],
                &[27],
                &[
                    "taking_away_what_keeps_somebody_from_an_administrators_grant_takes_a_primary_support_contact_g_2_g_5",
                ],
            ),
            held(&[Consultant], &["a_grant_to_staff_keeps_an_end_g_4"]),
            because(
                &[PartnerManager, Designated, Gone, Newcomer, Desk, DutyManager],
                "no grant to a partner or a consultant is theirs, so that its end gives and takes them nothing",
            ),
        ],
    },
    Row {
        what: "ends or rests a grant whose holder is disabled or goes elsewhere",
        operations: &["disableContact", "enableContact", "acceptInvitation", "disableStaff"],
        cells: &[
            mended(
                &[PartnerManager, ShutOut],
                &[15],
                &[
                    "a_grant_that_takes_away_rests_while_its_holder_is_disabled_and_another_one_ends_g_12_g_13",
                    "a_grant_that_takes_away_applies_to_the_record_that_its_holder_becomes_g_12_c_14",
                    "who_is_enabled_under_an_address_that_was_shut_out_elsewhere_stays_shut_out_g_12_c_13",
                    "who_was_shut_out_stays_so_g_12_g_13",
                ],
            ),
            held(
                &[Copied, Working, FullAdmin],
                &["a_grant_that_takes_away_rests_while_its_holder_is_disabled_and_another_one_ends_g_12_g_13"],
            ),
            held(
                &[Gone],
                &[
                    "disabling_ends_the_grants_hands_over_the_requests_and_is_recorded_c_15_g_12",
                    "what_was_theirs_ends_where_they_were_c_14_c_15_g_12",
                    "what_ended_on_disabling_does_not_come_back_c_17_g_12",
                ],
            ),
            held(&[Consultant], &["an_administrator_disables_a_staff_member_and_their_grants_end_g_12"]),
            because(&[Manager, Designated, Newcomer, Desk, DutyManager], "they hold no grant that could end or rest"),
        ],
    },
    Row {
        what: "asks for a grant, and takes that back",
        operations: &["createPartnerGrantRequest", "withdrawPartnerGrantRequest"],
        cells: &[
            held(
                &[Copied, Working, FullAdmin, PartnerManager],
                &[
                    "a_partner_asks_for_itself_and_its_own_people_alone_g_9",
                    "a_renewal_names_a_grant_that_the_grantee_holds_g_11",
                    "whether_a_name_is_anybodys_changes_nothing_that_the_partner_sees_g_9",
                    "whoever_asked_withdraws_and_so_does_their_contact_manager_g_9",
                ],
            ),
            because(&[ShutOut], "they may ask as their colleagues do: only the customer's answer gives anything"),
            held(&[Gone], &["open_requests_end_with_whoever_made_them_or_was_to_hold_the_grant_c_15_g_9"]),
            because(&[Manager, Designated], "a customer's own people ask nobody for access to the customer"),
            denied(&[Newcomer, Desk, DutyManager, Consultant], Action::AskForGrants),
        ],
    },
    Row {
        what: "approves or declines what was asked for",
        operations: &["approvePartnerGrantRequest", "declinePartnerGrantRequest"],
        cells: &[
            mended(
                &[Manager],
                &[14],
                &[
                    "making_and_approving_an_administrators_grant_takes_a_primary_support_contact_g_5_c_10",
                    "only_a_primary_support_contact_gives_administration_g_5",
                ],
            ),
            mended(
                &[Gone],
                &[26],
                &[
                    "who_may_not_ask_any_more_is_not_approved_any_more_x_1_c_15_g_9",
                    "a_grant_asked_for_by_who_was_demoted_is_not_given_c_15",
                ],
            ),
            denied(
                &[
                    Copied,
                    Working,
                    FullAdmin,
                    PartnerManager,
                    ShutOut,
                    Designated,
                    Newcomer,
                    Desk,
                    DutyManager,
                    Consultant,
                ],
                Action::ManageGrants,
            ),
        ],
    },
    Row {
        what: "shows beforehand what a grant would expose",
        operations: &["previewPartnerGrant", "previewPartnerGrantRequest"],
        cells: &[
            held(&[Manager], &["a_preview_refuses_what_making_the_grant_would_refuse_g_17"]),
            denied(
                &[
                    Copied,
                    Working,
                    FullAdmin,
                    PartnerManager,
                    ShutOut,
                    Designated,
                    Gone,
                    Newcomer,
                    Desk,
                    DutyManager,
                    Consultant,
                ],
                Action::ManageGrants,
            ),
        ],
    },
    Row {
        what: "shows and tells of grants, levels, and who joins and leaves",
        operations: &[],
        cells: &[
            held(
                &[Copied, Working, FullAdmin, PartnerManager],
                &[
                    "both_sides_see_a_grant_and_nobody_else_does_g_10_x_3",
                    "access_is_explained_to_the_person_and_to_those_who_see_the_grants_g_15_x_3",
                    "only_a_live_grant_to_all_of_the_partner_at_view_or_above_counts_g_18",
                ],
            ),
            held(&[ShutOut], &["every_grant_that_does_not_decide_says_why_g_15"]),
            held(&[Manager, Designated], &["the_grantors_designated_contacts_list_its_grants_g_10"]),
            held(
                &[Gone],
                &[
                    "whether_somebody_is_reminded_is_decided_when_the_email_leaves_g_11_c_15",
                    "what_is_not_so_any_more_is_not_told_g_9_c_15",
                    "a_disabled_staff_member_has_no_access_left_to_explain_g_15",
                ],
            ),
            held(&[Newcomer], &["both_sides_see_a_request_and_nobody_else_does_g_9_x_3"]),
            because(
                &[Desk, DutyManager],
                "the vendor's desk and records see which grants there are, and act by none of them",
            ),
            denied(&[Consultant], Action::ReadGrants),
        ],
    },
];
