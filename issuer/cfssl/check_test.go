package cfssl_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

func TestCheck_ReportsHealth(t *testing.T) {
	t.Parallel()
	end := catest.New(t).Intermediate.Certificate().NotAfter
	for name, test := range map[string]struct {
		now    time.Time
		change func([]*fake)
		want   string // in the error; empty means none
	}{
		"the CA is valid":            {end.Add(-cfssl.MinimumLeft), nil, ""},
		"the CA ends soon":           {end.Add(-cfssl.MinimumLeft + time.Second), nil, "in less than 10m0s"},
		"the CA is not valid yet":    {catest.Now().Add(-time.Hour), nil, "is not valid before"},
		"the second server responds": {catest.Now(), func(s []*fake) { s[0].Close() }, ""},
		"no server responds":         {catest.Now(), func(s []*fake) { s[0].Close(); s[1].Close() }, "connection refused; https://"},
		"the response is invalid":    {catest.Now(), func(s []*fake) { s[0].respond(infoPath, status(200, "{}")); s[1].Close() }, "does not report success"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := three(t)[:2]
			if test.change != nil {
				test.change(servers)
			}
			o := options(t, servers...)
			o.Now = func() time.Time { return test.now }
			err := client(t, o).Check(t.Context())
			if test.want != "" {
				wantTransient(t, err, test.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheck_RequestsTheCAAgain(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	i := client(t, options(t, f))
	catest.Must(i.Issue(t.Context(), request(t)))(t)
	ended := catest.Mutate(t, h.Intermediate.Certificate(), h.Root.Certificate(), h.RootKey, catest.Mutation{
		Cert: func(c *x509.Certificate) { c.NotAfter = catest.Now().Add(time.Minute) },
	})
	f.with(func(f *fake) { f.reported = ended })
	wantTransient(t, i.Check(t.Context()), "ends at 2026-01-02T03:05:05Z")
}
