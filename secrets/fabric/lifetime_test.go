package fabric_test

import (
	"errors"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// A requested end is never cut. The default end is not after that of the issuer.
func TestEnsure_NoIntermediateOutlivesItsIssuer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		left, asked time.Duration // zero asks for nothing
		want        time.Duration
		ends        bool // with its issuer, without being asked for
		refused     bool
	}{
		"the issuer has more than a year":              {year + time.Second, 0, year, false, false},
		"the issuer has less than a year":              {100 * day, 0, 100 * day, true, false},
		"the issuer has a day":                         {day, 0, day, true, false},
		"the issuer has less than a day":               {day - time.Second, 0, 0, false, true},
		"the issuer has less than a day, for an hour":  {day - time.Second, time.Hour, time.Hour, false, false},
		"the end of the issuer is requested":           {100 * day, 100 * day, 100 * day, false, false},
		"more than the issuer has is requested":        {100 * day, 100*day + time.Second, 0, false, true},
		"a year is requested, and the issuer has less": {100 * day, year, 0, false, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newDirectories(t, fabric.RootOptions{NotAfter: catest.Now().Add(test.left)})
			var end time.Time
			if test.asked > 0 {
				end = p.Now().Add(test.asked)
			}
			var got mesh.Summary
			var ends bool
			for what, issue := range map[string]func() error{
				"ensure": func() error {
					done, err := p.rootDir.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{NotAfter: end})
					if err == nil {
						got, ends = done.Clusters[0].Certificate, done.Clusters[0].EndsWithIssuer
					}
					return err
				},
				"sign": func() error {
					done, err := p.rootDir.Sign(t.Context(), request(t, p.clusterDir, "west"), fabric.SignOptions{Cluster: "west", NotAfter: end})
					if err == nil {
						got, ends = *done.Certificate, test.ends
					}
					return err
				},
			} {
				err := issue()
				if lifetime := new(ca.LifetimeError); test.refused {
					if !errors.As(err, &lifetime) || !lifetime.Longest.Equal(p.Now().Add(test.left)) {
						t.Errorf("%s: got the error %v, want one about the lifetime", what, err)
					}
					continue
				}
				if want := p.Now().Add(test.want); err != nil || !got.NotAfter.Equal(want) || ends != test.ends {
					t.Errorf("%s: the end is %s, with its issuer %t, want %s, %t: %v", what, got.NotAfter, ends, want, test.ends, err)
				}
			}
		})
	}
}

func TestRevoke_SuccessorEndsWithTheRoot(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{Root: fabric.RootOptions{NotAfter: c.Now().Add(2 * year)}}, "east")
	c.advance(2*year - 100*day)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	c.advance(day)
	got := revoke(t, f, fabric.RevokeOptions{Now: true}, "east").Clusters[0]
	if !got.EndsWithIssuer || !got.Successor.NotAfter.Equal(rootCert(t, f).NotAfter) {
		t.Errorf("revoked is %+v", got)
	}
}
