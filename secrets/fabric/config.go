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
}

// newConfig gives the trust domain its default.
func newConfig(trustDomain string) (config, error) {
	if trustDomain == "" {
		trustDomain = DefaultTrustDomain
	}
	return config{TrustDomain: trustDomain}, ca.CheckTrustDomain(trustDomain)
}

func writeConfig(w changer, c config) error {
	data, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return w.Write(configFile, data, store.Public)
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
	if err := ca.CheckTrustDomain(c.TrustDomain); err != nil {
		return config{}, fmt.Errorf("%s: %w", f.path(configFile), err)
	}
	return c, nil
}
