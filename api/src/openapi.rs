//! The contract: collected from the handlers that are mounted, and from nothing else.

use std::sync::OnceLock;

use actix_web::App as ActixApp;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, ParameterStyle, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Required};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::problem::ProblemView;
use crate::{
    account_team, article, attachment, contact, contact_import, contact_list, contact_review, contact_state,
    credential, effective_access, escalation, escalation_file, escalation_guard, escalation_number, escalation_step,
    grant_list, grant_preview, grant_request, grant_request_list, invitation, me, message, organization, participant,
    partner_grant, point_of_contact, probes, readiness, request_list, service_request, session, site, staff, training,
    transfer, upload, viewer, wire,
};

mod codes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mandate",
        description = "Who may ask support for what, and on whose behalf: contacts, partner grants and service requests of a vendor's support desk.\n\n`title`, `detail` and the messages of errors are in English, Spanish or Brazilian Portuguese, after `Accept-Language`; `Content-Language` says in which. Codes, pointers and members are the same in every language.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "This server.")),
    tags(
        (name = "sessions", description = "Signing in and out."),
        (name = "passwords", description = "Passwords that are set with a link from an email."),
        (name = "me", description = "Oneself."),
        (name = "organizations", description = "Customers, partners and the vendor."),
        (name = "account-team", description = "Who of the vendor looks after an organization."),
        (name = "sites", description = "Where organizations work."),
        (name = "readiness", description = "What organizations lack to be well looked after."),
        (name = "staff", description = "The vendor's staff."),
        (name = "contacts", description = "The people of customers and partners."),
        (name = "contact-reviews", description = "Whether the list of contacts is right."),
        (name = "invitations", description = "How contacts of other organizations are asked to come over."),
        (name = "partner-grants", description = "What an organization lets partners and single people do."),
        (name = "partner-grant-requests", description = "What partners ask of customers."),
        (name = "effective-access", description = "Which grant decides, and why."),
        (name = "service-requests", description = "What customers and partners ask support for."),
        (name = "participants", description = "Who takes part in service requests, and who could."),
        (name = "messages", description = "What is written in service requests."),
        (name = "attachments", description = "Files of service requests."),
        (name = "escalations", description = "How an organization gets a new primary support contact when all have left."),
        (name = "articles", description = "The knowledge base."),
        (name = "operations", description = "Health, metrics and documentation.")
    ),
    components(schemas(ProblemView)),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Contract;

/// The one way to say who is calling.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access token of a sign-in, from `POST /v1/sessions`."))
            .build();
        document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Mounts every operation; what is not mounted here does not exist, and what is, is in the document.
pub fn operations(config: &mut ServiceConfig<'_>) {
    config
        .service(session::create_session)
        .service(session::refresh_session)
        .service(session::list_sessions)
        .service(session::delete_session)
        .service(credential::create_password_reset)
        .service(credential::confirm_password_reset)
        .service(credential::confirm_welcome)
        .service(me::get_me)
        .service(me::update_me)
        .service(organization::create_organization)
        .service(organization::list_organizations)
        .service(organization::get_organization)
        .service(organization::update_organization)
        .service(organization::suspend_organization)
        .service(organization::resume_organization)
        .service(account_team::get_account_team)
        .service(account_team::set_account_team)
        .service(site::create_site)
        .service(site::list_sites)
        .service(site::get_site)
        .service(site::update_site)
        .service(readiness::get_organization_readiness)
        .service(staff::create_staff)
        .service(staff::list_staff)
        .service(staff::get_staff)
        .service(staff::update_staff)
        .service(staff::disable_staff)
        .service(staff::enable_staff)
        .service(staff::resend_staff_welcome)
        .service(contact::create_contact)
        .service(contact_import::import_contacts)
        .service(contact_list::list_contacts)
        .service(contact_list::list_contact_managers)
        .service(contact::get_contact)
        .service(contact::update_contact)
        .service(contact_state::disable_contact)
        .service(contact_state::enable_contact)
        .service(contact_state::resend_contact_welcome)
        .service(training::note_contact_training)
        .service(contact_review::list_contact_reviews)
        .service(contact_review::start_contact_review)
        .service(contact_review::get_contact_review)
        .service(contact_review::list_reviewed_contacts)
        .service(contact_review::confirm_contacts)
        .service(invitation::create_invitation)
        .service(invitation::list_invitations)
        .service(transfer::accept_invitation)
        .service(invitation::get_invitation)
        .service(invitation::cancel_invitation)
        .service(partner_grant::create_partner_grant)
        .service(grant_preview::preview_partner_grant)
        .service(grant_list::list_partner_grants)
        .service(grant_list::list_received_grants)
        .service(partner_grant::get_partner_grant)
        .service(partner_grant::update_partner_grant)
        .service(partner_grant::revoke_partner_grant)
        .service(grant_list::get_partner_grant_history)
        .service(grant_request::create_partner_grant_request)
        .service(grant_request_list::list_partner_grant_requests)
        .service(grant_request::get_partner_grant_request)
        .service(grant_preview::preview_partner_grant_request)
        .service(grant_request::approve_partner_grant_request)
        .service(grant_request::decline_partner_grant_request)
        .service(grant_request::withdraw_partner_grant_request)
        .service(grant_request_list::get_partner_grant_request_history)
        .service(effective_access::get_effective_access)
        .service(service_request::create_service_request)
        .service(request_list::list_service_requests)
        .service(service_request::get_service_request)
        .service(service_request::update_service_request)
        .service(message::create_message)
        .service(message::list_messages)
        .service(viewer::list_service_request_viewers);
    config
        .service(participant::list_participants)
        .service(participant::add_participant)
        .service(participant::remove_participant)
        .service(point_of_contact::list_point_of_contact_candidates)
        .service(upload::upload_attachment)
        .service(upload::upload_escalation_attachment)
        .service(attachment::list_attachments)
        .service(attachment::get_attachment)
        .service(attachment::get_attachment_content)
        .service(escalation::open_escalation)
        .service(escalation::list_escalations)
        .service(escalation::get_escalation)
        .service(escalation::update_escalation)
        .service(escalation_step::review_escalation)
        .service(escalation_step::verify_escalation)
        .service(escalation_step::request_escalation_information)
        .service(escalation_step::provide_escalation_information)
        .service(escalation_step::approve_escalation)
        .service(escalation_step::reject_escalation)
        .service(escalation_step::withdraw_escalation)
        .service(escalation_step::object_to_escalation)
        .service(escalation_step::resume_escalation)
        .service(escalation_step::complete_escalation)
        .service(escalation_number::confirm_escalation_number)
        .service(escalation_guard::object_by_link)
        .service(escalation_file::get_escalation_case_file)
        .service(article::create_article)
        .service(article::list_articles)
        .service(article::get_article)
        .service(article::update_article);
    probes::configure(config);
}

/// `*` or a list of entity tags; the quotes are escaped for generators that write the pattern between quotes.
const TAGS: &str = r"^(\*|(W/)?\x22[!#-~]*\x22(, ?(W/)?\x22[!#-~]*\x22)*)$";

/// Lists the request headers that every operation of a kind reads.
fn add_headers(item: &mut PathItem) {
    let header = |name: &str, description: &str, schema: ObjectBuilder, example: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .description(Some(description))
            .required(Required::False)
            .schema(Some(schema.schema_type(Type::String).build()))
            .example(Some(example.into()))
            .build()
    };
    let tags = || ObjectBuilder::new().pattern(Some(TAGS));
    let visible = ObjectBuilder::new().min_length(Some(1)).max_length(Some(255)).pattern(Some("^[!-~]+$"));
    let if_match = header(
        "If-Match",
        "The version that the change rests on, as the `ETag` has it: `\"3\"`. Another one answers 412.",
        tags(),
        "\"3\"",
    );
    let if_none_match =
        header("If-None-Match", "The version that the reader has already: the same one answers 304.", tags(), "\"3\"");
    let key = header(
        "Idempotency-Key",
        "1 to 255 visible characters, a UUID for example. A repeat with the same key and body answers what was answered before, with `Idempotent-Replayed: true`.",
        visible,
        "0f8fad5b-d9cb-469f-a165-70867728950e",
    );
    let changes_a_version = |operation: &Operation| operation.responses.responses.contains_key("412");
    let is_for_callers = |operation: &Operation| operation.responses.responses.contains_key("401");
    let add = |operation: Option<&mut Operation>, parameter: &Parameter| {
        if let Some(operation) = operation {
            operation.parameters.get_or_insert_default().push(parameter.clone().into());
        }
    };
    add(item.get.as_mut().filter(|operation| operation.responses.responses.contains_key("304")), &if_none_match);
    add(item.patch.as_mut().filter(|operation| changes_a_version(operation)), &if_match);
    add(item.put.as_mut().filter(|operation| changes_a_version(operation)), &if_match);
    add(item.delete.as_mut().filter(|operation| changes_a_version(operation)), &if_match);
    add(item.post.as_mut().filter(|operation| is_for_callers(operation)), &key);
    let is_action =
        |operation: &&mut Operation| operation.responses.responses.contains_key("200") && changes_a_version(operation);
    add(item.post.as_mut().filter(is_action), &if_match);
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Says of parameters what generators guess wrong otherwise: lists in a query are `status=open&status=solved`, and a header or
/// a query cannot hold null.
fn spell_out(item: &mut PathItem) {
    for parameter in operations_of(item).flat_map(|operation| operation.parameters.iter_mut().flatten()) {
        let RefOr::T(parameter) = parameter else { continue };
        match &mut parameter.schema {
            Some(RefOr::T(Schema::Array(_))) => {
                parameter.style = Some(ParameterStyle::Form);
                parameter.explode = Some(true);
            }
            Some(RefOr::T(Schema::Object(object))) => {
                if let SchemaType::Array(types) = &object.schema_type
                    && let [one, Type::Null] | [Type::Null, one] = &types[..]
                {
                    object.schema_type = SchemaType::Type(one.clone());
                }
            }
            _ => {}
        }
    }
}

/// The document.
pub fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let app = ActixApp::new().into_utoipa_app().openapi(Contract::openapi()).configure(operations);
        let mut document = wire::inline(app.split_for_parts().1);
        for item in document.paths.paths.values_mut() {
            add_headers(item);
            spell_out(item);
            operations_of(item).for_each(codes::name_codes);
        }
        document
    })
}

/// The document as `openapi.yaml` has it.
pub fn yaml() -> String {
    static YAML: OnceLock<String> = OnceLock::new();
    YAML.get_or_init(|| document().to_yaml().expect("the document consists of plain values")).clone()
}

/// The document as JSON.
pub fn json() -> String {
    static JSON: OnceLock<String> = OnceLock::new();
    JSON.get_or_init(|| document().to_json().expect("the document consists of plain values")).clone()
}
