-- Clients that register themselves (RFC 7591) and look after that (RFC 7592): the hash of the token by which they do.
ALTER TABLE clients ADD COLUMN registration_hash TEXT;

-- Initial access tokens: one row until its last use or its end. `uses` is how many are left.
CREATE TABLE registration_tokens (
    token_hash TEXT PRIMARY KEY,
    uses       BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);
CREATE INDEX registration_tokens_by_expiry ON registration_tokens (expires);
