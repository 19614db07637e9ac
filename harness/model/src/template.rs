//! Text with `${name}` or `${name|filter}`, filled from the blueprint: so that an attack fits any policy.

use std::collections::BTreeMap;

/// Why a text could not be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateError {
    /// The value exists in other circumstances, such as `scope` on a route that needs none.
    Absent(String),
    /// There is no filter of this name.
    UnknownFilter(String),
    /// There is no value of this name.
    UnknownName(String),
    /// A `${` without `}`.
    Unclosed,
}

/// Octets of the longest SPIFFE ID (SPIFFE-ID §2.3).
pub(crate) const LONGEST_NAME: usize = 2048;

/// The values that a text may name.
#[derive(Clone, Debug, Default)]
pub struct Template {
    values: BTreeMap<&'static str, Option<String>>,
}

impl Template {
    /// Makes a value known; `None` when it is absent here.
    ///
    /// ```
    /// use gatecrash_model::{Template, TemplateError};
    /// let mut template = Template::default();
    /// template.set("scope", None);
    /// assert_eq!(template.fill("${scope}"), Err(TemplateError::Absent("scope".into())));
    /// ```
    pub fn set(&mut self, name: &'static str, value: Option<String>) {
        self.values.insert(name, value);
    }

    /// Fills `text`. `Err` when it names what is not known.
    ///
    /// ```
    /// use gatecrash_model::Template;
    /// let mut template = Template::default();
    /// template.set("audience", Some("https://api.example.test".into()));
    /// assert_eq!(template.fill("${audience}/other").as_deref(), Ok("https://api.example.test/other"));
    /// assert_eq!(template.fill("${audience|chop}").as_deref(), Ok("https://api.example.tes"));
    /// ```
    pub fn fill(&self, text: &str) -> Result<String, TemplateError> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let (name, after) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
            let (name, filter) = name.split_once('|').map_or((name, None), |(name, filter)| (name, Some(filter)));
            let sum = self.sum(name)?;
            let value = match &sum {
                Some(sum) => sum.as_str(),
                None => {
                    let value = self.values.get(name).ok_or_else(|| TemplateError::UnknownName(name.into()))?;
                    value.as_deref().ok_or_else(|| TemplateError::Absent(name.into()))?
                }
            };
            filled.push_str(&match filter {
                None => value.to_string(),
                Some("chop") => {
                    let mut chopped = value.to_string();
                    chopped.pop();
                    chopped
                }
                Some("fold") => value.replacen('s', "\u{17f}", 1).replacen('k', "\u{212a}", 1),
                Some("long") => format!("{value}{}", "x".repeat(LONGEST_NAME.saturating_sub(value.len()))),
                Some("percent") => value.replacen(':', "%3A", 1),
                Some("upper") => value.to_ascii_uppercase(),
                Some(other) => {
                    crate::assistant::coded(value, other).ok_or_else(|| TemplateError::UnknownFilter(other.into()))?
                }
            });
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The value of `now`, `now+300` or `now-leeway-1`: numbers and numeric names, added up; `None` for any other name.
    fn sum(&self, text: &str) -> Result<Option<String>, TemplateError> {
        let Some(rest) = text.strip_prefix("now").filter(|rest| rest.is_empty() || rest.starts_with(['+', '-'])) else {
            return Ok(None);
        };
        let unknown = || TemplateError::UnknownName(text.into());
        let number = |name: &str| match name.parse::<i64>() {
            Ok(number) => Ok(number),
            Err(_) => {
                let value = self.values.get(name).ok_or_else(unknown)?;
                let value = value.as_deref().ok_or_else(|| TemplateError::Absent(name.into()))?;
                value.parse::<i64>().map_err(|_| unknown())
            }
        };
        let mut sum = number("now")?;
        let mut rest = rest;
        while let Some(sign) = rest.chars().next() {
            let end = rest[1..].find(['+', '-']).map_or(rest.len(), |end| end + 1);
            let addend = number(&rest[1..end])?;
            sum = if sign == '+' { sum.saturating_add(addend) } else { sum.saturating_sub(addend) };
            rest = &rest[end..];
        }
        Ok(Some(sum.to_string()))
    }
}

impl std::error::Error for TemplateError {}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TemplateError::Absent(name) => write!(f, "there is no `{name}` here"),
            TemplateError::UnknownFilter(name) => {
                write!(
                    f,
                    "unknown filter `{name}`; base64, chop, fold, hex, long, percent, reversed, rot13, spaced and upper are known"
                )
            }
            TemplateError::UnknownName(name) => write!(f, "unknown name `{name}`"),
            TemplateError::Unclosed => f.write_str("`${` without `}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn every_filter_takes_every_letter() {
        for value in ["", "é", "https://api.example.test/\u{1f6aa}", "\u{17f}\u{212a}", "a\u{301}"] {
            let mut template = Template::default();
            template.set("audience", Some(value.to_string()));
            for filter in ["base64", "chop", "fold", "hex", "long", "percent", "reversed", "rot13", "spaced", "upper"] {
                let filled = template.fill(&format!("é${{audience|{filter}}}é")).unwrap();
                assert!(filled.starts_with('é') && filled.ends_with('é'), "{filter} of {value}: {filled}");
            }
        }
    }
}
