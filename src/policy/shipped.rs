//! The policies and the schema that come with the program, embedded.
//!
//! Its own file so that the list of shipped files stands in one place; a test compares it with the folder.

/// The schema. It describes what the program tells policies, so nobody else can change it.
pub(super) const SCHEMA: (&str, &str) =
    ("schema.cedarschema", include_str!("../../config/policies/schema.cedarschema"));

/// The prohibitions that always hold, whatever policies are loaded.
pub(super) const FLOOR: (&str, &str) = ("floor.cedar", include_str!("../../config/policies/floor.cedar"));

/// The policies that an operator's folder replaces.
pub(super) const ROLES: [(&str, &str); 5] = [
    ("operator.cedar", include_str!("../../config/policies/operator.cedar")),
    ("owner.cedar", include_str!("../../config/policies/owner.cedar")),
    ("reviewer.cedar", include_str!("../../config/policies/reviewer.cedar")),
    ("service.cedar", include_str!("../../config/policies/service.cedar")),
    ("viewer.cedar", include_str!("../../config/policies/viewer.cedar")),
];
