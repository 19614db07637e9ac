//! What the code of a project tells of its service: read as text, never compiled. What is not found is left to fill in.

use std::path::{Path, PathBuf};

use super::source::{Found, Source, arguments, between, field_lines, literal, literals, word_at, word_before};

/// The most files that are read, and the most octets of each.
const FILES: usize = 400;
const LONGEST: u64 = 400_000;

/// How tokens are verified, as far as the code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// A secret in the code.
    Secret(Found<String>),
    /// A secret in a variable of the environment.
    Variable(Found<String>),
    /// A secret from somewhere else.
    Unknown(Found<()>),
    /// A JWK Set that an issuer publishes.
    Jwks(Found<String>),
}

/// A claim that tokens must hold, and an honest value in TOML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) name: String,
    pub(super) value: &'static str,
}

/// A route, and whether its handler asks for the extractor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) guarded: bool,
}

/// What a project has.
#[derive(Debug, Default)]
pub(super) struct Detected {
    /// Whether there is a library target; without one, only `src/main.rs`.
    pub(super) library: bool,
    /// Whether `src/main.rs` can be a module of a test: nothing in it names the crate's root.
    pub(super) includable: bool,
    pub(super) axum: Option<String>,
    pub(super) client_certificates: Option<Found<()>>,
    pub(super) keys: Option<Keys>,
    pub(super) algorithms: Vec<String>,
    pub(super) audience: Option<Found<String>>,
    pub(super) issuer: Option<Found<String>>,
    /// The extractor of callers; its field that names them is `sub` where `named`.
    pub(super) extractor: Option<Found<String>>,
    pub(super) named: bool,
    /// Whether the extractor takes any state.
    pub(super) stateless: bool,
    /// Types and functions that are visible outside their module.
    pub(super) visible: Vec<String>,
    /// A middleware function: `async fn name(…, request, next)`.
    pub(super) middleware: Option<Found<String>>,
    /// A function that makes the application, without arguments where `true`.
    pub(super) router: Option<(Found<String>, bool)>,
    pub(super) claims: Vec<Claim>,
    /// Form of the subject, where its type tells.
    pub(super) principal: Option<&'static str>,
    pub(super) routes: Vec<Route>,
}

/// Reads the manifest and the code of the package in `folder`.
pub(super) fn detect(folder: &Path, manifest: &toml::Table) -> Detected {
    let mut files = Vec::new();
    collect(&folder.join("src"), &mut files);
    files.sort();
    let read = |file: &PathBuf| Source::read(folder, file);
    detected(manifest, &files.iter().filter_map(read).collect::<Vec<_>>())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        let short = entry.metadata().is_ok_and(|metadata| metadata.len() <= LONGEST);
        if kind.is_dir() {
            collect(&path, files);
        } else if short && files.len() < FILES && path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

pub(super) fn detected(manifest: &toml::Table, sources: &[Source]) -> Detected {
    let depends = |name: &str| version(manifest, name);
    let first = |needle: &str| sources.iter().find_map(|source| source.find(needle));
    let library = sources.iter().any(|source| source.file == "src/lib.rs") || manifest.contains_key("lib");
    let root = |source: &Source| [concat!("crate", "::"), "super::super"].iter().any(|path| source.text.contains(path));
    let extracted = sources.iter().find_map(extractor);
    let mut found = Detected {
        library,
        includable: !library && !sources.iter().any(root),
        axum: depends("axum"),
        client_certificates: first("WebPkiClientVerifier").or_else(|| first("with_client_cert_verifier")),
        keys: keys(sources),
        audience: set(sources, "set_audience("),
        issuer: set(sources, "set_issuer("),
        extractor: extracted.as_ref().map(|(found, _)| found.clone()),
        stateless: extracted.is_some_and(|(_, stateless)| stateless),
        visible: sources.iter().flat_map(visible).collect(),
        middleware: sources.iter().find_map(middleware),
        router: sources.iter().find_map(router),
        ..Detected::default()
    };
    for source in sources {
        let named =
            source.text.match_indices("Algorithm::").filter_map(|(at, path)| word_at(&source.text, at + path.len()));
        for algorithm in
            named.filter(|name| name.len() >= 5 && name.ends_with(|last: char| last.is_ascii_digit() || last == 'A'))
        {
            if !found.algorithms.iter().any(|known| known == algorithm) {
                found.algorithms.push(algorithm.into());
            }
        }
    }
    let bare = |found: &Found<String>| found.what.rsplit("::").next().unwrap_or_default().to_string();
    if let Some(name) = decoded(sources).or(found.extractor.as_ref().map(bare)) {
        for line in sources.iter().find_map(|source| field_lines(&source.text, &name)).unwrap_or_default() {
            claim(&line, &mut found);
        }
    }
    let extractor = found.extractor.as_ref().map(bare);
    found.routes = sources.iter().flat_map(|source| routes(source, sources, extractor.as_deref())).collect();
    found
}

/// The version that the manifest asks for.
fn version(manifest: &toml::Table, name: &str) -> Option<String> {
    let dependency = manifest.get("dependencies")?.get(name)?;
    let version = dependency.as_str().or_else(|| dependency.get("version")?.as_str());
    Some(version.unwrap_or_default().to_string())
}

fn keys(sources: &[Source]) -> Option<Keys> {
    let jwks = |source: &Source| {
        let (at, url) = literals(&source.text).find(|(_, text)| {
            text.starts_with("http") && ["jwks", ".well-known/", "/certs"].iter().any(|part| text.contains(part))
        })?;
        Some(Keys::Jwks(source.found(at, url.to_string())))
    };
    let secret = |source: &Source| {
        let at = source
            .text
            .find("DecodingKey::from_secret(")
            .or_else(|| source.text.find("DecodingKey::from_base64_secret("))?;
        if let Some(text) = arguments(&source.text[at..]).and_then(literal) {
            return Some(Keys::Secret(source.found(at, text.to_string())));
        }
        let variable = sources.iter().find_map(|source| {
            let calls = source.text.match_indices("env::var(").chain(source.text.match_indices("env!("));
            let named = calls.filter_map(|(at, _)| Some((at, literal(arguments(&source.text[at..])?)?)));
            let secret = |name: &str| ["SECRET", "KEY", "JWT"].iter().any(|part| name.contains(part));
            let (at, name) = named.into_iter().find(|(_, name)| secret(name))?;
            Some(Keys::Variable(source.found(at, name.to_string())))
        });
        Some(variable.unwrap_or(Keys::Unknown(source.found(at, ()))))
    };
    sources.iter().find_map(secret).or_else(|| sources.iter().find_map(jwks))
}

/// The first text that a call of `set_audience` or `set_issuer` names.
fn set(sources: &[Source], call: &str) -> Option<Found<String>> {
    sources.iter().find_map(|source| {
        let at = source.text.find(call)?;
        Some(source.found(at, literal(arguments(&source.text[at..])?)?.to_string()))
    })
}

/// `impl … FromRequestParts<…> for NAME`, or `FromRequest`; and whether it takes any state.
fn extractor(source: &Source) -> Option<(Found<String>, bool)> {
    let at = source.text.find("FromRequestParts<").or_else(|| source.text.find("FromRequest<"))?;
    let rest = &source.text[at..];
    let target = rest.find(" for ")?;
    let name = word_at(rest, target + 5)?;
    let state = between(rest, '<', '>')?;
    let line = source.text[..at].rsplit('\n').next().unwrap_or_default();
    let stateless = line.contains(&format!("impl<{state}"));
    let found = source.found(at, format!("{}{name}", source.module()?));
    (target < rest.find('{')?).then_some((found, stateless))
}

/// Types and functions that are `pub` in one way or another.
fn visible(source: &Source) -> Vec<String> {
    let items = ["struct ", "enum ", "fn "].into_iter().flat_map(|kind| source.text.match_indices(kind));
    let visible = |at: usize| {
        let line = source.text[..at].rsplit('\n').next().unwrap_or_default().trim_start();
        line.starts_with("pub ") || line.starts_with("pub(")
    };
    items
        .filter(|(at, _)| visible(*at))
        .filter_map(|(at, kind)| word_at(&source.text, at + kind.len()).map(String::from))
        .collect()
}

/// A function that takes a request and `Next`.
fn middleware(source: &Source) -> Option<Found<String>> {
    source.text.match_indices("async fn ").find_map(|(at, start)| {
        let parameters = arguments(&source.text[at..])?;
        let takes = parameters.contains(": Next") && parameters.contains("Request");
        let name = word_at(&source.text, at + start.len())?;
        let module = source.module()?;
        takes.then(|| source.found(at, format!("{module}{name}")))
    })
}

/// A function that returns an axum `Router`.
fn router(source: &Source) -> Option<(Found<String>, bool)> {
    source.text.match_indices("fn ").find_map(|(at, start)| {
        let rest = &source.text[at..];
        let parameters = arguments(rest)?;
        let after = rest.get(rest.find(parameters)? + parameters.len()..rest.find('{')?)?;
        let returns = after.contains("-> Router") || after.contains("-> axum::Router");
        let module = source.module()?;
        let name = word_at(&source.text, at + start.len())?;
        returns.then(|| (source.found(at, format!("{module}{name}")), parameters.trim().is_empty()))
    })
}

/// `decode::<NAME>(`.
fn decoded(sources: &[Source]) -> Option<String> {
    sources.iter().find_map(|source| {
        let at = source.text.find("decode::<")? + "decode::<".len();
        word_at(&source.text, at).map(String::from)
    })
}

/// What a field of the claims asks of honest tokens.
fn claim(line: &str, found: &mut Detected) {
    let Some((name, kind)) = line.split_once(':') else { return };
    let (name, kind) = (name.trim(), kind.trim().trim_end_matches(','));
    let name = name.rsplit(' ').next().unwrap_or(name).trim_start_matches("r#");
    match name {
        "sub" => {
            found.named = kind == "String";
            found.principal = match kind.rsplit("::").next().unwrap_or(kind) {
                "Uuid" => Some("uuid"),
                "i32" | "i64" | "u32" | "u64" | "usize" => Some("integer"),
                _ => None,
            };
        }
        "aud" | "client_id" | "exp" | "iat" | "iss" | "jti" | "nbf" | "scope" => {}
        _ if kind.starts_with("Option<") => {}
        _ => {
            let value = match kind.split_once('<').map_or(kind, |(outer, _)| outer).rsplit("::").next().unwrap_or(kind)
            {
                "String" | "str" => "\"example\"",
                "bool" => "true",
                "Vec" | "HashSet" | "BTreeSet" => "[]",
                "HashMap" | "BTreeMap" | "Map" => "{}",
                "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "isize" | "u8" | "u16" | "u32" | "u64" | "usize" => "1",
                "Uuid" => "\"7f1b1c52-0b4e-4c1c-8d6a-0f3e1a2b3c4d\"",
                _ => return,
            };
            found.claims.push(Claim { name: name.into(), value });
        }
    }
}

/// Every `.route("/path", get(handler).post(handler))`.
fn routes(source: &Source, sources: &[Source], extractor: Option<&str>) -> Vec<Route> {
    const METHODS: [&str; 5] = ["delete", "get", "patch", "post", "put"];
    let mut found = Vec::new();
    for (at, call) in source.text.match_indices(".route(") {
        let Some(inside) = arguments(&source.text[at + call.len() - 1..]) else { continue };
        let Some(path) = literal(inside) else { continue };
        for (open, _) in inside.match_indices('(') {
            let Some(method) = word_before(inside, open).filter(|word| METHODS.contains(word)) else { continue };
            let handler =
                between(&inside[open..], '(', ')').unwrap_or_default().trim().rsplit("::").next().unwrap_or_default();
            let guarded =
                extractor.is_some_and(|extractor| sources.iter().any(|source| takes(&source.text, handler, extractor)));
            found.push(Route { method: method.to_uppercase(), path: braced(path), guarded });
        }
    }
    found
}

/// Whether the function `handler` has a parameter of the type `extractor`.
fn takes(text: &str, handler: &str, extractor: &str) -> bool {
    let starts = text.find(&format!("fn {handler}("));
    let parameters = starts.and_then(|at| arguments(&text[at..])).unwrap_or_default();
    parameters.match_indices(extractor).any(|(at, _)| {
        word_at(parameters, at) == Some(extractor) && word_before(parameters, at).is_none_or(str::is_empty)
    })
}

/// `/users/:id` of axum 0.7 as `/users/{id}`.
fn braced(path: &str) -> String {
    let segment = |segment: &str| segment.strip_prefix(':').map_or(segment.to_string(), |name| format!("{{{name}}}"));
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}
