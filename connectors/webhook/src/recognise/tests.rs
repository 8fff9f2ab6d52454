//! Whole bodies through recognition: the labelled forms with their pass mark, real deliveries of event senders, and rules of their own.

use super::recognise;
use crate::media::Media;
use crate::multipart::FileLimits;
use crate::node::Node;
use crate::options::Mapping;
use crate::{form, json, multipart};
use opspilot_sdk::{Content, Fields};
use serde_json::Value;
use std::path::PathBuf;

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/webhooks").join(name)
}

fn read(content_type: &str, body: &str) -> Node<'static> {
    let media = Media::read(content_type).unwrap();
    match media.essence.as_str() {
        "application/json" => json::read(body.as_bytes()).unwrap().into_owned(),
        "multipart/form-data" => {
            let limits = FileLimits { count: 10, bytes: 1_000 };
            multipart::read(body.as_bytes(), media.parameter("boundary").unwrap(), limits).unwrap().0
        }
        _ => form::read(body.as_bytes()).unwrap(),
    }
}

fn fields_of(node: &Node<'_>, mapping: &Mapping<Vec<String>>) -> Fields {
    match recognise(node, b"", mapping).content {
        Content::Fields(fields) => fields,
        other => panic!("{other:?}"),
    }
}

fn fields(json: &str) -> Fields {
    fields_of(&json::read(json.as_bytes()).unwrap(), &Mapping::default())
}

fn by_name<'f>(fields: &'f Fields, name: &str) -> &'f str {
    let field = match name {
        "name" => &fields.name,
        "email" => &fields.email,
        "phone" => &fields.phone,
        "company" => &fields.organisation,
        _ => &fields.text,
    };
    field.as_deref().unwrap_or_default()
}

#[test]
fn labelled_forms_give_their_five_fields() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for line in std::fs::read_to_string(data("forms.jsonl")).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap();
        let fields = fields_of(&read(text("content_type"), text("body")), &Mapping::default());
        for (name, expected) in case["expect"].as_object().unwrap() {
            asked += 1;
            if by_name(&fields, name) != expected.as_str().unwrap() {
                wrong.push(format!("{} {name}: {:?}", text("provider"), by_name(&fields, name)));
            }
        }
    }
    assert!(asked >= 65);
    assert!(wrong.is_empty(), "{} of {asked} wrong: {wrong:#?}", wrong.len());
}

/// One form per line of thought: body, then name, e-mail, phone, organisation, start of the text (`-` for none).
const FORMS: &[(&str, [&str; 5])] = &[
    (
        r#"{"Vorname":"Jörg","Nachname":"Weiß","E-Mail-Adresse":"j.weiss@x.example","Firma":"Weiß GmbH","Telefonnummer":"030 901820","Ihre Nachricht":"Bitte um Rückruf"}"#,
        ["Jörg Weiß", "j.weiss@x.example", "030 901820", "Weiß GmbH", "Bitte"],
    ),
    (
        r#"{"Vorname":"Jörg","Name":"Weiß","Mail":"j.weiss@x.example","Unternehmen":"Weiß GmbH","Wie können wir Ihnen helfen?":"Angebot für 12 Plätze"}"#,
        ["Jörg Weiß", "j.weiss@x.example", "-", "Weiß GmbH", "Angebot"],
    ),
    (
        r#"{"Nom":"Dupont","Prénom":"Anne","Adresse e-mail":"anne@x.example","Société":"Dupont SA","Téléphone":"+33 1 23 45 67 89","Votre message":"Bonjour"}"#,
        ["Anne Dupont", "anne@x.example", "+33 1 23 45 67 89", "Dupont SA", "Bonjour"],
    ),
    (
        r#"{"Nombre":"Ana","Apellidos":"García López","Correo electrónico":"ana@x.example","Empresa":"Talleres Sol","Móvil":"612 345 678","Mensaje":"Necesito un presupuesto"}"#,
        ["Ana García López", "ana@x.example", "612 345 678", "Talleres Sol", "Necesito"],
    ),
    (
        r#"{"Nome e cognome":"Luca Rossi","Indirizzo email":"l@x.example","Ragione sociale":"Rossi Srl","Cellulare":"333 1234567","La tua richiesta":"Vorrei un preventivo"}"#,
        ["Luca Rossi", "l@x.example", "333 1234567", "Rossi Srl", "Vorrei"],
    ),
    (
        r#"{"姓":"山田","名":"太郎","メールアドレス":"yamada@x.example","会社名":"山田商事","電話番号":"03-1234-5678","お問い合わせ内容":"見積もりをお願いします"}"#,
        ["山田 太郎", "yamada@x.example", "03-1234-5678", "山田商事", "見積"],
    ),
    (
        r#"{"Имя":"Иван Петров","Почта":"i@x.example","Компания":"Ромашка","Телефон":"+7 495 123-45-67","Сообщение":"Нужна консультация"}"#,
        ["Иван Петров", "i@x.example", "+7 495 123-45-67", "Ромашка", "Нужна"],
    ),
    // Contact Form 7, Webflow's numbered names, labels as questions.
    (
        r#"{"your-name":"Dana Fox","your-email":"d@x.example","your-subject":"Seats","your-message":"Call me","your-tel":"555-010-0199","your-company":"Fox Ltd"}"#,
        ["Dana Fox", "d@x.example", "555-010-0199", "Fox Ltd", "Call me"],
    ),
    (
        r#"{"Contact 2 First Name":"Dana","Contact 2 Last Name":"Fox","Contact 2 Email":"d@x.example","Contact 2 Phone":"555 0101","Contact 2 Message":"Call me","Contact 2 Checkbox":"true"}"#,
        ["Dana Fox", "d@x.example", "555 0101", "-", "Call me"],
    ),
    (
        r#"{"What is your name?":"Dana Fox","What's the best email to reach you?":"d@x.example","Which company do you work for?":"Fox Ltd","How large is your team?":"11-50","What are you hoping to get done with us this year?":"Move 40 mailboxes by spring"}"#,
        ["Dana Fox", "d@x.example", "-", "Fox Ltd", "Move 40"],
    ),
    // Look-alikes beside the real ones.
    (
        r#"{"form_name":"Contact us","company_size":"11-50","company_website":"https://fox.example","company":"Fox Ltd","product_name":"Pro","name":"Dana Fox","cc_email":"boss@x.example","email":"d@x.example","contact_method":"phone","message_type":"sales","message":"Call me","page_url":"https://x.example/contact"}"#,
        ["Dana Fox", "d@x.example", "-", "Fox Ltd", "Call me"],
    ),
    // Form services in their own wrapping.
    (
        r#"{"formId":"f1","formName":"Contact","submission":{"submissionId":"s1","submissionTime":"2026-03-01T10:00:00Z","questions":[{"id":"a","name":"Your name","type":"ShortAnswer","value":"Dana Fox"},{"id":"b","name":"Email","type":"EmailInput","value":"d@x.example"},{"id":"c","name":"Tell us more","type":"LongAnswer","value":"Call me"}]}}"#,
        ["Dana Fox", "d@x.example", "-", "-", "Call me"],
    ),
    (
        r#"{"data":[{"title":"Name","type":"text","key":"k1","value":"Dana Fox"},{"title":"Your email","type":"email","key":"k2","value":"d@x.example"},{"title":"Mobile","type":"phone","key":"k3","value":"+1 555 0101"},{"title":"Details","type":"text","key":"k4","value":"Call me about seats"}],"form_id":"p1","trigger":"submission","submission_id":"s2"}"#,
        ["Dana Fox", "d@x.example", "+1 555 0101", "-", "Call me"],
    ),
    (
        r#"{"FormID":"9","UniqueID":"77","Name":{"value":{"first":"Dana","last":"Fox"},"field_type":"name"},"Email":{"value":"d@x.example","field_type":"email"},"Comments":{"value":"Call me","field_type":"textarea"}}"#,
        ["Dana Fox", "d@x.example", "-", "-", "Call me"],
    ),
    (
        r#"{"form":{"id":"a1","name":"New Form"},"fields":{"name":{"id":"name","type":"text","title":"Name","value":"Dana Fox","raw_value":"Dana Fox","required":"1"},"email":{"id":"email","type":"email","title":"Email","value":"d@x.example"},"message":{"id":"message","type":"textarea","title":"Message","value":"Call me"}},"meta":{"date":{"title":"Date","value":"March 1, 2026"},"remote_ip":{"title":"Remote IP","value":"203.0.113.9"}}}"#,
        ["Dana Fox", "d@x.example", "-", "-", "Call me"],
    ),
    (
        r#"{"event":"contact.created","contact":{"firstName":"Dana","lastName":"Fox","email":"d@x.example","phone":"+15550101","company":{"name":"Fox Ltd","domain":"fox.example"},"owner":{"name":"Sam Rep","email":"sam@us.example"}},"note":"Call me"}"#,
        ["Dana Fox", "d@x.example", "+15550101", "Fox Ltd", "Call me"],
    ),
    (
        r#"{"id":"34","form_id":"1","1.3":"Dana","1.6":"Fox","4":"d@x.example","2":"Fox Ltd","7":"We need 12 seats before 1 March, please call","9":"Yes","source_url":"https://x.example/"}"#,
        ["Dana Fox", "d@x.example", "-", "Fox Ltd", "We need 12"],
    ),
    (
        r#"{"answers":{"1":{"name":"fullName","text":"Full Name","type":"control_fullname","answer":{"first":"Dana","last":"Fox"},"prettyFormat":"Dana Fox"},"2":{"name":"email","text":"E-mail","type":"control_email","answer":"d@x.example"},"3":{"name":"msg","text":"How can we help?","type":"control_textarea","answer":"Call me"}},"id":"5","form_id":"6"}"#,
        ["Dana Fox", "d@x.example", "-", "-", "Call me"],
    ),
    (
        r#"{"rawRequest":"{\"slug\":\"submit/1\",\"q3_yourName\":{\"first\":\"Dana\",\"last\":\"Fox\"},\"q4_eMail\":\"d@x.example\",\"q8_phoneNumber\":{\"area\":\"555\",\"phone\":\"010 0199\"},\"q9_company\":\"Fox Ltd\",\"q12_howCan\":\"Call me about twelve seats soon\"}","formID":"1","submissionID":"2"}"#,
        ["Dana Fox", "d@x.example", "555 010 0199", "Fox Ltd", "Call me"],
    ),
    (
        r#"[{"name":"Dana Fox","email":"d@x.example","message":"Call me"}]"#,
        ["Dana Fox", "d@x.example", "-", "-", "Call me"],
    ),
    (
        r#"{"contact":{"display_name":"Dana Fox","email_addresses":["d@x.example"],"phone_numbers":[{"number":"+1 555 0101","kind":"work"}]},"account":{"name":"Fox Ltd"},"ticket":{"title":"Seats","description":"Call me"}}"#,
        ["Dana Fox", "d@x.example", "+1 555 0101", "Fox Ltd", "Call me"],
    ),
    // Things have names too; a wrapper with an address in it is no thing.
    (
        r#"{"email":"d@x.example","product":{"name":"Pro Plan"},"page":{"title":"Contact us","phone":"+1 555 0199"},"msg":"Call me"}"#,
        ["-", "d@x.example", "-", "-", "Call me"],
    ),
    (
        r#"{"form":{"name":"Dana Fox","email":"d@x.example","msg":"Call me","title":"Mr."}}"#,
        ["Dana Fox", "d@x.example", "-", "-", "Call me"],
    ),
    (
        r#"{"name":"Contact form","fields":{"Your Name":"Dana Fox","Your Email":"d@x.example","Your Message":"Call me"}}"#,
        ["Dana Fox", "d@x.example", "-", "-", "Call me"],
    ),
    (
        r#"{"id":"9","form_id":"2","date_created":"2026-03-01 10:00:00","1.3":"José","1.6":"García","2":"j@x.example","3":"Peña & Co","4":"(020) 7946 0018","5":"please call back"}"#,
        ["José García", "j@x.example", "(020) 7946 0018", "Peña & Co", "please call back"],
    ),
    // Questions of form services that keep them apart from the answers, with a group inside.
    (
        r#"{"event_id":"e","form_response":{"token":"t","definition":{"fields":[{"id":"G","title":"About you","type":"contact_info","properties":{"fields":[{"id":"a","title":"First name","type":"short_text"},{"id":"b","title":"Last name","type":"short_text"},{"id":"c","title":"Company","type":"short_text"}]}},{"id":"m","title":"Was liegt an?","type":"long_text"},{"id":"p","title":"Plan","type":"multiple_choice"}]},"answers":[{"type":"text","text":"Dana","field":{"id":"a","type":"short_text"}},{"type":"text","text":"Fox","field":{"id":"b","type":"short_text"}},{"type":"text","text":"Fox Ltd","field":{"id":"c","type":"short_text"}},{"type":"email","email":"d@x.example","field":{"id":"x","type":"email","ref":"mail"}},{"type":"text","text":"Umzug","field":{"id":"m","type":"long_text"}},{"type":"choice","choice":{"label":"Pro"},"field":{"id":"p","type":"multiple_choice"}}]}}"#,
        ["Dana Fox", "d@x.example", "-", "Fox Ltd", "Umzug"],
    ),
    (
        r#"{"eventId":"e","eventType":"FORM_RESPONSE","data":{"formName":"Anfrage","submissionId":"s","fields":[{"key":"q1","label":"Wie heißen Sie?","type":"INPUT_TEXT","value":"Dana Fox"},{"key":"q2","label":"Ihre E-Mail","type":"INPUT_EMAIL","value":"d@x.example"},{"key":"q3","label":"Erzählen Sie uns von Ihrem Vorhaben","type":"TEXTAREA","value":"Umzug"},{"key":"q4","label":"Budget","type":"INPUT_NUMBER","value":4000},{"key":"q5","label":"Datei","type":"FILE_UPLOAD","value":[{"id":"f","name":"plan.pdf","url":"https://files.example/plan.pdf","mimeType":"application/pdf"}]}]}}"#,
        ["Dana Fox", "d@x.example", "-", "-", "Umzug"],
    ),
];

#[test]
fn forms_of_many_makers() {
    let mut wrong = Vec::new();
    for (body, expected) in FORMS {
        let fields = fields(body);
        for (name, wanted) in ["name", "email", "phone", "company", "message"].iter().zip(expected) {
            let found = by_name(&fields, name);
            let good = match *wanted {
                "-" => found.is_empty(),
                start if *name == "message" => found.starts_with(start),
                whole => found == whole,
            };
            if !good {
                wrong
                    .push(format!("{name}: {found:?} for {wanted:?} in {}", body.chars().take(60).collect::<String>()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Real deliveries: who, what about, what. Each is at least told by one of the three.
#[test]
fn real_events_become_fields() {
    let told = |file: &str| {
        let case: Value =
            serde_json::from_str(&std::fs::read_to_string(data("providers").join(file)).unwrap()).unwrap();
        fields(&case["body"].to_string())
    };
    for entry in std::fs::read_dir(data("providers")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let fields = told(&name);
        assert!(fields.name.is_some() || fields.subject.is_some() || fields.text.is_some(), "{name}");
        assert!(!fields.extra.is_empty(), "{name}");
    }
    let issue = told("github__2022-11-28__issue_comment.json");
    assert_eq!((issue.name.as_deref(), issue.subject.as_deref()), (Some("hookdeckwrite"), Some("Update README.md")));
    assert_eq!(issue.text.as_deref(), Some("> Merged?\n\nYes"));
    let paid = told("stripe__2022-11-15__invoice.payment_succeeded.json");
    assert_eq!((paid.name.as_deref(), paid.email.as_deref()), (Some("Martin"), Some("hook@me.com")));
    let deal = told("pipedrive__1__added.deal.json");
    assert_eq!((deal.name.as_deref(), deal.organisation.as_deref()), (Some("Anthony Edwards"), Some("NoCo Solutions")));
    assert_eq!(told("gitlab__current__Issue Hook.json").subject.as_deref(), Some("test tissue"));
    assert_eq!(told("hubspot__current__DEAL.json").subject.as_deref(), Some("High Deal"));
}

fn list(sources: &[&str]) -> Vec<String> {
    sources.iter().map(|source| (*source).to_owned()).collect()
}

#[test]
fn the_operators_mapping_wins() {
    let body = r#"{"answers": {"who": "Dana", "whom": "Fox", "email": "wrong@x.example", "reply": "right@x.example"}, "ref": 17, "Work e-mail": ""}"#;
    let mapping = Mapping {
        name: list(&["answers.who + whom"]),
        email: list(&["Work E-Mail", "answers.reply"]),
        id: list(&["ref"]),
        ..Mapping::default()
    };
    let node = json::read(body.as_bytes()).unwrap();
    let fields = fields_of(&node, &mapping);
    assert_eq!(fields.name.as_deref(), Some("Dana Fox"));
    assert_eq!(fields.email.as_deref(), Some("right@x.example"));
    assert_eq!(recognise(&node, b"", &mapping).id.as_deref(), Some("17"));
    let left: Vec<&str> = fields.extra.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(left, ["answers.email", "ref"]);
}

#[test]
fn what_is_not_recognised_stands_beside() {
    let fields = fields(
        r#"{"email": "d@x.example", "Plan": ["Pro", "Team"], "address": {"street": "1 Main St", "city": "Bonn"}, "seats": 12.50,
            "consent": false, "empty": "", "nothing": null, "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 1}]}"#,
    );
    let expected = [
        ("Plan", "Pro, Team"),
        ("address.street", "1 Main St"),
        ("address.city", "Bonn"),
        ("seats", "12.50"),
        ("consent", "false"),
        ("items.0.sku", "a"),
        ("items.0.n", "1"),
        ("items.1.sku", "b"),
        ("items.1.n", "1"),
    ];
    let extra: Vec<(&str, &str)> = fields.extra.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
    assert_eq!(extra, expected);
}

#[test]
fn what_does_not_fit_is_counted_and_named() {
    let many: Vec<String> = (0..300).map(|n| format!("\"k{n}x\": \"v{n}\"")).collect();
    let fields = fields(&format!("{{\"long\": \"{}\", {}}}", "é".repeat(5_000), many.join(",")));
    assert_eq!(fields.extra.len(), 201);
    assert!(fields.extra.iter().all(|(label, value)| label.len() + value.len() < 5_000));
    assert!(
        fields
            .extra
            .iter()
            .any(|(label, value)| label == "long" && value.ends_with("10000 bytes stand in the delivery as it came)"))
    );
    let (label, note) = fields.extra.last().unwrap();
    assert_eq!(label, "(not shown)");
    assert!(note.starts_with("101 more values stand in the delivery as it came: k199x,"), "{note}");
}

#[test]
fn bodies_without_fields_are_text() {
    for (body, text) in [
        ("42", "42"),
        ("\"Call me\\u0000\"", "Call me\u{fffd}"),
        ("[]", "[]"),
        ("{}", "{}"),
        ("[\"a\", 1]", "a, 1"),
        ("null", "null"),
        ("\" \"", "\" \""),
    ] {
        let node = json::read(body.as_bytes()).unwrap();
        let content = recognise(&node, body.as_bytes(), &Mapping::default()).content;
        assert_eq!(content, Content::Text(text.to_owned()), "{body}");
    }
}

mod whatever_comes {
    use super::{Content, Mapping, json, recognise};
    use proptest::prelude::*;
    use serde_json::{Value, json as value};

    fn any_value() -> impl Strategy<Value = Value> {
        let key = prop_oneof!["(name|email|phone|value|label|type|answer|first|last|data|fields|0|1\\.3)", ".{0,8}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(|one| value!(one)),
            any::<i32>().prop_map(|one| value!(one)),
            ".{0,30}".prop_map(|one| value!(one))
        ];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::btree_map(key.clone(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Every text of the body is found again in the fields or the extra, however odd the body.
        #[test]
        fn no_text_is_lost(value in any_value(), marks in prop::collection::vec("[a-z]{3,9}", 1..5)) {
            let marked: Vec<String> = marks.iter().enumerate().map(|(n, mark)| format!("MARK{n}{mark}")).collect();
            let body = value!({"some": value, "marks": marked, "deep": {"er": marked.first()}}).to_string();
            let node = json::read(body.as_bytes()).unwrap();
            let shown = match recognise(&node, body.as_bytes(), &Mapping::default()).content {
                Content::Fields(fields) => serde_json::to_string(&fields).unwrap(),
                other => format!("{other:?}"),
            };
            for mark in &marked {
                prop_assert!(shown.contains(mark.as_str()) || shown.contains("(not shown)"), "{mark} of {body} in {shown}");
            }
            prop_assert!(!shown.contains('\0'));
        }
    }
}
