package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// hintFor says what to do about an error; nothing where nothing is known.
func hintFor(err error) string {
	var (
		usage    *usageError
		mode     *store.ModeError
		locked   *store.LockedError
		version  *store.VersionError
		lifetime *ca.LifetimeError
		unknown  *fabric.UnknownClusterError
		damaged  *fabric.DamagedError
		request  *fabric.RequestError
		waiting  *fabric.PendingRequestError
		other    *fabric.ElsewhereError
		name     *nameError
	)
	if hint := revocationHint(err); hint != "" {
		return hint
	}
	switch {
	case errors.As(err, &usage):
		return fmt.Sprintf("'%s --help' shows how it is used", usage.cmd.CommandPath())
	case errors.As(err, &mode):
		return fmt.Sprintf("chmod %o %s", mode.Want, mode.Path)
	case errors.As(err, &locked):
		return "try again when it is done"
	case errors.As(err, &version):
		return "use the trustgen that wrote it, or a newer one"
	case errors.As(err, &lifetime):
		return "--not-after " + lifetime.Longest.UTC().Format(time.RFC3339)
	case errors.As(err, &unknown):
		return fmt.Sprintf("'trustgen intermediate --cluster %s%s' issues one", unknown.Cluster, dirFlag(unknown.Dir))
	case errors.As(err, &damaged):
		return fmt.Sprintf("restore the files from a backup, or issue new ones: 'trustgen intermediate --cluster %s%s --renew'", damaged.Cluster, dirFlag(damaged.Dir))
	case errors.As(err, &request):
		return fmt.Sprintf("'trustgen request --cluster %s%s --new' makes another one", request.Cluster, dirFlag(request.Dir))
	case errors.As(err, &waiting):
		return fmt.Sprintf("'trustgen sign' answers it where the root is, and 'trustgen install%s' takes the answer", dirFlag(waiting.Dir))
	case errors.As(err, &other):
		return "its set is where the key is, and 'trustgen request' there asks for the next one; 'trustgen intermediate --renew' makes one whose key is here"
	case errors.Is(err, fabric.ErrClusterUnnamed):
		return "--cluster says whose intermediate it is"
	case errors.Is(err, fabric.ErrKeyTaken):
		return "'trustgen request --new' makes another key"
	case errors.Is(err, fabric.ErrNoRequest):
		return "install it in the directory that made the request: the key is there"
	case errors.Is(err, fabric.ErrRootUnconfirmed):
		return "compare it with a copy from where the root is: --root-cert root-cert.pem; --yes trusts it unseen"
	case errors.Is(err, fabric.RulePermitsMesh):
		return "--trust-domain, and for an import --istiod-namespace, --revision and --istiod-name, say what the mesh is like"
	case errors.Is(err, fabric.ErrRootExists):
		return "use it, or choose another directory with --dir"
	case errors.Is(err, fabric.ErrNoRoot):
		return "the command init makes a root there, and so does intermediate"
	case errors.Is(err, fabric.ErrPasswordMissing), errors.Is(err, fabric.ErrNewPasswordMissing):
		return "name a file whose first line is the passphrase: --password-file"
	case errors.Is(err, ca.ErrEmptyPassword):
		return "'trustgen init --no-password' leaves a key plain"
	case errors.Is(err, ca.ErrUnknownEncryption):
		return "'openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW' encrypts it in a way that is known here"
	case errors.Is(err, ca.RulePathLength):
		return "have the CA certified anew, with a path length that leaves room for the CAs below it"
	case errors.Is(err, fabric.ErrRootKeyMissing), errors.Is(err, fabric.ErrIssuingKeyMissing):
		return "put it back for as long as it takes to issue, or name a CA under this root with --issuer"
	case isNoSuchType(err):
		return "the cluster needs the types of trustgen: 'kubectl apply --server-side -f deploy/crds'"
	case errors.As(err, &name) && isThere(name.name):
		return fmt.Sprintf("it was looked for in the cluster; for the file of that name write ./%s", name.name)
	}
	return ""
}

// isNoSuchType tells an API server that does not know a type from one that does not
// have an object.
func isNoSuchType(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

func isThere(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// dirFlag lets a command of a hint work where the error came from.
func dirFlag(dir string) string {
	if dir == defaultDir {
		return ""
	}
	return fmt.Sprintf(" --dir %q", dir)
}
