package fabric

import (
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

const configFile = "fabric.yaml"

// DefaultTrustDomain is the one that Istio has unless it is told otherwise.
const DefaultTrustDomain = "cluster.local"

// config is what the directory knows beside its certificates.
type config struct {
	TrustDomain string `json:"trustDomain"`
	// NameConstraints are those of every intermediate that is issued; nil means none.
	NameConstraints *nameConstraints `json:"nameConstraints,omitempty"`
	// PublishCRLs: every cluster has the CRLs of all CAs.
	PublishCRLs bool `json:"publishCRLs,omitempty"`
}

// newConfig gives the trust domain its default. DNS names are for name constraints; none
// means that there are none.
func newConfig(trustDomain string, dnsNames []string) (config, error) {
	if trustDomain == "" {
		trustDomain = DefaultTrustDomain
	}
	c := config{TrustDomain: trustDomain}
	if len(dnsNames) > 0 {
		c.NameConstraints = &nameConstraints{DNSNames: dnsNames}
	}
	return c, c.check()
}

func (c config) check() error {
	if err := ca.CheckTrustDomain(c.TrustDomain); err != nil {
		return err
	}
	_, err := c.profile()
	return err
}

// profile is that of the intermediates.
func (c config) profile() (ca.Profile, error) {
	return ca.Intermediate(ca.IntermediateOptions{Constraints: c.constraints()})
}

func writeConfig(w changer, c config) error {
	data, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return put(w, configFile, data)
}

func (f *Fabric) readConfig(r reader) (config, error) {
	data, err := r.Read(configFile, store.Public)
	if err != nil {
		return config{}, err
	}
	var c config
	if err := yaml.UnmarshalStrict(data, &c); err != nil {
		return config{}, fmt.Errorf("%s is damaged: %w", f.path(configFile), err)
	}
	if err := c.check(); err != nil {
		return config{}, fmt.Errorf("%s: %w", f.path(configFile), err)
	}
	return c, nil
}
