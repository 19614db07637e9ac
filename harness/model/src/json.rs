//! A strict JSON reader (RFC 8259) that keeps duplicate members, their order and the text of numbers.

use std::borrow::Cow;

/// A JSON value as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// An array.
    Array(Vec<Json<'a>>),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A number: its value as a double, and its text.
    Number(f64, &'a str),
    /// An object, members in order, duplicates kept: name, value, and the value's text.
    Object(Vec<(Cow<'a, str>, Json<'a>, &'a str)>),
    /// A string, unescaped.
    Text(Cow<'a, str>),
}

/// Deepest nesting that every reader takes; RFC 8259 §9 lets a reader set a limit.
const DEEPEST: usize = 64;

/// Reads one value with nothing around it but white space. `None` when the text is not JSON, a string holds a lone
/// surrogate, or nesting is deeper than 64.
///
/// ```
/// use gatecrash_model::json::{Json, parse};
/// let Some(Json::Object(members)) = parse(r#"{"aud":"a","aud":"b"}"#) else { panic!("an object") };
/// assert_eq!(members.len(), 2, "duplicates are kept");
/// assert_eq!(parse("{'aud':1}"), None);
/// ```
pub fn parse(text: &str) -> Option<Json<'_>> {
    read(Reader { text, at: 0, deepest: DEEPEST, lone: false })
}

/// The same within the widest limits that a reader may set: lone surrogates are replaced (RFC 8259 §8.2), and nesting
/// may be eight times as deep (§9).
///
/// ```
/// use gatecrash_model::json::{parse, parse_widely};
/// let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
/// assert!(parse(&deep).is_none() && parse_widely(&deep).is_some());
/// ```
pub fn parse_widely(text: &str) -> Option<Json<'_>> {
    read(Reader { text, at: 0, deepest: 8 * DEEPEST, lone: true })
}

/// The same for the value of an object's member, which is one deeper.
pub(crate) fn parse_member(text: &str) -> Option<Json<'_>> {
    read(Reader { text, at: 0, deepest: 8 * DEEPEST - 1, lone: true })
}

fn read<'a>(mut reader: Reader<'a>) -> Option<Json<'a>> {
    let text = reader.text;
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    (reader.at == text.len()).then_some(value)
}

/// Quotes a string as JSON.
///
/// ```
/// assert_eq!(gatecrash_model::json::quote("a \"b\"\n"), r#""a \"b\"\u000a""#);
/// ```
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        quoted.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            control => quoted.push_str(&format!("\\u{control:04x}")),
        }
        rest = &rest[at + 1..];
    }
    quoted.push_str(rest);
    quoted.push('"');
    quoted
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    deepest: usize,
    lone: bool,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<Json<'a>> {
        if depth > self.deepest {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string().map(Json::Text),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Option<Json<'a>> {
        self.text[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn object(&mut self, depth: usize) -> Option<Json<'a>> {
        self.take(b'{')?;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}').is_some() {
            return Some(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            self.take(b':')?;
            self.space();
            let from = self.at;
            let value = self.value(depth + 1)?;
            members.push((name, value, &self.text[from..self.at]));
            self.space();
            if self.take(b',').is_none() {
                self.take(b'}')?;
                return Some(Json::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Json<'a>> {
        self.take(b'[')?;
        let mut items = Vec::new();
        self.space();
        if self.take(b']').is_some() {
            return Some(Json::Array(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b',').is_none() {
                self.take(b']')?;
                return Some(Json::Array(items));
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    fn number(&mut self) -> Option<Json<'a>> {
        let from = self.at;
        let _ = self.take(b'-');
        if self.take(b'0').is_none() {
            self.digits()?;
        }
        if self.take(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = &self.text[from..self.at];
        Some(Json::Number(text.parse().ok()?, text))
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"')?;
        // Borrowed until something in it is escaped.
        let mut string = Cow::Borrowed("");
        loop {
            // All that stands for itself is taken at once; what ends it is ASCII.
            let rest = &self.text[self.at..];
            let plain = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
            string += &rest[..plain];
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' => return Some(string),
                b'\\' => string.to_mut().push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex()?;
                if !(0xD800..0xE000).contains(&high) {
                    return char::from_u32(high);
                }
                if self.lone && !self.text[self.at..].starts_with("\\u") {
                    return Some(char::REPLACEMENT_CHARACTER);
                }
                self.take(b'\\')?;
                self.take(b'u')?;
                let low = self.hex()?;
                let pair = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
                return pair.then(|| char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))?;
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, parse};

    #[test]
    fn reads_what_the_grammar_allows_and_nothing_else() {
        for good in ["{}", " [1, 2.5e3,-0] ", "\"\\u00e9\\ud83d\\ude00\"", "{\"a\":1,\"a\":2}", "1e400"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "{",
            "01",
            "1.",
            ".5",
            "+1",
            "NaN",
            "'a'",
            "[1,]",
            "{} x",
            "\"\\ud800\"",
            "\"\n\"",
            "0x1",
            "\u{feff}{}",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn keeps_duplicates_in_order() {
        let Some(Json::Object(members)) = parse("{\"\\u0061\": 1 ,\"a\":\"x\"}") else { panic!("an object") };
        let seen: Vec<(&str, &str)> = members.iter().map(|(name, _, text)| (name.as_ref(), *text)).collect();
        assert_eq!(seen, [("a", "1"), ("a", "\"x\"")]);
    }
}
