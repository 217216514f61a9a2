package documents

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// archive is a zip whose entries are read under limits. It believes none of
// the sizes that the archive states of itself.
type archive struct {
	ctx   context.Context // of one call of Extract
	name  string
	files map[string]*zip.File
	left  int64 // bytes that may still be unpacked
}

// maxRatio is how many times its size an entry may unpack to, above
// smallEntry bytes. XML packs to a tenth or less, and rarely to a hundredth.
const (
	maxRatio   = 300
	smallEntry = 4 << 20
)

var (
	errBomb      = errors.New("its archive unpacks to more than a document holds")
	errNoPart    = errors.New("a part is missing")
	errEncrypted = errors.New("encrypted")
)

// openArchive opens a document that is a zip. Every error is a [*ReadError].
func openArchive(ctx context.Context, name string, data []byte, limits Limits) (*archive, error) {
	// An entry of the directory is larger in memory than in the file: count
	// before it is read.
	if n := bytes.Count(data, []byte("PK\x01\x02")); n > limits.Entries {
		return nil, bomb(name, fmt.Sprintf("its archive has %d entries, more than %d", n, limits.Entries))
	}
	reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, malformed(name, err)
	}
	a := &archive{ctx: ctx, name: name, files: make(map[string]*zip.File, len(reader.File)), left: limits.Unpacked}
	var stated uint64
	for _, file := range reader.File {
		if file.Flags&1 != 0 {
			return nil, locked(name)
		}
		if stated += file.UncompressedSize64; stated > uint64(limits.Unpacked) {
			return nil, bomb(name, fmt.Sprintf("its archive unpacks to more than %d MB", limits.Unpacked>>20))
		}
		if key := entryName(file.Name); a.files[key] == nil {
			a.files[key] = file
		}
	}
	return a, nil
}

func entryName(name string) string {
	return strings.TrimPrefix(strings.ReplaceAll(name, "\\", "/"), "/")
}

// has says that there is an entry.
func (a *archive) has(name string) bool { return a.files[entryName(name)] != nil }

// open reads an entry. What it gives fails with errBomb beyond the limits, and
// when the context ends.
func (a *archive) open(name string) (io.ReadCloser, error) {
	file := a.files[entryName(name)]
	if file == nil {
		return nil, fmt.Errorf("%w: %s", errNoPart, name)
	}
	content, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	most := max(smallEntry, min(int64(file.CompressedSize64), 1<<30)*maxRatio)
	return &entryReader{content: content, archive: a, left: most}, nil
}

// read gives an entry whole.
func (a *archive) read(name string) ([]byte, error) {
	content, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	if err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", name, err)
	}
	return data, nil
}

// verify unpacks every entry to nowhere, for libraries that believe the sizes
// an archive states.
func (a *archive) verify() error {
	buffer := make([]byte, 64<<10)
	for name := range a.files {
		content, err := a.open(name)
		if err != nil {
			return err
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, content, buffer)
		content.Close()
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", name, err)
		}
	}
	return nil
}

type entryReader struct {
	content io.ReadCloser
	archive *archive
	left    int64
}

func (r *entryReader) Read(into []byte) (int, error) {
	if err := r.archive.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.content.Read(into)
	r.left -= int64(n)
	r.archive.left -= int64(n)
	if r.left < 0 || r.archive.left < 0 {
		return 0, errBomb
	}
	return n, err
}

func (r *entryReader) Close() error { return r.content.Close() }

// fault makes of what went wrong inside an archive the error of its document.
func (a *archive) fault(err error) error {
	var unreadable *ReadError
	switch {
	case errors.As(err, &unreadable):
		named := *unreadable
		named.Name = a.name
		return &named
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errBomb):
		return bomb(a.name, err.Error())
	case errors.Is(err, errEncrypted):
		return locked(a.name)
	}
	return malformed(a.name, err)
}
