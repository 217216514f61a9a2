//go:build !slim && unix

package devserver

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// voice is what the server may say, by its phase. While it starts and stops
// its own parts warn about each other, which helps nobody; in between its
// warnings pass. A fatal error ends the goroutine while it starts, so that
// Start can return it, and the process afterwards: a server that lost its
// store must not look alive.
type voice struct {
	level zap.AtomicLevel
	exits atomic.Bool
	fatal atomic.Pointer[string]
}

func newLogger(base *zap.Logger) (log.Logger, *voice) {
	v := &voice{level: zap.NewAtomicLevelAt(zapcore.ErrorLevel)}
	filter := zap.WrapCore(func(core zapcore.Core) zapcore.Core { return filtered{Core: core, level: v.level} })
	return log.NewZapLogger(base.Named("temporal").WithOptions(filter, zap.WithFatalHook(v))), v
}

func (v *voice) serving() {
	v.level.SetLevel(zapcore.WarnLevel)
	v.exits.Store(true)
}

func (v *voice) stopping() { v.level.SetLevel(zapcore.ErrorLevel) }

// OnWrite implements zapcore.CheckWriteHook for fatal errors.
func (v *voice) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	if v.exits.Load() {
		zapcore.WriteThenFatal.OnWrite(entry, fields)
	}
	message := entry.Message
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok {
			message += ": " + err.Error()
		}
	}
	v.fatal.CompareAndSwap(nil, &message)
	runtime.Goexit()
}

func (v *voice) cause() error {
	if message := v.fatal.Load(); message != nil {
		return errors.New(*message)
	}
	return nil
}

// filtered is a core with a level that changes.
type filtered struct {
	zapcore.Core
	level zap.AtomicLevel
}

// Enabled lets fatal errors through always, or a silent logger would make the
// server go on after one.
func (f filtered) Enabled(level zapcore.Level) bool {
	return level == zapcore.FatalLevel || f.level.Enabled(level) && f.Core.Enabled(level)
}

func (f filtered) With(fields []zapcore.Field) zapcore.Core {
	return filtered{Core: f.Core.With(fields), level: f.level}
}

func (f filtered) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !f.Enabled(entry.Level) {
		return checked
	}
	return checked.AddCore(entry, f)
}

// lostTrailer is what the server says when a caller has gone before figures of
// its metrics, which nobody reads here, could be sent behind an answer.
const lostTrailer = "unable to add metrics baggage to gRPC trailer"

// Write leaves out what the server calls its own failure when a caller has gone
// away, such as a poll that a stopping worker gives up.
func (f filtered) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	gone := entry.Message == lostTrailer || slices.ContainsFunc(fields, fromCancelled)
	if entry.Level < zapcore.FatalLevel && gone {
		return nil
	}
	return f.Core.Write(entry, fields)
}

// fromCancelled goes by the text too: an error that crossed a wire is no longer
// the context's.
func fromCancelled(field zapcore.Field) bool {
	err, ok := field.Interface.(error)
	return ok && (errors.Is(err, context.Canceled) || strings.HasSuffix(err.Error(), context.Canceled.Error()))
}
