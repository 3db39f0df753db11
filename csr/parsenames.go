package csr

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// checkCounts accepts one URI, or some DNS names.
func checkCounts(n *Names) error {
	switch uris, hosts := len(n.URIs), len(n.DNSNames); {
	case uris == 0 && hosts == 0:
		return errors.New("it has no name, expected one SPIFFE ID or DNS names")
	case uris > 0 && hosts > 0:
		return fmt.Errorf("it has both the URI %s and the DNS name %s", quote(n.URIs[0]), quote(n.DNSNames[0]))
	case uris > 1:
		return fmt.Errorf("it has %d URIs, expected one; the first two are %s and %s", uris, quote(n.URIs[0]), quote(n.URIs[1]))
	}
	return nil
}

func parseSPIFFEID(uri string) (spiffeid.ID, error) {
	id, err := spiffeid.FromString(uri)
	switch {
	case err != nil:
		return spiffeid.ID{}, fmt.Errorf("the URI %s is not a SPIFFE ID: %w", quote(uri), err)
	case id.String() != uri:
		return spiffeid.ID{}, fmt.Errorf("the URI %s is not in the canonical form of a SPIFFE ID", quote(uri))
	}
	return id, nil
}

// parseWorkload reads the service account that a SPIFFE ID names.
func parseWorkload(id spiffeid.ID) (v1alpha1.ServiceAccount, error) {
	workload, ok := workloadOf(id)
	if !ok {
		return v1alpha1.ServiceAccount{}, fmt.Errorf("the path %s is not of the form /ns/<namespace>/sa/<service account>", quote(id.Path()))
	}
	return workload, nil
}

// parseHosts accepts host names in lower case, each once.
func parseHosts(names []string) ([]string, error) {
	if len(names) > MaxDNSNames {
		return nil, fmt.Errorf("it has %d DNS names, more than %d", len(names), MaxDNSNames)
	}
	for i, name := range names {
		switch {
		case ca.CheckDNSName(name) != nil:
			return nil, fmt.Errorf("the DNS name %s is not a host name in lower case", quote(name))
		case slices.Contains(names[:i], name):
			return nil, fmt.Errorf("the DNS name %s is there twice", quote(name))
		}
	}
	return names, nil
}
