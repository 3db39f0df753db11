package mesh_test

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// crlFor is a CRL of the CA that was signed days ago, to be replaced after some time.
func (s signer) crlFor(t testing.TB, days int, life time.Duration) *x509.RevocationList {
	t.Helper()
	o := ca.CRLOptions{Number: big.NewInt(1)}
	if life > 0 {
		o.NextUpdate = catest.Now().Add(-time.Duration(days)*day + life)
	}
	return catest.Must(s.at(t, days).CRL(o))(t)
}

func TestCRLState(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east := root.cluster(t, "east")
	tests := map[string]struct {
		list    *x509.RevocationList
		revoked bool
		now     time.Duration
		want    mesh.CRLState
		wantDue bool
	}{
		"no CRL":                        {nil, false, 0, mesh.CRLMissing, true},
		"no CRL of a revoked CA":        {nil, true, 0, mesh.CRLNotNeeded, true},
		"one for the life of the CA":    {east.crlFor(t, 9, 0), false, 354 * day, mesh.CRLValid, false},
		"one with two thirds left":      {east.crlFor(t, 3, 9*day), false, 0, mesh.CRLValid, false},
		"one with a third left":         {east.crlFor(t, 6, 9*day), false, -time.Minute, mesh.CRLValid, false},
		"one with less than a third":    {east.crlFor(t, 6, 9*day), false, time.Minute, mesh.CRLDue, true},
		"one of a revoked CA, with two": {east.crlFor(t, 3, 9*day), true, 0, mesh.CRLValid, false},
		"one that ends now":             {east.crlFor(t, 9, 9*day), false, 0, mesh.CRLExpired, true},
		"an expired one, CA revoked":    {east.crlFor(t, 9, 9*day), true, 0, mesh.CRLNotNeeded, true},
		"one of a CA that has ended":    {east.crlFor(t, 9, 0), false, 355 * day, mesh.CRLExpired, false},
		"none of a CA that has ended":   {nil, false, 355 * day, mesh.CRLMissing, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var revoked []*x509.Certificate
			if tt.revoked {
				revoked = east.chain[:1]
			}
			m := mesh.New(contents(root, record(t, "", root.crl(t, 1, revoked...), root.cert()), record(t, "east", tt.list, east.cert())), catest.Now().Add(tt.now))
			a := m.CA(east.cert())
			got := m.CRLState(a)
			if got != tt.want || got.IsMissing() != (tt.want == mesh.CRLMissing || tt.want == mesh.CRLExpired) {
				t.Errorf("state %s, missing %t, want %s", got, got.IsMissing(), tt.want)
			}
			if got := m.IsDue(a); got != tt.wantDue {
				t.Errorf("due: %t, want %t", got, tt.wantDue)
			}
		})
	}
}

func TestNextCRL(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east, west := root.cluster(t, "east"), root.cluster(t, "west")
	north, south := root.cluster(t, "north"), root.cluster(t, "south")
	now, seconds := catest.Now(), big.NewInt(catest.Now().Unix())
	next := func(n *big.Int) *big.Int { return new(big.Int).Add(n, big.NewInt(1)) }
	numbered := func(n *big.Int) *x509.RevocationList { return root.sign(t, ca.CRLOptions{Number: n}) }
	huge := new(big.Int).Lsh(big.NewInt(1), 150)
	tests := map[string]struct {
		last       *x509.RevocationList
		given      ca.CRLOptions
		wantNumber *big.Int
		wantUpdate time.Time
		wantOld    int // carried entries
	}{
		"the first one is for the life of the CA":   {nil, ca.CRLOptions{}, seconds, time.Time{}, 0},
		"the first one with a next update":          {nil, ca.CRLOptions{NextUpdate: now.Add(day)}, seconds, now.Add(day), 0},
		"after one for the life of the CA":          {root.crl(t, 1), ca.CRLOptions{}, seconds, time.Time{}, 0},
		"after one with the number of this second":  {numbered(seconds), ca.CRLOptions{}, next(seconds), time.Time{}, 0},
		"after one with a higher number":            {numbered(huge), ca.CRLOptions{}, next(huge), time.Time{}, 0},
		"what was revoked stays revoked":            {root.crl(t, 1, east.cert(), west.cert()), ca.CRLOptions{}, seconds, time.Time{}, 2},
		"after a short one for the same time":       {root.crlFor(t, 6, 9*day), ca.CRLOptions{}, seconds, now.Add(9 * day), 0},
		"a next update that is given wins":          {root.crlFor(t, 6, 9*day), ca.CRLOptions{NextUpdate: now.Add(day)}, seconds, now.Add(day), 0},
		"after one that would outlive the CA again": {root.crlFor(t, 700, 3000*day), ca.CRLOptions{}, seconds, time.Time{}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := record(t, "", tt.last, root.cert())
			o := tt.given
			o.Carried, o.Revoked = entries(north.cert()), entries(south.cert())
			got := a.NextCRL(o, now)
			if got.Number.Cmp(tt.wantNumber) != 0 || !got.NextUpdate.Equal(tt.wantUpdate) {
				t.Errorf("number %d and next update %s, want %d and %s", got.Number, got.NextUpdate, tt.wantNumber, tt.wantUpdate)
			}
			if len(got.Carried) != tt.wantOld+1 || got.Carried[tt.wantOld].SerialNumber.Cmp(north.cert().SerialNumber) != 0 || len(got.Revoked) != 1 {
				t.Errorf("%d entries are carried, want %d and the new one last", len(got.Carried), tt.wantOld)
			}
			if a.CRL() != tt.last {
				t.Error("NextCRL has changed the CA")
			}
			list := root.sign(t, got)
			a.SetCRL(list)
			if a.CRL() != list || a.NextCRL(ca.CRLOptions{}, now).Number.Cmp(next(list.Number)) != 0 {
				t.Errorf("the CRL after number %d has the number %d", list.Number, a.NextCRL(ca.CRLOptions{}, now).Number)
			}
		})
	}
}

func TestSetCRL_RevokesAndChanges(t *testing.T) {
	t.Parallel()
	m, certs := eastAndWest(t, false, []intermediate{{key: "a", days: 10}})
	issuer := signer{"root", m.Issuing}
	m.Issuer().SetCRL(issuer.crl(t, 2, certs["a"]))
	if !m.IsRevoked(m.CA(certs["a"])) {
		t.Error("the CA is not revoked")
	}
	if diff := cmp.Diff([]*mesh.CA{m.Issuer()}, m.Changed(), sameCA); diff != "" {
		t.Errorf("changed CAs (-want +got):\n%s", diff)
	}
}

func TestSignsCRLs(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root").cert()
	mutate := func(change func(*x509.Certificate)) *x509.Certificate {
		return catest.Mutate(t, root, root, catest.Key("root"), catest.Mutation{Cert: change})
	}
	unidentified := *root // crypto/x509 adds the identifier to what it signs
	unidentified.SubjectKeyId = nil
	for name, tt := range map[string]struct {
		cert *x509.Certificate
		want bool
	}{
		"a CA of ours":                {root, true},
		"a CA without an identifier":  {&unidentified, false},
		"a CA without the key usage":  {mutate(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }), false},
		"a CA with another rule lost": {mutate(func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Second) }), true},
	} {
		if got := mesh.SignsCRLs(tt.cert); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}

func TestSummarizeCRL(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	list := root.sign(t, ca.CRLOptions{Number: big.NewInt(7), NextUpdate: catest.Now().Add(day), Revoked: entries(root.cluster(t, "east").cert())})
	want := mesh.CRLSummary{Number: big.NewInt(7), ThisUpdate: catest.Now().Add(-ca.Backdate), NextUpdate: catest.Now().Add(day), Revoked: 1}
	if diff := cmp.Diff(want, mesh.SummarizeCRL(list), bigInts); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if got := mesh.SummarizeCRL(&x509.RevocationList{}).Number; got == nil || got.Sign() != 0 {
		t.Errorf("the number of a CRL without one is %v, want 0", got)
	}
}
