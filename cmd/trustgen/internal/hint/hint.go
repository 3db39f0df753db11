// Package hint says what to do about an error.
package hint

import (
	"errors"
	"fmt"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// Command is a command that failed.
type Command struct {
	Path string // for example "trustgen crl refresh"
	Dir  string // the trust directory
	// Has reports whether the command has a flag, Given whether it is set.
	Has, Given func(flag string) bool
}

// run is a command of a hint, for the same trust directory.
func (c Command) run(format string, args ...any) string {
	return "'trustgen " + fmt.Sprintf(format, args...) + DirFlag(c.Dir) + "'"
}

// For is what to do about an error, empty if nothing is known.
func For(err error, c Command) string {
	for _, hint := range hints {
		if text := hint(err, c); text != "" {
			return text
		}
	}
	return ""
}

// A hint is the text for one kind of errors, empty for all others.
type hint func(error, Command) string

// as makes a hint for errors of a type.
func as[E error](text func(E, Command) string) hint {
	return func(err error, c Command) string {
		var e E
		if !errors.As(err, &e) {
			return ""
		}
		return text(e, c)
	}
}

// is makes a hint for one error.
func is(target error, text func(Command) string) hint {
	return func(err error, c Command) string {
		if !errors.Is(err, target) {
			return ""
		}
		return text(c)
	}
}

func always(text string) func(Command) string { return func(Command) string { return text } }

// Hints of several errors.
const (
	otherCA      = "create a new CA ('trustgen init --dir NEW') and move every cluster to it"
	unrevocable  = "a CA that cannot sign CRLs cannot revoke: " + otherCA
	newerProgram = "use the trustgen that wrote it, or a newer one"
	fromFile     = "name a file whose first line is the passphrase: --password-file"
)

// hints are in the order of precedence.
var hints = []hint{
	as(func(e *flags.UsageError, _ Command) string { return fmt.Sprintf("see '%s --help'", e.Path) }),
	as(func(e *store.ModeError, _ Command) string { return fmt.Sprintf("chmod %o %s", e.Want, e.Path) }),
	as(func(*store.LockedError, Command) string { return "try again when it is done" }),
	as(func(*store.VersionError, Command) string { return newerProgram }),
	as(func(*fabric.LayoutError, Command) string { return newerProgram }),

	// Options.
	as(lifetime),
	is(ca.RuleCrossTrustDomain, always("if both meshes share a trust domain: --allow-shared-trust-domain; for the next root of this mesh: --next-root")),
	is(mesh.RulePermitsMesh, always("describe the mesh with --trust-domain, and for an import with --istiod-namespace, --revision and --istiod-name")),
	is(fabric.ErrClusterUnnamed, always("name the cluster with --cluster")),

	// The root, and its key.
	is(fabric.ErrNoRoot, func(c Command) string {
		return fmt.Sprintf("%s is not a trust directory with a root: check --dir", c.Dir)
	}),
	is(fabric.ErrRootExists, rootExists),
	is(fabric.ErrKeyMissing, keyMissing),
	is(fabric.ErrPassphraseMissing, always(fromFile)),
	is(fabric.ErrNewPassphraseMissing, always(fromFile)),
	is(ca.ErrEmptyPassword, emptyPassword),
	is(ca.ErrUnknownEncryption, always("convert it: 'openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW'")),

	// Clusters, and their requests.
	as(func(e *fabric.UnknownClusterError, c Command) string { return issue(c, e.Cluster) }),
	as(func(e *fabric.DamagedError, c Command) string {
		return "restore the files from a backup, or issue new ones: " + c.run("intermediate --cluster %s --renew", e.Cluster)
	}),
	as(func(e *fabric.RequestError, c Command) string {
		return "make another one: " + c.run("request --cluster %s --new", e.Cluster)
	}),
	as(func(_ *fabric.PendingRequestError, c Command) string {
		return "sign it with 'trustgen sign' in the directory of the root, and install the response: " + c.run("install FILE")
	}),
	as(func(e *mesh.RemoteKeyError, _ Command) string {
		return fmt.Sprintf("use the directory with the key: 'trustgen secret' there prints the CA bundle, 'trustgen request' requests the next intermediate; 'trustgen intermediate --cluster %s --renew' issues one with a key in this directory", e.Cluster)
	}),
	as(rejoin),
	is(mesh.ErrKeyInUse, always("make another key: 'trustgen request --new'")),
	is(fabric.ErrNoRequest, always("install it in the directory of the request, which has the key; if 'trustgen request --new' has replaced the key, revoke the certificate in the directory of the root: 'trustgen revoke --certificate FILE'")),
	is(fabric.ErrRootUnconfirmed, always("compare it with a copy from the directory of the root: --root-cert root-cert.pem; --yes trusts it unseen")),

	// CRLs and revocation.
	as(incomplete),
	as(func(e *mesh.EndingCRLError, c Command) string {
		if e.KeyLocal {
			return "sign the next one: " + c.run("crl refresh")
		}
		return "import the next one: " + c.run("crl import FILE")
	}),
	as(revokedInUse),
	as(func(_ *mesh.NoIntermediateError, c Command) string {
		return "list the intermediates of all clusters: " + c.run("crl status")
	}),
	as(func(_ *mesh.ForeignIssuerError, c Command) string {
		return "revoke it with that CA, and import the CRL: " + c.run("crl import FILE")
	}),
	as(noSuccessor),
	as(func(_ *mesh.NoCertificateError, c Command) string {
		return "list all CAs with their SHA-256: " + c.run("crl status -o json")
	}),
	as(func(*mesh.AboveError, Command) string { return otherCA }),
	as(func(*mesh.RevokedError, Command) string { return otherCA }),
	is(ca.RuleCRLSign, always(unrevocable)),
	is(ca.RuleSubjectKeyID, always(unrevocable)),
	as(func(_ *mesh.StaleBundleError, c Command) string { return refresh(c) }),
	is(secrets.ErrNoCRLs, refresh),
	is(ca.RulePathLength, always("have the CA certified again, with a longer path length")),

	// Objects of a cluster.
	noSuchType,
	as(fileOfThatName),
}

func lifetime(e *ca.LifetimeError, c Command) string {
	flag := "not-after"
	if c.Has("next-update") {
		flag = "next-update"
	}
	return fmt.Sprintf("--%s %s", flag, e.Longest.UTC().Format(time.RFC3339))
}

func issue(c Command, cluster string) string {
	return "issue one: " + c.run("intermediate --cluster %s", cluster)
}

func refresh(c Command) string {
	return "complete the CRL bundle of every cluster: " + c.run("crl refresh")
}

func rootExists(c Command) string {
	if c.Given("name-constraints") {
		return "keep the root: write nameConstraints into fabric.yaml, as 'trustgen init --help' shows, and renew every cluster"
	}
	return "use it, or choose another directory with --dir"
}

// keyMissing does not suggest to copy the key: this directory may be on a cluster.
func keyMissing(c Command) string {
	text := "run this in the directory of the CA, and restore its key for as long as it takes"
	if c.Has("issuer") {
		text += "; or name another CA under this root with --issuer"
	}
	return text
}

func emptyPassword(c Command) string {
	if !c.Has("no-password") || c.Given("encrypt") {
		return ""
	}
	return "'trustgen init --no-password' leaves the key plain"
}

func rejoin(e *mesh.RetiredError, c Command) string {
	if c.Has("rejoin") {
		return "let it rejoin the mesh: --rejoin"
	}
	return "let it rejoin the mesh: " + c.run("intermediate --cluster %s --rejoin", e.Cluster)
}

// incomplete is about missing CRLs, and about a CA that never has one.
func incomplete(e *mesh.IncompleteError, c Command) string {
	text := "sign the CRLs of local keys: " + c.run("crl refresh") + "; import the others: " + c.run("crl import FILE")
	if c.Path == "trustgen crl refresh" {
		text = "import them from the directories with their keys: " + c.run("crl import FILE")
	}
	if c.Has("incomplete") {
		text += "; --incomplete continues without them, and proxies then refuse the chains of these CAs"
	}
	for _, m := range e.Missing {
		switch {
		case m.CannotSign:
			return unrevocable
		case m.Cluster != "" && m.Expired.IsZero():
			return text + fmt.Sprintf("; revoke a CA that was never installed: %s, or %s if the cluster has no other",
				c.run("revoke --certificate %s", Quote(m.Subject)), c.run("revoke --cluster %s --now", m.Cluster))
		}
	}
	return text
}

func revokedInUse(e *mesh.RevokedInUseError, c Command) string {
	if e.Cluster == "" {
		return otherCA
	}
	return fmt.Sprintf("issue another one in the directory of the root: %s; or request one in the directory of the cluster: %s",
		c.run("intermediate --cluster %s --renew", e.Cluster), c.run("request --cluster %s", e.Cluster))
}

func noSuccessor(e *mesh.NoSuccessorError, c Command) string {
	return "issue a successor: " + c.run("revoke --cluster %s", e.Cluster) + ", or with request, sign and install if the key of the cluster is remote; --now revokes without one"
}

// noSuchType is for an API server that does not have a type, as opposed to an object.
func noSuchType(err error, _ Command) string {
	if !apierrors.IsNotFound(err) || !apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) {
		return ""
	}
	return "install the types of trustgen in the cluster: 'kubectl apply --server-side -f deploy/crds'"
}

func fileOfThatName(e *flags.NameError, _ Command) string {
	if _, err := os.Stat(e.Name); err != nil {
		return ""
	}
	return fmt.Sprintf("%s is a name in the cluster; write ./%s for the file", e.Name, e.Name)
}
