package controller

import (
	"context"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trustgen/trustgen/issuer"
)

// metric adds up the values of a counter or gauge.
func metric(t *testing.T, r prometheus.Registerer, name string, labels ...string) float64 {
	t.Helper()
	gatherer, ok := r.(prometheus.Gatherer)
	if !ok {
		t.Fatalf("%T gathers nothing", r)
	}
	families, err := gatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, family := range families {
		for _, m := range family.GetMetric() {
			found := 0
			for _, label := range m.GetLabel() {
				for _, want := range labels {
					if label.GetValue() == want {
						found++
					}
				}
			}
			if family.GetName() == name && found == len(labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func TestResultOf(t *testing.T) {
	deleted, cancel := context.WithCancelCause(t.Context())
	cancel(errDeleted)
	tests := []struct {
		name    string
		deleted bool
		err     error
		want    result
	}{
		{"a certificate", false, nil, resultIssued},
		{"a refusal", false, refuse("Reason", "message"), resultRefused},
		{"a certificate that is to come", false, &issuer.PendingError{Err: errors.New("wait")}, resultPending},
		{"a failure", false, errors.New("away"), resultFailed},
		{"a request that was deleted", true, context.Canceled, resultAbandoned},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx := t.Context()
			if test.deleted {
				ctx = deleted
			}
			if got := resultOf(ctx, test.err); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestMetrics_AreSharedByControllers(t *testing.T) {
	r := prometheus.NewRegistry()
	for range 2 {
		requests, err := newRequestMetrics(r)
		if err != nil {
			t.Fatal(err)
		}
		requests.refused(issuerKey{name: "mesh"}, "Reason")
		if _, err := newIssuerMetrics(r); err != nil {
			t.Fatal(err)
		}
	}
	if got := metric(t, r, "trustgen_refusals_total", meshSigner, "Reason"); got != 2 {
		t.Errorf("counted %v, want 2", got)
	}
	other := prometheus.NewRegistry()
	other.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "trustgen_issuer_ready", Help: "Somebody else's."}))
	if _, err := newIssuerMetrics(other); err == nil {
		t.Error("it shares a different metric")
	}
}
