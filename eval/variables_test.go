package eval_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// mutableVariables finds package-level variables that could change. Allowed is
// what is made once and never written: embedded files, literals and tables,
// the results of the constructors below, and of functions of the package that
// give a table. Test files and generated ones are left alone.
func (s sources) mutableVariables() (faults []string) {
	declared := map[string]*ast.ValueSpec{}
	for path, file := range s.files {
		if strings.HasSuffix(path, "_test.go") || ast.IsGenerated(file) {
			continue
		}
		for spec, doc := range variables(file) {
			for i, name := range spec.Names {
				if name.Name == "_" || embeds(doc, spec) {
					continue
				}
				declared[name.Name] = spec
				if i >= len(spec.Values) {
					faults = append(faults, fmt.Sprintf("%s: variable %s gets its value later", s.at(name), name.Name))
				} else if !s.constant(spec.Values[i]) {
					faults = append(faults, fmt.Sprintf("%s: variable %s may hold state; pass it, or make it in a constructor", s.at(name), name.Name))
				}
			}
		}
	}
	return append(faults, s.writes(declared)...)
}

// variables are the package-level variables of a file, with the comment of the
// declaration they stand in.
func variables(file *ast.File) map[*ast.ValueSpec]*ast.CommentGroup {
	found := map[*ast.ValueSpec]*ast.CommentGroup{}
	for _, declaration := range file.Decls {
		if group, ok := declaration.(*ast.GenDecl); ok && group.Tok == token.VAR {
			for _, spec := range group.Specs {
				found[spec.(*ast.ValueSpec)] = group.Doc
			}
		}
	}
	return found
}

func embeds(doc *ast.CommentGroup, spec *ast.ValueSpec) bool {
	for _, group := range []*ast.CommentGroup{doc, spec.Doc} {
		if group != nil && slices.ContainsFunc(group.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return true
		}
	}
	return false
}

// constructors make values without state that a program can see, apart from
// the sync ones, which are computed once.
func constructors() []string {
	return []string{
		"errors.New", "fmt.Errorf", "regexp.MustCompile", "template.Must", "strings.NewReplacer", "strings.Fields",
		"sync.OnceValue", "sync.OnceValues", "math.Log", "math.Sqrt", "math.Inf", "time.Date",
		"temporal.NewSearchAttributeKeyKeyword", "temporal.NewSearchAttributeKeyString", "temporal.NewSearchAttributeKeyInt64",
		"temporal.NewSearchAttributeKeyFloat64", "temporal.NewSearchAttributeKeyTime",
	}
}

func (s sources) constant(value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.BasicLit, *ast.CompositeLit:
		return true
	case *ast.Ident:
		return v.Name == "true" || v.Name == "false"
	case *ast.UnaryExpr:
		return v.Op != token.AND && v.Op != token.ARROW && s.constant(v.X)
	case *ast.BinaryExpr:
		return true // of numbers and strings; there are no others
	case *ast.ParenExpr:
		return s.constant(v.X)
	case *ast.CallExpr:
		return s.constantCall(v)
	}
	return false
}

func (s sources) constantCall(call *ast.CallExpr) bool {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		of, ok := f.X.(*ast.Ident)
		return ok && slices.Contains(constructors(), of.Name+"."+f.Sel.Name)
	case *ast.ArrayType, *ast.MapType: // a conversion
		return true
	case *ast.Ident:
		for _, file := range s.files {
			for _, declaration := range file.Decls {
				if made, ok := declaration.(*ast.FuncDecl); ok && made.Recv == nil && made.Name.Name == f.Name {
					results := made.Type.Results
					return results != nil && len(results.List) == 1 && s.table(results.List[0].Type)
				}
			}
		}
	}
	return false
}

// table says that a type is of plain data: maps, slices, structs, basic types.
func (s sources) table(kind ast.Expr) bool {
	switch k := kind.(type) {
	case *ast.MapType, *ast.ArrayType, *ast.StructType:
		return true
	case *ast.Ident:
		if basic := []string{"bool", "string", "int", "int64", "float64", "rune", "byte", "error"}; slices.Contains(basic, k.Name) {
			return true
		}
		for _, file := range s.files {
			for _, declaration := range file.Decls {
				group, ok := declaration.(*ast.GenDecl)
				if !ok || group.Tok != token.TYPE {
					continue
				}
				for _, spec := range group.Specs {
					if named := spec.(*ast.TypeSpec); named.Name.Name == k.Name {
						return s.table(named.Type)
					}
				}
			}
		}
	}
	return false
}

// writes finds what writes to the declared variables anywhere in the folder.
func (s sources) writes(declared map[string]*ast.ValueSpec) (faults []string) {
	for _, file := range s.files {
		if ast.IsGenerated(file) {
			continue
		}
		ast.Inspect(file, func(node ast.Node) bool {
			for _, written := range writtenBy(node) {
				name := base(written)
				if name == nil || declared[name.Name] == nil {
					continue
				}
				// The parser resolves what is declared in its file; a name it
				// resolved to anything else is a local that hides ours.
				if name.Obj != nil && name.Obj.Decl != declared[name.Name] {
					continue
				}
				faults = append(faults, fmt.Sprintf("%s: writes to the package-level variable %s", s.at(node), name.Name))
			}
			return true
		})
	}
	return faults
}

// writtenBy are the expressions that a node writes to, or lets others write to.
func writtenBy(node ast.Node) []ast.Expr {
	switch n := node.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			return []ast.Expr{n.Key, n.Value}
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			return []ast.Expr{n.X}
		}
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && slices.Contains([]string{"delete", "clear", "copy"}, f.Name) {
			return n.Args[:1]
		}
	}
	return nil
}

// base is the variable at the bottom of an expression such as a.b[c].
func base(expression ast.Expr) *ast.Ident {
	for {
		switch e := expression.(type) {
		case *ast.Ident:
			return e
		case *ast.SelectorExpr:
			expression = e.X
		case *ast.IndexExpr:
			expression = e.X
		case *ast.ParenExpr:
			expression = e.X
		case *ast.StarExpr:
			expression = e.X
		default:
			return nil
		}
	}
}
