//go:build !slim && unix

package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAPackOfARunVerifies packs a run in the three ways there are, with the same
// bytes, and changes one of them.
func TestAPackOfARunVerifies(t *testing.T) {
	t.Parallel()
	documents, data := folder(t, hospitals), t.TempDir()
	dir := t.TempDir()
	packs := [3]string{filepath.Join(dir, "research.zip"), filepath.Join(dir, "data.zip"), filepath.Join(dir, "server.zip")}
	printed, stderr := researchJSON(t, 0, "--data", data, "--docs", documents, "--audit", packs[0], hospitalTopic)
	root := regexp.MustCompile(`sha256:[0-9a-f]{64}`).FindString(stderr)
	if root == "" || !strings.Contains(stderr, packs[0]) {
		t.Fatalf("standard error does not tell file and root:\n%s", stderr)
	}
	if code, _, stderr := run(t, "audit", printed.ID, "--data", data, "--out", packs[1]); code != 0 || !strings.Contains(stderr, root) {
		t.Fatalf("exit code %d, root is %s:\n%s", code, root, stderr)
	}
	server := up(t, data, nil)
	if code, _, stderr := run(t, "audit", printed.ID, "--server", "http://"+server.addr, "--out", packs[2]); code != 0 || !strings.Contains(stderr, root) {
		t.Fatalf("exit code %d, root is %s:\n%s", code, root, stderr)
	}
	first, err := os.ReadFile(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, pack := range packs {
		if same, err := os.ReadFile(pack); err != nil || !bytes.Equal(same, first) {
			t.Errorf("%s is another pack, %v", pack, err)
		}
	}
	code, stdout, stderr := run(t, "verify", packs[2])
	if code != 0 || !strings.Contains(stdout, "Verified.") || !strings.Contains(stdout, root) {
		t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
	}
	first[insideOfAFile(t, first)] ^= 1
	if err := os.WriteFile(packs[1], first, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := run(t, "verify", packs[1]); code != 3 || !strings.Contains(stdout, "Not verified") {
		t.Errorf("exit code %d:\n%s", code, stdout)
	}
}

// insideOfAFile is a place in an archive where the content of a file is; between
// files there are names and times, of which no hash is taken.
func insideOfAFile(t *testing.T, pack []byte) int64 {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	largest := slices.MaxFunc(archive.File, func(a, b *zip.File) int { return cmp.Compare(a.CompressedSize64, b.CompressedSize64) })
	begin, err := largest.DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	return begin + int64(largest.CompressedSize64/2)
}
