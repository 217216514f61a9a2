//go:build slim

package eval_test

// hasServer says that the Temporal server is in this binary.
const hasServer = false
