package tools

import "testing"

func TestWindow(t *testing.T) {
	t.Parallel()
	w := Window{From: "2020-03-15", To: "2021-06-30"}
	for published, want := range map[string]bool{
		"": true, "2020-03-15": true, "2020-03-14": false, "2021-06-30": true, "2021-07-01": false,
		"2020-03": true, "2020-02": false, "2021-06": true, "2021-07": false,
		"2020": true, "2021": true, "2019": false, "2022": false,
	} {
		if got := w.Admits(published); got != want {
			t.Errorf("%q: %v, want %v", published, got, want)
		}
	}
	if open := (Window{}); !open.Admits("1900") || !open.Admits("2100-01-01") {
		t.Error("an open window leaves something out")
	}
}
