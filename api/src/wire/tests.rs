use mandate_core::id::ContactId;
use serde_json::Value;
use utoipa::{IntoParams, OpenApi as _};

use super::*;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for its schema")]
struct SampleBody {
    /// What the contact may do.
    permission: Option<LevelIn>,
    #[serde(default)]
    duties: Vec<DutyIn>,
}

#[derive(Serialize, ToSchema)]
struct SampleView {
    /// Who it is.
    id: ContactIdWire,
    /// Who did it.
    #[schema(required = true)]
    by: Option<PersonIdWire>,
    created_at: TimestampWire,
    status: OrganizationStatusOut,
    #[schema(required = true)]
    before: Option<OrganizationStatusOut>,
    duties: Vec<OrganizationTypeOut>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "for its schema")]
struct SampleQuery {
    /// Only these.
    #[serde(default)]
    status: Vec<OrganizationStatusIn>,
    created_after: Option<TimestampWire>,
}

#[utoipa::path(post, path = "/samples", params(SampleQuery), request_body = SampleBody, responses((status = 200, description = "ok", body = SampleView)))]
#[expect(dead_code, reason = "for its path")]
fn create_sample() {}

#[derive(utoipa::OpenApi)]
#[openapi(paths(create_sample))]
struct Document;

#[test]
fn schemas_stand_where_they_are_used() {
    let document = json!(inline(Document::openapi()));
    let level = ["none", "cc", "view", "update", "create", "service_admin", "full_admin"];
    let mut nullable_level = json!(level);
    nullable_level.as_array_mut().unwrap().push(Value::Null);
    let duties = ["it", "site_administrator", "operations", "web_development", "security"];
    let text = json!(document).to_string();
    assert!(!text.contains(INLINE), "{text}");
    assert_eq!(
        document["components"]["schemas"],
        json!({
            "SampleBody": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "permission": {
                        "type": ["string", "null"], "description": "What the contact may do.",
                        "enum": nullable_level, "examples": ["none"],
                    },
                    "duties": {"type": "array", "items": {"type": "string", "enum": duties, "examples": ["it"]}},
                },
            },
            "SampleView": {
                "type": "object",
                "required": ["id", "by", "created_at", "status", "before", "duties"],
                "properties": {
                    "id": {
                        "type": "string", "description": "Who it is.",
                        "pattern": "^contact_[0-7][0-9a-hjkmnp-tv-z]{25}$",
                        "examples": ["contact_01h455vb4pex5vsknk084sn02q"],
                    },
                    "by": {
                        "type": ["string", "null"], "description": "Who did it.",
                        "pattern": "^(contact|staff)_[0-7][0-9a-hjkmnp-tv-z]{25}$",
                        "examples": ["contact_01h455vb4pex5vsknk084sn02q"],
                    },
                    "created_at": {"type": "string", "format": "date-time", "examples": [EXAMPLE_MOMENT]},
                    "status": {
                        "type": "string", "examples": ["active"], "x-extensible-enum": ["active", "suspended"],
                        "description": "One organization status of these; treat one that you do not know as unknown.",
                    },
                    "before": {
                        "type": ["string", "null"], "examples": ["active"],
                        "x-extensible-enum": ["active", "suspended"],
                        "description": "One organization status of these; treat one that you do not know as unknown.",
                    },
                    "duties": {"type": "array", "items": {
                        "type": "string", "examples": ["customer"],
                        "x-extensible-enum": ["customer", "partner", "vendor"],
                        "description": "One organization kind of these; treat one that you do not know as unknown.",
                    }},
                },
            },
        })
    );
    assert_eq!(
        document["paths"]["/samples"]["post"]["parameters"],
        json!([
            {
                "name": "status", "in": "query", "required": false, "description": "Only these.",
                "schema": {"type": "array", "items": {
                    "type": "string", "enum": ["active", "suspended"], "examples": ["active"],
                }},
            },
            {
                "name": "created_after", "in": "query", "required": false,
                "schema": {"type": "string", "format": "date-time", "examples": [EXAMPLE_MOMENT]},
            },
        ])
    );
}

#[test]
fn ids_and_words_are_strings_on_the_wire() {
    let id = ContactId::from_u128(7);
    let view = SampleView {
        id: Wire(id),
        by: None,
        created_at: Wire(Timestamp::from_micros(0)),
        status: Open(OrganizationStatus::Active),
        before: None,
        duties: vec![],
    };
    assert_eq!(
        json!(view),
        json!({"id": id.to_string(), "by": null, "created_at": "1970-01-01T00:00:00Z", "status": "active", "before": null, "duties": []})
    );
    assert_eq!(serde_json::from_value::<ContactIdWire>(json!(id.to_string())).unwrap(), Wire(id));
    assert!(serde_json::from_value::<PermissionIn>(json!("root")).is_err());
}
