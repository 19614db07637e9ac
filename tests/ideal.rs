//! Ideal cryptography: nothing but the key makes its signatures, and what it says of a gate the real one says too.

use std::collections::BTreeSet;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash::{
    BoxError, Crypto, Depth, Gate, Layers, World, WorldOptions,
    campaign::{
        self, Bound, CampaignOptions, CryptoMode, Target,
        check::{CheckOptions, Checked, Outcome, check},
    },
    crypto, factory,
    gate::Handshake,
    model::{Algorithm, Case, IssuerRole, KeyName, Person, Stance, TokenKey, resolve},
    world::{
        forge,
        keys::{Keyring, Kind},
    },
};
use gatecrash_gallery::reference;
use gatecrash_reference::Cryptography;
use jsonwebtoken::{DecodingKey, crypto::aws_lc};
use proptest::prelude::*;

use crate::support::{campaign_of, cases, exhibit, run};

const SIGNING: [Algorithm; 5] =
    [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256, Algorithm::RS256, Algorithm::RS512];

/// Every signature that some key of an ideal world can make.
fn signers(keyring: &Keyring) -> Vec<(KeyName, Algorithm)> {
    let real = |name: &KeyName| {
        matches!(name, KeyName::Token(_, TokenKey::Rsa1024 | TokenKey::SmallOrder) | KeyName::Unfit(_))
    };
    let ideal = |name: &KeyName| !real(name);
    let names: Vec<KeyName> = keyring.iter().map(|(name, _)| name).filter(ideal).collect();
    let can = |name: KeyName, algorithm| keyring.secret(name).unwrap().sign(algorithm, b"").is_some();
    let all = names.into_iter().flat_map(|name| SIGNING.map(|algorithm| (name, algorithm)));
    all.filter(|(name, algorithm)| can(*name, *algorithm)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn another_key_algorithm_message_or_bit_never_verifies(
        seed in 0_u64..4,
        at in any::<prop::sample::Index>(),
        message in proptest::collection::vec(any::<u8>(), 1..200),
        (bit, octet) in (0_u8..8, any::<prop::sample::Index>()),
    ) {
        let keyring = Keyring::new(seed, None, Layers::IDEAL);
        let signers = signers(&keyring);
        let (name, algorithm) = signers[at.index(signers.len())];
        let secret = keyring.secret(name).unwrap();
        let signature = secret.sign(algorithm, &message).unwrap();
        prop_assert!(secret.verifies(algorithm, &message, &signature));
        for (other, other_algorithm) in &signers {
            let same = (*other, *other_algorithm) == (name, algorithm);
            let verifies = keyring.secret(*other).unwrap().verifies(*other_algorithm, &message, &signature);
            prop_assert_eq!(verifies, same, "{} with {}", other, other_algorithm.name());
        }
        let mut damaged = signature.clone();
        damaged[octet.index(signature.len())] ^= 1 << bit;
        prop_assert!(!secret.verifies(algorithm, &message, &damaged));
        let mut altered = message.clone();
        altered[octet.index(message.len())] ^= 1 << bit;
        prop_assert!(!secret.verifies(algorithm, &altered, &signature));
        prop_assert!(!secret.verifies(algorithm, &message, &signature[1..]));
        if secret.kind() == Kind::P256 {
            // The same octets in a certificate are another signature.
            prop_assert!(!secret.verifies_der(&message, &secret.sign_der_sha1(&message).unwrap()));
            prop_assert!(secret.verifies_der(&message, &secret.sign_der(&message).unwrap()));
        }
    }
}

fn world(layers: Layers) -> World {
    World::new(gatecrash_gallery::policy().unwrap(), WorldOptions { layers, ..WorldOptions::default() }).unwrap()
}

#[test]
fn tokens_verify_with_the_key_in_each_of_its_forms_and_with_no_other() {
    let world = world(Layers::IDEAL);
    // Keys of RSA come from a pool: those of another seed, registered later, are the same ones.
    let _later = Keyring::new(7, None, Layers::IDEAL);
    let _tokens = Keyring::new(7, None, Layers { tokens: Crypto::Ideal, ..Layers::default() });
    let provider = crypto::jsonwebtoken::provider(&world, &aws_lc::DEFAULT_PROVIDER);
    let verifies = |algorithm, key: &DecodingKey, signature: &Vec<u8>| {
        (provider.verifier_factory)(&algorithm, key).is_ok_and(|it| it.verify(b"message", signature).is_ok())
    };
    let secret = |kind| world.keyring().secret(KeyName::Token(IssuerRole::Home, kind)).unwrap();
    let rsa = secret(TokenKey::Rsa);
    let signature = rsa.sign(Algorithm::RS256, b"message").unwrap();
    let with_zero = [&[0][..], rsa.public_octets()].concat();
    for key in [
        DecodingKey::from_rsa_der(rsa.pkcs1_der()),
        DecodingKey::from_rsa_raw_components(rsa.public_octets(), &[1, 0, 1]),
        DecodingKey::from_rsa_raw_components(&with_zero, &[0, 1, 0, 1]),
    ] {
        assert!(verifies(jsonwebtoken::Algorithm::RS256, &key, &signature));
        assert!(!verifies(jsonwebtoken::Algorithm::RS512, &key, &signature));
        assert!(!verifies(jsonwebtoken::Algorithm::PS256, &key, &signature));
    }
    let other_exponent = DecodingKey::from_rsa_raw_components(rsa.public_octets(), &[3]);
    assert!(!verifies(jsonwebtoken::Algorithm::RS256, &other_exponent, &signature));
    let ec = secret(TokenKey::P256);
    let (x, y) = ec.public_octets()[1..].split_at(32);
    let text = Base64UrlUnpadded::encode_string;
    let key = DecodingKey::from_ec_components(&text(x), &text(y)).unwrap();
    let signature = ec.sign(Algorithm::ES256, b"message").unwrap();
    assert!(verifies(jsonwebtoken::Algorithm::ES256, &key, &signature));
    assert!(!verifies(jsonwebtoken::Algorithm::EdDSA, &key, &signature));
    // A MAC under the public key is a MAC: the real provider's to verify.
    let mac = gatecrash::world::keys::mac(ec.public_octets(), Algorithm::HS256, b"message").unwrap();
    assert!(verifies(jsonwebtoken::Algorithm::HS256, &DecodingKey::from_secret(ec.public_octets()), &mac));
    // The key of a real world is the real provider's, too.
    let real = Keyring::new(0, None, Layers::default());
    let real = real.secret(KeyName::Token(IssuerRole::Home, TokenKey::Ed25519)).unwrap();
    let key = DecodingKey::from_ed_der(real.public_octets());
    let mut signature = real.sign(Algorithm::EdDSA, b"message").unwrap();
    assert!(verifies(jsonwebtoken::Algorithm::EdDSA, &key, &signature));
    signature[0] ^= 1;
    assert!(!verifies(jsonwebtoken::Algorithm::EdDSA, &key, &signature));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

#[test]
fn an_ideal_peer_never_agrees_with_a_real_one() {
    let runtime = runtime();
    let control = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", Vec::new());
    let worlds = [world(Layers::default()), world(Layers::IDEAL)];
    for (served, speaking, agree) in [(0, 0, true), (0, 1, false), (1, 0, false), (1, 1, true)] {
        let gate = reference::gate(&worlds[served]).unwrap();
        let world = &worlds[speaking];
        let blueprint = world.blueprint();
        let attempt = resolve(&control.steps[0], &blueprint).unwrap();
        let wire = forge::forge(&attempt, &blueprint, world.keyring(), world.mint(), 1).unwrap();
        for depth in [Depth::Connection, Depth::Service] {
            let observation = runtime.block_on(gate.attempt(&wire, world, depth));
            assert_eq!(observation.handshake == Handshake::Accepted, agree, "{served} {speaking} {observation:?}");
        }
    }
}

/// What of an attempt must be the same in both.
fn told(checked: &Checked) -> String {
    let outcome = match &checked.outcome {
        Outcome::Agree => "agree".into(),
        Outcome::Disagree(list) => format!("{:?}", list.iter().map(|it| (it.kind, &it.rules)).collect::<Vec<_>>()),
        Outcome::HarnessFault(fault) => format!("harness fault: {fault}"),
    };
    let observation = &checked.observation;
    let status = observation.answer.as_ref().map(|answer| answer.status);
    let (verdict, seen) = (&checked.verdict, &observation.seen);
    format!("{outcome} {verdict:?} {status:?} {:?} {:?} {:?}", seen.hits, seen.causes, observation.hang)
}

/// Makes the cases of a campaign in both worlds of the usual scene; how many were compared.
fn compare(target: &Target, from: u64, step: usize, count: u64) -> u64 {
    let options = CampaignOptions { bound: Bound::Time(std::time::Duration::MAX), ..CampaignOptions::default() };
    let plan = campaign::plan(target, options).unwrap();
    let runtime = runtime();
    let made = [Layers::default(), Layers::IDEAL].map(|layers| {
        let world = World::new(target.policy.clone(), WorldOptions { layers, ..target.world.clone() }).unwrap();
        let gate: Gate = runtime.block_on((target.factory)(&world)).unwrap();
        (world, gate)
    });
    let mut compared = 0;
    for index in (from..from + count).step_by(step) {
        let (_, case, options) = plan.case(index);
        if case.scene != target.world.scene || !crypto::has_ideal_form(&case) {
            continue;
        }
        let options = CheckOptions { mirror: true, ..options };
        let seen = made.each_ref().map(|(world, gate)| runtime.block_on(check(gate, world, &case, options)));
        let [Ok(real), Ok(ideal)] = seen else { continue };
        let words = gatecrash::model::describe(&case);
        assert_eq!(told(&real), told(&ideal), "{} {words}", target.world.seed);
        compared += 1;
    }
    compared
}

/// `GATECRASH_CASES=100000` makes it the whole of what docs/speed.md speaks of.
#[test]
fn both_say_the_same_of_every_case() {
    let wanted = std::env::var("GATECRASH_CASES").ok().and_then(|text| text.parse().ok());
    let (catalogue, random, step) = match wanted {
        Some(count) => (1, count, 1),
        None => (41, u64::from(cases(1500)), 1),
    };
    for name in ["reference", "signature-ignored", "layer-without-binding"] {
        let target = exhibit(name).target;
        let fixed = campaign::plan(&target, CampaignOptions::default()).unwrap().fixed();
        let first = compare(&target, 0, catalogue, fixed);
        let second = compare(&target, fixed, step, random);
        println!("{name}: {first} of the catalogue and {second} at random are told alike");
        // A gate of one depth has a third of the passes.
        assert!(first > 40 && second > random / 2, "{first} {second}");
    }
}

#[test]
fn a_flaw_is_found_in_ideal_mode_and_confirmed_in_real_mode() {
    let target = exhibit("signature-ignored").target;
    let seen = |crypto, jobs| {
        let options = CampaignOptions { crypto, jobs, ..campaign_of(200, 6000) };
        run(&target, options)
    };
    let [real, ideal, again] =
        [(CryptoMode::Real, 2), (CryptoMode::Ideal, 2), (CryptoMode::Ideal, 1)].map(|it| seen(it.0, it.1));
    let fingerprints = |it: &campaign::Campaign| {
        it.findings.iter().map(|finding| finding.fingerprint.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(fingerprints(&real), fingerprints(&ideal));
    assert_eq!((ideal.ideal, ideal.harness_faults.len()), (Some(Layers::IDEAL), 0));
    assert!(ideal.tally.ideal > ideal.tally.attempts / 2);
    assert_eq!(ideal.tally, again.tally);
}

fn tokens_alone(world: &World) -> Result<Gate, BoxError> {
    let tokens = crypto::jsonwebtoken::provider(world, &aws_lc::DEFAULT_PROVIDER);
    reference::gate_with(world, Cryptography { tokens, ..Cryptography::default() })
}

fn neither(world: &World) -> Result<Gate, BoxError> {
    reference::gate_with(world, Cryptography::default())
}

/// What a gate does not ask for stays real, and so do the keys of that layer: the gate is as clean as ever.
#[test]
fn a_layer_that_takes_up_no_ideal_cryptography_stays_real() {
    let tokens = Layers { tokens: Crypto::Ideal, ..Layers::default() };
    for (factory, layers) in [(factory!(tokens_alone), tokens), (factory!(neither), Layers::default())] {
        let target = Target { factory, ..exhibit("reference").target };
        let options = CampaignOptions {
            bound: Bound::Attempts(300),
            section: Some('-'),
            crypto: CryptoMode::Ideal,
            ..CampaignOptions::default()
        };
        let campaign = run(&target, options);
        assert_eq!(campaign.ideal, Some(layers));
        assert_eq!(campaign.tally.ideal > 0, layers != Layers::default());
        assert_eq!(gatecrash::report::status(&campaign), 0, "{:?} {:?}", campaign.findings, campaign.miswirings);
    }
}
