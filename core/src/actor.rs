//! Who acts, as the database knows them now.

use crate::id::{ContactId, OrganizationId, PersonId, StaffId};
use crate::text::{Domain, Email};
use crate::vocabulary::{ContactType, OrganizationType, Permission, PersonStatus, StaffRole};

/// A person as others see them in a request or a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRef {
    /// The contact's or staff member's id.
    pub id: PersonId,
    /// First and last name, separated by a blank.
    pub name: String,
    /// Where they belong.
    pub organization: OrganizationId,
}

/// An organization as others see it in a request or a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationRef {
    /// The organization's id.
    pub id: OrganizationId,
    /// What it is called.
    pub name: String,
}

/// What a person is allowed to be within their own organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// A contact of a customer or partner.
    Contact {
        /// The contact's id.
        id: ContactId,
        /// What the contact may do (C-6).
        permission: Permission,
        /// Whether the contact guards what is sensitive (C-5).
        kind: ContactType,
    },
    /// A staff member of the vendor.
    Staff {
        /// The staff member's id.
        id: StaffId,
        /// What the staff member does (O-3); in order, without repeats.
        roles: Vec<StaffRole>,
    },
}

/// A person whose identity and standing have just been read from the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What they are.
    pub position: Position,
    /// Their own organization.
    pub organization: OrganizationId,
    /// What kind that organization is.
    pub organization_kind: OrganizationType,
    /// First and last name.
    pub name: String,
    /// The user id.
    pub email: Email,
    /// Whether they may sign in.
    pub status: PersonStatus,
}

impl Actor {
    /// The contact's or staff member's id.
    pub fn id(&self) -> PersonId {
        match &self.position {
            Position::Contact { id, .. } => (*id).into(),
            Position::Staff { id, .. } => (*id).into(),
        }
    }

    /// As others see them.
    pub fn reference(&self) -> PersonRef {
        PersonRef { id: self.id(), name: self.name.clone(), organization: self.organization }
    }

    /// Whether the actor is a staff member with one of these roles.
    pub fn has_role(&self, roles: &[StaffRole]) -> bool {
        match &self.position {
            Position::Contact { .. } => false,
            Position::Staff { roles: own, .. } => own.iter().any(|role| roles.contains(role)),
        }
    }

    /// Whether they are a designated contact who can be worked with (S-2).
    pub fn is_designated(&self) -> bool {
        let may = |permission: Permission| permission >= Permission::DesignatedSupport;
        matches!(self.status, PersonStatus::Active | PersonStatus::Invited)
            && matches!(self.position, Position::Contact { permission, .. } if may(permission))
    }

    /// Whether what their whole organization was granted is theirs as well: a contact of `designated_support` or above, because
    /// `knowledge_base` opens nothing else, at home or abroad (G-7).
    pub fn shares_grants(&self) -> bool {
        matches!(self.position, Position::Contact { permission, .. } if permission >= Permission::DesignatedSupport)
    }

    /// Whether the actor is on the vendor's side of a service request.
    pub fn is_staff(&self) -> bool {
        matches!(self.position, Position::Staff { .. })
    }
}

/// The vendor's domains, whose people are never contacts (O-2).
pub type VendorDomains = [Domain];
