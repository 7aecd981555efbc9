-- Devices that wait for their users (RFC 8628): a row until it has expired.
CREATE TABLE device_codes (
    device_hash TEXT PRIMARY KEY,
    user_hash   TEXT NOT NULL UNIQUE,
    client_id   TEXT NOT NULL,
    scope       TEXT NOT NULL,
    resources   TEXT NOT NULL,
    expires     BIGINT NOT NULL,
    pause       BIGINT NOT NULL,
    polled      BIGINT NOT NULL,
    state       TEXT NOT NULL,
    subject     TEXT,
    sid         TEXT,
    family      TEXT
);
CREATE INDEX device_codes_by_expiry ON device_codes (expires);
