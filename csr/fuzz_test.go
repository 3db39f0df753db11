package csr_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/csr/internal/corpus"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// authenticated is the requester that an API server would derive from a user name.
func authenticated(username string) csr.Requester {
	r := csr.Requester{Username: username, Groups: []string{"system:authenticated"}}
	if parts := strings.Split(username, ":"); len(parts) == 4 {
		r.Groups = append(r.Groups, "system:serviceaccounts", "system:serviceaccounts:"+parts[2])
	}
	return r
}

// FuzzEvaluate changes every part of a request, with the corpus as its seeds.
func FuzzEvaluate(f *testing.F) {
	for _, c := range readCorpus(f) {
		r := catest.Must(c.Request())(f)
		f.Add(r.CSR, strings.Join(r.Usages, ","), r.Requester.Username, int64(r.Lifetime), r.Names != nil)
	}
	all := oracles(f)
	f.Fuzz(func(t *testing.T, bytes []byte, usages, username string, lifetime int64, vouched bool) {
		r := csr.Request{
			Kind:      csr.KindCertificateSigningRequest,
			Requester: authenticated(username),
			CSR:       bytes,
			Lifetime:  time.Duration(lifetime),
		}
		if usages != "" {
			r.Usages = strings.Split(usages, ",")
		}
		if vouched {
			r.Kind, r.Names = csr.KindPodCertificateRequest, &csr.Names{URIs: []string{cartID}}
		}
		for i := range all {
			all[i].evaluate(t, r)
		}
	})
}

// FuzzNames puts any names into an otherwise valid CSR, and beside one.
func FuzzNames(f *testing.F) {
	for _, c := range readCorpus(f) {
		if c.Names != nil && len(c.Names.URIs) == 1 {
			f.Add(c.Names.URIs[0], "", "", "")
		}
	}
	f.Add(cartID, "", "", "")
	f.Add(cartID, "spiffe://cluster.local/ns/istio-system/sa/istiod", "", "")
	f.Add("spiffe://td.example.com/ns/kube-system/sa/default", "", "", "")
	f.Add("spiffe://Cluster.local:443/ns/sh%6fp//sa/../cart?#", "", "", "")
	f.Add("", "", "istiod.istio-system.svc", "")
	f.Add("", "", "istiod.istio-system.svc", "*.istio-system.svc")
	f.Add(cartID, "", "istiod.istio-system.svc.", "")
	all := oracles(f)
	f.Fuzz(func(t *testing.T, uri1, uri2, host1, host2 string) {
		names := &csr.Names{URIs: given(uri1, uri2), DNSNames: given(host1, host2)}
		requests := []csr.Request{
			{Kind: csr.KindCertificateSigningRequest, CSR: signedFor(t, names)},
			{Kind: csr.KindPodCertificateRequest, CSR: signedFor(t, &csr.Names{}), Names: names},
		}
		for _, r := range requests {
			r.Usages = []string{"server auth"}
			for _, r.Requester = range []csr.Requester{requester("shop", "cart"), requester("istio-system", "istiod")} {
				for i := range all {
					all[i].evaluate(t, r)
				}
			}
		}
	})
}

// FuzzContent puts any subject and any attributes into a correctly signed CSR.
func FuzzContent(f *testing.F) {
	for _, parts := range corpus.AllParts() {
		f.Add(parts.Subject, parts.Attributes)
	}
	all := oracles(f)
	f.Fuzz(func(t *testing.T, subject, attributes []byte) {
		r := csr.Request{
			Kind:   csr.KindCertificateSigningRequest,
			CSR:    corpus.Signed(subject, attributes),
			Usages: []string{"server auth"},
		}
		for _, r.Requester = range []csr.Requester{requester("shop", "cart"), requester("istio-system", "istiod")} {
			for i := range all {
				all[i].evaluate(t, r)
			}
		}
	})
}

// given leaves out empty names.
func given(names ...string) []string {
	var all []string
	for _, name := range names {
		if name != "" {
			all = append(all, name)
		}
	}
	return all
}

// signedFor makes a CSR with any bytes as names.
func signedFor(t testing.TB, names *csr.Names) []byte {
	t.Helper()
	var san []asn1.RawValue
	for _, uri := range names.URIs {
		san = append(san, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(uri)})
	}
	for _, host := range names.DNSNames {
		san = append(san, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte(host)})
	}
	return certificateRequest(t, &x509.CertificateRequest{ExtraExtensions: []pkix.Extension{{
		Id: catest.OIDSubjectAltName, Critical: true, Value: catest.Must(asn1.Marshal(san))(t),
	}}})
}

// FuzzPolicy requests exactly the names that a policy allows: under every valid policy they
// are granted.
func FuzzPolicy(f *testing.F) {
	f.Add("cluster.local", "shop", "cart", "istiod.istio-system.svc", int64(time.Hour))
	f.Add("td_1.example.com", "kube-system", "a.b", "1.2.3.4", int64(time.Minute))
	f.Add(".", "-", strings.Repeat("a", 253), strings.Repeat("a.", 126)+"a", int64(-1))
	f.Add("a..b", strings.Repeat("a", 63), "a..b", strings.Repeat("a", 64), int64(1<<62))
	ca, trusting := authority(f)
	f.Fuzz(func(t *testing.T, domain, namespace, account, host string, lifetime int64) {
		requesters := []v1alpha1.ServiceAccount{{Namespace: namespace, Name: account}}
		limit := metav1.Duration{Duration: time.Duration(lifetime)}
		spec := &v1alpha1.Policy{
			TrustDomains: []string{domain},
			Rules: []v1alpha1.PolicyRule{
				{Name: "identity", Requesters: requesters, Identities: v1alpha1.AnyIdentity, Namespaces: []string{namespace}, ServiceAccounts: []string{account}, MaxLifetime: limit},
				{Name: "server", Requesters: requesters, DNSNames: []string{host}, MaxLifetime: limit},
			},
		}
		policy, err := csr.NewPolicy(*spec)
		if err != nil || namespace == "*" || account == "*" {
			return
		}
		o := oracle{spec, policy, ca, trusting}
		r := csr.Request{
			Kind:      csr.KindPodCertificateRequest,
			Requester: requester(namespace, account),
			CSR:       signedFor(t, &csr.Names{}),
			Names:     &csr.Names{URIs: []string{"spiffe://" + domain + "/ns/" + namespace + "/sa/" + account}},
			Lifetime:  csr.MinLifetime,
		}
		if d := o.evaluate(t, r); d.Rule != "identity" {
			t.Errorf("an allowed request is refused: %s", d.Summary())
		}
		r.Names = &csr.Names{DNSNames: []string{host}}
		if d := o.evaluate(t, r); d.Rule != "server" {
			t.Errorf("an allowed request is refused: %s", d.Summary())
		}
	})
}
