package hint

import (
	"regexp"
	"strings"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
)

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// Quote makes one word of a shell.
func Quote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// DirFlag is the flag for a trust directory, with a space before it; empty for the default and for none.
func DirFlag(dir string) string {
	if dir == "" || dir == flags.DefaultDir {
		return ""
	}
	return " --dir " + Quote(dir)
}
