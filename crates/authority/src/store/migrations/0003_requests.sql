-- Pushed authorization requests and what the operator decides about a client.

ALTER TABLE clients ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';

-- One row until the request is granted, or for an hour.
CREATE TABLE pushed_requests (
    request_hash TEXT PRIMARY KEY,
    client_id    TEXT NOT NULL,
    parameters   TEXT NOT NULL,
    signed       BIGINT NOT NULL,
    expires      BIGINT NOT NULL
);
CREATE INDEX pushed_requests_by_expiry ON pushed_requests (expires);
