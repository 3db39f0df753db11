package csr

import "strconv"

// Reason says that a check has failed.
type Reason struct {
	Check Check
	// Rule is the name of the rule of the policy that does not allow it, empty when the
	// reason lies in the request itself.
	Rule string
	// Detail says what was found and what was expected, in printable ASCII. What comes
	// from outside is quoted and cut.
	Detail string
}

func (r Reason) String() string {
	if r.Rule == "" {
		return string(r.Check) + ": " + r.Detail
	}
	return "rule " + quote(r.Rule) + ": " + string(r.Check) + ": " + r.Detail
}

// maxQuoted is how many bytes of a text from outside are shown: a SPIFFE ID of some
// length.
const maxQuoted = 128

// quote makes any text safe to be shown.
func quote(s string) string {
	if len(s) <= maxQuoted {
		return strconv.QuoteToASCII(s)
	}
	return strconv.QuoteToASCII(s[:maxQuoted]) + "... (" + strconv.Itoa(len(s)) + " bytes)"
}

// cut shortens a text in ASCII to so many bytes, at least 3.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return s[:limit-3] + "..."
}
