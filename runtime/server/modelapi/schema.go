package modelapi

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxSchemas bounds the compiled schemas that are kept.
const maxSchemas = 512

const schemaName = "mem:///schema.json"

// schemas compiles JSON Schemas of clients and keeps the last ones: a client
// sends the same tools with every request.
type schemas struct {
	mu   sync.RWMutex
	kept map[[sha256.Size]byte]*jsonschema.Schema
}

// compile gives the schema of a text, or says why it is none.
func (s *schemas) compile(text []byte) (*jsonschema.Schema, error) {
	name := sha256.Sum256(text)
	s.mu.RLock()
	compiled := s.kept[name]
	s.mu.RUnlock()
	if compiled != nil {
		return compiled, nil
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(nothingElse{})
	if err := compiler.AddResource(schemaName, document); err != nil {
		return nil, err
	}
	if compiled, err = compiler.Compile(schemaName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= maxSchemas || s.kept == nil {
		s.kept = make(map[[sha256.Size]byte]*jsonschema.Schema, maxSchemas)
	}
	s.kept[name] = compiled
	return compiled, nil
}

// nothingElse keeps a schema from reading files and addresses.
type nothingElse struct{}

// Load implements jsonschema.URLLoader.
func (nothingElse) Load(string) (any, error) {
	return nil, errors.New("a schema may only refer to itself")
}

// check says what in a JSON text does not fit, in words a model understands.
func check(schema *jsonschema.Schema, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}
