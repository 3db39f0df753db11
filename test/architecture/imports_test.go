// Package architecture compares the imports of the code with CONTRIBUTING.md.
package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/trustgen/trustgen/"

// listed is a package in the output of go list.
type listed struct {
	ImportPath    string
	Imports, Deps []string
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", module+"...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// documented returns the list in CONTRIBUTING.md: a package, an arrow, its imports.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "```imports\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatal("CONTRIBUTING.md has no block of imports")
	}
	imports := make(map[string][]string)
	for line := range strings.Lines(block) {
		name, list, _ := strings.Cut(line, "->")
		imports[strings.TrimSpace(name)] = append([]string{}, strings.Fields(list)...)
	}
	return imports
}

func TestImports_MatchCONTRIBUTING(t *testing.T) {
	t.Parallel()
	got := make(map[string][]string)
	for _, p := range list(t) {
		own := []string{}
		for _, path := range p.Imports {
			if name, ok := strings.CutPrefix(path, module); ok {
				own = append(own, name)
			}
		}
		slices.Sort(own)
		if name := strings.TrimPrefix(p.ImportPath, module); !strings.HasPrefix(name, "test/") {
			got[name] = own
		}
	}
	if diff := cmp.Diff(documented(t), got); diff != "" {
		t.Errorf("imports (-CONTRIBUTING.md +go list):\n%s", diff)
	}
}

// TestDependencies_FreeOfKubernetes is about the packages below ca and issuer, except those
// that are about the Kubernetes API.
func TestDependencies_FreeOfKubernetes(t *testing.T) {
	t.Parallel()
	mayDepend := []string{"issuer/backend", "issuer/v1alpha1"}
	checked := 0
	for _, p := range list(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if top, _, _ := strings.Cut(name, "/"); top != "ca" && top != "issuer" || slices.Contains(mayDepend, name) {
			continue
		}
		checked++
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "k8s.io/") || strings.HasPrefix(dep, "sigs.k8s.io/") {
				t.Errorf("%s depends on %s", p.ImportPath, dep)
			}
		}
	}
	if checked < 6 {
		t.Errorf("%d packages were checked, want at least 6", checked)
	}
}

// TestDependencies_OnlyStandardLibrary is about packages that an importer gets without any
// other module.
func TestDependencies_OnlyStandardLibrary(t *testing.T) {
	t.Parallel()
	all := list(t)
	for _, name := range []string{"secrets/rollout"} {
		i := slices.IndexFunc(all, func(p listed) bool { return p.ImportPath == module+name })
		if i < 0 {
			t.Errorf("there is no package %s", name)
			continue
		}
		for _, dep := range all[i].Deps {
			if top, _, _ := strings.Cut(dep, "/"); strings.Contains(top, ".") {
				t.Errorf("%s depends on %s", name, dep)
			}
		}
	}
}
