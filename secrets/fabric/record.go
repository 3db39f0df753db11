package fabric

import (
	"crypto/x509"
	"fmt"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// record is a CA in its file.
type record struct {
	Cluster     string      `json:"cluster,omitempty"`
	Certificate string      `json:"certificate"` // one or more, of one key
	CRL         string      `json:"crl,omitempty"`
	Revocation  *revocation `json:"revocation,omitempty"`
	Retired     *time.Time  `json:"retired,omitempty"`
}

// revocation is one that is pending.
type revocation struct {
	Reason int       `json:"reason"` // RFC 5280 §5.3.1
	At     time.Time `json:"at"`
}

// marshalRecord writes the record of a CA.
func marshalRecord(a *mesh.CA) ([]byte, error) {
	r := record{Cluster: a.Cluster, Certificate: string(ca.MarshalCertificates(a.Certificates()...))}
	if list := a.CRL(); list != nil {
		r.CRL = string(ca.MarshalCRLs(list))
	}
	if a.Pending != nil {
		r.Revocation = &revocation{Reason: int(a.Pending.Reason), At: a.Pending.At}
	}
	if !a.Retired.IsZero() {
		at := a.Retired.UTC().Truncate(time.Second)
		r.Retired = &at
	}
	return yaml.Marshal(r)
}

func parseRecord(data []byte, now time.Time) (*mesh.CA, error) {
	var r record
	if err := yaml.UnmarshalStrict(data, &r); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	if r.Cluster != "" {
		if err := mesh.CheckCluster(r.Cluster); err != nil {
			return nil, err
		}
	}
	certs, err := ca.ParseCertificates([]byte(r.Certificate))
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	list, err := parseCRL(r.CRL)
	if err != nil {
		return nil, fmt.Errorf("crl: %w", err)
	}
	a, err := mesh.LoadCA(r.Cluster, certs, list, now)
	if err != nil {
		return nil, err
	}
	if r.Revocation != nil {
		a.Pending = &mesh.Revocation{Reason: mesh.Reason(r.Revocation.Reason), At: r.Revocation.At}
	}
	if r.Retired != nil {
		a.Retired = *r.Retired
	}
	return a, nil
}

// parseCRL reads the only CRL of a record, nil if it has none.
func parseCRL(text string) (*x509.RevocationList, error) {
	if text == "" {
		return nil, nil
	}
	lists, err := ca.ParseCRLs([]byte(text))
	if err != nil {
		return nil, err
	}
	if len(lists) != 1 {
		return nil, fmt.Errorf("%d CRLs, expected one", len(lists))
	}
	return lists[0], nil
}
