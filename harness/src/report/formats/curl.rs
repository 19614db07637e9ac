//! The attempt by a stock client: files, and a line for curl, where curl can make it.
//!
//! It decides by what was forged: only what curl would send octet for octet, apart from the fields that it adds, has a line.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use gatecrash_model::{Attempting, Case, HOST, Proof, Scene, ServerName, TokenOf, Transport, resolve};

use crate::{
    campaign::Target,
    campaign::check::Finding,
    world::forge::{self, Wire, pem},
    world::{Clock, World},
};

/// Files that curl needs, and its arguments: of several steps, one request after the other on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kit {
    steps: Vec<Part>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// Name and text of each file.
    files: Vec<(&'static str, String)>,
    method: String,
    path: String,
}

impl Kit {
    /// What it takes to make an attempt with curl; `None` where no stock client can make it.
    ///
    /// It is minted in the present: a token in it is good for as long as its claims say, five minutes where nothing changes
    /// them.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::{model::{Case, Mutation, Person, Stance, Transport}, report::Kit};
    /// let of = |changes| Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", changes);
    /// assert!(Kit::new(&target, &of(vec![])).is_some());
    /// // No stock client speaks garbage in place of TLS.
    /// assert!(Kit::new(&target, &of(vec![Mutation::Transport(Transport::Garbage)])).is_none());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn new(target: &Target, case: &Case) -> Option<Self> {
        // Nobody but the gate's operators can change the world, and curl has tokens of its own.
        let apart = case.attempts().any(|step| step.token != TokenOf::New || step.times > 1);
        if case.scene != Scene::Usual || case.steps.is_empty() || case.changes().next().is_some() || apart {
            return None;
        }
        let mut options = target.world.clone();
        options.clock = Clock::System;
        let world = World::new(target.policy.clone(), options).ok()?;
        let parts = case.attempts().zip(0..).map(|(step, at)| Part::new(step, &world, at));
        Some(Self { steps: parts.collect::<Option<_>>()? })
    }

    /// Writes the files into a folder. `Err` names the one that could not be written.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::{model::{Case, Stance}, report::Kit};
    /// let kit = Kit::new(&target, &Case::one(Stance::NoToken, "GET /v1/whoami", vec![])).ok_or("curl can make it")?;
    /// let folder = std::env::temp_dir().join("gatecrash-doc-kit");
    /// kit.write(&folder)?;
    /// assert!(folder.join("ca.pem").is_file());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        for (at, part) in self.steps.iter().enumerate() {
            let folder = self.folder(folder, at);
            for (name, text) in &part.files {
                let file = folder.join(name);
                std::fs::create_dir_all(&folder)
                    .and_then(|()| std::fs::write(&file, text))
                    .map_err(|error| format!("{}: {error}", file.display()))?;
            }
        }
        Ok(())
    }

    /// Where the files of a step are: each has a folder of its own where there are several.
    fn folder(&self, folder: &Path, at: usize) -> PathBuf {
        if self.steps.len() > 1 { folder.join(format!("step-{}", at + 1)) } else { folder.to_path_buf() }
    }

    /// The command that makes the attempt at `base`, such as `https://localhost:8443`, with the files in `folder`.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// use gatecrash::{model::{Case, Stance}, report::Kit};
    /// let kit = Kit::new(&target, &Case::one(Stance::NoToken, "GET /v1/whoami", vec![])).ok_or("curl can make it")?;
    /// let command = kit.command("target/curl".as_ref(), "https://localhost:8443");
    /// assert!(command.starts_with("curl --http1.1 "));
    /// assert!(command.ends_with("https://localhost:8443/v1/whoami"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn command(&self, folder: &Path, base: &str) -> String {
        let parts = self.steps.iter().enumerate().map(|(at, part)| part.arguments(&self.folder(folder, at), base));
        format!("curl {}", parts.collect::<Vec<_>>().join(" --next "))
    }
}

impl Part {
    fn new(step: &Attempting, world: &World, at: u64) -> Option<Self> {
        let blueprint = world.blueprint();
        let attempt = resolve(step, &blueprint).ok()?;
        let serial = blueprint.now.unsigned_abs() ^ (at << 48);
        let wire = forge::forge(&attempt, &blueprint, world.keyring(), world.mint(), serial).ok()?;
        let stock = wire.transport == Transport::Tls13 && wire.server_name == ServerName::Own && wire.alpn.is_none();
        if !stock || wire.persistent {
            return None;
        }
        let mut part = Self { files: identity(&wire, world)?, method: String::new(), path: String::new() };
        part.files.push(("ca.pem", pem("CERTIFICATE", &world.server_anchor().ok()?)));
        part.request(&wire.request)?;
        Some(part)
    }

    /// Reads the request, and gives up where curl would write it otherwise.
    fn request(&mut self, octets: &[u8]) -> Option<()> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        let httparse::Status::Complete(end) = request.parse(octets).ok()? else { return None };
        let (method, path) = (request.method?, request.path?);
        let content = octets.get(end..)?;
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let mut written = String::new();
        let mut hosts = 0;
        let mut length = None;
        for field in request.headers.iter() {
            let value = std::str::from_utf8(field.value).ok()?;
            head.push_str(&format!("{}: {value}\r\n", field.name));
            match field.name.to_ascii_lowercase().as_str() {
                "host" => {
                    hosts += 1;
                    // Its own name for the gate, unless another is the attack.
                    if value != HOST {
                        written.push_str(&format!("Host: {value}\n"));
                    }
                }
                "content-length" => length = value.parse::<usize>().ok(),
                // Whether the connection ends here is curl's own business.
                "connection" if value == "close" => {}
                "transfer-encoding" | "connection" | "expect" | "upgrade" => return None,
                _ if value.is_empty() => written.push_str(&format!("{};\n", field.name)),
                _ => written.push_str(&format!("{}: {value}\n", field.name)),
            }
        }
        head.push_str("\r\n");
        let plain = path.starts_with('/') && !path.contains(['#', '[', ']', '{', '}']) && path.is_ascii();
        let whole = head.as_bytes() == octets.get(..end)? && length.unwrap_or(0) == content.len();
        if !plain || !whole || hosts != 1 || ["HEAD", "CONNECT"].contains(&method) {
            return None;
        }
        (self.method, self.path) = (method.into(), path.into());
        // Fields that curl would add by itself.
        self.files.push(("fields.txt", format!("{written}User-Agent:\nAccept:\n")));
        if !content.is_empty() {
            self.files.push(("body", String::from_utf8(content.to_vec()).ok()?));
        }
        Some(())
    }

    fn arguments(&self, folder: &Path, base: &str) -> String {
        let file = |name: &str| shell(&folder.join(name).display().to_string());
        let has = |name: &str| self.files.iter().any(|(known, _)| *known == name);
        let mut words = vec!["--http1.1 --path-as-is".into(), format!("--cacert {}", file("ca.pem"))];
        if has("chain.pem") {
            words.push(format!("--cert {} --key {}", file("chain.pem"), file("key.pem")));
        }
        words.push(format!("-X {} -H @{}", self.method, file("fields.txt")));
        if has("body") {
            words.push(format!("--data-binary @{}", file("body")));
        }
        words.push(shell(&format!("{base}{}", self.path)));
        words.join(" ")
    }
}

/// The kits of findings, written into folders below `folder`: the command for each, by fingerprint.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let options = gatecrash::campaign::CampaignOptions {
/// #     bound: gatecrash::campaign::Bound::Attempts(20),
/// #     sample_routes: true,
/// #     ..Default::default()
/// # };
/// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
/// let folder = std::env::temp_dir().join("gatecrash-doc-kits");
/// let commands = gatecrash::report::kits(&campaign.findings, &target, &folder, "https://localhost:8443")?;
/// assert!(commands.keys().all(|fingerprint| folder.join("curl").join(fingerprint).is_dir()));
/// # let _ = std::fs::remove_dir_all(&folder);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn kits(
    findings: &[Finding],
    target: &Target,
    folder: &Path,
    base: &str,
) -> Result<BTreeMap<String, String>, String> {
    let mut commands = BTreeMap::new();
    for finding in findings {
        if let Some(kit) = Kit::new(target, &finding.case) {
            let folder = folder.join("curl").join(&finding.fingerprint);
            kit.write(&folder)?;
            commands.insert(finding.fingerprint.clone(), kit.command(&folder, base));
        }
    }
    Ok(commands)
}

/// Chain and key in PEM, none where none is presented; `None` where curl would not take them.
fn identity(wire: &Wire, world: &World) -> Option<Vec<(&'static str, String)>> {
    use x509_parser::prelude::FromDer as _;
    let Some(identity) = &wire.identity else { return Some(Vec::new()) };
    let secret = world.keyring().secret(identity.key)?;
    let (_, leaf) = x509_parser::certificate::X509Certificate::from_der(identity.chain.first()?).ok()?;
    if identity.proof != Proof::Genuine || leaf.public_key().raw != secret.public_der() {
        return None;
    }
    let chain = identity.chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
    Some(vec![("chain.pem", chain), ("key.pem", pem("PRIVATE KEY", &secret.private_der()))])
}

/// A word of a shell.
fn shell(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._/:@".contains(letter);
    if word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
