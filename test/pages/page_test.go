package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// load loads a page with this text.
func load(t *testing.T, text string) (*Page, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "page.md"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(dir, "page.md")
}

func TestLoad_FindsCommandsAndTheirOutput(t *testing.T) {
	t.Parallel()
	page, err := load(t, "# Title\n```sh\none\n\ntwo\n```\n```\nnot run\n```\n```console\n$ three\nout\n\nput\n$ four\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range page.Commands {
		got = append(got, c.Line+": "+strings.Join(c.shown, "|"))
	}
	if diff := cmp.Diff([]string{"one: ", "two: ", "three: out||put", "four: "}, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestLoad_RefusesAPage(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a block has no end":                 "```sh\none\n",
		"output comes before any command":    "```console\nout\n```\n",
		"the output leaves lines out twice":  "```console\n$ one\n…\nout\n…\n```\n",
		"output follows a block with others": "```console\n$ one\n```\n```console\nout\n```\n",
	} {
		if _, err := load(t, text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRun_NamesStaleOutputAndUpdateWritesIt(t *testing.T) {
	t.Parallel()
	const text = "```console\n$ printf '1\\n2\\n3\\n4\\n'\n1\n…\nold\n$ echo new\nold\n$ echo kept |cat\nkept\n```\nend\n"
	page, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := page.Run(t.Context(), Shell{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	want := []Stale{
		{Command: `printf '1\n2\n3\n4\n'`, Shown: []string{"1", omitted, "old"}, Got: []string{"1", omitted, "4"}},
		{Command: "echo new", Shown: []string{"old"}, Got: []string{"new"}},
	}
	if diff := cmp.Diff(want, page.Stale()); diff != "" {
		t.Errorf("stale (-want +got):\n%s", diff)
	}
	if err := page.Update(); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(page.file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.NewReplacer("…\nold", "…\n4", "echo new\nold", "echo new\n"+"new").Replace(text), string(written)); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestRun_StopsAtACommandThatFails(t *testing.T) {
	t.Parallel()
	page, err := load(t, "```sh\nfalse | true\ntouch file\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := page.Run(t.Context(), Shell{Dir: dir}); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(filepath.Join(dir, "file")); err == nil {
		t.Error("the next command ran")
	}
}

func TestRun_LeavesOutWhatNeedsMoreThanTrustgen(t *testing.T) {
	t.Parallel()
	page, err := load(t, "```sh\nkubectl get pods\ntrustgen secret | kubectl apply -f -\nmake test\nopenssl version\ngo install .\n"+
		"trustgen issuers\ntrustgen check csr x --context east\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	if log, err := page.Run(t.Context(), Shell{Dir: t.TempDir()}); err != nil || log != "" {
		t.Errorf("log %q, error %v", log, err)
	}
}

func TestRun_ACompleteRunShowsTheSameValues(t *testing.T) {
	t.Parallel()
	const text = "```console\n$ echo root 0b7935\n$ echo kubectl 41b2a1\n$ echo east d7e204\n```\n"
	var got [2]string
	for n := range got {
		page, err := load(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := page.Run(t.Context(), Shell{Dir: t.TempDir(), Complete: n == 1}); err != nil {
			t.Fatal(err)
		}
		got[n] = strings.Join(append(page.Commands[0].got, page.Commands[2].got...), ", ")
	}
	if got[0] != got[1] || !strings.Contains(got[0], "root ") {
		t.Errorf("%q, in a complete run %q", got[0], got[1])
	}
}
