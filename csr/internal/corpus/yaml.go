package corpus

import (
	"encoding/json"
	"fmt"
	"strings"
)

// YAML writes a case in the order of its fields, with the CSR at the end.
func (c *Case) YAML() ([]byte, error) {
	w := &writer{}
	w.field("title", c.Title)
	w.field("policy", c.Policy)
	w.field("kind", c.Kind)
	w.line("requester:")
	w.field("  username", c.Requester.Username)
	w.field("  groups", c.Requester.Groups)
	if c.Names != nil {
		w.field("names", c.Names)
	}
	w.field("usages", c.Usages)
	w.field("lifetime", c.Lifetime)
	if c.Hostile() {
		w.field("refusedBy", c.RefusedBy)
	} else {
		w.field("grant", c.Grant)
	}
	w.text("csr", c.CSR)
	return []byte(w.b.String()), w.err
}

type writer struct {
	b   strings.Builder
	err error
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

// field writes a value as JSON, which is YAML as well.
func (w *writer) field(name string, value any) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil && w.err == nil {
		w.err = fmt.Errorf("%s: %w", name, err)
	}
	w.line("%s: %s", name, strings.TrimSpace(b.String()))
}

// text writes a block of lines if that is lossless.
func (w *writer) text(name, value string) {
	plain := strings.HasPrefix(value, "-----BEGIN") && strings.HasSuffix(value, "-\n") &&
		!strings.ContainsFunc(value, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) && !strings.Contains(value, " \n")
	if !plain {
		w.field(name, value)
		return
	}
	w.line("%s: |", name)
	for line := range strings.Lines(value) {
		w.b.WriteString("  " + line)
	}
}
