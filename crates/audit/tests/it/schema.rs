//! As much of JSON Schema (drafts 4 and 7) as the schemas of the reports use. A keyword that it does not know is an error.

use probity_audit::evidence::Json;

/// What is wrong with a value, each with its path.
pub(crate) fn violations(value: &Json, schema: &Json) -> Vec<String> {
    let mut found = Vec::new();
    check(value, schema, schema, "$", &mut found);
    found
}

fn check(value: &Json, schema: &Json, root: &Json, path: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema.text("$ref") {
        let target = reference.trim_start_matches("#/").split('/').try_fold(root, |at, name| at.get(name));
        return check(value, target.unwrap_or_else(|| panic!("{reference}")), root, path, found);
    }
    for (keyword, rule) in schema.members() {
        let ok = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "definitions" | "id" | "$id" | "format"
            | "additionalItems" => true,
            "type" => rule.strings().iter().any(|name| is(value, name)),
            "enum" => rule.elements().iter().any(|one| same(one, value)),
            "required" => !value.is_object() || rule.strings().iter().all(|name| value.get(name).is_some()),
            "properties" => {
                for (name, schema) in rule.members() {
                    if let Some(value) = value.get(name) {
                        check(value, schema, root, &format!("{path}.{name}"), found);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").map(Json::members).unwrap_or_default();
                for (name, value) in
                    value.members().iter().filter(|(name, _)| !known.iter().any(|(known, _)| known == name))
                {
                    match rule {
                        Json::Bool(true) => {}
                        Json::Bool(_) => found.push(format!("{path}.{name} is not allowed")),
                        rule => check(value, rule, root, &format!("{path}.{name}"), found),
                    }
                }
                true
            }
            "items" => {
                for (at, value) in value.elements().iter().enumerate() {
                    check(value, rule, root, &format!("{path}[{at}]"), found);
                }
                true
            }
            "minItems" => !matches!(value, Json::Array(_)) || value.elements().len() >= number(rule),
            "maxItems" => value.elements().len() <= number(rule),
            "uniqueItems" => {
                let elements = value.elements();
                *rule == Json::Bool(false)
                    || elements
                        .iter()
                        .enumerate()
                        .all(|(at, one)| !elements.iter().skip(at + 1).any(|other| same(one, other)))
            }
            "minimum" => value.as_i64().is_none_or(|value| value >= rule.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|value| value <= rule.as_i64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| fits(text, rule.as_str().unwrap())),
            "anyOf" | "oneOf" => rule.elements().iter().any(|schema| {
                let mut inner = Vec::new();
                check(value, schema, root, path, &mut inner);
                inner.is_empty()
            }),
            "allOf" => {
                rule.elements().iter().for_each(|schema| check(value, schema, root, path, found));
                true
            }
            "not" => {
                let mut inner = Vec::new();
                check(value, rule, root, path, &mut inner);
                !inner.is_empty()
            }
            "dependencies" => rule.members().iter().all(|(name, needs)| {
                value.get(name).is_none() || needs.strings().iter().all(|need| value.get(need).is_some())
            }),
            other => panic!("the validator does not know {other}"),
        };
        if !ok {
            found.push(format!("{path}: {keyword} {rule} does not hold"));
        }
    }
}

fn is(value: &Json, name: &str) -> bool {
    match name {
        "integer" => matches!(value, Json::Number(text) if text.parse::<i64>().is_ok()),
        name => value.type_name() == name,
    }
}

fn same(left: &Json, right: &Json) -> bool {
    left == right || (left.as_i64().is_some() && left.as_i64() == right.as_i64())
}

fn number(rule: &Json) -> usize {
    usize::try_from(rule.as_i64().unwrap()).unwrap()
}

/// The few patterns that the schemas use, by what they mean.
fn fits(text: &str, pattern: &str) -> bool {
    match pattern {
        // A version with up to four numbers.
        "[0-9]+(\\.[0-9]+){3}" => text.split('.').filter(|part| part.parse::<u32>().is_ok()).count() >= 4,
        "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}?$" | "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$" => {
            text.len() == 2 || text.len() == 5
        }
        // A UUID.
        p if p.contains("[0-9a-fA-F]{8}") => text.len() == 36,
        // A media type.
        "[^/]+/.+" => text.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty()),
        other => panic!("the validator does not know the pattern {other}"),
    }
}
