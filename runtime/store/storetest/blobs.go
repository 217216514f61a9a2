package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/store"
)

var blobChecks = []check{
	{"blobs/come back by their hash", func(t *testing.T, s store.Store) {
		for name, data := range map[string][]byte{
			"text": []byte(strange), "empty": {}, "nil": nil, "binary": {0, 0xff, 0, 0xfe}, "megabytes": bytes.Repeat([]byte("quaestor"), 1<<18),
		} {
			ref, err := s.PutBlob(t.Context(), data)
			must(t, err)
			hash := sha256.Sum256(data)
			if want := "sha256:" + hex.EncodeToString(hash[:]); ref != want {
				t.Errorf("%s: ref %s, want %s", name, ref, want)
			}
			again, err := s.PutBlob(t.Context(), data)
			must(t, err)
			if again != ref {
				t.Errorf("%s: put again gives %s, want %s", name, again, ref)
			}
			got, err := s.Blob(t.Context(), ref)
			must(t, err)
			if !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes came back, want %d", name, len(got), len(data))
			}
		}
	}},
	{"blobs/are not found", func(t *testing.T, s store.Store) {
		for _, ref := range []string{"", "sha256:", "sha256:zz", "md5:" + strings.Repeat("0", 64), "sha256:" + strings.Repeat("0", 64), strings.Repeat("0", 64)} {
			_, err := s.Blob(t.Context(), ref)
			wantError(t, err, store.ErrNotFound, ref)
		}
	}},
	{"blobs/too large are refused", func(t *testing.T, s store.Store) {
		_, err := s.PutBlob(t.Context(), make([]byte, store.MaxBlob+1))
		wantError(t, err, store.ErrTooLarge, "134217729", "134217728")
	}},
	{"blobs/are put by many at once", func(t *testing.T, s store.Store) {
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				for n := range 10 {
					if _, err := s.PutBlob(t.Context(), []byte{byte(n)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
	}},
}
