package mesh

import (
	"fmt"
	"strings"
	"time"
)

// The errors of this package, by what a caller does next. Fix the input: [*ClusterNameError],
// [*NoIntermediateError], [*NoCertificateError], [ErrKeyInUse]. Use the directory that has the
// key: [*RemoteKeyError], [*ForeignIssuerError]. Bring CRLs: [*IncompleteError]. Decide:
// [*RetiredError], [*NoSuccessorError]. Replace the root: [*RevokedError], [*AboveError].

// RemoteKeyError says that a cluster has an intermediate whose key is in another directory.
// Another one would be a second CA of the cluster.
type RemoteKeyError struct {
	Cluster     string
	Certificate Summary
}

func (e *RemoteKeyError) Error() string {
	return fmt.Sprintf("cluster %s has %s, whose key is in another directory", e.Cluster, e.Certificate.Subject)
}

// RetiredError says that a cluster has left the mesh. It comes back only on request.
type RetiredError struct {
	Cluster string
	Since   time.Time
}

func (e *RetiredError) Error() string {
	return fmt.Sprintf("cluster %s left the mesh at %s", e.Cluster, e.Since.UTC().Format(time.RFC3339))
}

// RevokedError says that a CRL revokes a CA that a chain needs. Verifiers that have this CRL
// refuse everything below the CA.
type RevokedError struct {
	Certificate Summary // of the CA
	Revocation  Revocation
}

func (e *RevokedError) Error() string {
	return fmt.Sprintf("%s is revoked as of %s with the reason %s: nothing below it is trusted",
		e.Certificate.Subject, e.Revocation.At.UTC().Format(time.RFC3339), e.Revocation.Reason)
}

// NoIntermediateError says that no intermediate of a cluster matches an operation.
type NoIntermediateError struct {
	Cluster string
	// Wanted is what the operation needs, for example "that can be revoked".
	Wanted string
}

func (e *NoIntermediateError) Error() string {
	return fmt.Sprintf("cluster %s has no intermediate %s", e.Cluster, e.Wanted)
}

// ForeignIssuerError says that a CA was issued by one that does not issue here. Only its
// issuer can revoke it.
type ForeignIssuerError struct {
	Cluster         string // empty if it is of no cluster
	Subject, Issuer string
}

func (e *ForeignIssuerError) Error() string {
	whose := ""
	if e.Cluster != "" {
		whose = "cluster " + e.Cluster + ": "
	}
	return fmt.Sprintf("%s%s was issued by %s, which does not issue here", whose, e.Subject, e.Issuer)
}

// NoSuccessorError says that a revocation would leave a cluster without an intermediate.
type NoSuccessorError struct {
	Cluster string
}

func (e *NoSuccessorError) Error() string {
	return fmt.Sprintf("cluster %s would have no usable intermediate", e.Cluster)
}

// NoCertificateError says that a name identifies no CA that can be revoked, or more than one.
type NoCertificateError struct {
	Name string
	// Candidates are the CAs whose subjects begin with the name: all, if none does.
	Candidates []Summary
}

func (e *NoCertificateError) Error() string {
	lines := make([]string, len(e.Candidates))
	for i, c := range e.Candidates {
		lines[i] = fmt.Sprintf("%s, SHA-256 %s", c.Subject, c.Fingerprint)
	}
	return fmt.Sprintf("%q is not the subject or SHA-256 of exactly one CA that can be revoked: %s", e.Name, strings.Join(lines, "; "))
}

// AboveError says that a CA stands above all clusters. Its revocation would end the mesh.
type AboveError struct {
	Certificate Summary
}

func (e *AboveError) Error() string {
	return fmt.Sprintf("every cluster is below %s: it cannot be revoked here", e.Certificate.Subject)
}
