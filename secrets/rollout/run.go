package rollout

import (
	"context"
	"fmt"
	"strings"
)

// Executor carries out one step. It returns when the step is complete; a step that was
// complete before is no error.
type Executor interface {
	Execute(ctx context.Context, step Step) error
}

// StepError is the error of a step. The steps before it are complete, those after it were not
// begun.
type StepError struct {
	Index int // of the step, from 0
	Step  Step
	Err   error
}

func (e *StepError) Error() string {
	return fmt.Sprintf("step %d, %s %s: %v", e.Index+1, e.Step.Kind, strings.Join(e.Step.Clusters, ", "), e.Err)
}

func (e *StepError) Unwrap() error { return e.Err }

// Run carries out steps in their order, until one fails or the context ends. The error is a
// [*StepError].
func Run(ctx context.Context, steps []Step, executor Executor) error {
	for i, step := range steps {
		err := ctx.Err()
		if err == nil {
			err = executor.Execute(ctx, step)
		}
		if err != nil {
			return &StepError{Index: i, Step: step, Err: err}
		}
	}
	return nil
}
