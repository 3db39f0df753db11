package controller

import (
	"time"

	"k8s.io/utils/lru"
)

// The bounds of the cache of refusals. pilot-agent repeats a refused request about five
// times within five minutes; a CA may accept it later.
const (
	maxCachedRefusals = 4096
	refusalLifetime   = 10 * time.Minute
)

// refusalCache remembers the requests that CAs have refused.
type refusalCache struct {
	cached *lru.Cache
	now    func() time.Time
}

type cachedRefusal struct {
	refused *refusedError
	until   time.Time
}

func newRefusalCache(now func() time.Time) *refusalCache {
	return &refusalCache{cached: lru.New(maxCachedRefusals), now: now}
}

// load returns nil if there is no refusal, or an old one only.
func (r *refusalCache) load(key string) *refusedError {
	found, _ := r.cached.Get(key)
	if c, ok := found.(cachedRefusal); ok && r.now().Before(c.until) {
		return c.refused
	}
	return nil
}

func (r *refusalCache) store(key string, refused *refusedError) {
	r.cached.Add(key, cachedRefusal{refused, r.now().Add(refusalLifetime)})
}
