//! `GET /admin/openapi.json`: the administration as an OpenAPI 3.1 document, made from its operations. It says nothing of this
//! authority but its issuer, so everybody may read it.

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::operation::{Body, Kind, Operation};
use super::operations;
use crate::domain::role::Role;
use crate::http::{Shared, path};

pub(in crate::http) async fn get(State(state): Shared) -> Json<Value> {
    Json(document(&state.issuer))
}

fn document(issuer: &str) -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(operation.verb.name().to_owned(), described(&operation));
        }
    }
    let scopes: Map<_, _> =
        Role::ALL.map(|role| (role.scope().to_owned(), role.description().into())).into_iter().collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Probity administration",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("For access tokens with the audience {issuer}/admin and the scope of a role."),
        },
        "servers": [{ "url": format!("{issuer}{}", path::ADMIN) }],
        "paths": paths,
        "components": {
            "securitySchemes": { "oauth": { "type": "oauth2", "flows": { "clientCredentials": {
                "tokenUrl": format!("{issuer}{}", path::TOKEN),
                "scopes": scopes,
            } } } },
            "schemas": { "Error": {
                "type": "object",
                "properties": { "error": { "type": "string" }, "error_description": { "type": "string" } },
                "required": ["error", "error_description"],
            } },
        },
    })
}

fn described(operation: &Operation) -> Value {
    let parameters = names_in(operation.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .chain(
            operation.query.iter().map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } })),
        );
    let success = if operation.status == 204 {
        json!({ "description": "done" })
    } else {
        json!({ "description": "done", "content": { "application/json": { "schema": { "type": "object" } } } })
    };
    let error = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } });
    let mut described = json!({
        "operationId": name_of(operation),
        "summary": operation.summary,
        "parameters": parameters.collect::<Vec<_>>(),
        "security": [{ "oauth": [operation.role.scope()] }],
        "responses": {
            (operation.status.to_string()): success,
            "default": { "description": "refused", "content": error },
        },
    });
    if let (Some(body), Some(described)) = (&operation.body, described.as_object_mut()) {
        let content = json!({ "application/json": { "schema": schema(body) } });
        described.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    described
}

fn schema(body: &Body) -> Value {
    let properties: Map<_, _> = body.members.iter().map(|member| (member.name.to_owned(), kind(member.kind))).collect();
    let required: Vec<_> = body.members.iter().filter(|member| member.required).map(|member| member.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Number => json!({ "type": "integer", "minimum": 0 }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Object => json!({ "type": "object" }),
    }
}

/// A name for generated code: `get-clients-client_id`.
fn name_of(operation: &Operation) -> String {
    let words = operation.path.split('/').filter(|word| !word.is_empty()).map(|word| word.trim_matches(['{', '}']));
    std::iter::once(operation.verb.name()).chain(words).collect::<Vec<_>>().join("-")
}

/// The names of the parameters in a path.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_each_body_are_those_that_its_type_reads() {
        let bodies = operations().into_iter().filter_map(|operation| Some((operation.path, operation.body?)));
        let mut count = 0;
        for (path, body) in bodies {
            let mut named: Vec<_> = body.members.iter().map(|member| member.name).collect();
            let mut read = body.read.to_vec();
            named.sort_unstable();
            read.sort_unstable();
            assert_eq!(named, read, "{path}");
            count += 1;
        }
        assert!(count >= 9, "{count}");
    }

    #[test]
    fn whatever_changes_something_is_not_for_auditors() {
        for operation in operations() {
            let reads = operation.verb == super::super::operation::Verb::Get || operation.path == "/why";
            assert_eq!(operation.role == Role::Auditor, reads, "{}", operation.path);
        }
    }
}
