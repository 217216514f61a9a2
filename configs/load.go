package configs

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/v2"
)

//go:embed default.yaml
var defaultYAML []byte

// maxFile bounds what is read of a configuration file.
const maxFile = 1 << 20

// Load reads the defaults, then the file at path (none when path is empty), then
// the environment, and checks the whole. The error lists everything that is
// wrong, each with file and line or variable.
func Load(path string, env func(string) string) (Config, error) {
	k := koanf.New(".")
	if err := k.Load(parse("default.yaml", defaultYAML, reflect.TypeFor[Config]()), nil); err != nil {
		return Config{}, err
	}
	if path != "" {
		text, err := readFile(path)
		if err != nil {
			return Config{}, fmt.Errorf("reading the configuration: %w", err)
		}
		file := parse(path, text, reflect.TypeFor[Config]())
		if file.err == nil {
			file.err = refusePassword(path, file.values)
		}
		if err := k.Load(file, nil); err != nil {
			return Config{}, err
		}
	}
	if err := k.Load(fromEnvironment(env, reflect.TypeFor[Config]()), nil); err != nil {
		return Config{}, err
	}
	var config Config
	if err := decode(k, &config); err != nil {
		return Config{}, err
	}
	if catalog := config.Models.Catalog; catalog != "" && !filepath.IsAbs(catalog) {
		config.Models.Catalog = filepath.Join(filepath.Dir(path), catalog)
	}
	var err error
	if config.Catalog, err = loadCatalog(config.Models.Catalog); err != nil {
		return Config{}, err
	}
	if err := config.readURLs(env); err != nil {
		return Config{}, fmt.Errorf("checking the configuration: %w", err)
	}
	if err := config.MCP.readSecrets(env); err != nil {
		return Config{}, fmt.Errorf("checking the configuration: %w", err)
	}
	if err := config.check(); err != nil {
		if path != "" {
			return Config{}, fmt.Errorf("checking the configuration in %s: %w", path, err)
		}
		return Config{}, fmt.Errorf("checking the configuration: %w", err)
	}
	return config, nil
}

// decode fills target from values that have its types already.
func decode(k *koanf.Koanf, target any) error {
	err := k.UnmarshalWithConf("", target, koanf.UnmarshalConf{
		Tag:           "yaml",
		DecoderConfig: &mapstructure.DecoderConfig{ErrorUnused: true},
	})
	if err != nil {
		return fmt.Errorf("decoding the configuration: %w", err)
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return text, nil
}

func refusePassword(path string, values map[string]any) error {
	database, _ := values["database"].(map[string]any)
	address, _ := database["url"].(string)
	if parsed, err := url.Parse(address); err == nil {
		_, inUser := parsed.User.Password()
		if inUser || parsed.Query().Has("password") {
			return fmt.Errorf("%s: database.url holds a password; put the URL into QUAESTOR_DATABASE_URL instead", path)
		}
	}
	if strings.Contains(address, "password=") {
		return fmt.Errorf("%s: database.url holds a password; put it into QUAESTOR_DATABASE_URL instead", path)
	}
	return nil
}

// tree is a source of values for koanf, with what was wrong with it.
type tree struct {
	values map[string]any
	err    error
}

// Read implements koanf.Provider.
func (t tree) Read() (map[string]any, error) { return t.values, t.err }

// ReadBytes implements koanf.Provider.
func (t tree) ReadBytes() ([]byte, error) { return nil, errors.ErrUnsupported }
