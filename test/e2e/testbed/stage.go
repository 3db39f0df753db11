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

// stage implements the methods of testing.TB that the packages of the tests use, for a program.
// It supports a single goroutine, as those packages need.
type stage struct {
	testing.TB // nil: add each method that is called here

	ctx         context.Context //nolint:containedctx // testing.TB has one
	interrupted func() bool
	failed      bool
	cleanups    []func()
}

// perform runs play until it returns or fails, and then its cleanups. It reports whether nothing
// failed.
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

// Logf prints the cause of a failure, and is silent otherwise.
func (s *stage) Logf(format string, args ...any) {
	if s.failed {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}

// Errorf records a failure, unless an interrupt has caused it.
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
