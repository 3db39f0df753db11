package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`(?:\]\(|srcset="|src=")([^)"\s]+)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	inTitle = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// TestLinks_LeadToFilesAndHeadings checks the links between files of the repository.
func TestLinks_LeadToFilesAndHeadings(t *testing.T) {
	t.Parallel()
	paths, err := All(top)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, path := range append(paths, "CONTRIBUTING.md", "test/README.md", "examples/external-ca/README.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, path), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			checked++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(filepath.Join(top, target)); err != nil {
				t.Errorf("%s: %s: %v", path, m[1], err)
			} else if anchor != "" && !anchors(read(t, target))[anchor] {
				t.Errorf("%s: %s: there is no such heading", path, m[1])
			}
		}
	}
	if checked < 50 {
		t.Errorf("%d links are checked, expected 50 or more", checked)
	}
}

// anchors are those that GitHub gives to the headings of a page.
func anchors(text string) map[string]bool {
	all := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		all[strings.ReplaceAll(inTitle.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return all
}

// TestGoBlocks_AreLinesOfTheExamples keeps the Go in README.md to what compiles.
func TestGoBlocks_AreLinesOfTheExamples(t *testing.T) {
	t.Parallel()
	_, block, found := strings.Cut(read(t, "README.md"), fence+"go\n")
	block, _, closed := strings.Cut(block, fence)
	if !found || !closed {
		t.Fatal("README.md has no Go")
	}
	example := read(t, "examples/embed/main.go")
	for line := range strings.Lines(block) {
		if line = strings.TrimSpace(line); !strings.Contains(example, line) {
			t.Errorf("%q is not in examples/embed/main.go", line)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
