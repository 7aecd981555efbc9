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
    /// Where forms are taken, and what has come.
    posted: Mutex<HashMap<String, Vec<HashMap<String, String>>>>,
    came: tokio::sync::Notify,
}

impl Web {
    /// Puts a JSON document at an address.
    pub(super) fn put(&self, url: &str, document: &Value) {
        let answer = OutboundAnswer { media_type: "application/json".into(), body: document.to_string().into() };
        self.documents.lock().unwrap().insert(url.into(), answer);
    }

    /// Takes forms at an address from now on.
    pub(super) fn accept_posts_at(&self, url: &str) {
        self.posted.lock().unwrap().insert(url.into(), Vec::new());
    }

    /// The next form that comes to an address.
    pub(super) async fn next_post(&self, url: &str) -> HashMap<String, String> {
        loop {
            let came = self.came.notified();
            if let Some(form) = self.posted.lock().unwrap().get_mut(url).and_then(Vec::pop) {
                return form;
            }
            came.await;
        }
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

    fn post_form<'a>(&'a self, url: &'a Url, form: &'a [(&'static str, &'a str)]) -> Answering<'a, ()> {
        self.asked.lock().unwrap().push(url.to_string());
        let mut posted = self.posted.lock().unwrap();
        let taken = posted.get_mut(url.as_str()).map(|forms| {
            forms.push(form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
            self.came.notify_one();
        });
        Box::pin(async move { taken.ok_or(OutboundError::Status(404)) })
    }
}
