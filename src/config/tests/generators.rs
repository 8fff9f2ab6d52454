//! Generators, prices, budgets: what is read, what is refused, and that nothing that costs is without an end.

use super::{PILOT, bad, brief, good};
use crate::config::show;
use crate::domain::limit::{AtLimit, Span};
use crate::domain::money::Micros;

/// A generator after the one pilot, which names it; its table begins at line 6.
fn with(generator: &str) -> String {
    format!("{PILOT}generators = ['cloud', 'embedded']\n[[generator]]\n{generator}")
}

const KNOWN: &str = "name='cloud'\nkind='openai'\noptions={model='gpt-4.1-mini'}\n";

fn micros(text: &str) -> Micros {
    text.parse().unwrap()
}

#[test]
fn a_generator_becomes_its_price_and_its_limits() {
    let settings = good(&with(&format!("{KNOWN}usd_per_day='5.00'\nrequests_per_minute=60\nparallel=7\n")));
    let asked = &settings.generators[0].asked;
    assert_eq!(
        (asked.name.as_str(), asked.model.as_str(), asked.parallel, asked.max_output),
        ("cloud", "gpt-4.1-mini", 7, 4096)
    );
    assert_eq!((asked.price.input, asked.price.output), (micros("0.40"), micros("1.60")));
    assert_eq!(asked.allowance.budget(Span::Day), Some(micros("5")));
    assert!(settings.generators[0].from_table && settings.notes.is_empty(), "{:?}", settings.notes);
    let pilot = &settings.pilots[0];
    assert_eq!((pilot.generators.join(" ").as_str(), pilot.at_limit), ("cloud embedded", AtLimit::FallBack));
    let shown = show(&settings);
    assert!(shown.contains("usd_per_day = \"5.00\"") && shown.contains("input = \"0.40\""), "{shown}");
    assert_eq!(show(&good(&shown)), shown, "what is shown says the same when it is read");
}

#[test]
fn a_pilot_and_a_tenant_have_limits_of_their_own() {
    let text = format!(
        "{PILOT}at_limit='hold'\ncontext='Bicycles.'\n[pilot.limits]\nusd_whole='100'\ntokens_per_minute=5\n[[tenant]]\nname='t'\nusd_per_month='1'\ntime_zone='Europe/Berlin'\n"
    );
    let settings = good(&text);
    let pilot = &settings.pilots[0];
    assert_eq!((pilot.allowance.whole, pilot.allowance.tokens_per_minute), (Some(micros("100")), Some(5)));
    assert_eq!(
        (pilot.at_limit, pilot.context.as_deref(), pilot.playbook.as_deref()),
        (AtLimit::Hold, Some("Bicycles."), None)
    );
    assert_eq!(settings.tenants[0].scope, "tenant:t");
    assert_eq!(settings.tenants[0].allowance.per_month, Some(micros("1")));
    assert_eq!(good(PILOT).pilots[0].generators, ["embedded"]);
}

#[test]
fn what_costs_needs_a_price_and_an_end() {
    let cases: &[(&str, String, &str, usize)] = &[
        ("OP-7303", with(KNOWN), "pilot[0].generators", 5),
        (
            "OP-7301",
            with("name='cloud'\nkind='openai'\nusd_per_day='1'\noptions={model='gpt-4.1-mni'}\n"),
            "generator[0].options.model",
            10,
        ),
        ("OP-7301", with("name='cloud'\nkind='openai'\nusd_per_day='1'\n"), "generator[0].options.model", 6),
        (
            "OP-7302",
            with(&format!("{KNOWN}usd_per_day='1'\nprice={{input='0', output='1'}}\n")),
            "generator[0].price",
            11,
        ),
        (
            "OP-7302",
            with(&format!("{KNOWN}usd_per_day='1'\nprice={{input='2500000', output='9000000'}}\n")),
            "generator[0].price",
            11,
        ),
        (
            "OP-1006",
            with(&format!("{KNOWN}usd_per_day='1'\nprice={{input='-1', output='1'}}\n")),
            "generator[0].price.input",
            11,
        ),
        ("OP-1006", with(&format!("{KNOWN}usd_per_day='five'\n")), "generator[0].usd_per_day", 10),
        ("OP-1004", with(&format!("{KNOWN}usd_per_day=5\n")), "generator[0].usd_per_day", 10),
        ("OP-1015", with(&format!("{KNOWN}usd_per_day='5'\nusd_per_month='4'\n")), "generator[0].usd_per_day", 10),
        ("OP-1009", with("name='cloud'\nkind='opnai'\nfree=true\n"), "generator[0].kind", 8),
        (
            "OP-1010",
            with("name='cloud'\nkind='openai'\nfree=true\noptions={bogus=1}\n"),
            "generator[0].options.bogus",
            10,
        ),
        ("OP-1003", with("name='cloud'\nkind='openai'\nfree=true\nmodel='x'\n"), "generator[0].model", 10),
        (
            "OP-1007",
            format!("{PILOT}[[generator]]\nname='embedded'\nkind='openai'\nfree=true\n"),
            "generator[0].name",
            6,
        ),
        ("OP-1008", format!("{PILOT}generators=['clod']\n"), "pilot[0].generators", 5),
        ("OP-1006", format!("{PILOT}generators=[]\n"), "pilot[0].generators", 5),
        ("OP-1007", format!("{PILOT}generators=['embedded','embedded']\n"), "pilot[0].generators", 5),
        ("OP-1006", format!("{PILOT}playbook_file='/nowhere/playbook.md'\n"), "pilot[0].playbook_file", 5),
        ("OP-1008", format!("{PILOT}[[tenant]]\nname='x'\n"), "tenant[0].name", 6),
        ("OP-7302", "[prices]\nfile='/nowhere/prices.toml'\n".to_owned(), "prices.file", 2),
    ];
    for (code, text, key, line) in cases {
        let problems = bad(text);
        // A generator that is broken leaves its pilot without a problem of its own.
        assert_eq!(brief(&problems), [(*code, *key, *line)], "{text}");
        assert!(!problems[0].help.is_empty(), "a remedy is missing: {}", problems[0]);
    }
    assert!(bad(&cases[1].1)[0].help.contains("`gpt-4.1-mini`"), "{}", bad(&cases[1].1)[0]);
}

#[test]
fn any_budget_that_is_met_is_an_end() {
    let free = with("name='cloud'\nkind='openai'\nfree=true\n");
    assert!(good(&free).generators[0].asked.price.is_free());
    good(&format!("{PILOT}generators=['cloud']\nlimits={{usd_per_day='1'}}\n[[generator]]\n{KNOWN}"));
    good(&format!("{}[[tenant]]\nname='t'\nusd_whole='1'\n", with(KNOWN)));
    let own =
        with("name='cloud'\nkind='openai'\nusd_whole='1'\nprice={input='2.5', output='10'}\noptions={model='mine'}\n");
    assert!(!good(&own).generators[0].from_table);
}
