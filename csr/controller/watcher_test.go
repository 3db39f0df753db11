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

// watchServer gives watches, and nothing else: whoever lists something panics.
type watchServer struct {
	client.WithWatch
	mu    sync.Mutex
	fault error
	begun int
	open  map[named]*watch.RaceFreeFakeWatcher
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
	s.open[named{metadata.Kind[:len(metadata.Kind)-len("List")], o.Namespace, name}] = w
	return w, nil
}

func (s *watchServer) of(n named) *watch.RaceFreeFakeWatcher {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[n]
}

type watchWorld struct {
	*watcher
	server *watchServer
	mu     sync.Mutex
	told   []string
}

func newWatchWorld() *watchWorld {
	w := &watchWorld{server: &watchServer{open: make(map[named]*watch.RaceFreeFakeWatcher)}}
	w.watcher = newWatcher(w.server, func(_ context.Context, key issuerKey) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, key.String())
	})
	return w
}

func (w *watchWorld) wants(t *testing.T, told ...string) {
	t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.told, told) {
		t.Errorf("told %q, want %q", w.told, told)
	}
	w.told = nil
}

func TestWatcher(t *testing.T) {
	secret, config := named{kindSecret, ours, "s"}, named{kindConfigMap, ours, "c"}
	mesh, other := issuerKey{name: "mesh"}, issuerKey{name: "other"}
	run := func(name string, test func(t *testing.T, w *watchWorld, stop func())) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWatchWorld()
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				w.use(mesh, []named{secret}) // before it starts, since the issuers may be sooner
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
	run("who uses a source is told of it", func(t *testing.T, w *watchWorld, _ func()) {
		w.use(mesh, []named{secret, config})
		w.use(other, []named{secret})
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
	run("who uses it no more is not", func(t *testing.T, w *watchWorld, _ func()) {
		w.use(other, []named{secret})
		synctest.Wait()
		watching := w.server.of(secret)
		w.use(mesh, []named{config})
		watching.Modify(&corev1.Secret{})
		w.wants(t, "other")
		w.use(other, nil)
		synctest.Wait()
		if !watching.IsStopped() || len(w.watches) != 1 {
			t.Error("it is watched for nobody")
		}
		w.use(other, []named{secret})
		synctest.Wait()
		w.server.of(secret).Modify(&corev1.Secret{})
		w.wants(t, "other")
	})
	run("a watch that ends is begun again", func(t *testing.T, w *watchWorld, _ func()) {
		first := w.server.of(secret)
		first.Stop()
		pass(2 * rewatch)
		second := w.server.of(secret)
		if second == first {
			t.Fatal("it is not")
		}
		second.Error(&metav1.Status{Reason: metav1.StatusReasonExpired})
		pass(2 * rewatch)
		if w.server.of(secret) == second || !second.IsStopped() {
			t.Error("it is not, after an error")
		}
		w.wants(t)
	})
	run("a watch that is refused is tried now and then", func(t *testing.T, w *watchWorld, _ func()) {
		w.server.mu.Lock()
		w.server.fault, w.server.begun = errors.New("forbidden"), 0
		w.server.mu.Unlock()
		w.use(mesh, []named{config})
		pass(time.Minute)
		w.server.mu.Lock()
		defer w.server.mu.Unlock()
		if n := w.server.begun; n < 10 || n > 40 {
			t.Errorf("tried %d times in a minute", n)
		}
	})
	run("after its end it watches nothing, and holds up nobody", func(t *testing.T, w *watchWorld, stop func()) {
		stop()
		synctest.Wait()
		begun := w.server.begun
		w.use(other, []named{config})
		w.use(mesh, nil)
		synctest.Wait()
		if w.server.begun != begun || w.watches[config].stop != nil {
			t.Error("it watches")
		}
	})
	run("somebody who does not listen holds up nobody else", func(_ *testing.T, w *watchWorld, stop func()) {
		w.changed = func(ctx context.Context, _ issuerKey) { <-ctx.Done() }
		w.server.of(secret).Modify(&corev1.Secret{})
		synctest.Wait()
		w.use(other, []named{secret, config})
		w.use(mesh, nil)
		stop()
	})
}
