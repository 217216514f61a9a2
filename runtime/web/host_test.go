package web_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"testing"

	"github.com/quaestor-run/quaestor/runtime/web"
	"github.com/quaestor-run/quaestor/tools/toolstest"
)

func TestSSRFCases(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(toolstest.Data(t, "ssrf", "cases-dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Kind, Value string
		Blocked     bool
		ParsesTo    *string `json:"parses_to"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		switch c.Kind {
		case "ip":
			addr, _ := netip.ParseAddr(c.Value)
			check(t, c.Kind, c.Value, c.Blocked, web.CheckAddr(addr))
		case "hostname":
			_, err := web.CheckHost(c.Value)
			check(t, c.Kind, c.Value, c.Blocked, err)
		case "url":
			_, err := web.CheckURL(c.Value)
			check(t, c.Kind, c.Value, c.Blocked, err)
		case "literal-host":
			addr, ok := web.ParseAddr(c.Value)
			if ok != (c.ParsesTo != nil) || ok && addr.String() != *c.ParsesTo {
				t.Errorf("%q is read as %v, %v", c.Value, addr, ok)
			}
		default:
			t.Errorf("no such kind of case: %q", c.Kind)
		}
	}
	t.Logf("%d cases", len(cases))
}

func check(t *testing.T, kind, value string, blocked bool, err error) {
	t.Helper()
	if blocked != (err != nil) || err != nil && !errors.Is(err, web.ErrRefused) {
		t.Errorf("%s %q: blocked %v is wanted, got %v", kind, value, blocked, err)
	}
}

func TestAddressesInDisguiseAreRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://0x7f.1/", "http://127.1/", "http://127.0.1/",
		"http://0177.0.0.1/", "http://0x7f.0x0.0x0.0x1/", "http://127.0.0.1./", "http://0/", "http://0.0.0.0/", "http://00000177.1/",
		"http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:169.254.169.254]/",
		"http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::a00:1]/", "http://[2002:7f00:1::]/", "http://[fe80::1%25eth0]/", "http://[fe80::1]/",
		"http://[fd00:ec2::254]/", "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[2001::1]/", "http://[100::1]/", "http://[3fff::1]/",
		"http://[2a00:1450:4001:81b:0:5efe:127.0.0.1]/", "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/",
		"http://100.64.0.1/", "http://198.18.0.1/", "http://224.0.0.1/", "http://255.255.255.255/", "http://192.0.2.1/",
		"http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://LOCALHOST/", "http://localhost./", "http://foo.localhost/", "http://a.local/",
		"http://router.lan/", "http://x.home.arpa/", "http://kubernetes.default.svc/", "http://a.default.svc.cluster/", "http://metadata.google.internal/", "http://1.2.3.4.5/",
		"http://example.com:8080/", "http://example.com:22/", "http://example.com:0/", "http://example.com:/x:y@127.0.0.1/",
		"http://user@example.com/", "http://user:secret@example.com/", "http://example.com@127.0.0.1/", "http://127.0.0.1#@example.com/",
		"http://example.com\\@127.0.0.1/", "http://exa mple.com/", "http://example.com/\r\nHost:x", "gopher://example.com/", "file:///etc/passwd", "javascript:alert(1)", "//example.com/",
		"http:///x", "http:example.com", "https://", "http://a..com/", "http://" + "xn--80ak6aa92e" + "/", "http://127.0.0.1:443/", "http://256.256.256.256/", "http://0x/",
		"http://[::ffff:0:127.0.0.1]/", "http://134744072/", "http://010.8.8.8/",
	} {
		if address, err := web.CheckURL(raw); !errors.Is(err, web.ErrRefused) {
			if raw == "http://example.com:/x:y@127.0.0.1/" && address.Host == "example.com" {
				continue // the host is what it says; the rest is a path
			}
			t.Errorf("%q is let through as %v, %v", raw, address, err)
		}
	}
}

func TestPlainAddressesPass(t *testing.T) {
	t.Parallel()
	for raw, wanted := range map[string]string{
		"https://Example.COM./a?b#c":          "https://example.com/a?b",
		"http://bücher.de/x":                  "http://xn--bcher-kva.de/x",
		"http://8.8.8.8/":                     "http://8.8.8.8/",
		"https://[2606:4700::1111]/":          "https://[2606:4700::1111]/",
		"https://example.com:443/":            "https://example.com:443/",
		"http://localhostbutnotreally.com/":   "http://localhostbutnotreally.com/",
		"https://a.host/":                     "https://a.host/",
		"https://en.wikipedia.org/wiki/A_(B)": "https://en.wikipedia.org/wiki/A_(B)",
	} {
		address, err := web.CheckURL(raw)
		if err != nil || address.String() != wanted {
			t.Errorf("%q: want %q, got %v, %v", raw, wanted, address, err)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	f.Add("http://example.com/a?b")
	f.Add("http://[::ffff:127.0.0.1]/")
	f.Add("http://0x7f.1/")
	f.Fuzz(func(t *testing.T, raw string) {
		address, err := web.CheckURL(raw)
		if err != nil {
			return
		}
		if addr, err := netip.ParseAddr(address.Hostname()); err == nil && (addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()) {
			t.Errorf("%q gives %s", raw, address)
		}
		again, err := web.CheckURL(address.String())
		if err != nil || again.String() != address.String() {
			t.Errorf("%q is %q, and that is %v, %v", raw, address, again, err)
		}
	})
}
