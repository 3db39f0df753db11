package term

import (
	"strings"
	"time"
	"unicode"
)

// Printable replaces what could control a terminal, for text from certificates and other files.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// Time is a time in RFC 3339 and UTC.
func Time(t time.Time) string { return t.UTC().Format(time.RFC3339) }
