package telemetry

import (
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.uber.org/zap"
)

// TemporalOptions adds the logger, the metrics and, when tracing is on, the
// tracing of workflows and activities to the options of a Temporal client; its
// workers inherit them. Without tracing, histories stay free of trace headers.
func (t *Telemetry) TemporalOptions(options *client.Options) error {
	options.Logger = temporalLogger{t.logger.Named("temporal").WithOptions(zap.AddCallerSkip(1)).Sugar()}
	options.MetricsHandler = opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter:                t.meters.Meter("temporal-sdk-go"),
		UseMonotonicCounters: true,
		OnError:              func(err error) { t.logger.Warn("A metric of Temporal could not be recorded.", zap.Error(err)) },
	})
	if t.tracing == nil {
		return nil
	}
	tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{Tracer: t.tracing.Tracer("temporal-sdk-go")})
	if err != nil {
		return fmt.Errorf("tracing Temporal: %w", err)
	}
	options.Interceptors = append(options.Interceptors, interceptor.ClientInterceptor(tracing))
	return nil
}

// temporalLogger is a zap logger as Temporal's SDK wants one.
type temporalLogger struct{ to *zap.SugaredLogger }

var (
	_ log.Logger     = temporalLogger{}
	_ log.WithLogger = temporalLogger{}
)

// Debug implements log.Logger.
func (l temporalLogger) Debug(msg string, keyvals ...any) { l.to.Debugw(msg, keyvals...) }

// Info implements log.Logger.
func (l temporalLogger) Info(msg string, keyvals ...any) { l.to.Infow(msg, keyvals...) }

// Warn implements log.Logger.
func (l temporalLogger) Warn(msg string, keyvals ...any) { l.to.Warnw(msg, keyvals...) }

// Error implements log.Logger.
func (l temporalLogger) Error(msg string, keyvals ...any) { l.to.Errorw(msg, keyvals...) }

// With implements log.WithLogger.
func (l temporalLogger) With(keyvals ...any) log.Logger { return temporalLogger{l.to.With(keyvals...)} }
