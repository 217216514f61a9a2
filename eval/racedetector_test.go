//go:build race

package eval_test

// raceDetector says that everything takes several times as long.
const raceDetector = true
