package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// stage is the part of testing.TB that the tests' library uses, for a program
// that is no test. It is for a single goroutine, as that library is.
type stage struct {
	testing.TB // nil: whoever calls another method of it, adds it here

	ctx         context.Context //nolint:containedctx // testing.TB has one
	interrupted func() bool
	failed      bool
	cleanups    []func()
}

// perform runs play until it returns or fails, and then what play has asked to
// be cleaned up. It reports whether nothing failed.
func perform(ctx context.Context, play func(testing.TB)) bool {
	s := &stage{interrupted: func() bool { return ctx.Err() != nil }}
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.cleanup()
		defer cancel()
		play(s)
	}()
	<-done
	return !s.failed
}

func (s *stage) cleanup() {
	for _, cleanup := range slices.Backward(s.cleanups) {
		cleanup()
	}
}

func (s *stage) Helper()                  {}
func (s *stage) Name() string             { return "testbed" }
func (s *stage) Context() context.Context { return s.ctx }
func (s *stage) Cleanup(cleanup func())   { s.cleanups = append(s.cleanups, cleanup) }
func (s *stage) TempDir() string          { return process.Directory(s) }
func (s *stage) Failed() bool             { return s.failed }

// Logf prints what explains a failure, and nothing else.
func (s *stage) Logf(format string, args ...any) {
	if s.failed {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}

// Errorf notes a failure. What an interrupt makes fail is none.
func (s *stage) Errorf(format string, args ...any) {
	if s.interrupted() {
		return
	}
	s.failed = true
	s.Logf("error: "+format, args...)
}

// Fatalf is Errorf and ends the play.
func (s *stage) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	runtime.Goexit()
}

// Fatal is Fatalf without a format.
func (s *stage) Fatal(args ...any) { s.Fatalf("%s", fmt.Sprint(args...)) }
