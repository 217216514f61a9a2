package documents

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quaestor-run/quaestor/tools"
)

// typeColumn gives a column the narrowest type that fits every cell that is
// not empty.
func typeColumn(column *tools.Column, cells []string, delimiter byte) {
	column.Text = cells
	distinct := map[string]struct{}{}
	for _, cell := range cells {
		if emptyCell(cell) {
			column.Empty++
			continue
		}
		distinct[cell] = struct{}{}
	}
	column.Distinct = len(distinct)
	switch {
	case column.Empty == len(cells):
		column.Type = tools.TypeEmpty
	case booleans(column, distinct):
	case slices.ContainsFunc(numberStyles, func(style numberStyle) bool { return numbers(column, style, delimiter) }):
	case dates(column):
	default:
		typeText(column)
	}
}

// typeText makes a column of text. In it only what is blank or says so in a
// code is empty: "none" and "-" may be values.
func typeText(column *tools.Column) {
	column.Type = tools.TypeText
	column.Empty = 0
	distinct := map[string]struct{}{}
	for _, cell := range column.Text {
		if blankCell(cell) {
			column.Empty++
			continue
		}
		distinct[cell] = struct{}{}
	}
	column.Distinct = len(distinct)
}

// blankCell says that a cell of text holds no value.
func blankCell(cell string) bool {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "", "na", "n/a", "#n/a", "nan", "null", "(null)", `\n`:
		return true
	}
	return false
}

// emptyCell says that a cell of numbers or dates holds no value: nothing, or
// one of the customary marks for that.
func emptyCell(cell string) bool {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "n.a.", "none", "nil", "-", "--", "–", "—", "?", "missing", ":", "..", "...", "…":
		return true
	}
	return blankCell(cell)
}

// booleans types a column of two words of one pair. Zeros and ones are
// integers.
func booleans(column *tools.Column, distinct map[string]struct{}) bool {
	if len(distinct) > 6 { // each of a pair in three ways to write it
		return false
	}
	for _, pair := range [][2]string{{"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}} {
		fits := len(pair[0]) > 1 || pair[0] == "y" || len(distinct) > 1 // T alone says nothing
		for cell := range distinct {
			switch strings.ToLower(strings.TrimSpace(cell)) {
			case pair[0], pair[1]:
			default:
				fits = false
			}
		}
		if !fits {
			continue
		}
		column.Type = tools.TypeBoolean
		column.Numbers = make([]float64, len(column.Text))
		for i, cell := range column.Text {
			column.Numbers[i] = math.NaN()
			if !emptyCell(cell) {
				column.Numbers[i] = 0
				if strings.EqualFold(strings.TrimSpace(cell), pair[0]) {
					column.Numbers[i] = 1
				}
			}
		}
		return true
	}
	return false
}

// numberStyle is how a column writes its numbers.
type numberStyle struct{ decimal, group byte }

var pointDecimal = numberStyle{decimal: '.', group: ','}

// numberStyles are those of English, German, French, international and Swiss
// figures, in the order they are tried.
var numberStyles = []numberStyle{pointDecimal, {',', '.'}, {',', ' '}, {'.', ' '}, {'.', '\''}}

// digitMarks writes the spaces and apostrophes between groups of digits as one kind.
var digitMarks = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ", "’", "'")

// numbers types a column of numbers in one style and one unit.
func numbers(column *tools.Column, style numberStyle, delimiter byte) bool {
	if i := slices.IndexFunc(column.Text, func(cell string) bool { return !emptyCell(cell) }); i >= 0 {
		digits, _ := splitUnit(column.Text[i])
		if _, ok := parseNumber(digits, style); !ok {
			return false // before there is room for all
		}
	}
	values := make([]float64, len(column.Text))
	kind, first, grouped := tools.TypeInteger, true, false
	unit := ""
	for i, cell := range column.Text {
		if emptyCell(cell) {
			values[i] = math.NaN()
			continue
		}
		digits, u := splitUnit(cell)
		if !first && u != unit {
			return false
		}
		unit, first = u, false
		value, ok := parseNumber(digits, style)
		if !ok {
			return false
		}
		grouped = grouped || strings.IndexByte(digits, style.group) >= 0
		if strings.IndexByte(digits, style.decimal) >= 0 || strings.ContainsAny(digits, "eE") {
			kind = tools.TypeNumber
		}
		values[i] = value
	}
	if style == pointDecimal && delimiter == ';' && grouped && kind == tools.TypeInteger {
		return false // 1,234 in a file parted by semicolons is rather a decimal
	}
	column.Type, column.Numbers = kind, values
	return true
}

// splitUnit takes a currency sign or a per cent sign off a number. Brackets
// around a number, or around it and its sign, make it negative.
func splitUnit(cell string) (digits, unit string) {
	if !isASCII(cell) {
		cell = digitMarks.Replace(cell)
	}
	digits = strings.TrimSpace(cell)
	if n := len(digits); n > 2 && digits[0] == '(' && digits[n-1] == ')' {
		digits = "-" + strings.TrimSpace(digits[1:n-1])
	}
	sign := ""
	if trimmed, ok := strings.CutPrefix(digits, "-"); ok {
		sign, digits = "-", trimmed
	} else if trimmed, ok := strings.CutPrefix(digits, "−"); ok {
		sign, digits = "-", trimmed
	}
	for _, u := range []string{"%", "$", "€", "£", "¥", "USD", "EUR", "GBP", "US$"} {
		if trimmed, ok := strings.CutSuffix(digits, u); ok {
			return sign + strings.TrimSpace(trimmed), u
		}
		if trimmed, ok := strings.CutPrefix(digits, u); ok && u != "%" {
			return sign + strings.TrimSpace(trimmed), u
		}
	}
	return sign + digits, ""
}

// parseNumber reads a number in a style. Groups must be of three digits.
func parseNumber(text string, style numberStyle) (float64, bool) {
	if len(text) > 64 {
		return 0, false
	}
	mantissa, exponent := text, ""
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		mantissa, exponent = text[:e], strings.TrimLeft(text[e+1:], "+-")
		if !onlyDigits(exponent) || len(text)-e-1-len(exponent) > 1 {
			return 0, false
		}
		exponent = text[e:]
	}
	unsigned := strings.TrimPrefix(strings.TrimPrefix(mantissa, "-"), "+")
	sign := mantissa[:len(mantissa)-len(unsigned)]
	whole, fraction, _ := strings.Cut(unsigned, string(style.decimal))
	digits, ok := ungroup(whole, string(style.group))
	if !ok || fraction != "" && !onlyDigits(fraction) || digits+fraction == "" || len(sign) > 1 {
		return 0, false
	}
	value, err := strconv.ParseFloat(sign+digits+"."+fraction+exponent, 64)
	return value, err == nil && !math.IsInf(value, 0)
}

// ungroup takes the marks between groups of three digits out.
func ungroup(whole, mark string) (digits string, ok bool) {
	groups := strings.Split(whole, mark)
	if mark == " " && len(groups) > 1 && groups[0] != "" && groups[0][0] == '0' {
		return "", false // a number to be called
	}
	for i, group := range groups {
		if i == 0 && (len(groups) == 1 && group == "" || onlyDigits(group) && (len(groups) == 1 || len(group) <= 3)) {
			continue
		}
		if i == 0 || len(group) != 3 || !onlyDigits(group) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func onlyDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// dates types a column of dates in one layout.
func dates(column *tools.Column) bool {
	layouts := dateLayouts()
	for _, cell := range column.Text {
		if emptyCell(cell) {
			continue
		}
		text := strings.TrimSpace(cell)
		kept := layouts[:0]
		for _, layout := range layouts {
			if _, ok := parseDate(text, layout); ok {
				kept = append(kept, layout)
			}
		}
		if layouts = kept; len(layouts) == 0 {
			return false
		}
	}
	column.Type = tools.TypeDate
	column.Dates = make([]time.Time, len(column.Text))
	for i, cell := range column.Text {
		if !emptyCell(cell) {
			column.Dates[i], _ = parseDate(strings.TrimSpace(cell), layouts[0])
		}
	}
	return true
}
