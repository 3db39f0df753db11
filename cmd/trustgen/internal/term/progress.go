package term

import (
	"fmt"
	"time"
)

// A command that takes longer than progressAfter shows its progress: in place on a terminal, else
// in a line now and then.
const (
	progressAfter    = time.Second
	progressTerminal = 100 * time.Millisecond
	progressFile     = 10 * time.Second
)

// Progress counts work on stderr.
type Progress struct {
	terminal *Terminal
	total    int
	what     string
	next     time.Time
	shown    bool
}

// NewProgress is for a total of things, for example clusters.
func (t *Terminal) NewProgress(total int, what string) *Progress {
	return &Progress{terminal: t, total: total, what: what, next: t.Now().Add(progressAfter)}
}

// Report shows how much is done.
func (p *Progress) Report(done int) {
	t, now := p.terminal, p.terminal.Now()
	if t.Quiet || done == p.total || now.Before(p.next) {
		return
	}
	text := fmt.Sprintf("%d of %d %s", done, p.total, p.what)
	if t.ErrTerminal {
		fmt.Fprintf(t.Err, "\rtrustgen: %s\x1b[K", text)
		p.next, p.shown = now.Add(progressTerminal), true
		return
	}
	t.Note("%s", text)
	p.next = now.Add(progressFile)
}

// End clears the line.
func (p *Progress) End() {
	if p.shown {
		fmt.Fprint(p.terminal.Err, "\r\x1b[K")
	}
}
