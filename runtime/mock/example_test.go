package mock_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	openai "github.com/sashabaranov/go-openai"

	"github.com/quaestor-run/quaestor/runtime/mock"
)

// A test of code that calls a model: throttled once, then answered. In a test,
// mocktest.StartScript does the same in one line.
func ExampleNew() {
	script, err := mock.ParseScript("example", []byte(`
rules:
  - match: {message: "(?i)weather", times: 1}
    fault: {kind: throttled, retry_after: 1s}
  - match: {message: "(?i)weather"}
    answer: {text: Sunny., usage: {input: 12, output: 2}}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	emulator, err := mock.New(mock.Options{Script: script})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(emulator)
	defer server.Close()

	config := openai.DefaultConfig("any key")
	config.BaseURL = server.URL + "/regions/eu-west-1/v1"
	client := openai.NewClientWithConfig(config)
	for range 2 {
		answer, err := client.CreateChatCompletion(context.Background(), openai.ChatCompletionRequest{
			Model: "gpt-4o-mini", Messages: []openai.ChatCompletionMessage{{Role: "user", Content: "How is the weather?"}},
		})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(answer.Choices[0].Message.Content)
	}
	for _, served := range emulator.Log().Entries() {
		fmt.Println(served.Sequence, served.Region, served.Status, served.Fault, served.Usage.Output)
	}
	// Output:
	// error, status code: 429, status: 429 Too Many Requests, message: Too many requests, please wait before trying again.
	// Sunny.
	// 1 eu-west-1 429 throttled 0
	// 2 eu-west-1 200  2
}
