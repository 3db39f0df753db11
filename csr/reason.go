package csr

import "strconv"

// Reason is a check that has failed.
type Reason struct {
	Check Check
	// Rule is the name of the rule that does not allow the request, empty for a check of
	// the request itself.
	Rule string
	// Detail names the value found and the value expected, in printable ASCII. Text of the
	// request is quoted and cut.
	Detail string
}

func (r Reason) String() string {
	if r.Rule == "" {
		return string(r.Check) + ": " + r.Detail
	}
	return "rule " + quote(r.Rule) + ": " + string(r.Check) + ": " + r.Detail
}

// maxQuoted is how many bytes of a text of the request are shown: enough for a SPIFFE ID.
const maxQuoted = 128

// quote makes any text safe to print, and cuts it.
func quote(s string) string {
	if len(s) <= maxQuoted {
		return strconv.QuoteToASCII(s)
	}
	return strconv.QuoteToASCII(s[:maxQuoted]) + "... (" + strconv.Itoa(len(s)) + " bytes)"
}

// cut shortens a text in ASCII to limit bytes, at least 3.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return s[:limit-3] + "..."
}
