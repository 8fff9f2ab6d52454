//! Shapes that are known by name: form services and event senders, as data. Own file because a new one is a new entry here and
//! nothing else. Shapes follow the senders' public documentation; what a shape does not name is left to labels and looks.

use super::Role::{self, Email, Name, Organisation, Phone, Subject, Text};
use super::leaf::{Hint, answer};
use crate::json;
use crate::node::Node;
use std::borrow::Cow;
use std::collections::HashMap;

/// A known shape.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The sender's name, for keys.
    vendor: &'static str,
    /// Paths that must exist; `path=value` must hold that text.
    when: &'static [&'static str],
    /// Where the answers stand; empty: anywhere.
    answers: &'static [&'static str],
    /// Roles by path, the first that holds something wins.
    map: &'static [(Role, &'static [&'static str])],
    /// Whether labels are not to be guessed from, because the body speaks of many things besides the person who asks.
    pub(crate) closed: bool,
    /// Names this very delivery.
    delivery: &'static str,
    /// Names what was submitted.
    submission: &'static str,
}

const FORM: Shape =
    Shape { vendor: "", when: &[], answers: &[], map: &[], closed: false, delivery: "", submission: "" };
const EVENT: Shape = Shape { closed: true, ..FORM };

static SHAPES: &[Shape] = &[
    Shape {
        vendor: "typeform",
        when: &["form_response.token", "form_response.answers"],
        delivery: "event_id",
        submission: "form_response.token",
        ..FORM
    },
    Shape {
        vendor: "tally",
        when: &["eventId", "data.fields"],
        answers: &["data.fields"],
        delivery: "eventId",
        submission: "data.submissionId",
        ..FORM
    },
    Shape {
        vendor: "webflow",
        when: &["triggerType", "payload.data"],
        answers: &["payload.data"],
        delivery: "payload.id",
        submission: "payload.id",
        ..FORM
    },
    Shape {
        vendor: "webflow",
        when: &["site", "_id", "data"],
        answers: &["data"],
        delivery: "_id",
        submission: "_id",
        ..FORM
    },
    Shape {
        vendor: "netlify",
        when: &["form_id", "site_url", "data"],
        answers: &["data"],
        delivery: "id",
        submission: "id",
        ..FORM
    },
    Shape {
        vendor: "jotform",
        when: &["rawRequest", "formID"],
        answers: &["rawRequest"],
        submission: "submissionID",
        ..FORM
    },
    Shape { vendor: "formspree", when: &["form", "submission"], answers: &["submission"], ..FORM },
    Shape { vendor: "google_forms", when: &["namedValues"], answers: &["namedValues"], ..FORM },
    Shape { vendor: "elementor", when: &["fields", "form.id", "form.name"], answers: &["fields"], ..FORM },
    Shape {
        vendor: "fillout",
        when: &["submission.questions"],
        answers: &["submission.questions"],
        submission: "submission.submissionId",
        ..FORM
    },
    Shape { vendor: "hubspot_forms", when: &["fields", "submittedAt"], answers: &["fields"], ..FORM },
    Shape {
        vendor: "github",
        when: &["sender.login", "issue.title"],
        map: &[
            (Name, &["comment.user.login", "issue.user.login"]),
            (Subject, &["issue.title"]),
            (Text, &["comment.body", "issue.body"]),
            (Organisation, &["organization.login"]),
        ],
        ..EVENT
    },
    Shape {
        vendor: "github",
        when: &["sender.login", "pull_request.title"],
        map: &[
            (Name, &["comment.user.login", "review.user.login", "pull_request.user.login"]),
            (Subject, &["pull_request.title"]),
            (Text, &["comment.body", "review.body", "pull_request.body"]),
            (Organisation, &["organization.login"]),
        ],
        ..EVENT
    },
    Shape {
        vendor: "github",
        when: &["sender.login"],
        map: &[
            (Name, &["head_commit.author.name", "pusher.name", "sender.login"]),
            (Email, &["head_commit.author.email", "pusher.email"]),
            (Subject, &["discussion.title", "release.name", "label.name", "ref", "repository.full_name"]),
            (
                Text,
                &[
                    "comment.body",
                    "discussion.body",
                    "release.body",
                    "head_commit.message",
                    "label.description",
                    "action",
                ],
            ),
            (Organisation, &["organization.login"]),
        ],
        ..EVENT
    },
    Shape {
        vendor: "gitlab",
        when: &["object_kind", "project.path_with_namespace"],
        map: &[
            (Name, &["user.name", "user_name"]),
            (Email, &["user.email", "user_email"]),
            (Subject, &["issue.title", "merge_request.title", "object_attributes.title", "ref"]),
            (
                Text,
                &[
                    "object_attributes.note",
                    "object_attributes.description",
                    "commits.0.message",
                    "object_attributes.title",
                ],
            ),
        ],
        ..EVENT
    },
    Shape {
        vendor: "bitbucket",
        when: &["actor.display_name", "repository.full_name"],
        map: &[
            (Name, &["actor.display_name"]),
            (Subject, &["pullrequest.title", "issue.title", "push.changes.0.new.name", "repository.full_name"]),
            (
                Text,
                &[
                    "comment.content.raw",
                    "pullrequest.description",
                    "issue.content.raw",
                    "push.changes.0.commits.0.message",
                    "commit.message",
                    "pullrequest.title",
                    "fork.full_name",
                ],
            ),
            (Organisation, &["repository.workspace.name"]),
        ],
        ..EVENT
    },
    Shape {
        vendor: "stripe",
        when: &["object=event", "type", "data.object"],
        map: &[
            (
                Name,
                &[
                    "data.object.customer_details.name",
                    "data.object.customer_name",
                    "data.object.billing_details.name",
                    "data.object.name",
                ],
            ),
            (
                Email,
                &[
                    "data.object.customer_details.email",
                    "data.object.customer_email",
                    "data.object.billing_details.email",
                    "data.object.receipt_email",
                    "data.object.email",
                ],
            ),
            (
                Phone,
                &[
                    "data.object.customer_details.phone",
                    "data.object.customer_phone",
                    "data.object.billing_details.phone",
                    "data.object.phone",
                ],
            ),
            (Subject, &["type"]),
            (
                Text,
                &[
                    "data.object.description",
                    "data.object.lines.data.0.description",
                    "data.object.statement_descriptor",
                ],
            ),
        ],
        delivery: "id",
        submission: "data.object.id",
        ..EVENT
    },
    Shape {
        vendor: "monday",
        when: &["event.boardId", "event.pulseId"],
        map: &[
            (Subject, &["event.pulseName"]),
            (
                Text,
                &["event.textBody", "event.value.text", "event.value.value", "event.value.label.text", "event.type"],
            ),
        ],
        delivery: "event.triggerUuid",
        submission: "event.triggerUuid",
        ..EVENT
    },
    Shape {
        vendor: "pipedrive",
        when: &["meta.object=organization", "current.name"],
        map: &[(Organisation, &["current.name"]), (Subject, &["event"]), (Text, &["current.address"])],
        ..EVENT
    },
    Shape {
        vendor: "pipedrive",
        when: &["meta.object=product", "current.name"],
        map: &[(Subject, &["current.name"]), (Text, &["current.description"])],
        ..EVENT
    },
    Shape {
        vendor: "pipedrive",
        when: &["meta.object", "current"],
        map: &[
            (Name, &["current.person_name", "current.name"]),
            (Email, &["current.email.0.value", "current.person_id.email.0.value"]),
            (Phone, &["current.phone.0.value", "current.person_id.phone.0.value"]),
            (Organisation, &["current.org_name"]),
            (Subject, &["current.title", "current.subject"]),
            (Text, &["current.note", "current.public_description", "current.content"]),
        ],
        ..EVENT
    },
    Shape {
        vendor: "woocommerce",
        when: &["permalink", "slug", "name"],
        map: &[(Subject, &["name"]), (Text, &["description", "short_description"])],
        ..EVENT
    },
    Shape {
        vendor: "hubspot",
        when: &["portalId", "objectId", "properties"],
        map: &[
            (Name, &["properties.fullname.value"]),
            (Email, &["properties.email.value"]),
            (Phone, &["properties.phone.value"]),
            (Organisation, &["properties.company.value"]),
            (Subject, &["properties.subject.value", "properties.dealname.value", "properties.name.value"]),
            (Text, &["properties.message.value", "properties.content.value", "properties.description.value"]),
        ],
        ..EVENT
    },
];

impl Shape {
    /// The shape of a body, if it is a known one.
    pub(crate) fn of(node: &Node<'_>) -> Option<&'static Shape> {
        SHAPES.iter().find(|shape| {
            shape.when.iter().all(|condition| match condition.split_once('=') {
                Some((path, value)) => node.at(path).and_then(Node::scalar) == Some(value),
                None => node.at(condition).is_some_and(|found| *found != Node::Null),
            })
        })
    }

    /// Whether a path stands where this shape keeps its answers.
    pub(crate) fn holds(&self, path: &str) -> bool {
        self.vendor != "typeform"
            && (self.answers.is_empty() || self.answers.iter().any(|answers| within(path, answers).is_some()))
    }

    /// A path as a person wants to read it: without what only wraps the answers.
    pub(crate) fn shortened<'p>(&self, path: &'p str) -> &'p str {
        self.answers.iter().find_map(|answers| within(path, answers)).filter(|rest| !rest.is_empty()).unwrap_or(path)
    }

    /// The value of a role by the shape's own map, with the path it stands at.
    pub(crate) fn mapped<'n>(&self, role: Role, node: &'n Node<'_>) -> Option<(&'static str, &'n str)> {
        let (_, paths) = self.map.iter().find(|(mapped, _)| *mapped == role)?;
        paths.iter().find_map(|path| node.at(path).and_then(Node::text).map(|text| (*path, text)))
    }

    /// Names this very delivery: vendor and identifier.
    pub(crate) fn delivery_id(&self, node: &Node<'_>) -> Option<(&'static str, String)> {
        identifier(node, self.delivery).map(|id| (self.vendor, id))
    }

    /// Names what was submitted.
    pub(crate) fn submission_id(&self, node: &Node<'_>) -> Option<String> {
        identifier(node, self.submission)
    }

    /// Answers joined with their questions, and what stands beside them, for a shape that keeps the two apart.
    #[expect(
        clippy::type_complexity,
        reason = "label, value, hint and path of an answer; a name for it would be used once"
    )]
    pub(crate) fn questions<'n>(
        &self,
        node: &'n Node<'_>,
    ) -> Option<(Vec<(Cow<'n, str>, Cow<'n, str>, Hint, String)>, Vec<(&'static str, &'n Node<'n>)>)> {
        if self.vendor != "typeform" {
            return None;
        }
        let Some(Node::List(given)) = node.at("form_response.answers") else { return None };
        let fields: &[Node<'_>] = match node.at("form_response.definition.fields") {
            Some(Node::List(fields)) => fields,
            _ => &[],
        };
        let nested = fields.iter().filter_map(|field| match field.at("properties.fields") {
            Some(Node::List(inner)) => Some(inner),
            _ => None,
        });
        let titles: HashMap<&str, &str> = fields
            .iter()
            .chain(nested.flatten())
            .filter_map(|field| Some((field.get("id")?.scalar()?, field.get("title")?.text()?)))
            .collect();
        let mut answers = Vec::new();
        for (index, one) in given.iter().enumerate() {
            let kind = one.get("type").and_then(Node::text).unwrap_or_default();
            let value = match kind {
                "choice" => one.at("choice").and_then(|choice| choice.get("label").or(choice.get("other"))),
                "choices" => one.at("choices.labels").or(one.at("choices.other")),
                _ => one.get(kind),
            };
            let Some(value) = value.and_then(|value| answer(value, None)) else { continue };
            let field_kind = one.at("field.type").and_then(Node::text).unwrap_or(kind);
            let id = one.at("field.id").and_then(Node::scalar).unwrap_or_default();
            let reference = one.at("field.ref").and_then(Node::text);
            let label = titles.get(id).copied().or(reference).unwrap_or(field_kind);
            answers.push((Cow::Borrowed(label), value, Hint::of(field_kind), format!("form_response.answers.{index}")));
        }
        const BESIDE: [&str; 6] = [
            "form_response.definition.title",
            "form_response.hidden",
            "form_response.variables",
            "form_response.calculated",
            "form_response.form_id",
            "form_response.submitted_at",
        ];
        let beside = BESIDE.iter().filter_map(|path| node.at(path).map(|found| (*path, found))).collect();
        Some((answers, beside))
    }
}

fn within<'p>(path: &'p str, wrap: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(wrap)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

fn identifier(node: &Node<'_>, path: &str) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    node.at(path)
        .and_then(Node::scalar)
        .map(str::trim)
        .filter(|id| !id.is_empty() && id.len() <= 200)
        .map(str::to_owned)
}

/// A form that carries a JSON text in one of its fields, with that text opened; `None` when there is nothing to open.
pub(crate) fn unpack(node: &Node<'_>) -> Option<Node<'static>> {
    const CARRIERS: [&str; 4] = ["rawRequest", "payload", "data", "json"];
    let Node::Map(entries) = node else { return None };
    let opened = |key: &str, value: &Node<'_>| {
        let text = value.text().filter(|text| CARRIERS.contains(&key) && text.trim_start().starts_with('{'))?;
        json::read_text(text).ok().map(Node::into_owned)
    };
    if !entries.iter().any(|(key, value)| opened(key, value).is_some()) {
        return None;
    }
    if let [(key, value)] = entries.as_slice() {
        return opened(key, value);
    }
    let entries = entries.iter().map(|(key, value)| {
        let value = opened(key, value).unwrap_or_else(|| value.clone().into_owned());
        (Cow::Owned(key.clone().into_owned()), value)
    });
    Some(Node::Map(entries.collect()))
}
