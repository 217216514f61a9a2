package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// ComputeRoot gives the digest that stands for all files of a pack: "sha256:" and the
// SHA-256 over format, version and run, and a line "SHA-256 size path" for each
// file, by path. How the files are packed makes no difference to it.
func (m Manifest) ComputeRoot() string {
	files := slices.Clone(m.Files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %q\n", m.Format, m.Version, m.Run)
	for _, f := range files {
		fmt.Fprintf(h, "%s %d %q\n", f.SHA256, f.Size, f.Path)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// hexDigest gives the 64 hexadecimal digits of a reference "sha256:…", or
// nothing where it is none.
func hexDigest(ref string) (string, bool) {
	digits, ok := strings.CutPrefix(ref, "sha256:")
	return digits, ok && isDigest(digits)
}

func isDigest(text string) bool {
	return len(text) == 2*sha256.Size && strings.Trim(text, "0123456789abcdef") == ""
}
