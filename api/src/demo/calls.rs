//! The calls that tell the story, ready to paste.

use std::fmt::Write as _;

use super::PASSWORD;
use super::data::ADMINISTRATOR;

/// The ids that the story needs.
pub(super) struct Cast {
    /// The customer whose story it is.
    pub(super) acme: String,
    /// The partner.
    pub(super) globex: String,
    /// Shut out by `none`.
    pub(super) otto: String,
    /// Raised to `create`.
    pub(super) mei: String,
    /// Disabled.
    pub(super) carla: String,
    /// Acme's primary support contact.
    pub(super) ana: String,
    /// A request of Acme's.
    pub(super) request: String,
}

/// Who signs in as what.
const SIGN_INS: &[(&str, &str, &str)] = &[
    ("ADMIN", ADMINISTRATOR, "the vendor's administrator"),
    ("AGENT", "rosa.keller@northwind.example", "support agent: sees every request"),
    ("DUTY", "tom.lindqvist@northwind.example", "duty manager"),
    ("ANA", "ana.brooks@acme.example", "Acme's primary support contact, manages contacts"),
    ("BEN", "ben.carter@acme.example", "Acme's contact manager, but no primary support contact"),
    ("CARLA", "carla.dunn@acme.example", "Acme's designated contact"),
    ("DEV", "dev.patel@acme.example", "reads Acme's knowledge base, nothing else"),
    ("MEI", "mei.wong@globex.example", "Globex, Acme's partner with an organization-wide `view`"),
    ("OTTO", "otto.baum@globex.example", "Globex, but shut out of Acme by `none`"),
    ("QUIM", "quim.soler@initech.example", "Initech, `full_admin` for Acme in person"),
    ("LUCIA", "lucia.herrera@andino.example", "Banco Andino's primary support contact (Spanish)"),
    ("PAULA", "paula.nunes@cafes.example", "Cafés do Sul's primary support contact (Portuguese)"),
];

/// One call: what it shows, the status that it answers, who calls, and the rest of the command.
struct Call {
    shows: &'static str,
    status: u16,
    who: &'static str,
    rest: String,
}

fn get(shows: &'static str, status: u16, who: &'static str, path: &str) -> Call {
    Call { shows, status, who, rest: format!("\"$URL{path}\"") }
}

fn post(shows: &'static str, status: u16, who: &'static str, path: &str, json: &str) -> Call {
    Call { shows, status, who, rest: format!("\"$URL{path}\" -H 'Content-Type: application/json' -d '{json}'") }
}

fn calls(cast: &Cast) -> Vec<Call> {
    let Cast { acme, globex, otto, mei, carla, ana, request } = cast;
    let create = |organization: &str| {
        format!(
            r#"{{"organization_id":"{organization}","subject":"Label printer offline","category":"incident","severity":3,"message":"Since noon."}}"#
        )
    };
    vec![
        get(
            "A partner reads by the organization-wide `view`: everything of Acme's, newest activity first.",
            200,
            "MEI",
            &format!("/v1/service-requests?organization_id={acme}&limit=3"),
        ),
        post(
            "Reading is all: to create takes more, and the answer says what, and where to ask.",
            403,
            "MEI",
            "/v1/service-requests",
            &create(acme),
        ),
        post(
            "Acme raises this one person to `create`; the individual's grant decides before the organization's.",
            201,
            "ANA",
            &format!("/v1/organizations/{acme}/partner-grants"),
            &format!(r#"{{"grantee":{{"type":"contact","id":"{mei}"}},"level":"create"}}"#),
        ),
        post("The same call as before now works, at once.", 201, "MEI", "/v1/service-requests", &create(acme)),
        get(
            "A colleague is shut out by `none`: Acme's request does not exist for him.",
            404,
            "OTTO",
            &format!("/v1/service-requests/{request}"),
        ),
        get(
            "Why? The grant to him hides the one to his organization.",
            200,
            "ANA",
            &format!("/v1/organizations/{acme}/effective-access?person_id={otto}"),
        ),
        get(
            "Who takes part in this request: they get a copy of every reply by email.",
            200,
            "ANA",
            &format!("/v1/service-requests/{request}/participants"),
        ),
        get(
            "What came with the messages of a request; whoever may read the message may read the file.",
            200,
            "MEI",
            &format!("/v1/service-requests/{request}/attachments"),
        ),
        get("Who can see this request, and why.", 200, "ANA", &format!("/v1/service-requests/{request}/viewers")),
        post(
            "Primary support contacts guard what is sensitive: a contact manager who is none cannot appoint one.",
            403,
            "BEN",
            &format!("/v1/organizations/{acme}/contacts"),
            r#"{"email":"zoe.hill@acme.example","first_name":"Zoe","last_name":"Hill","type":"primary_support","permission":"manage_contacts"}"#,
        ),
        post(
            "All mistakes of a body come back at once, each with its place.",
            422,
            "ANA",
            &format!("/v1/organizations/{acme}/contacts"),
            r#"{"email":"Zoe.Hill@acme.example","first_name":"4","last_name":"","phone":"650-555","permission":"all"}"#,
        ),
        get(
            "What Acme lacks to be well looked after, each with the call that would mend it.",
            200,
            "ANA",
            &format!("/v1/organizations/{acme}/readiness"),
        ),
        get(
            "The list as a file; the import reads it back.",
            200,
            "ANA",
            &format!("/v1/organizations/{acme}/contacts\" -H \"Accept: text/csv"),
        ),
        Call {
            shows: "A dry run tells what is wrong with each row of a file, before anything is taken.",
            status: 200,
            who: "ANA",
            rest: format!(
                "\"$URL/v1/organizations/{acme}/contacts/import?dry_run=true\" -H 'Content-Type: text/csv' \
                 --data-binary \"$(printf 'email,first_name,last_name,permission\\nzoe.hill@acme.example,Zoe,Hill,designated_support\\nIan@acme.example,Ian,7,all')\""
            ),
        },
        get(
            "A partner asks for more; Acme decides.",
            200,
            "ANA",
            &format!("/v1/organizations/{acme}/partner-grant-requests?direction=received"),
        ),
        get("What everybody may read, also who may do nothing else.", 200, "DEV", "/v1/articles?q=label%20print"),
        get("Carla is signed in …", 200, "CARLA", "/v1/me"),
        post(
            "… until her manager disables her; what she worked on goes to the manager, and a service request records it.",
            200,
            "ANA",
            &format!("/v1/contacts/{carla}/disable"),
            r#"{"reason":"left the company"}"#,
        ),
        get("Her token died at that moment.", 401, "CARLA", "/v1/me"),
        post(
            "Nobody disables the last one who could appoint others, and nobody disables themselves.",
            409,
            "ANA",
            &format!("/v1/contacts/{ana}/disable"),
            r#"{"reason":"holiday"}"#,
        ),
        get(
            "The partner sees what it and its people hold: \\\"my customers\\\".",
            200,
            "MEI",
            &format!("/v1/organizations/{globex}/received-grants"),
        ),
        get("The desk sees all of it.", 200, "AGENT", "/v1/service-requests?status=open&severity=1&severity=2&limit=3"),
    ]
}

/// The sign-ins and the calls.
pub(super) fn story(url: &str, cast: &Cast) -> String {
    let mut text = String::new();
    let mut line = |words: String| writeln!(text, "{words}").expect("a string takes every text");
    line(format!("\nMandate demo on {url}, reference at {url}/docs. Everybody's password: {PASSWORD}\n"));
    for (name, email, role) in SIGN_INS {
        line(format!("  {name:<6} {email:<32} {role}"));
    }
    line(format!("\n# Paste this first: it signs everybody in.\nURL={url}"));
    line(format!(
        "token() {{ curl -sS \"$URL/v1/sessions\" -H 'Content-Type: application/json' -d \"{{\\\"email\\\":\\\"$1\\\",\\\"password\\\":\\\"{PASSWORD}\\\"}}\" | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'; }}"
    ));
    for (name, email, _) in SIGN_INS {
        line(format!("{name}=$(token {email})"));
    }
    for call in calls(cast) {
        line(format!("\n# {} → {}", call.shows.replace("\\\"", "\""), call.status));
        line(format!("curl -sS -w '\\n%{{http_code}}\\n' -H \"Authorization: Bearer ${}\" {}", call.who, call.rest));
    }
    line("\nStop with Ctrl-C; the data is gone then.".to_owned());
    text
}
