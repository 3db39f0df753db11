package cfssl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// DefaultTimeout is the timeout of one exchange with one server.
const DefaultTimeout = 10 * time.Second

// Options configure an issuer.
type Options struct {
	// URLs of the servers, at least one, in order of preference: https, a host, and
	// optionally the path above /api.
	URLs []string
	// AuthKey is the auth key of the profiles. It is required.
	AuthKey AuthKey
	// Profile is the name of the server's profile for workloads. It is required.
	Profile string
	// IntermediateProfile is the profile for intermediates; empty rejects requests for
	// them.
	IntermediateProfile string
	// Label selects the signer of a server that has several.
	Label string
	// RootCAs verify the TLS certificates of the servers; nil means the system roots.
	RootCAs *x509.CertPool
	// ClientCertificate is used for mutual TLS; nil means none.
	ClientCertificate *tls.Certificate
	// Intermediates are the CAs between those of the servers and the root, in any order.
	// A server returns only its own CA.
	Intermediates []*x509.Certificate
	// Timeout of one exchange with one server; zero means [DefaultTimeout].
	Timeout time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

func (o *Options) complete() error {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case len(o.URLs) == 0:
		return errors.New("option URLs: no server is given")
	case o.AuthKey.token == nil:
		return errors.New("option AuthKey: the key is missing")
	case o.Profile == "":
		return errors.New("option Profile: it is missing; a server would use its default profile")
	case o.Timeout < 0:
		return fmt.Errorf("option Timeout: %s is negative", o.Timeout)
	}
	for i, cert := range o.Intermediates {
		if cert == nil || !cert.IsCA {
			return fmt.Errorf("option Intermediates[%d]: not the certificate of a CA", i)
		}
	}
	return checkClientCertificate(o.ClientCertificate)
}

func checkClientCertificate(c *tls.Certificate) error {
	switch {
	case c == nil:
		return nil
	case len(c.Certificate) == 0:
		return errors.New("option ClientCertificate: the certificate is missing")
	case c.PrivateKey == nil:
		return errors.New("option ClientCertificate: the private key is missing")
	}
	if _, err := x509.ParseCertificate(c.Certificate[0]); err != nil {
		return fmt.Errorf("option ClientCertificate: %w", err)
	}
	return nil
}

// parseURL parses the base URL of an API. Its errors do not contain the text, which may
// contain a password.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Scheme != "https":
		return nil, errors.New("not an https URL")
	case u.Hostname() == "":
		return nil, errors.New("has no host")
	case u.User != nil:
		return nil, errors.New("has a user, expected none")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("has a query, expected none")
	case u.Fragment != "":
		return nil, errors.New("has a fragment, expected none")
	}
	return u, nil
}
