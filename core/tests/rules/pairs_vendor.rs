//! What gives, takes, moves, shows or names something about escalations, organizations and the vendor's people, against whoever could gain
//! by it: see [`crate::pairs`].

use mandate_core::access::Action;

use crate::pairs::Who::{
    Consultant, Copied, Designated, Desk, DutyManager, FullAdmin, Gone, Manager, Newcomer, PartnerManager, ShutOut,
    Working,
};
use crate::pairs::{Row, because, denied, held, mended};

/// The rows about escalations, organizations and the vendor's people.
pub(crate) const ROWS: &[Row] = &[
    Row {
        what: "opens an escalation",
        operations: &["openEscalation"],
        cells: &[
            mended(
                &[Desk],
                &[13, 16],
                &[
                    "only_the_account_team_of_the_organization_passes_one_on_e_2",
                    "each_way_in_has_its_own_people_e_2",
                    "staff_do_not_make_the_only_primary_support_contact_disappear_before_an_escalation",
                ],
            ),
            mended(
                &[DutyManager],
                &[16],
                &[
                    "a_guard_whom_staff_disabled_within_thirty_days_counts_as_active_e_4_e_7_e_8",
                    "nobody_decides_about_what_they_opened_e_6_e_8",
                    "a_guard_whom_staff_disabled_is_named_and_told_and_objects_by_a_link",
                ],
            ),
            mended(
                &[Manager, Designated],
                &[18],
                &[
                    "a_designated_contact_opens_an_escalation_e_1_e_2_e_3_e_4_e_11",
                    "partners_do_not_learn_of_it_by_the_service_request",
                ],
            ),
            denied(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Gone, Newcomer, Consultant],
                Action::OpenEscalation,
            ),
        ],
    },
    Row {
        what: "writes the letter and the nominee",
        operations: &["updateEscalation", "uploadEscalationAttachment", "provideEscalationInformation"],
        cells: &[
            mended(
                &[DutyManager, Desk],
                &[5],
                &[
                    "whoever_edits_or_verifies_is_remembered_for_good_e_6",
                    "whoever_changed_or_verified_it_or_holds_a_grant_does_not_decide_e_6",
                    "nobody_decides_about_what_they_changed_or_verified",
                ],
            ),
            mended(
                &[Designated],
                &[13],
                &[
                    "an_edit_voids_the_verification_of_what_it_touches_e_6",
                    "a_signature_says_something_only_of_its_own_time_and_of_the_whole_body_e_6",
                    "a_signature_says_when_it_was_made_and_what_it_covers",
                    "the_small_ones",
                ],
            ),
            held(
                &[Manager],
                &[
                    "every_state_step_and_actor_answers_as_the_rules_say_e_2_e_5_e_6_e_8_e_11",
                    "an_edit_voids_the_verification_of_what_it_touches_e_6",
                ],
            ),
            denied(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Gone, Newcomer, Consultant],
                Action::ReadEscalations,
            ),
        ],
    },
    Row {
        what: "reviews an escalation, verifies it, and confirms a number",
        operations: &[
            "reviewEscalation",
            "verifyEscalation",
            "requestEscalationInformation",
            "confirmEscalationNumber",
        ],
        cells: &[
            mended(
                &[DutyManager, Desk],
                &[5],
                &[
                    "whoever_changed_or_verified_it_or_holds_a_grant_does_not_decide_e_6",
                    "each_item_is_verified_by_a_method_with_its_evidence_e_6_e_6a",
                ],
            ),
            mended(
                &[Manager, Designated],
                &[3],
                &[
                    "a_number_is_called_by_its_digits_when_it_is_old_or_confirmed_and_was_not_brought_e_6a",
                    "numbers_are_called_by_their_digits_and_age",
                ],
            ),
            denied(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Gone, Newcomer, Consultant],
                Action::ReadEscalations,
            ),
        ],
    },
    Row {
        what: "approves or rejects an escalation",
        operations: &["approveEscalation", "rejectEscalation"],
        cells: &[
            mended(
                &[DutyManager],
                &[5, 21],
                &[
                    "whoever_changed_or_verified_it_or_holds_a_grant_does_not_decide_e_6",
                    "an_approval_needs_every_item_the_version_read_and_a_nominee_who_can_be_appointed_e_4_e_6_e_7_e_9",
                    "nobody_decides_about_what_they_changed_or_verified",
                ],
            ),
            mended(&[Consultant], &[21], &["whoever_changed_or_verified_it_or_holds_a_grant_does_not_decide_e_6"]),
            denied(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Manager, Designated, Gone, Newcomer, Desk],
                Action::DecideEscalations,
            ),
        ],
    },
    Row {
        what: "objects to an escalation, also by a link or by disabling",
        operations: &["objectToEscalation", "objectToEscalationByLink", "disableContact"],
        cells: &[
            mended(
                &[Manager],
                &[25],
                &[
                    "a_person_objects_once_and_then_it_takes_somebody_else_e_8",
                    "an_objection_stops_and_a_second_duty_manager_resumes_where_it_stood_e_7_e_8",
                ],
            ),
            mended(
                &[Gone],
                &[16, 17],
                &[
                    "who_was_put_aside_objects_by_a_link_once_e_4_e_8",
                    "disabling_the_nominee_or_the_opener_is_an_objection_e_8",
                    "disabling_the_opener_or_the_nominee_is_an_objection",
                ],
            ),
            held(
                &[Designated, Desk, DutyManager],
                &["every_state_step_and_actor_answers_as_the_rules_say_e_2_e_5_e_6_e_8_e_11"],
            ),
            denied(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Newcomer, Consultant],
                Action::ReadEscalations,
            ),
        ],
    },
    Row {
        what: "resumes an escalation, or withdraws it",
        operations: &["resumeEscalation", "withdrawEscalation"],
        cells: &[
            held(
                &[DutyManager],
                &[
                    "nobody_decides_about_what_they_opened_e_6_e_8",
                    "an_objection_stops_and_a_second_duty_manager_resumes_where_it_stood_e_7_e_8",
                ],
            ),
            held(
                &[Manager, Designated, Desk],
                &["every_state_step_and_actor_answers_as_the_rules_say_e_2_e_5_e_6_e_8_e_11"],
            ),
            denied(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Gone, Newcomer, Consultant],
                Action::ReadEscalations,
            ),
        ],
    },
    Row {
        what: "completes an escalation, which appoints somebody",
        operations: &["completeEscalation"],
        cells: &[
            mended(
                &[DutyManager],
                &[16],
                &[
                    "nothing_is_completed_before_its_time_e_7_e_9",
                    "the_waiting_period_rests_while_the_organization_is_suspended_e_7",
                    "what_cannot_be_completed_any_more_goes_back_into_review_e_4_e_9_x_1",
                ],
            ),
            mended(
                &[Gone],
                &[13, 17],
                &[
                    "a_sign_of_life_ends_the_presumption_e_9",
                    "a_nominee_who_was_disabled_since_is_never_let_in_e_9",
                    "the_small_ones",
                ],
            ),
            held(
                &[Newcomer],
                &[
                    "an_approval_needs_every_item_the_version_read_and_a_nominee_who_can_be_appointed_e_4_e_6_e_7_e_9",
                    "nobody_of_the_vendor_is_appointed",
                ],
            ),
            denied(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Manager, Designated, Desk, Consultant],
                Action::DecideEscalations,
            ),
        ],
    },
    Row {
        what: "shows an escalation, or the request beside it",
        operations: &["updateServiceRequest", "addParticipant", "createServiceRequest"],
        cells: &[
            mended(
                &[Copied, Working, FullAdmin],
                &[18],
                &[
                    "what_an_escalation_was_tied_to_stays_closed_to_partners_whoever_asks_e_11",
                    "an_escalation_is_seen_inside_the_organization_and_by_staff_alone_e_11",
                    "partners_do_not_learn_of_it_by_the_service_request",
                    "outsiders_cannot_tell_an_escalation_from_none",
                ],
            ),
            mended(
                &[Manager, Designated, Desk, DutyManager],
                &[18],
                &[
                    "what_an_escalation_was_tied_to_stays_closed_to_partners_whoever_asks_e_11",
                    "partners_do_not_learn_of_it_by_the_service_request",
                ],
            ),
            held(&[Gone], &["an_email_leaves_as_long_as_it_is_so_and_its_receiver_may_know_e_7_e_8_e_11"]),
            denied(&[PartnerManager, ShutOut, Newcomer, Consultant], Action::ReadEscalations),
        ],
    },
    Row {
        what: "suspends an organization, and resumes it",
        operations: &["suspendOrganization", "resumeOrganization"],
        cells: &[
            held(
                &[Desk],
                &[
                    "an_administrator_suspends_an_organization_and_resumes_it_g_12",
                    "only_administrators_create_and_edit_organizations",
                ],
            ),
            mended(
                &[DutyManager],
                &[16],
                &[
                    "the_waiting_period_rests_while_the_organization_is_suspended_e_7",
                    "the_waiting_period_rests_while_the_organization_is_suspended",
                ],
            ),
            mended(
                &[Copied, Working, FullAdmin, PartnerManager],
                &[24],
                &[
                    "a_point_of_contact_leads_while_the_grant_behind_them_gives_something_s_7_s_10_c_15",
                    "a_suspension_is_given_as_the_reason_g_12_g_15",
                    "a_partner_without_its_grant_leads_nothing_c_15",
                    "nobody_of_a_suspended_organization_gets_in",
                ],
            ),
            mended(&[Gone], &[13], &["a_reset_link_waits_while_the_organization_is_suspended"]),
            denied(&[ShutOut, Manager, Designated, Newcomer, Consultant], Action::ManageOrganization),
        ],
    },
    Row {
        what: "brings in an organization, and says which domains are its own",
        operations: &["createOrganization", "updateOrganization"],
        cells: &[
            mended(
                &[Newcomer],
                &[13],
                &[
                    "an_address_belongs_to_the_owner_of_the_longest_domain_that_matches_it_o_5",
                    "a_free_mail_providers_domain_gives_nothing_whoever_names_it_o_5",
                    "some_domains_are_nobodys_o_5",
                ],
            ),
            mended(
                &[Desk],
                &[26],
                &[
                    "the_vendor_takes_domains_over_from_the_configuration_and_drops_none_o_2",
                    "a_staff_member_is_never_a_first_contact_o_2",
                    "vendor_staff_are_never_contacts",
                ],
            ),
            denied(
                &[
                    Copied,
                    Working,
                    FullAdmin,
                    PartnerManager,
                    ShutOut,
                    Manager,
                    Designated,
                    Gone,
                    DutyManager,
                    Consultant,
                ],
                Action::ManageOrganization,
            ),
        ],
    },
    Row {
        what: "says who is of the vendor's staff, and in which roles",
        operations: &["createStaff", "updateStaff", "disableStaff", "enableStaff", "resendStaffWelcome"],
        cells: &[
            held(
                &[Desk],
                &[
                    "an_administrator_edits_a_staff_member_but_never_their_own_roles_o_3",
                    "a_role_that_is_taken_away_gives_nothing_from_then_on",
                ],
            ),
            held(&[DutyManager, Consultant], &["the_staff_is_kept_by_administrators_alone"]),
            held(
                &[Gone],
                &[
                    "an_administrator_disables_a_staff_member_and_their_grants_end_g_12",
                    "a_disabled_staff_member_is_out_at_once",
                ],
            ),
            held(
                &[Copied, Working, FullAdmin, PartnerManager, ShutOut, Manager, Designated, Newcomer],
                &["a_staff_members_record_exists_for_those_who_see_the_list_and_themselves_x_3"],
            ),
        ],
    },
    Row {
        what: "says who looks after an organization",
        operations: &["setAccountTeam"],
        cells: &[
            // Who is of the team passes an escalation on, and confirms numbers.
            mended(
                &[Desk],
                &[13],
                &[
                    "a_place_takes_an_active_staff_member_with_its_role_and_all_others_are_refused_alike_o_4_x_3",
                    "only_the_account_team_of_the_organization_passes_one_on_e_2",
                ],
            ),
            held(&[Gone], &["who_was_disabled_or_lost_the_role_is_not_shown_o_4"]),
            denied(
                &[
                    Copied,
                    Working,
                    FullAdmin,
                    PartnerManager,
                    ShutOut,
                    Manager,
                    Designated,
                    Newcomer,
                    DutyManager,
                    Consultant,
                ],
                Action::ManageOrganization,
            ),
        ],
    },
    Row {
        what: "shows what an organization lacks",
        operations: &[],
        cells: &[
            mended(
                &[Manager, Designated],
                &[13],
                &[
                    "designated_contacts_and_the_staff_who_look_after_customers_see_it_x_3",
                    "a_grant_that_was_raised_is_not_unused_yet_r_10",
                    "contacts_outside_the_domains_are_found_r_17",
                ],
            ),
            held(&[Desk, DutyManager], &["designated_contacts_and_the_staff_who_look_after_customers_see_it_x_3"]),
            because(
                &[FullAdmin, Consultant, PartnerManager],
                "who keeps the contacts at `full_admin` reads what is missing, and it gives nothing",
            ),
            denied(&[Copied, Working, ShutOut, Gone, Newcomer], Action::ReadReadiness),
        ],
    },
];
