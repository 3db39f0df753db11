// Package poll waits for conditions.
package poll

import (
	"context"
	"fmt"
	"time"
)

// interval is short for a person and long compared to the cost of a look.
const interval = 20 * time.Millisecond

// Until calls look until it returns nil. When ctx is done it fails with the last error of look.
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
