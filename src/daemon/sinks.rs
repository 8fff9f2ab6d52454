//! Building the configured sinks, and saying which of them cannot be used. Own file because it is all that the daemon knows of them.
//! INVARIANT: a sink that cannot be built stops nobody from working: what would go there is left out of plans, with the reason.

use crate::access::{Access, AccessError};
use crate::clock::Clock;
use crate::config::{Settings, SinkSettings};
use crate::plan::{self, Planner, Slot};
use crate::store::StoreError;
use crate::web::Check;
use crate::writeback::{Options, Pace, Who, Writeback};
use opspilot_sdk::{BuildContext, Sink};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Builds every configured sink, which reads its secrets and connects to nothing, and puts the rules of the pilots to them.
#[must_use]
pub fn sinks_built(settings: &Settings, clock: &Arc<dyn Clock>) -> Planner {
    let slot = |sink: &SinkSettings| -> Slot {
        let context = BuildContext {
            name: sink.name.clone(),
            data_dir: settings.data_dir.clone(),
            clock: Arc::clone(clock) as Arc<dyn opspilot_sdk::Clock>,
        };
        sink.prepared.build(context).map_err(|cause| cause.to_string())
    };
    let slots: BTreeMap<String, Slot> = settings.sinks.iter().map(|sink| (sink.name.clone(), slot(sink))).collect();
    Planner::new(settings.rules.iter().cloned(), slots)
}

/// How much goes to each sink.
pub(super) fn options(settings: &Settings) -> Options {
    let pace = |sink: &SinkSettings| Pace {
        parallel: usize::try_from(sink.parallel).unwrap_or(usize::MAX),
        per_minute: sink.requests_per_minute.and_then(NonZeroU32::new),
    };
    Options { paces: settings.sinks.iter().map(|sink| (sink.name.clone(), pace(sink))).collect(), ..Options::default() }
}

/// People as they are now, by identifier.
pub(super) fn who(access: Access) -> Who {
    Arc::new(move |id| {
        let access = access.clone();
        Box::pin(async move {
            access.person(&id).await.map_err(|cause| match cause {
                AccessError::Store(cause) => cause,
                // A role that is none gives no right.
                _ => StoreError::NotFound { what: "user", id },
            })
        })
    })
}

/// What of its actions a built sink would not take, each with the place of the action: pure, nothing is connected to.
#[must_use]
pub fn doubts(settings: &Settings, sink: &SinkSettings, built: &dyn Sink) -> Vec<String> {
    let example = sink.prepared.carries().and_then(|carries| carries.record.as_deref());
    let own = settings.rules.iter().enumerate().filter(|(_, rule)| rule.sink == sink.name);
    let doubt = |(index, rule)| {
        plan::rehearsed(rule, built, example).map(|why| format!("`action[{index}]` would always be left out: {why}"))
    };
    own.filter_map(doubt).collect()
}

/// Writes into the log what people should know before anything is planned.
pub(super) fn tell(settings: &Settings, planner: &Planner) {
    for sink in &settings.sinks {
        match planner.sink(&sink.name) {
            Some(Ok(built)) => doubts(settings, sink, built.as_ref())
                .iter()
                .for_each(|doubt| tracing::warn!(sink = sink.name, "{doubt}")),
            Some(Err(cause)) => tracing::warn!(sink = sink.name, "the sink cannot be used: {cause}"),
            None => {}
        }
    }
}

/// What `/readyz` tells about sinks that cannot be used.
pub(super) fn checks(planner: &Planner, writeback: &Writeback) -> Vec<Check> {
    let sides = writeback.sides();
    let check = |(name, slot): (&str, &Slot)| {
        let fault = sides.get(name).and_then(|side| side.fault.clone());
        let fault = slot.as_ref().err().map(|cause| format!("cannot be used: {cause}")).or(fault);
        Check { name: format!("sink {name}"), ok: fault.is_none(), detail: fault.unwrap_or("can be used".to_owned()) }
    };
    planner.sinks().map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{given, sinks};
    use crate::clock::{Clock, SystemClock};
    use crate::config::{DEFAULT, Settings, parse};
    use crate::plan::Template;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn judged(text: &str) -> Result<Settings, String> {
        let env = [("OPSPILOT_STORE_ADDRESS", "postgres://opspilot:x@db.internal/opspilot?sslmode=verify-full")];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        parse(text, "opspilot.toml", Path::new("/base"), env, &given()).map_err(|problems| problems.to_string())
    }

    #[test]
    fn what_is_shipped_fits_the_real_sinks() {
        let mut rules = 0;
        for entry in std::fs::read_dir(root().join("config/examples")).unwrap().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let settings = judged(&text).unwrap_or_else(|why| panic!("{}: {why}", entry.path().display()));
            assert!(settings.notes.is_empty(), "{:?}", settings.notes);
            rules += settings.rules.len();
        }
        assert!(rules >= 3);
        let page = std::fs::read_to_string(root().join("docs/actions.md")).unwrap();
        let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let settings = judged(example).unwrap();
        assert_eq!((settings.sinks.len(), settings.rules.len()), (1, 1));
        for name in Template::names() {
            assert!(page.contains(&format!("{{{name}}}")), "docs/actions.md does not name `{{{name}}}`");
        }
    }

    /// The sinks of the default are commented out, and whole: they are read as an operator would who takes the `# ` away.
    #[test]
    fn the_sinks_of_the_default_are_such_as_there_are() {
        let (_, writing) = DEFAULT.split_once("# # Its name: 1 to 64 lowercase letters, digits, `.`, `_` or `-`. Needed. Do not change it later, or what was written").unwrap();
        let instead = ["record_id = ", "to_address = ", "above_usd = "];
        let taken_in: Vec<&str> = std::iter::once("[[sink]]")
            .chain(writing.lines().skip(1).map(|line| line.strip_prefix("# ").unwrap_or(line)))
            .filter(|line| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')))
            .filter(|line| !instead.iter().any(|key| line.starts_with(key)))
            .collect();
        let settings = judged(&format!("{DEFAULT}\n{}\n", taken_in.join("\n"))).unwrap();
        assert_eq!((settings.sinks.len(), settings.rules.len()), (2, 3));
    }

    #[test]
    fn every_kind_has_its_page_and_a_sink_without_its_secret_says_so() {
        let handbook = std::fs::read_to_string(root().join("docs/actions.md")).unwrap();
        for kind in sinks().kinds().collect::<Vec<_>>() {
            assert!(root().join(format!("docs/sinks/{kind}.md")).is_file(), "`{kind}` has no page");
            assert!(handbook.contains(&format!("(sinks/{kind}.md)")), "docs/actions.md does not name `{kind}`");
        }
        let text = std::fs::read_to_string(root().join("config/examples/writeback.toml")).unwrap();
        let settings = judged(&text).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let planner = super::sinks_built(&settings, &clock);
        let why = planner.sink("redmine").unwrap().as_ref().err().unwrap();
        assert!(why.contains("/run/credentials/opspilot.service/redmine"), "{why}");
        assert!(planner.plans("northwind-desk"));
    }

    #[test]
    fn the_start_tells_of_an_action_that_its_sink_would_never_take() {
        let folder = tempfile::tempdir().unwrap();
        let key: PathBuf = folder.path().join("key");
        std::fs::write(&key, "0123456789abcdef0123456789abcdef01234567\n").unwrap();
        let text = std::fs::read_to_string(root().join("config/examples/writeback.toml")).unwrap();
        let text = text.replace("/run/credentials/opspilot.service/redmine", &key.display().to_string());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let doubts = |text: &str| {
            let settings = judged(text).unwrap();
            let planner = super::sinks_built(&settings, &clock);
            super::doubts(&settings, &settings.sinks[0], planner.sink("redmine").unwrap().as_ref().unwrap().as_ref())
        };
        assert_eq!(doubts(&text), Vec::<String>::new());
        let wrong = doubts(&text.replace("high = \"High\"", "high = \"Hihg\""));
        assert!(wrong.len() == 1 && wrong[0].contains("`action[2]`") && wrong[0].contains("Hihg"), "{wrong:?}");
    }
}
