package gateway

import (
	"context"

	"go.uber.org/zap"

	"github.com/quaestor-run/quaestor/agents"
)

// logInjections is the score from which on an attempt is logged and counted.
const logInjections = 0.4

// guard looks at what users, documents and tools sent. It is a signal, no
// defence: what keeps text from outside from doing harm is that it can neither
// widen tools nor budgets. The text itself is not logged.
func (g *Gateway) guard(ctx context.Context, call Call, model string) error {
	found := inspectMessages(call.Messages)
	if found.Score < logInjections && (call.BlockInjections <= 0 || found.Score < call.BlockInjections) {
		return nil
	}
	refused := call.BlockInjections > 0 && found.Score >= call.BlockInjections
	g.options.Logger.Warn("input of a model call looks like a prompt injection", zap.String("call", call.Key), zap.String("run", call.Run),
		zap.String("client", call.Client), zap.String("model", model), zap.Float64("score", found.Score),
		zap.Strings("patterns", found.Patterns), zap.Bool("refused", refused))
	g.telemetry.injection(ctx, refused)
	if refused {
		return &InjectionError{Injection: found, Threshold: call.BlockInjections}
	}
	return nil
}

// inspectMessages inspects what others than the model wrote. Each message counts
// by itself: many harmless ones do not add up.
func inspectMessages(messages []agents.Message) Injection {
	var worst Injection
	look := func(text string) {
		if found := Inspect(text); found.Score > worst.Score {
			worst = found
		}
	}
	for _, message := range messages {
		if message.Role != agents.RoleAssistant {
			look(message.Text)
		}
		for _, result := range message.ToolResults {
			look(string(result.Value))
			look(result.Error)
		}
	}
	return worst
}
