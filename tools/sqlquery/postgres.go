package sqlquery

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// checkPostgres parses with PostgreSQL's own grammar and admits only the nodes
// of [grammar], each with the fields listed there.
func (s Statement) checkPostgres(tokens []token) (Statement, error) {
	for _, t := range tokens {
		if t.kind == sign && t.text == "\\" {
			return Statement{}, refused("a backslash may not stand outside quotes")
		}
	}
	tree, err := parser().parse(s.text)
	if err != nil {
		return Statement{}, err
	}
	if len(tree.Stmts) != 1 {
		return Statement{}, refused("it holds %d statements; send one SELECT", len(tree.Stmts))
	}
	w := walker{grammar: grammar()}
	w.functions, w.types, w.operators = postgresFunctions(), postgresTypes(), postgresOperators()
	var statement map[string]json.RawMessage
	if err := json.Unmarshal(tree.Stmts[0].Stmt, &statement); err != nil {
		return Statement{}, fmt.Errorf("reading the parsed query: %w", err)
	}
	body, ok := statement["SelectStmt"]
	if !ok || len(statement) != 1 {
		return Statement{}, refused("only SELECT is allowed")
	}
	var outer struct {
		Sort []json.RawMessage `json:"sortClause"`
	}
	if err := json.Unmarshal(body, &outer); err != nil {
		return Statement{}, fmt.Errorf("reading the parsed query: %w", err)
	}
	if err := w.message("SelectStmt", body, 0); err != nil {
		return Statement{}, err
	}
	s.ordered = len(outer.Sort) > 0
	s.calls, s.columns = distinct(w.called), distinct(w.columns)
	return s, nil
}

// walker goes through a parse tree.
type walker struct {
	grammar   map[string]map[string]string
	functions map[string]bool
	types     map[string]bool
	operators map[string]bool
	called    []string
	columns   []string
}

// maxTree bounds the walk itself; the parser refuses earlier.
const maxTree = 2000

// message admits a node of a known kind with known fields only.
func (w *walker) message(kind string, body json.RawMessage, depth int) error {
	fields, ok := w.grammar[kind]
	if !ok {
		return refused("%s is not allowed: plain SELECT only", kind)
	}
	if depth > maxTree {
		return refused("it is nested too deep")
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(body, &values); err != nil {
		return refused("its parse tree cannot be read at %s: %v", kind, err)
	}
	for _, name := range sortedKeys(values) {
		below, ok := fields[name]
		if !ok {
			return refused("%s is not allowed in %s: it only reads, without locks, INTO or recursion", name, kind)
		}
		if err := w.field(below, values[name], depth+1); err != nil {
			return err
		}
	}
	return w.rule(kind, values)
}

func (w *walker) field(kind string, value json.RawMessage, depth int) error {
	switch kind {
	case scalar:
		return nil
	case node:
		return w.node(value, depth)
	case nodes:
		var list []json.RawMessage
		if err := json.Unmarshal(value, &list); err != nil {
			return refused("its parse tree cannot be read: %v", err)
		}
		for _, item := range list {
			if err := w.node(item, depth); err != nil {
				return err
			}
		}
		return nil
	}
	return w.message(kind, value, depth)
}

// node is an object whose one key is its kind; an empty one stands for nothing.
func (w *walker) node(value json.RawMessage, depth int) error {
	var wrapped map[string]json.RawMessage
	if err := json.Unmarshal(value, &wrapped); err != nil {
		return refused("its parse tree cannot be read: %v", err)
	}
	for kind, body := range wrapped {
		if err := w.message(kind, body, depth); err != nil {
			return err
		}
	}
	return nil
}

// rule holds what a list of fields cannot say.
func (w *walker) rule(kind string, values map[string]json.RawMessage) error {
	switch kind {
	case "FuncCall":
		return w.function(names(values["funcname"]))
	case "TypeName":
		return w.typeName(values)
	case "A_Expr":
		return w.operator(names(values["name"]))
	case "SubLink":
		if operator := names(values["operName"]); len(operator) > 0 {
			return w.operator(operator)
		}
	case "SelectStmt":
		if values["targetList"] == nil && values["valuesLists"] == nil && values["larg"] == nil {
			return refused("a SELECT names no columns")
		}
	case "RangeVar":
		return relation(values)
	case "ColumnRef":
		if parts := names(values["fields"]); len(parts) > 0 {
			w.columns = append(w.columns, parts[len(parts)-1])
		}
	case "A_Indirection":
		w.columns = append(w.columns, names(values["indirection"])...)
	case "SQLValueFunction":
		return valueFunction(values["op"])
	}
	return nil
}

// valueFunction admits the date and the time, not users and schemas.
func valueFunction(value json.RawMessage) error {
	var op string
	if err := json.Unmarshal(value, &op); err != nil {
		return refused("a function without a name")
	}
	for _, clock := range []string{"SVFOP_CURRENT_DATE", "SVFOP_CURRENT_TIME", "SVFOP_LOCALTIME"} {
		if strings.HasPrefix(op, clock) {
			return nil
		}
	}
	return refused("%s is not allowed", strings.ToLower(strings.TrimPrefix(op, "SVFOP_")))
}

func (w *walker) function(name []string) error {
	plain := name
	if len(plain) == 2 && plain[0] == "pg_catalog" {
		plain = plain[1:]
	}
	if len(plain) != 1 || !w.functions[plain[0]] {
		return refused("the function %s is not on the list of allowed functions", strings.Join(name, "."))
	}
	w.called = append(w.called, plain[0])
	return nil
}

func (w *walker) operator(name []string) error {
	if len(name) != 1 || !w.operators[name[0]] {
		return refused("the operator %s is not allowed", strings.Join(name, "."))
	}
	return nil
}

// typeName admits types without effects on casting, and no widths that fill the
// memory.
func (w *walker) typeName(values map[string]json.RawMessage) error {
	name := names(values["names"])
	plain := name
	if len(plain) == 2 && plain[0] == "pg_catalog" {
		plain = plain[1:]
	}
	if len(plain) != 1 || !w.types[plain[0]] {
		return refused("the type %s is not allowed in casts", strings.Join(name, "."))
	}
	var modifiers []struct {
		Constant struct {
			Integer struct {
				Value float64 `json:"ival"`
			} `json:"ival"`
		} `json:"A_Const"`
	}
	if raw, ok := values["typmods"]; ok {
		if err := json.Unmarshal(raw, &modifiers); err != nil {
			return refused("the width of %s must be a number", plain[0])
		}
	}
	for _, m := range modifiers {
		const widest = 4000
		// An interval's fields are a mask beyond any width.
		if plain[0] != "interval" && math.Abs(m.Constant.Integer.Value) > widest {
			return refused("%s is wider than %d", plain[0], widest)
		}
	}
	return nil
}

// relation admits tables and views of users, not those of the server.
func relation(values map[string]json.RawMessage) error {
	var schema, name string
	for field, into := range map[string]*string{"schemaname": &schema, "relname": &name} {
		if raw, ok := values[field]; ok && json.Unmarshal(raw, into) != nil {
			return refused("a table without a name")
		}
	}
	if strings.HasPrefix(schema, "pg_") || schema == "information_schema" || strings.HasPrefix(name, "pg_") {
		return refused("%s is a table of the server itself; only the tables of the schema may be read", strings.Trim(schema+"."+name, "."))
	}
	return nil
}

// names are the strings of a list of String nodes.
func names(list json.RawMessage) []string {
	var items []struct {
		String *struct {
			Value string `json:"sval"`
		} `json:"String"`
	}
	if list == nil || json.Unmarshal(list, &items) != nil {
		return nil
	}
	var out []string
	for _, item := range items {
		if item.String != nil {
			out = append(out, item.String.Value)
		}
	}
	return out
}

func sortedKeys(values map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
