//! A resource server behind mutual TLS and JSON Web Tokens bound to the client certificate (RFC 8705).
//!
//! [`Server::new`] takes what the deployment trusts; [`Server::serve_connection`] does the rest for one byte stream.
//! The README says in which order the layers decide.

mod activity;
mod answers;
mod audit;
mod authenticate;
mod authority;
mod authorize;
mod bank;
mod binding;
mod cause;
mod certificate;
mod claims;
mod clock;
mod connection;
mod credential;
mod cryptography;
mod handlers;
mod json;
mod jwks;
mod record;
mod request_id;
mod routes;
mod server;
#[cfg(feature = "service")]
pub mod service;
mod settings;
mod setup;
mod spiffe;
mod throttle;
mod tls;
mod token;
mod trust;
mod trusted;
mod verifier;
mod vetting;

pub use audit::{Admission, Audit, AuditEvent, Decision, Stage, TracingAudit};
pub use bank::{Bank, Principal, TransferOrder};
pub use cause::Cause;
pub use clock::{Clock, SystemClock};
pub use connection::{ConnectionError, PeerCertificates};
pub use cryptography::Cryptography;
pub use request_id::RequestId;
pub use server::Server;
pub use settings::Settings;
pub use setup::SetupError;
pub use throttle::ThrottleSettings;
pub use trust::{Holder, Issuer, Trust};
