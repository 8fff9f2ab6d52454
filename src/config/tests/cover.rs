//! What is shown covers every key: a key that is read but not shown would leave people guessing.

use super::good;
use crate::config::keys::{Fallback, KEYS};
use crate::config::node::{self, Value};
use crate::config::show;

#[test]
fn every_key_with_a_default_is_shown() {
    // What the default has commented out.
    let more = "[[person]]\nname = 'admin'\n[[schedule]]\nname = 'w'\nkind = 'weekly_report'\npilot = 'example'\npattern = '0 9 * * *'\n\
                [[generator]]\nname = 'c'\nkind = 'openai'\nprice = { input = '1', output = '2' }\n[[tenant]]\nname = 'example'\n\
                [[provider]]\nname = 'p'\nissuer = 'https://id.example'\nclient_id = 'c'\nclient_secret_env = 'E'\n\
                [[sink]]\nname = 'd'\nkind = 'redmine'\n[[action]]\npilot = 'example'\nsink = 'd'\nkind = 'event'\nto = 'sender'\n\
                [[trigger]]\nname = 't'\npilot = 'example'\nwatch = 'uncertain'\nabove = 0\n";
    let terms = "[pilot.automation]\nkinds = ['event']\nmin_reviewed = 1\nmin_approval_percent = 1\nmax_edit_percent = 1\nmax_incidents = 1\n\
                 min_catch_percent = 1\n[pilot.boundary]";
    let text = crate::config::DEFAULT.replacen("\n[pilot.boundary]", &format!("\n{terms}"), 1);
    let (document, _) = node::read(&show(&good(&format!("{text}\n{more}"))));
    for key in KEYS.iter().filter(|key| !matches!(key.fallback, Fallback::Without(_))) {
        let mut node = Some(&document);
        for name in key.section.split('.').filter(|name| !name.is_empty()) {
            node = node.and_then(|node| node.get(name));
            if let Some(Value::List(list)) = node.map(|node| &node.value) {
                node = list.first();
            }
        }
        assert!(node.and_then(|node| node.get(key.name)).is_some(), "`{}.{}` is not shown", key.section, key.name);
    }
}
