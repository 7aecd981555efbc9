//! Bounded HTTP GET for the control plane: metadata and key sets.

use http::StatusCode;
use url::Url;

/// The most bytes of a metadata document or key set.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Why a document could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The connection failed or timed out.
    #[error("{0}")]
    Unreachable(#[source] reqwest::Error),
    /// The server answered something else than 200. Redirects are not followed.
    #[error("the answer was {0}")]
    Status(StatusCode),
    /// The document is larger than it may be: [`MAX_DOCUMENT_BYTES`] for most.
    #[error("the document is too large")]
    TooLarge,
}

/// Fetches a document of at most [`MAX_DOCUMENT_BYTES`].
pub(crate) async fn get(client: &reqwest::Client, url: &Url) -> Result<Vec<u8>, FetchError> {
    get_at_most(MAX_DOCUMENT_BYTES, client, url).await
}

/// Fetches a document of at most so many bytes.
pub(crate) async fn get_at_most(most: usize, client: &reqwest::Client, url: &Url) -> Result<Vec<u8>, FetchError> {
    let unreachable = |error: reqwest::Error| FetchError::Unreachable(error.without_url());
    let response = client.get(url.clone()).send().await.map_err(unreachable)?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    body(most, response).await
}

/// Reads an answer's body of at most so many bytes.
pub(crate) async fn body(most: usize, mut response: reqwest::Response) -> Result<Vec<u8>, FetchError> {
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| FetchError::Unreachable(error.without_url()))? {
        if document.len() + chunk.len() > most {
            return Err(FetchError::TooLarge);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}
