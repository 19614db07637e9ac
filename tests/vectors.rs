//! Public vectors against the reference server, where the folder is that holds them: `GATECRASH_VECTORS` names it.
//! Both halves count: what must be accepted, and the kind of each refusal.

mod chains;
mod judged;
mod judged_chains;
mod lifted_chains;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;

use gatecrash::World;
use gatecrash_reference::{
    Audit, AuditEvent, Bank, Clock, Issuer, Principal, Server, Settings, SetupError, TransferOrder, Trust,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use serde_json::Value;

/// A file of the folder, read. The tests that ask for one are ignored unless they are asked for, so that they are counted.
fn vectors(name: &str) -> Value {
    let folder = std::env::var_os("GATECRASH_VECTORS").map(PathBuf::from);
    let folder =
        folder.expect("GATECRASH_VECTORS must name the folder of public vectors, from the root of the repository");
    // Tests run in the folder of their crate; a relative path is taken from the repository's.
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder);
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A server that trusts these anchors (those of a world when `None`), lists and issuers; `now` is in seconds since the Unix epoch.
fn server(anchors: Option<&[Value]>, crls: &[Value], issuers: Vec<Issuer>, now: i64) -> Result<Server, SetupError> {
    let policy = gatecrash_gallery::policy().unwrap();
    let world = World::new(policy, Default::default()).unwrap();
    let trust = Trust {
        client_anchors: match anchors {
            None => world.client_anchors().unwrap(),
            Some(anchors) => anchors.iter().map(certificate).collect(),
        },
        crls: crls
            .iter()
            .map(|pem| CertificateRevocationListDer::from_pem_slice(pem.as_str().unwrap().as_bytes()).unwrap())
            .collect(),
        server_chain: world.server_chain().unwrap(),
        server_key: world.server_key(),
        issuers,
        holders: Vec::new(),
    };
    let settings = Settings { audience: "vec-aud".into(), ..Settings::default() };
    Server::new(trust, settings, Arc::new(Stopped(now)), Arc::new(Nothing), Arc::new(Nothing))
}

fn certificate(pem: &Value) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_str().unwrap().as_bytes()).unwrap()
}

struct Stopped(i64);

impl Clock for Stopped {
    fn now(&self) -> f64 {
        self.0 as f64
    }
}

/// A bank without accounts, and a log that nobody reads.
struct Nothing;

impl Audit for Nothing {
    fn record(&self, _: &AuditEvent) {}
}

impl Bank for Nothing {
    fn account(&self, _: &Principal, _: &str) -> String {
        String::new()
    }

    fn delete_user(&self, _: &Principal, _: &str) {}

    fn health(&self, _: &Principal) {}

    fn owner_of(&self, _: &str) -> Option<String> {
        None
    }

    fn transfer(&self, _: &Principal, _: &TransferOrder) -> String {
        String::new()
    }

    fn user(&self, _: &Principal, _: &str) -> String {
        String::new()
    }

    fn whoami(&self, _: &Principal) -> String {
        String::new()
    }
}
