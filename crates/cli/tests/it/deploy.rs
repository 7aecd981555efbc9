//! The manifests of `deploy/`: parsed, filled, and checked against each other and the program. There is no Helm here: templates
//! are filled by the few forms that they use, and any other form fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use probity_guard::config::GuardConfig;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{PROBITY, text};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn documents(yaml: &str) -> Vec<Value> {
    let read = |text: &str| serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    yaml.split("\n---\n").map(read).collect()
}

/// The documents of the chart, as a release with these values.
fn chart(values: &Value) -> Vec<Value> {
    let templates = ["configmap", "deployment", "service"];
    templates
        .iter()
        .flat_map(|name| documents(&fill(&file(&format!("helm/probity-guard/templates/{name}.yaml")), values)))
        .collect()
}

/// Fills a template.
fn fill(template: &str, values: &Value) -> String {
    let mut filled = String::new();
    let mut shown = true;
    for line in template.lines() {
        let Some((before, rest)) = line.split_once("{{") else {
            if shown {
                filled.extend([line, "\n"]);
            }
            continue;
        };
        let (action, after) = rest.split_once("}}").unwrap();
        assert!(!after.contains("{{"), "{line}");
        let words: Vec<&str> = action.trim_start_matches('-').split_whitespace().filter(|word| *word != "|").collect();
        let value = |name: &str| match name.strip_prefix(".Values.") {
            Some(name) => values.get(name).unwrap_or_else(|| panic!("no value {name}")).clone(),
            None if name == ".Release.Name" => "edge".into(),
            None => panic!("{line}"),
        };
        let plain = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let indented = |text: &str, by: &str| {
            let by = " ".repeat(by.parse().unwrap());
            text.lines().flat_map(|line| [&by, line, "\n"]).collect::<String>()
        };
        match words.as_slice() {
            ["if", name] => shown = value(name) == true,
            ["end"] => shown = true,
            _ if !shown => {}
            [name] => filled.extend([before, &plain(value(name)), after, "\n"]),
            [name, "quote"] => filled.extend([before, &Value::from(plain(value(name))).to_string(), after, "\n"]),
            [name, "nindent", by] => filled.push_str(&indented(&plain(value(name)), by)),
            // JSON is YAML.
            [name, "toYaml", "nindent", by] => filled.push_str(&indented(&value(name).to_string(), by)),
            _ => panic!("{line}"),
        }
    }
    filled
}

fn of_kind<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    documents.iter().find(|document| document["kind"] == kind).unwrap()
}

/// What must fit together in a deployment of a guard.
fn check(documents: &[Value]) {
    let (map, deployment, service) =
        (of_kind(documents, "ConfigMap"), of_kind(documents, "Deployment"), of_kind(documents, "Service"));
    let config_text = text(map, "/data/guard.toml");
    let config: GuardConfig = toml::from_str(config_text).unwrap();
    config.policy().unwrap();
    let proxy = config.proxy.as_ref().unwrap();
    config.proxy_plan().unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    for selector in [&deployment["spec"]["selector"]["matchLabels"], &service["spec"]["selector"]] {
        for (name, value) in selector.as_object().unwrap() {
            assert_eq!(&labels[name], value, "{name}");
        }
    }
    let guard = pod["containers"].as_array().unwrap().iter().find(|container| container["name"] == "guard").unwrap();
    let ports: Vec<(&str, u64)> = guard["ports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|port| (text(port, "/name"), port["containerPort"].as_u64().unwrap()))
        .collect();
    assert_eq!(ports, [("https", proxy.listen.port().into()), ("health", config.listen.port().into())]);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], "https");
    assert_eq!(guard["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert_eq!(guard["livenessProbe"]["httpGet"]["path"], "/healthz");
    for probe in ["readinessProbe", "livenessProbe"] {
        assert_eq!(guard[probe]["httpGet"]["port"], "health");
    }
    assert!(config.drain_delay > 0 && pod["terminationGracePeriodSeconds"].as_u64().unwrap() > config.drain_delay + 5);
    // Nobody beyond the pod may ask for verdicts at the port that is open for probes.
    assert!(config.plain_http_beyond_loopback && config.proxies == ["127.0.0.1"]);
    // Every file of the configuration is in a volume that is there.
    let mounts: Vec<(PathBuf, &str)> = guard["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| (PathBuf::from(text(mount, "/mountPath")), text(mount, "/name")))
        .collect();
    let tls = proxy.tls.as_ref().unwrap();
    for path in [&config.credential_file, &tls.certificate_file, &tls.key_file, &PathBuf::from(text(guard, "/args/2"))]
    {
        assert!(mounts.iter().any(|(folder, _)| path.parent() == Some(folder)), "{}", path.display());
    }
    let volumes = pod["volumes"].as_array().unwrap();
    for (_, name) in &mounts {
        assert!(volumes.iter().any(|volume| volume["name"] == *name), "{name}");
    }
    let map_of_volume = volumes.iter().find_map(|volume| volume["configMap"]["name"].as_str()).unwrap();
    assert_eq!(map_of_volume, text(map, "/metadata/name"));
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(guard["securityContext"]["readOnlyRootFilesystem"], true);
    assert!(!text(guard, "/image").ends_with(":latest"));
    assert_eq!(text(guard, "/args/0"), "guard");
    accepted_by_the_program(config_text);
}

/// The program itself takes the configuration.
fn accepted_by_the_program(config: &str) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("guard.toml");
    fs::write(&path, config).unwrap();
    let mut command = Command::new(PROBITY);
    let output = command.args(["guard", "check", "--uri", "/orders", "--config"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("guard.no_credentials"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_sidecar_fits_together() {
    let documents = documents(&file("kubernetes/sidecar.yaml"));
    check(&documents);
    let pod = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"];
    let application = &pod["containers"][0];
    assert!(application.get("ports").is_none(), "nobody but the guard reaches the application");
    assert!(text(application, "/env/0/value").starts_with("127.0.0.1:"));
}

#[test]
fn the_chart_fits_together_whatever_the_values_say() {
    let values: Value = serde_saphyr::from_str(&file("helm/probity-guard/values.yaml")).unwrap();
    let chart_file: Value = serde_saphyr::from_str(&file("helm/probity-guard/Chart.yaml")).unwrap();
    assert_eq!((text(&chart_file, "/apiVersion"), text(&chart_file, "/appVersion")), ("v2", env!("CARGO_PKG_VERSION")));
    let documents = chart(&values);
    check(&documents);
    assert!(of_kind(&documents, "Service")["spec"].get("sessionAffinity").is_none());
    let mut sticky = values;
    sticky["keepBrowsers"] = true.into();
    let documents = chart(&sticky);
    check(&documents);
    assert_eq!(of_kind(&documents, "Service")["spec"]["sessionAffinity"], "ClientIP");
}

#[test]
fn the_image_runs_as_nobody_and_pins_what_it_is_made_of() {
    let dockerfile = file("Dockerfile");
    let mut from = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM "));
    assert!(from.all(|image| image.contains(':') && !image.contains(":latest")));
    assert!(dockerfile.contains("\nUSER 65532:65532\n") && dockerfile.contains("--locked"));
    let built = dockerfile.lines().find(|line| line.starts_with("COPY --from=build")).unwrap();
    let entry = dockerfile.lines().find(|line| line.starts_with("ENTRYPOINT")).unwrap();
    assert_eq!(entry, format!("ENTRYPOINT [\"{}\"]", built.split(' ').next_back().unwrap()));
    let minimum = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml")).unwrap();
    let minimum =
        minimum.lines().find_map(|line| line.strip_prefix("rust-version = \"")).unwrap().trim_end_matches('"');
    assert!(dockerfile.starts_with("# ") && dockerfile.contains(&format!("FROM rust:{minimum}")));
}
