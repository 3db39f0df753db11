package fabric

import (
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// DefaultTrustDomain is that of Istio.
const DefaultTrustDomain = "cluster.local"

// layoutVersion is the newest layout of the directory that this package reads and the one that
// it writes. A fabric.yaml without a version has layout 0, which differs in nothing else.
const layoutVersion = 1

// LayoutError says that a newer trustgen has written the directory.
type LayoutError struct {
	File            string
	Version, Newest int
}

func (e *LayoutError) Error() string {
	return fmt.Sprintf("%s has the layout version %d, and this trustgen reads versions up to %d", e.File, e.Version, e.Newest)
}

// config is the content of fabric.yaml.
type config struct {
	Version     int    `json:"version,omitempty"`
	TrustDomain string `json:"trustDomain"`
	// NameConstraints are those of every intermediate that is issued; nil for none.
	NameConstraints *nameConstraints `json:"nameConstraints,omitempty"`
	// PublishCRLs: every cluster has the CRLs of all CAs.
	PublishCRLs bool `json:"publishCRLs,omitempty"`
}

// nameConstraints limit every intermediate to the identities of the trust domain and to these
// DNS names: those of istiod, which signs its own certificate with the same CA.
type nameConstraints struct {
	DNSNames []string `json:"dnsNames"`
}

// newSettings are those of a new mesh: an empty trust domain is the default one, and no DNS names
// mean no name constraints.
func newSettings(trustDomain string, dnsNames []string) (mesh.Settings, error) {
	if trustDomain == "" {
		trustDomain = DefaultTrustDomain
	}
	s := mesh.Settings{TrustDomain: trustDomain}
	if len(dnsNames) > 0 {
		s.Constraints = &ca.NameConstraints{TrustDomain: trustDomain, DNSNames: slices.Clone(dnsNames)}
	}
	return s, checkSettings(s)
}

func checkSettings(s mesh.Settings) error {
	if err := ca.CheckTrustDomain(s.TrustDomain); err != nil {
		return err
	}
	_, err := s.Profile()
	return err
}

// parseConfig looks at the version first: a newer layout may have fields that are unknown here.
// File is for messages.
func parseConfig(data []byte, file string) (mesh.Settings, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := yaml.Unmarshal(data, &version); err == nil && version.Version > layoutVersion {
		return mesh.Settings{}, &LayoutError{File: file, Version: version.Version, Newest: layoutVersion}
	}
	var c config
	if err := yaml.UnmarshalStrict(data, &c); err != nil {
		return mesh.Settings{}, fmt.Errorf("%s is damaged: %w", file, err)
	}
	s := mesh.Settings{TrustDomain: c.TrustDomain, PublishCRLs: c.PublishCRLs}
	if c.NameConstraints != nil {
		s.Constraints = &ca.NameConstraints{TrustDomain: c.TrustDomain, DNSNames: c.NameConstraints.DNSNames}
	}
	if err := checkSettings(s); err != nil {
		return mesh.Settings{}, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

func marshalConfig(s mesh.Settings) ([]byte, error) {
	c := config{Version: layoutVersion, TrustDomain: s.TrustDomain, PublishCRLs: s.PublishCRLs}
	if s.Constraints != nil {
		c.NameConstraints = &nameConstraints{DNSNames: s.Constraints.DNSNames}
	}
	return yaml.Marshal(c)
}
