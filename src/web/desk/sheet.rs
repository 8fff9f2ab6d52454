//! Tables as files for a spreadsheet (RFC 4180). Own file because a list and a chart are taken along alike. INVARIANT: no cell begins as a
//! formula (OWASP "CSV Injection"); what a page masks, its file masks.

use crate::domain::id::BriefId;
use crate::policy::Action;
use crate::review::Particulars;
use crate::store::BriefRow;
use crate::web::answer::Answer;
use crate::web::api::briefs;
use crate::web::call::Call;
use crate::web::problem::Refused;
use axum::http::{HeaderValue, StatusCode, header};

/// One cell, quoted; what a spreadsheet would take for a formula has an apostrophe before it.
fn cell(text: &str) -> String {
    const RISKY: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠'];
    let text = text.replace(['\r', '\0'], " ");
    let number = text.parse::<f64>().is_ok_and(f64::is_finite);
    let risky = !number && text.trim_start().starts_with(RISKY);
    format!("\"{}{}\"", if risky { "'" } else { "" }, text.replace('"', "\"\""))
}

/// A table as a file to be kept.
pub(in crate::web) fn file(name: &str, head: &[&str], rows: &[Vec<String>]) -> Result<Answer, Refused> {
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let mut text = line(head.iter().map(|name| cell(name)).collect());
    for row in rows {
        text.push_str(&line(row.iter().map(|text| cell(text)).collect()));
    }
    let name = HeaderValue::try_from(format!("attachment; filename=\"{name}.csv\""));
    let name = name.map_err(|cause| Refused::fault(cause.to_string()))?;
    Ok(Answer::new(StatusCode::OK, "text/csv; charset=utf-8", text).header(header::CONTENT_DISPOSITION, name))
}

const HEAD: [&str; 11] =
    ["brief", "request", "pilot", "state", "band", "score", "risk", "subject", "held by", "waits since", "received"];

/// Briefs of the queue as a table; those chosen that are not there, or not the caller's to see, are refused as anywhere.
pub(super) async fn queue(call: &Call, chosen: &[BriefId]) -> Result<Answer, Refused> {
    let web = &call.app.web;
    let now = web.clock.now();
    let mut rows = Vec::new();
    for id in chosen {
        let row: BriefRow = web.store.brief(id).await?;
        call.see(Action::BriefRead, &briefs::seen(&row))?;
        let request = web.store.request(&id.request()).await?.request;
        let boundary = web.boundaries.get(&row.pilot);
        let particulars = boundary.map(|boundary| Particulars::of(&request, boundary)).unwrap_or_default();
        let holder = match row.claim.as_ref().filter(|(_, until)| *until > now) {
            Some((by, _)) => web.store.person(by).await.map_or_else(|_| by.clone(), |person| person.name),
            None => String::new(),
        };
        let band = crate::brief::Score::new(u8::try_from(row.score).unwrap_or(100)).map(crate::brief::Score::band);
        rows.push(vec![
            row.id.to_string(),
            request.id.to_string(),
            row.pilot.clone(),
            row.state.as_str().to_owned(),
            band.map_or("", crate::brief::Band::as_str).to_owned(),
            row.score.to_string(),
            row.risk.clone(),
            particulars.subject.unwrap_or_default(),
            holder,
            row.opened_at.to_string(),
            request.received_at.to_string(),
        ]);
    }
    file("queue", &HEAD, &rows)
}

#[cfg(test)]
mod tests {
    use super::cell;
    use proptest::prelude::*;

    #[test]
    fn numbers_stay_numbers() {
        assert_eq!(["-3.5", "=1+1", "a\"b", "-x"].map(cell), ["\"-3.5\"", "\"'=1+1\"", "\"a\"\"b\"", "\"'-x\""]);
    }

    proptest! {
        #[test]
        fn no_cell_is_a_formula(text in "[ =+@'\t\n\r\",a-c0-]{0,12}") {
            let cell = cell(&text);
            let inner = cell[1..cell.len() - 1].replace("\"\"", "\"");
            let begins = inner.trim_start().starts_with(['=', '+', '-', '@', '\t', '\n']);
            prop_assert!(!begins || inner.parse::<f64>().is_ok(), "{}", cell);
            prop_assert!(!inner.contains('\r'));
        }
    }
}
