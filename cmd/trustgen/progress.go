package main

import (
	"fmt"
	"time"
)

// A command that takes longer than progressAfter shows how far it is until it is done: in
// place on a terminal, elsewhere in a line now and then.
const (
	progressAfter     = time.Second
	progressTerminal  = 100 * time.Millisecond
	progressElsewhere = 10 * time.Second
)

// progress counts work on stderr.
type progress struct {
	*terminal
	total int
	what  string
	next  time.Time
	shown bool
}

func newProgress(t *terminal, total int, what string) *progress {
	return &progress{terminal: t, total: total, what: what, next: t.Now().Add(progressAfter)}
}

func (p *progress) report(done int) {
	now := p.Now()
	if p.quiet || done == p.total || now.Before(p.next) {
		return
	}
	text := fmt.Sprintf("%d of %d %s", done, p.total, p.what)
	if p.ErrTerminal {
		fmt.Fprintf(p.Err, "\rtrustgen: %s\x1b[K", text)
		p.next, p.shown = now.Add(progressTerminal), true
		return
	}
	p.note("%s", text)
	p.next = now.Add(progressElsewhere)
}

// end clears the line.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.Err, "\r\x1b[K")
	}
}
