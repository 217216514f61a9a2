package documents

// Segment is a part of a document under one heading.
type Segment struct {
	Heading string  `json:"heading,omitempty"`
	Blocks  []Block `json:"blocks"`
}

// BlockKind says how a block is cut into sentences.
type BlockKind string

// The kinds of blocks. Tables, code and headings are no blocks: nobody quotes
// them as a sentence.
const (
	BlockParagraph BlockKind = ""
	BlockItem      BlockKind = "item" // of a list
)

// Block is a paragraph or an item of a list: sentences do not cross its ends.
// Start and End are byte offsets into the snapshot.
type Block struct {
	Kind  BlockKind `json:"kind,omitempty"`
	Start int       `json:"start"`
	End   int       `json:"end"`
	Page  int       `json:"page,omitempty"` // from 1; 0 where the format has no pages
}
