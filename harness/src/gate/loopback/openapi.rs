//! The policy's routes as an OpenAPI document, for tools that read one.

use gatecrash_model::{Blueprint, Factor, Person, Policy, Route};
use serde_json::{Map, Value, json};

/// An OpenAPI 3.1 document of the policy's routes. `base` is the address of the server.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// let document = gatecrash::gate::loopback::document(world.policy(), &world.blueprint(), "https://localhost:8443");
/// assert!(document["paths"]["/v1/whoami"]["get"].is_object());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn document(policy: &Policy, blueprint: &Blueprint, base: &str) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in &policy.routes {
        let known = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        known[route.method.to_lowercase()] = operation(route, policy, blueprint);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "A gate of Gatecrash", "version": "1" },
        "servers": [{ "url": base }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "certificate": { "type": "mutualTLS" },
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

fn operation(route: &Route, policy: &Policy, blueprint: &Blueprint) -> Value {
    let object = blueprint.example_object(route, Person::Alice).unwrap_or_default();
    let security = route.security.iter().map(|factors| {
        let named = factors.iter().map(|factor| match factor {
            Factor::Certificate => ("certificate".to_string(), json!([])),
            Factor::Token => ("token".to_string(), json!(route.scopes)),
        });
        Value::Object(named.collect())
    });
    let mut responses = json!({ "200": { "description": "done" } });
    // Every one of them: an answer that the document lacks is a complaint of tools that read it.
    for status in policy.answers.refused.iter().chain(&policy.answers.throttled) {
        responses[status.to_string()] = json!({ "description": "refused" });
    }
    let mut operation = json!({ "security": security.collect::<Vec<_>>(), "responses": responses });
    let holder = route.path_parameter();
    let parameters: Vec<Value> = route
        .path_parameters()
        .map(|name| {
            let schema = json!({ "type": "string" });
            let example =
                if Some(name) == holder { object.as_str() } else { route.example_of(name).unwrap_or_default() };
            json!({ "name": name, "in": "path", "required": true, "schema": schema, "example": example })
        })
        .collect();
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    for (name, value) in route.query.iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split_once('=')) {
        let example = if route.query_parameter() == Some(name) { object.as_str() } else { value };
        let schema = json!({ "type": "string" });
        let parameter = json!({ "name": name, "in": "query", "required": true, "schema": schema, "example": example });
        match operation["parameters"].as_array_mut() {
            Some(parameters) => parameters.push(parameter),
            None => operation["parameters"] = json!([parameter]),
        }
    }
    if let Some(body) = &route.body {
        let text = match route.body_parameter() {
            Some(name) => body.replace(&format!("{{{name}}}"), &object),
            None => body.clone(),
        };
        let example = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let media = route.content_type.clone().unwrap_or_else(|| "application/json".into());
        operation["requestBody"] = json!({ "required": true, "content": { media: { "example": example } } });
    }
    operation
}
