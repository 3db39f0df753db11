package main

import "fmt"

// terminal prints what people read: everything but the result, to stderr.
type terminal struct {
	streams
	quiet bool
}

// note tells what happened. Quiet silences it.
func (t *terminal) note(format string, args ...any) {
	if !t.quiet {
		t.line("", "", format, args...)
	}
}

// warn tells what is not as it should be, and works nevertheless.
func (t *terminal) warn(format string, args ...any) {
	if !t.quiet {
		t.line("warning: ", "\x1b[33m", format, args...)
	}
}

// hint tells what to do next.
func (t *terminal) hint(format string, args ...any) {
	if !t.quiet {
		t.line("hint: ", "\x1b[36m", format, args...)
	}
}

func (t *terminal) fail(err error) { t.line("error: ", "\x1b[1;31m", "%v", err) }

func (t *terminal) line(kind, color, format string, args ...any) {
	if kind != "" && t.ErrTerminal && !t.NoColor {
		kind = color + kind + "\x1b[0m"
	}
	fmt.Fprintf(t.Err, "trustgen: %s%s\n", kind, fmt.Sprintf(format, args...))
}
