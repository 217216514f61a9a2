package documents

import (
	"errors"
	"fmt"
)

// Problem says why a document cannot be used.
type Problem string

// The problems a document can have.
const (
	ProblemEncrypted   Problem = "encrypted"
	ProblemEmpty       Problem = "empty"
	ProblemNoText      Problem = "no text"
	ProblemUnsupported Problem = "unsupported type"
	ProblemTooLarge    Problem = "too large"
	ProblemNotText     Problem = "not text"
	ProblemMalformed   Problem = "malformed"
	ProblemKnown       Problem = "known" // it was found before; the reason says what
)

// ReadError says that a document cannot be read, why, and what to do. It is the
// document's fault: reading it again gives the same error.
type ReadError struct {
	Name    string
	Problem Problem
	Detail  string // what was found
	Remedy  string // what to do
}

// Error implements error.
func (e *ReadError) Error() string {
	return fmt.Sprintf("reading %q: %s", e.Name, e.Reason())
}

// Reason is the error without the document's name.
func (e *ReadError) Reason() string { return e.Detail + "; " + e.Remedy }

func encrypted(name string) error {
	return &ReadError{
		name, ProblemEncrypted, "the PDF is encrypted and asks for a password",
		"save a copy without a password and add that",
	}
}

func locked(name string) error {
	return &ReadError{
		name, ProblemEncrypted, "the document is encrypted and asks for a password",
		"save a copy without a password and add that",
	}
}

func bomb(name, detail string) error {
	return &ReadError{name, ProblemTooLarge, detail, "split it into parts, or leave out its pictures"}
}

func tooSlow(name string) error {
	return &ReadError{
		name, ProblemTooLarge, fmt.Sprintf("it was not read within %s", readTimeout), "split it into parts, or convert it to plain text",
	}
}

func empty(name string) error {
	return &ReadError{name, ProblemEmpty, "the document is empty", "add one that holds text"}
}

func noText(name, detail string) error {
	return &ReadError{name, ProblemNoText, detail, "add a version with text, such as one made by text recognition (OCR)"}
}

func unsupported(name, mediaType string) error {
	return &ReadError{
		name, ProblemUnsupported, "its type " + mediaType + " is not supported",
		"convert it to Markdown, plain text, HTML, CSV, DOCX, XLSX or PDF",
	}
}

func notText(name string) error {
	return &ReadError{
		name, ProblemNotText, "it has the name of a text but holds binary data",
		"check the file, and convert it to Markdown, plain text, HTML, CSV or PDF",
	}
}

func malformed(name string, err error) error {
	return &ReadError{name, ProblemMalformed, "it is damaged: " + err.Error(), "open it in its own program and save it again"}
}

// TooLarge is the error for a document of more than limit bytes.
func TooLarge(name string, limit int64) error {
	return &ReadError{
		name, ProblemTooLarge, fmt.Sprintf("it is larger than %d MB", limit>>20),
		"split it into parts, or raise the limit",
	}
}

// reasonOf is what an error says of a document, without its name.
func reasonOf(err error) string {
	var unreadable *ReadError
	if errors.As(err, &unreadable) {
		return unreadable.Reason()
	}
	return err.Error()
}
