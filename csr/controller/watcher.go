package controller

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// rewatch is how long to wait before a watch that has ended is begun again.
const rewatch = 2 * time.Second

// watcher tells when a Secret or ConfigMap that an issuer names has changed. Each is
// watched by its own name, and of it only the metadata: nothing is ever listed. It is a
// Runnable of a manager.
type watcher struct {
	client  client.WithWatch
	changed func(context.Context, issuerKey)

	mu      sync.Mutex
	follow  func(named) context.CancelFunc // nil before it is started, and after its end
	watches map[named]*watched
}

// watched is a source, and who uses it.
type watched struct {
	users map[issuerKey]bool
	stop  context.CancelFunc // nil as long as it is not followed
}

func newWatcher(c client.WithWatch, changed func(context.Context, issuerKey)) *watcher {
	return &watcher{client: c, changed: changed, watches: make(map[named]*watched)}
}

// Start implements manager.Runnable.
func (w *watcher) Start(ctx context.Context) error {
	var tasks sync.WaitGroup
	w.setFollow(func(of named) context.CancelFunc {
		ctx, stop := context.WithCancel(ctx)
		tasks.Go(func() { w.watch(ctx, of) })
		return stop
	})
	<-ctx.Done()
	w.setFollow(nil) // before the wait, since nothing may be added to it
	tasks.Wait()
	return nil
}

func (w *watcher) setFollow(follow func(named) context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.follow = follow
	for of, x := range w.watches {
		if follow != nil {
			x.stop = follow(of)
		} else {
			x.end()
		}
	}
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (w *watcher) NeedLeaderElection() bool { return false }

// use watches for an issuer exactly these sources from now on.
func (w *watcher) use(user issuerKey, all []named) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for of, x := range w.watches {
		if slices.Contains(all, of) {
			continue
		}
		delete(x.users, user)
		if len(x.users) == 0 {
			x.end()
			delete(w.watches, of)
		}
	}
	for _, of := range all {
		x := w.watches[of]
		if x == nil {
			x = &watched{users: make(map[issuerKey]bool)}
			if w.follow != nil {
				x.stop = w.follow(of)
			}
			w.watches[of] = x
		}
		x.users[user] = true
	}
}

func (x *watched) end() {
	if x.stop != nil {
		x.stop()
		x.stop = nil
	}
}

// watch goes on until its context ends. Each new watch begins with what is there, so
// that nothing is missed in between.
func (w *watcher) watch(ctx context.Context, of named) {
	wait.JitterUntilWithContext(ctx, func(ctx context.Context) {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: of.kind + "List"})
		events, err := w.client.Watch(ctx, list, client.InNamespace(of.namespace), client.MatchingFields{metav1.ObjectNameField: of.name})
		if err != nil { // tried again; meanwhile the issuer is looked at now and then
			log.FromContext(ctx).V(1).Info("no watch", "kind", of.kind, "namespace", of.namespace, "name", of.name, "cause", err.Error())
			return
		}
		defer events.Stop()
		w.drain(ctx, of, events.ResultChan())
	}, rewatch, 0.5, true)
}

func (w *watcher) drain(ctx context.Context, of named, events <-chan watch.Event) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-events:
			switch {
			case !open || e.Type == watch.Error:
				return
			case e.Type != watch.Bookmark:
				w.tell(ctx, of)
			}
		}
	}
}

func (w *watcher) tell(ctx context.Context, of named) {
	for _, user := range w.users(of) {
		w.changed(ctx, user)
	}
}

func (w *watcher) users(of named) []issuerKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.watches[of]
	if x == nil {
		return nil
	}
	return slices.SortedFunc(maps.Keys(x.users), func(a, b issuerKey) int { return strings.Compare(a.signerName(), b.signerName()) })
}
