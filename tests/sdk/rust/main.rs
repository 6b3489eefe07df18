//! The main job with the client of openapi-generator's `rust`, library `reqwest`.

use std::collections::HashSet;
use std::env;
use std::error::Error as Failure;
use std::fmt::Debug;
use std::fs;

use mandate_client::apis::configuration::Configuration;
use mandate_client::apis::{
    Error, attachments_api, contacts_api, messages_api, partner_grants_api, service_requests_api, sessions_api,
};
use mandate_client::models::{
    CreateContactBody, CreateMessageBody, CreatePartnerGrantBody, CreateServiceRequestBody, CreateSessionBody,
    GranteeBody, PatchContactBody, PrincipalView, Problem, RevokeBody, create_contact_body, create_partner_grant_body,
    create_service_request_body, grantee_body,
};

/// Acme's primary support contact.
const ANA: &str = "ana.brooks@acme.example";
/// Of Globex, a partner of Acme's.
const MEI: &str = "mei.wong@globex.example";
const PHONE: &str = "+1.650.555.0100";

fn step(words: &str) {
    println!("  {words}");
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// The problem that a call answers, of this status and code.
fn bad<T: Debug, E: Debug>(answer: Result<T, Error<E>>, status: u16, code: &str) -> Problem {
    let Err(Error::ResponseError(refused)) = answer else { panic!("not as expected: {answer:?}, not {status} {code}") };
    assert_eq!(refused.status.as_u16(), status, "{}", refused.content);
    let problem: Problem = serde_json::from_str(&refused.content).expect("an error is a problem");
    assert_eq!(problem.code, code, "{}", refused.content);
    problem
}

fn anonymous() -> Configuration {
    Configuration { base_path: setting("MANDATE_URL", "http://127.0.0.1:8080"), ..Configuration::default() }
}

async fn sign_in(email: &str) -> Result<(Configuration, PrincipalView), Box<dyn Failure>> {
    let body = CreateSessionBody::new(email.to_owned(), setting("MANDATE_PASSWORD", "correct horse battery"));
    let tokens = sessions_api::create_session(&anonymous(), body).await?;
    Ok((Configuration { bearer_access_token: Some(tokens.access_token), ..anonymous() }, *tokens.principal))
}

fn contact(email: &str, first_name: &str, last_name: &str, phone: &str) -> CreateContactBody {
    let permission = create_contact_body::Permission::DesignatedSupport;
    let body = CreateContactBody::new(email.to_owned(), first_name.to_owned(), last_name.to_owned(), permission);
    CreateContactBody { phone: Some(Some(phone.to_owned())), ..body }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Failure>> {
    let refused = CreateSessionBody::new(ANA.to_owned(), "not this one".to_owned());
    bad(sessions_api::create_session(&anonymous(), refused).await, 401, "invalid_credentials");
    let (ana, ana_self) = sign_in(ANA).await?;
    let (mei, mei_self) = sign_in(MEI).await?;
    let acme = &ana_self.organization_id;
    step(&format!("signed in as {} and {}; another password is refused", ana_self.name, mei_self.name));

    let stamp = chrono::Utc::now().timestamp_micros();
    let email = format!("sdk-{stamp}@acme.example");
    let wrong = contact(&email, "4", "Hill", "650-555");
    let problem = bad(contacts_api::create_contact(&ana, acme, wrong, None).await, 422, "validation_failed");
    let errors = problem.errors.unwrap_or_default();
    let mut pointers: Vec<&str> = errors.iter().filter_map(|error| error.pointer.as_deref()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["#/first_name", "#/phone"]);
    let mistakes: Vec<String> = errors.iter().map(|error| format!("{:?} {}", error.pointer, error.message)).collect();
    step(&format!("a contact with mistakes is refused: {}", mistakes.join("; ")));

    let key = format!("sdk-{stamp}");
    let body = || contact(&email, "Zoe", "Hill", PHONE);
    let made = contacts_api::create_contact(&ana, acme, body(), Some(&key)).await?;
    let again = contacts_api::create_contact(&ana, acme, body(), Some(&key)).await?;
    assert_eq!(again.id, made.id, "the repeat made another contact");
    let other = contact(&email, "Zoe", "Hall", PHONE);
    bad(contacts_api::create_contact(&ana, acme, other, Some(&key)).await, 422, "idempotency_key_reused");
    step(&format!(
        "created {}; the repeat with the same key answers the same, with another body it is refused",
        made.id
    ));

    let mut grantee = GranteeBody::new(grantee_body::Type::Contact);
    grantee.id = Some(mei_self.id.clone());
    let body = CreatePartnerGrantBody::new(grantee, create_partner_grant_body::Level::Create);
    let grant = partner_grants_api::create_partner_grant(&ana, acme, body, None).await?;
    assert_eq!((grant.level.as_str(), &grant.grantee.id), ("create", &mei_self.id));
    step(&format!("granted {} to {}", grant.level, mei_self.name));

    let category = create_service_request_body::Category::Incident;
    let mut body = CreateServiceRequestBody::new(category, "Since noon.".into(), 3, "Label printer offline".into());
    body.organization_id = Some(acme.clone());
    let request = service_requests_api::create_service_request(&mei, body, None).await?;
    assert_eq!(request.submitted_for.map(|organization| organization.id).as_ref(), Some(acme));
    step(&format!("created {} for {}", request.number, request.organization.name));

    let bytes: Vec<u8> = (0..=255).chain(0..=255).collect();
    let file = env::temp_dir().join(format!("sdk-{stamp}.bin"));
    fs::write(&file, &bytes)?;
    let name = "attachment; filename=\"printer.bin\"";
    let uploaded = attachments_api::upload_attachment(&mei, &request.id, name, file.clone(), None, None).await;
    fs::remove_file(&file)?;
    let attachment = uploaded?;
    let mut body = CreateMessageBody::new("Its memory.".to_owned());
    body.attachment_ids = Some(vec![attachment.id.clone()]);
    messages_api::create_message(&mei, &request.id, body, None).await?;
    let content = attachments_api::get_attachment_content(&ana, &attachment.id, None, None, None).await?;
    assert!(content.bytes().await? == bytes, "other bytes came back");
    step(&format!("uploaded {} bytes, and downloaded the same", attachment.size));

    let (mut seen, mut pages, mut cursor) = (HashSet::new(), 0, None::<String>);
    loop {
        let status = ["open", "solved", "closed"].map(str::to_owned).to_vec();
        let page = service_requests_api::list_service_requests(
            &ana,
            Some(vec![acme.clone()]),
            None,
            Some(status),
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            Some(5),
            cursor.as_deref(),
        );
        let page = page.await?;
        pages += 1;
        for found in page.data {
            assert!(seen.insert(found.id), "a request twice");
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert!(pages > 1 && seen.contains(&request.id), "{pages} pages");
    step(&format!("paged through {} requests on {pages} pages", seen.len()));

    let rename =
        |last_name: &str| PatchContactBody { last_name: Some(last_name.to_owned()), ..PatchContactBody::new() };
    let renamed = contacts_api::update_contact(&ana, &made.id, rename("Hall"), None).await?;
    assert_eq!((renamed.last_name.as_str(), renamed.phone.as_deref()), ("Hall", Some(PHONE)));
    let clear = PatchContactBody { phone: Some(None), ..PatchContactBody::new() };
    let cleared = contacts_api::update_contact(&ana, &made.id, clear, None).await?;
    assert_eq!((cleared.last_name.as_str(), cleared.phone.as_deref()), ("Hall", None));
    step("patched: absent leaves alone, null clears");

    let tag = |version: i64| format!("\"{version}\"");
    let stale = contacts_api::update_contact(&ana, &made.id, rename("Hull"), Some(&tag(made.version))).await;
    let conflict = bad(stale, 412, "version_mismatch");
    assert_eq!(conflict.current_version, Some(cleared.version));
    contacts_api::update_contact(&ana, &made.id, rename("Hull"), Some(&tag(cleared.version))).await?;
    step(&format!("an old version is refused with 412, version {} is not", cleared.version));

    partner_grants_api::revoke_partner_grant(&ana, &grant.id, RevokeBody { reason: Some(Some("done".to_owned())) }, None, None).await?;
    step("revoked the grant");
    Ok(())
}
