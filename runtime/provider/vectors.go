package provider

import (
	"errors"
	"fmt"
	"math"
)

// CheckVectors says what is wrong with the vectors of an answer: they have one
// length, the one asked for unless that is 0, and hold numbers.
func CheckVectors(vectors [][]float32, dimensions int) error {
	for _, vector := range vectors {
		if len(vector) == 0 {
			return errors.New("a vector is empty")
		}
		if dimensions == 0 {
			dimensions = len(vector)
		}
		if len(vector) != dimensions {
			return fmt.Errorf("a vector has %d dimensions where %d were wanted", len(vector), dimensions)
		}
		for _, x := range vector {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return errors.New("a vector holds what is no number")
			}
		}
	}
	return nil
}
