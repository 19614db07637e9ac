//! The texts that `init` writes for the service that it found.

use std::fmt::Write as _;

use super::detect::{Detected, Keys, Route};

/// Where the schemas of the files are that people write, for editors.
pub(super) const SCHEMAS: &str = concat!(
    "https://raw.githubusercontent.com/gatecrash/gatecrash/v",
    env!("CARGO_PKG_VERSION"),
    "/harness/docs/schemas",
);

/// A secret of 64 octets, which is enough for every `HS` algorithm (RFC 7518 §3.2).
const SECRET: &str = "a-secret-of-the-tests-alone-which-protects-nothing-anywhere-else";

/// What is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Router { plain: bool },
    Extractor { plain: bool },
    Middleware,
    Unknown,
}

impl Detected {
    /// Whether enough is known for texts of this service's own.
    pub(super) fn is_known(&self) -> bool {
        self.subject() != Subject::Unknown
    }

    fn subject(&self) -> Subject {
        if !self.library && !self.includable {
            return Subject::Unknown;
        }
        let current =
            self.axum.as_deref().is_some_and(|version| !version.trim_start_matches(['^', '=', '~']).starts_with("0.7"));
        match (&self.router, &self.extractor, &self.middleware) {
            (Some((_, plain)), ..) => Subject::Router { plain: *plain },
            (_, Some(_), _) if current => Subject::Extractor { plain: self.stateless },
            (_, _, Some(_)) => Subject::Middleware,
            _ => Subject::Unknown,
        }
    }

    fn secret(&self) -> Option<&str> {
        match &self.keys {
            Some(Keys::Secret(secret)) => Some(&secret.what),
            Some(Keys::Variable(_)) => Some(SECRET),
            _ => None,
        }
    }

    /// Whether the gate is whole as it is written.
    pub(super) fn is_complete(&self) -> bool {
        let plain = matches!(self.subject(), Subject::Router { plain: true } | Subject::Extractor { plain: true });
        plain && self.secret().is_some()
    }

    /// `.cargo/config.toml`, where the secret comes from the environment.
    pub(super) fn environment(&self) -> Option<String> {
        let Some(Keys::Variable(variable)) = &self.keys else { return None };
        Some(format!(
            "# The secret that the tests share with the service ({}): it protects nothing.\n[env]\n{} = \"{SECRET}\"\n",
            variable.place, variable.what
        ))
    }

    /// `tests/gate.rs`.
    pub(super) fn gate(&self, package: &str) -> String {
        let root = if self.library { package.replace('-', "_") } else { "service".into() };
        let mut text = String::from("//! This service, attacked: `cargo test --test gate`.\n\n");
        let evidence = matches!(self.subject(), Subject::Router { .. });
        let uses = if evidence {
            "BoxError, Evidence, Gate, World, WorldOptions"
        } else {
            "BoxError, Gate, World, WorldOptions"
        };
        let _ = writeln!(text, "use gatecrash::{{{uses}}};\n");
        if !self.library {
            text.push_str("#[path = \"../src/main.rs\"]\n#[allow(dead_code)]\nmod service;\n\n");
        }
        text.push_str("/// Builds what is attacked in a world of forged keys.\n");
        let (about, body) = self.body(&root);
        let _ = writeln!(text, "///\n/// {about}");
        let _ = writeln!(text, "pub fn gate(world: &World) -> Result<Gate, BoxError> {{\n{body}}}\n");
        text.push_str("/// The clock of this machine, which the service reads");
        text.push_str(if self.secret().is_some() { ", and the secret of its tokens.\n" } else { ".\n" });
        match (&self.keys, self.secret()) {
            (Some(Keys::Variable(variable)), _) => {
                let _ = writeln!(
                    text,
                    "pub fn world() -> WorldOptions {{\n    let secret = std::env::var(\"{}\").unwrap_or_default();\n    \
                     WorldOptions {{ shared_secret: Some(secret.into_bytes()), ..WorldOptions::system_clock() }}\n}}",
                    variable.what
                );
            }
            (_, Some(secret)) => {
                let _ = writeln!(
                    text,
                    "pub fn world() -> WorldOptions {{\n    WorldOptions {{ shared_secret: Some(b\"{secret}\".to_vec()), \
                     ..WorldOptions::system_clock() }}\n}}"
                );
            }
            _ => text.push_str("pub fn world() -> WorldOptions {\n    WorldOptions::system_clock()\n}\n"),
        }
        text.push_str("\ngatecrash::suite!(gate, policy = \"gate.toml\", world = world());\n");
        text
    }

    /// What is attacked, in a sentence, and the function's lines.
    fn body(&self, root: &str) -> (String, String) {
        let missing = "    Err(\"build your service in `gate` of tests/gate.rs\".into())\n";
        match self.subject() {
            Subject::Router { plain } => {
                let (name, place) = self.router.as_ref().map_or(("", ""), |(found, _)| (&found.what, &found.place));
                let about = format!(
                    "The whole application of {place}. Its answers are all that is seen; `world.witness()` would see what runs."
                );
                let gate = |arguments: &str| {
                    format!("Ok(Gate::router(world, {root}::{name}({arguments}))?.evidence(Evidence::Status))")
                };
                if plain && self.secret().is_some() {
                    return (about, format!("    {}\n", gate("")));
                }
                let given = if plain { "" } else { "/* the keys below */" };
                let used = "    let _ = (world, Evidence::Status);\n";
                (about, format!("{}    // {}\n{used}{missing}", self.keys_lines(), gate(given)))
            }
            Subject::Extractor { plain } => {
                let (name, place) = self.extractor.as_ref().map_or(("", ""), |found| (&found.what, &found.place));
                let about = format!("The extractor of {place} alone, before every route of gate.toml.");
                let caller = if self.named { "Some(caller.sub.clone())" } else { "Some(caller.sub.to_string())" };
                let gate = |state: &str| format!("Gate::extractor(world, {state}, |caller: &{root}::{name}| {caller})");
                if plain && self.secret().is_some() {
                    return (about, format!("    {}\n", gate("()")));
                }
                let state = if plain { "()" } else { "state" };
                (about, format!("{}    // {}\n    let _ = world;\n{missing}", self.keys_lines(), gate(state)))
            }
            Subject::Middleware => {
                let (name, place) = self.middleware.as_ref().map_or(("", ""), |found| (&found.what, &found.place));
                let about = format!("The middleware of {place} alone, before every route of gate.toml.");
                let keys = self.keys_lines();
                let layer = format!("axum::middleware::from_fn_with_state(state, {root}::{name})");
                let identity = ".identity(|left| Some(left.get::<Caller>()?.id.clone()))";
                (
                    about,
                    format!("{keys}    // Ok(Gate::layer(world, {layer})?{identity})\n    let _ = world;\n{missing}"),
                )
            }
            Subject::Unknown => (String::new(), missing.into()),
        }
    }

    /// How the service gets its keys in the world.
    fn keys_lines(&self) -> String {
        match &self.keys {
            Some(Keys::Jwks(url)) => format!(
                "    // In place of {} ({}): the issuer of the world, on 127.0.0.1, or its JWK Set as text.\n    \
                 // let issuer = world.loopback_issuer(gatecrash::model::IssuerRole::Home)?;   // `issuer.jwks_url()`; then `gate.keep(issuer)`\n    \
                 // let keys = world.jwks(gatecrash::model::IssuerRole::Home);\n",
                url.what, url.place
            ),
            Some(Keys::Unknown(found)) => {
                format!(
                    "    // The secret of {} has to be `world.shared_secret()`, which `world` below sets.\n",
                    found.place
                )
            }
            _ if self.secret().is_some() => String::new(),
            _ => "    // let keys = world.jwks(gatecrash::model::IssuerRole::Home);\n".into(),
        }
    }

    /// The profile whose tokens the service takes, as far as its code tells.
    fn profile(&self) -> &'static str {
        const PROVIDERS: [(&str, &str); 7] = [
            ("auth0.com", "auth0"),
            ("cognito-idp.", "cognito"),
            ("login.microsoftonline.com", "entra"),
            ("securetoken", "firebase"),
            ("/realms/", "keycloak"),
            ("kubernetes", "kubernetes"),
            ("spiffe", "jwt-svid"),
        ];
        if self.client_certificates.is_some() {
            return "rfc9068-mtls";
        }
        let jwks = match &self.keys {
            Some(Keys::Jwks(url)) => url.what.as_str(),
            _ => "",
        };
        let issuer = self.issuer.as_ref().map_or("", |issuer| issuer.what.as_str());
        let provider = PROVIDERS.iter().find(|(part, _)| jwks.contains(part) || issuer.contains(part));
        provider.map_or("bearer", |(_, profile)| profile)
    }

    /// `gate.toml`.
    pub(super) fn policy(&self) -> String {
        let mut text = format!(
            "#:schema {SCHEMAS}/gate.schema.json\n# What this service promises, as far as its code tells. `cargo gatecrash policy check` says it in words,\n\
             # `cargo gatecrash policy show` with every value. What is not promised is not tested.\nprofile = \"{}\"\n",
            self.profile()
        );
        if let Some(audience) = &self.audience {
            let _ = writeln!(text, "audience = \"{}\"                    # {}", audience.what, audience.place);
        } else if self.client_certificates.is_some() {
            text.push_str("audience = \"https://api.example.test\"   # the value that `aud` must contain\n");
        }
        if let Some(form) = self.principal {
            let _ = writeln!(text, "\n[people]\nprincipal = \"{form}\"");
        }
        let secret = matches!(self.keys, Some(Keys::Secret(_) | Keys::Variable(_) | Keys::Unknown(_)));
        let algorithms = match (&self.algorithms[..], secret) {
            ([], true) => vec!["HS256".to_string()],
            ([], false) => Vec::new(),
            (named, true) => named.iter().filter(|name| name.starts_with("HS")).cloned().collect(),
            (named, false) => named.to_vec(),
        };
        if !algorithms.is_empty() {
            let _ = writeln!(text, "\n[tokens]\nalgorithms = [\"{}\"]", algorithms.join("\", \""));
        }
        if !self.claims.is_empty() {
            text.push_str("\n# What the issuer writes beside the registered claims.\n[tokens.honest]\n");
            for claim in &self.claims {
                let _ = writeln!(text, "{} = {}", claim.name, claim.value);
            }
        }
        let issuer = self.issuer.as_ref().map(|issuer| (&issuer.what, &issuer.place));
        if let Some((url, place)) = issuer {
            let _ = writeln!(text, "\n[[issuers]]\nurl = \"{url}\"                       # {place}");
        } else if self.client_certificates.is_some() {
            text.push_str("\n[[issuers]]\nurl = \"https://issuer.example.test\"\n");
        }
        let routes = self.listed();
        if routes.is_empty() {
            text.push_str("\n# Every route that the service serves.\n[[routes]]\nmethod = \"GET\"\npath = \"/\"\n");
        }
        for route in routes {
            let _ = writeln!(text, "\n[[routes]]\nmethod = \"{}\"\npath = \"{}\"", route.method, route.path);
            let parameters: Vec<&str> = route.path.split('/').filter_map(|segment| segment.strip_prefix('{')).collect();
            let parameters: Vec<&str> = parameters.iter().map(|name| name.trim_end_matches('}')).collect();
            match parameters[..] {
                [] => {}
                [_] => text.push_str(
                    "example = \"1\"                          # or `owner = \"path:NAME\"`: whose object it is\n",
                ),
                _ => {
                    let each: Vec<String> = parameters.iter().map(|name| format!("{name} = \"1\"")).collect();
                    let _ = writeln!(text, "examples = {{ {} }}", each.join(", "));
                }
            }
            if !route.guarded && matches!(self.subject(), Subject::Router { .. }) && self.extractor.is_some() {
                text.push_str("public = true\n");
            }
        }
        text
    }

    /// The routes that are attacked: those that ask for the extractor, where it stands alone.
    fn listed(&self) -> Vec<&Route> {
        let alone = matches!(self.subject(), Subject::Extractor { .. });
        self.routes.iter().filter(|route| route.guarded || !alone).collect()
    }

    /// What is left to the reader, a line each.
    pub(super) fn to_do(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let named = [self.router.as_ref().map(|(found, _)| found), self.extractor.as_ref()];
        let found = match self.subject() {
            Subject::Router { .. } => named[0],
            Subject::Extractor { .. } => named[1],
            Subject::Middleware => self.middleware.as_ref(),
            Subject::Unknown => None,
        };
        if let (false, Some(found)) = (self.library, found) {
            let name = found.what.rsplit("::").next().unwrap_or_default();
            if !self.visible.iter().any(|known| known == name) {
                let field =
                    if matches!(self.subject(), Subject::Extractor { .. }) { ", and its `sub` too" } else { "" };
                lines.push(format!("{}: make `{name}` visible to the test: `pub(crate)`{field}.", found.place));
            }
        }
        if !self.is_complete() {
            lines.push("tests/gate.rs: build your service in `gate`; a comment there has the line.".into());
        }
        lines.push("gate.toml: read what it promises; `cargo gatecrash policy check` says it in words.".into());
        lines
    }
}
