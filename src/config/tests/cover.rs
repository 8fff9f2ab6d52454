//! What is shown covers every key: a key that is read but not shown would leave people guessing.

use super::good;
use crate::config::keys::{Fallback, KEYS};
use crate::config::node::{self, Value};
use crate::config::show;

#[test]
fn every_key_with_a_default_is_shown() {
    // What the default has commented out.
    let more = "[[person]]\nname = 'admin'\n[[schedule]]\nname = 'w'\nkind = 'weekly_report'\npilot = 'example'\npattern = '0 9 * * *'\n\
                [[generator]]\nname = 'c'\nkind = 'openai'\nprice = { input = '1', output = '2' }\n[[tenant]]\nname = 'example'\n";
    let (document, _) = node::read(&show(&good(&format!("{}\n{more}", crate::config::DEFAULT))));
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
