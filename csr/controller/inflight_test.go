package controller

import (
	"context"
	"errors"
	"testing"
)

func TestInflight(t *testing.T) {
	none := func(error) {}
	t.Run("an attempt continues the previous one", func(t *testing.T) {
		s := newInflight()
		first, _ := s.begin("uid", none)
		if second, ok := s.begin("uid", none); !ok || second != first {
			t.Error("another one")
		}
	})
	t.Run("the current attempt is cancelled, not the previous one", func(t *testing.T) {
		s := newInflight()
		before, cancelBefore := context.WithCancelCause(t.Context())
		defer cancelBefore(nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		s.begin("uid", cancelBefore)
		s.begin("uid", cancel)
		s.abandon("uid")
		if before.Err() != nil || !errors.Is(context.Cause(ctx), errDeleted) {
			t.Errorf("before: %v, now: %v", before.Err(), context.Cause(ctx))
		}
	})
	tests := []struct {
		name string
		end  func(*inflight)
		open bool // may begin again
	}{
		{"settled", func(s *inflight) { s.settle("uid") }, false},
		{"deleted", func(s *inflight) { s.abandon("uid") }, false},
		{"forgotten", func(s *inflight) { s.forget("uid") }, true},
	}
	for _, test := range tests {
		for _, begun := range []bool{true, false} {
			name := "one that was " + test.name + " before it began"
			if begun {
				name = "one that was " + test.name + " under way"
			}
			t.Run(name, func(t *testing.T) {
				s := newInflight()
				if begun {
					s.begin("uid", none)
				}
				test.end(s)
				if len(s.open) != 0 {
					t.Error("still open")
				}
				if _, ok := s.begin("uid", none); ok != test.open {
					t.Errorf("may begin: %t, want %t", ok, test.open)
				}
				if !test.open && len(s.open) != 0 {
					t.Error("left behind")
				}
			})
		}
	}
}
