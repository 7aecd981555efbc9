use crate::Peer;
pub mod floor;
pub mod jsonwebtoken;
#[cfg(feature = "josekit")]
pub mod josekit;
pub mod jwt_compact;
pub mod jwt_simple;
pub mod probity;
pub mod raw;

/// Add our own library here.
pub fn all() -> Vec<Box<dyn Peer>> {
    let mut v: Vec<Box<dyn Peer>> = vec![
        Box::new(raw::AwsLc),
        Box::new(raw::RustCrypto),
        Box::new(raw::Graviola),
        Box::new(floor::Floor),
        Box::new(probity::Probity),
        Box::new(probity::ProbityIn),
        Box::new(jsonwebtoken::JsonWebToken::new()),
        Box::new(jwt_compact::JwtCompact),
    ];
    #[cfg(feature = "josekit")]
    v.push(Box::new(josekit::JoseKit));
    v.push(Box::new(jwt_simple::JwtSimple));
    v
}
