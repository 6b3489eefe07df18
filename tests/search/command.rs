//! What people of a coalition can do: each command is one or two requests, told in names, so that it means the same when others
//! before it are left out.

use mandate_tests::{Value, json, person as named, with};

use crate::stage::{grantee, letter, nominee, unavailable};
use crate::world::{Payload, Reply, World};

/// Somebody does something.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// Who, by name.
    pub(crate) actor: String,
    /// What.
    pub(crate) deed: Deed,
}

/// A person who does not exist yet: whoever makes them up decides where their mail goes.
#[derive(Debug, Clone)]
pub(crate) struct Newcomer {
    /// What commands call them.
    pub(crate) name: String,
    /// The domain of their email.
    pub(crate) domain: String,
}

impl Newcomer {
    fn email(&self) -> String {
        format!("{}@{}", self.name, self.domain)
    }
}

/// How a contact is made.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// Alone.
    Alone,
    /// By an import.
    Import,
    /// As a participant of a request, in one step (S-9).
    Participant(&'static str, &'static str),
}

/// A step of an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into review.
    Review,
    /// Everything is verified, by what the letter says and an account team's word.
    Verify,
    /// More is asked for.
    Ask,
    /// It is given.
    Provide,
    /// Approved.
    Approve,
    /// Completed.
    Complete,
    /// Rejected.
    Reject,
    /// Withdrawn.
    Withdraw,
    /// Objected to.
    Object,
    /// Resumed.
    Resume,
    /// The number that is called is known to somebody of the account team.
    Number,
}

/// What somebody can do. Texts are names of the cast, or the API's own words.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// Time passes, in seconds.
    Pass(i64),
    /// The worker does what is due.
    Work,
    /// A contact is made.
    Create { at: String, whom: Newcomer, kind: &'static str, permission: &'static str, way: Way },
    /// A contact of another organization is invited.
    Invite { at: String, whom: String, kind: &'static str, permission: &'static str },
    /// The actor follows the link of their last invitation.
    Accept,
    /// An invitation is cancelled.
    Uninvite { at: String, whom: String },
    /// A contact's type and permission change.
    Edit { whom: String, kind: Option<&'static str>, permission: Option<&'static str> },
    /// A contact is disabled.
    Disable { whom: String },
    /// A contact is enabled.
    Enable { whom: String },
    /// The welcome email goes out again.
    Welcome { whom: String },
    /// A contact lacks training.
    Train { whom: String },
    /// A review begins.
    Review { at: String },
    /// A contact is confirmed in it.
    Confirm { at: String, whom: String },
    /// A grant is made.
    Grant { at: String, to: String, level: &'static str, seconds: Option<i64>, history: Option<&'static str> },
    /// A grant changes.
    Regrant { at: String, to: String, level: Option<&'static str>, seconds: Option<Option<i64>> },
    /// A grant is revoked.
    Revoke { at: String, to: String },
    /// A grant is asked for.
    Ask { at: String, to: String, level: &'static str },
    /// What was asked for is approved.
    Approve { at: String, to: String, level: Option<&'static str> },
    /// It is declined.
    Decline { at: String, to: String },
    /// It is withdrawn by its asker.
    Unask { at: String, to: String },
    /// A request is submitted.
    Submit { at: String, category: &'static str, lead: Option<String> },
    /// A request is opened or concealed.
    Conceal { request: &'static str, confidential: bool },
    /// Its point of contact is named.
    Lead { request: &'static str, whom: String },
    /// Its status changes.
    Status { request: &'static str, status: &'static str },
    /// Somebody is added to it.
    Admit { request: &'static str, whom: String, role: &'static str },
    /// Somebody is taken out.
    Dismiss { request: &'static str, whom: String },
    /// Something is written in it, with a file.
    Write { request: &'static str },
    /// An escalation is opened.
    Escalate { at: String, nominee: Newcomer, channel: &'static str },
    /// Another nominee is named in it.
    Nominate { at: String, nominee: Newcomer },
    /// A file is added to it.
    Evidence { at: String },
    /// A step is taken.
    Step { at: String, step: Step },
    /// The actor stops an escalation by the link of their last notice, without signing in.
    ObjectByLink,
    /// The actor's own phone changes.
    Phone,
    /// The actor sets a new password by email.
    Reset,
    /// The actor signs out.
    SignOut,
    /// An organization is suspended.
    Suspend { at: String },
    /// It is resumed.
    Resume { at: String },
    /// It is given another domain besides.
    Domain { at: String, domain: String },
    /// It gets a technical account manager.
    Team { at: String, whom: String },
    /// It gets a site.
    Site { at: String },
    /// An organization is made, whose first contact is this one.
    Found { whom: Newcomer },
    /// A staff member is disabled.
    DisableStaff { whom: String },
    /// A staff member is enabled.
    EnableStaff { whom: String },
}

impl Deed {
    /// The operations of the contract that it takes, those that follow a mail's link included.
    pub(crate) fn operations(&self) -> &'static [&'static str] {
        match self {
            Self::Pass(_) | Self::Work => &["confirmWelcome", "createSession"],
            Self::Create { way: Way::Alone, .. } => &["createContact"],
            Self::Create { way: Way::Import, .. } => &["importContacts"],
            Self::Create { way: Way::Participant(..), .. } | Self::Admit { .. } => &["addParticipant"],
            Self::Invite { .. } => &["createInvitation"],
            Self::Accept => &["acceptInvitation"],
            Self::Uninvite { .. } => &["cancelInvitation"],
            Self::Edit { .. } => &["updateContact"],
            Self::Disable { .. } => &["disableContact"],
            Self::Enable { .. } => &["enableContact"],
            Self::Welcome { .. } => &["resendContactWelcome"],
            Self::Train { .. } => &["noteContactTraining"],
            Self::Review { .. } => &["startContactReview"],
            Self::Confirm { .. } => &["confirmContacts"],
            Self::Grant { .. } => &["createPartnerGrant"],
            Self::Regrant { .. } => &["updatePartnerGrant"],
            Self::Revoke { .. } => &["revokePartnerGrant"],
            Self::Ask { .. } => &["createPartnerGrantRequest"],
            Self::Approve { .. } => &["approvePartnerGrantRequest"],
            Self::Decline { .. } => &["declinePartnerGrantRequest"],
            Self::Unask { .. } => &["withdrawPartnerGrantRequest"],
            Self::Submit { .. } => &["createServiceRequest"],
            Self::Conceal { .. } | Self::Lead { .. } | Self::Status { .. } => &["updateServiceRequest"],
            Self::Dismiss { .. } => &["removeParticipant"],
            Self::Write { .. } => &["uploadAttachment", "createMessage"],
            Self::Escalate { .. } => &["openEscalation"],
            Self::Nominate { .. } => &["updateEscalation"],
            Self::Evidence { .. } => &["uploadEscalationAttachment"],
            Self::Step { step, .. } => step.operations(),
            Self::ObjectByLink => &["objectToEscalationByLink"],
            Self::Phone => &["updateMe"],
            Self::Reset => &["createPasswordReset", "confirmPasswordReset"],
            Self::SignOut => &["deleteSession"],
            Self::Suspend { .. } => &["suspendOrganization"],
            Self::Resume { .. } => &["resumeOrganization"],
            Self::Domain { .. } => &["updateOrganization"],
            Self::Team { .. } => &["setAccountTeam"],
            Self::Site { .. } => &["createSite"],
            Self::Found { .. } => &["createOrganization"],
            Self::DisableStaff { .. } => &["disableStaff"],
            Self::EnableStaff { .. } => &["enableStaff"],
        }
    }

    /// What it is called, without whom it is about.
    pub(crate) fn kind(&self) -> String {
        let told = format!("{self:?}");
        let words = told.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned();
        match self {
            Self::Step { step, .. } => format!("{words}{step:?}"),
            _ => words,
        }
    }
}

impl Step {
    fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Review => &["reviewEscalation"],
            Self::Verify => &["verifyEscalation"],
            Self::Ask => &["requestEscalationInformation"],
            Self::Provide => &["provideEscalationInformation"],
            Self::Approve => &["approveEscalation"],
            Self::Complete => &["completeEscalation"],
            Self::Reject => &["rejectEscalation"],
            Self::Withdraw => &["withdrawEscalation"],
            Self::Object => &["objectToEscalation"],
            Self::Resume => &["resumeEscalation"],
            Self::Number => &["confirmEscalationNumber"],
        }
    }
}

impl World {
    /// Carries out a command, and says how it was answered.
    pub(crate) async fn carry_out(&mut self, command: &Command) -> String {
        let who = command.actor.as_str();
        match &command.deed {
            Deed::Pass(seconds) => {
                self.pass(*seconds);
                "time passes".to_owned()
            }
            Deed::Work => {
                self.work().await;
                "the worker works".to_owned()
            }
            deed => {
                let reply = self.act(who, deed).await;
                let outcome = reply.outcome();
                if reply.is_done() {
                    self.learn(deed, &reply);
                    if sends_links(deed) {
                        self.work().await;
                    }
                }
                outcome
            }
        }
    }

    async fn act(&mut self, who: &str, deed: &Deed) -> Reply {
        match deed {
            Deed::Accept => {
                let token = self.token_of(who, "invitation").unwrap_or_default();
                let reply = self.call_unsigned("/v1/invitations/accept", json!({"token": token})).await;
                if reply.is_done() {
                    self.sign_out(who);
                }
                reply
            }
            Deed::ObjectByLink => {
                let token = self.token_of(who, "escalation_notice").unwrap_or_default();
                self.call_unsigned("/v1/escalations/object", json!({"token": token, "reason": "I am here"})).await
            }
            Deed::Reset => {
                let email = self.registry.accounts.get(who).map(|account| account.email.clone());
                self.call_unsigned("/v1/password-resets", json!({"email": email})).await;
                self.work().await;
                let token = self.token_of(who, "password_reset").unwrap_or_default();
                let body = json!({"token": token, "password": mandate_tests::PASSWORD});
                self.sign_out(who);
                self.call_unsigned("/v1/password-resets/confirm", body).await
            }
            Deed::SignOut => {
                let sessions = self.call(who, "GET", "/v1/sessions", Payload::Nothing).await;
                let current = sessions.body["data"].as_array().into_iter().flatten().find(|one| one["current"] == true);
                let id = current.and_then(|session| session["id"].as_str()).unwrap_or("nothing").to_owned();
                let reply = self.call(who, "DELETE", &format!("/v1/sessions/{id}"), Payload::Nothing).await;
                self.sign_out(who);
                reply
            }
            Deed::Write { request } => {
                let path = format!("/v1/service-requests/{}", self.registry.request(request));
                let file = self.call(who, "POST", &format!("{path}/attachments"), Payload::File("Another file.")).await;
                let files: Vec<String> = Some(file.text("id")).filter(|id| !id.is_empty()).into_iter().collect();
                let body = json!({"body": "Please see this.", "attachment_ids": files});
                self.call(who, "POST", &format!("{path}/messages"), Payload::Json(body)).await
            }
            Deed::Step { at, step: Step::Approve } => {
                let path = format!("/v1/escalations/{}", self.registry.escalation(at));
                let version = self.call(who, "GET", &path, Payload::Nothing).await.body["version"].clone();
                self.call(who, "POST", &format!("{path}/approve"), Payload::Json(json!({"version": version}))).await
            }
            _ => {
                let (method, path, payload) = self.request(deed);
                self.call(who, method, &path, payload).await
            }
        }
    }

    /// The request of a deed that is one.
    fn request(&self, deed: &Deed) -> (&'static str, String, Payload) {
        let known = &self.registry;
        let organization = |name: &str, rest: &str| format!("/v1/organizations/{}{rest}", known.organization(name));
        let contact = |name: &str, rest: &str| format!("/v1/contacts/{}{rest}", known.person(name));
        let staff = |name: &str, rest: &str| format!("/v1/staff/{}{rest}", known.person(name));
        let request = |name: &str, rest: &str| format!("/v1/service-requests/{}{rest}", known.request(name));
        let escalation = |name: &str, rest: &str| format!("/v1/escalations/{}{rest}", known.escalation(name));
        let grant = |at: &str, to: &str, rest: &str| format!("/v1/partner-grants/{}{rest}", known.grant(at, to));
        let asked =
            |at: &str, to: &str, rest: &str| format!("/v1/partner-grant-requests/{}{rest}", known.asked(at, to));
        let post = |path: String, body: Value| ("POST", path, Payload::Json(body));
        let empty = |path: String| ("POST", path, Payload::Nothing);
        let patch = |path: String, body: Value| ("PATCH", path, Payload::Patch(body, None));
        match deed {
            Deed::Create { at, whom, kind, permission, way } => {
                let body = with(named(&whom.email()), json!({"type": kind, "permission": permission}));
                match way {
                    Way::Alone => post(organization(at, "/contacts"), body),
                    Way::Import => ("POST", organization(at, "/contacts/import?dry_run=false"), Payload::Lines(body)),
                    Way::Participant(name, role) => {
                        post(request(name, "/participants"), json!({"new_contact": body, "role": role}))
                    }
                }
            }
            Deed::Invite { at, whom, kind, permission } => {
                let email = known.accounts.get(whom).map(|account| account.email.clone());
                post(organization(at, "/invitations"), json!({"email": email, "type": kind, "permission": permission}))
            }
            Deed::Uninvite { at, whom } => empty(format!("/v1/invitations/{}/cancel", known.invitation(at, whom))),
            Deed::Edit { whom, kind, permission } => {
                let mut body = json!({});
                if let Some(kind) = kind {
                    body["type"] = json!(kind);
                }
                if let Some(permission) = permission {
                    body["permission"] = json!(permission);
                }
                patch(contact(whom, ""), body)
            }
            Deed::Disable { whom } => post(contact(whom, "/disable"), json!({"reason": "left the company"})),
            Deed::Enable { whom } => empty(contact(whom, "/enable")),
            Deed::Welcome { whom } => empty(contact(whom, "/resend-welcome")),
            Deed::Train { whom } => post(contact(whom, "/training"), json!({"needed": true, "note": "New console"})),
            Deed::Review { at } => empty(organization(at, "/contact-reviews")),
            Deed::Confirm { at, whom } => post(
                format!("/v1/contact-reviews/{}/confirm", known.review(at)),
                json!({"contact_ids": [known.person(whom)]}),
            ),
            Deed::Grant { at, to, level, seconds, history } => {
                let mut body = json!({"grantee": grantee(self, to), "level": level});
                if let Some(seconds) = seconds {
                    body["expires_at"] = json!(self.after(*seconds));
                }
                if let Some(history) = history {
                    body["history"] = json!(history);
                }
                body["acknowledge_organization_wide_visibility"] = json!(true);
                post(organization(at, "/partner-grants"), body)
            }
            Deed::Regrant { at, to, level, seconds } => {
                let mut body = json!({});
                if let Some(level) = level {
                    body["level"] = json!(level);
                    body["acknowledge_organization_wide_visibility"] = json!(true);
                }
                if let Some(seconds) = seconds {
                    body["expires_at"] = json!(seconds.map(|seconds| self.after(seconds)));
                }
                patch(grant(at, to, ""), body)
            }
            Deed::Revoke { at, to } => post(grant(at, to, "/revoke"), json!({"reason": "over"})),
            Deed::Ask { at, to, level } => post(
                organization(&self.home_of(to), "/partner-grant-requests"),
                json!({"grantor": {"id": known.organization(at)}, "grantee": grantee(self, to), "level": level}),
            ),
            Deed::Approve { at, to, level } => {
                let mut body = json!({"acknowledge_organization_wide_visibility": true});
                if let Some(level) = level {
                    body["level"] = json!(level);
                }
                post(asked(at, to, "/approve"), body)
            }
            Deed::Decline { at, to } => post(asked(at, to, "/decline"), json!({"reason": "no"})),
            Deed::Unask { at, to } => post(asked(at, to, "/withdraw"), json!({})),
            Deed::Submit { at, category, lead } => {
                let mut body = json!({"organization_id": known.organization(at), "subject": "Something new",
                    "category": category, "severity": 3, "message": "Please look."});
                if let Some(lead) = lead {
                    body["point_of_contact"] = json!(known.person(lead));
                }
                post("/v1/service-requests".to_owned(), body)
            }
            Deed::Conceal { request: name, confidential } => {
                patch(request(name, ""), json!({"confidential": confidential}))
            }
            Deed::Lead { request: name, whom } => {
                patch(request(name, ""), json!({"point_of_contact": known.person(whom)}))
            }
            Deed::Status { request: name, status } => patch(request(name, ""), json!({"status": status})),
            Deed::Admit { request: name, whom, role } => {
                post(request(name, "/participants"), json!({"person_id": known.person(whom), "role": role}))
            }
            Deed::Dismiss { request: name, whom } => {
                ("DELETE", request(name, &format!("/participants/{}", known.person(whom))), Payload::Nothing)
            }
            Deed::Escalate { at, nominee: whom, channel } => post(
                organization(at, "/escalations"),
                json!({"channel": channel, "letter": letter(), "nominee": nominee(&whom.email()),
                    "unavailable": unavailable(self, at)}),
            ),
            Deed::Nominate { at, nominee: whom } => {
                patch(escalation(at, ""), json!({"nominee": {"email": whom.email()}}))
            }
            Deed::Evidence { at } => ("POST", escalation(at, "/attachments"), Payload::File("Another letter.")),
            Deed::Step { at, step } => {
                let (step, body) = step_body(*step);
                post(escalation(at, step), body)
            }
            Deed::Phone => patch("/v1/me".to_owned(), json!({"phone": "+1.650.555.0177"})),
            Deed::Suspend { at } => empty(organization(at, "/suspend")),
            Deed::Resume { at } => empty(organization(at, "/resume")),
            Deed::Domain { at, domain } => {
                patch(organization(at, ""), json!({"domains": [crate::world::domain(at), domain]}))
            }
            Deed::Team { at, whom } => {
                let body = json!({"technical_account_manager": known.person(whom)});
                ("PUT", organization(at, "/account-team"), Payload::Json(body))
            }
            Deed::Site { at } => post(organization(at, "/sites"), json!({"name": "Plant", "time_zone": "UTC"})),
            Deed::Found { whom } => post(
                "/v1/organizations".to_owned(),
                json!({"kind": "customer", "name": "New", "domains": [], "first_contact": named(&whom.email())}),
            ),
            Deed::DisableStaff { whom } => post(staff(whom, "/disable"), json!({"reason": "left"})),
            Deed::EnableStaff { whom } => empty(staff(whom, "/enable")),
            Deed::Pass(_)
            | Deed::Work
            | Deed::Accept
            | Deed::ObjectByLink
            | Deed::Reset
            | Deed::SignOut
            | Deed::Write { .. } => ("GET", "/v1/me".to_owned(), Payload::Nothing),
        }
    }

    /// Where somebody, or an organization, belongs.
    fn home_of(&self, name: &str) -> String {
        self.registry.accounts.get(name).map_or_else(|| name.to_owned(), |account| account.organization.clone())
    }

    /// Takes in what a deed has made.
    fn learn(&mut self, deed: &Deed, reply: &Reply) {
        let id = reply.text("id");
        match deed {
            Deed::Create { at, whom, .. } => self.meet(whom, at),
            Deed::Found { whom } => self.meet(whom, "new"),
            Deed::Escalate { at, nominee, .. } => {
                self.registry.escalations.insert(at.clone(), id);
                self.meet(nominee, at);
            }
            Deed::Nominate { at, nominee } => self.meet(nominee, at),
            Deed::Invite { at, whom, .. } => {
                self.registry.invitations.insert((at.clone(), whom.clone()), id);
            }
            Deed::Review { at } => {
                self.registry.reviews.insert(at.clone(), id);
            }
            Deed::Grant { at, to, .. } => {
                self.registry.grants.insert((at.clone(), to.clone()), id);
            }
            Deed::Approve { at, to, .. } => {
                let made = reply.text("grant_id");
                self.registry.grants.insert((at.clone(), to.clone()), made);
            }
            Deed::Ask { at, to, .. } => {
                self.registry.asked.insert((at.clone(), to.clone()), id);
            }
            Deed::DisableStaff { whom } | Deed::Disable { whom } => self.sign_out(whom),
            _ => {}
        }
    }

    fn meet(&mut self, newcomer: &Newcomer, at: &str) {
        if !self.registry.accounts.contains_key(&newcomer.name) {
            self.introduce(&newcomer.name, &newcomer.email(), at);
            self.registry.newcomers.push(newcomer.name.clone());
        }
    }
}

/// Whether an email with a link follows that somebody may be waiting for.
fn sends_links(deed: &Deed) -> bool {
    matches!(
        deed,
        Deed::Create { .. }
            | Deed::Invite { .. }
            | Deed::Enable { .. }
            | Deed::EnableStaff { .. }
            | Deed::Welcome { .. }
            | Deed::Found { .. }
            | Deed::Step { step: Step::Complete, .. }
    )
}

fn step_body(step: Step) -> (&'static str, Value) {
    let items = [
        "author_title",
        "author_seniority",
        "signature",
        "nominee_email",
        "nominee_phone",
        "nominee_mailing_address",
        "express_statement",
    ];
    let verified = || -> Value {
        let of = |item: &&str| json!({"item": item, "method": "account_team_confirmed", "note": "they said so"});
        items.iter().map(of).collect()
    };
    match step {
        Step::Review => ("/review", json!({})),
        Step::Verify => ("/verify", json!({"items": verified()})),
        Step::Ask => ("/request-information", json!({"message": "who signed?"})),
        Step::Provide => ("/provide-information", json!({})),
        Step::Approve => ("/approve", json!({})),
        Step::Complete => ("/complete", json!({})),
        Step::Reject => ("/reject", json!({"reason": "no"})),
        Step::Withdraw => ("/withdraw", json!({})),
        Step::Object => ("/object", json!({"reason": "we are here"})),
        Step::Resume => ("/resume", json!({"reason": "settled"})),
        Step::Number => ("/confirm-number", json!({"number": "+1.650.555.0177", "note": "it is theirs"})),
    }
}
