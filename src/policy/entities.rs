//! Turns an ask into what Cedar evaluates: the request and the three entities it needs.
//!
//! Its own file because it is the only place that knows both vocabularies, ours and the schema's.
//! Names and types that never change are made once; per ask only the asker and the thing are built.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema,
};

use super::action::Action;
use super::decide::Ask;
use super::principal::{Actor, Grant, Principal, Role, Scope};
use super::resource::{Kind, Resource};

/// Everything constant, made once when policies are loaded.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    user: EntityTypeName,
    service: EntityTypeName,
    scope: EntityTypeName,
    all: EntityUid,
    /// By position of the kind in [`Kind::ALL`].
    kinds: Vec<EntityTypeName>,
    /// With their groups, by [`Action::index`].
    actions: Vec<Entity>,
    in_scope: Context,
    out_of_scope: Context,
}

impl Vocabulary {
    /// Takes the words from the schema.
    ///
    /// # Errors
    /// A sentence naming what the schema lacks.
    pub(super) fn new(schema: &Schema) -> Result<Self, String> {
        let hierarchy = schema.action_entities().map_err(|error| error.to_string())?;
        let action_type = type_name("Action")?;
        let mut actions = Vec::with_capacity(Action::ALL.len());
        for action in Action::ALL {
            let uid = EntityUid::from_type_name_and_id(action_type.clone(), EntityId::new(action.as_str()));
            let entity = hierarchy.get(&uid).ok_or_else(|| format!("no action `{action}`"))?;
            actions.push(entity.clone());
        }
        let mut kinds = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            kinds.push(type_name(kind.entity_type())?);
        }
        let scope = type_name("Scope")?;
        let context = |covered| {
            Context::from_pairs([("in_token_scope".to_owned(), RestrictedExpression::new_bool(covered))])
                .map_err(|error| error.to_string())
        };
        Ok(Self {
            user: type_name("User")?,
            service: type_name("Service")?,
            all: EntityUid::from_type_name_and_id(scope.clone(), EntityId::new("all")),
            scope,
            kinds,
            actions,
            in_scope: context(true)?,
            out_of_scope: context(false)?,
        })
    }

    /// The request and its entities.
    ///
    /// # Errors
    /// A sentence saying why the ask cannot be put to the policies.
    pub(super) fn put(&self, ask: &Ask<'_>) -> Result<(Request, Entities), String> {
        let (asker, resource) = (ask.principal, ask.resource);
        if asker.user.is_empty() {
            return Err("the asker has no id".to_owned());
        }
        if resource.id.is_empty() {
            return Err(format!("the {} asked about has no id", resource.kind));
        }
        if !ask.action.kinds().contains(&resource.kind) {
            let kinds: Vec<&str> = ask.action.kinds().iter().map(|kind| kind.as_str()).collect();
            return Err(format!(
                "`{}` is asked on a {}; it applies to {}",
                ask.action,
                resource.kind,
                kinds.join(", ")
            ));
        }
        let action = self.actions.get(ask.action.index()).ok_or_else(|| format!("no action `{}`", ask.action))?;
        let principal = self.principal(asker)?;
        let thing = self.resource(resource)?;
        let context = if asker.token_carries(ask.action) { &self.in_scope } else { &self.out_of_scope };
        let request = Request::new(principal.uid(), action.uid(), thing.uid(), context.clone(), None)
            .map_err(|error| error.to_string())?;
        let entities =
            Entities::from_entities([principal, thing, action.clone()], None).map_err(|error| error.to_string())?;
        Ok((request, entities))
    }

    fn principal(&self, asker: &Principal) -> Result<Entity, String> {
        let in_role = |role: Option<Role>| self.scopes(&asker.grants, role);
        let mut attributes = HashMap::with_capacity(8);
        attributes.insert("disabled".to_owned(), RestrictedExpression::new_bool(asker.disabled));
        attributes.insert("granted".to_owned(), in_role(None));
        for role in Role::ALL {
            attributes.insert(role.as_str().to_owned(), in_role(Some(role)));
        }
        let kind = match asker.kind {
            Actor::User => &self.user,
            Actor::Service(part) => {
                attributes.insert("part".to_owned(), RestrictedExpression::new_string(part.as_str().to_owned()));
                &self.service
            }
        };
        Entity::new(uid(kind, &asker.user), attributes, HashSet::new()).map_err(|error| error.to_string())
    }

    fn scopes(&self, grants: &[Grant], role: Option<Role>) -> RestrictedExpression {
        RestrictedExpression::new_set(
            grants
                .iter()
                .filter(|grant| role.is_none_or(|role| grant.role == role))
                .filter(|grant| grant.scope.is_named())
                .map(|grant| RestrictedExpression::new_entity_uid(self.scope_uid(&grant.scope))),
        )
    }

    fn scope_uid(&self, scope: &Scope) -> EntityUid {
        match scope {
            Scope::All => self.all.clone(),
            named => uid(&self.scope, &named.to_string()),
        }
    }

    fn resource(&self, resource: &Resource) -> Result<Entity, String> {
        let user = |id: &str| RestrictedExpression::new_entity_uid(uid(&self.user, id));
        let users =
            |ids: &[String]| RestrictedExpression::new_set(ids.iter().filter(|id| !id.is_empty()).map(|id| user(id)));
        let mut attributes = HashMap::new();
        let mut optional = |name: &str, id: &Option<String>| {
            if let Some(id) = id.as_deref().filter(|id| !id.is_empty()) {
                attributes.insert(name.to_owned(), user(id));
            }
        };
        match resource.kind {
            Kind::Request => {
                optional("submitter", &resource.submitter);
                attributes.insert("reviewers".to_owned(), users(&resource.reviewers));
            }
            Kind::Token | Kind::User => optional("owner", &resource.owner),
            Kind::Brief | Kind::Review => {
                optional("submitter", &resource.submitter);
                optional("claimed_by", &resource.claimed_by);
                attributes.insert(
                    "forbid_self_review".to_owned(),
                    RestrictedExpression::new_bool(resource.forbid_self_review),
                );
                attributes.insert("reviewers".to_owned(), users(&resource.reviewers));
            }
            Kind::Pilot => {
                attributes.insert("reviewers".to_owned(), users(&resource.reviewers));
            }
            Kind::Run | Kind::Receipt | Kind::System => {}
        }
        let mut parents = HashSet::from([self.all.clone()]);
        if let Some(tenant) = resource.tenant_id() {
            parents.insert(self.scope_uid(&Scope::Tenant(tenant.to_owned())));
        }
        if let Some(pilot) = resource.pilot_id() {
            parents.insert(self.scope_uid(&Scope::Pilot(pilot.to_owned())));
        }
        let kind = Kind::ALL
            .iter()
            .zip(&self.kinds)
            .find_map(|(kind, name)| (*kind == resource.kind).then_some(name))
            .ok_or_else(|| format!("no type for a {}", resource.kind))?;
        Entity::new(uid(kind, &resource.id), attributes, parents).map_err(|error| error.to_string())
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn type_name(name: &str) -> Result<EntityTypeName, String> {
    EntityTypeName::from_str(name).map_err(|error| format!("`{name}` is no type: {error}"))
}
