package eval_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools/toolstest"
)

const modulePath = "github.com/quaestor-run/quaestor"

// listed is a package as the go command lists it, paths relative to the
// module; the module itself is ".".
type listed struct {
	Dir          string
	Name         string
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
}

// The house of ARCHITECTURE.md: imports point to the right only.
//
//	cmd ──► runtime ──► workflows ──► agents ──► tools
//	 └► configs  └──► tools/<name>
//	eval ──► anything but cmd
func TestImportsPointRight(t *testing.T) {
	t.Parallel()
	root := toolstest.Root(t)
	for _, tags := range []string{"", "slim"} {
		packages := listPackages(t, root, tags)
		if len(packages) < 10 {
			t.Fatalf("only %d packages listed", len(packages))
		}
		roles := rolesOf(root)
		for _, p := range packages {
			for _, imported := range ours(p.Imports) {
				if reason := refuse(roles, p.ImportPath, imported); reason != "" {
					t.Errorf("%s imports %s: %s", p.ImportPath, imported, reason)
				}
			}
			for _, imported := range ours(slices.Concat(p.TestImports, p.XTestImports)) {
				if reason := refuseInTest(roles, p.ImportPath, imported); reason != "" {
					t.Errorf("a test of %s imports %s: %s", p.ImportPath, imported, reason)
				}
			}
			for _, imported := range p.Imports {
				if reason := refuseEffect(p.ImportPath, imported); reason != "" {
					t.Errorf("%s imports %s: %s", p.ImportPath, imported, reason)
				}
			}
		}
	}
}

// A rule that cannot fail is none.
func TestImportRulesRefuse(t *testing.T) {
	t.Parallel()
	roles := map[string]bool{"agents/analyst": true, "agents/writer": true}
	for _, bad := range []struct{ from, to string }{
		{"tools", "tools/documents"},
		{"tools", "agents"},
		{"tools/documents", "tools/format"},
		{"tools/documents", "agents"},
		{"agents", "agents/analyst"},
		{"agents/analyst", "agents/writer"},
		{"agents/analyst", "tools/documents"},
		{"agents/prose", "agents/analyst"},
		{"agents/analyst", "workflows"},
		{"workflows", "tools/documents"},
		{"workflows", "runtime"},
		{"workflows", "runtime/store"},
		{"workflows", "configs"},
		{"runtime/store", "configs"},
		{"runtime", "cmd/quaestor"},
		{"runtime/gateway", "runtime"},
		{"runtime/provider/openai", "runtime/provider/bedrock"},
		{"runtime/provider/openai", "runtime/gateway"},
		{"runtime/provider", "runtime/provider/openai"},
		{"configs", "tools"},
		{"eval", "cmd/quaestor"},
		{"cmd/quaestor", "eval"},
		{"cmd/other", "cmd/quaestor"},
		{"runtime", "eval"},
	} {
		if refuse(roles, bad.from, bad.to) == "" {
			t.Errorf("%s may import %s", bad.from, bad.to)
		}
	}
	for _, good := range []struct{ from, to string }{
		{"tools/documents", "tools"},
		{"agents/analyst", "agents"},
		{"agents/analyst", "agents/prose"},
		{"agents/analyst", "tools"},
		{"workflows", "agents/analyst"},
		{"runtime", "configs"},
		{"runtime", "tools/documents"},
		{"runtime/ledger/sqlite", "runtime/ledger/internal/journal"},
		{"runtime/provider/openai", "runtime/provider"},
		{"runtime/provider/offline", "agents/prose"},
		{"cmd/quaestor", "runtime"},
		{"cmd/quaestor", "configs"},
		{"eval", "runtime"},
	} {
		if reason := refuse(roles, good.from, good.to); reason != "" {
			t.Errorf("%s may not import %s: %s", good.from, good.to, reason)
		}
	}
	for _, bad := range []struct{ from, to string }{
		{"agents", "os"},
		{"agents/analyst", "net/http"},
		{"agents/analyst", "go.temporal.io/sdk/workflow"},
		{"tools", "database/sql"},
		{"tools/documents", "go.temporal.io/sdk/client"},
		{"workflows", "os"},
		{"workflows", "math/rand/v2"},
		{"workflows", "go.temporal.io/sdk/client"},
		{"runtime/gateway", "net/http"},
		{"runtime/gateway", "database/sql"},
	} {
		if refuseEffect(bad.from, bad.to) == "" {
			t.Errorf("%s may import %s", bad.from, bad.to)
		}
	}
	if refuseInTest(roles, "tools/documents", "runtime/store") == "" {
		t.Error("a test of a tool may import the runtime")
	}
}

// refuse says why a package may not import another of ours, or nothing.
func refuse(roles map[string]bool, from, to string) string {
	fromTop, toTop := top(from), top(to)
	switch {
	case toTop == "cmd":
		return "nothing imports a command"
	case toTop == "eval":
		return "nothing imports eval"
	case fromTop == "eval":
		return ""
	case fromTop == "configs":
		return "configs imports nothing of ours"
	case toTop == "configs" && from != "runtime" && fromTop != "cmd":
		return "configuration is read by the command and handed on by the runtime"
	}
	switch fromTop {
	case "tools":
		return allowOnly(from != "tools" && (to == "tools" || sameFolder(from, to)), "a tool knows the vocabulary tools, nothing else")
	case "agents":
		vocabulary := to == "tools" || toTop == "agents" && !roles[to]
		return allowOnly(vocabulary, "an agent knows the vocabularies agents and tools, neither other roles nor a tool itself")
	case "workflows":
		return allowOnly(to == "tools" || toTop == "agents" || toTop == "workflows", "workflows know agents and the vocabulary tools; effects are activities by name")
	case "runtime":
		return refuseInRuntime(from, to)
	}
	return ""
}

func refuseInRuntime(from, to string) string {
	const providers = "runtime/provider/"
	switch {
	case to == "runtime":
		return "only a command puts the runtime to use"
	case from == "runtime/provider" && strings.HasPrefix(to, providers):
		return "the vocabulary of providers knows none of them"
	case strings.HasPrefix(from, providers):
		return allowOnly(to == "runtime/provider" || to == "agents" || to == "agents/prose" || to == "tools", "providers are strangers to each other and to the rest of the runtime")
	}
	return ""
}

// refuseInTest is refuse for tests: a test may use what its package may, what
// lies below its package, and fakes and suites, which live in folders that end
// in "test". Tests of the runtime may join its parts.
func refuseInTest(roles map[string]bool, from, to string) string {
	if to == "tools/toolstest" || to == from || strings.HasPrefix(to, from+"/") || strings.HasSuffix(to, "test") && top(from) == top(to) {
		return ""
	}
	if top(from) == "runtime" && to == "configs" {
		return ""
	}
	return refuse(roles, from, to)
}

// refuseEffect says what kinds of package must not import, whatever it is for.
func refuseEffect(from, to string) string {
	switch {
	case top(from) == "workflows":
		return allowOnly(strings.HasPrefix(to, modulePath) || slices.Contains(deterministic(), to), "workflows are deterministic; see the list in deterministic")
	case from == "tools", top(from) == "agents":
		return denyAny(to, "vocabularies and agents are pure", "os", "os/exec", "net", "net/http", "database/sql", "math/rand", "math/rand/v2", "go.temporal.io/")
	case top(from) == "tools":
		return denyAny(to, "a tool knows nothing of Temporal", "go.temporal.io/")
	case from == "runtime/gateway":
		return denyAny(to, "the gateway leaves HTTP and SQL to others", "net/http", "database/sql", "github.com/jackc/", "go.temporal.io/")
	}
	return ""
}

// deterministic is all that workflows may import from outside.
func deterministic() []string {
	return []string{
		"cmp", "encoding/hex", "encoding/json", "errors", "fmt", "maps", "math", "slices", "sort", "strconv", "strings", "time", "unicode", "unicode/utf8",
		"crypto/sha256",
		"go.temporal.io/sdk/temporal", "go.temporal.io/sdk/workflow",
	}
}

func allowOnly(allowed bool, reason string) string {
	if allowed {
		return ""
	}
	return reason
}

func denyAny(to, reason string, denied ...string) string {
	for _, d := range denied {
		if to == d || strings.HasSuffix(d, "/") && strings.HasPrefix(to, d) {
			return reason
		}
	}
	return ""
}

func top(importPath string) string {
	first, _, _ := strings.Cut(importPath, "/")
	return first
}

// sameFolder says that both lie in one folder of the second level.
func sameFolder(a, b string) bool {
	first, second := strings.Split(a, "/"), strings.Split(b, "/")
	return len(first) > 1 && len(second) > 1 && slices.Equal(first[:2], second[:2])
}

// ours are the imports of this module, relative to it.
func ours(imports []string) []string {
	var paths []string
	for _, imported := range imports {
		if rest, ok := strings.CutPrefix(imported, modulePath+"/"); ok {
			paths = append(paths, rest)
		}
	}
	return paths
}

// rolesOf are the folders of agents: those with a prompt. Others under agents
// are vocabulary.
func rolesOf(root string) map[string]bool {
	prompts, _ := filepath.Glob(filepath.Join(root, "agents", "*", "prompt.md")) // the pattern is well-formed
	roles := map[string]bool{}
	for _, prompt := range prompts {
		roles["agents/"+filepath.Base(filepath.Dir(prompt))] = true
	}
	return roles
}

func listPackages(t *testing.T, root, tags string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-tags="+tags,
		"-json=Dir,Name,ImportPath,Imports,TestImports,XTestImports,GoFiles,TestGoFiles,XTestGoFiles", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, &stderr)
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		p.ImportPath = strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, modulePath), "/")
		packages = append(packages, p)
	}
}

func TestFoldersHaveNamesFromTheField(t *testing.T) {
	t.Parallel()
	root := toolstest.Root(t)
	if err := checkTopFolders(root); err != nil {
		t.Error(err)
	}
	for _, p := range listPackages(t, root, "") {
		if err := checkName(p.ImportPath, p.Name); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range [][2]string{{"runtime/util", "util"}, {"runtime/helpers/x", "x"}, {"tools/x", "types"}, {"common", "common"}} {
		if checkName(bad[0], bad[1]) == nil {
			t.Errorf("package %s in %s passes", bad[1], bad[0])
		}
	}
	strange := t.TempDir()
	for _, dir := range []string{"agents", "pkg"} {
		if err := os.Mkdir(filepath.Join(strange, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkTopFolders(strange); err == nil || !strings.Contains(err.Error(), "pkg") {
		t.Errorf("a strange top-level folder passes: %v", err)
	}
}

// checkName refuses names that say nothing.
func checkName(importPath, name string) error {
	nameless := []string{"util", "utils", "common", "helper", "helpers", "manager", "managers", "types", "misc", "shared", "base", "lib"}
	for _, part := range append(strings.Split(importPath, "/"), name) {
		if slices.Contains(nameless, part) {
			return fmt.Errorf("package %s in %s: %q says nothing about what is in it", name, importPath, part)
		}
	}
	return nil
}

func checkTopFolders(root string) error {
	known := map[string]bool{
		"agents": true, "cmd": true, "configs": true, "eval": true, "runtime": true, "tools": true, "workflows": true,
		"bin": true, "dist": true, "node_modules": true, // made by builds, ignored by git
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	var strange []string
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && !known[entry.Name()] {
			strange = append(strange, entry.Name())
		}
	}
	if len(strange) > 0 {
		return fmt.Errorf("top-level folders %v are not of the house (%v)", strange, slices.Sorted(maps.Keys(known)))
	}
	return nil
}
