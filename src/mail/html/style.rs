//! What styling hides from a person: elements that are there for machines only, and the classes a style sheet hides.
//! INVARIANT: hidden text never counts as something a person wrote or saw.

use super::token::attribute;

/// Names (`.class`, `#id`) that a style sheet of the message hides.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    names: Vec<String>,
}

/// Names taken from style sheets at most.
const NAMES: usize = 64;

impl Hidden {
    /// Learns from a style sheet.
    pub(super) fn learn(&mut self, sheet: &str) {
        for rule in sheet.split('}') {
            let Some((selectors, body)) = rule.rsplit_once('{') else { continue };
            if !hides(body) {
                continue;
            }
            for selector in selectors.split(',') {
                let selector = selector.rsplit(['{', '/', ';']).next().unwrap_or_default().trim();
                let plain = selector.get(1..).is_some_and(|name| {
                    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
                });
                // A rule inside `@media` holds for some screens only.
                if plain && selector.starts_with(['.', '#']) && !selectors.contains('@') && self.names.len() < NAMES {
                    self.names.push(selector.to_ascii_lowercase());
                }
            }
        }
    }

    /// Whether an element with these attributes is hidden.
    pub(super) fn holds(&self, attributes: &str) -> bool {
        if attributes.trim().is_empty() {
            return false;
        }
        if attribute(attributes, "style").is_some_and(hides) || attribute(attributes, "hidden").is_some() {
            return true;
        }
        if self.names.is_empty() {
            return false;
        }
        let named = |mark: char, value: &str| {
            value.split_whitespace().any(|name| {
                let name = name.to_ascii_lowercase();
                self.names.iter().any(|hidden| hidden.strip_prefix(mark) == Some(name.as_str()))
            })
        };
        attribute(attributes, "class").is_some_and(|value| named('.', value))
            || attribute(attributes, "id").is_some_and(|value| named('#', value))
    }
}

/// Whether declarations make an element invisible.
fn hides(declarations: &str) -> bool {
    let mut clipped = false;
    let mut flat = false;
    for declaration in declarations.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let value = value.replace("!important", "").trim().to_ascii_lowercase();
        let zero = {
            let figure = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            figure.parse::<f32>().is_ok_and(|figure| figure.abs() < f32::EPSILON)
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "display" if value == "none" => return true,
            "visibility" if value == "hidden" || value == "collapse" => return true,
            "mso-hide" if value == "all" => return true,
            "font-size" | "opacity" if zero => return true,
            "max-height" | "height" | "max-width" | "width" if zero => flat = true,
            "overflow" if value == "hidden" => clipped = true,
            "text-indent" | "left" | "top" | "margin-left" if value.starts_with("-9") && value.len() > 5 => {
                return true;
            }
            _ => {}
        }
    }
    flat && clipped
}
