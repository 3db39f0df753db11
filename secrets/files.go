package secrets

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// Names of the files that istiod reads.
const (
	CACertFile    = "ca-cert.pem"
	CAKeyFile     = "ca-key.pem"
	CertChainFile = "cert-chain.pem"
	RootCertFile  = "root-cert.pem"
	// CACRLFile is optional: the CRLs of all CAs that the proxies of the cluster meet in a chain.
	CACRLFile = "ca-crl.pem"
)

// Names of the files in a Secret of type kubernetes.io/tls, as cert-manager makes it. istiod
// prefers them to the names above.
const (
	tlsCertFile = "tls.crt"
	tlsKeyFile  = "tls.key"
	tlsRootFile = "ca.crt"
)

// FileNames lists the files that every CA bundle has. A bundle with CRLs has [CACRLFile] as well.
func FileNames() []string { return []string{CACertFile, CAKeyFile, CertChainFile, RootCertFile} }

// Files returns the files of the bundle by their names. The same bundle always gives the same
// bytes. The file [CAKeyFile] has the key in plain text.
func (c *CACerts) Files() map[string][]byte {
	files := map[string][]byte{
		CACertFile:    ca.MarshalCertificates(c.chain[0]),
		CAKeyFile:     slices.Clone(c.keyPEM),
		CertChainFile: ca.MarshalCertificates(c.chain...),
		RootCertFile:  ca.MarshalCertificates(c.roots...),
	}
	if len(c.crls) > 0 {
		files[CACRLFile] = ca.MarshalCRLs(c.crls...)
	}
	return files
}

// Parse reads a CA bundle from files, or from the data of a Secret, in either of the two forms
// that istiod reads. It ignores other names, as istiod does, and completes a chain that stops
// below the root from the roots. The errors are those of [New], and errors that name a file which
// is missing or malformed.
func Parse(files map[string][]byte) (*CACerts, error) {
	o, err := parseParts(files)
	if err != nil {
		return nil, fmt.Errorf("cacerts: %w", err)
	}
	o.Chain = ca.Complete(o.Chain, o.Roots)
	return New(o)
}

func parseParts(files map[string][]byte) (Options, error) {
	if _, ok := files[tlsCertFile]; ok {
		return parseForm(files, tlsKeyFile, tlsCertFile, tlsRootFile)
	}
	o, err := parseForm(files, CAKeyFile, CertChainFile, RootCertFile)
	if err != nil {
		return Options{}, err
	}
	alone, err := parseCertificates(files, CACertFile)
	if err != nil {
		return Options{}, err
	}
	if data, ok := files[CACRLFile]; ok {
		if o.CRLs, err = ca.ParseCRLs(data); err != nil {
			return Options{}, fmt.Errorf("%s: %w", CACRLFile, err)
		}
	}
	switch {
	case len(alone) != 1:
		return Options{}, fmt.Errorf("%s: %d certificates, expected the intermediate alone", CACertFile, len(alone))
	case !alone[0].Equal(o.Chain[0]):
		return Options{}, fmt.Errorf("%s: begins with %s, expected the certificate of %s: %s", CertChainFile, ca.Describe(o.Chain[0]), CACertFile, ca.Describe(alone[0]))
	}
	return o, nil
}

func parseForm(files map[string][]byte, keyFile, chainFile, rootFile string) (o Options, err error) {
	if o.Chain, err = parseCertificates(files, chainFile); err != nil {
		return Options{}, err
	}
	if o.Roots, err = parseCertificates(files, rootFile); err != nil {
		return Options{}, err
	}
	data, ok := files[keyFile]
	if !ok {
		return Options{}, missing(keyFile)
	}
	if o.Key, err = ca.ParseKey(data); err != nil {
		return Options{}, fmt.Errorf("%s: %w", keyFile, err)
	}
	return o, nil
}

func parseCertificates(files map[string][]byte, name string) ([]*x509.Certificate, error) {
	data, ok := files[name]
	if !ok {
		return nil, missing(name)
	}
	certs, err := ca.ParseCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return certs, nil
}

func missing(name string) error { return fmt.Errorf("%s is missing", name) }
