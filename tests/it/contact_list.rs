//! The list of contacts: who sees it, its filters, orders and pages (C-16, C-18).

use mandate_tests::{Actor, Value, World, days, e2e, json, minutes, snapshot};

/// The first names in a list of contacts.
async fn names(actor: &Actor, query: &str) -> Vec<String> {
    let list = actor.get(format!("{}?{query}", actor.own("contacts"))).await.expect(200);
    list.column("first_name").iter().map(|name| name.as_str().unwrap_or_default().to_owned()).collect()
}

/// Creates a contact with this name.
async fn create(manager: &Actor, name: (&str, &str), members: Value) -> String {
    let mut body = json!({"first_name": name.0, "last_name": name.1, "permission": "designated_support"});
    for (member, value) in members.as_object().into_iter().flatten() {
        body[member] = value.clone();
    }
    manager.post(manager.own("contacts"), body).await.expect(201).id()
}

/// Acme, whose manager signed in at 9:00, with contacts of many kinds.
async fn acme(world: &World) -> Actor {
    let acme = world.customer("Acme", "acme.example").await;
    // A minute lies between them, so that creation has an order.
    world.advance(minutes(1));
    let zoe = json!({"email": "a.zoe@acme.example", "type": "primary_support", "permission": "manage_contacts", "duties": ["it", "security"]});
    create(&acme, ("Zoe", "Abel"), zoe).await;
    world.advance(minutes(1));
    create(&acme, ("Álvaro", "abel"), json!({"email": "z.alvaro@acme.example", "duties": ["security"]})).await;
    world.advance(minutes(1));
    let kai = json!({"email": "kai_100%@acme.example", "permission": "knowledge_base", "duties": ["web_development"]});
    create(&acme, ("Kai", "O'Neill"), kai).await;
    world.advance(minutes(1));
    let ben = json!({"email": "ben@acme.example", "duties": ["operations", "site_administrator"]});
    let ben = create(&acme, ("Ben", "Baker"), ben).await;
    acme.post(format!("/v1/contacts/{ben}/disable"), json!({"reason": "left the company"})).await.expect(200);
    acme
}

e2e! {
    /// C-16, C-18: one filter narrows, several values widen it, several filters narrow further.
    async fn contacts_are_found_by_all_that_the_list_shows(world: World) {
        let acme = acme(&world).await;
        snapshot!(acme.get(acme.own("contacts")).await.expect(200));
        world.instance().accept(&world.mail("z.alvaro@acme.example", "welcome").await).await;
        let all = ["Zoe", "Álvaro", "Manager", "Ben", "Kai"];
        for (query, expected) in [
            ("", vec!["Zoe", "Álvaro", "Manager", "Ben", "Kai"]),
            ("status=active", vec!["Álvaro", "Manager"]),
            ("status=invited&status=disabled", vec!["Zoe", "Ben", "Kai"]),
            ("permission=manage_contacts", vec!["Zoe", "Manager"]),
            ("permission=knowledge_base&permission=designated_support", vec!["Álvaro", "Ben", "Kai"]),
            ("type=technical", vec!["Álvaro", "Ben", "Kai"]),
            ("type=primary_support&status=invited", vec!["Zoe"]),
            ("duty=security", vec!["Zoe", "Álvaro"]),
            ("duty=it&duty=operations", vec!["Zoe", "Ben"]),
            ("duty=security&type=technical", vec!["Álvaro"]),
            ("email=kai_100%25@acme.example", vec!["Kai"]),
            ("email=Kai_100%25@acme.example", vec![]),
            ("q=ABEL", vec!["Zoe", "Álvaro"]),
            ("q=%C3%81LVARO+ab", vec!["Álvaro"]),
            ("q=a%CC%81lvaro", vec!["Álvaro"]),
            ("q=a+%C3%A1lv", vec!["Álvaro"]),
            ("q=o'neill", vec!["Kai"]),
            ("q=neill", vec!["Kai"]),
            ("q=eill", vec![]),
            ("q=100%25", vec!["Kai"]),
            ("q=kai_1", vec!["Kai"]),
            ("q=kai!", vec!["Kai"]),
            ("q=a%25l", vec![]),
            ("q=Abel+Zoe", vec!["Zoe"]),
            ("q=zoe+abel+zoe", vec!["Zoe"]),
            ("q=a.zoe@acme.example", vec!["Zoe"]),
            ("q=acme", all.to_vec()),
            ("q=acme.example", all.to_vec()),
            ("q=%27%20OR%201%3D1%20--", vec![]),
            ("last_sign_in_before=2026-03-01T09:00:00Z", vec!["Zoe", "Ben", "Kai"]),
            ("last_sign_in_before=2026-03-01T09:00:00.000001Z", vec!["Zoe", "Manager", "Ben", "Kai"]),
            ("last_sign_in_before=2026-03-01T10:04:01%2B01:00&status=active", vec!["Álvaro", "Manager"]),
            ("last_confirmed_before=2026-03-01T09:00:00Z&status=active", vec!["Álvaro", "Manager"]),
            ("sort=name&order=desc", vec!["Kai", "Ben", "Manager", "Álvaro", "Zoe"]),
            ("sort=email", vec!["Zoe", "Ben", "Kai", "Manager", "Álvaro"]),
            ("sort=email&order=desc&status=active", vec!["Álvaro", "Manager"]),
            ("sort=created_at", vec!["Manager", "Zoe", "Álvaro", "Kai", "Ben"]),
            ("sort=created_at&order=desc&limit=2", vec!["Ben", "Kai"]),
            ("sort=last_sign_in_at&order=desc&limit=2", vec!["Álvaro", "Manager"]),
            ("sort=last_sign_in_at&status=active&status=active", vec!["Manager", "Álvaro"]),
        ] {
            let sorted = query.contains("sort=");
            let (mut found, mut expected) = (names(&acme, query).await, expected);
            if !sorted && !query.is_empty() {
                found.sort_unstable();
                expected.sort_unstable();
            }
            assert_eq!(found, expected, "{query}");
        }
        let wrong = "status=gone&permission=all&type=robot&duty=gardening&sort=age&order=up&limit=101&q=\
            &last_sign_in_before=yesterday&staus=active&email=a&email=b";
        snapshot!(acme.get(format!("{}?{wrong}", acme.own("contacts"))).await.expect(422));
        snapshot!(acme.get(format!("{}?staus=active", acme.own("contacts"))).await.expect(422));
    }

    /// C-18, X-3
    async fn the_list_is_for_designated_contacts_and_the_managers_are_for_everybody(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let (agent, consultant, admin) = (world.agent().await, world.consultant().await, world.admin().await);
        let tom = acme.contact_with("tom", json!({"permission": "manage_contacts", "phone": "112"})).await;
        acme.invited("ida", json!({"permission": "manage_contacts"})).await;
        let dan = acme.contact("dan", "designated_support").await;
        let kai = acme.contact("kai", "knowledge_base").await;
        let (list, managers) = (acme.own("contacts"), acme.own("contact-managers"));
        for (actor, lists, sees) in [
            (&tom, 200, 200),
            (&dan, 200, 200),
            (&kai, 403, 200),
            (&agent, 200, 200),
            (&admin, 200, 200),
            (&consultant, 403, 403),
            (&globex, 404, 404),
        ] {
            actor.get(&list).await.expect(lists);
            actor.get(&managers).await.expect(sees);
        }
        snapshot!(kai.get(&list).await.expect_problem(403, "permission_required"));
        snapshot!(kai.get(&managers).await.expect(200));
        acme.grant_organization(&globex, "service_admin").await;
        globex.get(&list).await.expect_problem(403, "permission_required");
        acme.post(format!("/v1/contacts/{}/disable", tom.id), json!({"reason": "gone"})).await.expect(200);
        assert_eq!(kai.get(&managers).await.expect(200).column("name"), ["Manager Acme"]);
        kai.get(format!("{managers}?status=invited")).await.expect_problem(422, "validation_failed");
    }

    /// Keyset pages: in every order, no row comes twice or is missed while contacts are added between the pages.
    async fn pages_neither_repeat_nor_miss_while_contacts_are_added(world: World) {
        let acme = acme(&world).await;
        let list = acme.own("contacts");
        let mut added = 0;
        for (sort, order) in ["name", "email", "created_at", "last_sign_in_at"]
            .into_iter()
            .flat_map(|sort| [(sort, "asc"), (sort, "desc")])
        {
            let before = acme.get(format!("{list}?limit=100")).await.expect(200).column("id");
            let mut seen: Vec<Value> = Vec::new();
            let mut page = acme.get(format!("{list}?sort={sort}&order={order}&limit=2")).await.expect(200);
            for number in 0.. {
                assert!(page.rows().len() <= 2, "{page}");
                seen.extend(page.column("id"));
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                let link = format!(
                    "<{list}?sort={}&order={order}&limit=2&cursor={cursor}>; rel=\"next\"",
                    sort.replace('_', "%5F")
                );
                assert_eq!(page.header("link"), Some(link.as_str()));
                // One at each end of the alphabet, neither of whom may push others around.
                for name in ["Aaa", "Zzz"].into_iter().filter(|_| number < 2) {
                    added += 1;
                    create(
                        &acme,
                        (name, name),
                        json!({"email": format!("{}{added}@acme.example", name.to_lowercase())}),
                    )
                    .await;
                }
                page = acme.get(format!("{list}?sort={sort}&order={order}&limit=2&cursor={cursor}")).await.expect(200);
            }
            assert_eq!(page.header("link"), None, "the last page has no next one");
            let times = |id: &Value| seen.iter().filter(|other| *other == id).count();
            assert!(seen.iter().all(|id| times(id) == 1), "{sort} {order}: a contact came twice");
            assert!(before.iter().all(|id| times(id) == 1), "{sort} {order}: a contact was missed");
        }
    }

    /// Cursors are good for their list, filters and caller; the size of the page may change.
    async fn a_cursor_goes_with_its_list(world: World) {
        let acme = acme(&world).await;
        let dan = acme.contact("dan", "designated_support").await;
        let list = acme.own("contacts");
        snapshot!(acme.get(format!("{list}?type=technical&q=acme&limit=1")).await.expect(200));
        let page = acme.get(format!("{list}?type=technical&q=acme&limit=1")).await.expect(200);
        let cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
        let rest = acme.get(format!("{list}?q=acme&type=technical&limit=50&cursor={cursor}")).await.expect(200);
        assert_eq!(rest.rows().len(), 3);
        let mut tampered = cursor.clone().into_bytes();
        tampered[50] = if tampered[50] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).unwrap_or_default();
        for query in [
            format!("type=technical&q=acm&cursor={cursor}"),
            format!("type=technical&cursor={cursor}"),
            format!("type=technical&q=acme&order=desc&cursor={cursor}"),
            format!("type=technical&q=acme&cursor={tampered}"),
            format!("type=technical&q=acme&cursor={cursor}A"),
            "type=technical&q=acme&cursor=".to_owned(),
            "type=technical&q=acme&cursor=%27%3B--".to_owned(),
        ] {
            acme.get(format!("{list}?{query}")).await.expect_problem(422, "invalid_cursor");
        }
        dan.get(format!("{list}?type=technical&q=acme&limit=1&cursor={cursor}"))
            .await
            .expect_problem(422, "invalid_cursor");
        snapshot!(dan.get(format!("{list}?cursor=abc")).await.expect(422));
        acme.get(format!("{list}?type=technical&q=acme&cursor={cursor}&cursor={cursor}"))
            .await
            .expect_problem(422, "validation_failed");
        // It is good on every instance, after a restart and days later.
        world.restart().await;
        let elsewhere = acme.at(&world.another_instance(&[]).await);
        world.advance(days(20));
        let again = elsewhere.get(format!("{list}?type=technical&q=acme&limit=50&cursor={cursor}")).await.expect(200);
        assert_eq!(again.column("id"), rest.column("id"));
    }

    /// C-16
    async fn contacts_are_never_deleted(world: World) {
        let acme = acme(&world).await;
        let ben = acme.get(format!("{}?email=ben@acme.example", acme.own("contacts"))).await.expect(200);
        assert_eq!(ben.column("status"), ["disabled"], "a disabled contact stays in the list");
        let path = format!("/v1/contacts/{}", ben.rows()[0]["id"].as_str().unwrap_or_default());
        snapshot!(acme.delete(&path).await.expect_problem(405, "contacts_are_not_deleted"));
        acme.get(&path).await.expect(200);
        let problem = world.anonymous().get("/problems/contacts_are_not_deleted").await.expect(200);
        assert!(problem.text().contains("disable"), "{}", problem.text());
    }
}
