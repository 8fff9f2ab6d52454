//! The page of every error code, compiled in: a machine that shows a code has its explanation, whatever else it lacks. Own file because
//! command line and web show the same pages.

use include_dir::{Dir, include_dir};

static ERRORS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/docs/errors");

/// The page of a code such as `OP-2101`, in Markdown; capital or small letters, `None` when there is no such code.
#[must_use]
pub fn of_error(code: &str) -> Option<&'static str> {
    let code = code.to_ascii_uppercase();
    let digits = code.strip_prefix("OP-")?;
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    ERRORS.get_file(format!("{code}.md"))?.contents_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_by_its_code() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
        let mut found = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let code = path.file_stem().unwrap().to_string_lossy().into_owned();
            if code != "README" {
                assert_eq!(of_error(&code).unwrap(), std::fs::read_to_string(&path).unwrap(), "{code}");
                found += 1;
            }
        }
        assert!(found > 200, "{found}");
        assert!(of_error("op-1001").is_some());
    }

    #[test]
    fn what_is_no_code_has_no_page() {
        for odd in ["", "OP-", "OP-0000", "README", "OP-10011", "../errors/OP-1001", "OP-1001.md", "OP-１００１"] {
            assert_eq!(of_error(odd), None, "{odd}");
        }
    }
}
