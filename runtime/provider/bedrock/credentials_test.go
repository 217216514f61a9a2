package bedrock_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quaestor-run/quaestor/runtime/provider"
	"github.com/quaestor-run/quaestor/runtime/provider/bedrock"
)

func TestWhatNeverLeft(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + listener.Addr().String()
	listener.Close()

	_, err = connect(t, nobody, 0).Converse(t.Context(), full())
	var failed *provider.Error
	if !errors.As(err, &failed) || failed.Class != provider.ClassUnavailable || !failed.NotCharged {
		t.Errorf("nobody there: %+v", err)
	}

	poor, err := bedrock.New(t.Context(), bedrock.Options{
		Region: "eu-west-1", Endpoint: nobody,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no credentials anywhere")
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = poor.Converse(t.Context(), full())
	if !errors.As(err, &failed) || failed.Class != provider.ClassAccess || !failed.NotCharged || !strings.Contains(failed.Message, "no credentials anywhere") {
		t.Errorf("no credentials: %+v", err)
	}

	request := full()
	request.Tools[0].Input = json.RawMessage(`{`)
	_, err = connect(t, nobody, 0).Converse(t.Context(), request)
	if !errors.As(err, &failed) || failed.Class != provider.ClassInvalid || !failed.NotCharged || !strings.Contains(failed.Message, `"sum"`) {
		t.Errorf("a schema that is no JSON: %+v", err)
	}
}

func TestWithoutCredentialsNothingIsMade(t *testing.T) {
	for _, variable := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK"} {
		t.Setenv(variable, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	_, err := bedrock.New(t.Context(), bedrock.Options{Region: "eu-central-1"})
	if err == nil || !strings.Contains(err.Error(), "AWS_PROFILE") {
		t.Errorf("error %v", err)
	}
}
