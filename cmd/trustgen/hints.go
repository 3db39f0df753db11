package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// failure is an error, and the command that ended with it.
type failure struct {
	err error
	cmd *cobra.Command
}

// A hint says what to do about an error; nothing about one that it is not for.
type hint func(failure) string

// hintFor is the first of the hints that has something to say.
func hintFor(f failure) string {
	for _, hint := range hints {
		if text := hint(f); text != "" {
			return text
		}
	}
	return ""
}

// as makes a hint about errors of a type.
func as[E error](text func(E) string) hint {
	return asIn(func(e E, _ *cobra.Command) string { return text(e) })
}

// asIn is the same where it depends on the command what helps.
func asIn[E error](text func(E, *cobra.Command) string) hint {
	return func(f failure) string {
		var e E
		if !errors.As(f.err, &e) {
			return ""
		}
		return text(e, f.cmd)
	}
}

// is makes a hint about one error.
func is(target error, text string) hint {
	return isIn(target, func(*cobra.Command) string { return text })
}

func isIn(target error, text func(*cobra.Command) string) hint {
	return func(f failure) string {
		if !errors.Is(f.err, target) {
			return ""
		}
		return text(f.cmd)
	}
}

// Hints that more than one error has.
const (
	otherRoot   = "the way out is another CA, 'trustgen init --dir NEW', for all clusters"
	unrevocable = "a CA that cannot sign CRLs cannot revoke: the way out is a new root, 'trustgen init --dir NEW', for all clusters"
	fromFile    = "name a file whose first line is the passphrase: --password-file"
)

// hints are asked in their order.
var hints = []hint{
	as(func(e *usageError) string {
		return fmt.Sprintf("'%s --help' shows how it is used", e.cmd.CommandPath())
	}),
	as(func(e *store.ModeError) string { return fmt.Sprintf("chmod %o %s", e.Want, e.Path) }),
	as(func(*store.LockedError) string { return "try again when it is done" }),
	as(func(*store.VersionError) string { return "use the trustgen that wrote it, or a newer one" }),

	// What is asked for cannot be.
	asIn(func(e *ca.LifetimeError, cmd *cobra.Command) string {
		flag := "not-after"
		if has(cmd, "next-update") {
			flag = "next-update"
		}
		return fmt.Sprintf("--%s %s", flag, e.Longest.UTC().Format(time.RFC3339))
	}),
	is(ca.RuleCrossTrustDomain, "if both are one mesh in all but their roots: --allow-shared-trust-domain; the next root of this mesh: --next-root"),
	is(fabric.RulePermitsMesh, "--trust-domain, and for an import --istiod-namespace, --revision and --istiod-name, say what the mesh is like"),
	is(fabric.ErrClusterUnnamed, "--cluster says whose intermediate it is"),

	// The root, and its key.
	isIn(fabric.ErrNoRoot, noRoot),
	isIn(fabric.ErrRootExists, rootExists),
	isIn(fabric.ErrRootKeyMissing, keyMissing),
	isIn(fabric.ErrIssuingKeyMissing, keyMissing),
	is(fabric.ErrPasswordMissing, fromFile),
	is(fabric.ErrNewPasswordMissing, fromFile),
	isIn(ca.ErrEmptyPassword, emptyPassword),
	is(ca.ErrUnknownEncryption, "'openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW' encrypts it in a way that is known here"),

	// Clusters, and their requests.
	as(func(e *fabric.UnknownClusterError) string {
		return fmt.Sprintf("'trustgen intermediate --cluster %s%s' issues one", e.Cluster, dirFlag(e.Dir))
	}),
	as(func(e *fabric.DamagedError) string {
		return fmt.Sprintf("restore the files from a backup, or issue new ones: 'trustgen intermediate --cluster %s%s --renew'", e.Cluster, dirFlag(e.Dir))
	}),
	as(func(e *fabric.RequestError) string {
		return fmt.Sprintf("'trustgen request --cluster %s%s --new' makes another one", e.Cluster, dirFlag(e.Dir))
	}),
	as(func(e *fabric.PendingRequestError) string {
		return fmt.Sprintf("'trustgen sign' answers it where the root is, and 'trustgen install%s' takes the answer", dirFlag(e.Dir))
	}),
	as(func(*fabric.ElsewhereError) string {
		return "its set is where the key is, and 'trustgen request' there asks for the next one; 'trustgen intermediate --renew' makes one whose key is here"
	}),
	asIn(func(e *fabric.RetiredError, cmd *cobra.Command) string {
		if has(cmd, "rejoin") {
			return "--rejoin lets it come back"
		}
		return fmt.Sprintf("'trustgen intermediate --cluster %s%s --rejoin' lets it come back", e.Cluster, dirFlag(e.Dir))
	}),
	is(fabric.ErrKeyTaken, "'trustgen request --new' makes another key"),
	is(fabric.ErrNoRequest, "install it in the directory that made the request: the key is there; if 'trustgen request --new' has made another one since, have it revoked where the root is: 'trustgen revoke --certificate FILE'"),
	is(fabric.ErrRootUnconfirmed, "compare it with a copy from where the root is: --root-cert root-cert.pem; --yes trusts it unseen"),

	// CRLs, and what they revoke.
	asIn(incomplete),
	as(func(e *endingCRLError) string {
		dir := dirFlag(e.dir)
		return fmt.Sprintf("'trustgen crl refresh%s' signs the next one where the key is, 'trustgen crl import FILE%s' takes it from there", dir, dir)
	}),
	as(revokedInUse),
	as(func(e *fabric.NoIntermediateError) string {
		return fmt.Sprintf("'trustgen crl status%s' shows the intermediates of all clusters", dirFlag(e.Dir))
	}),
	as(func(e *fabric.ForeignIssuerError) string {
		return fmt.Sprintf("have it revoked by that CA, and take its CRL here: 'trustgen crl import FILE%s'", dirFlag(e.Dir))
	}),
	as(func(e *fabric.NoSuccessorError) string {
		return fmt.Sprintf("'trustgen revoke --cluster %s%s' issues one if the key of the cluster is here, else request, sign and install give it one; --now revokes without", e.Cluster, dirFlag(e.Dir))
	}),
	as(func(e *fabric.NoCertificateError) string {
		return fmt.Sprintf("'trustgen crl status%s -o json' shows all CAs with their SHA-256", dirFlag(e.Dir))
	}),
	as(func(*fabric.AboveError) string { return otherRoot }),
	as(func(*fabric.RevokedError) string { return otherRoot }),
	is(ca.RuleCRLSign, unrevocable),
	is(ca.RuleSubjectKeyID, unrevocable),
	as(func(e *behindError) string {
		return fmt.Sprintf("'trustgen crl refresh%s' gives every cluster those of all CAs", dirFlag(e.dir))
	}),
	isIn(secrets.ErrNoCRLs, func(cmd *cobra.Command) string {
		return fmt.Sprintf("'trustgen crl refresh%s' gives every cluster those of all CAs", dirFlag(valueOf(cmd, "dir")))
	}),
	is(ca.RulePathLength, "have the CA certified anew, with a path length that leaves room for the CAs below it"),

	// The cluster that is looked at.
	func(f failure) string {
		if !isNoSuchType(f.err) {
			return ""
		}
		return "the cluster needs the types of trustgen: 'kubectl apply --server-side -f deploy/crds'"
	},
	as(func(e *nameError) string {
		if !isThere(e.name) {
			return ""
		}
		return fmt.Sprintf("it was looked for in the cluster; for the file of that name write ./%s", e.name)
	}),
}

// noRoot is for commands that make none: the directory is more likely a slip.
func noRoot(cmd *cobra.Command) string {
	return fmt.Sprintf("there is no trust directory with a root in %s: is --dir right?", valueOf(cmd, "dir"))
}

func rootExists(cmd *cobra.Command) string {
	if given(cmd, []string{"name-constraints"}) != "" {
		return "the root takes them on as it is: write nameConstraints into fabric.yaml, as 'trustgen init --help' shows, and renew every cluster"
	}
	return "use it, or choose another directory with --dir"
}

// keyMissing does not ask for the key to travel: this directory may be a cluster's own.
func keyMissing(cmd *cobra.Command) string {
	text := "run this where the CA is: in the directory of 'trustgen init', with the key put back for as long as it takes"
	if has(cmd, "issuer") {
		text += ", or name a CA under this root with --issuer"
	}
	return text
}

// emptyPassword is for who may want none at all.
func emptyPassword(cmd *cobra.Command) string {
	if !has(cmd, "no-password") || given(cmd, []string{"encrypt"}) != "" {
		return ""
	}
	return "'trustgen init --no-password' leaves a key plain"
}

// incomplete says where the CRLs come from that are missing, and what to do about a CA of
// which none is going to come.
func incomplete(e *fabric.IncompleteError, cmd *cobra.Command) string {
	dir := dirFlag(e.Dir)
	text := fmt.Sprintf("'trustgen crl refresh%s' signs the CRLs whose key is here, 'trustgen crl import FILE%s' takes the others", dir, dir)
	if cmd.CommandPath() == "trustgen crl refresh" {
		text = fmt.Sprintf("'trustgen crl import FILE%s' takes them from where their keys are", dir)
	}
	if has(cmd, "incomplete") {
		text += "; --incomplete goes ahead without, and proxies then refuse the chains of these CAs"
	}
	for _, m := range e.Missing {
		switch {
		case m.CannotSign:
			return unrevocable
		case m.Cluster != "" && m.Expired.IsZero():
			return text + fmt.Sprintf("; one that was never installed has none: 'trustgen revoke --certificate %s%s', or 'trustgen revoke --cluster %s --now%s' if the cluster has no other",
				quoted(m.Subject), dir, m.Cluster, dir)
		}
	}
	return text
}

// revokedInUse is for a CA that new chains still have.
func revokedInUse(e *revokedInUseError) string {
	if e.ca.Cluster == "" {
		return otherRoot
	}
	dir := dirFlag(e.dir)
	return fmt.Sprintf("'trustgen intermediate --cluster %s%s --renew' where the root is, else 'trustgen request --cluster %s%s', gives it another one", e.ca.Cluster, dir, e.ca.Cluster, dir)
}

func has(cmd *cobra.Command, flag string) bool { return cmd.Flags().Lookup(flag) != nil }

// valueOf is that of a flag which the command has.
func valueOf(cmd *cobra.Command, flag string) string { return cmd.Flags().Lookup(flag).Value.String() }

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
	return " --dir " + quoted(dir)
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quoted is one word of a shell, whatever there is in it.
func quoted(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
