package e2e_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/trustgen/trustgen/test/e2e/verifiers"
)

// A library verifies certificates. Its name is the first word in the names of its verifiers.
type library string

const (
	byGo        library = "Go"
	byOpenSSL   library = "OpenSSL"
	byGnuTLS    library = "GnuTLS"
	byBoringSSL library = "BoringSSL"
	byRustls    library = "rustls"
)

func libraries() []library { return []library{byGo, byOpenSSL, byGnuTLS, byBoringSSL, byRustls} }

func libraryOf(v verifiers.Verifier) library {
	name, _, _ := strings.Cut(v.Name(), " ")
	return library(name)
}

// An opinion is the result of a library for a chain.
type opinion string

// unchecked is for libraries that do not check CRLs; refused is for rustls, whose reasons deno does not
// report.
const (
	accepted      opinion = "accepted"
	unchecked     opinion = "accepted: CRLs unchecked"
	refused       opinion = "refused"
	revoked       opinion = "refused: revoked"
	noCRL         opinion = "refused: no CRL"
	expiredCRL    opinion = "refused: CRL expired"
	unknownRoot   opinion = "refused: unknown root"
	tooLong       opinion = "refused: path length"
	notPermitted  opinion = "refused: not permitted"
	excluded      opinion = "refused: excluded"
	badConstraint opinion = "refused: bad constraint"
)

// words are patterns for the reasons of each library. For OpenSSL they match the message of the command
// and the code of node, which has none for names.
var words = map[opinion]map[library]string{
	refused: {byRustls: `^UNABLE_TO_VERIFY_LEAF_SIGNATURE`},
	revoked: {
		byOpenSSL:   `error 23 at [12] depth lookup: certificate revoked|^CERT_REVOKED`,
		byGnuTLS:    `NOT trusted\. The certificate chain is revoked\.$`,
		byBoringSSL: `^CERT_REVOKED`,
	},
	noCRL: {
		byOpenSSL:   `error 3 at [012] depth lookup: unable to get certificate CRL|^UNABLE_TO_GET_CRL`,
		byBoringSSL: `^UNABLE_TO_GET_CRL`,
	},
	expiredCRL: {
		byOpenSSL:   `error 12 at [01] depth lookup: CRL has expired|^CRL_HAS_EXPIRED`,
		byBoringSSL: `^CRL_HAS_EXPIRED`,
	},
	unknownRoot: {
		byGo:        `certificate signed by unknown authority$`,
		byOpenSSL:   `error 19 at 2 depth lookup: self-signed certificate in certificate chain|^SELF_SIGNED_CERT_IN_CHAIN`,
		byGnuTLS:    `NOT trusted\. The certificate issuer is unknown\.$`,
		byBoringSSL: `^SELF_SIGNED_CERT_IN_CHAIN`,
	},
	tooLong: {
		byGo:        `too many intermediates for path length constraint$`,
		byOpenSSL:   `error 25 at \d depth lookup: path length constraint exceeded|^PATH_LENGTH_EXCEEDED`,
		byGnuTLS:    violatedConstraint,
		byBoringSSL: `^PATH_LENGTH_EXCEEDED`,
	},
	notPermitted: {
		byGo:        `not authorized to sign for this name: .* is not permitted by any constraint$`,
		byOpenSSL:   `error 47 at 0 depth lookup: permitted subtree violation|^UNSPECIFIED`,
		byGnuTLS:    violatedConstraint,
		byBoringSSL: `permitted subtree violation`,
	},
	excluded: {
		byGo:        `not authorized to sign for this name: .* is excluded by constraint`,
		byOpenSSL:   `error 48 at 0 depth lookup: excluded subtree violation|^UNSPECIFIED`,
		byGnuTLS:    violatedConstraint,
		byBoringSSL: `excluded subtree violation`,
	},
	badConstraint: {byBoringSSL: `unsupported or invalid name constraint syntax|unsupported name constraint type`},
}

// violatedConstraint is the only message of GnuTLS for all constraints.
const violatedConstraint = `NOT trusted\. The certificate chain violates the signer's constraints\.$`

// said is the opinion of a library for the result of its verifier. A refusal for another reason
// than that of want is quoted. The error says that the verifier could not judge.
func (l library) said(answer error, want opinion) (opinion, error) {
	var refusal *verifiers.Refusal
	switch {
	case answer == nil && want == unchecked:
		return unchecked, nil
	case answer == nil:
		return accepted, nil
	case !errors.As(answer, &refusal):
		return "", answer
	}
	pattern, known := words[want][l]
	if known && regexp.MustCompile(pattern).MatchString(refusal.Reason) {
		return want, nil
	}
	return opinion(fmt.Sprintf("refused: %q", refusal.Reason)), nil
}

// A verdict is the expected opinion of each library.
type verdict map[library]opinion

// all is one opinion of all libraries. For rustls a refusal has no reason.
func all(o opinion) verdict {
	v := make(verdict)
	for _, l := range libraries() {
		v[l] = o
	}
	if o != accepted {
		v[byRustls] = refused
	}
	return v
}

// but is the verdict with a different opinion of some libraries.
func (v verdict) but(o opinion, of ...library) verdict {
	v = maps.Clone(v)
	for _, l := range of {
		v[l] = o
	}
	return v
}
