package controller

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTruncate(t *testing.T) {
	tests := []struct {
		name, text string
		limit      int
		want       string
	}{
		{"a short text stays", "12345", 5, "12345"},
		{"a long text ends in dots", "123456", 5, "12..."},
		{"a character of two bytes is not split", "1é3456", 5, "1..."},
		{"a character of four bytes is not split", "\U0001F60034", 5, "..."},
		{"invalid UTF-8 is replaced", "1\xff", 8, "1\uFFFD"},
		{"an empty text stays empty", "", 3, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := truncate(test.text, test.limit); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add("a text", 5)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(limit%maxMessage, 3)
		if got := truncate(text, limit); len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("truncate(%q, %d) = %q", text, limit, got)
		}
	})
}

func TestValidReason(t *testing.T) {
	for _, own := range []string{ReasonAllowed, ReasonNotAllowed, ReasonNoReference, ReasonRefused, ReasonNotSignedYet, ReasonPending} {
		if validReason(own) != own {
			t.Errorf("%s is no proper reason", own)
		}
	}
	for given, want := range map[string]string{
		"NameNotAllowed": "NameNotAllowed", "A": "A", "a:b,c_1": "a:b,c_1",
		"": ReasonRefused, "1a": ReasonRefused, "a b": ReasonRefused, "a,": ReasonRefused, "a\nb": ReasonRefused, "a\n": ReasonRefused,
		strings.Repeat("a", maxReason): strings.Repeat("a", maxReason), strings.Repeat("a", maxReason+1): ReasonRefused,
	} {
		if got := validReason(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}
