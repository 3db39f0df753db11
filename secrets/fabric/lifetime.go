package fabric

import (
	"crypto/x509"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// minDefaultLifetime is the least that an intermediate lives for which no end was asked for: a
// day is what the workloads' certificates take, and who has to see to the next CA.
const minDefaultLifetime = 24 * time.Hour

// intermediateEnd is the end of an intermediate: the one that was asked for, which is never
// cut, or [ca.DefaultIntermediateLifetime] from now, cut to the end of its issuer. Where that
// leaves less than a day the error is a [*ca.LifetimeError].
func (f *Fabric) intermediateEnd(issuer *x509.Certificate, asked time.Time) (time.Time, error) {
	now := f.now()
	end := now.Add(ca.DefaultIntermediateLifetime)
	switch least := now.Add(minDefaultLifetime); {
	case !asked.IsZero():
		return asked, nil
	case !end.After(issuer.NotAfter):
		return end, nil
	case least.After(issuer.NotAfter):
		return time.Time{}, &ca.LifetimeError{Asked: least, Longest: issuer.NotAfter, Issuer: ca.Describe(issuer)}
	}
	return issuer.NotAfter, nil
}
