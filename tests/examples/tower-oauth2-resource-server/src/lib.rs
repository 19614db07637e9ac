//! A service that leaves its tokens to tower-oauth2-resource-server, wired as the documentation of that crate says.

use tower_oauth2_resource_server::{
    error::StartupError, server::OAuth2ResourceServer, tenant::TenantConfiguration, validation::ClaimsValidationSpec,
};

/// Takes tokens of one issuer for one audience; `keys` is the JWK Set of the issuer, in JSON.
pub async fn resource_server(keys: &str, issuer: &str, audience: &str) -> Result<OAuth2ResourceServer, StartupError> {
    // A static tenant knows no issuer to compare `iss` with unless it is told.
    let claims = ClaimsValidationSpec::recommended(issuer, &vec![audience.to_owned()]);
    let tenant = TenantConfiguration::static_builder(keys).identifier(issuer).claims_validation(claims).build()?;
    <OAuth2ResourceServer>::builder().add_tenant(tenant).build().await
}
