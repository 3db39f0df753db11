package mesh_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestIntermediateEnd(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	now, rootEnd := catest.Now(), root.cert().NotAfter
	tests := map[string]struct {
		before    time.Duration // how long before the end of the issuer it is issued
		requested time.Time
		want      time.Time
		wantErr   bool
	}{
		"a year from now":                              {rootEnd.Sub(now), time.Time{}, now.Add(ca.DefaultIntermediateLifetime), false},
		"a year before the end of the issuer":          {ca.DefaultIntermediateLifetime, time.Time{}, rootEnd, false},
		"a month before the end of the issuer":         {30 * day, time.Time{}, rootEnd, false},
		"a day before the end of the issuer":           {day, time.Time{}, rootEnd, false},
		"a second less than a day before it":           {day - time.Second, time.Time{}, time.Time{}, true},
		"a requested end":                              {rootEnd.Sub(now), now.Add(day), now.Add(day), false},
		"a requested end is not cut to the issuer's":   {30 * day, rootEnd.Add(day), rootEnd.Add(day), false},
		"a requested end does not need a day or more":  {time.Hour, rootEnd.Add(-time.Minute), rootEnd.Add(-time.Minute), false},
		"a requested end in the past is not corrected": {30 * day, now.Add(-day), now.Add(-day), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mesh.New(contents(root), rootEnd.Add(-tt.before))
			got, err := m.IntermediateEnd(tt.requested)
			if lifetime, ok := errors.AsType[*ca.LifetimeError](err); ok != tt.wantErr || ok && !lifetime.Longest.Equal(rootEnd) {
				t.Errorf("error %v, want a LifetimeError: %t", err, tt.wantErr)
			}
			if !got.Equal(tt.want) {
				t.Errorf("end %s, want %s", got, tt.want)
			}
		})
	}
}

func TestKeyTypeBelow(t *testing.T) {
	t.Parallel()
	rsaKey := func(bits uint) *rsa.PublicKey {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
	}
	tests := map[string]struct {
		key     crypto.PublicKey
		want    ca.KeyType
		wantErr string
	}{
		"P-256":                        {catest.Key("a").Public(), ca.P256, ""},
		"P-384":                        {catest.KeyP384("a").Public(), ca.P384, ""},
		"RSA of 2048 bits":             {rsaKey(2048), ca.RSA3072, ""},
		"RSA of 3072 bits":             {rsaKey(3072), ca.RSA3072, ""},
		"RSA of 4096 bits":             {rsaKey(4096), ca.RSA4096, ""},
		"RSA of 8192 bits":             {rsaKey(8192), ca.RSA3072, ""},
		"Ed25519, which no CA may use": {ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public(), "", "Ed25519"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := mesh.KeyTypeBelow(&x509.Certificate{PublicKey: tt.key})
			if got != tt.want || (err != nil) != (tt.wantErr != "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("key type %q and error %v, want %q and %q", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestCheckRequestKey(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		all          []intermediate
		cluster, key string
		subject      string // empty for one that is new
		want         string // the key of the CA that has it
		wantErr      string // the text of an ErrKeyInUse
	}{
		"a new key": {nil, "east", "new", "", "", ""},
		"the key of a live intermediate of the cluster": {[]intermediate{{key: "a", days: 10}}, "east", "a", "", "a", ""},
		"the key of another cluster":                    {nil, "east", "west", "", "", ", an intermediate of cluster west"},
		"the key of the root":                           {nil, "east", "root", "", "", ", which is not an intermediate of a cluster"},
		"a retired key":                                 {[]intermediate{{key: "a", days: 10, retired: true}}, "east", "a", "", "", " has it, and left the mesh"},
		"a revoked key":                                 {[]intermediate{{key: "a", days: 10, revoked: true}}, "east", "a", "", "", " has it, and is revoked"},
		"a key that is going to be revoked":             {[]intermediate{{key: "a", days: 10, pending: true}}, "east", "a", "", "", " has it, and is revoked"},
		"the key of an expired intermediate":            {[]intermediate{{key: "a", days: 400}}, "east", "a", "", "", " had it, and expired at 2025-11-28T"},
		"a key whose tag is that of another key":        {[]intermediate{{key: "a", days: 10}}, "east", "new", "a", "", "its tag is that of another key, east "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, certs := eastAndWest(t, false, tt.all)
			subject := "north 123456"
			if tt.subject != "" {
				subject = certs[tt.subject].Subject.CommonName
			}
			a, err := m.CheckRequestKey(tt.cluster, subject, catest.Key(tt.key).Public())
			if (a != nil) != (tt.want != "") || a != nil && !a.Has(certs[tt.want]) {
				t.Errorf("CA %+v, want that of %q", a, tt.want)
			}
			if errors.Is(err, mesh.ErrKeyInUse) != (tt.wantErr != "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("error %v, want an ErrKeyInUse with %q", err, tt.wantErr)
			}
		})
	}
}

func TestCrossCertificate(t *testing.T) {
	t.Parallel()
	root, other := newRoot(t, "root"), newRoot(t, "other")
	const domain = "other.example.com"
	end := catest.Now().Add(30 * day)
	sign := func(s signer, o ca.CrossSignOptions) *x509.Certificate {
		return catest.Must(s.at(t, 0).CrossSign(other.cert(), o))(t)
	}
	foreign := &ca.ForeignMesh{TrustDomain: domain, OwnTrustDomain: "mesh.example.com"}
	limited := sign(root, ca.CrossSignOptions{NotAfter: end, Foreign: foreign})
	open := sign(root, ca.CrossSignOptions{})
	elsewhere := newRoot(t, "elsewhere")
	tests := map[string]struct {
		cluster string
		certs   []*x509.Certificate
		domain  string
		end     time.Time
		now     time.Duration
		want    *x509.Certificate
	}{
		"one for the trust domain":           {certs: []*x509.Certificate{limited}, domain: domain, want: limited},
		"one with the end":                   {certs: []*x509.Certificate{limited}, domain: domain, end: end.Add(time.Millisecond), want: limited},
		"one with another end":               {certs: []*x509.Certificate{limited}, domain: domain, end: end.Add(time.Second)},
		"one for another trust domain":       {certs: []*x509.Certificate{limited}, domain: "third.example.com"},
		"one for a trust domain, for all":    {certs: []*x509.Certificate{limited}},
		"one for all, for a trust domain":    {certs: []*x509.Certificate{open}, domain: domain},
		"one for all":                        {certs: []*x509.Certificate{open}, want: open},
		"the one that fits of two":           {certs: []*x509.Certificate{open, limited}, domain: domain, want: limited},
		"one that has expired":               {certs: []*x509.Certificate{limited}, domain: domain, now: 30 * day},
		"one that another root signed":       {certs: []*x509.Certificate{sign(elsewhere, ca.CrossSignOptions{})}},
		"the root itself, which is not it":   {certs: other.chain},
		"the intermediate of a cluster":      {cluster: "east", certs: []*x509.Certificate{open}},
		"no certificate of the root's key":   {},
		"the end of one that has no such TD": {certs: []*x509.Certificate{limited}, end: end},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := contents(root)
			if len(tt.certs) > 0 {
				c.Recorded = []*mesh.CA{record(t, tt.cluster, nil, tt.certs...)}
			}
			got := mesh.New(c, catest.Now().Add(tt.now)).CrossCertificate(other.cert(), tt.domain, tt.end)
			if diff := cmp.Diff(tt.want, got, catest.Identical()); diff != "" && (tt.want == nil || got == nil || !got.Equal(tt.want)) {
				t.Errorf("cross-certificate %v, want %v", got, tt.want)
			}
		})
	}
	if got := newMesh(contents(root)).CrossCertificate(root.cert(), "", time.Time{}); got != nil {
		t.Errorf("the root is its own cross-certificate: %s", ca.Describe(got))
	}
}
