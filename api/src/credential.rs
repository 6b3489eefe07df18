//! Passwords that are set with a link from an email (C-12), over HTTP.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use mandate_core::actor::Actor;
use mandate_core::change::Context;
use mandate_core::id::{LinkId, MailId, PersonId};
use mandate_core::refusal::{Code, Refusal};
use mandate_core::session::{self, LinkLifetimes, offer_reset};
use mandate_core::text::{EMAIL_MAX, EMAIL_NOT_LOWER_CASE, Email};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::LinkPurpose;
use mandate_core::{contact_state, staff, throttle};
use mandate_storage::{Fence, Unlocked, WriteTx};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::caller::{address, check_idempotency_key, counted_address, origin};
use crate::escalation_guard::note_sign_of_life;
use crate::extract::Body;
use crate::password::NewPassword;
use crate::person::PrincipalView;
use crate::problem::{BodyProblems, Problem, PublicProblems};
use crate::secret::Secret;
use crate::session::{count, scope};
use crate::state::App;

/// A link's token and the password to set.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "bGluay10b2tlbg…", "password": "correct horse battery"}))]
pub struct ConfirmBody {
    /// The `token` of the link in the email.
    #[schema(value_type = Option<String>, required = true, nullable = false, example = "bGluay10b2tlbg…")]
    token: Option<Secret>,
    /// The new password, 12 to 128 characters; the most common ones are refused.
    #[schema(value_type = Option<String>, required = true, nullable = false, format = "password", min_length = 12, max_length = 128, example = "correct horse battery")]
    password: Option<Secret>,
}

/// Set the first password
///
/// With the link of a welcome email. The contact or staff member becomes `active` and can sign in.
#[utoipa::path(tag = "passwords", operation_id = "confirmWelcome", request_body = ConfirmBody, security(()),
    responses((status = 200, description = "Who can sign in now.", body = PrincipalView), PublicProblems, BodyProblems),
    extensions(("x-codes" = json!(["invalid_link"]))))]
#[post("/v1/welcome/confirm")]
pub(crate) async fn confirm_welcome(
    app: Data<Arc<App>>,
    request: HttpRequest,
    body: Body<ConfirmBody>,
) -> Result<HttpResponse, Problem> {
    confirm(app, request, body, LinkPurpose::Welcome).await
}

/// Set a new password
///
/// With the link of a password-reset email. Ends all sign-ins of the person.
#[utoipa::path(tag = "passwords", operation_id = "confirmPasswordReset", request_body = ConfirmBody, security(()),
    responses((status = 200, description = "Whose password it is.", body = PrincipalView), PublicProblems, BodyProblems),
    extensions(("x-codes" = json!(["invalid_link"]))))]
#[post("/v1/password-resets/confirm")]
pub(crate) async fn confirm_password_reset(
    app: Data<Arc<App>>,
    request: HttpRequest,
    body: Body<ConfirmBody>,
) -> Result<HttpResponse, Problem> {
    confirm(app, request, body, LinkPurpose::PasswordReset).await
}

async fn confirm(
    app: Data<Arc<App>>,
    request: HttpRequest,
    body: Body<ConfirmBody>,
    purpose: LinkPurpose,
) -> Result<HttpResponse, Problem> {
    check_idempotency_key(&request)?;
    let Body { value, mut errors, .. } = body;
    let token = errors.given("/token", value.token);
    let password = errors
        .given("/password", value.password)
        .and_then(|password| errors.keep("/password", NewPassword::parse(&password)));
    let (token, password) = errors.finish(|| Some((token?, password?)))?;
    let now = app.now();
    let link = app.sealer.open_link_token(token.expose()).ok_or_else(invalid)?;
    // Looked at before the password is hashed, so that a spent link costs nothing; decided again inside the fence.
    let person = app.read_unsigned(move |tx| {
        let link = session::use_link(now, purpose, tx.link(link)?)?;
        let (person, status) = tx.actor(link.person)?.ok_or_else(invalid)?;
        session::expect_active(purpose, status)?;
        Ok(person)
    });
    let person = person.await?;
    password.suits(&person.email).map_err(|flaw| Refusal::flawed("#/password", flaw))?;
    let hash = app.passwords.hash(&password).await?;
    let origin = origin(&request, &app);
    let (organization, mail): (_, MailId) = (person.organization, app.id());
    let at_work = Arc::clone(&app);
    let done = app.write_unsigned(move |unlocked: Unlocked<'_>| {
        let mut tx = unlocked.lock(&Fence::new().changes(organization))?;
        let used = session::use_link(now, purpose, tx.link(link)?)?;
        let (actor, status) = tx.actor(used.person)?.ok_or_else(invalid)?;
        session::expect_active(purpose, status)?;
        let context = Context { actor: Some(actor.clone()), now, origin: origin.clone() };
        tx.use_link(&used)?;
        set(&mut tx, &context, used.person, purpose, mail)?;
        tx.save_password(used.person, &hash, now)?;
        tx.end_sessions_of(used.person, now)?;
        note_sign_of_life(&at_work, &mut tx, &context)?;
        // Whoever has proved that the mailbox is theirs need not wait for the guesses of others.
        tx.forget_sign_in_failures(&scope("account", actor.email.as_str()))?;
        Ok(actor)
    });
    Ok(HttpResponse::Ok().json(PrincipalView::from(&done.await?)))
}

fn invalid() -> Refusal {
    Refusal::of(Code::InvalidLink).at("#/token")
}

/// Records that somebody set their password: an invited person becomes active by it, others are told by this email.
fn set(
    tx: &mut WriteTx<'_>,
    context: &Context,
    person: PersonId,
    purpose: LinkPurpose,
    mail: MailId,
) -> Result<(), Problem> {
    match person {
        PersonId::Contact(id) => {
            let contact = tx.contact(id)?.ok_or_else(Refusal::not_found)?;
            let change = match purpose {
                LinkPurpose::Welcome => {
                    let others = tx.others_than(id, contact.organization)?;
                    contact_state::activate(context, contact, others)?
                }
                LinkPurpose::PasswordReset => contact_state::reset_password(context, contact, mail)?,
                LinkPurpose::Invitation | LinkPurpose::Objection => return Err(invalid().into()),
            };
            tx.save_contact(&change)?;
            Ok(())
        }
        PersonId::Staff(id) => {
            let member = tx.staff_member(id)?.ok_or_else(Refusal::not_found)?;
            let change = match purpose {
                LinkPurpose::Welcome => staff::activate(context, member)?,
                LinkPurpose::PasswordReset => staff::reset_password(context, member, mail)?,
                LinkPurpose::Invitation | LinkPurpose::Objection => return Err(invalid().into()),
            };
            Ok(tx.save_staff(&change)?)
        }
    }
}

/// Whose password to reset.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ana.silva@acme.example"}))]
pub struct CreatePasswordResetBody {
    /// The user id.
    #[validate(length(max = EMAIL_MAX))]
    #[schema(required = true, nullable = false, max_length = 254, example = "ana.silva@acme.example")]
    email: Option<String>,
}

/// Ask for a link to set a new password
///
/// Answers the same, in the same time, whether somebody has this email or not. An active person gets an email, and one who is still
/// invited the welcome email again, with a new link. Upper-case letters, which no user id has, are refused.
#[utoipa::path(tag = "passwords", operation_id = "createPasswordReset", request_body = CreatePasswordResetBody, security(()),
    responses((status = 202, description = "If somebody who may sign in has this email, a link is on its way."), PublicProblems, BodyProblems),
    extensions(("x-codes" = json!(["too_many_attempts"]))))]
#[post("/v1/password-resets")]
pub(crate) async fn create_password_reset(
    app: Data<Arc<App>>,
    request: HttpRequest,
    body: Body<CreatePasswordResetBody>,
) -> Result<HttpResponse, Problem> {
    check_idempotency_key(&request)?;
    let Body { value, mut errors, .. } = body;
    let email = errors.given("/email", value.email);
    // Nobody can have it (C-2), so whoever waits for an email is told at once. Of others nothing is said.
    let case = email.as_deref().map(Email::parse).and_then(Result::err);
    case.filter(|flaw| flaw.code == EMAIL_NOT_LOWER_CASE).into_iter().for_each(|flaw| errors.add("/email", flaw));
    let email = errors.finish(|| email)?;
    let now = app.now();
    if let Some(address) = address(&request, &app) {
        let counted = format!("reset-address:{}", counted_address(address));
        app.write_unsigned(move |unlocked: Unlocked<'_>| {
            let mut tx = unlocked.lock(&Fence::new())?;
            tx.hold_sign_in_failures(&counted)?;
            let seen = tx.sign_in_failures(&counted)?;
            throttle::allow(now, seen.as_ref())?;
            count(&mut tx, &counted, throttle::RESET_ADDRESS, seen, now)
        })
        .await?;
    }
    // Whether the email exists would show in the time that the work takes, so nobody waits for it.
    actix_web::rt::spawn(async move {
        if let Err(problem) = offer(&app, email, now).await {
            tracing::error!(cause = problem.cause(), "a password reset could not be offered");
        }
    });
    Ok(HttpResponse::Accepted().finish())
}

async fn offer(app: &Arc<App>, email: String, now: Timestamp) -> Result<(), Problem> {
    let (link, mail): (LinkId, MailId) = (app.id(), app.id());
    let lifetimes = LinkLifetimes { welcome: app.settings.welcome_ttl, reset: app.settings.reset_ttl };
    let done = app.write_unsigned(move |unlocked: Unlocked<'_>| {
        let mut tx = unlocked.lock(&Fence::new())?;
        let counted = scope("reset", &email);
        tx.hold_sign_in_failures(&counted)?;
        let failures = tx.sign_in_failures(&counted)?;
        if throttle::allow(now, failures.as_ref()).is_err() {
            return Ok(());
        }
        count(&mut tx, &counted, throttle::RESET, failures, now)?;
        let person: Option<(Actor, _)> = match Email::parse(&email) {
            Ok(email) => tx.actor_by_email(&email)?,
            Err(_) => None,
        };
        if let Some((link, notice)) = offer_reset(now, lifetimes, link, mail, person.as_ref()) {
            tx.save_link(&link)?;
            tx.owe_mail(&notice, now)?;
        }
        Ok(())
    });
    done.await
}
