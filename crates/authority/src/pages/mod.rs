//! The pages that people see: plain forms with stable ids, which work without script.

use askama::Template;

/// The style sheet of all pages.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Where a user proves who they are.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// The style sheet's address.
    pub(crate) style: &'a str,
    /// What the application is called.
    pub(crate) client_name: &'a str,
    /// The token against forged logins.
    pub(crate) csrf: &'a str,
    /// The authorization request, to go on with afterwards.
    pub(crate) request: &'a str,
    /// Since when the request has been under way.
    pub(crate) ticket: &'a str,
    /// What was typed before.
    pub(crate) username: &'a str,
    /// Why it did not work.
    pub(crate) error: Option<&'a str>,
}

/// Where a user decides what somebody else's application may have.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage<'a> {
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// The style sheet's address.
    pub(crate) style: &'a str,
    /// What the application calls itself.
    pub(crate) client_name: &'a str,
    /// Where the answer goes: whoever owns that gets what is asked for, whatever the name says. Empty for a device.
    pub(crate) destination: &'a str,
    /// What the device shows, if it is one.
    pub(crate) code: Option<&'a str>,
    /// What it asks for, in words.
    pub(crate) wishes: &'a [String],
    /// The token against forged forms.
    pub(crate) csrf: &'a str,
    /// The authorization request, to go on with afterwards.
    pub(crate) request: &'a str,
    /// Since when the request has been under way.
    pub(crate) ticket: &'a str,
    /// Shows that this session was shown this request.
    pub(crate) shown: &'a str,
}

/// Where a user types in the code of a device.
#[derive(Debug, Template)]
#[template(path = "device.html")]
pub(crate) struct DevicePage<'a> {
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// The style sheet's address.
    pub(crate) style: &'a str,
    /// The token against forged forms.
    pub(crate) csrf: &'a str,
    /// The code, as far as it is known.
    pub(crate) user_code: &'a str,
    /// Whether user name and password are needed.
    pub(crate) asks_for_login: bool,
    /// Why it did not work.
    pub(crate) error: Option<&'a str>,
}

/// Where a user says whether they want to log out.
#[derive(Debug, Template)]
#[template(path = "logout.html")]
pub(crate) struct LogoutPage<'a> {
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// The style sheet's address.
    pub(crate) style: &'a str,
    /// The token against forged forms.
    pub(crate) csrf: &'a str,
    /// The logout request, to go on with afterwards.
    pub(crate) request: &'a str,
    /// Shows that this session was asked about this request.
    pub(crate) shown: &'a str,
}

/// Says that something is done and nothing more is to do.
#[derive(Debug, Template)]
#[template(path = "done.html")]
pub(crate) struct DonePage<'a> {
    /// The style sheet's address.
    pub(crate) style: &'a str,
    /// What is done.
    pub(crate) message: &'a str,
}

/// Takes an answer to the client by a form that sends itself, or at a click.
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub(crate) struct FormPostPage<'a> {
    /// The client's redirect URI.
    pub(crate) action: &'a str,
    /// The style sheet's address.
    pub(crate) style: &'a str,
    /// What sends the form: a constant of ours, whose hash is in the page's policy.
    pub(crate) script: &'static str,
    /// What the answer says.
    pub(crate) parameters: &'a [(&'static str, String)],
}

/// Says what is wrong when there is nowhere to send the user.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    /// The style sheet's address.
    pub(crate) style: &'a str,
    /// What is wrong, in a sentence.
    pub(crate) message: &'a str,
    /// The stable code, for whoever is asked for help.
    pub(crate) code: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_chose_is_text_on_the_page_and_never_markup() {
        let hostile = "\"><script>alert(1)</script>";
        let page = LoginPage {
            action: "https://as.example/login",
            style: "/style.css",
            client_name: hostile,
            csrf: "c",
            request: hostile,
            ticket: hostile,
            username: hostile,
            error: Some(hostile),
        };
        let html = page.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("alert(1)").count(), 5, "each is there");
        for id in ["login", "username", "password", "submit", "error"] {
            assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }

    #[test]
    fn an_application_can_not_write_markup_into_the_consent_page() {
        let hostile = "\"><script>alert(1)</script>";
        let page = ConsentPage {
            action: "https://as.example/consent",
            style: "/style.css",
            client_name: hostile,
            destination: hostile,
            code: None,
            wishes: &[hostile.to_owned()],
            csrf: "c",
            request: hostile,
            ticket: "t",
            shown: "s",
        };
        let html = page.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("alert(1)").count(), 4, "each is there");
        for id in ["consent", "allow", "deny"] {
            assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }

    #[test]
    fn an_answer_in_a_form_can_not_break_out_of_it() {
        let hostile = "\"></form><script>alert(1)</script>";
        let page = FormPostPage {
            action: "https://app.example/cb",
            style: "/style.css",
            script: "document.forms[0].submit()",
            parameters: &[("state", hostile.to_owned())],
        };
        let html = page.render().unwrap();
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert_eq!(html.matches("</form").count(), 1, "{html}");
    }

    #[test]
    fn a_page_without_an_error_shows_none() {
        let page = LoginPage {
            action: "/login",
            style: "/style.css",
            client_name: "App",
            csrf: "c",
            request: "r",
            ticket: "t",
            username: "",
            error: None,
        };
        assert!(!page.render().unwrap().contains("id=\"error\""));
        let error = ErrorPage { style: "/style.css", message: "No.", code: "invalid_request" };
        assert!(error.render().unwrap().contains("invalid_request"));
    }
}
