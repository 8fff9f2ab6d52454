//! Fields below a text and the keys of a payload are not what the sender says.

use super::tests::make;

const SAID: &str = "Our checkout has been down since this morning and nobody can order. Could you look at it?";
const KNOWN: &str =
    "Name: Dana Fox\nOrganisation: Northwind Dental\nEmail: dana.fox@machine.example\nPhone: +1 555 0101";

/// The same words with what different forms put below them.
const FORMS: &[&str] = &[
    "form_response.definition.title: Contact\nform_response.hidden.utm_source: ads\nform_response.form_id: lT4Z3j",
    "triggerType: form_submission\npayload.schema.0.fieldName: First Name\npayload.siteId: 65427cf400e02b306eaa049c",
    "data.object.attempt_count: 0\ndata.object.invoice_creation.enabled: false\ndata.object.refund_policy: none",
    "values: Dana Fox, dana.fox@machine.example, Our checkout has been down since this morning and nobody can order. Could you look at it?",
];

#[test]
fn the_form_changes_neither_priority_nor_summary() {
    let plain = make(&format!("{SAID}\n\n{KNOWN}"), None, &[]);
    assert!(plain.workflow_summary.text.contains("“Could you look at it?”"), "{}", plain.workflow_summary.text);
    for form in FORMS {
        let content = make(&format!("{SAID}\n\n{form}\n{KNOWN}"), None, &[]);
        assert_eq!(content.priority, plain.priority, "{form}");
        assert_eq!(content.workflow_summary, plain.workflow_summary, "{form}");
    }
}

#[test]
fn an_address_is_no_topic() {
    for text in ["Email: jdoe@machine.example", "See https://machine.example/x", "I am at jdoe@machine.example now."] {
        let content = make(&format!("Hello, this is only to say thanks again.\n\n{text}"), None, &[]);
        assert!(!content.workflow_summary.text.contains("the equipment"), "{}", content.workflow_summary.text);
    }
    let content = make("Hello, the machine of Monday is broken, could you repair it?", None, &[]);
    assert!(content.workflow_summary.text.contains("the equipment"), "{}", content.workflow_summary.text);
}

#[test]
fn what_is_said_in_a_field_is_still_quoted_without_its_label() {
    let text = "answers[0].text: We would like to know whether you could come by next week and repair the boiler in our office.\nid: 7";
    let content = make(text, None, &[]);
    let summary = &content.workflow_summary.text;
    assert!(summary.contains("“We would like to know whether") && !summary.contains("answers[0]"), "{summary}");
    // A class and its message, an address and a matter with a colon are words of the sender.
    for line in ["java.io.IOException: the connection was lost", "We had two problems: first, the door is broken"] {
        let content =
            make(&format!("Could you help us?\n\n{line} and nobody can get in or out any more here."), None, &[]);
        assert!(content.workflow_summary.text.contains(line), "{}", content.workflow_summary.text);
    }
}
