//! Reads checked values into a caller's type.
//!
//! Two habits of derived deserializers are stopped here: a struct is never read from an array, and an enum's variant
//! never from a number.

use core::fmt;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::number::Number;
use super::{Elements, Kind, Members, View, text};

/// The value does not fit the type. What the type says about it may quote the token, and is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the JSON does not have the expected shape")
    }
}

impl core::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> View<'_, 'de> {
    #[inline]
    fn visit_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.kind() {
            Kind::String => visitor.visit_borrowed_str(self.raw()),
            Kind::EscapedString => visitor.visit_string(text::unescape(self.raw())),
            _ => Err(Mismatch),
        }
    }

    fn visit_number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.as_number().ok_or(Mismatch)? {
            Number::Unsigned(value) => visitor.visit_u64(value),
            Number::Negative(value) => visitor.visit_i64(value),
            Number::Float(value) => visitor.visit_f64(value),
        }
    }

    fn visit_object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let mut access = ObjectAccess { members: self.members().ok_or(Mismatch)?, value: None };
        let value = visitor.visit_map(&mut access)?;
        Ok(value)
    }

    fn visit_array<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let mut access = ArrayAccess(self.elements().ok_or(Mismatch)?);
        let value = visitor.visit_seq(&mut access)?;
        // A tuple that leaves elements unread is of another length.
        if access.0.next().is_none() { Ok(value) } else { Err(Mismatch) }
    }
}

impl<'de> de::Deserializer<'de> for View<'_, 'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::True => visitor.visit_bool(true),
            Kind::False => visitor.visit_bool(false),
            Kind::Integer | Kind::Number => self.visit_number(visitor),
            Kind::String | Kind::EscapedString => self.visit_string(visitor),
            Kind::Array => self.visit_array(visitor),
            Kind::Object => self.visit_object(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.kind() == Kind::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.visit_object(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.kind() {
            Kind::String => visitor.visit_enum(BorrowedStrDeserializer::new(self.raw())),
            Kind::EscapedString => {
                let variant: StringDeserializer<Mismatch> = text::unescape(self.raw()).into_deserializer();
                visitor.visit_enum(variant)
            }
            Kind::Object => {
                let mut members = self.members().ok_or(Mismatch)?;
                match (members.next(), members.next()) {
                    (Some((variant, content)), None) => visitor.visit_enum(VariantAccess { variant, content }),
                    _ => Err(Mismatch),
                }
            }
            _ => Err(Mismatch),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        // All of it has been checked already.
        visitor.visit_unit()
    }

    // The most frequent ones go straight to their kind.
    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.visit_string(visitor)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.visit_string(visitor)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.visit_string(visitor)
    }

    #[inline]
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.visit_number(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct map
    }
}

struct ArrayAccess<'d, 'de>(Elements<'d, 'de>);

impl<'de> de::SeqAccess<'de> for &mut ArrayAccess<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        self.0.next().map(|element| seed.deserialize(element)).transpose()
    }
}

struct ObjectAccess<'d, 'de> {
    members: Members<'d, 'de>,
    value: Option<View<'d, 'de>>,
}

impl<'de> de::MapAccess<'de> for &mut ObjectAccess<'_, 'de> {
    type Error = Mismatch;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some(name) = self.members.0.next() else { return Ok(None) };
        self.value = self.members.0.next();
        seed.deserialize(name).map(Some)
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self.value.take().ok_or(Mismatch)?)
    }
}

struct VariantAccess<'d, 'de> {
    variant: std::borrow::Cow<'de, str>,
    content: View<'d, 'de>,
}

impl<'d, 'de> de::EnumAccess<'de> for VariantAccess<'d, 'de> {
    type Error = Mismatch;
    type Variant = View<'d, 'de>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, View<'d, 'de>), Mismatch> {
        let variant: de::value::CowStrDeserializer<'de, Mismatch> = self.variant.into_deserializer();
        Ok((seed.deserialize(variant)?, self.content))
    }
}

impl<'de> de::VariantAccess<'de> for View<'_, 'de> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        if self.kind() == Kind::Null { Ok(()) } else { Err(Mismatch) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.visit_array(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Mismatch> {
        self.visit_object(visitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::super::Document;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        name: String,
        size: Option<u16>,
        #[serde(default)]
        list: Vec<Kind>,
        #[serde(flatten)]
        rest: std::collections::BTreeMap<String, serde_json::Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Unit,
        New(i8),
        Pair(u8, u8),
        Struct { a: bool },
    }

    fn read<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
        Document::parse(text.as_bytes()).unwrap().deserialize().ok()
    }

    #[test]
    fn types_are_read_as_serde_json_reads_them() {
        for text in [
            r#"{"name":"x","size":7,"list":["unit",{"new":-3},{"pair":[1,2]},{"struct":{"a":true}}],"other":[1.5,null]}"#,
            r#"{"name":"\u0041","size":null}"#,
            r#"{"size":1}"#,
            r#"{"name":1}"#,
            r#"{"name":"x","size":70000}"#,
            r#"{"name":"x","size":-1}"#,
            r#"{"name":"x","list":[{"pair":[1]}]}"#,
            r#"{"name":"x","list":[{"pair":[1,2,3]}]}"#,
            r#"{"name":"x","list":["nothing"]}"#,
            r#"{"name":"x","list":[{"unit":1}]}"#,
        ] {
            assert_eq!(read::<Sample>(text), serde_json::from_str(text).ok(), "{text}");
        }
    }

    #[test]
    fn a_struct_is_never_read_from_an_array() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Pair {
            a: u8,
            b: u8,
        }
        assert_eq!(serde_json::from_str::<Pair>("[1,2]").ok(), Some(Pair { a: 1, b: 2 }));
        assert_eq!(read::<Pair>("[1,2]"), None);
    }

    proptest! {
        #[test]
        fn any_value_is_read_as_serde_json_reads_it(value in arbitrary_json()) {
            let text = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(read::<serde_json::Value>(&text), Some(value));
        }

        #[test]
        fn what_is_accepted_is_json_to_another_library(text in r#"[\[\]{}",:0-9eE+.\-truefalsn\\u ]{0,24}"#) {
            if Document::parse(text.as_bytes()).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
            }
        }
    }

    fn arbitrary_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                proptest::collection::hash_map(any::<String>(), inner, 0..8)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }
}
