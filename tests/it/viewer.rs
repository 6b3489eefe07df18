//! Who can see a service request, and why; and that lists, single reads and this agree for everybody (G-15, S-11).

use std::collections::BTreeSet;

use mandate_tests::{Actor, Answer, Value, World, days, e2e, hours, json, snapshot};

use crate::partner_grant::{offer, person};
use crate::request_list::all_pages;
use crate::service_request::{request_path, submit};

/// A small generator of numbers: the same worlds on each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }

    fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.roll(items.len())]
    }
}

const HISTORIES: [&str; 3] = ["all", "open", "new"];

/// Some organizations with their people, who have granted, revoked, submitted and left at random.
struct Crowd {
    people: Vec<Actor>,
    requests: Vec<Answer>,
}

impl Crowd {
    async fn gather(world: &World, round: usize, dice: &mut Dice) -> Self {
        let domain = |name: &str| format!("{name}{round}.example");
        let acme = world.customer("Acme", &domain("acme")).await;
        let initech = world.customer("Initech", &domain("initech")).await;
        let globex = world.partner("Globex", &domain("globex")).await;
        let umbrella = world.partner("Umbrella", &domain("umbrella")).await;
        let mut partners = vec![globex.clone(), umbrella.clone()];
        let mut people = vec![acme.clone(), initech.clone(), world.agent().await, world.admin().await];
        let permissions = ["knowledge_base", "designated_support", "manage_contacts"];
        for (manager, name) in [(&acme, "ben"), (&initech, "ian")] {
            people.push(manager.contact(name, dice.pick(&permissions)).await);
        }
        for (manager, name) in
            [(&globex, "eve"), (&globex, "kim"), (&globex, "low"), (&umbrella, "una"), (&umbrella, "max")]
        {
            partners.push(manager.contact(name, dice.pick(&permissions)).await);
        }
        let agent = world.agent().await;
        let consultant = world.staff(&format!("consultant{round}"), &["consultant"]).await;
        let mut requests = Vec::new();
        for grantor in [&acme, &initech, &umbrella] {
            let mut grants = Vec::new();
            // What was there before the grants, some of it closed.
            let past = grantor.request("Long ago").await;
            if dice.roll(2) == 0 {
                agent.patch(request_path(&past), json!({"status": "closed"})).await.expect(200);
            }
            requests.push(past);
            requests.push(grantor.request("Since long").await);
            world.advance(hours(1));
            for partner in partners.iter().filter(|partner| partner.organization_id != grantor.organization_id) {
                // Everybody may be the point of contact once.
                let grant = offer(grantor, json!({"grantee": person(partner), "level": "create"})).await.expect(201);
                let confidential = dice.roll(2) == 0;
                let named =
                    json!({"subject": partner.name, "point_of_contact": partner.id, "confidential": confidential});
                if dice.roll(2) == 0 {
                    requests.push(submit(grantor, named).await.expect(201));
                }
                // A partner lets nobody into what it submits in confidence (S-14).
                let for_them = if dice.roll(2) == 0 {
                    json!({"organization_id": grantor.organization_id, "confidential": true})
                } else {
                    json!({"organization_id": grantor.organization_id, "point_of_contact": grantor.id})
                };
                if dice.roll(3) == 0 && partner.get("/v1/me").await.status == 200 {
                    requests.push(submit(partner, for_them).await.expect(201));
                }
                grants.push(grant);
            }
            // Some take part in some of them, their own people and partners'.
            let own_people: Vec<&Actor> =
                people.iter().filter(|person| person.organization_id == grantor.organization_id).collect();
            let present: Vec<String> = requests.iter().map(request_path).collect();
            for person in partners.iter().chain(own_people) {
                for path in present.iter().rev().take(6) {
                    let role = dice.pick(&["cc", "secondary"]);
                    if dice.roll(4) == 0 {
                        grantor
                            .post(format!("{path}/participants"), json!({"person_id": person.id, "role": role}))
                            .await;
                    }
                }
            }
            requests.push(grantor.request("Of our own").await);
            requests.push(submit(grantor, json!({"confidential": true})).await.expect(201));
            for grant in &grants {
                let path = format!("/v1/partner-grants/{}", grant.id());
                grantor.patch(&path, json!({"history": dice.pick(&HISTORIES)})).await.expect(200);
                match dice.roll(4) {
                    0 | 1 => drop(grantor.post(format!("{path}/revoke"), json!({})).await.expect(200)),
                    2 => {
                        let level = dice.pick(&["none", "cc", "view", "full_admin"]);
                        grantor.patch(&path, json!({"level": level})).await.expect(200);
                    }
                    _ => {
                        let level = dice.pick(&["none", "cc", "update"]);
                        let soon = world.after(hours(i64::try_from(dice.roll(2)).unwrap_or_default() + 1));
                        grantor.patch(&path, json!({"level": level, "expires_at": soon})).await.expect(200);
                    }
                }
            }
            for partner in [&globex, &umbrella] {
                let level = dice.pick(&["cc", "cc", "view", "create"]);
                if partner.organization_id != grantor.organization_id && dice.roll(3) > 0 {
                    let wide = grantor.grant_organization(partner, level).await;
                    let path = format!("/v1/partner-grants/{}", wide.id());
                    grantor.patch(path, json!({"history": dice.pick(&HISTORIES)})).await.expect(200);
                }
            }
            if dice.roll(2) == 0 {
                grantor.grant_person(&consultant, dice.pick(&["cc", "view", "none"])).await;
            }
        }
        let leaver = &partners[dice.roll(5) + 2];
        let manager = if leaver.organization_id == globex.organization_id { &globex } else { &umbrella };
        manager.post(format!("/v1/contacts/{}/disable", leaver.id), json!({"reason": "left"})).await.expect(200);
        people.extend(partners);
        people.push(consultant);
        // One of the partners, or a customer, rests now and then.
        if let Some(resting) = [None, None, Some(&umbrella), Some(&initech)][dice.roll(4)] {
            world.admin().await.post(resting.own("suspend"), ()).await.expect(200);
        }
        for request in &requests {
            // Some are closed after the grants were made.
            if dice.roll(4) == 0 {
                agent.patch(request_path(request), json!({"status": "solved"})).await;
                agent.patch(request_path(request), json!({"status": "closed"})).await;
            }
        }
        // Some of the grants end now.
        world.advance(hours(1));
        Self { people, requests }
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap_or_default().to_owned()).collect()
}

e2e! {
    /// G-15: everyone, and why; partners and the vendor's other people do not learn who the customer's people are.
    async fn everyone_who_can_see_a_request_is_named_with_the_reason(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        acme.contact("kim", "knowledge_base").await;
        acme.invited("ivy", json!({"permission": "manage_contacts"})).await;
        let globex = world.partner("Globex", "globex.example").await;
        let eve = globex.contact("eve", "designated_support").await;
        let (shut, low) = (globex.contact("shut", "manage_contacts").await, globex.contact("low", "knowledge_base").await);
        let (consultant, agent) = (world.consultant().await, world.agent().await);
        acme.grant_organization(&globex, "view").await;
        acme.grant_person(&eve, "create").await;
        acme.grant_person(&shut, "none").await;
        let to_low = offer(&acme, json!({"grantee": person(&low), "level": "create"})).await.expect(201);
        acme.grant_person(&consultant, "update").await;
        let request = submit(&acme, json!({"subject": "The printer is on fire", "point_of_contact": low.id})).await;
        acme.patch(format!("/v1/partner-grants/{}", to_low.id()), json!({"level": "cc"})).await.expect(200);
        let path = format!("{}/viewers", request_path(&request));
        snapshot!(dan.get(&path).await.expect(200));
        let whole_list = all_pages(&agent, &path, 100).await;
        for limit in [1, 2, 3] {
            assert_eq!(all_pages(&agent, &path, limit).await, whole_list);
        }
        for (actor, status, code) in [
            (&eve, 403, "permission_required"),
            (&globex, 403, "permission_required"),
            (&consultant, 403, "staff_only"),
            (&shut, 404, "not_found"),
            (&world.admin().await, 404, "not_found"),
        ] {
            actor.get(&path).await.expect_problem(status, code);
        }
        snapshot!(eve.get(&path).await);
        world.advance(days(31));
        let names = all_pages(&acme, &path, 50).await;
        assert!(!names.iter().any(|row| row["person"]["id"] == json!(consultant.id)), "the grant is over");
    }

    /// S-11, G-15, G-16, S-3, S-13, S-14: in generated worlds, for everybody, the list over all its pages, reading each request by its id,
    /// and the list of viewers say the same.
    async fn lists_single_reads_and_viewers_agree_for_everybody(world: World) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let (mut requests, mut checked, mut seen) = (Vec::new(), 0, 0);
        for round in 0..5 {
            let crowd = Crowd::gather(&world, round, &mut dice).await;
            requests.extend(crowd.requests);
            let agent = world.agent().await;
            let mut viewers = Vec::new();
            for request in &requests {
                let rows = all_pages(&agent, &format!("{}/viewers", request_path(request)), 7).await;
                let people: Vec<Value> = rows.iter().map(|row| row["person"]["id"].clone()).collect();
                assert_eq!(people.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), people.len(), "twice");
                viewers.push(people);
            }
            for actor in &crowd.people {
                let may_sign_in = actor.get("/v1/me").await.status == 200;
                let listed = if may_sign_in {
                    ids(&all_pages(actor, "/v1/service-requests", 3).await)
                } else {
                    actor.get("/v1/service-requests").await.expect(401);
                    Vec::new()
                };
                let distinct: BTreeSet<&String> = listed.iter().collect();
                assert_eq!(distinct.len(), listed.len(), "{} sees a row twice", actor.email);
                let mut readable = 0;
                for (request, viewers) in requests.iter().zip(&viewers) {
                    let is_read = actor.get(request_path(request)).await.status == 200;
                    let is_listed = distinct.contains(&request.id());
                    let is_viewer = viewers.contains(&json!(actor.id));
                    assert_eq!(
                        (is_listed, is_viewer),
                        (is_read, is_read),
                        "round {round}: {} and {}: listed, viewer against read",
                        actor.email,
                        request.id()
                    );
                    checked += 1;
                    readable += usize::from(is_read);
                }
                seen += readable;
                // Nothing else is listed: deactivations are requests too, and are not among those that we know.
                let known: BTreeSet<String> = requests.iter().map(Answer::id).collect();
                for other in listed.iter().filter(|id| !known.contains(*id)) {
                    actor.get(format!("/v1/service-requests/{other}")).await.expect(200);
                }
            }
        }
        println!("{checked} pairs of person and request, {seen} of them readable");
        assert!(checked > 2_000 && seen > checked / 10 && seen < checked / 2, "{seen} of {checked} say little");
    }
}
