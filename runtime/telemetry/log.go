package telemetry

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func newLogger(opts Options) (*zap.Logger, error) {
	level := zapcore.InfoLevel
	if opts.LogLevel != "" {
		if err := level.UnmarshalText([]byte(opts.LogLevel)); err != nil || level > zapcore.ErrorLevel {
			return nil, fmt.Errorf("the log level %q is none of debug, info, warn, error", opts.LogLevel)
		}
	}
	encoder, err := newEncoder(opts.LogFormat)
	if err != nil {
		return nil, err
	}
	sink := zapcore.Lock(zapcore.AddSync(scrubbed{opts.Output}))
	return zap.New(zapcore.NewCore(encoder, sink, level), zap.ErrorOutput(sink)), nil
}

func newEncoder(format string) (zapcore.Encoder, error) {
	config := zap.NewProductionEncoderConfig()
	config.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	config.EncodeDuration = zapcore.StringDurationEncoder
	switch format {
	case FormatJSON:
		config.TimeKey = "time"
		return zapcore.NewJSONEncoder(config), nil
	case FormatConsole, "":
		config.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		config.EncodeLevel = zapcore.CapitalLevelEncoder
		config.ConsoleSeparator = "  "
		return zapcore.NewConsoleEncoder(config), nil
	}
	return nil, fmt.Errorf("the log format %q is none of %s, %s", format, FormatConsole, FormatJSON)
}

// secret matches what must not be in a log wherever it comes from, such as an
// error of a library that quotes a request: our API keys, keys of OpenAI's and
// AWS's form, bearer tokens, passwords in URLs.
var secret = regexp.MustCompile(`\bqk_[\w-]{8,}|\bsk-[\w-]{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|(?i:\bbearer\s+)[\w.~+/=-]{8,}|(://[^\s/:@"]*:)[^\s/@"]+(@)`)

// Redact strikes secrets out of a text that is kept elsewhere than in a log, such
// as what a provider said of a failed call.
func Redact(text string) string { return secret.ReplaceAllString(text, struckOut) }

// suspect says whether a line may hold a secret: every one has one of these. To
// look for the secrets themselves takes longer than to write most lines.
func suspect(line []byte) bool {
	for i, char := range line {
		switch char {
		case 'q':
			if bytes.HasPrefix(line[i:], []byte("qk_")) {
				return true
			}
		case 's':
			if bytes.HasPrefix(line[i:], []byte("sk-")) {
				return true
			}
		case 'A':
			if bytes.HasPrefix(line[i:], []byte("AKIA")) || bytes.HasPrefix(line[i:], []byte("ASIA")) {
				return true
			}
		case 'b', 'B':
			if len(line) >= i+len("bearer") && bytes.EqualFold(line[i:i+len("bearer")], []byte("bearer")) {
				return true
			}
		case ':':
			if bytes.HasPrefix(line[i:], []byte("://")) {
				return true
			}
		}
	}
	return false
}

// struckOut takes the place of a secret; of a URL, what is around it stays.
const struckOut = "${1}[secret]${2}"

// scrubbed writes whole lines without secrets. It works on the encoded line,
// so no field, message or nested error goes around it.
type scrubbed struct{ to io.Writer }

// Write implements io.Writer; it reports the length it was given, since zap
// takes a shorter one for a failure.
func (s scrubbed) Write(line []byte) (int, error) {
	clean := line
	if suspect(line) {
		clean = secret.ReplaceAll(line, []byte(struckOut))
	}
	if _, err := s.to.Write(clean); err != nil {
		return 0, err
	}
	return len(line), nil
}
