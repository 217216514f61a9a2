package mock_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quaestor-run/quaestor/runtime/mock"
	"github.com/quaestor-run/quaestor/runtime/mock/mocktest"
)

// unreachable is what npm says where there is no registry to be had.
var unreachable = regexp.MustCompile(`ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|E40[13]`)

// The vendors' SDKs for Node work against the emulator: OpenAI's over HTTP/1.1,
// AWS's over HTTP/2.
func TestNodeSDKs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("installs packages")
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "node"))); err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, env, program string, args ...string) (string, error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), env)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(t, "npm_config_update_notifier=false", "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"); err != nil {
		if unreachable.MatchString(out) {
			t.Skipf("npm cannot fetch the SDKs: %s", out)
		}
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	for _, name := range []string{"openai", "bedrock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.Start(t, mock.Options{})
			out, err := run(t, "MOCK_URL="+s.URL, "node", name+".mjs")
			if err != nil || !strings.Contains(out, name+": ok") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
