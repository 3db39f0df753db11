package controller

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	tests := []struct {
		name, text string
		limit      int
		want       string
	}{
		{"what fits stays", "12345", 5, "12345"},
		{"what is too long ends in dots", "123456", 5, "12..."},
		{"a letter of two bytes is not cut in the middle", "1é3456", 5, "1..."},
		{"a letter of four bytes is not cut in the middle", "\U0001F60034", 5, "..."},
		{"bytes that are no text are replaced", "1\xff", 8, "1\uFFFD"},
		{"nothing stays nothing", "", 3, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := cut(test.text, test.limit); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add("a text", 5)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(limit%maxMessage, 3)
		if got := cut(text, limit); len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("cut(%q, %d) = %q", text, limit, got)
		}
	})
}

func TestReasons(t *testing.T) {
	for _, own := range []string{ReasonAllowed, ReasonNotAllowed, ReasonNoReference, ReasonRefused, ReasonNotSignedYet, ReasonPending} {
		if properReason(own) != own {
			t.Errorf("%s is no proper reason", own)
		}
	}
	for given, want := range map[string]string{
		"NameNotAllowed": "NameNotAllowed", "A": "A", "a:b,c_1": "a:b,c_1",
		"": ReasonRefused, "1a": ReasonRefused, "a b": ReasonRefused, "a,": ReasonRefused, "a\nb": ReasonRefused, "a\n": ReasonRefused,
		strings.Repeat("a", maxReason): strings.Repeat("a", maxReason), strings.Repeat("a", maxReason+1): ReasonRefused,
	} {
		if got := properReason(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}
