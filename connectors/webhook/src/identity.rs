//! Which delivery this is: the key that absorbs repeats, and the origin's own identifier. Own file because replay is decided here.
//! INVARIANT: the key is made only of what the proof of origin covers. `X-GitHub-Delivery` and `X-Shopify-Webhook-Id` are not signed,
//! so a recorded delivery could be sent again under a fresh one: there the signed body is the key and the header is only shown.

use crate::node::Node;
use crate::options::Scheme;
use crate::recognise::Shape;
use opspilot_sdk::{DedupKey, Delivery, sha256_hex};

/// Key and identifier of one delivery.
#[derive(Debug, PartialEq)]
pub(crate) struct Identity {
    pub(crate) key: DedupKey,
    pub(crate) external_id: Option<String>,
}

/// Identifies a verified delivery. `mapped` is what the operator's own mapping found.
pub(crate) fn identify(
    scheme: Scheme,
    delivery: &Delivery<'_>,
    node: &Node<'_>,
    shape: Option<&Shape>,
    mapped: Option<String>,
) -> Identity {
    let event = shape.and_then(|shape| shape.delivery_id(node));
    let submission = shape.and_then(|shape| shape.submission_id(node));
    let header = |name: &str| delivery.header(name).map(str::trim).filter(|value| !value.is_empty());
    let key = match (scheme, &mapped, &event) {
        (Scheme::Standard, _, _) => header("webhook-id").map(|id| format!("webhook-id:{id}")),
        (Scheme::Bearer | Scheme::None, mapped, event) => header("idempotency-key")
            .map(|id| format!("idempotency-key:{id}"))
            .or_else(|| mapped.as_ref().map(|id| format!("id:{id}")))
            .or_else(|| event.as_ref().map(|(vendor, id)| format!("{vendor}:{id}"))),
        (_, Some(id), _) => Some(format!("id:{id}")),
        (_, None, Some((vendor, id))) => Some(format!("{vendor}:{id}")),
        (Scheme::Hubspot, None, None) => hubspot_events(node),
        (_, None, None) => None,
    };
    let key = key.unwrap_or_else(|| format!("body:{}", sha256_hex(delivery.body)));
    let from_header = match scheme {
        Scheme::Standard => header("webhook-id"),
        Scheme::Github => header("x-github-delivery"),
        Scheme::Shopify => header("x-shopify-webhook-id"),
        Scheme::Bearer | Scheme::None => header("idempotency-key"),
        _ => None,
    };
    let external_id = mapped.or(submission).or(event.map(|(_, id)| id)).or(from_header.map(str::to_owned));
    Identity { key: DedupKey::new(key), external_id: external_id.filter(|id| printable(id)) }
}

fn printable(id: &str) -> bool {
    id.len() <= DedupKey::MAX_BYTES && !id.chars().any(char::is_control)
}

/// `HubSpot` counts its attempts inside the body, so a repeat is not the same bytes: its list of events is known by what they are.
fn hubspot_events(node: &Node<'_>) -> Option<String> {
    const TELLING: [&str; 6] = ["portalId", "subscriptionId", "eventId", "objectId", "occurredAt", "changeSource"];
    let Node::List(events) = node else { return None };
    let mut told = String::new();
    for event in events {
        event.get("eventId").and_then(Node::scalar)?;
        event.get("attemptNumber").and_then(Node::scalar)?;
        for name in TELLING {
            told.push_str(event.get(name).and_then(Node::scalar).unwrap_or_default());
            told.push('\n');
        }
    }
    (!events.is_empty()).then(|| format!("hubspot:{}", sha256_hex(told.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::identify;
    use crate::json;
    use crate::options::Scheme;
    use opspilot_sdk::Delivery;

    fn key(body: &str) -> String {
        let delivery = Delivery {
            headers: &[],
            method: "POST",
            target: "/",
            base_url: "",
            from_loopback: false,
            body: body.as_bytes(),
        };
        let node = json::read(body.as_bytes()).unwrap();
        identify(Scheme::Hubspot, &delivery, &node, None, None).key.as_str().to_owned()
    }

    #[test]
    fn a_counted_attempt_is_the_same_delivery() {
        let event = |id: u8, attempt: u8| {
            format!(r#"[{{"eventId":{id},"portalId":7,"objectId":5,"occurredAt":1,"attemptNumber":{attempt}}}]"#)
        };
        assert_eq!(key(&event(1, 0)), key(&event(1, 1)));
        assert_ne!(key(&event(1, 0)), key(&event(2, 0)));
        assert!(key(&event(1, 0)).starts_with("hubspot:"));
        assert!(key(r#"[{"eventId":1}]"#).starts_with("body:"));
        assert!(key("[]").starts_with("body:"));
    }
}
