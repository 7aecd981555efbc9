//! `prompt`: OpenID Connect Core 1.0 section 3.1.2.1.

/// What the client wants the user to be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Ask nothing; fail when there is need.
    pub never: bool,
    /// Ask for a proof of who the user is, whoever is logged in. The login page is also where an account is chosen.
    pub login: bool,
    /// Ask for consent, whatever was granted before.
    pub consent: bool,
}

impl Prompt {
    /// Reads the parameter; nothing when it is none of the standard's values, or `none` among others.
    pub fn parse(text: Option<&str>) -> Option<Self> {
        let mut prompt = Self::default();
        for name in text.into_iter().flat_map(|text| text.split(' ')) {
            match name {
                "none" => prompt.never = true,
                "login" | "select_account" => prompt.login = true,
                "consent" => prompt.consent = true,
                _ => return None,
            }
        }
        (!prompt.never || text == Some("none")).then_some(prompt)
    }
}
