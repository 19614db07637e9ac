//! Cases against the reference server. An input is the text of a case file, as corpus and crashes are.
#![no_main]

use gatecrash::fuzzing::Fuzzed;
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};

thread_local! {
    static FUZZED: Fuzzed = match gatecrash_gallery::exhibits().map(|exhibits| exhibits.into_iter().next()) {
        Ok(Some(reference)) => match Fuzzed::new(&reference.target) {
            Ok(fuzzed) => fuzzed,
            Err(error) => panic!("{error}"),
        },
        Ok(None) => panic!("there is no gate"),
        Err(error) => panic!("{error}"),
    };
}

fuzz_target!(|text: &str| -> Corpus {
    match FUZZED.with(|fuzzed| fuzzed.attempt(text)) {
        Ok(true) => Corpus::Keep,
        Ok(false) => Corpus::Reject,
        Err(finding) => panic!("{finding}"),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let text = FUZZED.with(|fuzzed| fuzzed.mutate(&data[..size], seed));
    // What does not fit is left as it was.
    if text.len() > max_size.min(data.len()) {
        return size;
    }
    data[..text.len()].copy_from_slice(text.as_bytes());
    text.len()
});
