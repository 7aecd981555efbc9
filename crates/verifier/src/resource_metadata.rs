//! What a protected resource says of itself: RFC 9728. A client that gets a 401 finds there which authority to ask for a token.

use serde::Serialize;

/// Where the document is, before the path of the resource (RFC 9728 section 3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceMetadata {
    address: String,
    path: String,
    document: String,
}

/// A resource identifier that can't be one (RFC 9728 section 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a resource is an https URL without fragment; http only on this machine")]
pub struct BadResource;

#[derive(Serialize)]
struct Document<'a> {
    resource: &'a str,
    authorization_servers: &'a [&'a str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    scopes_supported: &'a [String],
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
}

impl ResourceMetadata {
    /// The metadata of a resource whose tokens these issuers give.
    ///
    /// # Errors
    /// [`BadResource`]
    pub fn new(resource: &str, issuers: &[&str], scopes: &[String], name: Option<&str>) -> Result<Self, BadResource> {
        let url = url::Url::parse(resource).map_err(|_| BadResource)?;
        let is_local = url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if !(url.scheme() == "https" || is_local) || url.fragment().is_some() || url.query().is_some() {
            return Err(BadResource);
        }
        // RFC 9728 section 3.1: between host and path, without a slash at its end.
        let path = format!("{WELL_KNOWN}{}", url.path().trim_end_matches('/'));
        let address = format!("{}{path}", url.origin().ascii_serialization());
        let document = Document {
            resource,
            authorization_servers: issuers,
            scopes_supported: scopes,
            bearer_methods_supported: ["header"],
            resource_name: name,
        };
        let document = serde_json::to_string(&document).map_err(|_| BadResource)?;
        Ok(Self { address, path, document })
    }

    /// Where clients find it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether this is the document's path.
    pub fn is_at(&self, path: &str) -> bool {
        path == self.path
    }

    /// The document.
    pub fn document(&self) -> String {
        self.document.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_between_the_host_and_the_path_of_the_resource() {
        let scopes = ["mcp:tools".to_owned()];
        let metadata =
            ResourceMetadata::new("https://api.example/mcp/", &["https://as.example"], &scopes, None).unwrap();
        assert_eq!(metadata.address(), "https://api.example/.well-known/oauth-protected-resource/mcp");
        assert!(metadata.is_at("/.well-known/oauth-protected-resource/mcp") && !metadata.is_at("/mcp"));
        let document: serde_json::Value = serde_json::from_str(&metadata.document()).unwrap();
        assert_eq!(
            document,
            serde_json::json!({
                "resource": "https://api.example/mcp/", "authorization_servers": ["https://as.example"],
                "scopes_supported": ["mcp:tools"], "bearer_methods_supported": ["header"],
            })
        );
        let root = ResourceMetadata::new("https://api.example", &["https://as.example"], &[], Some("API")).unwrap();
        assert_eq!(root.address(), "https://api.example/.well-known/oauth-protected-resource");
    }

    #[test]
    fn a_resource_is_an_https_address() {
        for bad in ["http://api.example", "api.example", "https://api.example/#x", "https://api.example/?x", "urn:x"] {
            assert_eq!(ResourceMetadata::new(bad, &["https://as.example"], &[], None), Err(BadResource), "{bad}");
        }
        assert!(ResourceMetadata::new("http://localhost:8080/mcp", &["https://as.example"], &[], None).is_ok());
    }
}
