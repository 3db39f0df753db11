package controller

import (
	"strings"
	"unicode/utf8"
)

// Limits of the API server in bytes.
const (
	maxMessage = 32 << 10 // of a condition
	maxNote    = 1 << 10  // of an event
)

// truncate makes a text valid UTF-8 and shortens it to limit bytes, at least 3.
func truncate(text string, limit int) string {
	const ellipsis = "..."
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(text) <= limit {
		return text
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
