package documents

import (
	"bytes"
	"errors"
	"fmt"
	"net/mail"
	"path"
	"strings"
	"time"

	"github.com/jhillyerd/enmime/v2"
)

// The bounds of a message: how many parts its structure may have, and how many
// attachments are taken.
const (
	maxMailParts   = 500
	maxAttachments = 100
)

// extractMail reads a message: its headers as metadata and as the first lines
// of the text, its body, and its attachments as parts. What quotes an earlier
// message stays in the text.
func (e *Extractor) extractMail(name string, data []byte) (Extracted, error) {
	if n := bytes.Count(bytes.ToLower(data), []byte("boundary")); n > maxMailParts {
		return Extracted{}, bomb(name, fmt.Sprintf("the message is made of more than %d parts", maxMailParts))
	}
	parser := enmime.NewParser(enmime.SkipMalformedParts(true), enmime.MaxStoredPartErrors(20), enmime.DisableTextConversion(true))
	message, err := parser.ReadEnvelope(bytes.NewReader(data))
	if err != nil {
		return Extracted{}, malformed(name, err)
	}
	if message.GetHeader("From") == "" && message.GetHeader("Date") == "" && message.GetHeader("Subject") == "" {
		return Extracted{}, malformed(name, errors.New("no sender, subject or date stands at its beginning, as in a message"))
	}
	out, head := mailFacts(message)
	attachments := message.Attachments
	for _, other := range message.OtherParts {
		switch { // a part without a type is text
		case other.FileName != "" || other.ContentType != "":
			attachments = append(attachments, other)
		case message.Text == "":
			message.Text = string(other.Content)
		}
	}
	if err := e.mailBody(name, message, head, &out); err != nil {
		return Extracted{}, err
	}
	for _, inline := range message.Inlines {
		if !strings.HasPrefix(inline.ContentType, "image/") { // logos and signatures
			attachments = append(attachments, inline)
		}
	}
	out.Parts = append(out.Parts, mailParts(attachments)...)
	return out, nil
}

// mailFacts reads the headers: metadata, and the lines the snapshot begins with.
func mailFacts(message *enmime.Envelope) (Extracted, string) {
	var out Extracted
	var head strings.Builder
	for _, name := range []string{"From", "To", "Cc", "Date", "Subject"} {
		if value := foldSpace(message.GetHeader(name)); value != "" {
			head.WriteString(name + ": " + value + "\n")
		}
	}
	out.Title = foldSpace(message.GetHeader("Subject"))
	out.Author = foldSpace(message.GetHeader("From"))
	if from, err := mail.ParseAddress(out.Author); err == nil && from.Name != "" {
		out.Author = from.Name
	}
	if date, err := message.Date(); err == nil && date.Year() > 1970 {
		out.Published = date.Format(time.DateOnly)
	}
	return out, head.String() + "\n"
}

// mailBody reads the text of a message, or its HTML where it has none.
func (e *Extractor) mailBody(name string, message *enmime.Envelope, head string, out *Extracted) error {
	var body Extracted
	hasText, hasHTML := strings.TrimSpace(message.Text) != "", strings.TrimSpace(message.HTML) != ""
	switch {
	case hasText:
		text, err := decodeText(name, []byte(message.Text))
		if err != nil {
			return err
		}
		body = extractPlain(strings.ReplaceAll(text, "\r\n", "\n"))
	case hasHTML:
		read, err := extractHTML(name, []byte(message.HTML), e.limits)
		if err != nil {
			out.Parts = append(out.Parts, Part{Name: "body", Gap: "the body of the message cannot be read: " + reasonOf(err)})
			break
		}
		out.takeTables(read)
		body = read
	}
	if hasText && hasHTML { // where tables are tables
		if read, err := extractHTML(name, []byte(message.HTML), e.limits); err == nil {
			out.takeTables(read)
		}
	}
	out.Text = head + body.Text
	for _, segment := range body.Segments {
		for i := range segment.Blocks {
			segment.Blocks[i].Start += len(head)
			segment.Blocks[i].End += len(head)
		}
		out.Segments = append(out.Segments, segment)
	}
	return nil
}

// mailParts makes parts of attachments under names of their own.
func mailParts(attachments []*enmime.Part) []Part {
	var parts []Part
	used := map[string]int{}
	for i, attachment := range attachments {
		if i == maxAttachments {
			return append(parts, Part{Name: "the rest", Gap: fmt.Sprintf("only %d of its %d attachments were read", maxAttachments, len(attachments))})
		}
		name := path.Base(strings.ReplaceAll(foldSpace(attachment.FileName), "\\", "/"))
		if name == "." || name == "/" || name == "" {
			name = fmt.Sprintf("attachment %d", i+1)
			if attachment.ContentType == Mail {
				name += ".eml"
			}
		}
		if used[name]++; used[name] > 1 {
			name = fmt.Sprintf("%d-%s", used[name], name)
		}
		parts = append(parts, Part{Name: name, MediaType: attachment.ContentType, Data: attachment.Content})
	}
	return parts
}
