package cfssl

import (
	"encoding/pem"
	"errors"

	"github.com/cloudflare/cfssl/info"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// kind is the kind of a request.
type kind int

const (
	workload kind = iota + 1
	intermediate
	information // about the CA; not a signature
)

// signRequest is a request to authsign: signhandler.jsonSignRequest of cfssl, which is not
// exported. It cannot contain a lifetime.
type signRequest struct {
	CSR string `json:"certificate_request"`
	// Hosts replace all names of the CSR if they are not null, even if empty.
	Hosts []string `json:"hosts"`
	// Subject replaces the attributes of the CSR's subject that it contains.
	Subject *subject `json:"subject,omitempty"`
	Profile string   `json:"profile"`
	Label   string   `json:"label"`
}

type subject struct {
	CN string
}

func (i *Issuer) workloadRequest(r issuer.Request) (signRequest, error) {
	hosts := r.DNSNames
	if named := r.SPIFFEID != (spiffeid.ID{}); named == (len(hosts) > 0) {
		return signRequest{}, permanent("BadRequest", "a workload has either a SPIFFE ID or DNS names")
	} else if named {
		hosts = []string{r.SPIFFEID.String()}
	}
	return i.signRequest(workload, r.CSR, hosts)
}

func (i *Issuer) intermediateRequest(r issuer.IntermediateRequest) (signRequest, error) {
	switch {
	case i.profiles[intermediate] == "":
		return signRequest{}, permanent("NotSupported", "this issuer has no profile for intermediates")
	case r.Constraints != nil:
		return signRequest{}, permanent("NotSupported", "cfssl does not support requests for name constraints")
	}
	name, err := ca.TaggedName(r.CommonName, r.PublicKey)
	if err != nil {
		return signRequest{}, &issuer.PermanentError{Reason: "BadRequest", Err: err}
	}
	request, err := i.signRequest(intermediate, r.CSR, []string{})
	request.Subject = &subject{CN: name}
	return request, err
}

func (i *Issuer) signRequest(k kind, csr []byte, hosts []string) (signRequest, error) {
	if len(csr) == 0 {
		return signRequest{}, permanent("MissingCSR", "the CSR is missing, which cfssl requires")
	}
	return signRequest{
		CSR:     string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})),
		Hosts:   hosts,
		Profile: i.profiles[k],
		Label:   i.label,
	}, nil
}

func (i *Issuer) infoRequest(k kind) info.Req {
	return info.Req{Label: i.label, Profile: i.profiles[k]}
}

func permanent(reason, text string) error {
	return &issuer.PermanentError{Reason: reason, Err: errors.New(text)}
}
