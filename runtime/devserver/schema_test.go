//go:build !slim && unix

package devserver

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"testing"

	"go.temporal.io/server/schema"
)

// The edition in a file promises these tables. When an upgrade of the server
// changes them this fails: raise the edition and write the migration.
func TestSchemaIsTheEdition(t *testing.T) {
	t.Parallel()
	hash := sha256.New()
	for _, name := range schemaFiles() {
		text, err := fs.ReadFile(schema.Assets(), name)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(text)
	}
	const want = "5f52b2917ee755a3f0cf2f91d73e15aee742c818644d7b95cc6af659846b3763"
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("the schema of edition %d is %s, not %s", edition, got, want)
	}
}
