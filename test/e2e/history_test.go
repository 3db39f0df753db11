package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/poll"
)

// history records the states of all requests of a cluster, including deleted ones.
type history struct {
	mu      sync.Mutex
	latest  map[types.UID]*certificatesv1.CertificateSigningRequest
	deleted map[types.UID]bool
	wrong   []string
}

func newHistory() *history {
	return &history{latest: make(map[types.UID]*certificatesv1.CertificateSigningRequest), deleted: make(map[types.UID]bool)}
}

// watchRequests records the requests of a cluster until t ends, across restarts of its API
// server.
func watchRequests(t *testing.T, c *cluster.Cluster) *history {
	t.Helper()
	h := newHistory()
	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		_ = poll.Until(ctx, func(ctx context.Context) error { return c.Watch(ctx, requestsPath, h.see) })
	})
	t.Cleanup(func() { stop(); watching.Wait() })
	return h
}

// see records an event, and any violation of what must hold.
func (h *history) see(what string, object json.RawMessage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &certificatesv1.CertificateSigningRequest{}
	if err := json.Unmarshal(object, r); err != nil || r.UID == "" {
		h.wrong = append(h.wrong, fmt.Sprintf("event %s of %s: %v", what, object, err))
		return
	}
	if before := h.latest[r.UID]; before != nil && len(before.Status.Certificate) > 0 && !bytes.Equal(before.Status.Certificate, r.Status.Certificate) {
		h.wrong = append(h.wrong, "the certificate of "+r.Name+" has changed")
	}
	h.latest[r.UID] = r
	h.deleted[r.UID] = what == "DELETED"
}

// requests are those that match, sorted by name.
func (h *history) requests(fits func(*certificatesv1.CertificateSigningRequest) bool) []*certificatesv1.CertificateSigningRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.SortedFunc(func(yield func(*certificatesv1.CertificateSigningRequest) bool) {
		for r := range maps.Values(h.latest) {
			if fits(r) && !yield(r) {
				return
			}
		}
	}, func(a, b *certificatesv1.CertificateSigningRequest) int {
		return bytes.Compare([]byte(a.Name), []byte(b.Name))
	})
}

// named is the latest state of the request with that name, or nil.
func (h *history) named(name string) *certificatesv1.CertificateSigningRequest {
	for _, r := range h.requests(func(r *certificatesv1.CertificateSigningRequest) bool { return r.Name == name }) {
		return r
	}
	return nil
}

// isDeleted reports whether the request with that name is deleted.
func (h *history) isDeleted(name string) bool {
	r := h.named(name)
	if r == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.deleted[r.UID]
}

// settled waits until a request has a certificate, failed or was denied.
func (h *history) settled(ctx context.Context, name string) (*certificatesv1.CertificateSigningRequest, error) {
	var r *certificatesv1.CertificateSigningRequest
	err := poll.Until(ctx, func(context.Context) error {
		r = h.named(name)
		if r == nil || len(r.Status.Certificate) == 0 && condition(r, certificatesv1.CertificateFailed) == nil && condition(r, certificatesv1.CertificateDenied) == nil {
			return errors.New("not settled yet")
		}
		return nil
	})
	return r, err
}

// mustSettle is settled, and fails t on an error.
func mustSettle(ctx context.Context, t *testing.T, h *history, name string) *certificatesv1.CertificateSigningRequest {
	t.Helper()
	r, err := h.settled(ctx, name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

// check reports the violations.
func (h *history) check(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, wrong := range h.wrong {
		t.Error(wrong)
	}
}

// The API server refuses to change a certificate, so no other test shows that a history detects
// it.
func TestHistory_DetectsChangedCertificate(t *testing.T) {
	t.Parallel()
	h := newHistory()
	for _, certificate := range []string{"", "b25l", "b25l", "dHdv"} {
		h.see("MODIFIED", json.RawMessage(`{"metadata":{"name":"a","uid":"1"},"status":{"certificate":"`+certificate+`"}}`))
	}
	if len(h.wrong) != 1 {
		t.Errorf("for two certificates of one request the history reports %q", h.wrong)
	}
}
