package server_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain fails when the tests together left out an operation of the
// specification. Run alone, a test leaves out most of them.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == "" {
		code = checkExercised()
	}
	os.Exit(code)
}

func checkExercised() int {
	spec, err := specification()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	code := 0
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			if _, ok := exercised.Load(operation.OperationID); !ok {
				fmt.Printf("FAIL: no test calls %s %s (%s)\n", method, path, operation.OperationID)
				code = 1
			}
		}
	}
	return code
}
