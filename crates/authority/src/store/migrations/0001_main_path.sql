-- The main path: users, clients, sessions, codes, grants, keys, guards, revocations.
-- Only TEXT and BIGINT, so that one text serves every engine. Times are Unix seconds; hashes and keys are base64url.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE clients (
    client_id     TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    secret_hash   TEXT,
    grant_types   TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    scope         TEXT NOT NULL,
    audience      TEXT NOT NULL
);

CREATE TABLE users (
    subject       TEXT PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created       BIGINT NOT NULL
);

CREATE TABLE sessions (
    sid         TEXT PRIMARY KEY,
    cookie_hash TEXT NOT NULL UNIQUE,
    subject     TEXT NOT NULL,
    auth_time   BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    list        BIGINT NOT NULL,
    idx         BIGINT NOT NULL,
    ended       BIGINT,
    UNIQUE (list, idx)
);
CREATE INDEX sessions_by_subject ON sessions (subject);
CREATE INDEX sessions_by_expiry ON sessions (expires);

-- Indices of a list are handed out in blocks; a block is durable before its first index is used, and no block comes twice.
CREATE TABLE session_blocks (
    list  BIGINT NOT NULL,
    block BIGINT NOT NULL,
    PRIMARY KEY (list, block)
);

CREATE TABLE codes (
    code_hash    TEXT PRIMARY KEY,
    client_id    TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    subject      TEXT NOT NULL,
    sid          TEXT NOT NULL,
    scope        TEXT NOT NULL,
    nonce        TEXT,
    challenge    TEXT NOT NULL,
    expires      BIGINT NOT NULL,
    family       TEXT
);
CREATE INDEX codes_by_expiry ON codes (expires);

CREATE TABLE families (
    family    TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    subject   TEXT NOT NULL,
    sid       TEXT NOT NULL,
    scope     TEXT NOT NULL,
    counter   BIGINT NOT NULL,
    rotated   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    revoked   BIGINT
);
CREATE INDEX families_by_session ON families (sid);
CREATE INDEX families_by_subject ON families (subject);
CREATE INDEX families_by_client ON families (client_id);
CREATE INDEX families_by_expiry ON families (expires);

-- The log that guards follow, one for each start: seq counts its records without gaps. Where earlier logs ended is kept,
-- so that a guard which has read further shows that this store has lost something.
CREATE TABLE logs (
    term   BIGINT PRIMARY KEY,
    writer TEXT NOT NULL,
    seq    BIGINT NOT NULL
);

CREATE TABLE revocations (
    term    BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    record  TEXT NOT NULL,
    PRIMARY KEY (term, seq)
);
CREATE INDEX revocations_by_expiry ON revocations (expires);

CREATE TABLE signing_keys (
    kid       TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    state     TEXT NOT NULL,
    created   BIGINT NOT NULL,
    sealed    TEXT NOT NULL
);

CREATE TABLE guards (
    name            TEXT PRIMARY KEY,
    credential_hash TEXT NOT NULL UNIQUE,
    created         BIGINT NOT NULL
);
