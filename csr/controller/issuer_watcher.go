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

// rewatchInterval is the delay before a watch that has ended is started again.
const rewatchInterval = 2 * time.Second

// watcher reports changes of the Secrets and ConfigMaps that issuers refer to. Each object
// has a watch of its own, by name and for metadata only: nothing is ever listed. It is a
// Runnable of a manager.
type watcher struct {
	client  client.WithWatch
	changed func(context.Context, issuerKey)

	mu      sync.Mutex
	follow  func(objectRef) context.CancelFunc // nil before the start and after the end
	watches map[objectRef]*watched
}

// watched is an object and the issuers that refer to it.
type watched struct {
	users map[issuerKey]bool
	stop  context.CancelFunc // nil without a watch
}

func newWatcher(c client.WithWatch, changed func(context.Context, issuerKey)) *watcher {
	return &watcher{client: c, changed: changed, watches: make(map[objectRef]*watched)}
}

// Start implements manager.Runnable.
func (w *watcher) Start(ctx context.Context) error {
	var tasks sync.WaitGroup
	w.setFollow(func(ref objectRef) context.CancelFunc {
		ctx, stop := context.WithCancel(ctx)
		tasks.Go(func() { w.watch(ctx, ref) })
		return stop
	})
	<-ctx.Done()
	w.setFollow(nil) // before the wait, during which no task may be added
	tasks.Wait()
	return nil
}

func (w *watcher) setFollow(follow func(objectRef) context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.follow = follow
	for ref, x := range w.watches {
		if follow != nil {
			x.stop = follow(ref)
		} else {
			x.end()
		}
	}
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (w *watcher) NeedLeaderElection() bool { return false }

// use replaces the objects that are watched for an issuer.
func (w *watcher) use(user issuerKey, all []objectRef) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ref, x := range w.watches {
		if slices.Contains(all, ref) {
			continue
		}
		delete(x.users, user)
		if len(x.users) == 0 {
			x.end()
			delete(w.watches, ref)
		}
	}
	for _, ref := range all {
		x := w.watches[ref]
		if x == nil {
			x = &watched{users: make(map[issuerKey]bool)}
			if w.follow != nil {
				x.stop = w.follow(ref)
			}
			w.watches[ref] = x
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

// watch watches an object until the context ends. Each new watch begins with the current
// object, so that no change is missed in between.
func (w *watcher) watch(ctx context.Context, ref objectRef) {
	wait.JitterUntilWithContext(ctx, func(ctx context.Context) {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: ref.kind + "List"})
		events, err := w.client.Watch(ctx, list, client.InNamespace(ref.namespace), client.MatchingFields{metav1.ObjectNameField: ref.name})
		if err != nil { // retried; meanwhile the issuer is reconciled at its interval
			log.FromContext(ctx).V(1).Info("no watch", "kind", ref.kind, "namespace", ref.namespace, "name", ref.name, "cause", err.Error())
			return
		}
		defer events.Stop()
		w.drain(ctx, ref, events.ResultChan())
	}, rewatchInterval, 0.5, true)
}

func (w *watcher) drain(ctx context.Context, ref objectRef, events <-chan watch.Event) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-events:
			switch {
			case !open || e.Type == watch.Error:
				return
			case e.Type != watch.Bookmark:
				w.notify(ctx, ref)
			}
		}
	}
}

func (w *watcher) notify(ctx context.Context, ref objectRef) {
	for _, user := range w.users(ref) {
		w.changed(ctx, user)
	}
}

func (w *watcher) users(ref objectRef) []issuerKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.watches[ref]
	if x == nil {
		return nil
	}
	return slices.SortedFunc(maps.Keys(x.users), func(a, b issuerKey) int { return strings.Compare(a.signerName(), b.signerName()) })
}
