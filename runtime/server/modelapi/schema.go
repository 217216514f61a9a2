package modelapi

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	maxSchemas = 512     // that are kept compiled
	maxApplied = 200_000 // schemas applied to values of one text: references can make a small schema boundless
)

const schemaName = "mem:///schema.json"

// schemas compiles JSON Schemas of clients and keeps the last ones: a client
// sends the same tools with every request.
type schemas struct {
	mu   sync.RWMutex
	kept map[[sha256.Size]byte]*schema
}

// schema is a compiled schema that can be applied so often only.
type schema struct {
	compiled *jsonschema.Schema

	mu   sync.Mutex // held while a text is checked
	left int        // applications
}

// compile gives the schema of a text, or says why it is none.
func (s *schemas) compile(text []byte) (*schema, error) {
	name := sha256.Sum256(text)
	s.mu.RLock()
	made := s.kept[name]
	s.mu.RUnlock()
	if made != nil {
		return made, nil
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
	made = &schema{}
	compiler.RegisterVocabulary(&jsonschema.Vocabulary{
		URL: "mem:///counted",
		Compile: func(*jsonschema.CompilerContext, map[string]any) (jsonschema.SchemaExt, error) {
			return counted{made}, nil
		},
	})
	compiler.AssertVocabs()
	if made.compiled, err = compiler.Compile(schemaName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= maxSchemas || s.kept == nil {
		s.kept = make(map[[sha256.Size]byte]*schema, maxSchemas)
	}
	s.kept[name] = made
	return made, nil
}

// nothingElse keeps a schema from reading files and addresses.
type nothingElse struct{}

// Load implements jsonschema.URLLoader.
func (nothingElse) Load(string) (any, error) {
	return nil, errors.New("a schema may only refer to itself")
}

// counted counts how often a schema and those in it are applied.
type counted struct{ of *schema }

// Validate implements jsonschema.SchemaExt.
func (c counted) Validate(*jsonschema.ValidatorContext, any) {
	if c.of.left--; c.of.left < 0 {
		panic(errEndless) // nothing else ends the validation
	}
}

var errEndless = errors.New("the schema refers to itself so often that the answer cannot be checked")

// check says what in a JSON text does not fit, in words a model understands.
func (s *schema) check(text []byte) (err error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = maxApplied
	defer func() {
		if cause := recover(); cause == errEndless { //nolint:errorlint // it is thrown as it is
			err = errEndless
		} else if cause != nil {
			panic(cause)
		}
	}()
	return s.compiled.Validate(value)
}
