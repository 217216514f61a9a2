package server

import (
	"mime"
	"strconv"
	"strings"
)

// negotiate picks the offer that an Accept header likes best; the first one
// where it likes several, or says nothing (RFC 9110, section 12.5.1).
func negotiate(accept, offers []string) (string, bool) {
	ranges := mediaRanges(strings.Join(accept, ","))
	if len(ranges) == 0 {
		return offers[0], true
	}
	best, bestQuality := "", 0.0
	for _, offer := range offers {
		if quality := qualityOf(offer, ranges); quality > bestQuality {
			best, bestQuality = offer, quality
		}
	}
	return best, bestQuality > 0
}

type mediaRange struct {
	media   string
	quality float64
}

func mediaRanges(accept string) []mediaRange {
	var ranges []mediaRange
	for part := range strings.SplitSeq(accept, ",") {
		media, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality := 1.0
		if text, ok := parameters["q"]; ok {
			if parsed, err := strconv.ParseFloat(text, 64); err == nil && parsed >= 0 && parsed <= 1 {
				quality = parsed
			}
		}
		ranges = append(ranges, mediaRange{media, quality})
	}
	return ranges
}

// qualityOf is the quality of the most specific range that matches.
func qualityOf(offer string, ranges []mediaRange) float64 {
	family, _, _ := strings.Cut(offer, "/")
	quality, specific := 0.0, -1
	for _, r := range ranges {
		depth := -1
		switch r.media {
		case offer:
			depth = 2
		case family + "/*":
			depth = 1
		case "*/*":
			depth = 0
		}
		if depth > specific {
			quality, specific = r.quality, depth
		}
	}
	return quality
}
