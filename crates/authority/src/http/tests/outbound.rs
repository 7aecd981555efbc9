//! What the authority asks of others, answered by the test.

use std::collections::HashMap;
use std::sync::Mutex;

use super::*;
use crate::outbound::{Outbound, OutboundAnswer, OutboundError};

type Answering<'a, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, OutboundError>> + Send + 'a>>;

/// Answers what it was told to, and remembers what it was asked.
#[derive(Default)]
pub(super) struct Web {
    documents: Mutex<HashMap<String, OutboundAnswer>>,
    asked: Mutex<Vec<String>>,
}

impl Web {
    /// Puts a JSON document at an address.
    pub(super) fn put(&self, url: &str, document: &Value) {
        let answer = OutboundAnswer { media_type: "application/json".into(), body: document.to_string().into() };
        self.documents.lock().unwrap().insert(url.into(), answer);
    }

    /// How often an address was asked.
    pub(super) fn asked(&self, url: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == url).count()
    }
}

impl Outbound for Web {
    fn get<'a>(&'a self, url: &'a Url) -> Answering<'a, OutboundAnswer> {
        self.asked.lock().unwrap().push(url.to_string());
        let answer = self.documents.lock().unwrap().get(url.as_str()).cloned();
        Box::pin(async move { answer.ok_or(OutboundError::Status(404)) })
    }
}
