//go:build !slim && unix

package devserver

import (
	"errors"
	"testing"

	"go.temporal.io/server/common/log/tag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestTheServerSaysNothingOfCallersWhoLeft(t *testing.T) {
	t.Parallel()
	core, said := observer.New(zapcore.DebugLevel)
	logger, voice := newLogger(zap.New(core))
	voice.serving()
	logger.Error("poll failed", tag.Error(errors.New("GetTaskQueue failed: context canceled")))
	logger.Error("unable to add metrics baggage to gRPC trailer", tag.Error(errors.New("transport: SendHeader called multiple times")))
	logger.Error("the disk is full", tag.Error(errors.New("SQLITE_FULL")))
	logger.Warn("slow")
	voice.stopping()
	logger.Warn("a part is gone")
	var messages []string
	for _, entry := range said.All() {
		messages = append(messages, entry.Message)
	}
	if len(messages) != 2 || messages[0] != "the disk is full" || messages[1] != "slow" {
		t.Errorf("the server said %q", messages)
	}
}
