//! The OpenAPI 3.1 description, written from the route table, so that the two cannot disagree.

use axum::Json;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Required, ResponseBuilder,
};

use crate::routes::{self, Access, Route};

/// Name of the scheme of the client certificate.
const CERTIFICATE: &str = "clientCertificate";
/// Name of the scheme of the token.
const TOKEN: &str = "accessToken";

/// Answers `GET /openapi.json`. The route asks for a certificate.
pub(crate) async fn answer() -> Response {
    Json(document()).into_response()
}

fn document() -> OpenApi {
    let paths = routes::TABLE.iter().fold(PathsBuilder::new(), |paths, route| {
        paths.path(route.path, PathItem::new(method(&route.method), operation(route).build()))
    });
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An RFC 9068 access token, bound by cnf.x5t#S256 to the client certificate (RFC 8705 §3)"))
        .build();
    let certificate =
        SecurityScheme::MutualTls { description: Some("One URI name, a SPIFFE ID".to_owned()), extensions: None };
    let schemes = ComponentsBuilder::new()
        .security_scheme(CERTIFICATE, certificate)
        .security_scheme(TOKEN, SecurityScheme::Http(token));
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Reference server").version(env!("CARGO_PKG_VERSION")))
        .paths(paths)
        .components(Some(schemes.build()))
        .build()
}

fn operation(route: &Route) -> OperationBuilder {
    let answers: &[(&str, &str)] = match route.access {
        Access::Certificate => &[("401", "The certificate is no longer acceptable")],
        Access::Scope(_) => &[
            ("400", "The credential or the body is malformed"),
            ("401", "No token, or none that is valid for this certificate"),
            ("403", "The scope is not granted, or the account is somebody else's"),
        ],
        Access::Token => {
            &[("400", "The credential is malformed"), ("401", "No token, or none that is valid for this certificate")]
        }
    };
    let success = if route.method == Method::DELETE { "204" } else { "200" };
    let mut operation = OperationBuilder::new()
        .operation_id(Some(operation_id(route)))
        .security(requirement(route.access))
        .response(success, ResponseBuilder::new().description("Done"))
        .response("429", ResponseBuilder::new().description("Too many refusals of this certificate; see Retry-After"));
    for (status, description) in answers {
        operation = operation.response(*status, ResponseBuilder::new().description(*description));
    }
    if route.path.ends_with("{id}") {
        let id = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]{1,64}$"));
        let id = ParameterBuilder::new()
            .name("id")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(id));
        operation = operation.parameter(id);
    }
    if route.method == Method::POST {
        let order = ContentBuilder::new().schema(Some(transfer_order())).build();
        operation = operation
            .request_body(Some(
                RequestBodyBuilder::new().content("application/json", order).required(Some(Required::True)).build(),
            ))
            .response("413", ResponseBuilder::new().description("The body is too long"));
    }
    operation
}

/// Everything behind the listener asks for the certificate; a token comes on top.
fn requirement(access: Access) -> SecurityRequirement {
    let none: [&str; 0] = [];
    let certificate = SecurityRequirement::new(CERTIFICATE, none);
    match access {
        Access::Certificate => certificate,
        Access::Scope(scope) => certificate.add(TOKEN, [scope]),
        Access::Token => certificate.add(TOKEN, none),
    }
}

/// The method and the fixed segments of the path, such as `get-v1-accounts`.
fn operation_id(route: &Route) -> String {
    let segments = route.path.split(['/', '.']).filter(|segment| !segment.is_empty() && !segment.starts_with('{'));
    [route.method.as_str().to_lowercase()].into_iter().chain(segments.map(str::to_owned)).collect::<Vec<_>>().join("-")
}

fn method(method: &Method) -> HttpMethod {
    match *method {
        Method::DELETE => HttpMethod::Delete,
        Method::POST => HttpMethod::Post,
        // The table has no other.
        _ => HttpMethod::Get,
    }
}

/// [`TransferOrder`](crate::TransferOrder).
fn transfer_order() -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let amount = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::Custom("uint64".to_owned())))
        .minimum(Some(0));
    let order = ["amount", "from", "to"].into_iter().fold(ObjectBuilder::new(), ObjectBuilder::required);
    let order = order
        .property("from", text())
        .property("to", text())
        .property("amount", amount)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    Schema::Object(order.build())
}

#[cfg(test)]
mod tests {
    use super::document;
    use crate::routes::{Access, TABLE};

    #[test]
    fn describes_the_table_and_nothing_else() {
        let document = serde_json::to_value(document()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["components"]["securitySchemes"]["clientCertificate"]["type"], "mutualTLS");
        assert_eq!(document["components"]["securitySchemes"]["accessToken"]["scheme"], "bearer");
        let operations: usize =
            document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
        assert_eq!(operations, TABLE.len());
        for route in TABLE {
            let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            let security = operation["security"].as_array().unwrap();
            assert_eq!(security.len(), 1, "{operation}");
            assert!(security[0]["clientCertificate"].is_array(), "{operation}");
            match route.access {
                Access::Certificate => assert!(security[0].get("accessToken").is_none(), "{operation}"),
                Access::Scope(scope) => assert_eq!(security[0]["accessToken"][0], scope),
                Access::Token => assert_eq!(security[0]["accessToken"].as_array().unwrap().len(), 0),
            }
        }
    }
}
