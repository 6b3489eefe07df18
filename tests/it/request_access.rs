//! Which requests a grant reaches (G-16), and who sees a confidential one (S-14).

use mandate_tests::{Actor, Answer, Value, e2e, hours, json, snapshot};

use crate::partner_grant::{offer, person};
use crate::request_list::all_pages;
use crate::service_request::{request_path, submit};

/// The subjects that somebody's list shows, in its order.
async fn subjects(actor: &Actor) -> Vec<String> {
    let rows = all_pages(actor, "/v1/service-requests", 2).await;
    rows.iter().map(|row| row["subject"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Whether somebody reads and updates a request, as status codes.
async fn tries(actor: &Actor, request: &Answer) -> (u16, u16) {
    let messages = format!("{}/messages", request_path(request));
    (actor.get(request_path(request)).await.status, actor.post(messages, json!({"body": "A word"})).await.status)
}

e2e! {
    /// G-16: `all`, `open` and `new`, told by when a request was created and closed, in lists as in single reads.
    async fn a_grant_reaches_the_requests_of_its_history_scope(world: World) {
        let (acme, globex, agent) =
            (world.customer("Acme", "acme.example").await, world.partner("Globex", "globex.example").await, world.agent().await);
        let close = async |request: &Answer| {
            agent.patch(request_path(request), json!({"status": "closed"})).await.expect(200);
        };
        let mut requests = Vec::new();
        for subject in ["closed before", "closed after", "old and open"] {
            requests.push(acme.request(subject).await);
        }
        close(&requests[0]).await;
        world.advance(hours(1));
        let eve = globex.contact("eve", "designated_support").await;
        let grant = offer(&acme, json!({"grantee": person(&eve), "level": "update", "history": "open"})).await.expect(201);
        snapshot!(grant);
        world.advance(hours(1));
        close(&requests[1]).await;
        requests.push(acme.request("new").await);
        let path = format!("/v1/partner-grants/{}", grant.id());
        let reaches = async |reached: &[usize]| {
            let mut listed = subjects(&eve).await;
            listed.sort();
            let mut expected: Vec<&str> =
                reached.iter().map(|index| ["closed before", "closed after", "old and open", "new"][*index]).collect();
            expected.sort_unstable();
            assert_eq!(listed, expected);
            for (index, request) in requests.iter().enumerate() {
                let is_closed = index < 2;
                let expected = match (reached.contains(&index), is_closed) {
                    (false, _) => (404, 404),
                    (true, true) => (200, 409),
                    (true, false) => (200, 201),
                };
                assert_eq!(tries(&eve, request).await, expected, "{index}");
            }
        };
        reaches(&[1, 2, 3]).await;
        // Another edit keeps the moment, another scope begins now.
        acme.patch(&path, json!({"level": "create", "history": "open"})).await.expect(200);
        reaches(&[1, 2, 3]).await;
        let narrowed = acme.patch(&path, json!({"history": "new"})).await.expect(200);
        assert_ne!(narrowed.body["history_since"], grant.body["history_since"]);
        reaches(&[]).await;
        acme.patch(&path, json!({"history": "all"})).await.expect(200);
        reaches(&[0, 1, 2, 3]).await;
        snapshot!(acme.get(format!("{path}/history")).await.expect(200));
        let access = format!("/v1/organizations/{}/effective-access?person_id={}", acme.organization_id, eve.id);
        snapshot!(acme.get(access).await.expect(200));
    }

    /// G-16, S-7: who takes part in a request that the scope leaves out reads it, and is told how to update it.
    async fn the_point_of_contact_is_reached_also_where_the_scope_leaves_out(world: World) {
        let (acme, globex) = (world.customer("Acme", "acme.example").await, world.partner("Globex", "globex.example").await);
        let request = acme.request("Before").await;
        world.advance(hours(1));
        let eve = globex.contact("eve", "designated_support").await;
        offer(&acme, json!({"grantee": person(&eve), "level": "create", "history": "new"})).await.expect(201);
        assert_eq!(tries(&eve, &request).await, (404, 404));
        acme.patch(request_path(&request), json!({"point_of_contact": eve.id})).await.expect(200);
        assert_eq!(tries(&eve, &request).await, (200, 201));
        assert_eq!(subjects(&eve).await, ["Before"]);
    }

    /// G-7, G-16: widening what a whole organization sees is acknowledged, as raising its level is.
    async fn widening_the_history_of_an_organization_takes_an_acknowledgement(world: World) {
        let (acme, globex) = (world.customer("Acme", "acme.example").await, world.partner("Globex", "globex.example").await);
        let grantee = json!({"type": "organization", "id": globex.organization_id});
        let body = json!({"grantee": grantee, "level": "view", "history": "new"});
        offer(&acme, body.clone()).await.expect_problem(422, "acknowledgement_required");
        let mut told = body;
        told["acknowledge_organization_wide_visibility"] = json!(true);
        let path = format!("/v1/partner-grants/{}", offer(&acme, told).await.expect(201).id());
        snapshot!(acme.patch(&path, json!({"history": "open"})).await);
        let acknowledged = json!({"history": "open", "acknowledge_organization_wide_visibility": true});
        acme.patch(&path, acknowledged).await.expect(200);
        acme.patch(&path, json!({"history": "new"})).await.expect(200);
        acme.patch(&path, json!({"history": null})).await.expect_problem(422, "validation_failed");
        acme.patch(&path, json!({"history": "recent"})).await.expect_problem(422, "validation_failed");
    }

    /// G-9, G-16: a request for a grant is approved with another history scope; a renewal keeps the grant's own.
    async fn a_request_for_a_grant_is_approved_with_a_history_scope(world: World) {
        let (acme, globex) = (world.customer("Acme", "acme.example").await, world.partner("Globex", "globex.example").await);
        let eve = globex.contact("eve", "designated_support").await;
        let ask = async |more: Value| {
            let body = json!({"grantor": {"id": acme.organization_id}, "grantee": person(&eve), "level": "view"});
            let asked = globex.post(globex.own("partner-grant-requests"), mandate_tests::with(body, more)).await.expect(201);
            format!("/v1/partner-grant-requests/{}/approve", asked.id())
        };
        let approved = acme.post(ask(json!({})).await, json!({"history": "new"})).await.expect(200);
        let path = format!("/v1/partner-grants/{}", approved.body["grant_id"].as_str().unwrap_or_default());
        let first = acme.get(&path).await.expect(200);
        assert_eq!(first.body["history"], "new");
        world.advance(hours(1));
        let renewal = ask(json!({"renews_grant_id": first.body["id"]})).await;
        acme.post(renewal, json!({})).await.expect(200);
        let renewed = acme.get(&path).await.expect(200);
        assert_eq!(renewed.body["history"], "new");
        assert_eq!(renewed.body["history_since"], first.body["history_since"]);
    }

    /// S-14: its submitter, point of contact and participants, the primary support contacts and the desk; nobody else.
    async fn a_confidential_request_is_seen_by_those_whom_it_names(world: World) {
        let (acme, globex, agent) =
            (world.customer("Acme", "acme.example").await, world.partner("Globex", "globex.example").await, world.agent().await);
        let (dan, mia, sue) = (
            acme.contact("dan", "designated_support").await,
            acme.contact("mia", "manage_contacts").await,
            acme.contact("sue", "designated_support").await,
        );
        let eve = globex.contact("eve", "designated_support").await;
        acme.grant_organization(&globex, "full_admin").await;
        acme.grant_person(&eve, "cc").await;
        let consultant = world.consultant().await;
        acme.grant_person(&consultant, "full_admin").await;
        let open = submit(&dan, json!({"subject": "For all"})).await.expect(201);
        let secret = submit(&dan, json!({"subject": "A breach", "confidential": true})).await.expect(201);
        snapshot!(secret);
        for (who, actor, expected) in [
            ("submitter", &dan, (200, 201)),
            ("primary support contact", &acme, (200, 201)),
            ("agent", &agent, (200, 201)),
            ("contact manager", &mia, (404, 404)),
            ("designated contact", &sue, (404, 404)),
            ("partner with full_admin", &globex, (404, 404)),
            ("partner with cc", &eve, (404, 404)),
            ("consultant with full_admin", &consultant, (404, 404)),
        ] {
            assert_eq!(tries(actor, &secret).await, expected, "{who}");
            let listed = subjects(actor).await.contains(&"A breach".to_owned());
            assert_eq!(listed, expected.0 == 200, "{who}");
        }
        assert_eq!(subjects(&globex).await, ["For all"]);
        let viewers = all_pages(&acme, &format!("{}/viewers", request_path(&secret)), 50).await;
        let names: Vec<&str> = viewers.iter().filter_map(|row| row["path"].as_str()).collect();
        assert_eq!(names.iter().filter(|path| **path == "own_organization").count(), 2, "{viewers:?}");
        assert_eq!(names.iter().filter(|path| **path == "staff_role").count(), names.len() - 2, "{viewers:?}");
        // Whoever becomes its point of contact sees it, a partner by whatever live grant.
        acme.patch(request_path(&secret), json!({"point_of_contact": globex.id})).await.expect(200);
        assert_eq!(tries(&globex, &secret).await, (200, 201));
        assert_eq!(tries(&eve, &secret).await, (404, 404));
        acme.patch(request_path(&secret), json!({"point_of_contact": sue.id})).await.expect(200);
        assert_eq!(tries(&globex, &secret).await, (404, 404));
        assert_eq!(tries(&sue, &secret).await, (200, 201));
        // Concealing what all saw takes effect at once.
        assert_eq!(tries(&sue, &open).await, (200, 201));
        snapshot!(sue.patch(request_path(&open), json!({"confidential": true})).await);
        globex.patch(request_path(&open), json!({"confidential": true})).await
            .expect_problem(403, "primary_support_contact_required");
        acme.patch(request_path(&open), json!({"confidential": true})).await.expect(200);
        assert_eq!((tries(&sue, &open).await, tries(&globex, &open).await), ((404, 404), (404, 404)));
        sue.patch(request_path(&open), json!({"confidential": false})).await.expect_problem(404, "not_found");
        // What a primary support contact concealed, its submitter does not open.
        let opened = dan.patch(request_path(&open), json!({"confidential": false})).await;
        opened.expect_problem(403, "primary_support_contact_required");
        acme.patch(request_path(&open), json!({"confidential": false})).await.expect(200);
        agent.patch(request_path(&open), json!({"confidential": true})).await.expect(200);
        agent.patch(request_path(&open), json!({"confidential": false, "status": "closed"})).await.expect(200);
        assert_eq!(tries(&sue, &open).await, (200, 409));
    }

    /// S-4, S-14: a follow-up is as confidential as what it follows, and nobody follows up what they do not see.
    async fn a_follow_up_of_a_confidential_request_is_confidential(world: World) {
        let (acme, agent) = (world.customer("Acme", "acme.example").await, world.agent().await);
        let dan = acme.contact("dan", "designated_support").await;
        let secret = submit(&acme, json!({"confidential": true})).await.expect(201);
        agent.patch(request_path(&secret), json!({"status": "closed"})).await.expect(200);
        submit(&dan, json!({"follow_up_of": secret.id()})).await.expect_problem(422, "follow_up_not_allowed");
        let next = submit(&acme, json!({"follow_up_of": secret.id()})).await.expect(201);
        assert_eq!(next.body["confidential"], json!(true));
        let open = submit(&acme, json!({"follow_up_of": secret.id(), "confidential": false})).await.expect(201);
        assert_eq!(open.body["confidential"], json!(false));
    }
}
