package configs_test

import (
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/configs"
)

func TestLanguageToolStaysOnThisMachineWhileTheWebIsOff(t *testing.T) {
	t.Parallel()
	load := func(address, enabled string) error {
		_, err := configs.Load("", func(name string) string {
			return map[string]string{"QUAESTOR_GRAMMAR_LANGUAGETOOL_BASE_URL": address, "QUAESTOR_WEB_ENABLED": enabled}[name]
		})
		return err
	}
	for _, address := range []string{"", "http://localhost:8081", "http://127.0.0.1:8081/", "https://[::1]/lt"} {
		if err := load(address, "false"); err != nil {
			t.Errorf("%q is refused: %v", address, err)
		}
	}
	for _, address := range []string{"https://api.languagetool.org", "http://10.0.0.1", "http://localhost.example.com", "http://0.0.0.0:8081", "http://127.0.0.1@example.com/"} {
		if err := load(address, "false"); err == nil || !strings.Contains(err.Error(), "grammar.languagetool.base_url") || !strings.Contains(err.Error(), "web.enabled is false") {
			t.Errorf("%q with the web off: got %v", address, err)
		}
		if err := load(address, "true"); err != nil {
			t.Errorf("%q with the web on is refused: %v", address, err)
		}
	}
	if err := load("localhost:8081", "true"); err == nil || !strings.Contains(err.Error(), "an http or https URL is wanted") {
		t.Errorf("got %v", err)
	}
}
