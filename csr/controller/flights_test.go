package controller

import (
	"context"
	"errors"
	"testing"
)

func TestFlights(t *testing.T) {
	none := func(error) {}
	t.Run("an attempt goes on where the last one ended", func(t *testing.T) {
		s := newFlights()
		first, _ := s.begin("uid", none)
		if second, ok := s.begin("uid", none); !ok || second != first {
			t.Error("another flight")
		}
	})
	t.Run("the attempt that is under way is cancelled, not the one before", func(t *testing.T) {
		s := newFlights()
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
		end  func(*flights)
		open bool // may begin again
	}{
		{"settled", func(s *flights) { s.settle("uid") }, false},
		{"deleted", func(s *flights) { s.abandon("uid") }, false},
		{"forgotten", func(s *flights) { s.forget("uid") }, true},
	}
	for _, test := range tests {
		for _, begun := range []bool{true, false} {
			name := "one that was " + test.name + " before it began"
			if begun {
				name = "one that was " + test.name + " under way"
			}
			t.Run(name, func(t *testing.T) {
				s := newFlights()
				if begun {
					s.begin("uid", none)
				}
				test.end(s)
				if len(s.open) != 0 {
					t.Error("still under way")
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
