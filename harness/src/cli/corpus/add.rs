//! `corpus add`: a crash becomes a regression.

use super::arguments::AddOptions;
use crate::attacks::casefile;
use crate::cli::out::{say, say_line};
use crate::{
    attacks::casefile::{Surface, What, write_entry},
    attacks::input::InputError,
    campaign::specimen::Exhibit,
    cli::{Failure, artefact},
    engines::fuzzing::Fuzzer,
};

pub(super) fn add(exhibit: &Exhibit, command: &str, options: &AddOptions) -> Result<u8, Failure> {
    let entry = artefact::read(&options.crash, options.target)?;
    let shown = options.crash.display();
    let (surface, input) = match &entry.what {
        What::Case(case) => (Surface::Case, crate::attacks::casefile::write_case(case).into_bytes()),
        What::Raw { target, bytes } => (*target, bytes.clone()),
    };
    let id = slug(&options.title);
    if id.is_empty() {
        return Err(Failure::Usage("--title has no letter that a file name can hold".into()));
    }
    let file = options.out.join(format!("{id}.toml"));
    if file.exists() {
        return Err(InputError::of(file.display().to_string(), "is there already; give another --title").into());
    }
    let mut fuzzer = Fuzzer::new(surface, exhibit, command, true)?;
    let story = match fuzzer.attempt(&input) {
        Err(story) => story,
        Ok(true) => {
            let fault =
                format!("shows nothing on gate `{}`; name the gate that it was found on with --gate", exhibit.name);
            return Err(InputError::of(shown.to_string(), fault).into());
        }
        Ok(false) => {
            return Err(InputError::of(shown.to_string(), format!("is no input of target `{surface}`")).into());
        }
    };
    let Some(mut kept) = story.entry.clone() else {
        say!("{story}");
        return Ok(3);
    };
    if let Some(about) = &mut kept.about {
        about.title.clone_from(&options.title);
    }
    say!("{story}");
    casefile::write(&file, write_entry(&kept).as_bytes())?;
    say_line!("\nWrote {}. `cargo test` replays it from now on; commit it.", file.display());
    Ok(0)
}

/// A title as a file name.
fn slug(title: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let text: String = title.chars().map(letter).collect();
    let words: Vec<&str> = text.split('-').filter(|word| !word.is_empty()).collect();
    let mut id = words.join("-");
    id.truncate(80);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_file_names() {
        assert_eq!(slug("A token: for ../anybody!"), "a-token-for-anybody");
        assert_eq!(slug("…"), "");
    }
}
