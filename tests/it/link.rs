//! Single-use links: what is kept of them, and how long they live (C-12).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mandate_tests::cluster;
use mandate_tests::{Backend, PASSWORD, World, e2e, hours, json, minutes, seconds};

/// Everything that a story's database holds, as bytes: the files of SQLite, all rows of PostgreSQL as text.
fn stored(world: &World) -> Vec<u8> {
    let url = world.database_url();
    match world.backend() {
        Backend::Sqlite => {
            let path = url.trim_start_matches("sqlite://");
            let read = |end: &str| std::fs::read(format!("{path}{end}")).unwrap_or_default();
            [read(""), read("-wal")].concat()
        }
        Backend::Postgres => {
            let cluster = cluster::shared().expect("the story runs on it");
            let name = url.rsplit('/').next().and_then(|name| name.split('?').next()).unwrap_or_default();
            let query = |statement: &str| cluster.query(name, statement).expect("the statement is right");
            let tables = query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'");
            tables.lines().flat_map(|table| query(&format!("SELECT t::text FROM {table} t")).into_bytes()).collect()
        }
    }
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

e2e! {
    /// C-12: what a link's token proves is nowhere in the database; it has at least 128 bits that nobody can guess.
    async fn links_are_kept_without_their_tokens(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let mut tokens = Vec::new();
        for name in ["ana", "ben"] {
            acme.invited(name, json!({"permission": "designated_support"})).await;
            tokens.push(world.mail(&format!("{name}@acme.example"), "welcome").await.token());
        }
        world.anonymous().post("/v1/password-resets", json!({"email": acme.email})).await.expect(202);
        tokens.push(world.mail(&acme.email, "password_reset").await.token());
        let stored = stored(&world);
        // What is stored is seen here at all.
        assert!(contains(&stored, b"ana@acme.example") && contains(&stored, b"link_"));
        let mut proofs = BTreeSet::new();
        for token in &tokens {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).expect("tokens are base64url");
            let proof = &bytes[bytes.len() - 16..];
            for part in [token.as_bytes(), bytes.as_slice(), proof, hex(proof).as_bytes()] {
                assert!(!contains(&stored, part), "a token can be read from the database");
            }
            assert!(proofs.insert(proof.to_vec()));
        }
        // A link's row and whoever knows it are not enough: one changed bit, and the token is nobody's.
        let mut forged = BASE64_URL_SAFE_NO_PAD.decode(&tokens[0]).expect("tokens are base64url");
        *forged.last_mut().expect("tokens are not empty") ^= 1;
        for (token, status) in [(BASE64_URL_SAFE_NO_PAD.encode(&forged), 422), (tokens[0].clone(), 200)] {
            let confirmation = json!({"token": token, "password": PASSWORD});
            world.anonymous().post("/v1/welcome/confirm", confirmation).await.expect(status);
        }
    }

    /// C-12: both kinds of links live as long as they are configured to.
    async fn the_lifetimes_of_links_are_settings(world: World) {
        let there = world.another_instance(&["--welcome-ttl", "2h", "--reset-ttl", "10m"]).await;
        let acme = world.customer("Acme", "acme.example").await.at(&there);
        let nobody = world.anonymous().at(&there);
        let confirm = async |path: &str, token: String| {
            nobody.post(path, json!({"token": token, "password": "a brand new password"})).await
        };
        let ana = acme.invited("ana", json!({"permission": "designated_support"})).await.id();
        let late = world.mail("ana@acme.example", "welcome").await.token();
        world.advance(hours(2));
        confirm("/v1/welcome/confirm", late).await.expect_problem(422, "invalid_link");
        acme.post(format!("/v1/contacts/{ana}/resend-welcome"), ()).await.expect(200);
        let welcome = world.mailbox().nth("ana@acme.example", "welcome", 2).await.token();
        world.advance(seconds(2 * 3600 - 1));
        confirm("/v1/welcome/confirm", welcome).await.expect(200);
        for (wait, status, number) in [(minutes(10), 422, 1), (seconds(599), 200, 2)] {
            nobody.post("/v1/password-resets", json!({"email": acme.email})).await.expect(202);
            let token = world.mailbox().nth(&acme.email, "password_reset", number).await.token();
            world.advance(wait);
            confirm("/v1/password-resets/confirm", token).await.expect(status);
        }
    }

    /// C-2, C-12: nobody's user id has capitals, and whoever types them is told so; who never set a password is welcomed again, not
    /// more often than others get their links, and the older link is void.
    async fn a_reset_tells_of_capitals_and_welcomes_the_invited_again(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        acme.invited("ida", json!({"permission": "designated_support", "locale": "es-MX"})).await;
        let first = world.mail("ida@acme.example", "welcome").await.token();
        let nobody = world.anonymous();
        let forgot = async |email: &str| nobody.post("/v1/password-resets", json!({"email": email})).await;
        for email in ["Ida@acme.example", "nobody@Acme.example"] {
            let refused = forgot(email).await.expect_problem(422, "validation_failed");
            let error = &refused["errors"][0];
            assert_eq!((&error["pointer"], &error["code"]), (&json!("#/email"), &json!("email_not_lower_case")), "{email}");
        }
        let confirm = async |token: &str| {
            nobody.post("/v1/welcome/confirm", json!({"token": token, "password": PASSWORD})).await
        };
        forgot("ida@acme.example").await.expect(202);
        let again = world.mailbox().nth("ida@acme.example", "welcome", 2).await;
        assert!(again.text.contains("ida@acme.example") && again.text.contains("/welcome?token="), "{}", again.text);
        confirm(&first).await.expect_problem(422, "invalid_link");
        for number in 3..=5 {
            forgot("ida@acme.example").await.expect(202);
            world.mailbox().nth("ida@acme.example", "welcome", number).await;
        }
        forgot("ida@acme.example").await.expect(202);
        world.advance(hours(1));
        forgot("ida@acme.example").await.expect(202);
        let last = world.mailbox().nth("ida@acme.example", "welcome", 6).await.token();
        confirm(&last).await.expect(200);
        assert!(world.mailbox().of("ida@acme.example", "password_reset").is_empty());
        forgot("ida@acme.example").await.expect(202);
        world.mail("ida@acme.example", "password_reset").await;
        assert_eq!(world.mailbox().of("ida@acme.example", "welcome").len(), 6);
    }
}
