package web

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"code.dny.dev/ssrf"
	"golang.org/x/net/idna"
)

// ErrRefused says that an address is none that may be fetched; the error that
// wraps it says why.
var ErrRefused = errors.New("address refused")

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRefused}, args...)...)
}

// maxAddress bounds the length of an address, in bytes.
const maxAddress = 1024

// CheckURL reads an address that may be fetched: http or https at its own port,
// without credentials, at a public host. What the host's name resolves to is
// checked later, see [CheckAddr], each time it is dialled.
func CheckURL(raw string) (*url.URL, error) {
	if raw == "" || len(raw) > maxAddress {
		return nil, refused("an address has 1 to %d bytes, and this one has %d", maxAddress, len(raw))
	}
	if !utf8.ValidString(raw) {
		return nil, refused("the address is not UTF-8")
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return nil, refused("%q has white space, control characters or a backslash in it", raw)
	}
	address, err := url.Parse(raw)
	if err != nil {
		return nil, refused("%q is no address: %v", raw, err)
	}
	switch {
	case address.Scheme != "http" && address.Scheme != "https":
		return nil, refused("%q: only http and https are fetched", raw)
	case address.Opaque != "" || address.Host == "":
		return nil, refused("%q names no host", raw)
	case address.User != nil:
		return nil, refused("the address holds a user name or password") // and is not repeated
	}
	if port := address.Port(); port != "" && port != "80" && port != "443" {
		return nil, refused("%q: only ports 80 and 443 are fetched", raw)
	}
	host, err := CheckHost(address.Hostname())
	if err != nil {
		return nil, err
	}
	if port := address.Port(); port != "" {
		address.Host = joinPort(host, port)
	} else {
		address.Host = joinPort(host, "")
	}
	address.Fragment, address.RawFragment = "", ""
	return address, nil
}

func joinPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}

// CheckHost gives a host in its plain form (lower case, ASCII, without a final
// point), or says why it is not fetched from: an address that is not public, in
// whatever form it is written, or a name that has a meaning only inside a
// network.
func CheckHost(host string) (string, error) {
	if addr, ok := ParseAddr(host); ok {
		if err := CheckAddr(addr); err != nil {
			return "", err
		}
		if plain, err := netip.ParseAddr(host); err != nil || plain.Unmap() != addr {
			return "", refused("%q is %s in disguise; write it plainly", host, addr)
		}
		return addr.String(), nil
	}
	if strings.ContainsAny(host, ":%[]/@?#") {
		return "", refused("%q is no name of a host", host)
	}
	name, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", refused("%q is no name of a host: %v", host, err)
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if again, err := idna.Lookup.ToASCII(name); err != nil || again != name {
		return "", refused("%q is no name of a host", host)
	}
	if _, ok := ParseAddr(name); ok { // digits of other scripts and the like
		return "", refused("%q is a number in disguise", host)
	}
	labels := strings.Split(name, ".")
	last := labels[len(labels)-1]
	switch {
	case name == "" || slices.Contains(labels, ""):
		return "", refused("%q is no name of a host", host)
	case len(labels) == 1:
		return "", refused("%q is a name without a domain, which only a network of its own knows", host)
	case isNumber(last):
		return "", refused("%q ends in a number and is no address", host)
	case inside(last) || strings.HasSuffix(name, ".home.arpa") || strings.HasSuffix(name, ".in-addr.arpa") || strings.HasSuffix(name, ".ip6.arpa"):
		return "", refused("%q is a name inside a network", host)
	}
	return name, nil
}

// inside are the top-level names that no public host has: RFC 2606, 6761, 6762,
// 7686, 8375, ICANN's .internal, and what networks use.
func inside(last string) bool {
	switch last {
	case "localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private",
		"test", "example", "invalid", "onion", "alt", "arpa", "consul", "cluster", "svc", "docker", "kubernetes", "metadata":
		return true
	}
	return false
}

// CheckAddr says whether an address may be dialled: only public unicast. A
// mapped address is what it maps to.
func CheckAddr(addr netip.Addr) error {
	if !addr.IsValid() {
		return refused("no address")
	}
	if addr.Zone() != "" {
		return refused("%s has a zone", addr)
	}
	if err := ssrf.New().SafeAddr(addr.Unmap()); err != nil {
		return refused("%s is not public: %v", addr, err)
	}
	if embedded, ok := embeddedAddr(addr); ok {
		if err := ssrf.New().SafeAddr(embedded); err != nil {
			return refused("%s leads to %s, which is not public", addr, embedded)
		}
	}
	return nil
}

// embeddedAddr gives the IPv4 address that an ISATAP address (RFC 5214) leads
// to. Those of NAT64, 6to4 and Teredo are refused as a whole.
func embeddedAddr(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() || addr.Is4In6() {
		return netip.Addr{}, false
	}
	bytes := addr.As16()
	if (bytes[8] == 0 || bytes[8] == 2) && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe {
		return netip.AddrFrom4([4]byte(bytes[12:])), true
	}
	return netip.Addr{}, false
}

// ParseAddr reads a host as an address in all the forms that resolvers take:
// dotted, decimal, octal, hexadecimal, shortened (127.1) and IPv6; mapped
// addresses are given as what they map to.
func ParseAddr(host string) (netip.Addr, bool) {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	host = strings.TrimSuffix(host, ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap(), true
	}
	parts := strings.Split(host, ".")
	if host == "" || len(parts) > 4 {
		return netip.Addr{}, false
	}
	var whole uint64
	for i, part := range parts {
		value, ok := parseNumber(part)
		last := i == len(parts)-1
		switch {
		case !ok:
			return netip.Addr{}, false
		case !last && value > 0xff, last && value >= 1<<(8*uint(4-i)):
			return netip.Addr{}, false
		case last:
			whole |= value
		default:
			whole |= value << (8 * uint(3-i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(whole >> 24), byte(whole >> 16), byte(whole >> 8), byte(whole)}), true
}

// parseNumber reads a number as inet_aton does: 0x for hexadecimal, 0 for octal.
func parseNumber(text string) (uint64, bool) {
	base, digits := 10, text
	switch {
	case strings.HasPrefix(text, "0x"), strings.HasPrefix(text, "0X"):
		base, digits = 16, text[2:]
		if digits == "" {
			return 0, true
		}
	case len(text) > 1 && text[0] == '0':
		base, digits = 8, text[1:]
	}
	value, err := strconv.ParseUint(digits, base, 32)
	return value, err == nil && !strings.ContainsAny(digits, "+-_")
}

func isNumber(label string) bool {
	_, hexadecimal := parseNumber(label)
	return hexadecimal || strings.Trim(label, "0123456789") == ""
}

// HostRules say which hosts may be fetched from. A rule is a host, which stands
// for those below it too.
type HostRules struct {
	Allow []string // none: all
	Deny  []string // wins over Allow
}

func (r HostRules) check(host string) error {
	matches := func(rule string) bool {
		rule = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(rule)), "*.")
		return rule != "" && (host == rule || strings.HasSuffix(host, "."+rule))
	}
	switch {
	case slices.ContainsFunc(r.Deny, matches):
		return refused("%s is among the hosts that this installation does not read from (web.deny_hosts)", host)
	case len(r.Allow) > 0 && !slices.ContainsFunc(r.Allow, matches):
		return refused("%s is not among the hosts that this installation reads from (web.allow_hosts)", host)
	}
	return nil
}
