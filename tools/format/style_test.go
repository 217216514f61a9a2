package format_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/quaestor-run/quaestor/tools/format"
)

func houseStyle() *format.Style {
	return &format.Style{Cover: "Muster & <Partner>", Disclaimer: "Keine *Anlageberatung*.", Words: "de", Colour: "#7a1f3d", Font: format.FontSerif}
}

func TestStyleIsSeenInEveryForm(t *testing.T) {
	t.Parallel()
	document := sample()
	plainPage, err := format.HTML(document)
	if err != nil {
		t.Fatal(err)
	}
	document.Style = &format.Style{}
	if same, err := format.HTML(document); err != nil || !bytes.Equal(same, plainPage) {
		t.Error("an empty style changes the page")
	}
	document.Style = houseStyle()
	page, err := format.HTML(document)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "the page", page, `<p class="cover">Muster &amp; &lt;Partner&gt;</p>`, "--accent: #7A1F3D", "<b>Tabelle 1.</b>", "<b>Abbildung 1.</b>", `<h2 id="references">Quellen</h2>`, "Keine *Anlageberatung*.", "<summary>Daten</summary>")
	contains(t, "the Markdown", format.Markdown(document), "**Muster & \\<Partner\\>**", "**Tabelle 1.**", "## Quellen", `*Keine \*Anlageberatung\*.*`)
	parts := docx(t, document)
	checkPackage(t, parts)
	contains(t, "the DOCX", []byte(parts["word/document.xml"]), "Muster &amp; &lt;Partner&gt;", "Abbildung 1. ", "Quellen", "Inhalt")
	contains(t, "its styles", []byte(parts["word/styles.xml"]), "7A1F3D", "Times New Roman")
	contains(t, "its footer", []byte(parts["word/footer1.xml"]), "Seite ", " von ")
	pdf, err := format.PDF(document)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Fatalf("%v", err)
	}
	if other, err := format.PDF(sample()); err != nil || bytes.Equal(other, pdf) {
		t.Errorf("the PDF is as without the style, %v", err)
	}
}

// A style may come from a model: what is none changes nothing, and cannot get
// out of its place.
func TestAStyleThatIsNoneIsNotUsed(t *testing.T) {
	t.Parallel()
	document := sample()
	document.Style = &format.Style{Words: "klingon", Colour: "red;}</style><script>", Font: "x\"; background: url(http://a)"}
	page, err := format.HTML(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "klingon", "url(", "red;"} {
		if strings.Contains(string(page), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if svg := document.Style.SVG(document.Sections[1].Charts[0]); bytes.Contains(svg, []byte("red;")) {
		t.Errorf("the chart has the colour: %s", svg)
	}
}

func TestChartsHaveTheColourOfTheStyle(t *testing.T) {
	t.Parallel()
	chart := sample().Sections[1].Charts[0]
	contains(t, "the chart", houseStyle().SVG(chart), "var(--accent,#7a1f3d)")
	plain, err := format.Style{}.PNG(chart)
	if err != nil {
		t.Fatal(err)
	}
	if styled, err := houseStyle().PNG(chart); err != nil || bytes.Equal(styled, plain) {
		t.Errorf("the picture is as without the style, %v", err)
	}
}

func TestPNG(t *testing.T) {
	t.Parallel()
	for _, chart := range sample().Sections[1].Charts {
		data, err := format.PNG(chart)
		if err != nil || !bytes.HasPrefix(data, []byte("\x89PNG")) || len(data) < 5000 {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		plain, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		titled, err := format.Style{}.PNG(chart)
		if err != nil {
			t.Fatal(err)
		}
		// The title takes room above the same picture, and all of it a margin.
		if whole, err := png.DecodeConfig(bytes.NewReader(titled)); err != nil || whole.Width != plain.Width+60 || whole.Height <= plain.Height {
			t.Errorf("with its title %+v, without %+v, %v", whole, plain, err)
		}
	}
}
