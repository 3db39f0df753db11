package view

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/schema.golden")

// results are the results of all commands.
func results() map[string]Result {
	return map[string]Result{
		"init":                Init{},
		"init --root-cert":    Import{},
		"init --encrypt":      Encrypt{},
		"intermediate":        Intermediate{},
		"install":             Install{},
		"revoke":              Revoke{},
		"retire":              Retire{},
		"crl refresh":         CRLRefresh{},
		"crl import":          CRLImport{},
		"crl status":          CRLStatus{},
		"cross-sign -o table": &Certificate{},
		"list":                List{},
		"inspect":             Inspect{},
		"check csr":           Check{},
		"issuers":             Issuers{},
		"version":             Version{},
	}
}

// TestSchema compares the JSON of all results with a golden file: the path of each field, its type,
// and whether it is left out when it is empty.
func TestSchema(t *testing.T) {
	t.Parallel()
	var lines []string
	all := results()
	for _, command := range slices.Sorted(maps.Keys(all)) {
		for _, field := range schema(reflect.TypeOf(all[command]), "") {
			lines = append(lines, "trustgen "+command+": "+field)
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	golden := filepath.Join("testdata", "schema.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the schema changed; if that is intended run with -update (-golden +now):\n%s", diff)
	}
}

// schema lists the fields of a type as encoding/json sees them.
func schema(of reflect.Type, path string) []string {
	switch of.Kind() {
	case reflect.Pointer:
		return schema(of.Elem(), path)
	case reflect.Slice:
		return schema(of.Elem(), path+"[]")
	case reflect.Struct:
		if of.PkgPath() != "" && reflect.PointerTo(of).Implements(reflect.TypeFor[interface{ MarshalJSON() ([]byte, error) }]()) {
			return []string{path + " " + of.String()}
		}
	default:
		return []string{path + " " + of.Kind().String()}
	}
	var lines []string
	for field := range of.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			lines = append(lines, schema(field.Type, path)...)
		case field.IsExported() && name != "-":
			if options == "omitempty" {
				name += "?"
			}
			lines = append(lines, schema(field.Type, path+"."+name)...)
		}
	}
	return lines
}

// TestSchema_HasEveryResult finds the types with a method Table in the source.
func TestSchema_HasEveryResult(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, r := range results() {
		listed = append(listed, strings.TrimLeft(fmt.Sprintf("%T", r), "*"))
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "Table" && f.Recv != nil {
				declared = append(declared, "view."+receiver(f.Recv.List[0].Type))
			}
		}
	}
	slices.Sort(listed)
	slices.Sort(declared)
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("results (-with a table +in the schema):\n%s", diff)
	}
}

func receiver(of ast.Expr) string {
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	return of.(*ast.Ident).Name
}
