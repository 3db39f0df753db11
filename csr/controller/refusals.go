package controller

import (
	"time"

	"k8s.io/utils/lru"
)

// What is remembered of what CAs have refused: an agent of Istio repeats a request that
// was refused some five times within five minutes. A CA may change its mind later.
const (
	rememberedRefusals = 4096
	refusalsFor        = 10 * time.Minute
)

// refusals remembers what CAs have refused.
type refusals struct {
	known *lru.Cache
	now   func() time.Time
}

type remembered struct {
	refused *refusedError
	until   time.Time
}

func newRefusals(now func() time.Time) *refusals {
	return &refusals{known: lru.New(rememberedRefusals), now: now}
}

// load returns nil for what is not known.
func (r *refusals) load(key string) *refusedError {
	found, _ := r.known.Get(key)
	if m, ok := found.(remembered); ok && r.now().Before(m.until) {
		return m.refused
	}
	return nil
}

func (r *refusals) store(key string, refused *refusedError) {
	r.known.Add(key, remembered{refused, r.now().Add(refusalsFor)})
}
