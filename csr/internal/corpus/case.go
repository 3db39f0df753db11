package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// Case is a request and the expected decision.
type Case struct {
	// Title describes the request. The name of the file is derived from it.
	Title string `json:"title"`
	// Policy is the name of a file in testdata/policies.
	Policy    string    `json:"policy"`
	Kind      string    `json:"kind"`
	Requester Requester `json:"requester"`
	// Names are the names beside the CSR.
	Names    *Names   `json:"names,omitempty"`
	Usages   []string `json:"usages"`
	Lifetime string   `json:"lifetime"`
	// RefusedBy are the checks that refuse a hostile request, sorted.
	RefusedBy []string `json:"refusedBy,omitempty"`
	// Grant is the grant of a valid request.
	Grant *Grant `json:"grant,omitempty"`
	CSR   string `json:"csr"`
}

// Requester is the user who makes the request.
type Requester struct {
	Username string   `json:"username"`
	Groups   []string `json:"groups"`
}

// Names are names beside a CSR.
type Names struct {
	URIs     []string `json:"uris,omitempty"`
	DNSNames []string `json:"dnsNames,omitempty"`
}

// Grant is a granted request and the rule that allows it.
type Grant struct {
	Rule     string   `json:"rule"`
	SPIFFEID string   `json:"spiffeID,omitempty"`
	DNSNames []string `json:"dnsNames,omitempty"`
	Usages   []string `json:"usages"`
	Lifetime string   `json:"lifetime"`
}

// Hostile reports whether the request has to be refused.
func (c *Case) Hostile() bool { return c.Grant == nil }

// File is the path of the case below testdata/corpus.
func (c *Case) File() string {
	dir := "valid"
	if c.Hostile() {
		dir = "hostile"
	}
	words := strings.FieldsFunc(strings.ToLower(c.Title), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return filepath.Join(dir, strings.Join(words, "-")+".yaml")
}

// Request is the case as a request to the policy.
func (c *Case) Request() (csr.Request, error) {
	lifetime, err := time.ParseDuration(c.Lifetime)
	if err != nil {
		return csr.Request{}, fmt.Errorf("%s: lifetime: %w", c.Title, err)
	}
	r := csr.Request{
		Kind:      csr.Kind(c.Kind),
		Requester: csr.Requester{Username: c.Requester.Username, Groups: c.Requester.Groups},
		CSR:       []byte(c.CSR),
		Usages:    c.Usages,
		Lifetime:  lifetime,
	}
	if c.Names != nil {
		r.Names = &csr.Names{URIs: c.Names.URIs, DNSNames: c.Names.DNSNames}
	}
	return r, nil
}

// Read reads the cases below a directory such as testdata/corpus, by their paths.
func Read(dir string) (map[string]*Case, error) {
	return readAll[Case](filepath.Join(dir, "*"))
}

// ReadPolicies reads the policies of a directory such as testdata/policies, by their
// names.
func ReadPolicies(dir string) (map[string]*v1alpha1.Policy, error) {
	files, err := readAll[v1alpha1.Policy](dir)
	policies := make(map[string]*v1alpha1.Policy, len(files))
	for path, policy := range files {
		policies[strings.TrimSuffix(filepath.Base(path), ".yaml")] = policy
	}
	return policies, err
}

func readAll[T any](dir string) (map[string]*T, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	all := make(map[string]*T, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all[path] = new(T)
		if err := yaml.UnmarshalStrict(text, all[path]); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return all, nil
}
