package controller

import (
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// announcements is the ConfigMap for announcements, with its initial data.
func announcements(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ours, Name: AnnouncementsName}, Data: data}
}

// public is the data of the ConfigMap for announcements.
func (a *api) public(t *testing.T) map[string]string {
	t.Helper()
	var there corev1.ConfigMap
	if err := a.Get(t.Context(), client.ObjectKeyFromObject(announcements(nil)), &there); err != nil {
		t.Fatal(err)
	}
	return there.Data
}

// announcement is a CA with its chain, CRL and announced text.
func announcement(t *testing.T, a *ca.Authority) (chain []*x509.Certificate, crl *x509.RevocationList, text string) {
	t.Helper()
	crl = catest.Must(a.CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t)
	chain = a.Chain()
	return chain, crl, string(ca.MarshalCertificates(chain[:len(chain)-1]...)) + string(ca.MarshalCRLs(crl))
}

func TestAnnounce_ChangesNothingElse(t *testing.T) {
	h := catest.New(t)
	east := h.Below(t, h.Root, catest.Key("east"), ca.IntermediateOptions{})
	west := h.Below(t, h.Root, catest.Key("west"), ca.IntermediateOptions{})
	_, _, eastern := announcement(t, east)
	chain, crl, western := announcement(t, west)
	end := chain[0].NotAfter
	for name, test := range map[string]struct {
		there map[string]string
		now   time.Time
		stays []string
	}{
		"an empty ConfigMap":                     {nil, catest.Now(), nil},
		"other CAs":                              {map[string]string{"mesh.1.pem": eastern}, catest.Now(), []string{"mesh.1.pem"}},
		"what is no CA":                          {map[string]string{"a": "", "b": "text", "c": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, end, []string{"a", "b", "c"}},
		"a CA in its last second":                {map[string]string{"mesh.1.pem": eastern}, end.Add(-time.Second), []string{"mesh.1.pem"}},
		"a CA that has ended":                    {map[string]string{"mesh.1.pem": eastern}, end, nil},
		"a CA that has ended, and what is no CA": {map[string]string{"mesh.1.pem": eastern, "b": "text"}, end, []string{"b"}},
	} {
		bubble(t, name, func(t *testing.T) {
			server := newAPI(t, announcements(test.there))
			a := announcer{reader: server, writer: server, namespace: ours, issuer: "payments.mesh", now: func() time.Time { return test.now }}
			if changed, err := a.Announce(t.Context(), chain, crl); err != nil || !changed {
				t.Fatalf("changed: %t, %v", changed, err)
			}
			want := map[string]string{a.key(chain[0]): western}
			for _, key := range test.stays {
				want[key] = test.there[key]
			}
			if diff := cmp.Diff(want, server.public(t)); diff != "" {
				t.Errorf("public (-want +got):\n%s", diff)
			}
			if key := a.key(chain[0]); !regexp.MustCompile(`^payments\.mesh\.[0-9a-f]{16}\.pem$`).MatchString(key) {
				t.Errorf("the key is %s", key)
			}
			if test.now.Equal(end) {
				return // it is its own turn to go
			}
			if changed, err := a.Announce(t.Context(), chain, crl); err != nil || changed || server.count("patch") != 1 {
				t.Errorf("again: changed: %t, %v, %d patches", changed, err, server.count("patch"))
			}
		})
	}
}

func TestAnnounce_RemovesExpiredCAs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := catest.New(t)
		chain, crl, western := announcement(t, h.Below(t, h.Root, catest.Key("west"), ca.IntermediateOptions{}))
		a := announcer{namespace: ours, issuer: "mesh", now: catest.Now}
		ended := catest.Mutate(t, chain[0], h.Root.Certificate(), h.RootKey, catest.Mutation{Cert: func(c *x509.Certificate) { c.NotAfter = catest.Now() }})
		server := newAPI(t, announcements(map[string]string{a.key(chain[0]): western, "mesh.1.pem": string(ca.MarshalCertificates(ended))}))
		a.reader, a.writer = server, server
		if changed, err := a.Announce(t.Context(), chain, crl); changed || err != nil {
			t.Errorf("changed: %t, %v", changed, err)
		}
		if diff := cmp.Diff(map[string]string{a.key(chain[0]): western}, server.public(t)); diff != "" {
			t.Errorf("public (-want +got):\n%s", diff)
		}
	})
}

func TestAnnounce_Fails(t *testing.T) {
	h := catest.New(t)
	chain, crl, _ := announcement(t, h.Below(t, h.Root, catest.Key("west"), ca.IntermediateOptions{}))
	for name, test := range map[string]struct {
		server *api
		verb   string
		want   string
	}{
		"without the ConfigMap":   {newAPI(t), "", "not found"},
		"which cannot be read":    {newAPI(t, announcements(nil)), "get", "away"},
		"which cannot be written": {newAPI(t, announcements(nil)), "patch", "away"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.verb != "" {
				test.server.failing(test.verb, errors.New("away"))
			}
			a := announcer{reader: test.server, writer: test.server, namespace: ours, issuer: "mesh", now: catest.Now}
			changed, err := a.Announce(t.Context(), chain, crl)
			if err == nil || changed {
				t.Fatalf("changed: %t, %v", changed, err)
			}
			contains(t, "the error", err.Error(), `the ConfigMap "trustgen-crls" in trustgen-system: `, test.want)
		})
	}
}

// newAgingEnv has an upstream with the clock of the environment.
func newAgingEnv(t *testing.T) (*issuerEnv, issuerKey, issuerKey) {
	t.Helper()
	f, key, upstream := newEphemeralEnv(t)
	root := catest.Must(ca.Load(f.h.RootKey, f.h.Root.Chain(), f.Now))(t)
	f.remote.Issuer = catest.Must(local.New(root, local.Options{Now: f.Now}))(t)
	return f, key, upstream
}

// newAnnouncingEnv has an issuer that announces its CAs for an hour. Its upstream is
// ready.
func newAnnouncingEnv(t *testing.T) (*issuerEnv, issuerKey) {
	t.Helper()
	f, key, upstream := newAgingEnv(t)
	f.put(t, announcements(nil))
	f.change(t, key, func(s *v1alpha1.IssuerSpec) { s.Ephemeral.Announce.Duration = time.Hour })
	f.reconcile(t, upstream)
	return f, key
}

// after sets the clock and reconciles an issuer.
func (f *issuerEnv) after(t *testing.T, elapsed time.Duration, key issuerKey) {
	t.Helper()
	f.clock = elapsed
	f.reconcile(t, key)
}

func TestRefresh_WaitsUntilAnAnnouncedCASigns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newAnnouncingEnv(t)
		for _, elapsed := range []time.Duration{0, time.Hour - time.Second} {
			f.after(t, elapsed, key)
			f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy, "is announced and signs from "+catest.Now().Add(time.Hour).Format(time.RFC3339))
			if f.registry.load(key) != nil || f.stored(t, key).status.CA != nil || len(f.api.public(t)) != 1 {
				t.Errorf("after %s it is active, or not announced: %v", elapsed, f.api.public(t))
			}
		}
		f.after(t, time.Hour, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady, "signs")
		first := f.registry.load(key).certificate()
		public := f.api.public(t)
		text := public[announcer{issuer: "mesh"}.key(first)]
		if certs := catest.Must(ca.ParseCertificates([]byte(strings.Split(text, "-----BEGIN X509 CRL")[0])))(t); len(public) != 1 || !certs[0].Equal(first) {
			t.Errorf("announced is %v", public)
		}

		f.after(t, 16*time.Hour+30*time.Minute, key) // another one waits now, whatever the jitter
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady, "signs")
		sameCA(t, f, key, first)
		if len(f.api.public(t)) != 2 {
			t.Errorf("announced is %v", f.api.public(t))
		}
		f.after(t, 18*time.Hour, key)
		if second := f.registry.load(key).certificate(); second.Equal(first) {
			t.Error("it was not renewed")
		}
		f.after(t, 25*time.Hour, key)
		if public := f.api.public(t); public[announcer{issuer: "mesh"}.key(first)] != "" {
			t.Error("what has ended is still announced")
		}
	})
}

// sameCA checks that a CA signs and is in the status and the metric.
func sameCA(t *testing.T, f *issuerEnv, key issuerKey, want *x509.Certificate) {
	t.Helper()
	if got := f.registry.load(key).certificate(); !got.Equal(want) {
		t.Errorf("%s signs, want %s", got.Subject, want.Subject)
	}
	if got := f.stored(t, key).status.CA; got == nil || got.Subject != ca.Describe(want) {
		t.Errorf("the status has the CA %v, want %s", got, ca.Describe(want))
	}
	if got := metric(t, f.Metrics, "trustgen_issuer_ca_not_after_timestamp_seconds", key.signerName()); got != float64(want.NotAfter.Unix()) {
		t.Errorf("the metric is %v", got)
	}
}

func TestRefresh_CAThatCannotBeAnnouncedDoesNotSign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newAnnouncingEnv(t)
		mend := f.api.failing("patch", errors.New("forbidden"))
		for _, elapsed := range []time.Duration{0, time.Hour, 2 * time.Hour} {
			f.after(t, elapsed, key)
			f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy, "has not been announced yet", `the ConfigMap "trustgen-crls"`, "forbidden")
		}
		mend()
		f.after(t, 3*time.Hour, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy, "is announced and signs from")
		f.after(t, 4*time.Hour, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		f.api.failing("patch", errors.New("forbidden"))
		f.after(t, 18*time.Hour+10*time.Minute, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady, "signs with the last CA", "forbidden")
	})
}

func TestReuse_ChangedPolicyKeepsTheAnnouncedCA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newAnnouncingEnv(t)
		f.after(t, 0, key)
		f.change(t, key, func(s *v1alpha1.IssuerSpec) { s.Policy.Rules = s.Policy.Rules[:1] }) // while the first one waits
		f.after(t, time.Hour, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		first := f.registry.load(key)
		f.change(t, key, func(s *v1alpha1.IssuerSpec) {
			s.Policy, s.Chain, s.Approval = meshPolicy(), v1alpha1.ChainWithoutRoot, v1alpha1.ApprovalAuto
		})
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		second := f.registry.load(key)
		if second == first || second.backend != first.backend || second.policy == first.policy || second.chain != v1alpha1.ChainWithoutRoot {
			t.Error("it has another CA, or still the old policy")
		}
		if len(f.api.public(t)) != 1 {
			t.Errorf("announced is %v", f.api.public(t))
		}
		other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
		f.change(t, key, func(s *v1alpha1.IssuerSpec) {
			s.TrustAnchors.PEM += string(ca.MarshalCertificates(other.Certificate()))
		})
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy, "is announced and signs from") // the specification of the CA has changed
	})
}

func TestRefresh_OldIssuerSignsWhileTheNewOneIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newAnnouncingEnv(t)
		f.after(t, 0, key)
		f.after(t, time.Hour, key)
		old := f.registry.load(key)
		f.change(t, key, func(s *v1alpha1.IssuerSpec) {
			s.Ephemeral.CommonName, s.Ephemeral.Lifetime.Duration, s.Ephemeral.Announce.Duration = "west", 100*time.Hour, 25*time.Hour
		})
		for elapsed := time.Hour; elapsed < 26*time.Hour; elapsed += time.Hour / 2 {
			f.after(t, elapsed, key)
			f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy, "is announced and signs from")
			if s := f.registry.load(key); s != old || !s.certificate().NotAfter.After(f.Now()) {
				t.Fatalf("after %s what signs ends at %s", elapsed, s.certificate().NotAfter)
			}
		}
		f.after(t, 26*time.Hour, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		if f.registry.load(key) == old {
			t.Error("the old one still signs")
		}
	})
}

func TestRefresh_InvalidChangeKeepsAnEphemeralCA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key, upstream := newAgingEnv(t)
		f.reconcile(t, upstream)
		f.reconcile(t, key)
		f.change(t, key, func(s *v1alpha1.IssuerSpec) { s.Policy.Rules[0].Name = "" })
		f.after(t, 18*time.Hour, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonInvalid)
		if end := f.registry.load(key).certificate().NotAfter; end.Before(catest.Now().Add(40 * time.Hour)) {
			t.Errorf("the CA that signs ends at %s", end)
		}
	})
}

func TestRefresh_TrustIssuerCannotAnnounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newIssuerEnv(t, v1alpha1.KindTrustIssuer)
		own := meshPolicy()
		own.Rules = own.Rules[:1]
		key := f.create(t, "shop", "mesh", v1alpha1.IssuerSpec{
			Backend: v1alpha1.Backend{Ephemeral: &v1alpha1.EphemeralBackend{
				IssuerRef: v1alpha1.IssuerReference{Name: "corporate"}, CommonName: "shop", Announce: metav1.Duration{Duration: time.Hour},
			}},
			Policy: own,
		})
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonInvalid, "ephemeral: announce: ", "only for a TrustClusterIssuer")
	})
}

func TestReadiness_WaitsForAnnouncedCAs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newAnnouncingEnv(t)
		r := &readiness{client: f.api, registry: f.registry}
		request := func() *http.Request {
			return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody)
		}
		for _, elapsed := range []time.Duration{0, time.Hour - time.Second} {
			f.after(t, elapsed, key)
			if err := r.check(request()); err == nil || !strings.Contains(err.Error(), "the issuer mesh announces its CA and does not sign yet") {
				t.Errorf("after %s the error is %v", elapsed, err)
			}
		}
		f.after(t, time.Hour, key)
		if err := r.check(request()); err != nil {
			t.Errorf("it is not ready: %v", err)
		}
		f.registry.remove(key)
		if err := r.check(request()); err != nil {
			t.Errorf("what happens later matters: %v", err)
		}
	})
}

func TestReadiness_WithoutAnnouncements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _, _ := newEphemeralEnv(t)
		r := &readiness{client: f.api, registry: f.registry}
		if err := r.check(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody)); err != nil {
			t.Error(err)
		}
	})
}
