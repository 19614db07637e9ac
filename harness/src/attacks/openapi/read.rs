//! OpenAPI 3.0, 3.1 and Swagger 2.0 in one form. Root security is inherited, and emptied by an operation that says `[]`.

use super::{
    Document, Operation, parameters,
    references::Source,
    security::{self, Schemes},
    tree::{Node, Place, Value},
};
use crate::attacks::input::InputError;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Reads a document; `file` is named in errors. `Err` names the line of the first fault.
///
/// ```
/// let error = gatecrash::input::openapi::parse("openapi.yaml", "openapi: 3.0.3\npaths: []\n").unwrap_err();
/// assert_eq!(error.to_string(), "openapi.yaml:2:8: `paths` is a list; write an object of paths");
/// ```
pub fn parse(file: &str, text: &str) -> Result<Document, InputError> {
    let root = Node::parse(file, text)?;
    let source = Source { file, root: &root };
    let (version, swagger) = version(&source)?;
    let declared = if swagger {
        root.get("securityDefinitions")
    } else {
        root.get("components").and_then(|components| components.get("securitySchemes"))
    };
    let schemes = security::schemes(&source, declared)?;
    let reader = Reader { source, schemes: &schemes, swagger };
    let Some(paths) = root.get("paths") else {
        if root.get("webhooks").is_some() || root.get("components").is_some() {
            return Err(root.error(file, "has no `paths`: nothing to make routes of"));
        }
        return Err(root.error(file, "has no `paths`; is it an OpenAPI document?"));
    };
    if !matches!(paths.value, Value::Map(_)) {
        return Err(paths.error(file, format!("`paths` is {}; write an object of paths", paths.kind())));
    }
    let mut operations = Vec::new();
    for (key, item) in paths.members().iter().filter(|(key, _)| !key.name.starts_with("x-")) {
        if !key.name.starts_with('/') {
            return Err(key.place.error(file, format!("path `{}` does not begin with `/`", key.name)));
        }
        reader.path(&key.name, reader.source.follow(item)?, &mut operations)?;
    }
    if operations.is_empty() {
        return Err(paths.error(file, "has no operation: nothing to make routes of"));
    }
    let webhooks = root.get("webhooks").map_or(&[][..], Node::members);
    Ok(Document {
        file: file.into(),
        version,
        title: root.get("info").and_then(|info| info.text_of("title")).map(String::from),
        server: reader.server(&[&root])?,
        operations,
        webhooks: webhooks.iter().map(|(key, _)| key.name.clone()).collect(),
        schemes,
    })
}

/// The version in words, and whether it is Swagger 2.0.
fn version(source: &Source<'_>) -> Result<(String, bool), InputError> {
    let root = source.root;
    let known = "Swagger 2.0 and OpenAPI 3.0 and 3.1 are read";
    let Value::Map(_) = &root.value else {
        return Err(root.error(source.file, format!("is {}; an OpenAPI document is an object", root.kind())));
    };
    let (name, node) = match (root.get("openapi"), root.get("swagger")) {
        (Some(node), _) => ("OpenAPI", node),
        (None, Some(node)) => ("Swagger", node),
        (None, None) => {
            return Err(root.error(source.file, format!("names no version as `openapi` or `swagger`; {known}")));
        }
    };
    let version = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(node.error(source.file, format!("the version is {}; {known}", node.kind()))),
    };
    let is = |wanted: &str| version == wanted || version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'));
    match (name, is("2.0") || version == "2", is("3.0") || is("3.1")) {
        ("Swagger", true, _) => Ok((format!("Swagger {version}"), true)),
        ("OpenAPI", _, true) => Ok((format!("OpenAPI {version}"), false)),
        _ => Err(node.error(source.file, format!("{name} {version} is not one of them; {known}"))),
    }
}

struct Reader<'a> {
    source: Source<'a>,
    schemes: &'a Schemes,
    swagger: bool,
}

impl<'a> Reader<'a> {
    fn path(&self, path: &str, item: &'a Node, operations: &mut Vec<Operation>) -> Result<(), InputError> {
        let Value::Map(members) = &item.value else {
            let fault = format!("path `{path}` is {}; write an object of methods", item.kind());
            return Err(item.error(self.source.file, fault));
        };
        for (key, node) in members.iter().filter(|(key, _)| METHODS.contains(&key.name.as_str())) {
            if !matches!(node.value, Value::Map(_)) {
                let fault = format!("operation `{} {path}` is {}; write an object", key.name, node.kind());
                return Err(node.error(self.source.file, fault));
            }
            operations.push(self.operation(key.place, &key.name, path, item, node)?);
        }
        Ok(())
    }

    fn operation(
        &self,
        place: Place,
        method: &str,
        path: &str,
        item: &'a Node,
        node: &'a Node,
    ) -> Result<Operation, InputError> {
        let root = self.source.root;
        // The nearest that says something counts; an empty list takes back what the root says.
        let said = node.get("security").or_else(|| root.get("security"));
        let levels = [node, item, root];
        let extension = levels.iter().find_map(|level| level.get("x-mtls"));
        let certificate = extension.is_some_and(security::is_on);
        let security = security::alternatives(&self.source, self.schemes, said, certificate)?;
        let own = |level: &'a Node, name: &str| level.get(name).map_or(&[][..], Node::items).first()?.text();
        let consumes = own(node, "consumes").or_else(|| own(root, "consumes"));
        let (parameters, body) = parameters::of_operation(&self.source, item, node, consumes)?;
        for name in path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)) {
            if !parameters.iter().any(|known| known.within == "path" && known.name == name) {
                let fault = format!("`{} {path}` does not declare its parameter `{{{name}}}`", method.to_uppercase());
                return Err(place.error(self.source.file, fault));
            }
        }
        let prefix = self.server(&levels)?.map(|url| path_of(&url)).unwrap_or_default();
        Ok(Operation {
            line: place.line,
            method: method.to_uppercase(),
            path: format!("{prefix}{path}"),
            security,
            security_line: said.or(extension).map(|node| node.place.line),
            parameters,
            body,
        })
    }

    /// The first server of the nearest level that names one.
    fn server(&self, levels: &[&Node]) -> Result<Option<String>, InputError> {
        if self.swagger {
            let root = self.source.root;
            let base = root.text_of("basePath").unwrap_or("");
            let Some(host) = root.text_of("host") else {
                return Ok(Some(base.to_string()).filter(|it| !it.is_empty()));
            };
            // Tokens and certificates need TLS, whatever `schemes` says besides.
            return Ok(Some(format!("https://{host}{base}")));
        }
        let Some(server) = levels.iter().find_map(|level| level.get("servers")?.items().first()) else {
            return Ok(None);
        };
        let Some(url) = server.text_of("url") else {
            return Err(server.error(self.source.file, "a server needs a `url`"));
        };
        let variables = server.get("variables").map_or(&[][..], Node::members);
        Ok(Some(variables.iter().fold(url.to_string(), |url, (key, variable)| {
            url.replace(&format!("{{{}}}", key.name), variable.text_of("default").unwrap_or_default())
        })))
    }
}

/// The path of a URL without a slash at its end; a relative one is its own path.
fn path_of(url: &str) -> String {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url,
    };
    path.split(['?', '#']).next().unwrap_or(path).trim_end_matches('/').to_string()
}
