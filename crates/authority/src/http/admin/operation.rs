//! An operation of the administration: where it is, who may do it, what it takes, and the handler. The router and the OpenAPI
//! document are made from the same list of these, so that neither knows of one that the other does not.

use std::sync::Arc;

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use crate::authority::State;
use crate::domain::role::Role;

/// The methods that operations have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// Its name in an OpenAPI document.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// What a member of a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Texts,
    Number,
    Flag,
    Object,
}

/// A member of a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

/// One that may be absent.
pub(super) const fn member(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, required: false }
}

/// One that may not.
pub(super) const fn required(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, required: true }
}

/// A JSON body.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) members: Vec<Member>,
    /// The names that its type reads, from the type itself: a test compares them.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the test that keeps the members true"))]
    pub(super) read: &'static [&'static str],
}

/// An operation.
pub(super) struct Operation {
    pub(super) verb: Verb,
    pub(super) path: &'static str,
    /// The one that may do least of those that may do it.
    pub(super) role: Role,
    pub(super) summary: &'static str,
    pub(super) query: &'static [&'static str],
    pub(super) body: Option<Body>,
    /// The status of success.
    pub(super) status: u16,
    pub(super) handler: MethodRouter<Arc<State>>,
}

impl Operation {
    pub(super) fn new<H, T>(verb: Verb, path: &'static str, role: Role, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<State>>,
        T: 'static,
    {
        let handler = on(verb.filter(), handler);
        Self { verb, path, role, summary, query: &[], body: None, status: 200, handler }
    }

    /// With parameters in the query.
    pub(super) fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    /// With a body that `T` reads.
    pub(super) fn body<T: DeserializeOwned>(self, members: &[Member]) -> Self {
        Self { body: Some(Body { members: members.to_vec(), read: names_of::<T>() }), ..self }
    }

    /// With another status of success.
    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// The names of the members that a structure reads: what it tells any format that it is read from.
fn names_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It is always an error: there is nothing to be read.
    let _ = T::deserialize(Names(&mut names));
    names
}

struct Names<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("no structure"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("nothing to be read"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
