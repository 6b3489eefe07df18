//! What people do in stories, as far as every story has to begin with it. Each verb is an ordinary request that has to
//! succeed.

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::client::Actor;
use crate::world::days;

/// What bodies say about a person: `ana@acme.example` is Ana Acme.
pub fn person(email: &str) -> Value {
    let (first, rest) = email.split_once('@').expect("people have an email");
    let last = rest.split('.').next().unwrap_or_default();
    json!({"email": email, "first_name": capitalized(first), "last_name": capitalized(last)})
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// A body with further or other members.
pub fn with(body: Value, more: Value) -> Value {
    let members = |value: Value| match value {
        Value::Object(members) => members,
        other => panic!("`{other}` is no object"),
    };
    let all: Map<String, Value> = members(body).into_iter().chain(members(more)).collect();
    Value::Object(all)
}

impl Actor {
    /// The path of something of the actor's own organization: `manager.own("contacts")`.
    pub fn own(&self, what: &str) -> String {
        format!("/v1/organizations/{}/{what}", self.organization_id)
    }

    /// Creates a technical contact of the actor's own organization, who follows the welcome link and signs in.
    pub async fn contact(&self, name: &str, permission: &str) -> Actor {
        self.contact_with(name, json!({"permission": permission})).await
    }

    /// Creates a primary support contact of the actor's own organization, who follows the welcome link and signs in.
    pub async fn primary_contact(&self, name: &str, permission: &str) -> Actor {
        self.contact_with(name, json!({"permission": permission, "type": "primary_support"})).await
    }

    /// Creates a contact with these members, who follows the welcome link and signs in.
    pub async fn contact_with(&self, name: &str, members: Value) -> Actor {
        let invited = self.invited(name, members).await;
        let email = invited["email"].as_str().unwrap_or_default();
        let welcome = self.instance.mailbox().first(email, "welcome").await;
        self.instance.accept(&welcome).await
    }

    /// Creates a contact with these members, who does not follow the welcome link.
    pub async fn invited(&self, name: &str, members: Value) -> Answer {
        let domain = self.email.rsplit('@').next().unwrap_or_default();
        let body = with(person(&format!("{name}@{domain}")), members);
        self.post(self.own("contacts"), body).await.expect(201)
    }

    /// Grants a level to a whole partner organization, in full knowledge of what that opens.
    pub async fn grant_organization(&self, anybody_of_it: &Actor, level: &str) -> Answer {
        let grantee = json!({"type": "organization", "id": anybody_of_it.organization_id});
        self.grant(grantee, level, json!({"acknowledge_organization_wide_visibility": true})).await
    }

    /// Grants a level to one person. A grant to the vendor's staff ends after thirty days, for it must end.
    pub async fn grant_person(&self, person: &Actor, level: &str) -> Answer {
        let kind = person.id.split('_').next().unwrap_or_default();
        let expiry = self.instance.now().plus(days(30)).to_string();
        let more = if kind == "staff" { json!({"expires_at": expiry}) } else { json!({}) };
        self.grant(json!({"type": kind, "id": person.id}), level, more).await
    }

    async fn grant(&self, grantee: Value, level: &str, more: Value) -> Answer {
        let body = with(json!({"grantee": grantee, "level": level}), more);
        self.post(self.own("partner-grants"), body).await.expect(201)
    }

    /// Creates a question about this subject for the actor's own organization.
    pub async fn request(&self, subject: &str) -> Answer {
        self.request_for(&self.organization_id, subject).await
    }

    /// Creates a question about this subject for an organization.
    pub async fn request_for(&self, organization_id: &str, subject: &str) -> Answer {
        self.request_with(json!({"organization_id": organization_id, "subject": subject})).await
    }

    /// Creates a service request: a question of severity 3, unless the members say otherwise.
    pub async fn request_with(&self, members: Value) -> Answer {
        let body = json!({
            "organization_id": self.organization_id,
            "subject": "How does this work?",
            "category": "question",
            "severity": 3,
            "message": "Please explain.",
        });
        self.post("/v1/service-requests", with(body, members)).await.expect(201)
    }

    /// Uploads a file to a service request.
    pub async fn upload(&self, request_id: &str, name: &str, media_type: &str, content: impl Into<Vec<u8>>) -> Answer {
        let disposition = format!("attachment; filename=\"{name}\"");
        let headers = [("content-disposition", disposition.as_str()), ("content-type", media_type)];
        self.send("POST", &format!("/v1/service-requests/{request_id}/attachments"), &headers, content.into()).await
    }

    /// Writes a public message with attachments in a service request.
    pub async fn reply_with(&self, request_id: &str, message: &str, attachments: &[&str]) -> Answer {
        let body = json!({"body": message, "attachment_ids": attachments});
        self.post(format!("/v1/service-requests/{request_id}/messages"), body).await.expect(201)
    }

    /// Writes a public message in a service request.
    pub async fn reply(&self, request_id: &str, message: &str) -> Answer {
        self.post(format!("/v1/service-requests/{request_id}/messages"), json!({"body": message})).await.expect(201)
    }
}
