package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// upload reads a multipart form part by part. Files that come before the name
// of their corpus wait on disk, the others stream through.
type upload struct {
	server    *Server
	corpus    string
	waiting   []waitingFile
	documents []store.Document
	files     int
}

type waitingFile struct {
	name string
	temp *os.File
}

func newUpload(s *Server) *upload { return &upload{server: s} }

func (u *upload) close() {
	for _, file := range u.waiting {
		file.temp.Close()
		os.Remove(file.temp.Name())
	}
}

func (u *upload) read(ctx context.Context, form *multipart.Reader) error {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return newProblem(http.StatusBadRequest, "The form cannot be read: %v.", err)
		}
		switch part.FormName() {
		case "corpus":
			err = u.readCorpus(part)
		case "file":
			err = u.readFile(ctx, part)
		default:
			err = invalid(inBody("/"+part.FormName(), "is not a field of this request"))
		}
		if err != nil {
			return err
		}
	}
	if u.files == 0 {
		return invalid(inBody("/file", "is required"))
	}
	if u.corpus == "" {
		u.corpus = u.server.defaults.Corpus
	}
	return u.ingestWaiting(ctx)
}

func (u *upload) readCorpus(part *multipart.Part) error {
	name, err := io.ReadAll(io.LimitReader(part, 100))
	if err != nil {
		return newProblem(http.StatusBadRequest, "The form cannot be read: %v.", err)
	}
	switch {
	case !corpusName.Match(name):
		return invalid(inBody("/corpus", "must match %s", corpusName))
	case strings.HasPrefix(string(name), "d_"):
		return invalid(inBody("/corpus", "must not begin with d_, as ids of documents do"))
	case u.corpus != "" && u.corpus != string(name):
		return invalid(inBody("/corpus", "is given twice"))
	}
	u.corpus = string(name)
	return nil
}

func (u *upload) readFile(ctx context.Context, part *multipart.Part) error {
	name, err := fileName(part)
	if err != nil {
		return err
	}
	if u.files++; u.files > u.server.limits.Files {
		return newProblem(http.StatusRequestEntityTooLarge, "An upload may have %d files; send the rest in another.", u.server.limits.Files)
	}
	content := &limitedFile{source: part, left: u.server.limits.File, limit: u.server.limits.File}
	if u.corpus != "" {
		err = u.ingest(ctx, name, content)
	} else {
		err = u.hold(name, content)
	}
	if err != nil {
		// Whoever still sends cannot hear the answer: take some more first.
		_, _ = io.CopyN(io.Discard, part, 4*u.server.limits.File)
		return fileError(name, err)
	}
	return nil
}

func (u *upload) ingest(ctx context.Context, name string, content io.Reader) error {
	document, err := u.server.documents.Ingest(ctx, u.corpus, name, content)
	if err != nil && document.Unread == "" {
		return err
	}
	u.documents = append(u.documents, document)
	return nil
}

func (u *upload) hold(name string, content io.Reader) error {
	temp, err := os.CreateTemp("", "quaestor-upload-*")
	if err != nil {
		return fmt.Errorf("making room for an upload: %w", err)
	}
	u.waiting = append(u.waiting, waitingFile{name, temp})
	if _, err := io.Copy(temp, content); err != nil {
		return err
	}
	_, err = temp.Seek(0, io.SeekStart)
	return err
}

// ingestWaiting reads the files that came before their corpus; they were the
// first, and stay so in the answer.
func (u *upload) ingestWaiting(ctx context.Context) error {
	later := u.documents
	u.documents = nil
	for _, file := range u.waiting {
		if err := u.ingest(ctx, file.name, file.temp); err != nil {
			return fileError(file.name, err)
		}
	}
	u.documents = append(u.documents, later...)
	return nil
}

// fileName is the name of a part with its folders, which
// [multipart.Part.FileName] drops, and without any way out of the corpus.
func fileName(part *multipart.Part) (string, error) {
	_, parameters, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	given := parameters["filename"]
	name := strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(given, `\`, "/")), "/")
	if err != nil || given == "" || name == "" {
		return "", invalid(inBody("/file", "needs a filename"))
	}
	if len(name) > 500 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", invalid(inBody("/file", "has a filename that is too long or not printable: %q", name[:min(len(name), 100)]))
	}
	return name, nil
}

// fileTooLargeError says that a file is above the limit.
type fileTooLargeError struct{ limit int64 }

// Error implements error.
func (e *fileTooLargeError) Error() string {
	return fmt.Sprintf("is larger than %d bytes, the limit for one file", e.limit)
}

// limitedFile fails when there is more than the limit, where io.LimitReader
// would pretend that the file ended.
type limitedFile struct {
	source      io.Reader
	left, limit int64
}

// Read implements io.Reader.
func (f *limitedFile) Read(into []byte) (int, error) {
	if f.left < 0 {
		return 0, &fileTooLargeError{f.limit}
	}
	n, err := f.source.Read(into[:min(int64(len(into)), f.left+1)])
	if f.left -= int64(n); f.left < 0 {
		return n - 1, &fileTooLargeError{f.limit}
	}
	return n, err
}
