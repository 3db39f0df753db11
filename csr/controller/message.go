package controller

import (
	"strings"
	"unicode/utf8"
)

// How many bytes the API server takes.
const (
	maxMessage = 32 << 10 // of a condition
	maxNote    = 1 << 10  // of an event
)

// cut shortens a text from outside to so many bytes of valid UTF-8, at least 3.
func cut(text string, limit int) string {
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
