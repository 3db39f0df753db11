// Package term is what a command prints beside its result and what it reads: messages, progress,
// questions, files and stdin.
package term

import "fmt"

// Terminal prints messages to stderr.
type Terminal struct {
	Streams
	Quiet bool // print errors only
}

// Note reports what happened.
func (t *Terminal) Note(format string, args ...any) {
	if !t.Quiet {
		t.line("", "", format, args...)
	}
}

// Warn reports a problem that does not stop the command.
func (t *Terminal) Warn(format string, args ...any) {
	if !t.Quiet {
		t.line("warning: ", "\x1b[33m", format, args...)
	}
}

// Hint says what to do next.
func (t *Terminal) Hint(format string, args ...any) {
	if !t.Quiet {
		t.line("hint: ", "\x1b[36m", format, args...)
	}
}

// Fail reports the error that ended the command.
func (t *Terminal) Fail(err error) { t.line("error: ", "\x1b[1;31m", "%v", err) }

func (t *Terminal) line(kind, color, format string, args ...any) {
	if kind != "" && t.ErrTerminal && !t.NoColor {
		kind = color + kind + "\x1b[0m"
	}
	fmt.Fprintf(t.Err, "trustgen: %s%s\n", kind, fmt.Sprintf(format, args...))
}

// Details prints lines of a name and a value.
func (t *Terminal) Details(lines [][2]string) {
	for _, line := range lines {
		t.Note("  %-12s %s", line[0], Printable(line[1]))
	}
}
