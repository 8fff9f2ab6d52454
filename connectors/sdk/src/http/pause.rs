//! How long a far side asks to be left alone. Own file because headers of three kinds say it, and because it is text from outside.
//! INVARIANT: at most a day, whatever stands there.

use jiff::Timestamp;
use std::time::Duration;

/// The longest pause that is believed.
const MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), or `retry-after-ms`, which some vendors send beside it and mean.
/// Neither readable: `None`. A date that has passed: no pause.
pub(crate) fn pause(seconds_or_date: Option<&str>, millis: Option<&str>, now: Timestamp) -> Option<Duration> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| *number >= 0.0 && number.is_finite());
    let bounded = |seconds: f64| Duration::from_secs_f64(seconds.min(MOST.as_secs_f64()));
    if let Some(millis) = millis.and_then(number) {
        return Some(bounded(millis / 1000.0));
    }
    let text = seconds_or_date?.trim();
    if let Some(seconds) = number(text) {
        return Some(bounded(seconds));
    }
    let until = date(text)?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO).min(MOST))
}

/// `IMF-fixdate`, or the two older forms that must still be read.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(at) = jiff::fmt::rfc2822::parse(text) {
        return Some(at.timestamp());
    }
    ["%a %b %e %H:%M:%S %Y", "%A, %d-%b-%y %H:%M:%S GMT"].into_iter().find_map(|form| {
        let at = jiff::civil::DateTime::strptime(form, text).ok()?;
        at.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::pause;
    use std::time::Duration;

    #[test]
    fn seconds_and_dates() {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        let read = |text: &str| pause(Some(text), None, now);
        let seconds = |count| Some(Duration::from_secs(count));
        for text in [
            "37",
            " 37 ",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(read(text), seconds(37), "{text}");
        }
        assert_eq!(read("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(read("Sun, 06 Nov 1994 08:48:00 GMT"), seconds(0));
        assert_eq!(read("99999999999999999999"), seconds(86_400));
        assert_eq!(read("Wed, 06 Nov 2222 08:49:37 GMT"), seconds(86_400));
        for text in ["", "-1", "soon", "NaN", "inf", "Sun, 06 Nov"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(pause(Some("2"), Some("1500"), now), Some(Duration::from_millis(1500)));
        assert_eq!(pause(Some("2"), Some("x"), now), seconds(2));
    }
}
