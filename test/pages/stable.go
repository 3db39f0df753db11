package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// begin is the instant at which all pages run, as they show it.
var begin = time.Date(2026, time.December, 1, 9, 0, 0, 0, time.UTC)

// stable replaces what differs from run to run.
type stable struct {
	started time.Time
	series  string         // where the next new value comes from
	used    map[string]int // how many values of each series
	known   map[string]string
}

func newStable() *stable {
	return &stable{started: time.Now(), used: make(map[string]int), known: make(map[string]string)}
}

const folderTime = "20060102T150405Z"

var (
	variable = regexp.MustCompile(strings.Join([]string{
		`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\b`,   // a time
		`\b\d{8}T\d{6}Z\b`,                      // a folder of superseded/
		`\b[0-9a-f]{24,64}\b`,                   // a hash, key identifier or serial number
		`\b[12]\d{9}\b`,                         // a CRL number
		`\b[A-Za-z][A-Za-z0-9-]* [0-9a-f]{6}\b`, // the name of a CA, with a tag of its key
	}, "|"))
	hexadecimal = regexp.MustCompile(`^[0-9a-f]{24,}$`)
	number      = regexp.MustCompile(`^\d{10}$`)
)

func (s *stable) text(text string) string { return variable.ReplaceAllStringFunc(text, s.value) }

func (s *stable) value(v string) string {
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return s.time(t).Format(time.RFC3339)
	}
	if t, err := time.Parse(folderTime, v); err == nil {
		return s.time(t).Format(folderTime)
	}
	switch {
	case number.MatchString(v):
		seconds, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return v
		}
		return strconv.FormatInt(s.time(time.Unix(seconds, 0)).Unix(), 10)
	case hexadecimal.MatchString(v):
		return s.hex(v)
	}
	name, tag, _ := strings.Cut(v, " ")
	return name + " " + s.hex(tag)
}

// time moves a time to where it would be if the page had run at begin, to the hour: a
// run takes minutes.
func (s *stable) time(t time.Time) time.Time { return begin.Add(t.Sub(s.started).Round(time.Hour)) }

// tagLength is that of the tag in the name of a CA, with which its key identifier begins.
const tagLength, serialLength, keyIDLength = 6, 32, 40

// hex replaces the n-th value by the n-th one of a fixed series, of the same length.
func (s *stable) hex(v string) string {
	switch len(v) {
	case tagLength:
		return s.fixed(v, tagLength)
	case keyIDLength:
		return s.fixed(v[:tagLength], tagLength) + s.fixed(v, keyIDLength)[tagLength:]
	}
	// Zeros at the beginning of a serial number are not printed.
	return s.fixed(v, max(len(v), serialLength))
}

func (s *stable) fixed(v string, length int) string {
	if _, isKnown := s.known[v]; !isKnown {
		sum := sha256.Sum256([]byte(s.series + strconv.Itoa(s.used[s.series])))
		s.used[s.series]++
		s.known[v] = hex.EncodeToString(sum[:])
	}
	return s.known[v][:length]
}
