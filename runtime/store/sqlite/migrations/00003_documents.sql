-- What documents say of themselves, and what spares reading them again.
-- +goose Up
ALTER TABLE documents ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN published TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN url TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN reader TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN terms TEXT NOT NULL DEFAULT ''; -- blob of its words, prepared for an index
CREATE INDEX documents_by_original ON documents (original, reader);

-- Vectors of the passages of texts, paid once for each model and text.
CREATE TABLE vectors (
    model    TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    data     BLOB NOT NULL,
    PRIMARY KEY (model, snapshot)
);

-- +goose Down
DROP TABLE vectors;
DROP INDEX documents_by_original;
ALTER TABLE documents DROP COLUMN terms;
ALTER TABLE documents DROP COLUMN reader;
ALTER TABLE documents DROP COLUMN url;
ALTER TABLE documents DROP COLUMN published;
ALTER TABLE documents DROP COLUMN author;
