//! Ids, words of closed sets and moments as JSON, written once.
//!
//! In bodies and queries [`Wire`] wraps what is read, in views what is written; [`Open`] wraps words of sets that may
//! grow, in views alone. Fields name the aliases (`PermissionIn`, `PermissionOut`, `ContactIdWire`), because utoipa
//! wants a schema for every type argument that it sees. [`inline`] then puts the schemas in place of the references.

use std::borrow::Cow;
use std::fmt::Display;

use mandate_core::effective_access::{Outcome, Path};
use mandate_core::escalation::{Channel, EscalationStatus};
use mandate_core::escalation_case::{Absence, Item, Method, Seniority};
use mandate_core::escalation_flags::FlagKind;
use mandate_core::id::{
    AnyId, ArticleKind, AttachmentKind, ContactKind, EscalationKind, EventKindOfId, GrantKind, GrantRequestKind, Id,
    InvitationKind, Kind, MessageKind, OrganizationKind, PersonId, RequestKind, ReviewKind, ServiceRequestKind,
    SessionKind, SiteKind, StaffKind,
};
use mandate_core::letter_signature::SignatureResult;
use mandate_core::say;
use mandate_core::text::Flaw;
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::{
    Category, ContactType, Duty, FindingCode, FindingSeverity, GrantRequestStatus, GrantStatus, GranteeType, History,
    InvitationStatus, Involvement, Level, OrganizationStatus, OrganizationType, Permission, PersonStatus,
    RequestStatus, ReviewOutcome, ReviewStatus, StaffRole, Vocabulary,
};
use mandate_storage::{ContactSort, RequestView};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::decode::flawed;
use crate::grant_request_list::Direction;
use crate::page::Order;

mod inline;

pub use inline::inline;

/// In front of the names of schemas that [`inline`] puts in place.
const INLINE: &str = "wire.";

/// The 26 characters of the id in examples.
const EXAMPLE_SUFFIX: &str = "01h455vb4pex5vsknk084sn02q";

/// The moment in examples.
const EXAMPLE_MOMENT: &str = "2026-11-21T09:30:00Z";

/// A value that is one string on the wire.
pub trait OnWire: Sized {
    /// The name of its schema; unique.
    fn schema_name() -> String;

    /// What the string looks like.
    fn schema() -> Object;

    /// Reads the string.
    fn read(text: &str) -> Result<Self, Flaw>;

    /// Writes the string.
    fn write(&self) -> impl Display;
}

/// A value as a string; a word is one of a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wire<T>(pub T);

/// A word of a set that may grow, in answers alone: a string with `x-extensible-enum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open<T>(pub T);

impl<T> From<T> for Wire<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> From<T> for Open<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<'de, T: OnWire> Deserialize<'de> for Wire<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = String::deserialize(reader)?;
        T::read(&text).map(Self).map_err(flawed)
    }
}

impl<T: OnWire> Serialize for Wire<T> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_str(&self.0.write())
    }
}

impl<T: Vocabulary> Serialize for Open<T> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(self.0.name())
    }
}

impl<T: OnWire> PartialSchema for Wire<T> {
    fn schema() -> RefOr<Schema> {
        T::schema().into()
    }
}

impl<T: OnWire> ToSchema for Wire<T> {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}{}", T::schema_name()).into()
    }
}

impl<T: Vocabulary + OnWire> PartialSchema for Open<T> {
    fn schema() -> RefOr<Schema> {
        let names: Vec<&str> = T::ALL.iter().map(|word| word.name()).collect();
        let example = names.first().copied().unwrap_or_default();
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!("One {} of these; treat one that you do not know as unknown.", T::WHAT)))
            .examples([json!(example)])
            .extensions(Some(ExtensionsBuilder::new().add("x-extensible-enum", names).build()))
            .build()
            .into()
    }
}

impl<T: Vocabulary + OnWire> ToSchema for Open<T> {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}{}.open", T::schema_name()).into()
    }
}

fn id_schema(prefix: &str, example: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")))
        .examples([json!(format!("{example}_{EXAMPLE_SUFFIX}"))])
        .build()
}

impl<K: Kind> OnWire for Id<K> {
    fn schema_name() -> String {
        format!("id.{}", K::PREFIX)
    }

    fn schema() -> Object {
        id_schema(K::PREFIX, K::PREFIX)
    }

    fn read(text: &str) -> Result<Self, Flaw> {
        Self::parse(text).map_err(|error| Flaw::new("invalid_id", error.wording()))
    }

    fn write(&self) -> impl Display {
        self
    }
}

impl OnWire for PersonId {
    fn schema_name() -> String {
        "id.person".to_owned()
    }

    fn schema() -> Object {
        id_schema("(contact|staff)", "contact")
    }

    fn read(text: &str) -> Result<Self, Flaw> {
        Self::parse(text).map_err(|error| Flaw::new("invalid_id", error.wording()))
    }

    fn write(&self) -> impl Display {
        self
    }
}

impl OnWire for AnyId {
    fn schema_name() -> String {
        "id.any".to_owned()
    }

    fn schema() -> Object {
        id_schema("[a-z]+", "contact")
    }

    fn read(text: &str) -> Result<Self, Flaw> {
        Self::parse(text)
            .ok_or_else(|| Flaw::new("invalid_id", say!("expected an id: a prefix, `_` and 26 characters of base32")))
    }

    fn write(&self) -> impl Display {
        self
    }
}

impl OnWire for Timestamp {
    fn schema_name() -> String {
        "timestamp".to_owned()
    }

    fn schema() -> Object {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([json!(EXAMPLE_MOMENT)])
            .build()
    }

    fn read(text: &str) -> Result<Self, Flaw> {
        Self::parse(text).ok_or_else(|| {
            Flaw::new(
                "invalid_timestamp",
                say!("`{text}` is not an RFC 3339 moment such as `{example}`", text, example = EXAMPLE_MOMENT),
            )
        })
    }

    fn write(&self) -> impl Display {
        self
    }
}

macro_rules! words {
    ($($set:ident: $input:ident, $output:ident;)+) => {
        $(
            impl OnWire for $set {
                fn schema_name() -> String {
                    stringify!($set).to_owned()
                }

                fn schema() -> Object {
                    word_schema::<$set>()
                }

                fn read(text: &str) -> Result<Self, Flaw> {
                    read_word(text)
                }

                fn write(&self) -> impl Display {
                    self.name()
                }
            }

            #[doc = concat!("[`", stringify!($set), "`] in requests.")]
            pub type $input = Wire<$set>;
            #[doc = concat!("[`", stringify!($set), "`] in answers.")]
            pub type $output = Open<$set>;
        )+

        /// The schemas of the words, by name.
        fn word_schemas() -> Vec<(String, RefOr<Schema>)> {
            vec![$(named::<$input>(), named::<$output>()),+]
        }
    };
}

words! {
    OrganizationType: OrganizationTypeIn, OrganizationTypeOut;
    OrganizationStatus: OrganizationStatusIn, OrganizationStatusOut;
    ContactType: ContactTypeIn, ContactTypeOut;
    Permission: PermissionIn, PermissionOut;
    Duty: DutyIn, DutyOut;
    PersonStatus: PersonStatusIn, PersonStatusOut;
    StaffRole: StaffRoleIn, StaffRoleOut;
    Level: LevelIn, LevelOut;
    History: HistoryIn, HistoryOut;
    GranteeType: GranteeTypeIn, GranteeTypeOut;
    GrantStatus: GrantStatusIn, GrantStatusOut;
    GrantRequestStatus: GrantRequestStatusIn, GrantRequestStatusOut;
    Category: CategoryIn, CategoryOut;
    RequestStatus: RequestStatusIn, RequestStatusOut;
    Involvement: InvolvementIn, InvolvementOut;
    InvitationStatus: InvitationStatusIn, InvitationStatusOut;
    ReviewStatus: ReviewStatusIn, ReviewStatusOut;
    ReviewOutcome: ReviewOutcomeIn, ReviewOutcomeOut;
    FindingCode: FindingCodeIn, FindingCodeOut;
    FindingSeverity: FindingSeverityIn, FindingSeverityOut;
    Channel: ChannelIn, ChannelOut;
    EscalationStatus: EscalationStatusIn, EscalationStatusOut;
    Seniority: SeniorityIn, SeniorityOut;
    Absence: AbsenceIn, AbsenceOut;
    Item: ItemIn, ItemOut;
    Method: MethodIn, MethodOut;
    FlagKind: FlagKindIn, FlagKindOut;
    SignatureResult: SignatureResultIn, SignatureResultOut;
    Outcome: OutcomeIn, OutcomeOut;
    Path: PathIn, PathOut;
    RequestView: RequestViewIn, RequestViewOut;
    ContactSort: ContactSortIn, ContactSortOut;
    Direction: DirectionIn, DirectionOut;
    Order: OrderIn, OrderOut;
}

fn word_schema<V: Vocabulary>() -> Object {
    let names: Vec<&str> = V::ALL.iter().map(|word| word.name()).collect();
    let example = names.first().copied().unwrap_or_default();
    ObjectBuilder::new().schema_type(Type::String).examples([json!(example)]).enum_values(Some(names)).build()
}

fn read_word<V: Vocabulary>(text: &str) -> Result<V, Flaw> {
    V::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = V::ALL.iter().map(|word| word.name()).collect();
        Flaw::new("invalid_value", say!("`{text}` is not one of `{names}`", text, names = names.join("`, `")))
    })
}

macro_rules! ids {
    ($($alias:ident = $id:ty;)+) => {
        $(
            #[doc = concat!("`", stringify!($id), "` as a string.")]
            pub type $alias = Wire<$id>;
        )+

        /// The schemas of the ids and of moments, by name.
        fn id_schemas() -> Vec<(String, RefOr<Schema>)> {
            vec![$(named::<$alias>()),+]
        }
    };
}

ids! {
    OrganizationIdWire = Id<OrganizationKind>;
    ContactIdWire = Id<ContactKind>;
    StaffIdWire = Id<StaffKind>;
    SiteIdWire = Id<SiteKind>;
    InvitationIdWire = Id<InvitationKind>;
    ReviewIdWire = Id<ReviewKind>;
    GrantIdWire = Id<GrantKind>;
    GrantRequestIdWire = Id<GrantRequestKind>;
    ServiceRequestIdWire = Id<ServiceRequestKind>;
    MessageIdWire = Id<MessageKind>;
    AttachmentIdWire = Id<AttachmentKind>;
    EscalationIdWire = Id<EscalationKind>;
    ArticleIdWire = Id<ArticleKind>;
    SessionIdWire = Id<SessionKind>;
    EventIdWire = Id<EventKindOfId>;
    RequestIdWire = Id<RequestKind>;
    PersonIdWire = PersonId;
    AnyIdWire = AnyId;
    TimestampWire = Timestamp;
}

fn named<T: ToSchema>() -> (String, RefOr<Schema>) {
    (T::name().into_owned(), T::schema())
}

#[cfg(test)]
mod tests;
