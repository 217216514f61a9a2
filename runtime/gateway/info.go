package gateway

// ModelInfo is what callers are told of a model that can be used. Limits are
// in tokens.
type ModelInfo struct {
	Name          string // as calls name it
	Provider      string
	ContextWindow int
	MaxOutput     int
	Embedding     bool // makes vectors, not messages
}
