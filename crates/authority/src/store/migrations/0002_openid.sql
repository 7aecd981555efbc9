-- OpenID Connect: more than one signing algorithm, pairwise subjects, claims, how a user has logged in.

-- JSON, for what no statement asks for: metadata of clients, attributes of users, details of grants.
ALTER TABLE clients ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
ALTER TABLE users ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
ALTER TABLE codes ADD COLUMN details TEXT NOT NULL DEFAULT '';
ALTER TABLE families ADD COLUMN details TEXT NOT NULL DEFAULT '';

UPDATE codes SET details = '{"authentication":{"time":'
    || CAST(COALESCE((SELECT auth_time FROM sessions WHERE sessions.sid = codes.sid), 0) AS TEXT)
    || ',"methods":["pwd"]}}';
UPDATE families SET details = '{"authentication":{"time":'
    || CAST(COALESCE((SELECT auth_time FROM sessions WHERE sessions.sid = families.sid), 0) AS TEXT)
    || ',"methods":["pwd"]}}';

-- Names of methods, separated by spaces (RFC 8176).
ALTER TABLE sessions ADD COLUMN amr TEXT NOT NULL DEFAULT 'pwd';

-- By which other names tokens know a subject: what is revoked for the subject is revoked for these. One row for each user
-- and sector.
CREATE TABLE pairwise_subjects (
    name    TEXT PRIMARY KEY,
    subject TEXT NOT NULL
);
CREATE INDEX pairwise_subjects_by_subject ON pairwise_subjects (subject);
