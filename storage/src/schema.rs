//! The tables, in common SQL types alone, so that each query compiles for both databases.

diesel::table! {
    /// Whoever has contacts (O-1). `domains` repeats organization_domains as a JSON array, so that a row is read whole.
    organizations (id) {
        id -> Text,
        kind -> Text,
        name -> Text,
        name_folded -> Text,
        domains -> Text,
        status -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        review_period_days -> Nullable<Integer>,
    }
}

diesel::table! {
    /// Each email domain belongs to one organization.
    organization_domains (domain) {
        domain -> Text,
        organization_id -> Text,
    }
}

diesel::table! {
    /// Contacts of customers and partners, and the staff of the vendor (C-1, O-3).
    people (id) {
        id -> Text,
        organization_id -> Text,
        email -> Text,
        first_name -> Text,
        last_name -> Text,
        search -> Text,
        sort_name -> Text,
        phone -> Nullable<Text>,
        time_zone -> Text,
        locale -> Text,
        contact_type -> Nullable<Text>,
        permission -> Nullable<Text>,
        duties -> Text,
        roles -> Text,
        status -> Text,
        status_reason -> Nullable<Text>,
        status_at -> Nullable<BigInt>,
        status_by -> Nullable<Text>,
        created_at -> BigInt,
        created_by -> Nullable<Text>,
        updated_at -> BigInt,
        last_sign_in_at -> Nullable<BigInt>,
        last_confirmed_at -> Nullable<BigInt>,
        version -> BigInt,
        sites -> Nullable<Text>,
        preferences -> Nullable<Text>,
        last_confirmed_by -> Nullable<Text>,
        training_note -> Nullable<Text>,
        training_at -> Nullable<BigInt>,
        training_by -> Nullable<Text>,
        email_local -> Text,
        email_domain -> Text,
    }
}

diesel::table! {
    /// The words of names and emails (C-18).
    people_words (organization_id, word, person_id) {
        organization_id -> Text,
        word -> Text,
        person_id -> Text,
    }
}

diesel::table! {
    /// Where an organization works (O-5).
    sites (id) {
        id -> Text,
        organization_id -> Text,
        name -> Text,
        name_folded -> Text,
        time_zone -> Text,
        shifts -> Text,
        archived_at -> Nullable<BigInt>,
        created_at -> BigInt,
        created_by -> Text,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Who of the vendor looks after an organization (O-4).
    account_teams (organization_id) {
        organization_id -> Text,
        technical_account_manager -> Nullable<Text>,
        customer_success_manager -> Nullable<Text>,
        sales_manager -> Nullable<Text>,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Contacts of other organizations who were asked to come over (C-14).
    invitations (id) {
        id -> Text,
        organization_id -> Text,
        person_id -> Text,
        email -> Text,
        contact_type -> Text,
        permission -> Text,
        duties -> Text,
        link_id -> Text,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        ended_status -> Nullable<Text>,
        ended_by -> Nullable<Text>,
        contact_id -> Nullable<Text>,
        created_at -> BigInt,
        created_by -> Text,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Reviews of the list of contacts (C-20).
    contact_reviews (id) {
        id -> Text,
        organization_id -> Text,
        started_at -> BigInt,
        started_by -> Nullable<Text>,
        closed_at -> Nullable<BigInt>,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Who is in a review, and how each was dealt with (C-20).
    contact_review_items (review_id, contact_id) {
        review_id -> Text,
        contact_id -> Text,
        outcome -> Text,
        decided_at -> Nullable<BigInt>,
        decided_by -> Nullable<Text>,
    }
}

diesel::table! {
    /// Passwords, apart from the people, so that no list of people ever reads them.
    credentials (person_id) {
        person_id -> Text,
        password_hash -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    /// Sign-ins. `generation` is the number of the refresh token that is good now.
    sessions (id) {
        id -> Text,
        person_id -> Text,
        generation -> BigInt,
        rotated_at -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Single-use links that leave in emails (C-12).
    links (id) {
        id -> Text,
        person_id -> Text,
        purpose -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        voided_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Failed sign-ins, counted by account and by network.
    sign_in_failures (scope) {
        scope -> Text,
        failures -> BigInt,
        first_at -> BigInt,
        last_at -> BigInt,
        blocked_until -> BigInt,
    }
}

diesel::table! {
    /// Access that one organization gives to a partner, a person of it, or a staff member (G-1).
    partner_grants (id) {
        id -> Text,
        grantor_id -> Text,
        grantee_type -> Text,
        grantee_id -> Text,
        grantee_organization_id -> Text,
        level -> Text,
        history -> Text,
        history_since -> BigInt,
        expires_at -> Nullable<BigInt>,
        note -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
        ended_status -> Nullable<Text>,
        ended_by -> Nullable<Text>,
        ended_reason -> Nullable<Text>,
        created_at -> BigInt,
        created_by -> Text,
        updated_at -> BigInt,
        version -> BigInt,
        raised_at -> BigInt,
    }
}

diesel::table! {
    /// Requests for grants (G-9).
    grant_requests (id) {
        id -> Text,
        named -> Text,
        grantor_id -> Nullable<Text>,
        grantee_type -> Text,
        grantee_id -> Text,
        grantee_organization_id -> Text,
        level -> Text,
        expires_at -> Nullable<BigInt>,
        message -> Nullable<Text>,
        renews_grant_id -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        decided_status -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        decided_reason -> Nullable<Text>,
        grant_id -> Nullable<Text>,
        created_at -> BigInt,
        created_by -> Text,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Service requests (S-1).
    service_requests (id) {
        id -> Text,
        number -> BigInt,
        organization_id -> Text,
        subject -> Text,
        category -> Text,
        severity -> Integer,
        status -> Text,
        submitted_by -> Text,
        submitter_organization_id -> Text,
        submitted_by_grant -> Nullable<Text>,
        confidential -> Bool,
        point_of_contact_id -> Nullable<Text>,
        point_of_contact_organization_id -> Nullable<Text>,
        assigned_to -> Nullable<Text>,
        follow_up_of -> Nullable<Text>,
        about_person -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        activity_at -> BigInt,
        solved_at -> Nullable<BigInt>,
        closed_at -> Nullable<BigInt>,
        version -> BigInt,
        point_of_contact_grant -> Nullable<Text>,
        point_of_contact_named_by -> Nullable<Text>,
        only_guards_open -> Bool,
        sealed -> Bool,
    }
}

diesel::table! {
    /// What was written in service requests (S-5).
    messages (id) {
        id -> Text,
        service_request_id -> Text,
        author_id -> Nullable<Text>,
        internal -> Bool,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    /// Files of service requests (S-6). Without a message it is a draft of its uploader's.
    attachments (id) {
        id -> Text,
        service_request_id -> Nullable<Text>,
        message_id -> Nullable<Text>,
        uploaded_by -> Text,
        file_name -> Text,
        media_type -> Text,
        detected_media_type -> Text,
        size -> BigInt,
        sha256 -> Text,
        created_at -> BigInt,
        version -> BigInt,
        escalation_id -> Nullable<Text>,
    }
}

diesel::table! {
    /// What is, or may be, in the store of files without a message that holds it.
    uploads (id) {
        id -> Text,
        place_id -> Text,
        begun_at -> BigInt,
        abandoned -> Bool,
    }
}

diesel::table! {
    /// The knowledge base.
    articles (id) {
        id -> Text,
        number -> BigInt,
        vendor_id -> Text,
        title -> Text,
        body -> Text,
        language -> Text,
        products -> Text,
        last_reviewed_at -> BigInt,
        archived_at -> Nullable<BigInt>,
        created_at -> BigInt,
        created_by -> Text,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    /// Who takes part in one service request (S-7).
    participants (service_request_id, person_id) {
        service_request_id -> Text,
        person_id -> Text,
        role -> Text,
        added_at -> BigInt,
        added_by -> Text,
        version -> BigInt,
        grant_id -> Nullable<Text>,
    }
}

diesel::table! {
    /// Emails to everybody whom a service request concerns, which are not owed one by one yet (S-12).
    broadcasts (id) {
        id -> Text,
        kind -> Text,
        about_id -> Text,
        service_request_id -> Nullable<Text>,
        created_at -> BigInt,
        told_until -> Text,
        by_person -> Nullable<Text>,
    }
}

diesel::table! {
    /// Audit entry and event in one: numbered by organization without gaps, chained by hash (X-2, X-2a). Never changed, never deleted.
    journal (organization_id, sequence) {
        organization_id -> Text,
        sequence -> BigInt,
        id -> Text,
        kind -> Text,
        at -> BigInt,
        actor_id -> Nullable<Text>,
        acting_for -> Text,
        grant_id -> Nullable<Text>,
        subject_id -> Text,
        before -> Text,
        after -> Text,
        request_id -> Text,
        address -> Nullable<Text>,
        previous_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    /// The last number and hash of each journal. Another row than the organization, because one row for both deadlocks.
    journal_heads (organization_id) {
        organization_id -> Text,
        sequence -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    /// Emails that are owed, and what became of them.
    mails (id) {
        id -> Text,
        kind -> Text,
        person_id -> Text,
        about_id -> Nullable<Text>,
        link_id -> Nullable<Text>,
        created_at -> BigInt,
        due_at -> BigInt,
        attempts -> BigInt,
        claimed_until -> Nullable<BigInt>,
        done_at -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    mail_requests (mail_id, service_request_id) {
        mail_id -> Text,
        service_request_id -> Text,
    }
}

diesel::table! {
    /// When the server itself tells of a thing.
    tellings (about_id) {
        about_id -> Text,
        due_at -> BigInt,
        turn -> BigInt,
    }
}

diesel::table! {
    /// Who joined and left a partner, until its customers are told (G-18).
    rosters (id) {
        id -> Text,
        organization_id -> Text,
        opened_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        told_up_to -> Nullable<Text>,
    }
}

diesel::table! {
    /// Which way each went.
    roster_people (roster_id, movement, contact_id, version) {
        roster_id -> Text,
        movement -> Text,
        contact_id -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    /// Answers that a repeated request gets again.
    idempotency_keys (caller_id, key) {
        caller_id -> Text,
        key -> Text,
        operation -> Text,
        body_hash -> Binary,
        status -> Integer,
        location -> Nullable<Text>,
        etag -> Nullable<Text>,
        body -> Text,
        subject_id -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    /// Keys that sign access tokens and seal secrets.
    keys (id) {
        id -> Text,
        purpose -> Text,
        secret -> Binary,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// The next numbers to hand out. Blocks are reserved ahead, so that writers do not wait for each other.
    number_blocks (name) {
        name -> Text,
        next -> BigInt,
    }
}

diesel::table! {
    /// The highest time seen: whoever starts with an earlier clock is told.
    clock (id) {
        id -> Integer,
        highest -> BigInt,
    }
}

diesel::table! {
    /// Escalations (E-1).
    escalations (id) {
        id -> Text,
        organization_id -> Text,
        channel -> Text,
        service_request_id -> Nullable<Text>,
        letter -> Text,
        nominee -> Text,
        unavailable -> Text,
        verified -> Text,
        reviewer -> Nullable<Text>,
        status -> Text,
        state -> Text,
        due_at -> Nullable<BigInt>,
        resumption -> Nullable<Text>,
        opened_by -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        traces -> Text,
    }
}

diesel::table! {
    /// What the own signatures of letters said (E-6).
    letter_signatures (attachment_id) {
        attachment_id -> Text,
        result -> Text,
        domain -> Nullable<Text>,
        aligned -> Bool,
        author -> Nullable<Text>,
        checked_at -> BigInt,
        signed_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        covers -> Text,
        body_length -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Which escalation a link lets its receiver object to (E-4).
    objection_links (link_id) {
        link_id -> Text,
        escalation_id -> Text,
    }
}

diesel::table! {
    /// The emails about escalations that left, for good (E-7).
    escalation_notices (mail_id) {
        mail_id -> Text,
        escalation_id -> Text,
        kind -> Text,
        person_id -> Text,
        address -> Text,
        sent_at -> BigInt,
    }
}

diesel::table! {
    /// Addresses that their mail servers refused for good (S-12b).
    undeliverable_emails (person_id) {
        person_id -> Text,
        organization_id -> Text,
        email -> Text,
        since -> BigInt,
        reason -> Text,
    }
}

diesel::joinable!(organization_domains -> organizations (organization_id));
diesel::joinable!(people -> organizations (organization_id));
diesel::joinable!(credentials -> people (person_id));
diesel::joinable!(sessions -> people (person_id));
diesel::joinable!(links -> people (person_id));
diesel::joinable!(partner_grants -> organizations (grantor_id));
diesel::joinable!(service_requests -> organizations (organization_id));
diesel::joinable!(service_requests -> people (submitted_by));
diesel::joinable!(messages -> service_requests (service_request_id));
diesel::joinable!(messages -> people (author_id));
diesel::joinable!(participants -> service_requests (service_request_id));
diesel::joinable!(participants -> people (person_id));
diesel::joinable!(journal -> organizations (organization_id));
diesel::joinable!(journal_heads -> organizations (organization_id));
diesel::joinable!(mails -> people (person_id));

diesel::allow_tables_to_appear_in_same_query!(
    organizations,
    organization_domains,
    people,
    people_words,
    sites,
    account_teams,
    invitations,
    contact_reviews,
    contact_review_items,
    credentials,
    sessions,
    links,
    sign_in_failures,
    partner_grants,
    grant_requests,
    escalations,
    letter_signatures,
    escalation_notices,
    service_requests,
    messages,
    attachments,
    uploads,
    articles,
    participants,
    broadcasts,
    journal,
    journal_heads,
    mails,
    mail_requests,
    undeliverable_emails,
    tellings,
    rosters,
    roster_people,
    idempotency_keys,
    keys,
    number_blocks,
    clock,
);
