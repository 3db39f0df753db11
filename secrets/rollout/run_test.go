package rollout_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/secrets/rollout"
)

// recorder is an Executor that fails at one kind of step.
type recorder struct {
	done []rollout.Kind
	fail rollout.Kind
	end  context.CancelFunc
}

var errApply = errors.New("forbidden")

func (r *recorder) Execute(_ context.Context, s rollout.Step) error {
	if s.Kind == r.fail {
		if r.end != nil {
			r.end()
			return nil
		}
		return errApply
	}
	r.done = append(r.done, s.Kind)
	return nil
}

func TestRun_StopsAtTheFirstError(t *testing.T) {
	t.Parallel()
	steps := []rollout.Step{step(rollout.ApplyCRLs, "west"), step(rollout.WaitProxies, "west"), step(rollout.ApplySecret, "east")}
	r := &recorder{fail: rollout.WaitProxies}
	err := rollout.Run(t.Context(), steps, r)
	failed, ok := errors.AsType[*rollout.StepError](err)
	if !ok || failed.Index != 1 || !errors.Is(err, errApply) {
		t.Fatalf("error %v", err)
	}
	if got, want := err.Error(), "step 2, WaitProxies west: forbidden"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	if diff := cmp.Diff([]rollout.Kind{rollout.ApplyCRLs}, r.done); diff != "" {
		t.Errorf("steps carried out (-want +got):\n%s", diff)
	}
}

func TestRun_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	steps := []rollout.Step{step(rollout.ApplyCRLs, "west"), step(rollout.ApplySecret, "east")}
	r := &recorder{fail: rollout.ApplyCRLs, end: cancel}
	if err := rollout.Run(ctx, steps, r); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if len(r.done) > 0 {
		t.Errorf("carried out %v", r.done)
	}
}

func TestRun_CarriesOutAllSteps(t *testing.T) {
	t.Parallel()
	steps := []rollout.Step{step(rollout.ApplyCRLs, "west"), step(rollout.ApplySecret, "east")}
	r := &recorder{}
	if err := rollout.Run(t.Context(), steps, r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]rollout.Kind{rollout.ApplyCRLs, rollout.ApplySecret}, r.done); diff != "" {
		t.Errorf("steps carried out (-want +got):\n%s", diff)
	}
}
