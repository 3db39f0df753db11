package view

import (
	"cmp"
	"io"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// Issuers is the result of issuers.
type Issuers struct {
	Issuers []Issuer `json:"issuers"`
}

// Issuer is an issuer of the cluster. Namespace is that of a TrustIssuer.
type Issuer struct {
	Kind      string                 `json:"kind"`
	Namespace string                 `json:"namespace,omitempty"`
	Name      string                 `json:"name"`
	Backend   string                 `json:"backend"`
	Ready     metav1.ConditionStatus `json:"ready"`
	Reason    string                 `json:"reason"`
	Message   string                 `json:"message,omitempty"`
	CA        *v1alpha1.CAStatus     `json:"ca,omitempty"`
	// DaysLeft are the whole days until the CA ends, absent where its end is unknown.
	DaysLeft *int `json:"daysLeft,omitempty"`
}

// NewIssuers is the view of the issuers of a cluster at a time.
func NewIssuers(cluster []v1alpha1.TrustClusterIssuer, namespaced []v1alpha1.TrustIssuer, now time.Time) Issuers {
	result := Issuers{Issuers: []Issuer{}}
	for i := range cluster {
		o := &cluster[i]
		result.Issuers = append(result.Issuers, newIssuer(v1alpha1.KindTrustClusterIssuer, &o.ObjectMeta, &o.Spec, &o.Status, now))
	}
	for i := range namespaced {
		o := &namespaced[i]
		result.Issuers = append(result.Issuers, newIssuer(v1alpha1.KindTrustIssuer, &o.ObjectMeta, &o.Spec, &o.Status, now))
	}
	return result
}

// reasonNotSeen is the reason of an issuer whose present specification no controller has seen.
const reasonNotSeen = "NotSeenByController"

func newIssuer(kind string, m *metav1.ObjectMeta, spec *v1alpha1.IssuerSpec, status *v1alpha1.IssuerStatus, now time.Time) Issuer {
	e := Issuer{
		Kind: kind, Namespace: m.Namespace, Name: m.Name, Backend: backendName(&spec.Backend),
		Ready: metav1.ConditionUnknown, Reason: reasonNotSeen, CA: status.CA,
	}
	if ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady); ready != nil && ready.ObservedGeneration == m.Generation {
		e.Ready, e.Reason, e.Message = ready.Status, ready.Reason, ready.Message
	}
	if status.CA != nil {
		days := int(status.CA.NotAfter.Sub(now) / (24 * time.Hour))
		e.DaysLeft = &days
	}
	return e
}

// backendName is the field that is set. An API server accepts exactly one.
func backendName(b *v1alpha1.Backend) string {
	switch {
	case b.CA != nil:
		return "ca"
	case b.Ephemeral != nil:
		return "ephemeral"
	case b.CFSSL != nil:
		return "cfssl"
	}
	return ""
}

// Path is the name, after the namespace if there is one.
func (e *Issuer) Path() string {
	if e.Namespace == "" {
		return e.Name
	}
	return e.Namespace + "/" + e.Name
}

// Table implements [Result].
func (r Issuers) Table(w io.Writer) error {
	t := table{{"NAME", "KIND", "BACKEND", "READY", "REASON", "CA", "DAYS LEFT"}}
	for i := range r.Issuers {
		e := &r.Issuers[i]
		subject, days := "-", "-"
		if e.CA != nil {
			subject, days = e.CA.Subject, strconv.Itoa(*e.DaysLeft)
		}
		t.add(e.Path(), e.Kind, cmp.Or(e.Backend, "-"), string(e.Ready), e.Reason, subject, days)
	}
	return t.write(w)
}
