// Package manifests decodes the YAML of deploy and examples strictly: an unknown field is an
// error.
package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// root is the root of the repository.
const root = "../.."

// TestManifests_Decode leaves out the CRDs, which are generated, and the files for Istio.
func TestManifests_Decode(t *testing.T) {
	t.Parallel()
	decode := decoder(t)
	files := append(manifests(t, "deploy"), manifests(t, "examples")...)
	if len(files) < 6 {
		t.Fatalf("found only %q", files)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for n, document := range documents(t, file) {
				o, _, err := decode.Decode(document, nil, nil)
				if err != nil {
					t.Errorf("document %d: %v", n+1, err)
				}
				if i, ok := o.(*v1alpha1.TrustClusterIssuer); ok {
					if _, err := csr.NewPolicy(i.Spec.Policy); err != nil {
						t.Errorf("issuer %s: %v", i.Name, err)
					}
				}
			}
		})
	}
}

func decoder(t *testing.T) runtime.Decoder {
	t.Helper()
	types := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(types), v1alpha1.AddToScheme(types)); err != nil {
		t.Fatal(err)
	}
	return serializer.NewCodecFactory(types, serializer.EnableStrict).UniversalDeserializer()
}

// forIstio returns the files for Istio, see externalca_test.go.
func forIstio() []string { return []string{"istio-operator.yaml", "values.yaml", "mesh.yaml"} }

func manifests(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.Name() == "crds" {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".yaml" && !slices.Contains(forIstio(), filepath.Base(path)) {
			files = append(files, strings.TrimPrefix(path, root+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// documents splits a file. It leaves out documents with only comments.
func documents(t *testing.T, file string) [][]byte {
	t.Helper()
	var all [][]byte
	reader := yamlreader.NewYAMLReader(bufio.NewReader(bytes.NewReader(read(t, file))))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		var content any
		if err == nil {
			err = yaml.Unmarshal(document, &content)
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if content != nil {
			all = append(all, document)
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
