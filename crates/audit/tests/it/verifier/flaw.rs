//! What can be wrong with a verifier, and how it can answer.

/// What is wrong with a verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flaw {
    None,
    SignatureIgnored,
    NoneAccepted,
    NoneInOddCase,
    EmptySignatureAccepted,
    PemAsSecret,
    DerAsSecret,
    KeySetAsSecret,
    PemOfRecoveredKeyAsSecret,
    AlgorithmNotBound,
    ZeroSignatureAccepted,
    MacComparedByItsLength,
    LenientBase64,
    CritIgnored,
    B64Ignored,
    PolyglotAccepted,
    DuplicatesAccepted,
    NestedNotVerified,
    CubeRootAccepted,
    TokenIgnored,
    ClaimsReadFirst,
    EmbeddedKeyTrusted,
    EmbeddedCertificateTrusted,
    KidIsAFile,
    KidReachesSql,
    KidObjectFails,
    UnknownKidFallsBack,
    PublishedSecretTrusted,
    OddHeaderFails,
    ClaimsIntoPage,
    EmptySecretAccepted,
    CommonSecretAccepted,
    ExpiredAccepted,
    OddExpiryAccepted,
    NotBeforeIgnored,
    FutureIssueAccepted,
    LargeLeeway,
    IssuerIgnored,
    AudienceIgnored,
    AudienceBySubstring,
    EncryptedTakenForSigned,
    UnsignedContentAccepted,
    TagIgnored,
    QueryTokenAccepted,
    SeveralTokensAccepted,
    AnyOriginAllowed,
    NoChallenge,
    NoCsrfDefence,
    TracesShown,
    IdTokenAccepted,
    LogoutTokenAccepted,
    OtherAudienceAccepted,
    IssuerNotBoundToKeys,
    OtherEnvironmentAccepted,
    TypeNotEnforced,
    BoundTokenAsBearer,
    CertificateBindingIgnored,
    ProofNotChecked,
    SecondUrlLenient,
    IdentityHeaderBelieved,
    WithdrawnKeyTrusted,
    FailsOpen,
    ClockWrong,
    DeepJsonFails,
}

/// How a verifier answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// 401 with JSON.
    Strict,
    /// 200 for everything, with another body.
    AlwaysOk,
    /// A redirect to a login page.
    Redirect,
    /// 429 for every seventh request.
    Limited,
    /// After a pause.
    Slow,
    /// 200 with a page in which nothing shows whether the token was good.
    Blind,
}
