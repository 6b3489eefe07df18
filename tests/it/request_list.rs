//! Lists of service requests: each view, each filter, each page (S-10, S-11).

use mandate_tests::{Actor, Answer, Value, e2e, hours, json, minutes, snapshot};

use crate::partner_grant::grant_path;
use crate::service_request::{request_path, submit};

/// Every page of a list, each with this many rows.
pub(crate) async fn all_pages(actor: &Actor, path: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    let joint = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = actor.get(format!("{path}{joint}limit={limit}{cursor}")).await.expect(200);
        assert!(page.rows().len() <= limit);
        rows.extend(page.rows().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return rows };
        assert_eq!(page.rows().len(), limit, "only the last page is not full");
        cursor = format!("&cursor={next}");
    }
}

async fn subjects(actor: &Actor, query: &str) -> Vec<String> {
    let rows = all_pages(actor, &format!("/v1/service-requests?{query}"), 2).await;
    rows.iter().map(|row| row["subject"].as_str().unwrap_or_default().to_owned()).collect()
}

e2e! {
    /// S-10, S-11, S-13: what a caller may not see is neither listed nor found.
    async fn each_view_and_filter_narrows_what_one_may_see(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let initech = world.customer("Initech", "initech.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let umbrella = world.customer("Umbrella", "umbrella.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        let (agent, duty) = (world.agent().await, world.duty_manager().await);
        acme.grant_organization(&globex, "create").await;
        let to_globex = initech.grant_organization(&globex, "view").await;
        let (begin, at_acme) = (world.now(), acme.organization_id.as_str());
        // One more minute for each, so that the newest comes first: a, b, c, … in the order of their times.
        let a = submit(&acme, json!({"subject": "a", "severity": 1, "message": "The ÉCRAN is 100% broken"})).await;
        world.advance(minutes(1));
        let b = submit(&dan, json!({"subject": "b", "severity": 2, "category": "incident", "point_of_contact": globex.id})).await;
        world.advance(minutes(1));
        let c = submit(&globex, json!({"subject": "c", "organization_id": at_acme, "category": "feature_request"})).await;
        world.advance(minutes(1));
        let middle = world.now();
        submit(&globex, json!({"subject": "d", "severity": 4})).await.expect(201);
        world.advance(minutes(1));
        let e = submit(&initech, json!({"subject": "e under_score"})).await;
        world.advance(minutes(1));
        submit(&umbrella, json!({"subject": "f"})).await.expect(201);
        world.advance(minutes(1));
        agent.patch(request_path(&a), json!({"assigned_to": agent.id, "status": "solved"})).await.expect(200);
        world.advance(minutes(1));
        agent.patch(request_path(&e), json!({"assigned_to": duty.id, "status": "closed"})).await.expect(200);
        // By activity now: e, a, f, d, c, b.
        snapshot!(globex.get("/v1/service-requests?view=customers&limit=2&status=closed&status=solved").await.expect(200));
        let initech_id = initech.organization_id.as_str();
        let either = format!("organization_id={at_acme}&organization_id={initech_id}");
        let people = format!("submitted_by={}&submitted_by={}", acme.id, globex.id);
        let managed = format!("partner_managed=true&organization_id={at_acme}");
        for (actor, query, expected) in [
            (&globex, String::new(), "e a d c b"),
            (&globex, "view=all".to_owned(), "e a d c b"),
            (&globex, "view=customers".to_owned(), "e a c b"),
            (&globex, "view=organization".to_owned(), "d"),
            (&globex, "view=mine".to_owned(), "d c b"),
            (&globex, format!("view=customers&organization_id={at_acme}"), "a c b"),
            (&globex, format!("organization_id={initech_id}"), "e"),
            (&globex, either, "e a c b"),
            (&globex, format!("view=organization&organization_id={at_acme}"), ""),
            (&globex, format!("organization_id={}", umbrella.organization_id), ""),
            (&acme, String::new(), "a c b"),
            (&acme, "view=organization".to_owned(), "a c b"),
            (&acme, "view=customers".to_owned(), ""),
            (&acme, "view=mine".to_owned(), "a"),
            (&dan, "view=mine".to_owned(), "b"),
            (&umbrella, String::new(), "f"),
            (&agent, String::new(), "e a f d c b"),
            (&agent, "view=all".to_owned(), "e a f d c b"),
            (&agent, "view=customers".to_owned(), "e a f d c b"),
            (&agent, "view=organization".to_owned(), ""),
            (&agent, "view=mine".to_owned(), "a"),
            (&duty, "view=mine".to_owned(), "e"),
            (&globex, "status=open".to_owned(), "d c b"),
            (&globex, "status=solved&status=closed".to_owned(), "e a"),
            (&globex, "status=waiting_on_customer".to_owned(), ""),
            (&globex, "severity=1".to_owned(), "a"),
            (&globex, "severity=2&severity=4".to_owned(), "d b"),
            (&globex, "category=incident".to_owned(), "b"),
            (&globex, "category=incident&category=feature_request".to_owned(), "c b"),
            (&globex, "partner_managed=true".to_owned(), "c b"),
            (&globex, "partner_managed=false".to_owned(), "e a d"),
            (&agent, managed, "c b"),
            (&globex, format!("submitted_by={}", dan.id), "b"),
            (&globex, people, "a d c"),
            (&globex, format!("point_of_contact={}", globex.id), "d c b"),
            (&acme, format!("point_of_contact={}", globex.id), "c b"),
            (&agent, format!("assigned_to={}", duty.id), "e"),
            (&acme, format!("assigned_to={}&assigned_to={}", duty.id, agent.id), "a"),
            (&globex, format!("created_after={middle}"), "e d"),
            (&globex, format!("created_before={middle}"), "a c b"),
            (&globex, format!("created_after={begin}&created_before={middle}"), "a c b"),
            (&globex, format!("created_after={}", world.after(hours(1))), ""),
            (&globex, "q=UNDER_SCORE".to_owned(), "e"),
            (&globex, "q=under_".to_owned(), "e"),
            (&globex, "q=u_der".to_owned(), ""),
            (&globex, "q=%C3%A9cran".to_owned(), "a"),
            (&globex, "q=e%CC%81cran".to_owned(), "a"),
            (&globex, "q=100%25".to_owned(), "a"),
            (&globex, "q=1%250".to_owned(), ""),
            (&globex, "q=please+explain&status=open&severity=3".to_owned(), "c"),
        ] {
            let found = subjects(actor, &query).await.iter().map(|one| one[..1].to_owned()).collect::<Vec<_>>();
            assert_eq!(found.join(" "), expected, "{} of {}", query, actor.email);
        }
        assert_eq!(b.expect(201)["partner_managed"], true);
        // The flag follows the point of contact, and the list follows the grant.
        acme.patch(request_path(&c), json!({"point_of_contact": dan.id})).await.expect(200);
        assert_eq!(subjects(&acme, "partner_managed=true").await, ["b"]);
        initech.patch(grant_path(&to_globex), json!({"level": "cc"})).await.expect(200);
        assert_eq!(subjects(&globex, "view=customers&created_after=2000-01-01T00:00:00Z").await, ["c", "a", "b"]);
        snapshot!(globex.get("/v1/service-requests?status=gone&severity=9&view=theirs&statuss=open&submitted_by=me&limit=101").await);
    }

    /// S-11: what happens in a request brings it to the top; what only staff see does not.
    async fn the_newest_activity_comes_first(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let agent = world.agent().await;
        let mut requests = Vec::new();
        for subject in ["a", "b", "c", "d"] {
            requests.push(acme.request(subject).await);
            world.advance(minutes(1));
        }
        let [a, b, c, _] = requests.as_slice() else { panic!("four requests") };
        assert_eq!(subjects(&acme, "").await, ["d", "c", "b", "a"]);
        acme.reply(&a.id(), "More").await;
        world.advance(minutes(1));
        agent.patch(request_path(b), json!({"severity": 1})).await.expect(200);
        world.advance(minutes(1));
        agent.post(format!("{}/messages", request_path(c)), json!({"body": "Hm", "internal": true})).await.expect(201);
        acme.patch(request_path(c), json!({"severity": 3})).await.expect(200);
        assert_eq!(subjects(&acme, "").await, ["b", "a", "d", "c"]);
    }

    /// Pages: no row twice or missing, also among rows of one moment; a cursor is good for its list and its reader alone.
    async fn pages_are_exact_and_cursors_are_sealed(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let dan = acme.contact("dan", "designated_support").await;
        for number in 1..=11 {
            acme.request(&format!("Number {number}")).await;
        }
        let mut expected: Vec<Value> = (1..=11).map(|number| json!(format!("Number {number}"))).collect();
        expected.sort_by_key(Value::to_string);
        for limit in [1, 2, 3, 5, 10, 11, 100] {
            let rows = all_pages(&acme, "/v1/service-requests", limit).await;
            let mut found: Vec<Value> = rows.iter().map(|row| row["subject"].clone()).collect();
            found.sort_by_key(Value::to_string);
            assert_eq!(found, expected, "by {limit}");
        }
        let page: Answer = acme.get("/v1/service-requests?severity=3&limit=4").await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
        let link = page.header("link").unwrap_or_default().to_owned();
        let next = link.trim_start_matches('<').split('>').next().unwrap_or_default().to_owned();
        let by_link = acme.get(&next).await.expect(200);
        let by_cursor = acme.get(format!("/v1/service-requests?limit=4&cursor={cursor}&severity=3")).await.expect(200);
        assert_eq!(by_link.body["data"], by_cursor.body["data"]);
        // In the middle of the list something new begins: what is read goes on where it was.
        world.advance(minutes(1));
        acme.request("Newer").await;
        let again = acme.get(&next).await.expect(200);
        assert_eq!(again.body["data"], by_link.body["data"]);
        let mut flipped = cursor.clone().into_bytes();
        let last = flipped.len() - 1;
        flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).expect("it is still ASCII");
        for (actor, query) in [
            (&acme, format!("severity=4&cursor={cursor}")),
            (&acme, format!("cursor={cursor}")),
            (&dan, format!("severity=3&cursor={cursor}")),
            (&acme, format!("severity=3&cursor={flipped}")),
            (&acme, "cursor=AAAA".to_owned()),
            (&acme, "cursor=".to_owned()),
        ] {
            let answer = actor.get(format!("/v1/service-requests?{query}")).await.expect(422);
            assert_eq!(answer["errors"][0]["code"], "invalid_cursor", "{query}");
        }
        snapshot!(dan.get(format!("/v1/service-requests?severity=3&cursor={cursor}")).await);
    }
}
