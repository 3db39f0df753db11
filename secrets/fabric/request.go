package fabric

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"path"

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

func requestFolder(cluster string) string { return path.Join(requestsFolder, cluster) }
