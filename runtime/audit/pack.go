package audit

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// pack is a pack that is being written. Nothing of a file is kept but its name,
// hash and size.
type pack struct {
	zip   *zip.Writer
	files []File
	there map[string]bool
}

func newPack(w io.Writer) *pack { return &pack{zip: zip.NewWriter(w), there: map[string]bool{}} }

// add writes a file; what is there already is not written again.
func (p *pack) add(path string, data []byte) error {
	if p.there[path] {
		return nil
	}
	p.there[path] = true
	// Without a time, so that the same content gives the same bytes.
	entry, err := p.zip.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Deflate})
	if err != nil {
		return fmt.Errorf("beginning %s: %w", path, err)
	}
	if _, err := entry.Write(data); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	sum := sha256.Sum256(data)
	p.files = append(p.files, File{Path: path, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))})
	return nil
}

// object writes a value as JSON. The JSON inside of it keeps its bytes: ids of
// evidence are digests over them.
func (p *pack) object(path string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	return p.add(path, append(raw, '\n'))
}

// list writes values as a JSON array, one to a line, so that people can read it
// and compare two.
func list[T any](p *pack, path string, values []T) error {
	var text bytes.Buffer
	text.WriteByte('[')
	for i, value := range values {
		raw, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", path, err)
		}
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteByte('\n')
		text.Write(raw)
	}
	text.WriteString("\n]\n")
	return p.add(path, text.Bytes())
}

// close writes the manifest and ends the archive.
func (p *pack) close(run, madeBy string) (Manifest, error) {
	slices.SortFunc(p.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	m := Manifest{Format: Format, Version: Version, MadeBy: madeBy, Run: run, Files: p.files}
	m.Root = m.ComputeRoot()
	raw, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return m, fmt.Errorf("encoding the manifest: %w", err)
	}
	if err := p.add(fileManifest, append(raw, '\n')); err != nil {
		return m, err
	}
	if err := p.zip.Close(); err != nil {
		return m, fmt.Errorf("ending the archive: %w", err)
	}
	return m, nil
}
