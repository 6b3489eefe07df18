//! The knowledge base (C-6).

use mandate_tests::{Answer, Value, e2e, json, snapshot};

fn numbers(list: &Answer) -> Vec<Value> {
    list.column("number")
}

e2e! {
    /// C-6: `knowledge_base` reads it, and nothing else; the desk writes it.
    async fn agents_write_articles_and_every_contact_finds_them_c_6(world: World) {
        let agent = world.agent().await;
        let acme = world.customer("Acme", "acme.example").await;
        let rita = acme.contact("rita", "knowledge_base").await;
        let body = json!({
            "title": "Reset the console", "body": "Hold the *red* button for ten seconds. Café São-Paulo, 50% faster!",
            "products": ["Tablet", "Console", "Tablet"],
        });
        let first = agent.post("/v1/articles", body).await.expect(201);
        snapshot!(first);
        let body = json!({"title": "Redefinir o console", "body": "Segure o botão vermelho.", "language": "PT-br"});
        let second = agent.post("/v1/articles", body).await.expect(201);
        assert_eq!((&second["number"], &second["language"]), (&json!("KB-000002"), &json!("pt-BR")));
        let path = format!("/v1/articles/{}", first.id());
        snapshot!(rita.get(&path).await.expect(200));
        snapshot!(rita.get("/v1/articles").await.expect(200));
        for (query, found) in [
            ("q=reset", json!(["KB-000001"])),
            ("q=RED%20but", json!(["KB-000001"])),
            ("q=but%20red%20red", json!(["KB-000001"])),
            ("q=caf%C3%A9", json!(["KB-000001"])),
            ("q=sa%CC%83o", json!(["KB-000001"])),
            ("q=bot%C3%A3o", json!(["KB-000002"])),
            ("q=botao", json!([])),
            ("q=utton", json!([])),
            ("q=con", json!(["KB-000002", "KB-000001"])),
            ("q=KB-000002", json!(["KB-000002"])),
            ("q=%27%20OR%201%3D1", json!([])),
            ("q=%22red%22%20-%20but%20*%20%3A", json!(["KB-000001"])),
            ("language=pt-br", json!(["KB-000002"])),
            ("product=Console", json!(["KB-000001"])),
            ("product=Cons", json!([])),
            ("product=console", json!([])),
            ("product=Tablet&product=Phone&language=en", json!(["KB-000001"])),
            ("limit=1", json!(["KB-000002"])),
        ] {
            let list = rita.get(format!("/v1/articles?{query}")).await.expect(200);
            assert_eq!(json!(numbers(&list)), found, "{query}");
        }
        for query in ["q=%21%21", "language=x", "archived=yes", "limit=0", "sort=title"] {
            rita.get(format!("/v1/articles?{query}")).await.expect(422);
        }

        // What changes is found by its new words alone.
        let edit = json!({"title": "Restart the console", "body": "Pull the plug.", "reviewed": true});
        world.advance(mandate_tests::hours(1));
        let edited = agent.patch(&path, edit).await.expect(200);
        snapshot!(edited);
        for (word, count) in [("restart", 1), ("plug", 1), ("reset", 0), ("red", 1)] {
            let list = rita.get(format!("/v1/articles?q={word}")).await.expect(200);
            assert_eq!(list.rows().len(), count, "{word}");
        }
        // Reviewed last, listed first.
        assert_eq!(json!(numbers(&rita.get("/v1/articles").await)), json!(["KB-000001", "KB-000002"]));

        agent.patch(&path, json!({"archived": true})).await.expect(200);
        rita.get(&path).await.expect_problem(404, "not_found");
        assert_eq!(json!(numbers(&rita.get("/v1/articles?q=plug").await)), json!([]));
        assert_eq!(json!(numbers(&rita.get("/v1/articles?archived=true").await)), json!([]));
        assert_eq!(json!(numbers(&agent.get("/v1/articles?archived=true").await)), json!(["KB-000001"]));
        agent.get(&path).await.expect(200);
    }

    /// C-6, X-3a: who may not write is told who may; bad values are told all at once.
    async fn articles_refuse_bad_values_and_other_writers(world: World) {
        let agent = world.agent().await;
        let acme = world.customer("Acme", "acme.example").await;
        let good = json!({"title": "Reset", "body": "Hold."});
        snapshot!(acme.post("/v1/articles", good.clone()).await.expect_problem(403, "staff_only"));
        world.consultant().await.post("/v1/articles", good.clone()).await.expect_problem(403, "staff_only");
        let bad = json!({"title": "x".repeat(201), "body": " ", "language": "english", "products": ["a", ""], "author": "me"});
        snapshot!(agent.post("/v1/articles", bad).await.expect_problem(422, "validation_failed"));
        let article = agent.post("/v1/articles", good).await.expect(201);
        let path = format!("/v1/articles/{}", article.id());
        acme.patch(&path, json!({"title": "Mine"})).await.expect_problem(403, "staff_only");
        let many: Vec<String> = (0..21).map(|number| format!("Product {number}")).collect();
        let bad = json!({"title": null, "body": null, "products": many, "archived": null});
        snapshot!(agent.patch(&path, bad).await.expect_problem(422, "validation_failed"));
        let stale = agent.send("PATCH", &path, &[("if-match", "\"7\"")], json!({"title": "Old"})).await;
        stale.expect_problem(412, "version_mismatch");
        // A word longer than any index keeps is found by how it begins.
        let long = format!("{}{}", "w".repeat(150), "end");
        agent.post("/v1/articles", json!({"title": "Long", "body": "é".repeat(5000)})).await.expect(201);
        agent.post("/v1/articles", json!({"title": "Longer", "body": long})).await.expect(201);
        assert_eq!(agent.get(format!("/v1/articles?q={}", "w".repeat(120))).await.expect(200).rows().len(), 1);
    }
}
