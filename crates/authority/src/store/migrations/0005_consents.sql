-- What users have agreed to: one row for each user and client.
CREATE TABLE consents (
    subject   TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scope     TEXT NOT NULL,
    details   TEXT NOT NULL,
    granted   BIGINT NOT NULL,
    PRIMARY KEY (subject, client_id)
);
CREATE INDEX consents_by_client ON consents (client_id);
CREATE INDEX codes_by_subject ON codes (subject);
