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

// history is what has become of the requests of a cluster, those that are deleted
// included.
type history struct {
	mu      sync.Mutex
	latest  map[types.UID]*certificatesv1.CertificateSigningRequest
	deleted map[types.UID]bool
	wrong   []string
}

func newHistory() *history {
	return &history{latest: make(map[types.UID]*certificatesv1.CertificateSigningRequest), deleted: make(map[types.UID]bool)}
}

// watchRequests follows the requests of a cluster until t ends, whatever its API server
// goes through.
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

// see notes an event, and what must never happen.
func (h *history) see(what string, object json.RawMessage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &certificatesv1.CertificateSigningRequest{}
	if err := json.Unmarshal(object, r); err != nil || r.UID == "" {
		h.wrong = append(h.wrong, fmt.Sprintf("the event %s of %s: %v", what, object, err))
		return
	}
	if before := h.latest[r.UID]; before != nil && len(before.Status.Certificate) > 0 && !bytes.Equal(before.Status.Certificate, r.Status.Certificate) {
		h.wrong = append(h.wrong, r.Name+" has another certificate than before")
	}
	h.latest[r.UID] = r
	h.deleted[r.UID] = what == "DELETED"
}

// requests are those that fit, sorted by name.
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

// named is the latest of the request with that name, or nil.
func (h *history) named(name string) *certificatesv1.CertificateSigningRequest {
	for _, r := range h.requests(func(r *certificatesv1.CertificateSigningRequest) bool { return r.Name == name }) {
		return r
	}
	return nil
}

// isDeleted reports whether the request with that name is gone.
func (h *history) isDeleted(name string) bool {
	r := h.named(name)
	if r == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.deleted[r.UID]
}

// settled waits until nothing more becomes of a request.
func (h *history) settled(ctx context.Context, name string) (*certificatesv1.CertificateSigningRequest, error) {
	var r *certificatesv1.CertificateSigningRequest
	err := poll.Until(ctx, func(context.Context) error {
		r = h.named(name)
		if r == nil || len(r.Status.Certificate) == 0 && condition(r, certificatesv1.CertificateFailed) == nil && condition(r, certificatesv1.CertificateDenied) == nil {
			return errors.New("it is not settled")
		}
		return nil
	})
	return r, err
}

// mustSettle is settled, or fails t.
func mustSettle(ctx context.Context, t *testing.T, h *history, name string) *certificatesv1.CertificateSigningRequest {
	t.Helper()
	r, err := h.settled(ctx, name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

// check reports what must never happen.
func (h *history) check(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, wrong := range h.wrong {
		t.Error(wrong)
	}
}

// The API server itself refuses to change a certificate, so no real one can show that
// this would be seen.
func TestHistory_DetectsChangedCertificate(t *testing.T) {
	t.Parallel()
	h := newHistory()
	for _, certificate := range []string{"", "b25l", "b25l", "dHdv"} {
		h.see("MODIFIED", json.RawMessage(`{"metadata":{"name":"a","uid":"1"},"status":{"certificate":"`+certificate+`"}}`))
	}
	if len(h.wrong) != 1 {
		t.Errorf("a history with two certificates of one request finds %q", h.wrong)
	}
}
