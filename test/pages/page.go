// Package pages runs the commands of the documentation, and compares what they print
// with what the pages show.
//
// A block marked sh holds commands, one a line. A block marked console holds commands
// behind "$ " and what each of them prints, with stderr and stdout as on a terminal. A
// line "…" stands for lines that are left out.
//
// What differs from run to run (times, tags, hashes, serial numbers) is replaced before
// the comparison, always by the same values in the same order: a page shows those.
package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Page is a Markdown file.
type Page struct {
	// Path is the file of the page, from the top of the repository.
	Path string
	// Commands of the page, in their order.
	Commands []*Command

	file  string
	lines []string
}

// Command is a line of a page that runs in a shell.
type Command struct {
	// Line is the command as bash runs it.
	Line string

	compared   bool // in a console block
	begin, end int  // lines of the page with the output
	shown      []string
	got        []string
	ran        bool
}

const (
	fence   = "```"
	prompt  = "$ "
	omitted = "…"
)

// Load reads a page below the top of the repository.
func Load(top, path string) (*Page, error) {
	p := &Page{Path: path, file: filepath.Join(top, path)}
	text, err := os.ReadFile(p.file)
	if err != nil {
		return nil, err
	}
	p.lines = strings.Split(string(text), "\n")
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Page) parse() error {
	block, inBlock := "", false
	for n, line := range p.lines {
		if name, isFence := strings.CutPrefix(line, fence); isFence {
			block, inBlock = name, !inBlock
			continue
		}
		if !inBlock {
			continue
		}
		switch block {
		case "sh":
			if line != "" {
				p.Commands = append(p.Commands, &Command{Line: line})
			}
		case "console":
			if err := p.console(n, line); err != nil {
				return err
			}
		}
	}
	if inBlock {
		return fmt.Errorf("%s: the last block has no end", p.Path)
	}
	return nil
}

// console reads a line of a block with commands and their output.
func (p *Page) console(n int, line string) error {
	if command, isCommand := strings.CutPrefix(line, prompt); isCommand {
		p.Commands = append(p.Commands, &Command{Line: command, compared: true, begin: n + 1, end: n + 1})
		return nil
	}
	if strings.HasPrefix(p.lines[n-1], fence) {
		return fmt.Errorf("%s:%d: a console block begins with a command behind %q", p.Path, n+1, prompt)
	}
	last := p.Commands[len(p.Commands)-1]
	if line == omitted && slices.Contains(last.shown, omitted) {
		return fmt.Errorf("%s:%d: a second %q in the output of one command", p.Path, n+1, omitted)
	}
	last.shown = append(last.shown, line)
	last.end = n + 1
	return nil
}

// Stale is an output that a page does not show as it is.
type Stale struct {
	Command string
	// Shown is what the page shows, Got what it should show: both have a line "…" at
	// the same place, if there is one.
	Shown, Got []string
}

// Stale are the outputs of the commands that ran and print what the page does not show.
func (p *Page) Stale() []Stale {
	var all []Stale
	for _, c := range p.Commands {
		if c.ran && c.compared && !slices.Equal(c.shown, c.abridged()) {
			all = append(all, Stale{Command: c.Line, Shown: c.shown, Got: c.abridged()})
		}
	}
	return all
}

// abridged leaves the lines out that the page leaves out: all between the same number of
// first and of last lines.
func (c *Command) abridged() []string {
	first := slices.Index(c.shown, omitted)
	last := len(c.shown) - first - 1
	if first < 0 || len(c.got) <= first+last {
		return c.got
	}
	return slices.Concat(c.got[:first], []string{omitted}, c.got[len(c.got)-last:])
}

// Update writes what the commands printed into the page.
func (p *Page) Update() error {
	lines := slices.Clone(p.lines)
	for _, c := range slices.Backward(p.Commands) {
		if c.ran && c.compared {
			lines = slices.Replace(lines, c.begin, c.end, c.abridged()...)
		}
	}
	return os.WriteFile(p.file, []byte(strings.Join(lines, "\n")), 0o644)
}

// All are the pages whose commands run.
func All(top string) ([]string, error) {
	all := []string{"README.md", "SECURITY.md", "deploy/README.md"}
	docs, err := filepath.Glob(filepath.Join(top, "docs", "*.md"))
	for _, file := range docs {
		all = append(all, "docs/"+filepath.Base(file))
	}
	return all, err
}
