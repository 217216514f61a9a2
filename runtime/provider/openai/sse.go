package openai

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxEvent bounds one event of a stream, and one line of it.
const maxEvent = 4 << 20

// event is one server-sent event. Its bytes are good until the next is read.
type event struct {
	name []byte
	data []byte
}

// decoder reads server-sent events as they are specified by WHATWG: lines end
// with CR, LF or both, however the bytes are cut; a BOM before the first line
// and comments are skipped; lines of data are joined by LF. An event ends with
// an empty line; one with a name and no data is an event too.
type decoder struct {
	in          io.Reader
	buffer      []byte
	start, end  int
	searched    int // bytes from start that hold no end of line
	afterReturn bool
	begun       bool // the first line was read

	current event
	fields  bool // current has a field
	lines   bool // current has a line of data
}

func newDecoder(in io.Reader) *decoder { return &decoder{in: in, buffer: make([]byte, 4096)} }

// next gives the next event, or io.EOF. An event that the end cuts off is none.
// What the reader fails with comes as a *cutError.
func (d *decoder) next() (event, error) {
	d.current = event{name: d.current.name[:0], data: d.current.data[:0]}
	d.fields, d.lines = false, false
	for {
		line, err := d.line()
		if err != nil {
			return event{}, err
		}
		if len(line) == 0 {
			if d.fields {
				return d.current, nil
			}
			continue
		}
		if err := d.field(line); err != nil {
			return event{}, err
		}
	}
}

// field reads one line that is not empty. Fields nobody knows are skipped.
func (d *decoder) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		if len(d.current.data)+len(value) >= maxEvent {
			return fmt.Errorf("an event of the stream is above %d bytes", maxEvent)
		}
		if d.lines {
			d.current.data = append(d.current.data, '\n')
		}
		d.current.data, d.lines, d.fields = append(d.current.data, value...), true, true
	case "event":
		d.current.name, d.fields = append(d.current.name[:0], value...), true
	case "id", "retry":
		d.fields = true
	}
	return nil
}

// line gives the next line without its end. A LF after a CR belongs to the CR's
// line, and is not waited for.
func (d *decoder) line() ([]byte, error) {
	for {
		if d.afterReturn && d.start < d.end {
			if d.buffer[d.start] == '\n' {
				d.start++
			}
			d.afterReturn = false
		}
		if at := endOfLine(d.buffer[d.start+d.searched : d.end]); at >= 0 {
			at += d.start + d.searched
			line := d.buffer[d.start:at]
			d.afterReturn = d.buffer[at] == '\r'
			d.start, d.searched = at+1, 0
			if !d.begun {
				d.begun = true
				line = bytes.TrimPrefix(line, []byte("\uFEFF"))
			}
			return line, nil
		}
		d.searched = d.end - d.start
		if err := d.fill(); err != nil {
			return nil, err
		}
	}
}

func endOfLine(text []byte) int {
	feed := bytes.IndexByte(text, '\n')
	if feed >= 0 {
		text = text[:feed]
	}
	if back := bytes.IndexByte(text, '\r'); back >= 0 {
		return back
	}
	return feed
}

// fill reads more bytes, behind what is not yet read as lines.
func (d *decoder) fill() error {
	if d.start > 0 {
		copy(d.buffer, d.buffer[d.start:d.end])
		d.start, d.end = 0, d.end-d.start
	}
	if d.end == len(d.buffer) {
		if d.end >= maxEvent {
			return fmt.Errorf("a line of the stream is above %d bytes", maxEvent)
		}
		d.buffer = append(d.buffer, make([]byte, len(d.buffer))...)
	}
	const patience = 100 // reads of nothing, as bufio has it
	for range patience {
		n, err := d.in.Read(d.buffer[d.end:])
		d.end += n
		if n > 0 {
			return nil
		}
		var tooLong *http.MaxBytesError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.As(err, &tooLong):
			return err
		default:
			return &cutError{err}
		}
	}
	return &cutError{io.ErrNoProgress}
}
