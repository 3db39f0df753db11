package main

import (
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// revocationHint says what to do about an error that has to do with CRLs.
func revocationHint(err error) string {
	var (
		incomplete *fabric.IncompleteError
		none       *fabric.NoIntermediateError
		foreign    *fabric.ForeignIssuerError
		successor  *fabric.NoSuccessorError
	)
	switch {
	case errors.As(err, &incomplete):
		dir := dirFlag(incomplete.Dir)
		return fmt.Sprintf("'trustgen crl refresh%s' signs the CRLs whose key is here, 'trustgen crl import FILE%s' takes the others; --incomplete goes ahead without, and proxies then refuse the chains of these CAs", dir, dir)
	case errors.As(err, &none):
		return fmt.Sprintf("'trustgen crl status%s' shows the intermediates of all clusters", dirFlag(none.Dir))
	case errors.As(err, &foreign):
		return fmt.Sprintf("have it revoked by that CA, and take its CRL here: 'trustgen crl import FILE%s'", dirFlag(foreign.Dir))
	case errors.As(err, &successor):
		return fmt.Sprintf("'trustgen revoke --cluster %s%s' issues one if the key of the cluster is here, else request, sign and install give it one; --now revokes without", successor.Cluster, dirFlag(successor.Dir))
	case errors.Is(err, ca.RuleCrossTrustDomain):
		return "if both are one mesh in all but their roots: --allow-shared-trust-domain; the next root of this mesh: --next-root"
	case errors.Is(err, ca.RuleCRLSign), errors.Is(err, ca.RuleSubjectKeyID):
		return "a CA that cannot sign CRLs cannot revoke: the way out is a new root, 'trustgen init --dir NEW', for all clusters"
	}
	return ""
}
