package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/runtime/store"
)

// upload reads a multipart form part by part. Each file goes to disk first, so
// that its size is known before anybody holds it in memory; it stays there
// until the name of its corpus has come.
type upload struct {
	server    *Server
	corpus    string
	waiting   []waitingFile
	held      int64 // bytes of the waiting files
	documents []store.Document
	files     int
}

type waitingFile struct {
	name string
	temp *os.File
}

func (f waitingFile) remove() {
	f.temp.Close()
	_ = os.Remove(f.temp.Name()) // what stays is the system's to tidy
}

// mostHeld bounds what waits on disk, in files of the largest size.
const mostHeld = 16

func newUpload(s *Server) *upload { return &upload{server: s} }

func (u *upload) close() {
	for _, file := range u.waiting {
		file.remove()
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
	if err := u.hold(name, part); err != nil {
		u.noteTooLarge(ctx)
		// Whoever still sends cannot hear the answer: take some more first.
		_, _ = io.CopyN(io.Discard, part, 4*u.server.limits.File)
		return err
	}
	if u.corpus == "" {
		return nil
	}
	return u.ingestWaiting(ctx)
}

// noteTooLarge keeps a file above the limit as a document that could not be
// read, where its corpus is known, so that reports name the gap.
func (u *upload) noteTooLarge(ctx context.Context) {
	if u.corpus == "" || len(u.waiting) == 0 {
		return
	}
	file := u.waiting[len(u.waiting)-1]
	if info, err := file.temp.Stat(); err != nil || info.Size() <= u.server.limits.File {
		return
	}
	if _, err := file.temp.Seek(0, io.SeekStart); err != nil {
		return
	}
	document, err := u.server.documents.Ingest(ctx, u.corpus, file.name, file.temp)
	if err != nil && document.Unread == "" {
		u.server.log.Warn("noting a file that is too large", zap.String("file", file.name), zap.Error(err))
	}
}

// hold puts a file on disk, within its limit.
func (u *upload) hold(name string, content io.Reader) error {
	temp, err := os.CreateTemp("", "quaestor-upload-*")
	if err != nil {
		return fmt.Errorf("making room for an upload: %w", err)
	}
	u.waiting = append(u.waiting, waitingFile{name, temp})
	limit := u.server.limits.File
	n, err := io.CopyN(temp, content, limit+1)
	u.held += n
	var disk *fs.PathError
	switch {
	case err == nil:
		return atFields(http.StatusRequestEntityTooLarge, inBody(name, "is larger than %d bytes, the limit for one file", limit))
	case u.held > mostHeld*limit:
		return newProblem(http.StatusRequestEntityTooLarge, "Too much waits for its corpus; put the corpus before the files.")
	case errors.As(err, &disk):
		return fmt.Errorf("keeping the upload %q: %w", name, err)
	case !errors.Is(err, io.EOF):
		return newProblem(http.StatusBadRequest, "The upload of %q broke off: %v.", name, err)
	}
	if _, err := temp.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("keeping the upload %q: %w", name, err)
	}
	return nil
}

// ingestWaiting reads what waits into the corpus, in the order it came.
func (u *upload) ingestWaiting(ctx context.Context) error {
	for len(u.waiting) > 0 {
		file := u.waiting[0]
		document, err := u.server.documents.Ingest(ctx, u.corpus, file.name, file.temp)
		if err != nil && document.Unread == "" {
			return fmt.Errorf("reading the upload %q: %w", file.name, err)
		}
		u.documents = append(u.documents, document)
		file.remove()
		u.waiting = u.waiting[1:]
	}
	u.held = 0
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

// patientBody lets an upload take its time as long as it moves.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// Read implements io.Reader.
func (b patientBody) Read(into []byte) (int, error) {
	// Without deadlines, behind an embedder, his own timeouts must do.
	_ = b.control.SetReadDeadline(time.Now().Add(readPatience))
	_ = b.control.SetWriteDeadline(time.Now().Add(workPatience))
	return b.ReadCloser.Read(into)
}
