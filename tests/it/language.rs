//! Errors in the language of whoever called (api.md section 1, RFC 9110, section 12.5.4).

use mandate_tests::{Actor, Answer, Value, e2e, json, person, snapshot, with};

/// What somebody does wrong.
struct Mistake<'a> {
    who: &'a Actor,
    method: &'a str,
    path: String,
    body: Value,
}

impl Mistake<'_> {
    async fn made(&self, languages: &str) -> Answer {
        let Self { who, method, path, body } = self;
        let headers = [("accept-language", languages), ("accept-encoding", "gzip")];
        match body {
            Value::Null => who.send(method, path, &headers, ()).await,
            body => who.send(method, path, &headers, body.clone()).await,
        }
    }
}

/// What of an error is for people, in lines.
fn words(answer: &Answer) -> String {
    let errors = answer["errors"].as_array().into_iter().flatten();
    let messages = errors.map(|error| format!("  {} {}\n", error["pointer"], error["message"]));
    format!("{} {}\n  {}\n{}", answer.status, answer["title"], answer["detail"], messages.collect::<String>())
}

/// What of an error is for programs.
fn members(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    for member in ["title", "detail", "request_id"] {
        assert!(body[member].take().is_string(), "{answer}");
    }
    for error in body["errors"].as_array_mut().into_iter().flatten() {
        assert!(error["message"].take().is_string(), "{answer}");
    }
    body
}

e2e! {
    async fn errors_are_in_the_callers_language_and_codes_in_none(world: World) {
        let (acme, nobody) = (world.customer("Acme", "acme.example").await, world.anonymous());
        let ben = acme.contact("ben", "designated_support").await;
        let mistake = |who, method, path: &str, body| Mistake { who, method, path: path.to_owned(), body };
        let twin = with(person("ben@acme.example"), json!({"permission": "designated_support"}));
        let contacts = acme.own("contacts");
        let nonsense = json!({"subject": " ", "severity": 9, "category": "sport", "message": {}, "phone": null, "printer": 1});
        let mistakes = [
            mistake(&acme, "POST", "/v1/service-requests", nonsense),
            mistake(&acme, "POST", &contacts, with(twin.clone(), json!({"email": "Ben@acme.example"}))),
            mistake(&acme, "POST", &contacts, twin.clone()),
            mistake(&ben, "POST", &contacts, twin),
            mistake(&acme, "GET", "/v1/service-requests/none", Value::Null),
            mistake(&nobody, "GET", "/v1/me", Value::Null),
        ];
        let mut said = String::new();
        for mistake in &mistakes {
            let english = mistake.made("de, *").await;
            for (languages, language) in [("en-GB", "en"), ("es-MX, en;q=0.5", "es"), ("de, pt;q=0.1", "pt-BR")] {
                let answer = mistake.made(languages).await;
                assert_eq!((answer.status, members(&answer)), (english.status, members(&english)), "{answer}");
                assert_eq!(words(&answer) == words(&english), language == "en", "{answer}");
                assert_eq!(answer.header("content-language"), Some(language), "{answer}");
                assert_eq!(answer.header("vary"), Some("accept-language"), "{answer}");
                said.push_str(&format!("{language}: {}", words(&answer)));
            }
        }
        snapshot!(world.text("errors in the languages there are", said));
    }

    /// What is told beforehand of an import and of a grant is what would be refused.
    async fn what_is_foretold_is_in_the_callers_language_too(world: World) {
        let (acme, globex) = (world.customer("Acme", "acme.example").await, world.partner("Globex", "globex.example").await);
        let spanish = ("accept-language", "es");
        let file = b"email,first_name,last_name,permission\nana@acme.example,Ana,Silva,king\n".to_vec();
        let import = acme.own("contacts/import?dry_run=true");
        let tried = acme.send("POST", &import, &[spanish, ("content-type", "text/csv")], file).await.expect(200);
        let message = "`king` no es uno de `knowledge_base`, `designated_support`, `manage_contacts`";
        assert_eq!((&tried["errors"][0]["message"], tried.header("content-language")), (&json!(message), Some("es")));
        let grantee = json!({"type": "organization", "id": globex.organization_id});
        let grant = json!({"grantee": grantee, "level": "view"});
        let headers = [spanish, ("accept-encoding", "gzip")];
        let told = acme.send("POST", &acme.own("partner-grants/preview"), &headers, grant.clone()).await.expect(200);
        let refused = acme.send("POST", &acme.own("partner-grants"), &headers, grant).await;
        let refused = refused.expect_problem(422, "acknowledgement_required");
        assert_eq!((&told["acknowledgement"], told.header("content-language")), (&refused["detail"], Some("es")));
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.starts_with("un acceso `view` a toda la organización")));
        assert_eq!(told.header("vary"), Some("accept-encoding, accept-language"));
    }
}
