//! The parameters of a request: a query or a form body (RFC 6749 appendix B).

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The most parameters in one request.
pub const MAX_PARAMETERS: usize = 64;

/// The longest query or form body, in bytes.
pub const MAX_PARAMETERS_BYTES: usize = 64 * 1024;

/// The only parameters that may come more than once: RFC 8707 section 2, RFC 8693 section 2.1.
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// Parameters by name. None is empty, and none comes twice unless its specification says that it may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, Vec<String>>);

/// Parameters that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// A name came twice (RFC 6749 section 3.1): two readers could take two different values.
    #[error("a parameter came more than once")]
    Repeated,
    /// Not percent-encoded UTF-8.
    #[error("the parameters are not percent-encoded UTF-8")]
    Malformed,
    /// More than [`MAX_PARAMETERS`] or [`MAX_PARAMETERS_BYTES`].
    #[error("too many parameters")]
    TooMany,
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// [`ParametersError`]
    pub fn parse(text: &str) -> Result<Self, ParametersError> {
        if text.len() > MAX_PARAMETERS_BYTES {
            return Err(ParametersError::TooMany);
        }
        let mut parameters = BTreeMap::<String, Vec<String>>::new();
        let mut count = 0;
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            count += 1;
            if count > MAX_PARAMETERS {
                return Err(ParametersError::TooMany);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if name.is_empty() {
                return Err(ParametersError::Malformed);
            }
            // RFC 6749 section 3.1: one without a value counts as omitted. Twice is still twice.
            let may_repeat = REPEATABLE.contains(&name.as_str());
            let values = parameters.entry(name).or_default();
            if !values.is_empty() && !may_repeat {
                return Err(ParametersError::Repeated);
            }
            values.push(value);
        }
        parameters.values_mut().for_each(|values| values.retain(|value| !value.is_empty()));
        parameters.retain(|_, values| !values.is_empty());
        Ok(Self(parameters))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(String::as_str)
    }

    /// The values of a parameter that may come more than once.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same parameters but one.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// The same parameters with one more, or another value for one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), vec![value.to_owned()]);
        self
    }

    /// The same parameters with several values for one.
    #[must_use]
    pub fn with_all(mut self, name: &str, values: Vec<String>) -> Self {
        self.0.insert(name.to_owned(), values);
        self
    }

    /// As a query or form body.
    pub fn to_text(&self) -> String {
        let pairs = self.0.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }
}

fn decode(text: &str) -> Result<String, ParametersError> {
    let valid_escapes = text.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes();
        let mut hex = || digits.next().is_some_and(|byte| byte.is_ascii_hexdigit());
        hex() && hex()
    });
    if !valid_escapes {
        return Err(ParametersError::Malformed);
    }
    let spaced: Cow<'_, str> = if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| ParametersError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded_and_empty_ones_count_as_omitted() {
        let parameters = Parameters::parse("a=1+2%203&b=&c&%64=%C3%A9&").unwrap();
        assert_eq!(parameters.get("a"), Some("1 2 3"));
        assert_eq!((parameters.get("b"), parameters.get("c")), (None, None));
        assert_eq!(parameters.get("d"), Some("é"));
        assert_eq!(Parameters::parse(&parameters.to_text()), Ok(parameters));
    }

    #[test]
    fn a_repeated_name_is_refused_also_in_another_spelling_or_without_a_value() {
        for text in ["a=1&a=1", "a=1&%61=2", "a=1&a=", "a&a"] {
            assert_eq!(Parameters::parse(text), Err(ParametersError::Repeated), "{text}");
        }
    }

    #[test]
    fn a_resource_may_be_repeated_and_keeps_its_order() {
        let parameters = Parameters::parse("resource=b&resource=&resource=a&x=1").unwrap();
        assert_eq!(parameters.all("resource"), ["b", "a"]);
        assert_eq!(parameters.get("resource"), Some("b"));
        assert!(parameters.all("y").is_empty());
        assert_eq!(Parameters::parse(&parameters.to_text()), Ok(parameters));
    }

    #[test]
    fn broken_encodings_are_refused() {
        for text in ["%%%=&&&", "a=%", "a=%4", "a=%zz", "a=%ff", "=1"] {
            assert_eq!(Parameters::parse(text), Err(ParametersError::Malformed), "{text}");
        }
    }

    #[test]
    fn too_many_parameters_are_refused() {
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|n| format!("p{n}=1")).collect();
        assert_eq!(Parameters::parse(&many.join("&")), Err(ParametersError::TooMany));
        assert_eq!(Parameters::parse(&"x".repeat(MAX_PARAMETERS_BYTES + 1)), Err(ParametersError::TooMany));
    }
}
