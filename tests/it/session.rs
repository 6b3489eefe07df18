//! Signing in and out, passwords and keys (api.md section 2; C-12, C-15, X-1).

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mandate_api::keyring::{KeyHome, KeyRing, Lifetimes};
use mandate_api::settings::Settings;
use mandate_api::sources::{Clock, Ids, SteadyClock};
use mandate_core::time::Timestamp;
use mandate_storage::{PoolSettings, Store};
use mandate_tests::{Actor, Answer, PASSWORD, Value, World, days, e2e, hours, json, minutes, seconds, snapshot};

const WRONG: &str = "incorrect horse battery";

async fn sign_in(actor: &Actor, email: &str, password: &str) -> Answer {
    actor.send("POST", "/v1/sessions", &[], json!({"email": email, "password": password})).await
}

async fn refresh(actor: &Actor, token: &str) -> Answer {
    actor.post("/v1/sessions/refresh", json!({"refresh_token": token})).await
}

fn token_of(answer: &Answer, member: &str) -> String {
    answer[member].as_str().unwrap_or_default().to_owned()
}

/// What somebody sees who tries to tell two refusals apart.
fn visible(answer: &Answer) -> (u16, Value, Vec<String>) {
    let mut body = answer.body.clone();
    body["request_id"] = Value::Null;
    let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort_unstable();
    (answer.status, body, headers)
}

/// One part of a JWT.
fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap_or_default();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("parts of tokens are base64url");
    serde_json::from_slice(&bytes).expect("parts of tokens are JSON")
}

/// Begins to use new keys, as `mandate rotate-keys` does, at the story's time.
async fn rotate_keys(world: &World) {
    let now = Timestamp::parse(&world.now()).expect("stories have a time");
    let url = world.database_url().to_owned();
    let rotated = tokio::task::spawn_blocking(move || {
        let settings = Settings::from_arguments(["mandate", "--database-url", &url]).expect("the URL is good");
        let store = Store::open(&settings.database, PoolSettings::default(), Ids::System.as_source());
        let home = KeyHome::at(&settings.keys, &store.expect("the database can be opened"));
        let clock = SteadyClock::new(Clock::Manual(Arc::new(AtomicI64::new(now.micros()))), now);
        KeyRing::open(home, clock, Ids::System, Lifetimes::of(&settings)).and_then(|ring| ring.rotate())
    });
    rotated.await.expect("the rotation does not panic").expect("the keys can be rotated");
}

e2e! {
    /// C-12: a reset ends every sign-in of the person, wherever it is used, and nobody else's.
    async fn a_reset_ends_all_sessions(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.contact("ben", "designated_support").await;
        let elsewhere = world.another_instance(&[]).await;
        let nobody = world.anonymous();
        let mut signed_in = vec![(ben.clone(), ben.refresh_token())];
        for _ in 0..3 {
            let answer = sign_in(&nobody, &ben.email, PASSWORD).await.expect(201);
            signed_in.push((ben.with_token(&token_of(&answer, "access_token")), token_of(&answer, "refresh_token")));
        }
        assert_eq!(ben.get("/v1/sessions").await.expect(200).rows().len(), 4);
        for (ben, _) in &signed_in {
            ben.at(&elsewhere).get("/v1/me").await.expect(200);
        }
        nobody.post("/v1/password-resets", json!({"email": ben.email})).await.expect(202);
        let token = world.mail(&ben.email, "password_reset").await.token();
        let confirmation = json!({"token": token, "password": "a brand new password"});
        nobody.post("/v1/password-resets/confirm", confirmation).await.expect(200);
        for (ben, token) in &signed_in {
            ben.get("/v1/me").await.expect_problem(401, "unauthenticated");
            ben.at(&elsewhere).get("/v1/me").await.expect_problem(401, "unauthenticated");
            refresh(&nobody, token).await.expect_problem(401, "invalid_refresh_token");
        }
        acme.get("/v1/me").await.expect(200);
        let answer = sign_in(&nobody, &ben.email, "a brand new password").await.expect(201);
        let again = ben.with_token(&token_of(&answer, "access_token"));
        assert_eq!(again.get("/v1/sessions").await.expect(200).rows().len(), 1);
    }

    /// A token carries identity alone.
    async fn somebody_signs_in_looks_around_and_signs_out(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let nobody = world.anonymous();
        let answer = sign_in(&nobody, &acme.email, PASSWORD).await.expect(201);
        snapshot!(answer);
        let token = token_of(&answer, "access_token");
        assert_eq!((&part(&token, 0)["alg"], &part(&token, 0)["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
        let claims = part(&token, 1);
        let names: Vec<&String> = claims.as_object().into_iter().flat_map(|claims| claims.keys()).collect();
        assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "org", "sid", "sub"]);
        assert_eq!((&claims["sub"], &claims["org"]), (&json!(acme.id), &json!(acme.organization_id)));
        assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(900));
        world.advance(minutes(1));
        snapshot!(sign_in(&nobody, "agent@vendor.example", PASSWORD).await.expect(401));
        world.agent().await;
        snapshot!(sign_in(&nobody, "agent@vendor.example", PASSWORD).await.expect(201));
        let second = acme.with_token(&token);
        snapshot!(second.get("/v1/sessions").await.expect(200));
        // Signing out ends one sign-in at once, on every instance, and the other stays.
        let elsewhere = world.another_instance(&[]).await;
        second.at(&elsewhere).get("/v1/me").await.expect(200);
        let path = format!("/v1/sessions/{}", token_of(&answer, "session_id"));
        world.agent().await.delete(&path).await.expect_problem(404, "not_found");
        snapshot!(second.delete(&path).await.expect(204));
        second.get("/v1/me").await.expect_problem(401, "unauthenticated");
        second.at(&elsewhere).get("/v1/me").await.expect_problem(401, "unauthenticated");
        refresh(&nobody, &token_of(&answer, "refresh_token")).await.expect_problem(401, "invalid_refresh_token");
        acme.delete(&path).await.expect_problem(404, "not_found");
        assert_eq!(acme.get("/v1/sessions").await.expect(200).column("current"), [json!(true)]);
        acme.get("/v1/sessions?all=true").await.expect_problem(422, "validation_failed");
        snapshot!(
            nobody.post("/v1/sessions", json!({"email": null, "password": 12, "remember": true})).await.expect(422)
        );
    }

    /// Nobody learns who has an account.
    async fn every_failed_sign_in_gets_the_same_answer(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let globex = world.partner("Globex", "globex.example").await;
        let ben = acme.contact("ben", "designated_support").await;
        acme.invited("ida", json!({"permission": "designated_support"})).await;
        acme.post(format!("/v1/contacts/{}/disable", ben.id), json!({"reason": "gone"})).await.expect(200);
        world.admin().await.post(format!("/v1/organizations/{}/suspend", globex.organization_id), ()).await.expect(200);
        let nobody = world.anonymous();
        let wrong = sign_in(&nobody, &acme.email, WRONG).await.expect_problem(401, "invalid_credentials");
        snapshot!(wrong);
        for (email, password) in [
            ("nobody@acme.example", PASSWORD),
            ("ben@acme.example", PASSWORD),
            ("ida@acme.example", PASSWORD),
            ("manager@globex.example", PASSWORD),
            ("Manager@acme.example", PASSWORD),
            ("manager@acme.example", ""),
            ("not an address", PASSWORD),
            ("' OR 1=1 --", "' OR 1=1 --"),
            ("", ""),
        ] {
            assert_eq!(visible(&sign_in(&nobody, email, password).await), visible(&wrong), "{email}");
        }
        let long = "x".repeat(10_000);
        assert_eq!(visible(&sign_in(&nobody, &acme.email, &long).await), visible(&wrong));
        sign_in(&nobody, &acme.email, PASSWORD).await.expect(201);
    }

    /// Guessing slows down, per account, on every instance and over restarts; whoever waits gets in.
    async fn repeated_failures_slow_down(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let nobody = world.anonymous();
        for email in [acme.email.as_str(), "nobody@acme.example"] {
            for _ in 0..6 {
                sign_in(&nobody, email, WRONG).await.expect_problem(401, "invalid_credentials");
            }
            let refused = sign_in(&nobody, email, PASSWORD).await.expect_problem(429, "too_many_attempts");
            assert_eq!(refused.header("retry-after"), Some("3"), "the same whether the account exists or not");
        }
        snapshot!(sign_in(&nobody, &acme.email, PASSWORD).await.expect(429));
        // The same account in other words.
        for email in [" manager@acme.example", "manager@acme.example\t", "\u{2003}manager@acme.example"] {
            sign_in(&nobody, email, PASSWORD).await.expect_problem(429, "too_many_attempts");
        }
        world.restart().await;
        let elsewhere = nobody.at(&world.another_instance(&[]).await);
        sign_in(&elsewhere, &acme.email, PASSWORD).await.expect_problem(429, "too_many_attempts");
        acme.get("/v1/me").await.expect(200);
        world.advance(seconds(2));
        // The wait doubles with each further failure, and ends with a success.
        sign_in(&nobody, &acme.email, WRONG).await.expect_problem(401, "invalid_credentials");
        assert_eq!(sign_in(&nobody, &acme.email, PASSWORD).await.expect(429).header("retry-after"), Some("5"));
        world.advance(seconds(4));
        sign_in(&nobody, &acme.email, PASSWORD).await.expect(201);
        for _ in 0..5 {
            sign_in(&nobody, &acme.email, WRONG).await.expect_problem(401, "invalid_credentials");
        }
        sign_in(&nobody, &acme.email, PASSWORD).await.expect(201);
    }

    /// … and per address, whichever accounts are tried; guesses sent together count as well.
    async fn an_address_that_tries_many_accounts_slows_down(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let nobody = world.anonymous();
        let (email, other) = (acme.email.as_str(), "other@acme.example");
        let together = tokio::join!(
            sign_in(&nobody, other, WRONG),
            sign_in(&nobody, other, WRONG),
            sign_in(&nobody, other, WRONG),
            sign_in(&nobody, other, WRONG),
            sign_in(&nobody, other, WRONG),
            sign_in(&nobody, other, WRONG),
            sign_in(&nobody, other, WRONG),
            sign_in(&nobody, other, WRONG),
        );
        let statuses =
            [&together.0, &together.1, &together.2, &together.3, &together.4, &together.5, &together.6, &together.7]
                .map(|answer| answer.status);
        // Not more than that are looked at; whoever came too late too often is told to come again.
        let looked_at = statuses.iter().filter(|status| **status == 401).count();
        assert!(looked_at <= 6 && statuses.iter().all(|status| matches!(status, 401 | 429 | 503)), "{statuses:?}");
        for number in looked_at..51 {
            sign_in(&nobody, &format!("nobody{number}@acme.example"), WRONG).await.expect(401);
        }
        sign_in(&nobody, email, PASSWORD).await.expect_problem(429, "too_many_attempts");
        // Who is believed to be behind a proxy is not said by the client.
        let forged = nobody
            .send(
                "POST",
                "/v1/sessions",
                &[("x-forwarded-for", "192.0.2.7")],
                json!({"email": email, "password": PASSWORD}),
            )
            .await;
        forged.expect_problem(429, "too_many_attempts");
        let proxied = nobody.at(&world.another_instance(&["--trusted-proxies", "127.0.0.1"]).await);
        let body = json!({"email": email, "password": PASSWORD});
        proxied.send("POST", "/v1/sessions", &[("x-forwarded-for", "192.0.2.7")], body).await.expect(201);
        world.advance(seconds(3));
        sign_in(&nobody, email, PASSWORD).await.expect(201);
    }

    /// … and of IPv6 per network, for everybody has as many addresses of one as they like. Proxies may write the port as well.
    async fn a_network_that_tries_many_accounts_slows_down(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let proxied = world.anonymous().at(&world.another_instance(&["--trusted-proxies", "127.0.0.1"]).await);
        let from = async |address: String, email: &str, password: &str| {
            let headers = [("x-forwarded-for", address.as_str())];
            proxied.send("POST", "/v1/sessions", &headers, json!({"email": email, "password": password})).await
        };
        for number in 0..51 {
            let email = format!("nobody{number}@acme.example");
            from(format!("[2001:db8:1:2::{number}]:4711"), &email, WRONG).await.expect(401);
        }
        let email = acme.email.as_str();
        from("2001:db8:1:2:3:4:5:6".to_owned(), email, PASSWORD).await.expect_problem(429, "too_many_attempts");
        from("2001:db8:1:3::1".to_owned(), email, PASSWORD).await.expect(201);
        for number in 0..51 {
            let email = format!("nobody{number}@acme.example");
            from(format!("192.0.2.7:{}", 4_000 + number), &email, WRONG).await.expect(401);
        }
        from("192.0.2.7:80".to_owned(), email, PASSWORD).await.expect_problem(429, "too_many_attempts");
        from("192.0.2.8:80".to_owned(), email, PASSWORD).await.expect(201);
    }

    /// RFC 9110, section 5.3: of two tokens nobody knows which one was meant, and a proxy may have looked at the other.
    async fn two_tokens_are_refused(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let token = format!("Bearer {}", acme.access_token());
        for headers in [[("authorization", token.as_str()), ("authorization", "Bearer x")], [("authorization", token.as_str()); 2]] {
            let nobody = world.anonymous();
            nobody.send("GET", "/v1/me", &headers, ()).await.expect_problem(400, "malformed_request");
            let body = json!({"email": acme.email, "password": PASSWORD});
            nobody.send("POST", "/v1/sessions", &headers, body).await.expect_problem(400, "malformed_request");
        }
        world.anonymous().send("GET", "/v1/me", &[("authorization", &token)], ()).await.expect(200);
    }

    /// Rotated with each use; a reused one ends the session, but for the second of two parallel refreshes.
    async fn refresh_tokens_are_good_for_one_use(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let nobody = world.anonymous();
        let first = acme.refresh_token();
        let (one, two) = tokio::join!(refresh(&nobody, &first), refresh(&nobody, &first));
        snapshot!(one.clone().expect(200));
        let second = token_of(&one, "refresh_token");
        assert_eq!(second, token_of(&two.expect(200), "refresh_token"), "both have the same successor");
        assert_ne!(second, first);
        world.advance(seconds(10));
        assert_eq!(token_of(&refresh(&nobody, &first).await.expect(200), "refresh_token"), second);
        let (access, third) = {
            let answer = refresh(&nobody, &second).await.expect(200);
            (token_of(&answer, "access_token"), token_of(&answer, "refresh_token"))
        };
        let acme_again = acme.with_token(&access);
        acme_again.get("/v1/me").await.expect(200);
        // Two generations back is a stolen copy, however soon.
        snapshot!(refresh(&nobody, &first).await.expect_problem(401, "invalid_refresh_token"));
        acme_again.get("/v1/me").await.expect_problem(401, "unauthenticated");
        refresh(&nobody, &third).await.expect_problem(401, "invalid_refresh_token");
        // One generation back is, after ten seconds.
        let answer = sign_in(&nobody, &acme.email, PASSWORD).await.expect(201);
        let first = token_of(&answer, "refresh_token");
        let second = token_of(&refresh(&nobody, &first).await.expect(200), "refresh_token");
        world.advance(seconds(11));
        refresh(&nobody, &first).await.expect_problem(401, "invalid_refresh_token");
        refresh(&nobody, &second).await.expect_problem(401, "invalid_refresh_token");
        acme.with_token(&token_of(&answer, "access_token")).get("/v1/me").await.expect_problem(401, "unauthenticated");
        // Whoever refreshes stays signed in; whoever does not is out after thirty days.
        let mut token = token_of(&sign_in(&nobody, &acme.email, PASSWORD).await.expect(201), "refresh_token");
        for _ in 0..3 {
            world.advance(days(29));
            token = token_of(&refresh(&nobody, &token).await.expect(200), "refresh_token");
        }
        world.advance(days(30));
        refresh(&nobody, &token).await.expect_problem(401, "invalid_refresh_token");
        for token in ["", "abc", "\u{e9}", access.as_str(), &format!("{third}A"), &"A".repeat(9_000)] {
            refresh(&nobody, token).await.expect_problem(401, "invalid_refresh_token");
        }
    }

    /// what was signed out stays so, whatever was on its way.
    async fn a_refresh_never_brings_a_session_back(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let there = world.another_instance(&[]).await;
        for round in 0..40 {
            let answer = sign_in(&world.anonymous(), &acme.email, PASSWORD).await.expect(201);
            let someone = acme.with_token(&token_of(&answer, "access_token"));
            let path = format!("/v1/sessions/{}", token_of(&answer, "session_id"));
            let (nobody, token) = (world.anonymous().at(&there), token_of(&answer, "refresh_token"));
            let (refreshed, ended) = tokio::join!(refresh(&nobody, &token), someone.delete(&path));
            ended.expect(204);
            if refreshed.status == 200 {
                let late = acme.with_token(&token_of(&refreshed, "access_token"));
                assert_eq!(late.get("/v1/me").await.status, 401, "round {round}: it is signed in again");
                refresh(&nobody, &token_of(&refreshed, "refresh_token"))
                    .await
                    .expect_problem(401, "invalid_refresh_token");
            }
            refresh(&nobody, &token).await.expect_problem(401, "invalid_refresh_token");
        }
        assert_eq!(acme.get("/v1/sessions").await.expect(200).rows().len(), 1);
    }

    /// A password that was reset lets nobody in, however close the two were.
    async fn a_reset_outruns_a_sign_in_with_the_old_password(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let there = world.anonymous().at(&world.another_instance(&[]).await);
        let nobody = world.anonymous();
        let mut old = PASSWORD.to_owned();
        for round in 1..=15 {
            world.advance(hours(1));
            nobody.post("/v1/password-resets", json!({"email": acme.email})).await.expect(202);
            let token = world.mailbox().nth(&acme.email, "password_reset", round).await.token();
            let new = format!("{PASSWORD} {round}");
            let confirmation = json!({"token": token, "password": new});
            let (set, entered) = tokio::join!(
                nobody.post("/v1/password-resets/confirm", confirmation),
                sign_in(&there, &acme.email, &old)
            );
            set.expect(200);
            if entered.status == 201 {
                let late = acme.with_token(&token_of(&entered, "access_token"));
                assert_eq!(late.get("/v1/me").await.status, 401, "round {round}: the old password's sign-in is good");
            }
            old = new;
        }
    }

    /// Forged, foreign and expired tokens are refused alike, and change nothing.
    async fn only_good_access_tokens_are_good(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let token = acme.access_token();
        snapshot!(world.anonymous().get("/v1/me").await.expect_problem(401, "unauthenticated"));
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!("a JWT has three parts")
        };
        let encode = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let (mut other, mut head) = (part(&token, 1), part(&token, 0));
        other["sub"] = json!(world.agent().await.id);
        let other = encode(other);
        let kid = head["kid"].clone();
        head["jku"] = json!("https://evil.example/keys");
        let swapped: String = signature.chars().rev().collect();
        for forged in [
            format!("{header}.{other}.{signature}"),
            format!("{header}.{claims}.{swapped}"),
            format!("{header}.{claims}."),
            format!("{header}.{claims}"),
            format!("{}.{claims}.", encode(json!({"typ": "at+jwt", "alg": "none", "kid": kid}))),
            format!("{}.{claims}.{signature}", encode(json!({"typ": "at+jwt", "alg": "HS256", "kid": kid}))),
            format!(
                "{}.{claims}.{signature}",
                encode(json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "key_00000000000000000000000000"}))
            ),
            format!("{}.{claims}.{signature}", encode(head)),
            acme.refresh_token(),
            "null".to_owned(),
            "x".repeat(5_000),
        ] {
            acme.with_token(&forged).get("/v1/me").await.expect_problem(401, "unauthenticated");
        }
        for value in [
            format!("Basic {token}"),
            token.clone(),
            "Bearer".to_owned(),
            format!("Bearer {token} {token}"),
            "Bearer \u{e9}".to_owned(),
        ] {
            world
                .anonymous()
                .send("GET", "/v1/me", &[("authorization", &value)], ())
                .await
                .expect_problem(401, "unauthenticated");
        }
        world.anonymous().send("GET", "/v1/me", &[("authorization", &format!("bearer {token}"))], ()).await.expect(200);
        let before = acme.with_token(&token);
        before.patch("/v1/me", json!({"phone": "112"})).await.expect(200);
        world.advance(minutes(15));
        snapshot!(before.get("/v1/me").await.expect_problem(401, "unauthenticated"));
        before.patch("/v1/me", json!({"phone": null})).await.expect_problem(401, "unauthenticated");
        // A clock that is set back does not revive it (X-4a).
        world.advance(minutes(-10));
        before.get("/v1/me").await.expect_problem(401, "unauthenticated");
        assert_eq!(world.sign_in(&acme.email).await.get("/v1/me").await.expect(200)["phone"], "112");
    }

    /// The same answer for everybody; a link for whoever may sign in, for one use within an hour.
    async fn a_forgotten_password_is_set_anew(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let ben = acme.contact_with("ben", json!({"permission": "designated_support", "locale": "es"})).await;
        let dan = acme.contact("dan", "designated_support").await;
        acme.invited("ida", json!({"permission": "designated_support"})).await;
        acme.post(format!("/v1/contacts/{}/disable", dan.id), json!({"reason": "gone"})).await.expect(200);
        let nobody = world.anonymous();
        let forgot = async |email: &str| nobody.post("/v1/password-resets", json!({"email": email})).await.expect(202);
        let set = async |token: &str, password: &str| {
            nobody.post("/v1/password-resets/confirm", json!({"token": token, "password": password})).await
        };
        for email in ["nobody@acme.example", "ida@acme.example", "dan@acme.example", "nonsense"] {
            assert!(forgot(email).await.bytes.is_empty());
        }
        snapshot!(forgot("ben@acme.example").await);
        let mail = world.mail("ben@acme.example", "password_reset").await;
        assert_eq!(mail.subject, "Establezca una nueva contraseña");
        assert!(
            mail.text.contains(&format!("http://mandate.example/password-reset?token={}", mail.token())),
            "{}",
            mail.text
        );
        forgot(" ben@acme.example").await;
        let second = world.mailbox().nth("ben@acme.example", "password_reset", 2).await.token();
        set(&mail.token(), "a brand new password").await.expect_problem(422, "invalid_link");
        world.advance(hours(1));
        snapshot!(set(&second, "a brand new password").await.expect_problem(422, "invalid_link"));
        // The old password and its sign-ins are good until the new one is set.
        forgot("ben@acme.example").await;
        let third = world.mailbox().nth("ben@acme.example", "password_reset", 3).await.token();
        set(&third, "qwertyuiop12").await.expect_problem(422, "validation_failed");
        let before = sign_in(&nobody, "ben@acme.example", PASSWORD).await.expect(201);
        let signed_in = ben.with_token(&token_of(&before, "access_token"));
        signed_in.get("/v1/me").await.expect(200);
        snapshot!(set(&third, "a brand new password").await.expect(200));
        signed_in.get("/v1/me").await.expect_problem(401, "unauthenticated");
        refresh(&nobody, &token_of(&before, "refresh_token")).await.expect_problem(401, "invalid_refresh_token");
        set(&third, "yet another password").await.expect_problem(422, "invalid_link");
        sign_in(&nobody, "ben@acme.example", PASSWORD).await.expect_problem(401, "invalid_credentials");
        sign_in(&nobody, "ben@acme.example", "a brand new password").await.expect(201);
        // Nobody is flooded with emails: after some requests there is a pause.
        for number in 4..=6 {
            forgot("ben@acme.example").await;
            world.mailbox().nth("ben@acme.example", "password_reset", number).await;
        }
        forgot("ben@acme.example").await;
        world.advance(hours(1));
        forgot("ben@acme.example").await;
        let last = world.mailbox().nth("ben@acme.example", "password_reset", 7).await.token();
        set(&last, PASSWORD).await.expect(200);
        let receivers: Vec<String> = world
            .mailbox()
            .all()
            .into_iter()
            .filter(|mail| mail.kind == "password_reset")
            .map(|mail| mail.to)
            .collect();
        assert_eq!(receivers, ["ben@acme.example"; 7]);
        snapshot!(nobody.post("/v1/password-resets", json!({"email": 7, "name": "Ben"})).await.expect(422));
    }

    /// A reset proves whose the account is, so the wait for others' guesses ends; asking for many resets is slowed down.
    async fn a_reset_ends_the_wait_and_is_limited_per_address(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        let nobody = world.anonymous();
        for _ in 0..6 {
            sign_in(&nobody, &acme.email, WRONG).await.expect_problem(401, "invalid_credentials");
        }
        sign_in(&nobody, &acme.email, PASSWORD).await.expect_problem(429, "too_many_attempts");
        nobody.post("/v1/password-resets", json!({"email": acme.email})).await.expect(202);
        let token = world.mail(&acme.email, "password_reset").await.token();
        let confirmation = json!({"token": token, "password": "a brand new password"});
        nobody.post("/v1/password-resets/confirm", confirmation).await.expect(200);
        sign_in(&nobody, &acme.email, "a brand new password").await.expect(201);
        for number in 0..30 {
            let email = format!("nobody{number}@acme.example");
            nobody.post("/v1/password-resets", json!({"email": email})).await.expect(202);
        }
        let refused = nobody.post("/v1/password-resets", json!({"email": acme.email})).await;
        assert_eq!(refused.expect_problem(429, "too_many_attempts").header("retry-after"), Some("61"));
        world.advance(minutes(1));
        nobody.post("/v1/password-resets", json!({"email": acme.email})).await.expect(202);
        world.mailbox().nth(&acme.email, "password_reset", 2).await;
    }

    /// New keys sign nobody out: tokens, links and cursors of the old ones are good until their time is over.
    async fn keys_are_rotated_without_signing_anybody_out(world: World) {
        let acme = world.customer("Acme", "acme.example").await;
        acme.invited("ana", json!({"permission": "designated_support"})).await;
        let welcome = world.mail("ana@acme.example", "welcome").await;
        let list = acme.get(format!("{}?limit=1", acme.own("contacts"))).await.expect(200);
        let cursor = token_of(&list, "next_cursor");
        let (old, old_refresh) = (acme.access_token(), acme.refresh_token());
        rotate_keys(&world).await;
        let elsewhere = world.another_instance(&[]).await;
        let nobody = world.anonymous();
        // Nothing is made with the new keys until all instances know them.
        let early = token_of(&sign_in(&nobody.at(&elsewhere), &acme.email, PASSWORD).await.expect(201), "access_token");
        assert_eq!(part(&early, 0)["kid"], part(&old, 0)["kid"]);
        world.advance(minutes(3));
        let answer = sign_in(&nobody.at(&elsewhere), &acme.email, PASSWORD).await.expect(201);
        let new = token_of(&answer, "access_token");
        assert_ne!(part(&new, 0)["kid"], part(&old, 0)["kid"]);
        // The first instance has not heard of them yet, and looks when it meets one.
        acme.with_token(&new).get("/v1/me").await.expect(200);
        refresh(&nobody, &token_of(&answer, "refresh_token")).await.expect(200);
        for instance in [world.instance(), &elsewhere] {
            acme.with_token(&old).at(instance).get("/v1/me").await.expect(200);
            acme.with_token(&early).at(instance).get("/v1/me").await.expect(200);
            acme.at(instance).get(format!("{}?limit=1&cursor={cursor}", acme.own("contacts"))).await.expect(200);
        }
        world.restart().await;
        acme.with_token(&old).get("/v1/me").await.expect(200);
        refresh(&nobody, &old_refresh).await.expect(200);
        world.instance().accept(&welcome).await;
    }
}
