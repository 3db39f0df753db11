package csr

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// parsed is a parsed request. A part that is malformed is zero, and [parse] has returned a
// reason. Checks do not change it.
type parsed struct {
	Request
	requester v1alpha1.ServiceAccount
	der       []byte
	csr       *x509.CertificateRequest
	content   *content
	keyType   string // as ca.DescribeKey names it, of a key that can be certified
	names     *Names // those beside the CSR, otherwise those in it
	// At most one of the next two is set: a request has one URI or DNS names.
	id       spiffeid.ID
	hosts    []string
	workload v1alpha1.ServiceAccount // the one that the SPIFFE ID names
	usages   []x509.ExtKeyUsage      // the requested ones, in the order of a grant
}

// complete reports whether rules can be checked: requester and names are well-formed.
func (p *parsed) complete() bool {
	return p.requester != v1alpha1.ServiceAccount{} && (p.workload != v1alpha1.ServiceAccount{} || p.hosts != nil)
}

// parse parses a request as far as possible, the cheapest parts first. It returns a reason
// for each malformed part, in the order of [Checks]; what depends on such a part is not
// parsed.
func parse(r Request) (*parsed, []Reason) {
	p, found := &parsed{Request: r, names: r.Names, usages: authUsages(r.Usages)}, &findings{}
	var err error
	p.requester, err = parseRequester(r.Requester)
	found.add(CheckRequester, err)
	p.parseCSR(found)
	if p.names == nil && p.content != nil {
		p.names = &p.content.names
	}
	if p.names != nil {
		p.parseNames(found)
	}
	return p, found.reasons
}

// findings collects the reasons of a parser.
type findings struct{ reasons []Reason }

// add reports whether there was an error.
func (f *findings) add(c Check, err error) bool {
	if err == nil {
		return false
	}
	f.reasons = append(f.reasons, Reason{Check: c, Detail: err.Error()})
	return true
}

func parseRequester(r Requester) (v1alpha1.ServiceAccount, error) {
	account, ok := accountOf(r.Username)
	if !ok {
		return v1alpha1.ServiceAccount{}, fmt.Errorf("the user %s is not a service account, system:serviceaccount:<namespace>:<name>", quote(r.Username))
	}
	for _, group := range []string{serviceAccounts, serviceAccounts + ":" + account.Namespace} {
		if !slices.Contains(r.Groups, group) {
			return v1alpha1.ServiceAccount{}, fmt.Errorf("the user %s is not in the group %s, so it only has the name of a service account", quote(r.Username), quote(group))
		}
	}
	return account, nil
}

// parseNames reads one SPIFFE ID, or the DNS names of a server.
func (p *parsed) parseNames(found *findings) {
	if found.add(CheckNames, checkCounts(p.names)) {
		return
	}
	var err error
	if len(p.names.URIs) == 0 {
		p.hosts, err = parseHosts(p.names.DNSNames)
		found.add(CheckDNSNames, err)
		return
	}
	if p.id, err = parseSPIFFEID(p.names.URIs[0]); found.add(CheckSPIFFEID, err) {
		return
	}
	p.workload, err = parseWorkload(p.id)
	found.add(CheckWorkloadPath, err)
}
