package eval_test

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools/toolstest"
)

// There is no way to a model around the gateway. A provider is made in one file
// and handed to the gateway; nobody else can ask it, since nobody else names
// what it is asked with; and nobody else has the vendors' clients.
func TestThereIsNoWayAroundTheGateway(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	for _, p := range parseTree(t, toolstest.Root(t)) {
		for name, file := range p.files {
			for _, fault := range waysAround(name, file) {
				t.Errorf("%s: %s", p.at(file.Name), fault)
			}
			for _, method := range asksProvider(file) {
				if path.Dir(name) == "runtime/gateway" && !strings.HasSuffix(name, "_test.go") {
					asked[method] = true
				}
			}
		}
	}
	for _, method := range []string{"Converse", "Stream", "Embed"} {
		if !asked[method] {
			t.Errorf("the gateway calls %s of no provider: this test looks in the wrong place", method)
		}
	}
}

func TestWaysAroundTheGatewayAreSeen(t *testing.T) {
	t.Parallel()
	const vocabulary = `import "github.com/quaestor-run/quaestor/runtime/provider"` + "\n"
	for what, c := range map[string]struct{ file, source string }{
		"a provider made elsewhere":     {"runtime/server/x.go", `import "github.com/quaestor-run/quaestor/runtime/provider/openai"`},
		"by another file":               {"runtime/api.go", `import o "github.com/quaestor-run/quaestor/runtime/provider/bedrock"`},
		"by a command":                  {"cmd/quaestor/x.go", `import _ "github.com/quaestor-run/quaestor/runtime/provider/offline"`},
		"by the gateway":                {"runtime/gateway/x.go", `import "github.com/quaestor-run/quaestor/runtime/provider/openai"`},
		"a request made elsewhere":      {"runtime/server/x.go", vocabulary + "func f(p provider.Provider) { p.Converse(nil, provider.Request{}) }"},
		"under another name":            {"runtime/activity/x.go", strings.Replace(vocabulary, "import", "import p", 1) + "var r p.EmbedRequest"},
		"without its name":              {"runtime/activity/x.go", strings.Replace(vocabulary, "import", "import .", 1)},
		"asked where providers are":     {"runtime/providers.go", vocabulary + "func f(p provider.Provider) { p.Stream(nil, r(), nil) }"},
		"a function of it handed on":    {"runtime/options.go", vocabulary + "func f(p provider.Provider) any { return p.Converse }"},
		"a vendor's client":             {"runtime/activity/x.go", `import "github.com/sashabaranov/go-openai"`},
		"another of a vendor":           {"tools/x/x.go", `import "github.com/aws/aws-sdk-go-v2/service/bedrockruntime"`},
		"an embedder held by a handler": {"runtime/server/x.go", vocabulary + "type s struct { e provider.Embedder }"},
	} {
		p := parseSource(t, c.file, "package x\n"+c.source)
		for name, file := range p.files {
			if len(waysAround(name, file)) == 0 {
				t.Errorf("%s passes", what)
			}
		}
	}
	for _, c := range []struct{ file, source string }{
		{"runtime/providers.go", `import "github.com/quaestor-run/quaestor/runtime/provider/openai"`},
		{"runtime/server/x_test.go", `import "github.com/quaestor-run/quaestor/runtime/provider/openai"`},
		{"runtime/server/x.go", vocabulary + "func emit(d provider.Delta) provider.Class { return provider.ClassInvalid }"},
		{"runtime/options.go", vocabulary + "type Options struct { Providers map[string]provider.Provider }"},
		{"runtime/gateway/x.go", vocabulary + "func f(p provider.Provider) { p.Converse(nil, provider.Request{}) }"},
		{"runtime/provider/openai/x.go", `import "github.com/sashabaranov/go-openai"`},
	} {
		p := parseSource(t, c.file, "package x\n"+c.source)
		for name, file := range p.files {
			for _, fault := range waysAround(name, file) {
				t.Errorf("%s: %s", c.file, fault)
			}
		}
	}
}

// waysAround says what in a file could reach a model without the gateway. Tests
// may do all of it, and so may suites and fakes for tests.
func waysAround(name string, file *ast.File) (faults []string) {
	folder := path.Dir(name)
	if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(folder, "test") {
		return nil
	}
	isProvider := folder == "runtime/provider" || strings.HasPrefix(folder, "runtime/provider/")
	for _, imported := range file.Imports {
		to, err := strconv.Unquote(imported.Path.Value)
		if err != nil {
			continue
		}
		switch {
		case strings.HasPrefix(to, providerPath+"/") && name != "runtime/providers.go" && !strings.HasSuffix(to, "test"):
			faults = append(faults, fmt.Sprintf("imports %s, which only runtime/providers.go may: it hands it to the gateway", path.Base(to)))
		case to == providerPath && imported.Name != nil && imported.Name.Name == ".":
			faults = append(faults, "imports the vocabulary of providers without a name: what it asks cannot be seen")
		case !isProvider && vendorClient(to):
			faults = append(faults, fmt.Sprintf("imports %s, a vendor's client, which only its provider may", to))
		}
	}
	if isProvider || folder == "runtime/gateway" {
		return faults
	}
	for _, word := range wordsOf(file, providerPath) {
		forbidden := []string{"Request", "EmbedRequest", "Embedder", "InputCounter", "TokenCounter", "Provider"}
		if handsOn(folder) {
			forbidden = forbidden[:2]
		}
		if slices.Contains(forbidden, word) {
			faults = append(faults, fmt.Sprintf("names provider.%s: only the gateway asks providers", word))
		}
	}
	if handsOn(folder) {
		for _, method := range asksProvider(file) {
			faults = append(faults, fmt.Sprintf("uses a method %s where providers are at hand: only the gateway asks them", method))
		}
	}
	return faults
}

// handsOn says that a package hands providers to the gateway, and holds them for
// that.
func handsOn(folder string) bool { return folder == "runtime" || strings.HasPrefix(folder, "cmd/") }

const providerPath = modulePath + "/runtime/provider"

func vendorClient(importPath string) bool {
	for _, client := range []string{"github.com/sashabaranov/go-openai", "github.com/aws/aws-sdk-go-v2/service/bedrockruntime"} {
		if importPath == client {
			return true
		}
	}
	return false
}

// wordsOf are the names of a package that a file uses.
func wordsOf(file *ast.File, importPath string) (words []string) {
	as := ""
	for _, imported := range file.Imports {
		if to, err := strconv.Unquote(imported.Path.Value); err == nil && to == importPath {
			if as = path.Base(importPath); imported.Name != nil {
				as = imported.Name.Name
			}
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if selected, ok := node.(*ast.SelectorExpr); ok {
			if from, ok := selected.X.(*ast.Ident); ok && as != "" && from.Name == as {
				words = append(words, selected.Sel.Name)
			}
		}
		return true
	})
	return words
}

// asksProvider are the methods of providers that a file that knows their
// vocabulary uses.
func asksProvider(file *ast.File) (methods []string) {
	if len(wordsOf(file, providerPath)) == 0 {
		return nil
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if selected, ok := node.(*ast.SelectorExpr); ok && slices.Contains([]string{"Converse", "Stream", "Embed", "CountTokens", "CountInput"}, selected.Sel.Name) {
			methods = append(methods, selected.Sel.Name)
		}
		return true
	})
	return methods
}
