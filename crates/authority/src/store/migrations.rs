//! The schema, in numbered steps that only go forward. A step that has been released is never edited.

/// The steps in their order; the number of a step is its place, from 1.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_main_path.sql"),
    include_str!("migrations/0002_openid.sql"),
    include_str!("migrations/0003_requests.sql"),
    include_str!("migrations/0004_clients.sql"),
    include_str!("migrations/0005_consents.sql"),
    include_str!("migrations/0006_key_states.sql"),
    include_str!("migrations/0007_device_codes.sql"),
    include_str!("migrations/0008_logout.sql"),
    include_str!("migrations/0009_users.sql"),
    include_str!("migrations/0010_client_administration.sql"),
    include_str!("migrations/0011_registration.sql"),
    include_str!("migrations/0012_audit_log.sql"),
    include_str!("migrations/0013_idle_sessions.sql"),
];
