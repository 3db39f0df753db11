package cfssl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// DefaultTimeout is how long one exchange with one server may take.
const DefaultTimeout = 10 * time.Second

// Options say which servers are asked, and how.
type Options struct {
	// URLs of the servers in order of preference, at least one: https, a host, and
	// a path if the API stands below one.
	URLs []string
	// AuthKey is the key of the profiles; it is required.
	AuthKey AuthKey
	// Profile is the server's profile for workloads; it is required.
	Profile string
	// IntermediateProfile is the one for CAs; without it none can be asked for.
	IntermediateProfile string
	// Label selects the signer of a server that has several.
	Label string
	// RootCAs verify the servers' TLS certificates; nil means those of the system.
	RootCAs *x509.CertPool
	// ClientCertificate is shown to servers that want one; nil means none.
	ClientCertificate *tls.Certificate
	// Intermediates are the CAs between those of the servers and the root, in any
	// order: a server tells only its own.
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
		return errors.New("option URLs: no server is named")
	case o.AuthKey.token == nil:
		return errors.New("option AuthKey: the key is missing")
	case o.Profile == "":
		return errors.New("option Profile: it is missing, and servers take that for their default")
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

// parseURL takes the base of an API. Its errors do not repeat the text, which may
// hold a password.
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
