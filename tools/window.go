package tools

// Window bounds when sources were published: days, YYYY-MM-DD, both included.
// What is empty is open.
type Window struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Admits says that what was published at a time (YYYY-MM-DD, YYYY-MM, YYYY, or
// unknown) may lie in the window: a year is left out only where none of its
// days does.
func (w Window) Admits(published string) bool {
	if published == "" {
		return true
	}
	first, last := published, published
	if len(published) < len("2006-01-02") {
		first, last = published+"-00", published+"-99" // before and after every day of it, as text
	}
	return (w.From == "" || last >= w.From) && (w.To == "" || first <= w.To)
}
