//go:build linux

package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// bareLoop makes CA bundles with crypto/x509, syncs their files, and checks nothing.
// Its arguments are a folder and the number of bundles. Like trustgen it signs the first
// CRL of each intermediate, and it has as many workers.
func bareLoop(args []string) error {
	clusters, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	root, err := newBareRoot()
	if err != nil {
		return err
	}
	dir, crls := filepath.Join(args[0], "clusters"), filepath.Join(args[0], "crls")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Mkdir(crls, 0o700)); err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(4 * runtime.GOMAXPROCS(0))
	for _, cluster := range clusterNames(clusters) {
		group.Go(func() error {
			return root.makeBundle(filepath.Join(dir, cluster), filepath.Join(crls, cluster), cluster)
		})
	}
	return errors.Join(group.Wait(), syncDir(dir), syncDir(crls), syncDir(args[0]))
}

type bareRoot struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newBareRoot() (*bareRoot, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := bareTemplate("root", 3650)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &bareRoot{key, cert}, err
}

func bareTemplate(name string, days int) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128)) // never fails
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name, Organization: []string{"cluster.local"}},
		NotBefore:             now,
		NotAfter:              now.AddDate(0, 0, days),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            -1,
	}
}

func (r *bareRoot) makeBundle(dir, crlFile, cluster string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := bareTemplate(cluster, 365)
	template.MaxPathLen, template.MaxPathLenZero = 0, true
	cert, err := x509.CreateCertificate(rand.Reader, template, r.cert, key.Public(), r.key)
	if err != nil {
		return err
	}
	crl, err := bareCRL(cert, key)
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	certPEM, rootPEM := encode("CERTIFICATE", cert), encode("CERTIFICATE", r.cert.Raw)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return errors.Join(
		writeDurably(filepath.Join(dir, "ca-key.pem"), encode("PRIVATE KEY", pkcs8), 0o600),
		writeDurably(filepath.Join(dir, "ca-cert.pem"), certPEM, 0o644),
		writeDurably(filepath.Join(dir, "cert-chain.pem"), slices.Concat(certPEM, rootPEM), 0o644),
		writeDurably(filepath.Join(dir, "root-cert.pem"), rootPEM, 0o644),
		writeDurably(crlFile, slices.Concat(certPEM, encode("X509 CRL", crl)), 0o644),
		syncDir(dir))
}

func bareCRL(der []byte, key *ecdsa.PrivateKey) ([]byte, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: cert.NotBefore, NextUpdate: cert.NotAfter}
	return x509.CreateRevocationList(rand.Reader, template, cert, key)
}

func encode(block string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der})
}

func writeDurably(path string, data []byte, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
