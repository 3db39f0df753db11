package controller

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// watchServer supports watches only: listing panics.
type watchServer struct {
	client.WithWatch
	mu    sync.Mutex
	fault error
	begun int
	open  map[objectRef]*watch.RaceFreeFakeWatcher
}

func (s *watchServer) Watch(_ context.Context, list client.ObjectList, options ...client.ListOption) (watch.Interface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
	if s.fault != nil {
		return nil, s.fault
	}
	metadata, ok := list.(*metav1.PartialObjectMetadataList)
	if !ok {
		return nil, errors.New("more than metadata is watched")
	}
	o := (&client.ListOptions{}).ApplyOptions(options)
	name, ok := o.FieldSelector.RequiresExactMatch(metav1.ObjectNameField)
	if !ok || o.Namespace == "" {
		return nil, errors.New("more than one object is watched")
	}
	w := watch.NewRaceFreeFake()
	s.open[objectRef{metadata.Kind[:len(metadata.Kind)-len("List")], o.Namespace, name}] = w
	return w, nil
}

func (s *watchServer) of(n objectRef) *watch.RaceFreeFakeWatcher {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[n]
}

type watcherEnv struct {
	*watcher
	server  *watchServer
	mu      sync.Mutex
	changes []string
}

func newWatcherEnv() *watcherEnv {
	w := &watcherEnv{server: &watchServer{open: make(map[objectRef]*watch.RaceFreeFakeWatcher)}}
	w.watcher = newWatcher(w.server, func(_ context.Context, key issuerKey) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changes = append(w.changes, key.String())
	})
	return w
}

func (w *watcherEnv) wants(t *testing.T, changes ...string) {
	t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.changes, changes) {
		t.Errorf("told %q, want %q", w.changes, changes)
	}
	w.changes = nil
}

func TestWatcher(t *testing.T) {
	secret, config := objectRef{kindSecret, ours, "s"}, objectRef{kindConfigMap, ours, "c"}
	mesh, other := issuerKey{name: "mesh"}, issuerKey{name: "other"}
	run := func(name string, test func(t *testing.T, w *watcherEnv, stop func())) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWatcherEnv()
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				w.use(mesh, []objectRef{secret}) // before it starts, since the issuers may be sooner
				go func() { done <- w.Start(ctx) }()
				synctest.Wait()
				test(t, w, cancel)
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
	run("a change is reported to all users of the object", func(t *testing.T, w *watcherEnv, _ func()) {
		w.use(mesh, []objectRef{secret, config})
		w.use(other, []objectRef{secret})
		synctest.Wait()
		w.server.of(secret).Add(&corev1.Secret{})
		w.wants(t, "mesh", "other")
		w.server.of(secret).Modify(&corev1.Secret{})
		w.wants(t, "mesh", "other")
		w.server.of(config).Delete(&corev1.ConfigMap{})
		w.wants(t, "mesh")
		w.server.of(secret).Action(watch.Bookmark, &corev1.Secret{})
		w.wants(t)
	})
	run("a change is not reported to a former user", func(t *testing.T, w *watcherEnv, _ func()) {
		w.use(other, []objectRef{secret})
		synctest.Wait()
		watching := w.server.of(secret)
		w.use(mesh, []objectRef{config})
		watching.Modify(&corev1.Secret{})
		w.wants(t, "other")
		w.use(other, nil)
		synctest.Wait()
		if !watching.IsStopped() || len(w.watches) != 1 {
			t.Error("it is watched without a user")
		}
		w.use(other, []objectRef{secret})
		synctest.Wait()
		w.server.of(secret).Modify(&corev1.Secret{})
		w.wants(t, "other")
	})
	run("a watch that ends is started again", func(t *testing.T, w *watcherEnv, _ func()) {
		first := w.server.of(secret)
		first.Stop()
		pass(2 * rewatchInterval)
		second := w.server.of(secret)
		if second == first {
			t.Fatal("it is not")
		}
		second.Error(&metav1.Status{Reason: metav1.StatusReasonExpired})
		pass(2 * rewatchInterval)
		if w.server.of(secret) == second || !second.IsStopped() {
			t.Error("it is not, after an error")
		}
		w.wants(t)
	})
	run("a watch that is refused is retried", func(t *testing.T, w *watcherEnv, _ func()) {
		w.server.mu.Lock()
		w.server.fault, w.server.begun = errors.New("forbidden"), 0
		w.server.mu.Unlock()
		w.use(mesh, []objectRef{config})
		pass(time.Minute)
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		if n := w.server.begun; n < 10 || n > 40 {
			t.Errorf("tried %d times in a minute", n)
		}
	})
	run("after the end it watches nothing and blocks nobody", func(t *testing.T, w *watcherEnv, stop func()) {
		stop()
		synctest.Wait()
		begun := w.server.begun
		w.use(other, []objectRef{config})
		w.use(mesh, nil)
		synctest.Wait()
		if w.server.begun != begun || w.watches[config].stop != nil {
			t.Error("it watches")
		}
	})
	run("a blocked listener does not block other users", func(_ *testing.T, w *watcherEnv, stop func()) {
		w.changed = func(ctx context.Context, _ issuerKey) { <-ctx.Done() }
		w.server.of(secret).Modify(&corev1.Secret{})
		synctest.Wait()
		w.use(other, []objectRef{secret, config})
		w.use(mesh, nil)
		stop()
	})
}
