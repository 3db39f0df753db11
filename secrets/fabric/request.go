package fabric

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/secrets"
)

// A key can be made in one directory and certified in another one. What travels is the
// request and its answer; the key goes from the folder of the request to that of the
// cluster, in the same directory.
const (
	requestsFolder = "requests"
	requestFile    = "request.pem"
)

// RequestOptions adjust Request; the zero value is good.
type RequestOptions struct {
	// KeyType of a new key; zero means that of the CA that issues where it is known,
	// and else [ca.P256].
	KeyType ca.KeyType
	// New makes a request in place of one that waits for its answer, or is damaged.
	New bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// Requested is a request that waits for its answer.
type Requested struct {
	// Action is Created, Kept for one that was there, Renewed for one in its place.
	Action Action
	// CSR is the request in PEM. A dry run that would make one has none.
	CSR []byte
	// Key is the public key that the answer has to be for.
	Key PublicKey
	// Current is the intermediate that the cluster has in this directory, nil where it
	// has none.
	Current *Certificate
}

// PublicKey tells keys apart.
type PublicKey struct {
	Type ca.KeyType
	// Fingerprint is the SHA-256 of the SubjectPublicKeyInfo in hexadecimal.
	Fingerprint string
}

func describeKey(csr *x509.CertificateRequest) PublicKey {
	sum := sha256.Sum256(csr.RawSubjectPublicKeyInfo)
	return PublicKey{Type: ca.KeyType(ca.DescribeKey(csr.PublicKey)), Fingerprint: hex.EncodeToString(sum[:])}
}

// RequestError says that a request cannot be used any more.
type RequestError struct {
	Dir, Cluster string
	Err          error
}

func (e *RequestError) Error() string {
	return fmt.Sprintf("%s: %v", filepath.Join(e.Dir, requestsFolder, e.Cluster), e.Err)
}

func (e *RequestError) Unwrap() error { return e.Err }

// Request makes the key of a cluster's next intermediate, and a request for its
// certificate, which [Fabric.Sign] answers in another directory and [Fabric.Install] takes
// in this one. The key is not in use before, and the directory needs no root. As long as a
// request waits for its answer, it is given again.
//
// The error is a [*ClusterNameError], or a [*RequestError] when the one that waits is
// damaged.
func (f *Fabric) Request(ctx context.Context, cluster string, o RequestOptions) (Requested, error) {
	if err := CheckCluster(cluster); err != nil {
		return Requested{}, err
	}
	var made Requested
	err := f.change(ctx, o.DryRun, func(c changer) (err error) {
		if made, err = f.request(c, cluster, o); err != nil {
			return err
		}
		return made.findCurrent(f, c, cluster)
	})
	if o.DryRun && made.Action != Kept {
		made.CSR, made.Key = nil, PublicKey{Type: made.Key.Type}
	}
	return made, err
}

func (f *Fabric) request(c changer, cluster string, o RequestOptions) (Requested, error) {
	pending, err := c.Exists(requestFolder(cluster))
	if err != nil {
		return Requested{}, err
	}
	if pending && !o.New {
		found, err := f.readRequest(c, cluster)
		if err != nil {
			return Requested{}, err
		}
		return Requested{Action: Kept, CSR: marshalRequest(found.csr.Raw), Key: describeKey(found.csr)}, nil
	}
	made, err := f.newRequest(c, cluster, o.KeyType)
	if err != nil {
		return Requested{}, err
	}
	action := Created
	if pending {
		action = Renewed
		if err := c.Retire(requestFolder(cluster)); err != nil {
			return Requested{}, err
		}
	}
	text := marshalRequest(made.csr.Raw)
	return Requested{Action: action, CSR: text, Key: describeKey(made.csr)}, made.write(c, text)
}

// findCurrent finds the intermediate that the cluster has here. A damaged one is none: this
// is how it gets another.
func (q *Requested) findCurrent(f *Fabric, r reader, cluster string) error {
	bundle, err := f.readCluster(r, cluster)
	var unknown *UnknownClusterError
	var damaged *DamagedError
	switch {
	case errors.As(err, &unknown), errors.As(err, &damaged):
		return nil
	case err != nil:
		return err
	}
	has := describe(bundle.Certificate())
	q.Current = &has
	return nil
}

// request is a key that waits for its certificate.
type request struct {
	cluster string
	key     crypto.Signer
	csr     *x509.CertificateRequest
}

// newRequest makes a key and a request for it.
func (f *Fabric) newRequest(r reader, cluster string, t ca.KeyType) (*request, error) {
	if t == "" {
		var err error
		if t, err = f.likeIssuer(r); err != nil {
			return nil, err
		}
	}
	key, err := f.generateKey(t)
	if err != nil {
		return nil, err
	}
	der, err := issuer.CSR(key, cluster)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	return &request{cluster, key, csr}, err
}

// likeIssuer is the type of a key below the CA that issues, as far as it is known here.
func (f *Fabric) likeIssuer(r reader) (ca.KeyType, error) {
	root, err := f.readRoot(r)
	if errors.Is(err, ErrNoRoot) {
		return ca.P256, nil
	}
	if err != nil {
		return "", err
	}
	chain, err := f.readIssuing(r, root)
	if err != nil {
		return "", err
	}
	return keyTypeLike(chain[0].PublicKey)
}

func (q *request) write(c changer, text []byte) error {
	data, err := ca.MarshalKey(q.key)
	if err != nil {
		return err
	}
	defer clear(data)
	return errors.Join(
		c.Write(path.Join(requestFolder(q.cluster), secrets.CAKeyFile), data, store.Private),
		c.Write(path.Join(requestFolder(q.cluster), requestFile), text, store.Public),
	)
}

// readRequest reads a request that waits. Whatever is wrong with it is a [*RequestError].
func (f *Fabric) readRequest(r reader, cluster string) (*request, error) {
	q, err := f.parsePending(r, cluster)
	if err != nil {
		return nil, &RequestError{Dir: f.Dir(), Cluster: cluster, Err: err}
	}
	return q, nil
}

func (f *Fabric) parsePending(r reader, cluster string) (*request, error) {
	data, err := r.Read(path.Join(requestFolder(cluster), secrets.CAKeyFile), store.Private)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := ca.ParseKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", secrets.CAKeyFile, err)
	}
	text, err := r.Read(path.Join(requestFolder(cluster), requestFile), store.Public)
	if err != nil {
		return nil, err
	}
	csr, err := ParseRequest(text)
	if err == nil && !ca.SamePublicKey(key.Public(), csr.PublicKey) {
		err = fmt.Errorf("is for another key than that in %s", secrets.CAKeyFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", requestFile, err)
	}
	return &request{cluster, key, csr}, nil
}

const requestBlock = "CERTIFICATE REQUEST"

func marshalRequest(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: requestBlock, Bytes: der})
}

// ParseRequest reads the only request of a file, in PEM with text around it or in DER. Its
// key has to be one that a CA can have, and whoever made it has to have that key (RFC 2986
// §4.2). What else it asks for does not matter.
func ParseRequest(data []byte) (*x509.CertificateRequest, error) {
	der, err := findRequest(data)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("is no good certificate request: %w", err)
	}
	if _, err := ca.KeyTypeOf(csr.PublicKey); err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, errors.New("is not signed with its own key: whoever made it may not have that key")
	}
	return csr, nil
}

func findRequest(data []byte) ([]byte, error) {
	blocks, err := ca.FindBlocks(data)
	if err != nil {
		return nil, err
	}
	if len(blocks) == 0 {
		return nil, errors.New("is neither a certificate request in PEM nor one in DER")
	}
	for i, block := range blocks {
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, fmt.Errorf("PEM block %d is a %s, which must not leave its directory: send the %s alone", i+1, block.Type, requestBlock)
		case block.Type != requestBlock && block.Type != "NEW "+requestBlock:
			return nil, fmt.Errorf("PEM block %d is a %s, expected a %s", i+1, block.Type, requestBlock)
		}
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("%d certificate requests, expected one", len(blocks))
	}
	return blocks[0].Bytes, nil
}

// clusterIn is the cluster for which a trustgen asked, by the name that it gave to a key;
// empty where another program did, or where the name had to be cut.
func clusterIn(commonName string, key crypto.PublicKey) string {
	i := strings.LastIndexByte(commonName, ' ')
	if i < 0 || CheckCluster(commonName[:i]) != nil || !isTaggedFor(commonName[:i], commonName, key) {
		return ""
	}
	// One more character, which may have been cut, would give the same name.
	if isTaggedFor(commonName[:i]+"x", commonName, key) {
		return ""
	}
	return commonName[:i]
}

func isTaggedFor(cluster, commonName string, key crypto.PublicKey) bool {
	tagged, err := ca.TaggedName(cluster, key)
	return err == nil && tagged == commonName
}

func requestFolder(cluster string) string { return path.Join(requestsFolder, cluster) }
