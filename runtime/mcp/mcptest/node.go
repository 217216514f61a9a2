package mcptest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// unreachable is what npm says where there is no registry to be had.
var unreachable = regexp.MustCompile(`ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|E40[13]`)

// Node installs the official SDK for Node beside the scripts of a folder, and
// gives the folder where both are. Without Node the test is skipped.
func Node(t *testing.T, scripts string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("installs packages")
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Clean(scripts))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir, install.Env = dir, append(os.Environ(), "npm_config_update_notifier=false")
	if out, err := install.CombinedOutput(); err != nil {
		if unreachable.Match(out) {
			t.Skipf("npm cannot fetch the SDK: %s", out)
		}
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}
