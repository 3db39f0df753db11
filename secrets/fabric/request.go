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
	"github.com/trustgen/trustgen/secrets/mesh"
)

// RequestOptions adjust Request; the zero value is ready to use.
type RequestOptions struct {
	// KeyType of a new key; zero means that of the CA that issues if it is known here, else
	// [ca.P256].
	KeyType ca.KeyType
	// New makes a request in place of one that waits for its signed response, or is damaged.
	New bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// RequestResult is a request that waits for its signed response.
type RequestResult struct {
	// Action is Created, Kept for one that was there, or Renewed for one in its place.
	Action Action
	// CSR is the request in PEM. A dry run that would make one has none.
	CSR []byte
	// Key is the public key that has to be certified.
	Key mesh.PublicKey
	// Current is the intermediate that the cluster has in this directory, nil if it has none.
	Current *mesh.Summary
}

// Request makes the key of a cluster's next intermediate, and a request for its certificate:
// [Fabric.Sign] signs it in another directory, and [Fabric.Install] installs the signed response
// in this one. The key is not in use before that, and the directory needs no root. A request
// that waits for its signed response is returned again.
//
// The error is a [*mesh.ClusterNameError], or a [*RequestError] if the waiting request is damaged.
func (f *Fabric) Request(ctx context.Context, cluster string, o RequestOptions) (RequestResult, error) {
	if err := mesh.CheckCluster(cluster); err != nil {
		return RequestResult{}, err
	}
	r := &requesting{RequestOptions: o, cluster: cluster, generateKey: f.generateKey}
	err := f.run(ctx, operation{dryRun: o.DryRun, trust: anyTrust, decide: r.decide, change: r.change}, &passphrases{})
	if err != nil {
		return RequestResult{}, err
	}
	if o.DryRun && r.result.Action != Kept {
		r.result.CSR, r.result.Key = nil, mesh.PublicKey{Type: r.result.Key.Type}
	}
	return r.result, nil
}

// anyTrust is for a directory that may have no root.
func anyTrust(_ context.Context, d *directory) (trust, error) {
	t, err := d.readTrust()
	if errors.Is(err, ErrNoRoot) {
		return trust{}, nil
	}
	return t, err
}

// requesting is one call of Request.
type requesting struct {
	RequestOptions
	cluster     string
	generateKey func(ca.KeyType) (crypto.Signer, error)
	result      RequestResult
}

// decide finds the request that waits, and the intermediate that the cluster has. A damaged one
// counts as none: a request is the way to another one.
func (r *requesting) decide(_ context.Context, d *directory) (needs, error) {
	waits, err := d.files.Exists(requestFolder(r.cluster))
	if err != nil {
		return needs{}, err
	}
	r.result = RequestResult{Action: Created}
	switch {
	case waits && r.New:
		r.result.Action = Renewed
	case waits:
		found, err := d.readRequest(r.cluster)
		if err != nil {
			return needs{}, err
		}
		r.describe(Kept, found.csr)
	}
	if d.issuing == nil {
		return needs{}, nil
	}
	bundle, err := d.readBundle(r.cluster, secrets.FileNames())
	switch {
	case err == nil:
		current := mesh.Summarize(bundle.Certificate())
		r.result.Current = &current
	case !errors.As(err, new(*UnknownClusterError)) && !errors.As(err, new(*DamagedError)):
		return needs{}, err
	}
	return needs{}, nil
}

func (r *requesting) describe(action Action, csr *x509.CertificateRequest) {
	r.result.Action, r.result.CSR, r.result.Key = action, mesh.MarshalRequest(csr.Raw), mesh.PublicKeyOf(csr)
}

func (r *requesting) change(_ context.Context, d *directory) error {
	if r.result.Action == Kept {
		return nil
	}
	made, err := r.make(d)
	if err != nil {
		return err
	}
	if r.result.Action == Renewed {
		if err := d.files.Retire(requestFolder(r.cluster)); err != nil {
			return err
		}
	}
	r.describe(r.result.Action, made.csr)
	return made.write(d, r.result.CSR)
}

// make creates a key and a request for it.
func (r *requesting) make(d *directory) (*request, error) {
	keyType := r.KeyType
	if keyType == "" {
		keyType = ca.P256
		if d.issuing != nil {
			var err error
			if keyType, err = mesh.KeyTypeBelow(d.issuing[0]); err != nil {
				return nil, err
			}
		}
	}
	key, err := r.generateKey(keyType)
	if err != nil {
		return nil, err
	}
	der, err := issuer.CSR(key, r.cluster)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	return &request{r.cluster, key, csr}, err
}

// request is a key that waits for its certificate. The key moves from the folder of the request
// to that of the cluster; the request and the signed response travel.
type request struct {
	cluster string
	key     crypto.Signer
	csr     *x509.CertificateRequest
}

func (q *request) write(d *directory, text []byte) error {
	data, err := ca.MarshalKey(q.key)
	if err != nil {
		return err
	}
	defer clear(data)
	return errors.Join(
		d.files.Write(path.Join(requestFolder(q.cluster), secrets.CAKeyFile), data, store.Private),
		d.files.Write(path.Join(requestFolder(q.cluster), requestFile), text, store.Public),
	)
}

// readRequest reads a request that waits. Whatever is wrong with it is a [*RequestError].
func (d *directory) readRequest(cluster string) (*request, error) {
	q, err := d.parseRequest(cluster)
	if err != nil {
		return nil, &RequestError{Path: d.path(requestFolder(cluster)), Cluster: cluster, Err: err}
	}
	return q, nil
}

func (d *directory) parseRequest(cluster string) (*request, error) {
	data, err := d.files.Read(path.Join(requestFolder(cluster), secrets.CAKeyFile), store.Private)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := ca.ParseKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", secrets.CAKeyFile, err)
	}
	text, err := d.files.Read(path.Join(requestFolder(cluster), requestFile), store.Public)
	if err != nil {
		return nil, err
	}
	csr, err := mesh.ParseRequest(text)
	if err == nil && !ca.SamePublicKey(key.Public(), csr.PublicKey) {
		err = fmt.Errorf("is for another key than that in %s", secrets.CAKeyFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", requestFile, err)
	}
	return &request{cluster, key, csr}, nil
}

// requireNoRequest refuses a cluster that waits for a signed response.
func (d *directory) requireNoRequest(cluster string) error {
	waits, err := d.files.Exists(requestFolder(cluster))
	if err == nil && waits {
		err = &PendingRequestError{Cluster: cluster}
	}
	return err
}

// requireNoRequests refuses to create a root that nobody asked for while a request waits for the
// response of another one.
func (d *directory) requireNoRequests() error {
	clusters, err := d.files.List(requestsFolder)
	if err != nil || len(clusters) == 0 {
		return err
	}
	return &PendingRequestError{Cluster: clusters[0]}
}
