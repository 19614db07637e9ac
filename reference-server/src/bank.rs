//! The protected effects, as the handlers see them. What is behind the trait is the deployment's business.

use serde::Deserialize;

/// The protected effects. Only handlers of admitted requests call them.
pub trait Bank: Send + Sync + 'static {
    /// Answers `GET /v1/accounts/{id}` with a statement, for the owner of the account.
    fn account(&self, principal: &Principal, account: &str) -> String;

    /// Carries out `DELETE /v1/admin/users/{id}`.
    fn delete_user(&self, principal: &Principal, user: &str);

    /// Notes that `GET /healthz` was answered.
    fn health(&self, principal: &Principal);

    /// The SPIFFE ID of the account's owner; `None` when there is no such account.
    fn owner_of(&self, account: &str) -> Option<String>;

    /// Carries out `POST /v1/transfers` for the owner of the account debited; answers a reference number.
    fn transfer(&self, principal: &Principal, order: &TransferOrder) -> String;

    /// Answers `GET /v1/admin/users/{id}` with a profile.
    fn user(&self, principal: &Principal, user: &str) -> String;

    /// Answers `GET /v1/whoami` with a note to the principal.
    fn whoami(&self, principal: &Principal) -> String;
}

/// Who is asking, and with which rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The SPIFFE ID of the client certificate; the token's `sub` is the same.
    pub id: String,
    /// The token's `client_id` (RFC 9068 §2.2); `None` where no token is asked for.
    pub client_id: Option<String>,
    /// What the token grants, its issuer may grant and the certificate may hold: the intersection of the three.
    pub scopes: Vec<String>,
}

/// The body of `POST /v1/transfers`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct TransferOrder {
    /// The account debited.
    pub from: String,
    /// The account credited.
    pub to: String,
    /// In the smallest unit of the currency.
    pub amount: u64,
}
