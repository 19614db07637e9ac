//! Bad input by the hundred: for each format that a person writes, values of other types, sizes, letters and structure.
//! No panic, one error that names the file, and no acceptance of what cannot be meant.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gatecrash::{input::parse_policy, report::Known};

use crate::support::night;

const POLICY: &str = gatecrash_gallery::POLICY;
const CASE: &str = "format = 3\n\n[[steps]]\nstance = { complete = \"alice\" }\nroute = \"GET /v1/whoami\"\nmutations = [{ drop-claim = \"aud\" }]\n";
const KNOWN: &str = "format = 2\n\n[[known]]\nfingerprint = \"063e974559c0\"\nreason = \"tokens come later\"\nowner = \"platform\"\nexpires = 2999-01-31\n";

/// What stands in place of a value. None of it is of the right type, or of a size that can be meant.
const WRONG: [&str; 12] = [
    "[]",
    "{}",
    "{ a = { b = [[[[[[[[1]]]]]]]] } }",
    "-9223372036854775808",
    "1e400",
    "nan",
    "1979-05-27T07:32:00Z",
    "\"\\u0000\"",
    "\"\\n\"",
    "''",
    "\"\u{202e}\u{1f6aa}\u{301}\"",
    "[[\"a\"], 1, {}]",
];

/// What is thrown into a text anywhere.
const NOISE: [&str; 12] =
    ["\0", "\r", "\u{feff}", "\"", "'''", "[[", "]", "=", "\u{1f6aa}", "\u{2028}", "[steps]\n", "format = 9\n"];

fn next(state: &mut u64) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 27)) >> 8) as usize
}

/// A text with one change, and whether it can still be meant.
fn broken(text: &str, state: &mut u64) -> (String, bool) {
    let lines: Vec<&str> = text.lines().collect();
    let at = next(state) % lines.len();
    let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let mut may_be_meant = true;
    match next(state) % 6 {
        0 | 1 => {
            // Another value.
            let with_values: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains(" = ")).collect();
            let at = with_values[next(state) % with_values.len()];
            let (key, _) = lines[at].split_once(" = ").unwrap();
            changed[at] = format!("{key} = {}", WRONG[next(state) % WRONG.len()]);
        }
        2 => {
            let mut place = next(state) % (lines[at].len() + 1);
            while !lines[at].is_char_boundary(place) {
                place -= 1;
            }
            changed[at].insert_str(place, NOISE[next(state) % NOISE.len()]);
        }
        // A key that nobody knows.
        3 => {
            changed.insert(at, "no-such-key = 1".into());
            may_be_meant = false;
        }
        // Half a file.
        4 => changed.truncate(at),
        _ => {
            changed[at] = lines[at].repeat(2 + next(state) % 2000);
        }
    }
    (changed.join("\n"), may_be_meant)
}

/// Reads so many broken texts; how many were refused.
fn read(seed: u64, text: &str, cases: usize, parse: &dyn Fn(&str) -> Result<(), String>) -> usize {
    let mut state = seed;
    let mut refused = 0;
    assert_eq!(parse(text), Ok(()), "the text that is broken is sound");
    for _ in 0..cases {
        let (input, may_be_meant) = broken(text, &mut state);
        let read = catch_unwind(AssertUnwindSafe(|| parse(&input)));
        let read = read.unwrap_or_else(|_| panic!("a panic on:\n{input}"));
        match read {
            Err(error) => {
                assert!(error.starts_with("file.toml"), "{error:?} does not name its file, on:\n{input}");
                refused += 1;
            }
            Ok(()) => assert!(may_be_meant, "accepted:\n{input}"),
        }
    }
    refused
}

#[test]
fn no_text_makes_a_reader_panic() {
    let cases = if night() { 20_000 } else { 300 };
    let policy = |text: &str| parse_policy("file.toml", text).map(drop).map_err(|error| error.to_string());
    let case =
        |text: &str| gatecrash::corpus::parse_entry("file.toml", text).map(drop).map_err(|error| error.to_string());
    let known = |text: &str| Known::parse("file.toml", text).map(drop).map_err(|error| error.to_string());
    for (seed, text, parse) in
        [(1, POLICY, &policy as &dyn Fn(&str) -> Result<(), String>), (2, CASE, &case), (3, KNOWN, &known)]
    {
        let refused = read(seed, text, cases, parse);
        assert!(refused * 2 > cases, "{refused} of {cases} refused: most of it cannot be meant");
    }
}
