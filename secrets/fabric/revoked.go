package fabric

import (
	"crypto/x509"
	"fmt"
	"time"
)

// RevokedError says that nothing is issued below a CA: it is revoked, by a CRL that is here.
// Nobody who has that CRL would take what it issues.
type RevokedError struct {
	Dir         string
	Certificate Certificate // of the CA
	Revocation  RevocationEntry
}

func (e *RevokedError) Error() string {
	return fmt.Sprintf("%s: %s is revoked since %s, for the reason %s: nothing that is below it is trusted",
		e.Dir, e.Certificate.Subject, e.Revocation.At.UTC().Format(time.RFC3339), e.Revocation.Reason)
}

// wantUnrevoked refuses a chain that has a CA which is revoked, as far as that is known here.
// The error is a [*RevokedError].
func (f *Fabric) wantUnrevoked(chain []*x509.Certificate, all []*authority) error {
	for _, cert := range chain {
		if e := revocationOf(cert, all); e != nil {
			return &RevokedError{Dir: f.Dir(), Certificate: describe(cert), Revocation: RevocationEntry{Reason(e.ReasonCode), e.RevocationTime}}
		}
	}
	return nil
}
