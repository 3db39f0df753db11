package fabric_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// step is one action of a person, some time after the last one.
type step struct {
	verb    string
	cluster string
	after   time.Duration
}

func (s step) String() string { return fmt.Sprintf("after %s: %s %s", s.after, s.verb, s.cluster) }

// The verbs, and the clusters that each can be about: local ones, whose keys are in the directory
// of the root, remote ones, whose keys are in another directory, or both.
var (
	localClusters  = []string{"east", "west", "north"}
	remoteClusters = []string{"south", "central"}
	allClusters    = slices.Concat(localClusters, remoteClusters)
	verbs          = []struct {
		verb     string
		clusters []string
	}{
		{"ensure", localClusters}, {"ensure briefly", localClusters}, {"renew", localClusters},
		{"install", remoteClusters}, {"install", remoteClusters},
		{"revoke", allClusters}, {"revoke", localClusters}, {"revoke now", allClusters},
		{"finish", allClusters}, {"finish", allClusters},
		{"retire", allClusters}, {"retire and revoke", allClusters},
		{"refresh", nil}, {"refresh for a while", nil},
		{"copy", nil}, {"restore a copy", nil}, {"restore a copy", nil},
		{"install from a copy", remoteClusters}, {"install from a copy", remoteClusters},
		{"cross-sign", nil}, {"renew foreign", nil}, {"revoke foreign", nil},
		{"exchange", nil}, {"exchange", nil}, {"exchange", nil}, {"wait", nil},
	}
)

// tally counts how often each verb had an effect in several histories.
type tally struct {
	mu    sync.Mutex
	times map[string]int
}

func (y *tally) add(did map[string]int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.times == nil {
		y.times = make(map[string]int)
	}
	for verb, n := range did {
		y.times[verb] += n
	}
}

// randomSteps are always the same for a seed.
func randomSteps(seed int) []step {
	steps := make([]step, historyLength)
	for i := range steps {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", seed, i))
		draw := func(n, of int) int { return int(binary.BigEndian.Uint32(sum[4*n:]) % uint32(of)) }
		v := verbs[draw(0, len(verbs))]
		steps[i] = step{verb: v.verb, after: time.Duration(1+draw(1, 7200)) * time.Second}
		if len(v.clusters) > 0 {
			steps[i].cluster = v.clusters[draw(2, len(v.clusters))]
		}
		if v.verb == "wait" {
			steps[i].after = time.Duration(1+draw(1, 25)) * day
		}
	}
	return steps
}

// shrink leaves out the steps that a failure does not need.
func shrink(t *testing.T, steps []step, err error) ([]step, error) {
	for size := len(steps) / 2; size > 0; size /= 2 {
		for i := 0; i+size <= len(steps); {
			fewer := slices.Concat(steps[:i], steps[i+size:])
			if again := newHistory(t).run(t, fewer); again != nil {
				steps, err = fewer, again
			} else {
				i += size
			}
		}
	}
	return steps, err
}
