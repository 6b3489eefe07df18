//! Who can be the point of contact (S-2).

use mandate_tests::{Actor, World, days, e2e, json, snapshot};

use crate::request_list::all_pages;
use crate::service_request::submit;

async fn ids(actor: &Actor, path: &str, limit: usize) -> Vec<String> {
    let rows = all_pages(actor, path, limit).await;
    rows.iter().map(|row| row["person"]["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Everybody of a small world: those whom the customer may name first.
async fn gather(world: &World, acme: &Actor, globex: &Actor) -> Vec<Actor> {
    let umbrella = world.partner("Umbrella", "umbrella.example").await;
    let mut people =
        vec![acme.clone(), globex.clone(), umbrella.clone(), world.consultant().await, world.agent().await];
    for (name, permission) in [("dan", "designated_support"), ("kim", "knowledge_base"), ("mia", "manage_contacts")] {
        people.push(acme.contact(name, permission).await);
    }
    acme.grant_organization(globex, "create").await;
    for (name, level) in [
        ("eve", None),
        ("low", Some("update")),
        ("out", Some("none")),
        ("max", Some("full_admin")),
        ("zed", Some("create")),
    ] {
        let person = globex.contact(name, "knowledge_base").await;
        if let Some(level) = level {
            acme.grant_person(&person, level).await;
        }
        people.push(person);
    }
    acme.grant_organization(&umbrella, "view").await;
    let una = umbrella.contact("una", "designated_support").await;
    acme.grant_person(&una, "service_admin").await;
    acme.grant_person(&people[3], "full_admin").await;
    people.push(una);
    people
}

e2e! {
    /// S-2, S-11: for everybody the list names exactly those whom creating a request accepts.
    async fn the_candidates_are_those_who_can_be_named(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let people = gather(&world, &acme, &globex).await;
        let path = acme.own("point-of-contact-candidates");
        let mut compared = 0;
        for asker in people.iter().filter(|person| person.email != "admin@vendor.example") {
            let answer = asker.get(&path).await;
            let tried = submit(asker, json!({"organization_id": acme.organization_id})).await;
            assert_eq!(answer.status == 200, tried.status == 201, "{}: {answer}", asker.email);
            if answer.status != 200 {
                assert_eq!((answer.status, answer.code()), (tried.status, tried.code()), "{}", asker.email);
                continue;
            }
            let whole = ids(asker, &path, 100).await;
            for limit in [1, 2, 3] {
                assert_eq!(ids(asker, &path, limit).await, whole, "{}", asker.email);
            }
            for person in &people {
                let body = json!({"organization_id": acme.organization_id, "point_of_contact": person.id});
                let named = submit(asker, body).await;
                assert_eq!(named.status == 201, whole.contains(&person.id), "{} names {}: {named}", asker.email, person.email);
                compared += 1;
            }
        }
        assert!(compared > 90, "{compared}");
    }

    /// S-2: by name, found by the beginnings of words; what a grant's end takes away is gone from it.
    async fn candidates_are_found_by_name(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (eve, ivy) = (globex.contact("eve", "knowledge_base").await, acme.invited("ivy", json!({"permission": "designated_support"})).await);
        acme.contact("kim", "knowledge_base").await;
        let path = acme.own("point-of-contact-candidates");
        let until = world.after(days(1));
        let grantee = json!({"type": "contact", "id": eve.id});
        let grant = json!({"grantee": grantee, "level": "create", "expires_at": until});
        acme.post(acme.own("partner-grants"), grant).await.expect(201);
        snapshot!(acme.get(&path).await.expect(200));
        for (q, expected) in [("ev", vec![eve.id.clone()]), ("acme", vec![ivy.id(), acme.id.clone()]), ("ki", vec![]), ("globex%20e", vec![eve.id.clone()])] {
            assert_eq!(ids(&acme, &format!("{path}?q={q}"), 50).await, expected, "{q}");
        }
        acme.get(format!("{path}?q=%25")).await.expect(422);
        acme.get(format!("{path}?name=eve")).await.expect(422);
        acme.post(format!("/v1/contacts/{}/disable", ivy.id()), json!({"reason": "left"})).await.expect(200);
        world.advance(days(1));
        assert_eq!(ids(&acme, &path, 50).await, vec![acme.id.clone()]);
        eve.get(&path).await.expect_problem(404, "not_found");
    }
}
