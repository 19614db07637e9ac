//! The bodies of the fuzz targets, without the engine: mutator, crossover, raw oracle, and the story of a crash.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash::{
    campaign::check::FindingKind,
    fuzzing::{Dice, Fuzzer, MOST_MUTATIONS, Mutator, Seeds, Surface, seeds},
    input::parse_case,
    model::{Draw as _, Scene, resolve, vocabulary},
};

use crate::support::{blueprint, cases, exhibit};

const ROOM: usize = 4096;

fn structured() -> impl Iterator<Item = Surface> {
    Surface::ALL.iter().copied().filter(|surface| !surface.is_raw())
}

/// Follows the mutator from nothing, with a crossover now and then, and hands every output to `see`.
fn follow(surface: Surface, count: u32, mut see: impl FnMut(&str)) {
    let mutator = Mutator::new(surface, &blueprint(), vec![Scene::Usual, Scene::StaleCrl]);
    let mut pool = vec![String::new()];
    for seed in 0..count {
        let mut dice = Dice::new(u64::from(seed));
        let one = dice.pick(&pool).cloned().unwrap();
        let text = match seed % 4 {
            0 => {
                let other = dice.pick(&pool).cloned().unwrap();
                mutator.cross(one.as_bytes(), other.as_bytes(), seed, ROOM)
            }
            _ => mutator.mutate(one.as_bytes(), seed, ROOM),
        };
        see(&text);
        match pool.len() < 64 {
            true => pool.push(text),
            false => {
                let at = dice.below(64);
                pool[at] = text;
            }
        }
    }
}

#[test]
fn every_output_is_a_bounded_case_of_its_surface() {
    for surface in structured() {
        follow(surface, cases(6000), |text| {
            let case = parse_case("mutant", text).unwrap();
            assert!(case.mutations().count() <= MOST_MUTATIONS, "{text}");
            assert!(surface.allows_case(&case), "{surface}: {text}");
            let blueprint = gatecrash::model::Blueprint { scene: case.scene, ..blueprint() };
            let first = case.attempts().next().unwrap();
            assert!(resolve(first, &blueprint).is_ok(), "{text}");
            assert!(text.len() <= ROOM);
        });
    }
}

#[test]
fn every_kind_of_mutation_stance_route_and_scene_is_reachable() {
    let words = vocabulary(&blueprint());
    let mut all = BTreeSet::new();
    for surface in structured() {
        let (mut kinds, mut stances, mut routes, mut scenes) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        // The longer its vocabulary, the longer it takes to come to each word.
        follow(surface, if surface == Surface::Request { 40_000 } else { 12_000 }, |text| {
            let case = parse_case("mutant", text).unwrap();
            kinds.extend(case.mutations().map(|mutation| mutation.kind()));
            stances.extend(case.attempts().map(|step| step.stance.name()));
            routes.extend(case.attempts().map(|step| step.route.clone()));
            scenes.insert(case.scene);
        });
        let known = words.iter().filter(|word| surface.allows(word)).map(|word| word.kind());
        let missing: Vec<&str> = known.filter(|kind| !kinds.contains(kind)).collect();
        assert_eq!(missing, [""; 0], "{surface}");
        assert_eq!(stances.len(), 8, "{surface}: {stances:?}");
        assert_eq!(routes.len(), blueprint().policy.routes.len(), "{surface}");
        assert_eq!(scenes.len(), if surface == Surface::Case { 2 } else { 1 }, "{surface}");
        if surface != Surface::Case {
            all.extend(kinds);
        }
    }
    let homeless: Vec<&str> = words.iter().map(|word| word.kind()).filter(|kind| !all.contains(kind)).collect();
    assert_eq!(homeless, [""; 0], "every kind of mutation belongs to a limited target");
}

#[test]
fn parameters_move_beyond_the_vocabulary() {
    let words = vocabulary(&blueprint());
    let mut beyond = BTreeSet::new();
    follow(Surface::Case, 4000, |text| {
        let case = parse_case("mutant", text).unwrap();
        beyond.extend(case.mutations().filter(|it| !words.contains(it)).map(|it| it.kind()));
    });
    assert!(beyond.len() > 8, "{beyond:?}");
}

#[test]
fn one_seed_makes_one_mutant() {
    let run = || {
        let mut texts = Vec::new();
        follow(Surface::Case, 200, |text| texts.push(text.to_string()));
        texts
    };
    assert_eq!(run(), run());
}

#[test]
fn little_room_is_kept_to() {
    let mutator = Mutator::new(Surface::Case, &blueprint(), vec![Scene::Usual]);
    for seed in 0..200 {
        let text = mutator.mutate(b"", seed, 160);
        assert!(text.len() <= 160, "{text}");
    }
}

/// As libFuzzer's own mutator would: octets flipped, dropped, doubled, inserted.
fn engine(data: &mut [u8], size: usize, most: usize) -> usize {
    thread_local! {
        static TURN: std::cell::Cell<u64> = const { std::cell::Cell::new(7) };
    }
    TURN.set(TURN.get() + 1);
    let mut dice = Dice::new(TURN.get());
    let mut bytes = data[..size].to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len());
        match dice.below(4) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            2 => bytes.insert(at, dice.below(256) as u8),
            _ => {
                let piece = bytes[at..(at + 16).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes.truncate(most);
    data[..bytes.len()].copy_from_slice(&bytes);
    bytes.len()
}

/// Seeds and battered seeds of every target, on one gate: the story of the first finding of each.
fn fuzz(gate: &str, surface: Surface, count: usize) -> (Fuzzer, Option<Box<gatecrash::fuzzing::Story>>) {
    let exhibit = exhibit(gate);
    let inputs: Vec<Vec<u8>> = seeds(surface, &exhibit, Seeds::Controls).unwrap().into_values().collect();
    assert!(!inputs.is_empty(), "{surface}");
    let mut fuzzer = Fuzzer::new(surface, &exhibit, "cargo gatecrash", true).unwrap();
    let mut pool = inputs.clone();
    for at in 0..count {
        let mut input = pool[at % pool.len()].clone();
        if at >= inputs.len() {
            let size = input.len();
            input.resize(ROOM.max(size), 0);
            let size = fuzzer.mutate(&mut input, size, ROOM, at as u32, engine);
            input.truncate(size);
            if at % 4 == 0 && pool.len() < 512 && !surface.is_raw() {
                pool.push(input.clone());
            }
        }
        if let Err(story) = fuzzer.attempt(&input) {
            return (fuzzer, Some(story));
        }
    }
    (fuzzer, None)
}

#[test]
fn the_reference_server_stands_and_no_target_dies_in_parsing() {
    for &surface in Surface::ALL {
        let (fuzzer, story) = fuzz("reference", surface, cases(3000) as usize);
        if let Some(story) = story {
            panic!("{story}");
        }
        let reached = fuzzer.reached();
        assert!(reached.rejected * 4 < reached.inputs, "{reached}");
        // A chain of other bytes is seldom one that leads to an anchor, and the rest must be refused in the handshake.
        let one_in = if surface == Surface::RawCertificate { 50 } else { 25 };
        assert!(reached.reached[0] * one_in > reached.inputs, "{reached}");
    }
}

#[test]
fn raw_targets_find_what_lets_raw_bytes_in() {
    for (gate, surface) in [
        ("signature-ignored", Surface::RawToken),
        ("signature-ignored", Surface::RawAuthorization),
        ("no-header-passes", Surface::RawHttp),
        ("optional-claims", Surface::RawToken),
    ] {
        let (_, story) = fuzz(gate, surface, 4000);
        let story = story.unwrap_or_else(|| panic!("{surface} finds nothing at {gate}"));
        assert_eq!(story.kind, Some(FindingKind::Breach), "{story}");
        let text = story.to_string();
        let commands =
            ["cargo gatecrash replay --gate", "cargo fuzz run -s none", "corpus add", "CWE-", "RFC ", "fix ", "base64"];
        for piece in commands {
            assert!(text.contains(piece), "{piece}: {text}");
        }
        // What is left is enough, and no smaller half is.
        let mut again = Fuzzer::new(surface, &exhibit(gate), "", false).unwrap();
        let replay = again.replay_raw(&story.input).unwrap();
        assert!(replay.iter().any(|depth| !depth.disagreements.is_empty()), "{text}");
    }
}

#[test]
fn a_crash_of_a_case_tells_its_story() {
    let (_, story) = fuzz("audience-not-required", Surface::Claims, 6000);
    let story = story.unwrap();
    let text = story.to_string();
    for piece in [
        ", then: ",
        "RFC 7519 §4.1.",
        "CWE-",
        "fix ",
        "who        only somebody for whom the issuer signs such a credential",
        "cargo gatecrash replay --gate audience-not-required target/gatecrash/claims/",
        "GATECRASH_GATE=audience-not-required cargo fuzz run -s none claims target/gatecrash/claims/",
        "expect = \"refuse\"",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
    let case = parse_case("story", std::str::from_utf8(&story.input).unwrap()).unwrap();
    assert_eq!(case.mutations().count(), 1, "{text}");
    let debug = format!("{:?}", gatecrash::fuzzing::TargetInput(&story.input));
    assert!(debug.starts_with(&gatecrash::model::describe(&case)), "{debug}");
}

#[test]
fn a_panic_of_the_gate_is_a_fault_that_explains_itself() {
    let (_, story) = fuzz("panics-on-surprise", Surface::Signature, 6000);
    let story = story.unwrap();
    assert_eq!(story.kind, Some(FindingKind::Fault));
    assert!(story.to_string().contains("index out of bounds"), "{story}");
}

#[test]
fn seeds_are_the_same_everywhere_and_named_by_content() {
    let counts: BTreeMap<Surface, usize> = Surface::ALL
        .iter()
        .copied()
        .map(|surface| {
            let run = || seeds(surface, &exhibit("reference"), Seeds::All).unwrap();
            let first = run();
            assert_eq!(first, run(), "{surface}");
            assert!(first.iter().all(|(name, input)| *name == gatecrash::corpus::name_of(input)));
            (surface, first.len())
        })
        .collect();
    assert!(counts.values().all(|count| *count >= 3), "{counts:?}");
    assert!(counts[&Surface::Case] > 300, "{counts:?}");
}

#[test]
fn regressions_come_back_on_flawed_gates_alone() {
    let empty = tempfile::tempdir().unwrap();
    for entry in gatecrash::corpus::regressions().unwrap() {
        let about = entry.about.clone().unwrap();
        let flawed = exhibit(about.gate.as_deref().unwrap());
        let failures = gatecrash::regression_failures(&flawed.target, empty.path());
        assert!(failures.iter().any(|failure| failure.contains(&about.title)), "{}: {failures:?}", about.title);
        let twin = flawed.twin.unwrap();
        let failures = gatecrash::regression_failures(&twin, empty.path());
        assert_eq!(failures, [""; 0], "the twin of {}", flawed.name);
    }
}
