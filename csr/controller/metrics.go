package controller

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trustgen/trustgen/issuer"
)

// requestMetrics count the results of requests by signer.
type requestMetrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refusals *prometheus.CounterVec
}

func newRequestMetrics(r prometheus.Registerer) (*requestMetrics, error) {
	m := &requestMetrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trustgen_attempts_total",
			Help: "Attempts to obtain a certificate, by signer and result: issued or refused; failed or pending, which are repeated; abandoned, since the request was deleted.",
		}, []string{"signer", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "trustgen_attempt_duration_seconds",
			Help:    "Duration of attempts to obtain a certificate, by signer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}, []string{"signer"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trustgen_refusals_total",
			Help: "Requests that were refused for good, by signer and reason.",
		}, []string{"signer", "reason"}),
	}
	var errs [3]error
	m.attempts, errs[0] = registered(r, m.attempts)
	m.duration, errs[1] = registered(r, m.duration)
	m.refusals, errs[2] = registered(r, m.refusals)
	return m, errors.Join(errs[:]...)
}

// result is the result of an attempt.
type result string

const (
	resultIssued    result = "issued"
	resultRefused   result = "refused"
	resultPending   result = "pending"
	resultFailed    result = "failed"
	resultAbandoned result = "abandoned"
)

func resultOf(ctx context.Context, err error) result {
	if err == nil {
		return resultIssued
	}
	if _, refused := errors.AsType[*refusedError](err); refused {
		return resultRefused
	}
	if errors.Is(context.Cause(ctx), errDeleted) {
		return resultAbandoned
	}
	if _, pending := errors.AsType[*issuer.PendingError](err); pending {
		return resultPending
	}
	return resultFailed
}

func (m *requestMetrics) observe(key issuerKey, took time.Duration, r result) {
	m.attempts.WithLabelValues(key.signerName(), string(r)).Inc()
	m.duration.WithLabelValues(key.signerName()).Observe(took.Seconds())
}

func (m *requestMetrics) refused(key issuerKey, reason string) {
	m.refusals.WithLabelValues(key.signerName(), reason).Inc()
}

// issuerMetrics show the state of issuers.
type issuerMetrics struct {
	ready    *prometheus.GaugeVec
	notAfter *prometheus.GaugeVec
}

func newIssuerMetrics(r prometheus.Registerer) (*issuerMetrics, error) {
	m := &issuerMetrics{
		ready: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "trustgen_issuer_ready",
			Help: "Whether an issuer is ready, by signer.",
		}, []string{"signer"}),
		notAfter: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "trustgen_issuer_ca_not_after_timestamp_seconds",
			Help: "End of the certificate of the CA of an issuer, by signer.",
		}, []string{"signer"}),
	}
	var errs [2]error
	m.ready, errs[0] = registered(r, m.ready)
	m.notAfter, errs[1] = registered(r, m.notAfter)
	return m, errors.Join(errs[:]...)
}

func (m *issuerMetrics) observe(key issuerKey, state readyState, active *activeIssuer) {
	ready := 0.0
	if state.ready {
		ready = 1
	}
	m.ready.WithLabelValues(key.signerName()).Set(ready)
	if cert := active.certificate(); cert != nil {
		m.notAfter.WithLabelValues(key.signerName()).Set(float64(cert.NotAfter.Unix()))
	} else {
		m.notAfter.DeleteLabelValues(key.signerName())
	}
}

func (m *issuerMetrics) forget(key issuerKey) {
	m.ready.DeleteLabelValues(key.signerName())
	m.notAfter.DeleteLabelValues(key.signerName())
}

// registered registers a collector, or returns the one that another controller of this
// process has registered.
func registered[C prometheus.Collector](r prometheus.Registerer, c C) (C, error) {
	err := r.Register(c)
	if known, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := known.ExistingCollector.(C); ok {
			return same, nil
		}
	}
	return c, err
}
