package controller

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trustgen/trustgen/issuer"
)

// requestMetrics count what becomes of requests, by the name of the signer.
type requestMetrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refusals *prometheus.CounterVec
}

func newRequestMetrics(r prometheus.Registerer) (*requestMetrics, error) {
	m := &requestMetrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trustgen_attempts_total",
			Help: "Attempts to obtain a certificate, by signer and result: issued or refused; failed or pending, which are tried again; abandoned, since nobody waits.",
		}, []string{"signer", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "trustgen_attempt_duration_seconds",
			Help:    "How long an attempt to obtain a certificate took, by signer.",
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

// result is what an attempt came to.
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

func (m *requestMetrics) asked(key issuerKey, took time.Duration, r result) {
	m.attempts.WithLabelValues(key.signerName(), string(r)).Inc()
	m.duration.WithLabelValues(key.signerName()).Observe(took.Seconds())
}

func (m *requestMetrics) refused(key issuerKey, reason string) {
	m.refusals.WithLabelValues(key.signerName(), reason).Inc()
}

// issuerMetrics tell how issuers stand.
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
			Help: "When the CA of an issuer ends, by signer.",
		}, []string{"signer"}),
	}
	var errs [2]error
	m.ready, errs[0] = registered(r, m.ready)
	m.notAfter, errs[1] = registered(r, m.notAfter)
	return m, errors.Join(errs[:]...)
}

func (m *issuerMetrics) observe(key issuerKey, v verdict, s *serving) {
	ready := 0.0
	if v.ready {
		ready = 1
	}
	m.ready.WithLabelValues(key.signerName()).Set(ready)
	if cert := s.certificate(); cert != nil {
		m.notAfter.WithLabelValues(key.signerName()).Set(float64(cert.NotAfter.Unix()))
	} else {
		m.notAfter.DeleteLabelValues(key.signerName())
	}
}

func (m *issuerMetrics) forget(key issuerKey) {
	m.ready.DeleteLabelValues(key.signerName())
	m.notAfter.DeleteLabelValues(key.signerName())
}

// registered is a collector, or the same one of another controller in this process.
func registered[C prometheus.Collector](r prometheus.Registerer, c C) (C, error) {
	err := r.Register(c)
	if known, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := known.ExistingCollector.(C); ok {
			return same, nil
		}
	}
	return c, err
}
