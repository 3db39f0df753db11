package poll

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestUntil_RetriesUntilNil(t *testing.T) {
	looks := 0
	err := Until(t.Context(), func(context.Context) error {
		if looks++; looks < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || looks != 3 {
		t.Errorf("Until() = %v after %d looks, want nil after 3", err, looks)
	}
}

func TestUntil_ReturnsLastError(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	never := errors.New("never")
	if err := Until(ctx, func(context.Context) error { return never }); !errors.Is(err, never) {
		t.Errorf("Until() = %v, want %v", err, never)
	}
}
