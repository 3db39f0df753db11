// Package poll waits for what comes true by itself.
package poll

import (
	"context"
	"fmt"
	"time"
)

// interval is short beside what people notice, long beside what a look costs.
const interval = 20 * time.Millisecond

// Until calls look until it returns nil. When ctx is done it fails with what
// look said last.
func Until(ctx context.Context, look func(context.Context) error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		err := look(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain: %w", err)
		}
	}
}
