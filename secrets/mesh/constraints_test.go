package mesh_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestCheckConstraints(t *testing.T) {
	t.Parallel()
	permitted := func(uris, dns []string) *x509.Certificate {
		return &x509.Certificate{PermittedURIDomains: uris, PermittedDNSDomains: dns}
	}
	excluded := func(uris, dns []string) *x509.Certificate {
		return &x509.Certificate{ExcludedURIDomains: uris, ExcludedDNSDomains: dns}
	}
	svc := []string{"svc"}
	tests := map[string]struct {
		cert    *x509.Certificate
		istiod  []string
		wantErr string // of the first violation
	}{
		"no constraints":                          {permitted(nil, nil), nil, ""},
		"the trust domain and services":           {permitted([]string{"mesh.example.com"}, svc), nil, ""},
		"the trust domain alone":                  {permitted([]string{"mesh.example.com"}, nil), nil, ""},
		"the trust domain in capitals":            {permitted([]string{"MESH.example.com"}, nil), nil, ""},
		"services alone":                          {permitted(nil, svc), nil, ""},
		"all DNS names":                           {permitted(nil, []string{""}), nil, ""},
		"services with a leading dot":             {permitted(nil, []string{".svc"}), nil, ""},
		"the namespace":                           {permitted(nil, []string{"istio-system.svc"}), nil, ""},
		"two names, of which one fits":            {permitted([]string{"other", "mesh.example.com"}, append(svc, "other")), nil, ""},
		"all hosts below the organization":        {permitted([]string{".example.com"}, svc), nil, ""},
		"other names are excluded":                {excluded([]string{"other"}, []string{"other"}), nil, ""},
		"another trust domain":                    {permitted([]string{"cluster.local"}, svc), nil, "without the identities of the trust domain mesh.example.com: for URIs, permitted are [\"cluster.local\"]"},
		"the organization as a host":              {permitted([]string{"example.com"}, svc), nil, "without the identities of the trust domain"},
		"hosts below the trust domain":            {permitted([]string{".mesh.example.com"}, svc), nil, "without the identities of the trust domain"},
		"the trust domain is excluded":            {excluded([]string{"mesh.example.com"}, nil), nil, "excluded are [\"mesh.example.com\"]"},
		"a parent of the trust domain is":         {excluded([]string{"example.com"}, nil), nil, "excluded are [\"example.com\"]"},
		"other DNS names":                         {permitted(nil, []string{"example.com"}), nil, "without istiod.istio-system.svc, a name of istiod's own certificate: for DNS names, permitted are [\"example.com\"]"},
		"a missing name of istiod":                {permitted(nil, []string{"istiod.istio-system.svc", "istio-pilot.istio-system.svc"}), nil, "without istiod-remote.istio-system.svc"},
		"services are excluded":                   {excluded(nil, svc), nil, "excluded are [\"svc\"]"},
		"another namespace than that of istiod":   {permitted(nil, []string{"istio-system.svc"}), secrets.IstiodNames("mesh"), "without istiod.mesh.svc"},
		"the namespace of istiod and the default": {permitted(nil, []string{"mesh.svc", "istio-system.svc"}), secrets.IstiodNames("mesh"), ""},
		"a name with the same ending":             {permitted(nil, []string{"stem.svc"}), nil, "without istiod.istio-system.svc"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chain := []*x509.Certificate{{}, tt.cert} // the constraints of any CA in the chain count
			found := mesh.CheckConstraints(chain, "mesh.example.com", tt.istiod)
			switch {
			case tt.wantErr == "" && len(found) > 0:
				t.Errorf("violations %v, want none", found)
			case tt.wantErr != "" && (len(found) == 0 || found[0].Rule != mesh.RulePermitsMesh || found[0].Cert != tt.cert || !strings.Contains(found[0].Detail, tt.wantErr)):
				t.Errorf("violations %v, want one of the second CA with %q", found, tt.wantErr)
			}
			limits := len(tt.cert.PermittedURIDomains)+len(tt.cert.ExcludedURIDomains) > 0
			if got := mesh.LimitsURIs(chain); got != limits {
				t.Errorf("LimitsURIs is %t", got)
			}
		})
	}
}

func TestSettings_CheckConstraintsUsesTheNamesOfTheMesh(t *testing.T) {
	t.Parallel()
	root := []*x509.Certificate{{PermittedDNSDomains: []string{"istio-system.svc"}, PermittedURIDomains: []string{"mesh.example.com"}}}
	s := mesh.Settings{TrustDomain: "mesh.example.com"}
	if found := s.CheckConstraints(root); len(found) > 0 {
		t.Errorf("without constraints of the mesh: violations %v", found)
	}
	s.Constraints = &ca.NameConstraints{TrustDomain: "mesh.example.com", DNSNames: []string{"istiod.mesh.svc"}}
	if found := s.CheckConstraints(root); len(found) != 1 || !strings.Contains(found[0].Detail, "without istiod.mesh.svc") {
		t.Errorf("with names of istiod: violations %v, want one of istiod.mesh.svc", found)
	}
	s.TrustDomain = "other"
	if found := s.CheckConstraints(root); len(found) != 2 || !strings.Contains(found[0].Detail, "trust domain other") {
		t.Errorf("with another trust domain: violations %v, want two", found)
	}
}

func TestSettings_ProfileHasTheConstraints(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	for _, constraints := range []*ca.NameConstraints{nil, {TrustDomain: "mesh.example.com", DNSNames: []string{"istiod.mesh.svc"}}} {
		profile := catest.Must(mesh.Settings{Constraints: constraints}.Profile())(t)
		cert := catest.Issue(t, root.at(t, 0), profile, ca.Request{PublicKey: catest.Key("east").Public(), CommonName: "east"})
		if !constraints.Are(cert) || !cert.MaxPathLenZero {
			t.Errorf("constraints %v: URIs %q, DNS names %q, path length 0: %t", constraints, cert.PermittedURIDomains, cert.PermittedDNSDomains, cert.MaxPathLenZero)
		}
	}
	if _, err := (mesh.Settings{Constraints: &ca.NameConstraints{TrustDomain: "mesh.example.com"}}).Profile(); err == nil {
		t.Error("constraints without DNS names were accepted")
	}
}
