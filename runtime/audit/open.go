package audit

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// Limits bound what the check of a pack takes, whatever the pack claims. Zero
// fields are the defaults.
type Limits struct {
	Pack      int64 // bytes of the archive; 2 GiB
	Unpacked  int64 // bytes of all its files; 4 GiB
	File      int64 // bytes of one; 128 MiB
	List      int64 // bytes of one that is read as a whole; 64 MiB
	Files     int   // 100 000
	Directory int64 // bytes of the archive's list of files; 16 MiB
	Problems  int   // that are told; 100
}

func (l Limits) withDefaults() Limits {
	orElse := func(n *int64, otherwise int64) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	orElse(&l.Pack, 2<<30)
	orElse(&l.Unpacked, 4<<30)
	orElse(&l.File, store.MaxBlob)
	orElse(&l.List, 64<<20)
	orElse(&l.Directory, 16<<20)
	if l.Files <= 0 {
		l.Files = 100_000
	}
	if l.Problems <= 0 {
		l.Problems = 100
	}
	return l
}

// archive is a pack that is read: its files by path.
type archive struct {
	files  map[string]*zip.File
	limits Limits
}

// errTooMuch ends the reading of a list of files that is too long.
var errTooMuch = errors.New("its list of files is too long")

// rationed gives a bounded number of bytes while the list of files is read:
// archive/zip keeps a few hundred bytes for each file that the list claims.
type rationed struct {
	io.ReaderAt
	left int64 // below 0 is no limit
}

func (r *rationed) ReadAt(buffer []byte, at int64) (int, error) {
	if r.left >= 0 {
		if r.left -= int64(len(buffer)); r.left < 0 {
			r.left = 0
			return 0, errTooMuch
		}
	}
	return r.ReaderAt.ReadAt(buffer, at)
}

// openArchive reads the list of files and refuses what no pack has. Nothing is
// unpacked.
func openArchive(r io.ReaderAt, size int64, limits Limits) (*archive, *Problem) {
	refuse := func(where, format string, args ...any) (*archive, *Problem) {
		return nil, &Problem{Check: checkFiles, Where: where, What: fmt.Sprintf(format, args...)}
	}
	if size > limits.Pack {
		return refuse("the archive", "it has %d bytes, and at most %d are read", size, limits.Pack)
	}
	source := &rationed{r, limits.Directory}
	reader, err := zip.NewReader(source, size)
	if err != nil {
		return refuse("the archive", "it is no ZIP that can be read, or it was cut short: %v", err)
	}
	source.left = -1
	switch {
	case len(reader.File) > limits.Files:
		return refuse("the archive", "it has %d files, and at most %d are read", len(reader.File), limits.Files)
	case reader.Comment != "":
		return refuse("the archive", "it has a comment, which no pack has")
	}
	a := &archive{files: make(map[string]*zip.File, len(reader.File)), limits: limits}
	var total uint64
	for _, f := range reader.File {
		if fault := faultOf(f, limits); fault != "" {
			return refuse(f.Name, "%s", fault)
		}
		if a.files[f.Name] != nil {
			return refuse(f.Name, "the name is there twice")
		}
		a.files[f.Name] = f
		if total += f.UncompressedSize64; total > uint64(limits.Unpacked) {
			return refuse("the archive", "its files claim more than %d bytes together", limits.Unpacked)
		}
	}
	return a, nil
}

// faultOf says what no file of a pack has.
func faultOf(f *zip.File, limits Limits) string {
	const longest = 200
	const encrypted = 0x1
	switch {
	case f.Name == "" || len(f.Name) > longest || path.Clean("/"+f.Name) != "/"+f.Name || strings.Trim(f.Name, nameChars) != "":
		return "a pack has no files of such a name"
	case f.UncompressedSize64 > uint64(limits.File):
		return fmt.Sprintf("it claims %d bytes, and at most %d are read", f.UncompressedSize64, limits.File)
	case f.Method != zip.Deflate && f.Method != zip.Store || f.Flags&encrypted != 0:
		return "it is packed in a way that no pack is"
	case len(f.Comment) > 0:
		return "it has a comment, which no file of a pack has"
	}
	return ""
}

const nameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/"

// open gives a file of the pack, which ends after the bytes it claims.
func (a *archive) open(name string) (io.ReadCloser, error) {
	f, ok := a.files[name]
	if !ok {
		return nil, errors.New("it is not there")
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("it cannot be unpacked: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(r, int64(f.UncompressedSize64)+1), r}, nil
}

// read gives a whole file, or says that it is larger than a limit.
func (a *archive) read(name string, limit int64) ([]byte, error) {
	if f, ok := a.files[name]; ok && f.UncompressedSize64 > uint64(max(limit, 0)) {
		return nil, fmt.Errorf("it has %d bytes, and at most %d are read", f.UncompressedSize64, limit)
	}
	r, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	return data, nil
}

// decode reads a file as JSON.
func decode[T any](a *archive, name string) (T, error) {
	var value T
	raw, err := a.read(name, a.limits.List)
	if err != nil {
		return value, err
	}
	err = decodeInto(raw, &value)
	return value, err
}

// maxNodes is how many objects and lists one JSON text may have: a few bytes of
// it become a few hundred in memory.
const maxNodes = 1_000_000

func decodeInto(raw []byte, into any) error {
	if nodes(raw) > maxNodes {
		return fmt.Errorf("it has more than %d objects and lists", maxNodes)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("it is not the JSON that a pack has: %w", err)
	}
	return nil
}

// nodes counts the brackets that open, outside of strings.
func nodes(raw []byte) int {
	count, inside := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case !inside && (c == '{' || c == '['):
			count++
		}
	}
	return count
}

// names lists the files of the pack, in order.
func (a *archive) names() []string { return slices.Sorted(maps.Keys(a.files)) }

// ReadManifest gives the manifest of a pack, unchecked, with the root that its
// lines make.
func ReadManifest(r io.ReaderAt, size int64) (Manifest, error) {
	a, problem := openArchive(r, size, Limits{}.withDefaults())
	if problem != nil {
		return Manifest{}, fmt.Errorf("reading the pack: %s: %s", problem.Where, problem.What)
	}
	m, err := decode[Manifest](a, fileManifest)
	if err != nil {
		return m, fmt.Errorf("reading %s: %w", fileManifest, err)
	}
	m.Root = m.ComputeRoot()
	return m, nil
}
