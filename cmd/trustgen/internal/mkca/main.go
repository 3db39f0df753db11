// Command mkca creates a CA as other programs make them, also one that trustgen refuses: "mkca NAME" writes
// NAME.pem and NAME-key.pem. The scripts of trustgen use it.
package main

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"os"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
)

type mkca struct {
	name, issuer, key, form, usage string
	uri, dns, notDNS, crl          string
	pathLength, days               int
	leaf                           bool
}

func main() {
	var m mkca
	flag.StringVar(&m.issuer, "issuer", "", "name of the CA that issues it; none is itself")
	flag.StringVar(&m.key, "key", "P-256", "P-256, P-384, P-521, RSA-2048 or RSA-3072")
	flag.StringVar(&m.form, "form", "PKCS8", "PKCS8, PKCS1, SEC1, or ECPARAM as openssl ecparam writes it")
	flag.StringVar(&m.usage, "usage", "both", "both, cert, crl or none")
	flag.IntVar(&m.pathLength, "pathlen", -1, "path length; -1 is none")
	flag.IntVar(&m.days, "days", 0, "days until it ends; 0 is 3650, or with its issuer")
	flag.StringVar(&m.uri, "uri", "", "host that name constraints permit in URIs")
	flag.StringVar(&m.dns, "dns", "", "DNS name that they permit")
	flag.StringVar(&m.notDNS, "notdns", "", "DNS name that they exclude")
	flag.StringVar(&m.crl, "crl", "", "URL of its CRL distribution point")
	flag.BoolVar(&m.leaf, "leaf", false, "not a CA")
	flag.Parse()
	m.name = flag.Arg(0)
	if err := m.write(); err != nil {
		fmt.Fprintln(os.Stderr, "mkca:", err)
		os.Exit(1)
	}
}

func (m mkca) write() error {
	key, err := m.makeKey()
	if err != nil {
		return err
	}
	template, parent, signer := m.template(), m.template(), key
	if m.issuer != "" {
		if parent, signer, err = readCA(m.issuer); err != nil {
			return err
		}
		if m.days == 0 {
			template.NotAfter = parent.NotAfter
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(m.name+".pem", cert, 0o600); err != nil {
		return err
	}
	data, err := m.encode(key)
	if err != nil {
		return err
	}
	return os.WriteFile(m.name+"-key.pem", data, 0o600)
}

func (m mkca) makeKey() (crypto.Signer, error) {
	switch m.key {
	case "P-384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "P-521":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "RSA-2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "RSA-3072":
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (m mkca) template() *x509.Certificate {
	usage := map[string]x509.KeyUsage{
		"both": x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		"cert": x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		"crl":  x509.KeyUsageCRLSign,
	}
	now := time.Now()
	some := func(name string) []string {
		return slices.DeleteFunc([]string{name}, func(s string) bool { return s == "" })
	}
	return &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: m.name, Organization: []string{"Example Corp"}},
		NotBefore:             now.AddDate(-1, 0, 0),
		NotAfter:              now.AddDate(0, 0, cmp.Or(m.days, 3650)),
		BasicConstraintsValid: true,
		IsCA:                  !m.leaf,
		MaxPathLen:            m.pathLength,
		MaxPathLenZero:        m.pathLength == 0,
		KeyUsage:              usage[m.usage],
		CRLDistributionPoints: some(m.crl),

		PermittedDNSDomainsCritical: true,
		PermittedURIDomains:         some(m.uri),
		PermittedDNSDomains:         some(m.dns),
		ExcludedDNSDomains:          some(m.notDNS),
	}
}

func (m mkca) encode(key crypto.Signer) ([]byte, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if m.form == "PKCS1" {
			return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}), nil
		}
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(k)
		data := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
		switch {
		case err != nil || m.form == "SEC1":
			return data, err
		case m.form == "ECPARAM":
			oid := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")})
			return append(append([]byte("text before\n"), oid...), data...), nil
		}
	}
	return ca.MarshalKey(key)
}

func readCA(name string) (*x509.Certificate, crypto.Signer, error) {
	text, err := os.ReadFile(name + ".pem")
	if err != nil {
		return nil, nil, err
	}
	certs, err := ca.ParseCertificates(text)
	if err != nil {
		return nil, nil, err
	}
	if text, err = os.ReadFile(name + "-key.pem"); err != nil {
		return nil, nil, err
	}
	key, err := ca.ParseKey(text)
	return certs[0], key, err
}
