package cfssl

import (
	"context"
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/issuer"
)

// ask calls try for the servers in order, starting with the last one that succeeded, until
// one succeeds or returns a permanent error, or the context ends. The error names every
// server that failed.
func (i *Issuer) ask(ctx context.Context, try func(*server) error) error {
	var failed error
	first := int(i.preferred.Load())
	for n := range i.servers {
		at := (first + n) % len(i.servers)
		s := i.servers[at]
		err := try(s)
		if _, final := errors.AsType[*issuer.PermanentError](err); err == nil || final {
			i.preferred.Store(int64(at))
			return s.named(err)
		}
		if ended := ctx.Err(); ended != nil {
			return s.named(ended)
		}
		if failed == nil {
			failed = s.named(err)
		} else {
			failed = fmt.Errorf("%w; %w", failed, s.named(err))
		}
	}
	return failed
}
